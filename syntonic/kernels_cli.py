"""The command `syntonic kernels`: list the CUDA kernels, and compile them without a GPU.

The exit status is 0 when everything compiled, 1 when something did not, and 2 where there is no
compiler.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TypeVar

from syntonic import kernels
from syntonic.errors import KernelCompileError
from syntonic.flux.cuda import nvrtc, source
from syntonic.flux.cuda.modules import cache_folder

__all__ = ["Job", "Outcome", "compile_all", "run_compile", "run_list", "run_warm"]

T = TypeVar("T")

_DONE, _FAILED = 0, 1


@dataclass(frozen=True)
class Job:
    """One compilation: a family, a dtype ("f32") and an architecture ("sm_90")."""

    family: str
    dtype: str
    architecture: str

    @property
    def stem(self) -> str:
        """How the files it writes are named."""
        return f"{self.family}_{self.dtype}.{self.architecture}"

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a run on a GPU, and -Xptxas=-v for the registers and spills."""
        return (
            *source.options(self.family, self.dtype),
            *source.added_options(self.architecture),
            "-Xptxas=-v",
        )


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the code, or the compiler's message."""

    job: Job
    compiled: nvrtc.Compiled | None
    error: str


def compile_all(library: nvrtc.Nvrtc, jobs: Iterable[Job]) -> Iterator[Outcome]:
    """Compile jobs in as many threads as there are cores; NVRTC compiles in parallel.

    On 2 cores two threads took 0.51 of the time of one, with NVRTC 12.9 and 13.5 alike.
    """

    def outcome(job: Job) -> Outcome:
        try:
            text = source.assemble(job.family)
            return Outcome(job, library.compile(text, job.options, f"{job.family}.cu"), "")
        except KernelCompileError as error:
            return Outcome(job, None, str(error))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(outcome, jobs)


def run_list(say: Callable[[str], None]) -> int:
    """Say every family with its kernels and the dtypes each has."""
    rows = [
        (family, kernel, " ".join(dtypes))
        for family in source.families()
        for kernel, dtypes in _kernels(family).items()
    ]
    say(_table(("family", "kernel", "dtypes"), rows))
    return _DONE


def run_compile(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Compile, write PTX and machine code, say what every kernel takes.

    Raises
    ------
    BackendUnavailableError
        If there is no NVRTC.
    ValueError
        If there is no such kernel or dtype.
    """
    library = nvrtc.find(arguments.cuda)
    wanted = _wanted(arguments.kernel or source.families())
    able = [a for a in source.ARCHITECTURES if int(a[3:]) in library.architectures()]
    dtypes = _known_dtypes(arguments.dtype or source.DTYPES)
    jobs = [Job(*of) for of in product(wanted, dtypes, arguments.arch or able)]
    say(f"NVRTC {library.version[0]}.{library.version[1]}: {library.path}")
    rows, failures = [], []
    for outcome in compile_all(library, jobs):
        job = outcome.job
        if outcome.compiled is None:
            failures.append(f"{job.stem} did not compile:\n{outcome.error}")
            continue
        shown = wanted[job.family]
        used = outcome.compiled.usage
        rows += [_row(job, x) for x in used if x.kernel.removesuffix(f"_{job.dtype}") in shown]
        if arguments.out is not None:
            _write(Path(arguments.out), job.stem, outcome.compiled)
    say("\n".join([_table(_HEADINGS, rows), *failures]))
    say(f"{len(jobs) - len(failures)} of {len(jobs)} compiled")
    return _FAILED if failures else _DONE


def run_warm(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Compile into the cache, and say how long it took.

    Raises
    ------
    BackendUnavailableError
        If there is no NVRTC, or no device and no architecture is given.
    ValueError
        If there is no such family or dtype.
    """
    began = time.monotonic()
    jobs = kernels.planned(arguments.kernel, arguments.dtype, arguments.arch)
    outcomes = list(_shown(kernels.warm(jobs), len(jobs)))
    failures = [f"{'.'.join(o.module)} did not compile:\n{o.error}" for o in outcomes if o.error]
    if failures:
        say("\n".join(failures))
    seconds = time.monotonic() - began
    say(f"{len(jobs) - len(failures)} of {len(jobs)} modules in {seconds:.1f} s: {cache_folder()}")
    return _FAILED if failures else _DONE


def _shown(work: Iterable[T], total: int) -> Iterable[T]:
    """Show how far the work has come, on a terminal."""
    if not sys.stderr.isatty():
        return work
    from tqdm import tqdm

    shown: Iterable[T] = tqdm(work, total=total, unit="module", leave=False)
    return shown


def _kernels(family: str) -> dict[str, list[str]]:
    """Return the kernels of a family, without the ending, and the dtypes each has."""
    found: dict[str, list[str]] = {}
    for dtype, symbols in source.symbols(family).items():
        for symbol in symbols:
            found.setdefault(symbol.removesuffix(f"_{dtype}"), []).append(dtype)
    return found


def _wanted(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the families to compile and which of their kernels to show."""
    wanted: dict[str, set[str]] = {}
    for name in names:
        found = [f for f in source.families() if name == f or name in _kernels(f)]
        if not found:
            known = ", ".join(source.families())
            raise ValueError(f"no kernel or family is called {name!r}; families: {known}")
        kernels = _kernels(found[0])
        wanted.setdefault(found[0], set()).update(kernels if name == found[0] else [name])
    return wanted


def _known_dtypes(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in source.DTYPES:
            raise ValueError(f"kernels know the dtypes {', '.join(source.DTYPES)}, got {name!r}")
    return names


_HEADINGS = ("kernel", "arch", "registers", "shared", "stack", "spilled")


def _row(job: Job, used: nvrtc.Usage) -> tuple[str, ...]:
    spilled = used.spill_stores + used.spill_loads
    numbers = (used.registers, used.shared, used.stack, spilled)
    return used.kernel, job.architecture, *map(str, numbers)


def _write(folder: Path, stem: str, compiled: nvrtc.Compiled) -> None:
    from syntonic.io.files import replacing

    folder.mkdir(parents=True, exist_ok=True)
    for ending, code in (("ptx", compiled.ptx), ("cubin", compiled.cubin)):
        with replacing(folder / f"{stem}.{ending}") as file:
            file.write(code)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns: numbers to the right, words to the left."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = [all(cell.isdigit() for cell in column[1:]) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )
