"""Prove the kernels on a GPU in one command, in as many seconds as there are.

    python -m benchmarks.gpu_session --out DIR --budget SECONDS [--resume FILE] [--dry]

Run it in the root of a source tree, on Linux with an NVIDIA GPU, Python, CuPy and pytest; nothing
needs to be installed of syntonic. What else is there is used: PyTorch and Triton as peers, gmpy2
and python-flint for the tests that need the exact core, ml_dtypes for bfloat16, pytest-xdist,
compute-sanitizer. PYTHONPATH is kept, the tree put before it.

The stages, in the order of their worth: the environment; all kernels compiled, in parallel; every
kernel once; the headlines of the benchmark; exact tensors beside the CPU's; the GPU tests; the
other cases; memcheck and racecheck over small shapes; the largest cases beside torch.compile. Each
is a process with a limit and cannot stop the next; what it leaves of its limit goes to the next.
After each the results are written, so that a cut loses one stage.

DIR gets session.json (headlines first, then tests, stages, cases), session.log (all that the
stages printed), cases.json (as benchmarks.flux_gpu writes it), exact.json (as
benchmarks.gpu_exact does) and junit.xml. `--resume` goes on where a former session.json stopped:
what passed is not repeated, tests that failed run first, cases measured of the same kernels are
kept. Where the kernels have changed since, or the GPU is another one, all runs anew.

Without a GPU, or with `--dry`, every stage is rehearsed instead: doctor, one module compiled, tests
skipped, cases planned.

The exit status is 0 when all passed, 1 when something failed, 2 for arguments that cannot be
used, 4 when there was no usable GPU and everything that needs none passed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gpu.bench import fingerprint
from benchmarks.gpu.reports import headlines, tests_of
from benchmarks.gpu.stages import SANITIZING, STAGES, Command, Session, Stage

ROOT = Path(__file__).resolve().parent.parent
PASSED, FAILED, NO_GPU = 0, 1, 4
NOTHING_COLLECTED = 5  # pytest's exit status
SCHEMA = 1
SETTINGS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONUNBUFFERED": "1",
    "SYNTONIC_REQUIRE_GPU": "1",  # a test that finds no GPU fails
}
TAIL = 20  # lines of a stage's output that session.json keeps
GRACE = 15  # seconds in which an interrupted stage may still write what it has


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.former = json.loads(options.resume.read_text("utf-8")) if options.resume else {}
    except (OSError, ValueError) as error:
        parser.error(f"--resume {options.resume}: {error}")
    with tempfile.TemporaryDirectory(prefix="gpu-session-") as scratch:
        return Run(options, Path(scratch)).all()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--budget", required=True, type=float, metavar="SECONDS")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="a former session.json")
    parser.add_argument("--dry", action="store_true", help="rehearse, whatever GPU there is")
    return parser


class Run:
    """One session: it starts the stages and keeps the record."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self._ends = time.monotonic() + options.budget
        former = options.former
        options.out.mkdir(parents=True, exist_ok=True)
        passed = {s["name"]: s for s in former.get("stages", ()) if s["state"] == "passed"}
        same = former.get("kernels") == fingerprint()
        self._done = passed if same else {}  # else all anew
        self._tests = former.get("tests", {})
        failed = tuple(failure["id"] for failure in self._tests.get("failures", ()))
        settled = same and bool(failed) and self._tests.get("complete", False)
        self.session = Session(options.out.resolve(), scratch, failed, settled)
        for path, known in (
            (self.session.cases, former.get("cases")),
            (self.session.exact, former.get("exact")),
            (self.session.environment, former.get("environment")),
        ):
            if known:
                path.write_text(json.dumps(known), encoding="utf-8")
        self._card = ""
        self._log = (self.session.out / "session.log").open("w", encoding="utf-8")
        self._environment = {**os.environ, **SETTINGS}
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._environment["PYTHONPATH"] = path
        self._reason = "a rehearsal was asked for" if options.dry else self._missing()
        if self._reason:
            del self._environment["SYNTONIC_REQUIRE_GPU"]
        self._forget_another_card()
        self._stages: list[dict[str, Any]] = []

    def all(self) -> int:
        """Run every stage, and return the exit status."""
        with self._log:
            self._say(self._reason and f"{self._reason}: every stage is rehearsed")
            left = 0.0
            for stage in STAGES:
                left = self._one(stage, left)
                self._write()
            self._say(self._summary())
        return self._status()

    def _missing(self) -> str:
        """Return why no GPU can be used, or nothing; asked elsewhere: a driver may never answer."""
        ask = (
            "from syntonic.flux.device import cuda_library\n"
            "runtime = cuda_library('gpu_session').cuda.runtime\n"
            "print(runtime.getDeviceProperties(0)['name'].decode())"
        )
        command = [sys.executable, "-c", ask]
        try:
            done = subprocess.run(
                command, env=self._environment, cwd=ROOT, capture_output=True, text=True, timeout=60
            )
        except subprocess.TimeoutExpired:
            return "gpu_session: the driver does not answer"
        self._card = done.stdout.strip()
        last = (done.stderr.strip() or "gpu_session: no reason is given").splitlines()[-1]
        return last.partition("Error: ")[2] or last if done.returncode else ""

    def _forget_another_card(self) -> None:
        """Begin anew where the former session was on another GPU; its failures still run first."""
        former = (_read(self.session.environment).get("gpu") or {}).get("name")
        if self._card and former and former != self._card:
            self._done = {}
            self.session = replace(self.session, settled=False)
            self.session.cases.unlink(missing_ok=True)
            self.session.exact.unlink(missing_ok=True)

    def _one(self, stage: Stage, left: float) -> float:
        """Run a stage, keep what became of it, and return what it leaves of its limit."""
        remaining = self._ends - time.monotonic()
        wanted = remaining - self._kept(stage) if stage.limit is None else stage.limit + left
        limit = max(min(wanted, remaining), 0.0)
        entry = {"name": stage.name, "limit": round(limit, 1)}
        if stage.name in self._done:
            self._stages.append({**self._done[stage.name], "former": True})
            return limit
        make = stage.rehearsal if self._reason else stage.command
        command = make(self.session, limit)
        if isinstance(command, str) or limit < 1:
            reason = command if isinstance(command, str) else "the budget is spent"
            self._stages.append({**entry, "state": "left out", "reason": reason})
            self._say(f"-- {stage.name}: left out: {reason}")
            return limit
        began = time.monotonic()
        self._say(f"-- {stage.name}, at most {limit:.0f} s")
        state, status, tail = self._watched(command, limit)
        seconds = time.monotonic() - began
        if "pytest" in command and status == NOTHING_COLLECTED:
            state = "left out"  # the reasons, packages that are missing, end its output
        elif self._reason and state == "passed":
            state = "rehearsed"
        entry |= {"state": state, "status": status, "seconds": round(seconds, 1), "tail": tail}
        self._stages.append(entry)
        self._say(f"-- {stage.name}: {state} in {seconds:.1f} s")
        return max(limit - seconds, 0.0)

    def _kept(self, stage: Stage) -> float:
        """Return the seconds that a stage of no limit leaves to those after it."""
        after = STAGES[STAGES.index(stage) + 1 :]
        if all(each.name in self._done for each in after):
            return 0.0
        return min(SANITIZING, (self._ends - time.monotonic()) / 2)

    def _watched(self, command: Command, limit: float) -> tuple[str, int, list[str]]:
        """Run a command into the log; return its state, its exit status and its last lines."""
        self._log.write(f"$ {' '.join(command)}\n")
        self._log.flush()
        start = self._log.tell()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(limit)
            state = "failed" if status else "passed"
        except subprocess.TimeoutExpired:
            state, status = "timed out", self._stopped(process)
        except BaseException:
            self._stopped(process)
            raise
        self._log.seek(0, os.SEEK_END)
        text = Path(self._log.name).read_bytes()[start:].decode("utf-8", "replace")
        return state, status, text.splitlines()[-TAIL:]

    def _stopped(self, process: subprocess.Popen[bytes]) -> int:
        """Interrupt a stage, as Ctrl-C would; soon after end it and all that it started."""
        process.send_signal(signal.SIGINT)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def _write(self) -> None:
        """Write session.json through a temporary file."""
        target = self.session.out / "session.json"
        part = target.with_suffix(".part")
        part.write_text(json.dumps(self.record(), indent=1) + "\n", encoding="utf-8")
        part.replace(target)

    def record(self) -> dict[str, Any]:
        """Return what session.json holds."""
        cases = _read(self.session.cases)
        return {
            "schema": SCHEMA,
            "status": self._status(),
            "reason": self._reason,
            "headlines": headlines(cases),
            "kernels": fingerprint(),
            "tests": tests_of(self.session, self._whole_suite()) or self._tests,
            "stages": self._stages,
            "exact": _read(self.session.exact),
            "environment": _read(self.session.environment),
            "cases": cases,
        }

    def _whole_suite(self) -> bool:
        """Tell whether the suite ran to its end: all passed, or some failed."""
        ended = {s["name"]: s.get("status") for s in self._stages}
        return ended.get("suite") in (0, 1)

    def _status(self) -> int:
        if any(stage["state"] in ("failed", "timed out") for stage in self._stages):
            return FAILED
        return NO_GPU if self._reason else PASSED

    def _summary(self) -> str:
        lines = [f"{s['name']:14s} {s['state']:10s} {s.get('seconds', '')}" for s in self._stages]
        tests = tests_of(self.session, self._whole_suite())
        lines += [f"tests: {tests}"] if tests else []
        return "\n".join([*lines, f"{self.session.out / 'session.json'}, status {self._status()}"])

    def _say(self, text: str) -> None:
        if text:
            print(text, flush=True)
            print(text, file=self._log, flush=True)


def _read(path: Path) -> dict[str, Any]:
    """Return what a stage has written; nothing where it did not come so far."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


if __name__ == "__main__":
    sys.exit(main())
