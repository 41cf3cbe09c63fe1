"""Numbers that many modules share, φ = (1+√5)/2 as floating-point numbers above all.

Its floats come from one integer square root; no decimal expansion of φ is written anywhere in the
project.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import NoReturn

__all__ = [
    "DEFAULT_PRECISION",
    "INT64_MAX",
    "PHI_FLOAT",
    "PHI_INV_FLOAT",
    "PHI_WORDS",
    "RESIDUAL_MODES",
    "SQRT5_FLOAT",
    "cuda_header",
    "multi_double",
]

DEFAULT_PRECISION = 100
"""The precision of a tensor, and the bound of a snap, where the caller names none."""

INT64_MAX = (1 << 63) - 1
"""The greatest number of int64."""

# floor(sqrt(5) * 2^512): the error, below 2^-512, is far under anything a few doubles can hold.
_SQRT5 = Fraction(isqrt(5 << 1024), 1 << 512)


def multi_double(x: Fraction, words: int) -> tuple[float, ...]:
    """Split x into `words` doubles of falling size whose exact sum approximates it.

    Each word is the float64 nearest to what the words before it leave, so n words hold at least
    53n bits.

    Examples
    --------
    >>> multi_double(Fraction(1, 3), 2)
    (0.3333333333333333, 1.850371707708594e-17)
    """
    out = []
    for _ in range(words):
        word = x.numerator / x.denominator
        out.append(word)
        x -= Fraction(word)
    return tuple(out)


_PHI = (1 + _SQRT5) / 2

PHI_WORDS: tuple[float, ...] = multi_double(_PHI, 5)
"""φ as five doubles, largest first: to within 2^-265."""

PHI_FLOAT: float = PHI_WORDS[0]
"""The float64 nearest to φ."""

PHI_INV_FLOAT: float = multi_double((_SQRT5 - 1) / 2, 1)[0]
"""The float64 nearest to 1/φ."""

SQRT5_FLOAT: float = multi_double(_SQRT5, 1)[0]
"""The float64 nearest to √5."""


RESIDUAL_MODES = {"phi": (1, 0), "phi_symmetric": (0, 1), "standard": (0, 0)}
"""The modes of a residual connection, (identity + residual/φ^inner)/φ^outer, by (inner, outer)."""


def __getattr__(name: str) -> NoReturn:
    if name in ("PHI", "PHI_INV", "SQRT5"):
        raise AttributeError(
            f"syntonic.constants.{name}: the float is {name}_FLOAT here, the exact number "
            f"syntonic.{name}"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def cuda_header() -> str:
    """Return the text of `kernels/srt_constants.cuh`: the same constants for the GPU.

    Each is a hexadecimal literal of the nearest float64, rounded once more to float32 where
    `acc_t` is float; `SRT_PHI_WORD_i` are the words of φ for exact sums.
    """
    values = {"SRT_PHI": PHI_FLOAT, "SRT_PHI_INV": PHI_INV_FLOAT, "SRT_SQRT5": SQRT5_FLOAT}
    values |= {f"SRT_PHI_WORD_{i}": word for i, word in enumerate(PHI_WORDS)}
    lines = [f"#define {name} ({value.hex()})" for name, value in values.items()]
    lines += ["// The modes of a residual connection: see residual_mode.cuh."]
    lines += [
        _cuda_mode(name.removeprefix("phi_").upper(), *RESIDUAL_MODES[name])
        for name in RESIDUAL_MODES
    ]
    return "\n".join([_CUDA_NOTE, *lines, "", "#endif", ""])


def _cuda_mode(name: str, *exponents: int) -> str:
    inner, outer = ("(acc_t)SRT_PHI_INV" if n else "(acc_t)1" for n in exponents)
    return f"#define SRT_MODE_{name} {{{inner}, {outer}}}"


_CUDA_NOTE = """\
// Written by syntonic.constants.cuda_header(); change it there.
#ifndef SRT_CONSTANTS_CUH
#define SRT_CONSTANTS_CUH
"""
