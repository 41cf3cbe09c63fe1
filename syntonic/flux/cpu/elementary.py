"""Elementary functions that LLVM turns into vector code, in float32 and float64.

The functions have no branch, no call and no table: selects, fused multiply-adds and a
polynomial. Constants are of the argument's type, or numba would compute in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import factorial, isqrt
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from syntonic.constants import multi_double
from syntonic.flux.cpu.normal_tail import TAIL_CENTRE, TAIL_F32, TAIL_F64

F = TypeVar("F", bound=Callable[..., Any])
Floats = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

__all__ = [
    "exp_below",
    "fma",
    "gelu",
    "gelu_slope",
    "inlined",
    "log",
    "wide_vectors",
]

INLINE: Any = {"nogil": True, "error_model": "numpy", "forceinline": True}

_LN2 = Fraction(sum((1 << 400) // (k << k) for k in range(1, 400)), 1 << 400)
_SQRT_HALF = Fraction(isqrt(1 << 399), 1 << 200)
_FORMATS = {types.float32: (ir.IntType(32), 23, 127), types.float64: (ir.IntType(64), 52, 1023)}
"""The integer of the same size, the bits of the significand, the bias of the exponent."""


class Constants(NamedTuple):
    """What the functions need, rounded to one type."""

    zero: Any
    one: Any
    half: Any
    log2e: Any
    ln2: Any
    ln2_low: Any
    lowest: Any
    """The logarithm of the least normal number, rounded up."""
    exp: tuple[Any, ...]
    """exp on |r| <= ln 2/2, to 2^-58 (2^-28 in float32)."""
    atanh: tuple[Any, ...]
    """2/(2k + 1) from k = 1, for |s| <= (√2 - 1)/(√2 + 1)."""
    magic: Any
    """1.5·2^p: adding it rounds to an integer, which stands in the low bits."""
    least: Any
    """The least normal number."""
    lift: Any
    """A power of two that makes subnormal numbers normal."""
    lift_log: Any
    infinity: Any
    furthest: Any
    """The normal distribution's tail beyond this is 0."""
    centre: Any
    tail: tuple[Any, ...]
    density: Any
    """1/√(2π)."""


def _constants(kind: type[Any], exp: int, atanh: int, bits: int, **more: Any) -> Constants:
    info = np.finfo(kind)
    ln2, ln2_low = multi_double(_LN2, 2) if kind is np.float64 else _split(_LN2)
    typed: dict[str, Any] = {
        "zero": 0,
        "one": 1,
        "half": 0.5,
        "log2e": float(1 / _LN2),
        "ln2": ln2,
        "ln2_low": ln2_low,
        "magic": 1.5 * 2.0**bits,
        "least": info.tiny,
        "lift": 2.0 ** (bits + 2),
        "lift_log": bits + 2,
        "infinity": np.inf,
        "density": (2 * np.pi) ** -0.5,
        **more,
    }
    rows = {
        "exp": _economised(exp),
        "atanh": [2 / (2 * k + 1) for k in range(1, atanh + 1)],
        "tail": typed.pop("tail"),
    }
    return Constants(
        **{name: kind(value) for name, value in typed.items()},
        **{name: tuple(kind(c) for c in row) for name, row in rows.items()},
    )


def _economised(degree: int) -> list[float]:
    """Return a polynomial for exp on |r| <= ln 2/2: a long Taylor series, its top folded down.

    References
    ----------
    C. Lanczos, Applied Analysis, Prentice-Hall 1956, VII.7: x^k is T_k/2^(k-1) and lower powers;
    T_k, at most 1, is left out. The interval is scaled to [-1, 1].
    """
    top, half = degree + 10, _LN2.limit_denominator(1 << 60) / 2
    series = [half**k / factorial(k) for k in range(top + 1)]
    for k in range(top, degree, -1):
        last = series.pop()
        for j, c in enumerate(_chebyshev(k)[:-1]):
            series[j] -= last * Fraction(c, 1 << (k - 1))
    return [float(c / half**k) for k, c in enumerate(series)]


def _chebyshev(k: int) -> list[int]:
    """Return the coefficients of T_k, lowest power first."""
    before, now = [1], [0, 1]
    for _ in range(k - 1):
        before, now = now, [2 * a - b for a, b in zip([0, *now], [*before, 0, 0], strict=True)]
    return now


def _split(x: Fraction) -> tuple[Any, Any]:
    high = np.float32(float(x))
    return high, np.float32(float(x - Fraction(float(high))))


_CONSTANTS = {
    types.float32: _constants(
        np.float32, 6, 5, 23,
        lowest=-87.25, furthest=15, centre=TAIL_CENTRE, tail=TAIL_F32,
    ),
    types.float64: _constants(
        np.float64, 11, 11, 52,
        lowest=-708.25, furthest=40, centre=TAIL_CENTRE, tail=TAIL_F64,
    ),
}  # fmt: skip


def inlined(function: F) -> F:
    """Compile into whatever calls it: a call left in a loop keeps LLVM from vectorising it."""
    return cast(F, numba.njit(**INLINE)(function))


# -- instructions ---------------------------------------------------------------------------


def _call_fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    name = "llvm.fma.f32" if x.type == ir.FloatType() else "llvm.fma.f64"
    kind = ir.FunctionType(x.type, [x.type] * 3)
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [x, y, z])


@intrinsic
def _fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    return x(x, x, x), lambda ctx, builder, sig, args: _call_fma(builder, *args)


fma = cast(Callable[[Any, Any, Any], Any], _fma)
"""x*y + z of one type, rounded once."""


@intrinsic
def _horner_of(context: Any, x: Any, coefficients: Any) -> Any:
    """Return the polynomial with these coefficients, a tuple, lowest power first."""

    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        terms = [builder.extract_value(args[1], i) for i in range(len(coefficients))]
        value = terms.pop()
        for term in reversed(terms):
            value = _call_fma(builder, value, args[0], term)
        return value

    return x(x, coefficients), build


_horner = cast(Callable[[Any, Any], Any], _horner_of)


@intrinsic
def _power(context: Any, biased: Any) -> Any:
    """Return 2^n, n in the range of normal exponents; n comes with `magic` added."""
    whole, bits, bias = _FORMATS[biased]

    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        n = builder.add(builder.bitcast(args[0], whole), ir.Constant(whole, bias))
        return builder.bitcast(builder.shl(n, ir.Constant(whole, bits)), args[0].type)

    return biased(biased), build


_two_to = cast(Callable[[Any], Any], _power)


@intrinsic
def _frexp(context: Any, x: Any) -> Any:
    """Return m in [√½, √2) and n, a float, with x = m·2^n, for a positive normal x."""
    whole, bits, bias = _FORMATS[x]
    kind = np.float32 if x is types.float32 else np.float64
    view = np.int32 if x is types.float32 else np.int64
    root = int(kind(float(_SQRT_HALF)).view(view))
    magic = int(kind(1.5 * 2.0**bits).view(view))

    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        def constant(n: int) -> Any:
            return ir.Constant(whole, n)

        # Shifts are logical: before AVX-512 there is no arithmetic one for 64 bits.
        word = builder.bitcast(args[0], whole)
        above = builder.sub(builder.add(word, constant(bias << bits)), constant(root))
        n = builder.lshr(above, constant(bits))
        power = builder.shl(builder.sub(n, constant(bias)), constant(bits))
        m = builder.bitcast(builder.sub(word, power), args[0].type)
        n = builder.bitcast(builder.add(n, constant(magic)), args[0].type)
        n = builder.fsub(n, ir.Constant(args[0].type, 1.5 * 2.0**bits + bias))
        return ctx.make_tuple(builder, sig.return_type, [m, n])

    pair: Any = types.UniTuple
    return pair(x, 2)(x), build


_binary_split = cast(Callable[[Any], tuple[Any, Any]], _frexp)


@intrinsic
def _wide_vectors(context: Any) -> Any:
    def build(ctx: Any, builder: Any, sig: Any, args: Any) -> Any:
        if isinstance(attributes := builder.function.attributes, set):
            set.add(attributes, '"prefer-vector-width"="512"')  # llvmlite knows no such attribute
        return ctx.get_dummy_value()

    return types.none(), build


wide_vectors = cast(Callable[[], None], _wide_vectors)
"""Lets LLVM use all of AVX-512 in the calling function, which it avoids where that once made
processors slow down: arithmetic takes 0.7 of the time here. Results do not change."""


# -- functions ------------------------------------------------------------------------------


def _exp_below(x: Any, low: Any) -> Any:
    """Return exp(x + low) for x <= 0 and a low that is small beside ulp(x)."""


@overload(_exp_below, jit_options=INLINE)
def _(x: Any, low: Any) -> Any:
    c = _CONSTANTS[x]

    def implementation(x: Any, low: Any) -> Any:
        nothing = x < c.lowest
        biased = fma(x, c.log2e, c.magic)
        n = biased - c.magic
        r = fma(n, -c.ln2_low, fma(n, -c.ln2, x)) + low
        return c.zero if nothing else _horner(r, c.exp) * _two_to(biased)

    return implementation


def exp_below(x: Any) -> Any:
    """Return exp(x) to 1 ulp for x <= 0, but 0 where that is not a normal number."""


@overload(exp_below, jit_options=INLINE)
def _(x: Any) -> Any:
    zero = _CONSTANTS[x].zero

    def implementation(x: Any) -> Any:
        return _exp_below(x, zero)

    return implementation


def _gelu_parts(x: Any) -> Any:
    """Return Φ(x), the normal distribution, and its density exp(-x²/2)/√(2π)."""


@overload(_gelu_parts, jit_options=INLINE)
def _(x: Any) -> Any:
    c = _CONSTANTS[x]

    def implementation(x: Any) -> Any:
        a = abs(x)
        a = c.furthest if a > c.furthest else a
        square = a * a
        # The rounding error of a²/2 would be relative error of the exponential: carry it along.
        low = -c.half * fma(a, a, -square)
        bell = _exp_below(-c.half * square, low)
        total = a + c.centre
        v = c.one / total
        # v comes into t too, which multiplies its relative error by 4 near a = 0: correct t by
        # what the division and the sum below it leave.
        rest = fma(-v, a - (total - c.centre), fma(-v, total, c.one))
        twice = -(c.centre + c.centre) * v
        tail = bell * (_horner(fma(twice, rest, c.one + twice), c.tail) * v)
        return (c.one - tail if x > 0 else tail), bell * c.density

    return implementation


def log(x: Any) -> Any:
    """Return log(x) to 2 ulp for x >= 0: -inf for 0, infinity and NaN themselves."""


@overload(log, jit_options=INLINE)
def _(x: Any) -> Any:
    c = _CONSTANTS[x]

    def implementation(x: Any) -> Any:
        small = x < c.least
        m, n = _binary_split(x * c.lift if small else x)
        n = n - c.lift_log if small else n
        f = m - c.one
        s = f / (m + c.one)
        square = s * s
        # log m = 2s + s³·(2/3 + ...), with 2s = f - sf: f is exact.
        value = f - s * (f - square * _horner(square, c.atanh))
        value = fma(n, c.ln2, fma(n, c.ln2_low, value))
        value = value if x < c.infinity else x
        return -c.infinity if x == 0 else value

    return implementation


@inlined
def gelu(x: Any) -> Any:
    """Return xΦ(x) to 4 ulp wherever Φ(x) is a normal number."""
    return x * _gelu_parts(x)[0]


@inlined
def gelu_slope(x: Any) -> Any:
    """Return d/dx xΦ(x) = Φ(x) + x exp(-x²/2)/√(2π)."""
    below, density = _gelu_parts(x)
    return fma(x, density, below)
