"""Every kernel on a GPU: how much of the device's copy bandwidth it reaches, beside its peers.

    python -m benchmarks.flux_gpu [--family residual,norm] [--dtype f32] [--quick | --headlines]
                                  [--no-compile | --compiled] [--new] [--budget SECONDS]
                                  [--out FILE] [--plan | --once]

Needs an NVIDIA GPU and CuPy, for the lattice family gmpy2; PyTorch with CUDA and Triton are
measured beside if they are there. `python -m benchmarks.gpu_session` runs this, and all other
checks of a GPU, in one command.

`--once` runs every operation once at small shapes and times nothing: what the sanitizer is to
watch. `--plan` lists the cases and needs neither a GPU nor CuPy. `--new` leaves out the cases that
the file has of the same kernels.

How it is measured. A case is a launcher of `syntonic.flux.cuda`, a dtype and a shape. Its floor is
the bytes that the operation must move (`passes` in gpu/operations.py); floor / time is set beside
the bandwidth of a copy within the device in the same run. Inputs are random normal numbers, several
sets of them in rotation, together three times the L2 cache (`cold` in the results; 256 sets at
most, so the smallest shapes are warm); results rotate too. Times are medians of ten batches between
CUDA events, the contenders in turns; a kernel that spins lets Python queue a batch before it
begins, so that no gap between launches is measured. What Python takes for a call stands beside as
`python_seconds`. PyTorch's backward is autograd alone, on a graph that is kept.

The results are written after every case, and kept from case to case and from run to run of the
same GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.gpu.bench import Peers, Supply, fingerprint, measure
from benchmarks.gpu.cases import DTYPES, Case, plan, small
from benchmarks.gpu.device import Gpu
from benchmarks.gpu.operations import FAMILIES
from benchmarks.measure import machine, pretty
from syntonic.errors import BackendUnavailableError
from syntonic.flux.device import cuda_library

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int | str:
    options = _parser().parse_args(arguments)
    options.family, options.dtype = options.family or FAMILIES, options.dtype or DTYPES
    cases = small(options.family, options.dtype) if options.once else _planned(options)
    if options.plan:
        print("\n".join(f"{case.key}: {case.floor / 1e6:.4g} MB" for case in cases))
        print(f"{len(cases)} cases")
        return 0
    cases = _possible(cases)
    try:
        cuda_library("flux_gpu")
    except BackendUnavailableError as error:
        return str(error)
    gpu = Gpu()
    if options.once:
        return once(gpu, cases)
    path = Path(options.out or _default(gpu))
    if options.new:
        cases = _new(cases, path, gpu.name)
    beside = Peers.found(gpu, compiled=not (options.quick or options.no_compile))
    return run(gpu, cases, beside, path, options.budget)


def _planned(options: argparse.Namespace) -> list[Case]:
    planned = plan(options.family, options.dtype, options.quick)
    if options.compiled:
        planned = [case for case in planned if case.compiled and case.goal is not None]
    return [case for case in planned if case.headline or not options.headlines]


def _possible(cases: list[Case]) -> list[Case]:
    """Leave out, aloud, what needs a package that is not there."""
    for package, needs in (
        ("ml_dtypes", lambda case: case.dtype == "bf16"),
        ("gmpy2", lambda case: case.family == "lattice"),
    ):
        if find_spec(package) is None and any(map(needs, cases)):
            print(f"left out, for want of {package}: {sum(map(needs, cases))} cases", flush=True)
            cases = [case for case in cases if not needs(case)]
    return cases


def _new(cases: list[Case], path: Path, name: str) -> list[Case]:
    known = {key for key, entry in _kept(path, name).items() if entry["kernels"] == fingerprint()}
    return [case for case in cases if case.key not in known]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, known in (("--family", FAMILIES), ("--dtype", (*DTYPES, "f16"))):
        parser.add_argument(
            name,
            action="extend",
            type=partial(_several, known=known),
            metavar="A,B",
            help=", ".join(known),
        )
    parser.add_argument("--quick", action="store_true", help="fewer shapes, no torch.compile")
    parser.add_argument("--headlines", action="store_true", help="the shapes that stand for others")
    parser.add_argument("--new", action="store_true", help="leave out what the file has")
    parser.add_argument("--no-compile", action="store_true", help="no torch.compile")
    parser.add_argument(
        "--compiled", action="store_true", help="the large cases that torch.compile is tried on"
    )
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="start no case after this")
    parser.add_argument("--out", metavar="FILE", help="default: benchmarks/results/gpu_NAME.json")
    parser.add_argument("--plan", action="store_true", help="list the cases, measure nothing")
    parser.add_argument("--once", action="store_true", help="run all at small shapes, untimed")
    return parser


def _several(text: str, known: Sequence[str]) -> list[str]:
    """Return the names between commas; argparse tells of an unknown one."""
    for name in (names := text.split(",")):
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
    return names


def _default(gpu: Any) -> Path:
    return RESULTS / f"gpu_{gpu.name.lower().replace(' ', '_')}.json"


def run(gpu: Any, cases: list[Case], beside: Peers, path: Path, budget: float | None) -> int | str:
    """Measure the cases, and write the file after each of them."""
    begun, about = time.perf_counter(), {"machine": machine(), "gpu": gpu.describe()}
    print(json.dumps(about, indent=1), flush=True)
    results = _kept(path, gpu.name)
    copy = gpu.copy_bandwidth()
    print(f"copy: {copy / 1e9:.0f} GB/s read and written", flush=True)
    supply = Supply(gpu)
    for number, case in enumerate(cases, 1):
        if budget is not None and time.perf_counter() - begun > budget:
            print(f"the budget of {budget:.0f} s is spent: {len(cases) - number + 1} cases left")
            break
        entry = measure(gpu, supply, case, beside, copy)
        results[case.key] = entry
        _write(path, about | {"copy_bytes_per_second": copy}, results)
        print(f"[{number}/{len(cases)}] {_line(entry)}", flush=True)
        try:
            gpu.free()
            gpu.finish()
        except Exception as error:  # no later launch would work
            return f"{case.key}: the device failed: {error}"
    print(_summary([results[case.key] for case in cases if case.key in results]))
    return 0


def _kept(path: Path, name: str) -> dict[str, Any]:
    """Return what is already known of this GPU."""
    if not path.exists():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["gpu"]["name"] != name:
        raise SystemExit(f"{path} is of {data['gpu']['name']}, this is {name}; use --out")
    return {entry["case"]: entry for entry in data["results"]}


def _write(path: Path, about: dict[str, Any], results: dict[str, Any]) -> None:
    """Write the file, a line for each result, through a temporary one."""
    lines = ",\n".join(json.dumps(entry) for entry in results.values())
    head = json.dumps(about, indent=1).removesuffix("\n}")
    part = path.with_suffix(".part")
    part.write_text(f'{head},\n "results": [\n{lines}\n]}}\n', encoding="utf-8")
    part.replace(path)


def _line(entry: dict[str, Any]) -> str:
    """Return one line of the log: what, how long, how much of the copy, and the peers' ratios."""
    words = [f"{entry['case']:60s}"]
    if "syntonic" in entry["seconds"]:
        share = entry["of_copy"]
        goal = "" if entry["goal"] is None else f", goal {100 * entry['goal']:.0f}%"
        goal += f" ({entry['bound']})" if entry["bound"] else ""
        words += [
            f"{pretty(entry['seconds']['syntonic']):>9s}",
            f"{entry['bytes_per_second'] / 1e9:6.0f} GB/s",
            f"{100 * share:5.1f}% of copy{goal}",
            *(f"{name} x{ratio:.2f}" for name, ratio in entry["ratios"].items()),
            f"python {pretty(entry['python_seconds']['syntonic'])}",
        ]
    words += [f"behind python: {name}" for name in entry["behind_python"]]
    words += [f"{n} {d}" for n, d in entry["differences"].items() if isinstance(d, str)]
    words += [f"{name} failed: {text.splitlines()[0]}" for name, text in entry["failures"].items()]
    return "  ".join(words)


def _summary(entries: list[dict[str, Any]]) -> str:
    """Return how many goals are met, and where a peer is faster."""
    judged = [e for e in entries if e["goal"] and e["of_copy"]]
    met = sum(e["of_copy"] >= e["goal"] for e in judged)
    slower = [
        f"  {e['case']}: {name} x{ratio:.2f}"
        for e in entries
        for name, ratio in e["ratios"].items()
        if ratio < 1
    ]
    failed = sum("syntonic" in e["failures"] for e in entries)
    lines = [f"{met} of {len(judged)} goals met; {failed} cases failed; slower than a peer:"]
    return "\n".join(lines + (slower or ["  none"]))


def once(gpu: Any, cases: list[Case]) -> int | str:
    """Run every case on one input set."""
    gpu.unpool()
    supply, failed = Supply(gpu), 0
    for case in cases:
        try:
            case.launch(case.inputs(gpu, supply.arrays(case)[0]))
            gpu.finish()
        except Exception as error:
            failed += 1
            print(f"{case.key}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(cases) - failed} of {len(cases)} cases ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
