"""The command `syntonic kernels`: list and explain the CUDA kernels, compile them without a GPU.

The exit status is 0 when everything compiled, 1 when something did not, and 2 where there is no
compiler, kernel, dtype or architecture of the name.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from textwrap import fill

from syntonic.errors import KernelCompileError
from syntonic.flux.cuda import nvrtc, source
from syntonic.flux.cuda.modules import cache_folder
from syntonic.flux.cuda.signatures import conventions, signatures
from syntonic.kernels import planned, warm
from syntonic.progress import shown

__all__ = ["Job", "compile_all", "run_compile", "run_list", "run_show", "run_warm", "select"]

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


def select(
    names: Sequence[str] | None, dtypes: Sequence[str] | None
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the kernels of some names, for each family and dtype to be compiled.

    Parameters
    ----------
    names
        Families and kernels, which add up; None or none for all families. One that ends as a
        symbol does, as in phi_residual_relu_f64, is meant for that dtype alone.
    dtypes
        Those that are meant where a name has no such end; None or none for all.

    Raises
    ------
    ValueError
        If there is no such kernel or dtype, or a kernel has none of the dtypes, or its name ends
        in one that is not among them.
    """
    asked = _known_dtypes(dtypes) if dtypes else source.DTYPES
    chosen: dict[tuple[str, str], dict[str, None]] = {}
    for name in names or source.families():
        family, kernels, own = _named(name)
        if dtypes and own and own not in asked:
            others = ", ".join(asked)
            raise ValueError(f"{name!r} is of dtype {own}, and --dtype asks for {others} only")
        by_dtype = source.symbols(family)
        found = False
        for dtype in (own,) if own else asked:
            held = [k for k in kernels if f"{k}_{dtype}" in by_dtype[dtype]]
            if held:
                found = True
                chosen.setdefault((family, dtype), {}).update(dict.fromkeys(held))
        if not found:
            had = ", ".join(d for d in by_dtype if any(f"{k}_{d}" in by_dtype[d] for k in kernels))
            raise ValueError(f"{name!r} is there for {had}, not for {own or ', '.join(asked)}")
    return {key: tuple(kernels) for key, kernels in chosen.items()}


def run_list(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Say every family with its kernels and the dtypes each has; of all, or of those chosen.

    Raises
    ------
    ValueError
        If there is no such kernel or dtype.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    for (family, dtype), kernels in select(arguments.kernel, arguments.dtype).items():
        for kernel in kernels:
            rows.setdefault((family, kernel), []).append(dtype)
    cells = [(*key, " ".join(dtypes)) for key, dtypes in rows.items()]
    say(_table(("family", "kernel", "dtypes"), cells))
    return _DONE


def run_show(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Say what kernels compute, their arguments and their grid: the comments of the sources.

    Raises
    ------
    ValueError
        If there is no such kernel or dtype.
    """
    first: dict[tuple[str, str], str] = {}
    for (family, dtype), kernels in select(arguments.name, arguments.dtype).items():
        for kernel in kernels:
            first.setdefault((family, kernel), dtype)
    parts = []
    for (family, kernel), dtype in first.items():
        for each in signatures(family):
            if each.name in (kernel, f"{kernel}_{dtype}"):
                parts.append("\n".join([*each.comment, f"{each.declaration(dtype)};"]))
    say("\n\n".join([*parts, fill(conventions(), 100)]))
    return _DONE


def run_compile(
    arguments: argparse.Namespace, say: Callable[[str], None], *, progress: bool = False
) -> int:
    """Compile, write PTX and machine code, say what every kernel takes.

    Parameters
    ----------
    arguments
        kernel, arch, dtype, out and cuda, as the command line has them.
    say
        Where the tables go.
    progress
        Show a progress bar on the standard error stream.

    Raises
    ------
    BackendUnavailableError
        If there is no NVRTC.
    ValueError
        If there is no such kernel or dtype, or the compiler does not know an architecture.
    OSError
        If what is to be written cannot be; said before anything is compiled.
    """
    library = nvrtc.find(arguments.cuda)
    chosen = select(arguments.kernel, arguments.dtype)
    architectures = _architectures(arguments.arch, library)
    jobs = [Job(*key, architecture) for key in chosen for architecture in architectures]
    if arguments.out is not None:
        _prepare(Path(arguments.out), jobs)
    say(f"NVRTC {_version(library)}: {library.path}")
    outcomes = shown(compile_all(library, jobs), "compiling", progress, total=len(jobs))
    rows, failures = [], []
    for outcome in outcomes:
        job = outcome.job
        if outcome.compiled is None:
            failures.append(f"{job.stem} did not compile:\n{outcome.error}")
            continue
        named = {f"{kernel}_{job.dtype}" for kernel in chosen[job.family, job.dtype]}
        rows += [_row(job, used) for used in outcome.compiled.usage if used.kernel in named]
        if arguments.out is not None:
            _write(Path(arguments.out), job.stem, outcome.compiled)
    say("\n".join([_table(_HEADINGS, rows), *failures]))
    say(f"{len(jobs) - len(failures)} of {len(jobs)} compiled")
    return _FAILED if failures else _DONE


def run_warm(
    arguments: argparse.Namespace, say: Callable[[str], None], *, progress: bool = False
) -> int:
    """Compile the kernels, or with --cpu the loops, into their cache; say how long it took.

    Raises
    ------
    BackendUnavailableError
        If there is no NVRTC, or no device and no architecture is given.
    ValueError
        If there is no such kernel or dtype, or --cpu is given a choice of kernels.
    """
    if arguments.cpu:
        return _warm_loops(arguments, say, progress)
    began = time.monotonic()
    chosen = select(arguments.kernel, arguments.dtype)
    named = _architectures(arguments.arch, nvrtc.find()) if arguments.arch else ()
    all_jobs = planned(architectures=named)
    jobs = [job for job in all_jobs if (job.family, job.dtype) in chosen]
    outcomes = list(shown(warm(jobs), "compiling", progress, total=len(jobs)))
    failures = [f"{'.'.join(o.module)} did not compile:\n{o.error}" for o in outcomes if o.error]
    if failures:
        say("\n".join(failures))
    seconds = time.monotonic() - began
    say(f"{len(jobs) - len(failures)} of {len(jobs)} modules in {seconds:.1f} s: {cache_folder()}")
    return _FAILED if failures else _DONE


def _warm_loops(arguments: argparse.Namespace, say: Callable[[str], None], progress: bool) -> int:
    if arguments.kernel or arguments.arch or arguments.dtype:
        raise ValueError("--cpu compiles all loops of the CPU; leave --kernel, --arch, --dtype out")
    from syntonic.cli import loops  # numba

    began = time.monotonic()
    done = list(shown(loops.warm(), "compiling", progress, total=len(loops.JOBS)))
    say(f"{len(done)} groups of loops in {time.monotonic() - began:.1f} s, in numba's cache")
    return _DONE


def _kernels(family: str) -> tuple[str, ...]:
    """Return the kernels of a family, without the ending, in the order of the file."""
    names = (
        symbol.removesuffix(f"_{dtype}")
        for dtype, symbols in source.symbols(family).items()
        for symbol in symbols
    )
    return tuple(dict.fromkeys(names))


def _named(name: str) -> tuple[str, tuple[str, ...], str | None]:
    """Return the family and the kernels that a name means, and the dtype that it ends in."""
    own = next((dtype for dtype in source.DTYPES if name.endswith(f"_{dtype}")), None)
    stem = name.removesuffix(f"_{own}") if own else name
    for family in source.families():
        if stem == family:
            return family, _kernels(family), own
        if stem in _kernels(family):
            return family, (stem,), own
    known = [each for family in source.families() for each in (family, *_kernels(family))]
    near = get_close_matches(stem, known, n=1, cutoff=0.75)
    end = f"_{own}" if own else ""
    hint = f"did you mean {near[0]}{end}?" if near else f"families: {', '.join(source.families())}"
    raise ValueError(f"no kernel or family is called {name!r}; {hint}")


def _known_dtypes(names: Iterable[str]) -> Sequence[str]:
    for name in names:
        if name not in source.DTYPES:
            raise ValueError(f"kernels know the dtypes {', '.join(source.DTYPES)}, got {name!r}")
    return tuple(dict.fromkeys(names))


def _architectures(names: Iterable[str] | None, library: nvrtc.Nvrtc) -> Sequence[str]:
    """Return those named, each once, or those that the kernels are tested for."""
    able = library.architectures()
    if not names:
        return [each for each in source.ARCHITECTURES if int(each[3:]) in able]
    for name in names:
        found = re.fullmatch(r"sm_(\d+)[af]?", name, re.ASCII)
        if found is None or int(found[1]) not in able:
            known = " ".join(f"sm_{number}" for number in able)
            raise ValueError(
                f"NVRTC {_version(library)} compiles for no architecture {name!r}, but for {known}"
            )
    return tuple(dict.fromkeys(names))


def _version(library: nvrtc.Nvrtc) -> str:
    return ".".join(map(str, library.version))


_HEADINGS = ("kernel", "arch", "registers", "shared", "stack", "spilled")


def _row(job: Job, used: nvrtc.Usage) -> tuple[str, ...]:
    spilled = used.spill_stores + used.spill_loads
    numbers = (used.registers, used.shared, used.stack, spilled)
    return used.kernel, job.architecture, *map(str, numbers)


def _prepare(folder: Path, jobs: Iterable[Job]) -> None:
    """Make the folder, and refuse files in it that cannot be written."""
    from syntonic.io.files import require_writable

    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "must be a folder, got a file", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        for ending in ("ptx", "cubin"):
            require_writable(folder / f"{job.stem}.{ending}")


def _write(folder: Path, stem: str, compiled: nvrtc.Compiled) -> None:
    from syntonic.io.files import replacing

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
