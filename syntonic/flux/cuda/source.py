"""The CUDA sources: where they are, which kernels they hold, one text to compile for each family.

A family's own headers are put into the text, each once: whoever knows the text knows all of it, so
that an edited header always compiles anew. `#line` marks let a compiler name the file and line
that a person would open; they begin at `kernels/`, so that the text is the same wherever the
sources lie. It is ASCII: no compiler or cache needs to know an encoding.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "ARCHITECTURES",
    "DTYPES",
    "SUFFIXES",
    "acc_dtype",
    "added_options",
    "assemble",
    "families",
    "folder",
    "options",
    "suffix",
    "symbols",
]

ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")
"""Turing, Ampere, Ada, Hopper and Blackwell: what the kernels are tested to compile for."""

DTYPES = ("f64", "f32", "f16", "bf16")
"""The dtypes a kernel is compiled for, as its symbol ends."""

SUFFIXES = {"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16"}
"""The ends of symbols by the dtypes' names."""

_INCLUDE = re.compile(r'^#include "([^"]+)"\s*$')
_KERNEL = re.compile(
    r'(?m)^extern "C" __global__ void\s+(?:__launch_bounds__\((?:[^()]|\([^()]*\))*\)\s*)?'
    r"(?:SRT_KERNEL\((?P<every>\w+)\)|(?P<one>\w+))\s*\("
)


def suffix(dtype: np.dtype) -> str:
    """Return how the symbols for a dtype end: "f64" and so on."""
    return SUFFIXES[dtype.name]


def acc_dtype(dtype: np.dtype) -> np.dtype:
    """Return what kernels compute with, and keep statistics in: float64, or float32 below it."""
    import numpy as np  # the rest of this module serves the doctor, who may find it broken

    return np.dtype(np.float64 if dtype.name == "float64" else np.float32)


@cache
def folder() -> Path:
    """Return the folder of the sources: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_kernels"
    return installed if installed.is_dir() else package.parent / "kernels"


@cache
def families() -> tuple[str, ...]:
    """Return the families of kernels there are: one file each."""
    return tuple(sorted(path.stem for path in folder().glob("*.cu")))


@cache
def assemble(family: str) -> str:
    """Return the text of a family with its own headers put in."""
    return "".join(_lines(folder() / f"{family}.cu", set()))


def _lines(path: Path, seen: set[Path]) -> list[str]:
    seen.add(path)
    name = f"kernels/{path.name}"
    out = [f'#line 1 "{name}"\n']
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = _INCLUDE.match(line)
        if found is None:
            out.append(f"{line}\n")
        elif (header := path.parent / found[1]) not in seen:
            out += [*_lines(header, seen), f'#line {number + 1} "{name}"\n']
        else:
            out.append("\n")
    return out


def options(family: str, dtype: str) -> tuple[str, ...]:
    """Return the compiler's options; the lattice must not contract a product and a sum."""
    exact = ("-fmad=false",) if family == "golden_lattice" else ()
    return "--std=c++17", f"-DSRT_DTYPE=SRT_{dtype.upper()}", *exact


def added_options(architecture: str) -> tuple[str, ...]:
    """Return the options of every family: those that CuPy's RawModule adds, headers aside."""
    return "-ftz=true", f"-arch={architecture}", "--device-as-default-execution-space"


@cache
def symbols(family: str) -> dict[str, tuple[str, ...]]:
    """Return the kernels of a family for each dtype, in the order of the file."""
    found = [(m["every"], m["one"]) for m in _KERNEL.finditer(assemble(family))]
    return {
        dtype: tuple(
            f"{every}_{dtype}" if every else one
            for every, one in found
            if every or one.endswith(f"_{dtype}")
        )
        for dtype in DTYPES
    }
