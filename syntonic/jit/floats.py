"""Arithmetic of doubles in compiled loops: fused multiply-add, casts, error-free and long sums.

Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from syntonic.constants import PHI_WORDS
from syntonic.jit.compile import njit

__all__ = [
    "SIGN_TERMS",
    "distill",
    "exact_sign",
    "fma",
    "from_bits",
    "to_bits",
    "to_float",
    "to_int",
    "two_product",
    "two_sum",
]

SIGN_TERMS = 10
"""The scratch space of `exact_sign`, in doubles."""

_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it leaves an integer in the low bits
_MAGIC_BITS = 0x4338000000000000

_P0, _P1, _P2 = PHI_WORDS[:3]


def _build_fma(builder: Any, args: Any) -> Any:
    double = ir.DoubleType()
    name, module = "llvm.fma.f64", builder.module
    kind = ir.FunctionType(double, [double, double, double])
    return builder.call(module.globals.get(name) or ir.Function(module, kind, name), args)


@intrinsic
def _fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    double = types.float64
    return double(double, double, double), lambda ctx, builder, sig, args: _build_fma(builder, args)


@intrinsic
def _to_bits(context: Any, x: Any) -> Any:
    return types.int64(types.float64), lambda ctx, builder, sig, args: builder.bitcast(
        args[0], ir.IntType(64)
    )


@intrinsic
def _from_bits(context: Any, n: Any) -> Any:
    return types.float64(types.int64), lambda ctx, builder, sig, args: builder.bitcast(
        args[0], ir.DoubleType()
    )


fma = cast(Callable[[float, float, float], float], _fma)
"""x*y + z, rounded once. numba's own x*y + z is two roundings."""

to_bits = cast(Callable[[float], int], _to_bits)
from_bits = cast(Callable[[int], float], _from_bits)


@njit
def to_int(x: float) -> int:
    """Convert an integral x, |x| < 2^51: unlike a cast, this vectorises without AVX-512."""
    return to_bits(x + _MAGIC) - _MAGIC_BITS


@njit
def to_float(n: int) -> float:
    """Convert n, |n| < 2^51, likewise."""
    return from_bits(n + _MAGIC_BITS) - _MAGIC


@njit
def two_sum(x: float, y: float) -> tuple[float, float]:
    """Return s = fl(x + y) and the error e, s + e = x + y (Knuth)."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


@njit
def two_product(x: float, y: float) -> tuple[float, float]:
    """Return p = fl(xy) and the error e, p + e = xy (barring underflow)."""
    p = x * y
    return p, fma(x, y, -p)


@njit
def distill(terms: npt.NDArray[np.float64], passes: int) -> tuple[float, float]:
    """Return (hi, lo), the sum of the terms to about twice the precision; overwrites them.

    Passes of error-free sums, then a plain one. With n terms and u = 2^-53 the error of hi + lo
    is at most 2n²u²|sum| + (2nu)^(passes+1) Σ|terms|.

    References
    ----------
    T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26
    (2005), 1955-1988, algorithm 4.8 (SumK); its analysis, section 4, bounds each pass.
    """
    last = terms.size - 1
    for _ in range(passes):
        for i in range(last):
            terms[i + 1], terms[i] = two_sum(terms[i], terms[i + 1])
    rest = 0.0
    for i in range(last):
        rest += terms[i]
    return two_sum(terms[last], rest)


@njit
def exact_sign(
    x: float, y: float, z: float, a: float, b: float, terms: npt.NDArray[np.float64]
) -> int:
    """Return the sign of x + y + z + a + bφ, or 0 if it is zero or in doubt.

    For |a|, |b| <= 2^52 and |x + y + z| <= 2^52: three words of φ leave |b| 2^-160, the sum
    2^-140. `terms` is scratch space for SIGN_TERMS doubles.
    """
    terms[0], terms[1], terms[2], terms[3] = x, y, z, a
    terms[4], terms[5] = two_product(b, _P0)
    terms[6], terms[7] = two_product(b, _P1)
    terms[8], terms[9] = two_product(b, _P2)
    total, _ = distill(terms, 3)
    if abs(total) <= (abs(b) + abs(x)) * 2.0**-155 + 2.0**-135:
        return 0
    return 1 if total > 0 else -1
