"""Integers of a fixed width, as arrays of opaque items that NumPy moves but does not compute with.

An item is `8n` bytes (dtype void): n limbs of 64 bits, the lowest first, in two's complement. So
the arrays have the shape of the numbers, and what moves elements (indexing, reshape, where,
concatenate, take_along_axis) works on them as it does on int64; what fills in zeros does too.
The loops of `limb_loops` see the limbs through `words`.
"""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from syntonic.jit.policy import compiled_pays
from syntonic.typing import IntArray, ObjectArray

__all__ = [
    "FEW_LIMBS",
    "MOST_LIMBS",
    "ONE_LIMB",
    "common_divisor",
    "digits_of",
    "floor_quotients",
    "from_digits",
    "from_int64",
    "from_objects",
    "is_limbs",
    "largest",
    "limbs_for",
    "limbs_of",
    "lowest",
    "needed",
    "nonzero",
    "reduced",
    "resized",
    "to_int64",
    "to_objects",
    "without_lowest",
    "words",
    "wrapped",
]

MOST_LIMBS = 16
"""Numbers of up to 1024 bits: far beyond, one product costs more than Python's own overhead."""

FEW_LIMBS = 5
"""Up to here loops are compiled without loops over limbs: 2 to 10 times as quick, but long code."""

ONE_LIMB = np.dtype((np.void, 8))

_GLANCE = 64

_FACTORS = (np.arange(1, 1025)[:, None] ** 2 * [3, 5, 7, 11] % 2039).astype(np.float64)
"""Of four sums of 1024 items: squares modulo a prime, which look like random numbers."""


def is_limbs(x: Any) -> bool:
    """Tell whether an array holds limbs."""
    return bool(x.dtype.kind == "V")


def limbs_of(x: Any) -> int:
    """Return the number of limbs of the items of x."""
    return int(x.dtype.itemsize) // 8


def limbs_for(bound: int) -> int:
    """Return how many limbs hold every integer of at most this size."""
    return bound.bit_length() // 64 + 1


def words(x: Any) -> Any:
    """Return the limbs of x as a flat contiguous uint64 array, of its own memory if that is so."""
    return np.ascontiguousarray(x).view(np.uint64).reshape(-1)


def wrapped(limbs: Any, count: int, shape: tuple[int, ...]) -> Any:
    """Return a flat contiguous array of limbs as items of `count` limbs: `words` undone."""
    return limbs.view(np.dtype((np.void, 8 * count))).reshape(shape)


def from_int64(x: IntArray, count: int) -> Any:
    """Return int64 integers as items of `count` limbs."""
    out = np.empty((x.size, count), np.int64)
    out[:, 0] = x.ravel()
    out[:, 1:] = out[:, :1] >> 63
    return wrapped(out.reshape(-1), count, x.shape)


def to_int64(x: Any) -> IntArray:
    """Return items that int64 holds as int64 integers."""
    return np.array(_rows(x)[:, 0], np.int64).reshape(x.shape)


def from_objects(x: ObjectArray, count: int) -> Any:
    """Return integers, Python's or GMP's, as items of `count` limbs, which must hold them."""
    width = 8 * count
    items = [int(n).to_bytes(width, "little", signed=True) for n in x.ravel().tolist()]
    words = np.frombuffer(b"".join(items), "<u8").astype(np.uint64)
    return wrapped(words, count, x.shape)


def from_digits(digits: Any, shape: tuple[int, ...]) -> Any:
    """Return the items of these digits of 16 bits, a uint16 array with one item a row."""
    rows, have = digits.shape
    count = -(-have // 4)
    padded = np.empty((rows, 4 * count), "<u2")
    padded[:, :have] = digits
    padded[:, have:] = padded[:, have - 1 : have].view("<i2") >> 15
    return wrapped(padded.view("<u8").astype(np.uint64, copy=False).reshape(-1), count, shape)


def digits_of(x: Any, count: int) -> Any:
    """Return the lowest digits of 16 bits of the items, one item a row."""
    return words(x).astype("<u8", copy=False).view("<u2").reshape(x.size, -1)[:, :count]


def to_objects(x: Any) -> ObjectArray:
    """Return the items as an object array of Python integers."""
    items = words(x).astype("<u8", copy=False).view(f"V{x.dtype.itemsize}").tolist()
    numbers = (int.from_bytes(item, "little", signed=True) for item in items)
    return np.fromiter(numbers, object, x.size).reshape(x.shape)


def resized(x: Any, count: int) -> Any:
    """Return the items with `count` limbs: more, or fewer where these hold them."""
    have = limbs_of(x)
    if have == count:
        return x
    rows = _rows(x)
    out = np.empty((x.size, count), np.int64)
    out[:, :have] = rows[:, :count]
    out[:, have:] = rows[:, -1:] >> 63
    return wrapped(out.reshape(-1), count, x.shape)


def without_lowest(x: Any, count: int) -> Any:
    """Return the items shifted down by so many limbs: a floor of their quotients."""
    rows = _rows(x)[:, count:]
    return wrapped(np.ascontiguousarray(rows).reshape(-1), rows.shape[1], x.shape)


def lowest(x: Any) -> Any:
    """Return the lowest limbs of the items, as int64."""
    return _rows(x)[:, 0].reshape(x.shape)


def needed(x: Any) -> int:
    """Return how many limbs would hold all items of x."""
    rows = _rows(x)
    return max(_needed(rows[:_GLANCE]), _needed(rows, _needed(rows[:_GLANCE])))


def _needed(rows: Any, least: int = 1) -> int:
    for count in range(rows.shape[1], least, -1):
        if (rows[:, count - 1] != rows[:, count - 2] >> 63).any():
            return count
    return least


def largest(x: Any) -> int:
    """Return the largest size of an item."""
    if x.size == 0 or not compiled_pays(x.size):
        return max((abs(int(n)) for n in to_objects(x).flat), default=0)
    from syntonic.lattice.limb_surveys import place_of_largest

    place = place_of_largest(words(x), limbs_of(x))
    return abs(_item(x, place))


def _item(x: Any, place: int) -> int:
    (number,) = to_objects(x.reshape(-1)[place : place + 1])
    return int(number)


def nonzero(x: Any) -> Any:
    """Return where an item is not 0, as a boolean array."""
    return np.asarray(x != np.zeros((), x.dtype), dtype=bool)


def reduced(a: Any, b: Any, d: int) -> tuple[Any, Any, int]:
    """Return a/g, b/g, d/g for the greatest common divisor g of d and all items."""
    if a.size and compiled_pays(a.size):
        return _reduced_in_loops(a, b, d)
    common = common_divisor(d, a, b)
    if common > 1:
        quotients = (np.asarray(to_objects(x) // common, object) for x in (a, b))
        a, b = (from_objects(x, limbs_of(a)) for x in quotients)
    return a, b, d // common


def _reduced_in_loops(a: Any, b: Any, d: int) -> tuple[Any, Any, int]:
    """Divide by the divisor of some items; with more of them, where one is no multiple of it."""
    first, second, common = 0, 0, d
    while first < a.size or second < a.size:
        common = gcd(common, *_multiples(a, first), *_multiples(b, second))
        if common == 1:
            return a, b, d
        by = _divisor(common, limbs_of(a))
        (p, first), (q, second) = _divided(a, by), _divided(b, by)
    return p, q, d // common


def _multiples(x: Any, first: int) -> list[int]:
    """Return multiples of the common divisor of all items: the first item, and sums of many.

    Their greatest common divisor is most often that of the items, and always divides the first
    item, which the one before did not: so they come to an end. Halves of limbs are below 2^32,
    factors below 2^11, and up to 2^10 items are added up: float64 is exact.
    """
    flat = x.reshape(-1)[first:]
    if not flat.size:
        return []
    step = flat.size // len(_FACTORS) | 1  # odd: these come from all columns of the usual matrices
    some = flat[::step][: len(_FACTORS)]
    halves = words(some).astype("<u8", copy=False).view("<u4").astype(np.float64)
    halves = halves.reshape(some.size, -1)
    halves[:, -1] -= 2.0**32 * (halves[:, -1] >= 2.0**31)  # of the sign
    sums = (_FACTORS[: some.size].T @ halves).astype(np.int64).tolist()
    return [
        *to_objects(some[:1]).tolist(),
        *(sum(half << 32 * k for k, half in enumerate(row)) for row in sums),
    ]


def _divisor(d: int, count: int) -> tuple[int, Any, Any]:
    """Return what `divide` needs of a divisor of items of so many limbs."""
    modulus, twos = 1 << 64 * count, (d & -d).bit_length() - 1
    odd = d >> twos
    inverse, limit = pow(odd, -1, modulus), (modulus // 2 - 1) // odd
    return twos, _constant(inverse, count), _constant(limit, count)


def _divided(x: Any, by: tuple[int, Any, Any]) -> tuple[Any, int]:
    """Return x/d, and the first place of what is no multiple of d, or the size."""
    from syntonic.lattice.limb_surveys import divide

    out = np.empty(limbs_of(x) * x.size, np.uint64)
    place = divide(words(x), limbs_of(x), *by, out)
    return wrapped(out, limbs_of(x), x.shape), place


def floor_quotients(x: Any, d: int) -> Any:
    """Return ⌊x/d⌋ of all items."""
    if d == 1:
        return x
    count = limbs_of(x)
    if d >> 32:
        return from_objects(np.asarray(to_objects(x) // d, object), count)
    from syntonic.lattice import limb_surveys as loops

    out = np.empty(count * x.size, np.uint64)
    loops.floor_quotients(words(x), count, d, out)
    return wrapped(out, count, x.shape)


def _constant(n: int, count: int) -> Any:
    return np.frombuffer(n.to_bytes(8 * count, "little"), "<u8").astype(np.uint64)


def common_divisor(d: int, *arrays: Any) -> int:
    """Return the greatest common divisor of d and all items."""
    for x in arrays:
        flat = x.reshape(-1)
        start, step = 0, _GLANCE
        while start < flat.size and d > 1:
            d = gcd(d, *to_objects(flat[start : start + step]).tolist())
            start, step = start + step, 2 * step
    return d


def _rows(x: Any) -> Any:
    """Return the limbs as int64, one item a row."""
    return words(x).view(np.int64).reshape(x.size, limbs_of(x))
