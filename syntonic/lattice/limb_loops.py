"""Compiled loops on integers of fixed width, see `limbs`: flat uint64 arrays of limbs.

An operand comes as its limbs, how many a number has, and how far apart the numbers are: as many,
or 0 where one number serves all. Every loop treats the elements from `start + first` to
`start + last`. Results are modulo 2^64n, in two's complement; the callers' bounds have proved that
n limbs hold them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload

from syntonic.constants import PHI_FLOAT
from syntonic.jit.compile import njit
from syntonic.jit.thread_count import get_num_threads
from syntonic.jit.threads import in_threads
from syntonic.lattice.limb_code import add3, add_numbers, multiply_add, multiply_pairs, types
from syntonic.lattice.limb_vectors import LANES, digits_for, multiply_lanes
from syntonic.lattice.limbs import FEW_LIMBS

__all__ = [
    "add",
    "add_up",
    "compare",
    "cumsum",
    "extension",
    "in_pieces",
    "multiplication",
    "sign",
    "widths",
]

_LONGEST = 1 << 18
"""Items a thread treats before Ctrl-C can stop it."""

_WORK = 4

_FILTER = 2.0**-48

_signed: Any = np.int64
_unsigned: Any = np.uint64
_ZERO: Any = np.uint64(0)
_ONE: Any = np.uint64(1)
_LAST: Any = np.uint64(63)


def in_pieces(loop: Callable[..., None], items: int, *rest: Any, work: int = _WORK) -> None:
    """Call loop(first, last, start, *rest) for pieces of range(items), in threads if it pays.

    Such a call treats the items from start + first to start + last: between starts Ctrl-C can come.
    An item takes as long as `work` of one word, or longer.
    """
    step = _LONGEST * get_num_threads()
    for start in range(0, items, step):
        count = min(step, items - start)
        in_threads(loop, count, count * work, start, *rest)


def _count(width: Any) -> int:
    """Return the number of limbs that a width stands for: an integer, or a tuple of so many.

    For each length of tuples the loops are compiled anew, without loops over limbs.
    """
    return width if isinstance(width, int) else len(width)


@overload(_count, strict=False)
def _compiled_count(width):  # type: ignore[no-untyped-def]
    if isinstance(width, types.Integer):
        return lambda width: width
    count = width.count
    return lambda width: count


def widths(*counts: int) -> Any:
    """Return what stands for the widths of operands and the result in the calls of the loops."""
    unrolled = max(counts[:-1]) <= FEW_LIMBS and counts[-1] <= sum(counts[:-1]) + 1
    return tuple((0,) * count for count in counts) if unrolled else counts


def multiplication(n: int, m: int, r: int, bound: int) -> tuple[Callable[..., None], Any]:
    """Return the loop that multiplies numbers up to a bound, and its widths.

    Lanes pay from three limbs on.
    """
    counts = widths(n, m, r)
    digits = digits_for(bound) if 2 < n == m <= FEW_LIMBS else 0
    return (_multiply_by_lanes, (*counts, (0,) * digits)) if digits else (_multiply_apart, counts)


@njit
def extension(top: int) -> int:
    """Return the limb above the highest one: all bits are its sign."""
    return _unsigned(_signed(top) >> 63)


@njit
def _add(
    x: Any, i: int, n: int, y: Any, j: int, m: int, flip: int, out: Any, o: int, r: int
) -> None:
    """Write x + y, or x - y where `flip` is all ones: -y is the complement of y, and 1."""
    above, over = extension(x[i + n - 1]), extension(y[j + m - 1])
    carry = flip & _ONE
    for k in range(r):
        u = x[i + k] if k < n else above
        v = y[j + k] if k < m else over
        out[o + k], carry = add3(u, v ^ flip, carry)


def _add_of_widths(*_: Any) -> None:
    """Write x + y, or x - y where `flip` is all ones."""


@overload(_add_of_widths, strict=False, jit_options={"forceinline": True})
def _compiled_add(x, i, y, j, flip, out, o, widths):  # type: ignore[no-untyped-def]
    if all(isinstance(width, types.BaseTuple) for width in widths):
        return lambda x, i, y, j, flip, out, o, widths: add_numbers(
            x, i, y, j, flip, out, o, widths
        )
    return _add_long


def _add_long(x: Any, i: int, y: Any, j: int, flip: int, out: Any, o: int, widths: Any) -> None:
    _add(x, i, _count(widths[0]), y, j, _count(widths[1]), flip, out, o, _count(widths[2]))


@njit
def add(
    first: int, last: int, start: int,
    x: Any, x_step: int, y: Any, y_step: int, flip: int, out: Any, widths: Any,
) -> None:  # fmt: skip
    """Write x + y, or x - y where `flip` is all ones; `widths` are those of x, y and the result."""
    r = _count(widths[2])
    for i in range(start + first, start + last):
        _add_of_widths(x, i * x_step, y, i * y_step, flip, out, i * r, widths)


@njit
def _add_product(x: Any, i: int, n: int, y: Any, j: int, m: int, out: Any, o: int, r: int) -> None:
    """Add xy to the r limbs of out.

    As unsigned numbers, a negative x is too large by N = 2^64n, and y by M = 2^64m: the product
    of both is too large by N y + M x_u, with y in two's complement and x_u unsigned.
    """
    for k in range(min(n, r)):
        carry = _ZERO
        factor = x[i + k]
        stop = min(m, r - k)
        for t in range(stop):
            out[o + k + t], carry = multiply_add(factor, y[j + t], out[o + k + t], carry)
        for t in range(k + stop, r):
            out[o + t], carry = add3(out[o + t], carry, _ZERO)
    x_sign, y_sign = extension(x[i + n - 1]), extension(y[j + m - 1])
    if x_sign:
        carry = _ONE
        for t in range(n, r):
            v = y[j + t - n] if t - n < m else y_sign
            out[o + t], carry = add3(out[o + t], ~v, carry)
    if y_sign:
        carry = _ONE
        for t in range(m, r):
            v = x[i + t - m] if t - m < n else _ZERO
            out[o + t], carry = add3(out[o + t], ~v, carry)


def _multiply(*_: Any) -> None:
    """Write the parts of (a + bφ)(c + dφ): p = ac + bd, q = (a + b)(c + d) - ac."""


@overload(_multiply, strict=False, jit_options={"forceinline": True})
def _compiled_multiply(a, b, i, c, d, j, p, q, o, widths, scratch):  # type: ignore[no-untyped-def]
    if all(isinstance(width, types.BaseTuple) for width in widths):
        return lambda a, b, i, c, d, j, p, q, o, widths, scratch: multiply_pairs(
            a, b, i, c, d, j, p, q, o, widths
        )
    return _multiply_long


def _multiply_long(
    a: Any, b: Any, i: int, c: Any, d: Any, j: int, p: Any, q: Any, o: int,
    widths: Any, scratch: Any,
) -> None:  # fmt: skip
    n, m, r = _count(widths[0]), _count(widths[1]), _count(widths[2])
    product = scratch[:r]
    product[:] = _ZERO
    _add_product(a, i, n, c, j, m, product, 0, r)
    carry = _ONE
    for k in range(r):
        p[o + k] = product[k]
        q[o + k], carry = add3(~product[k], carry, _ZERO)
    _add_product(b, i, n, d, j, m, p, o, r)
    _add(a, i, n, b, i, n, _ZERO, scratch, r, n + 1)
    _add(c, j, m, d, j, m, _ZERO, scratch, r + n + 1, m + 1)
    _add_product(scratch, r, n + 1, scratch, r + n + 1, m + 1, q, o, r)


@njit
def _multiply_apart(
    first: int, last: int, start: int,
    a: Any, b: Any, x_step: int, c: Any, d: Any, y_step: int, p: Any, q: Any, widths: Any,
) -> None:  # fmt: skip
    """Write the parts of (a + bφ)(c + dφ); `widths` are those of a, c and p."""
    n, m, r = _count(widths[0]), _count(widths[1]), _count(widths[2])
    scratch = np.empty(r + n + m + 2, np.uint64)
    for e in range(start + first, start + last):
        _multiply(a, b, e * x_step, c, d, e * y_step, p, q, e * r, widths, scratch)


@njit
def _multiply_by_lanes(
    first: int, last: int, start: int,
    a: Any, b: Any, x_step: int, c: Any, d: Any, y_step: int, p: Any, q: Any, widths: Any,
) -> None:  # fmt: skip
    """Do what `_multiply_apart` does; the last of `widths` is for the digits of a and of c."""
    n, m, r = widths[0], widths[1], widths[2]
    scratch = np.empty(0, np.uint64)
    rest, stop = start + first, start + last
    while rest + LANES <= stop:
        e = rest
        multiply_lanes(a, b, e * x_step, x_step, c, d, e * y_step, y_step, p, q, e * len(r), widths)
        rest += LANES
    for e in range(rest, stop):
        _multiply(a, b, e * x_step, c, d, e * y_step, p, q, e * len(r), (n, m, r), scratch)


@njit
def _float(x: Any, i: int, n: int) -> float:
    """Return x to within 4u of its size, u = 2^-53, from its two highest limbs; or an infinity.

    Of a negative x the complement, -x - 1, is cut: then adding 1 is exact or below the rounding.
    """
    flip = extension(x[i + n - 1])
    k = n - 1
    while k > 0 and x[i + k] == flip:
        k -= 1
    value = float(x[i + k] ^ flip)
    if k > 0:
        value = value * 2.0**64 + float(x[i + k - 1] ^ flip)
    for _ in range(k - 1):
        value *= 2.0**64
    return -(value + 1.0) if flip else value


@njit
def _integer_sign(x: Any, i: int, n: int) -> int:
    if extension(x[i + n - 1]):
        return -1
    for k in range(n):
        if x[i + k]:
            return 1
    return 0


@njit
def _pair_sign(x: Any, p: int, q: int, n: int, scratch: Any) -> int:
    """Return the sign of x[p:p+n] + x[q:q+n]φ: if the signs differ, by p² + pq - q²."""
    p_sign, q_sign = _integer_sign(x, p, n), _integer_sign(x, q, n)
    if p_sign * q_sign >= 0:
        return p_sign if p_sign else q_sign
    r = 2 * n
    scratch[:r] = _ZERO
    _add_product(x, q, n, x, q, n, scratch, 0, r)
    carry = _ONE
    for k in range(r):
        scratch[k], carry = add3(~scratch[k], carry, _ZERO)
    _add(x, p, n, x, q, n, _ZERO, scratch, r, n)
    _add_product(x, p, n, scratch, r, n, scratch, 0, r)
    return p_sign * _integer_sign(scratch, 0, r)


@njit
def _window(x: Any, i: int, n: int, limb: int, shift: int) -> int:
    """Return ⌊x / 2^(64 limb + shift)⌋, which int64 must hold."""
    above = extension(x[i + n - 1])
    low = x[i + limb] if limb < n else above
    high = x[i + limb + 1] if limb + 1 < n else above
    return _signed((low >> shift) | ((high << _ONE) << (_LAST - shift)))


@njit
def _sign_of_windows(p: int, q: int) -> int:
    """Return the sign of p + qφ if it is that of any pair nearer than 1 to p and to q, else 0.

    These change the value by less than 1 + φ; for the rounding see `order.sign`.
    """
    value = float(p) + float(q) * PHI_FLOAT
    error = (abs(float(p)) + abs(float(q))) * 2.0**-50 + 3.0
    return 1 if value > error else -1 if value < -error else 0


@njit
def _sign_of_floats(p: float, q: float, size: float) -> int:
    """Return the sign of p + qφ if 32u of the size of the terms leave no doubt, else 0.

    The errors are below 14u: 4u of each float, the difference, φ, the product and the sum.
    """
    value, error = p + q * PHI_FLOAT, size * _FILTER
    return 1 if error < value < np.inf else -1 if -error > value > -np.inf else 0


@njit
def sign(
    first: int, last: int, start: int, a: Any, b: Any, n: int, limb: int, shift: int, out: Any
) -> None:  # fmt: skip
    """Write the signs of a + bφ: by windows where these tell, then floats, else exactly.

    The windows are as for `compare`.
    """
    pair, scratch = np.empty(2 * n, np.uint64), np.empty(3 * n, np.uint64)
    for e in range(start + first, start + last):
        i = e * n
        found = _sign_of_windows(_window(a, i, n, limb, shift), _window(b, i, n, limb, shift))
        if not found:
            p, q = _float(a, i, n), _float(b, i, n)
            found = _sign_of_floats(p, q, abs(p) + abs(q))
        if not found:
            pair[:n], pair[n:] = a[i : i + n], b[i : i + n]
            found = _pair_sign(pair, 0, n, n, scratch)
        out[e] = found


@njit
def compare(
    first: int, last: int, start: int,
    a: Any, b: Any, n: int, x_step: int, c: Any, d: Any, m: int, y_step: int,
    limb: int, shift: int, out: Any,
) -> None:  # fmt: skip
    """Write the signs of (a + bφ) - (c + dφ).

    First by windows: all numbers over 2^(64 limb + shift), where they are below 2^62.
    """
    r = max(n, m) + 1
    pair, scratch = np.empty(2 * r, np.uint64), np.empty(3 * r, np.uint64)
    for e in range(start + first, start + last):
        i, j = e * x_step, e * y_step
        found = _sign_of_windows(
            _window(a, i, n, limb, shift) - _window(c, j, m, limb, shift),
            _window(b, i, n, limb, shift) - _window(d, j, m, limb, shift),
        )
        if not found:
            p, q, s, t = _float(a, i, n), _float(b, i, n), _float(c, j, m), _float(d, j, m)
            found = _sign_of_floats(p - s, q - t, (abs(p) + abs(s)) + (abs(q) + abs(t)))
        if not found:
            _add(a, i, n, c, j, m, ~_ZERO, pair, 0, r)
            _add(b, i, n, d, j, m, ~_ZERO, pair, r, r)
            found = _pair_sign(pair, 0, r, r, scratch)
        out[e] = found


@njit
def add_up(first: int, last: int, start: int, x: Any, count: int, out: Any, widths: Any) -> None:
    """Write the sums of `count` numbers that follow each other; `widths` of x and the result."""
    n, r = _count(widths[0]), _count(widths[1])
    for e in range(start + first, start + last):
        o = e * r
        out[o : o + r] = _ZERO
        for i in range(e * count * n, (e + 1) * count * n, n):
            _add(x, i, n, out, o, r, _ZERO, out, o, r)


@njit
def cumsum(first: int, last: int, start: int, x: Any, count: int, out: Any, widths: Any) -> None:
    """Write the running sums of rows of `count` numbers; `widths` of x and the result."""
    n, r = _count(widths[0]), _count(widths[1])
    total = np.empty(r, np.uint64)
    for e in range(start + first, start + last):
        total[:] = _ZERO
        for k in range(e * count, (e + 1) * count):
            _add(x, k * n, n, total, 0, r, _ZERO, total, 0, r)
            for t in range(r):
                out[k * r + t] = total[t]
