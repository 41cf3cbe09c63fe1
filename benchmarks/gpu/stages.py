"""The stages of a session on a GPU, in the order of their worth, each a command of its own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

__all__ = ["GPU_TESTS", "MOST_FAILURES", "STAGES", "Session", "Stage"]

GPU_TESTS = (
    "tests/flux/cuda",
    "tests/device",
    "tests/ops",
    "tests/pytorch/test_on_cuda.py",
    "tests/tensor/test_cuda.py",
    "tests/tensor/test_cuda_functions.py",
    "tests/tensor/test_on_device.py",
    "tests/tensor/test_foreign.py",
    "tests/cuda_host/test_devices.py",
    "tests/test_benchmarks_device.py",
    "tests/test_benchmarks_exact.py",
    "tests/test_docs.py",
    "tests/test_doctor.py",
    "tests/test_kernels.py",
)
"""Where all tests marked `gpu` are: the other folders are not even imported."""

SANITIZING = 150  # seconds kept back for the two sanitizers
MOST_FAILURES = 40  # then the tests stop: something is wrong with the machine, or with all
WORKERS = 8  # more would wait for the one GPU
_PLUGINS = ("xdist", "_hypothesis_pytestplugin")
"""Of pytest: no other that is installed is loaded, since some warn, and a warning is an error."""

_ONCE = ("-m", "benchmarks.flux_gpu", "--once", "--dtype", "f64,f32,f16,bf16")
_SPARE = 12  # seconds of a limit that a benchmark leaves, to import and to end

Command = list[str] | str
"""What to run; or, as text, why nothing is run."""


@dataclass(frozen=True)
class Session:
    """What the commands are made from.

    Parameters
    ----------
    out
        The folder of the results.
    scratch
        A folder for what passes between a stage and the session.
    failed
        The tests that failed in a former session.
    settled
        Whether the former session ran the whole suite, so that only what failed runs again.
    """

    out: Path
    scratch: Path
    failed: tuple[str, ...] = field(default=())
    settled: bool = False

    @property
    def cases(self) -> Path:
        """The benchmark's results, which it adds to."""
        return self.out / "cases.json"

    @property
    def exact(self) -> Path:
        """What exact tensors take."""
        return self.out / "exact.json"

    @property
    def environment(self) -> Path:
        return self.scratch / "environment.json"

    def junit(self, stage: str) -> Path:
        """Where a stage's tests are reported: the suite's report is a result."""
        return self.out / "junit.xml" if stage == "suite" else self.scratch / f"{stage}.xml"


@dataclass(frozen=True)
class Stage:
    """One step of a session.

    Parameters
    ----------
    name
        How session.json calls it.
    limit
        Its seconds; what it leaves goes to the next. None takes all but SANITIZING.
    command
        Returns the command for a session and the seconds it has.
    rehearsal
        The same where there is no GPU: as much of it as can be done. The tests are the very
        command: all are collected, and skipped.
    """

    name: str
    limit: float | None
    command: Callable[[Session, float], Command]
    rehearsal: Callable[[Session, float], Command]


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _environment(session: Session, limit: float) -> Command:
    return _python("-m", "benchmarks.gpu.environment", "--out", str(session.environment))


def _warm(*more: str) -> Callable[[Session, float], Command]:
    return lambda session, limit: _python("-m", "syntonic", "kernels", "warm", *more)


def _tests(stage: str, *paths: str) -> Callable[[Session, float], Command]:
    def command(session: Session, limit: float) -> Command:
        words = ["-m", "pytest", "-q", "-m", "gpu", "--tb=short", f"--maxfail={MOST_FAILURES}"]
        words += ["-p", "no:cacheprovider", f"--junitxml={session.junit(stage)}"]
        words += [f"-p{plugin}" for plugin in _PLUGINS if find_spec(plugin) is not None]
        if find_spec("xdist") is not None:
            words += ["-n", str(min(WORKERS, os.cpu_count() or 1))]
        return _python(*words, *paths)

    return command


def _failed_tests(session: Session, limit: float) -> Command:
    if not session.failed:
        return "no test failed before"
    return _tests("failed before", *session.failed)(session, limit)


def _suite(session: Session, limit: float) -> Command:
    if session.settled:
        return "the former session ran all tests"
    return _tests("suite", *GPU_TESTS)(session, limit)


def _benchmark(*more: str) -> Callable[[Session, float], Command]:
    def command(session: Session, limit: float) -> Command:
        budget = str(max(limit - _SPARE, 1))
        where = ("--out", str(session.cases), "--budget", budget)
        return _python("-m", "benchmarks.flux_gpu", *where, *more)

    return command


def _exact(session: Session, limit: float) -> Command:
    if find_spec("gmpy2") is None:
        return "gmpy2 is not installed"
    budget = str(max(limit - _SPARE, 1))
    where = ("--out", str(session.exact), "--budget", budget)
    return _python("-m", "benchmarks.gpu_exact", *where)


def _exact_planned(session: Session, limit: float) -> Command:
    return _python("-m", "benchmarks.gpu_exact", "--plan")


def _beside_compiled(session: Session, limit: float) -> Command:
    if find_spec("torch") is None:
        return "PyTorch is not installed"
    return _benchmark(*_COMPILED)(session, limit)


def _planned(*more: str) -> Callable[[Session, float], Command]:
    return lambda session, limit: _python("-m", "benchmarks.flux_gpu", "--plan", *more)


def _sanitizer(tool: str) -> Callable[[Session, float], Command]:
    def command(session: Session, limit: float) -> Command:
        if (program := shutil.which("compute-sanitizer")) is None:
            return "compute-sanitizer is not installed"
        once = _python(*_ONCE)
        return [program, "--tool", tool, "--error-exitcode", "1", *once]

    return command


def _once_planned(session: Session, limit: float) -> Command:
    """Return what lists the cases that the sanitizer would watch."""
    return _python(*_ONCE, "--plan")


_EVERY = "tests/flux/cuda/test_every_kernel_runs.py"
_HEADLINES = ("--headlines", "--dtype", "f32", "--no-compile")
_COMPILED = ("--compiled", "--dtype", "f32")

STAGES = (
    Stage("environment", 40, _environment, _environment),
    Stage(
        "warm",
        90,
        _warm(),
        _warm("--arch", "sm_90", "--kernel", "golden_lattice", "--dtype", "f32"),
    ),
    Stage("every kernel", 60, _tests("every kernel", _EVERY), _tests("every kernel", _EVERY)),
    Stage("headlines", 75, _benchmark("--new", *_HEADLINES), _planned(*_HEADLINES)),
    Stage("exact", 75, _exact, _exact_planned),
    Stage("failed before", 60, _failed_tests, _failed_tests),
    Stage("suite", 170, _suite, _suite),
    Stage("cases", None, _benchmark("--new", "--no-compile"), _planned()),
    Stage("memcheck", 75, _sanitizer("memcheck"), _once_planned),
    Stage("racecheck", 75, _sanitizer("racecheck"), _once_planned),
    Stage("torch.compile", 120, _beside_compiled, _planned(*_COMPILED)),
)
"""What is worth most comes first: a session may be cut at any time."""
