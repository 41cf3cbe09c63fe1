"""Exact products of long integers over Z[φ], from float64 products modulo small primes.

For p ≡ ±1 (mod 5) a + bφ has two images in F_p (see `golden_primes`), and a product over Z[φ] is
one real product of images for each. Residues of least size below 2^(w-1) keep a sum of `terms`
products an integer below terms·2^(2w-2) <= 2^53, which BLAS adds up exactly. What goes in and out
is integers in digits of 16 bits; going in and out are matrix products of floats, too.

References
----------
J. Doliskani, P. Giorgi, R. Lebreton, E. Schost, "Simultaneous conversions with the residue number
system using linear algebra", ACM Trans. Math. Software 44 (2018), 27.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any, Protocol

import gmpy2
import numpy as np
from gmpy2 import invert

from syntonic.jit.policy import compiled_pays
from syntonic.lattice import limbs
from syntonic.lattice.linalg.primes import fields

__all__ = [
    "MOST_BITS",
    "Digits",
    "Plan",
    "digits_of",
    "integers_of",
    "multiply",
    "plan_of",
    "prime_width",
]

_BITS = 16
_BASE = 1 << _BITS
_GROUP = 8  # primes at a time: the images of 64 × 64 numbers stay in a level-2 cache
_BLOCK = 4096  # numbers at a time on the way back, likewise

MOST_BITS = 4096
"""Results up to here. The way in and out grows with the square of the length: matrices of order 16
take FLINT's time at 1024 bits and 1.4 times that at 4096, of order 64 half of it and a third."""

_LEAST_WIDTH = 16  # 770 primes of 16 bits split so: more than MOST_BITS takes
_MOST_WIDTH = 26  # sums of two products of residues, and of digits times residues, are below 2^53


def prime_width(terms: int) -> int | None:
    """Return how many bits primes may have for sums of so many products; None for too few."""
    width = min((55 - terms.bit_length()) // 2, _MOST_WIDTH)
    return width if width >= _LEAST_WIDTH else None


def digits_of(x: Any, bits: int) -> Any:
    """Return integers |x| < 2^bits as float64 digits, shape (digits, *x.shape), lowest first.

    The highest digit is signed, the others are not.
    """
    count = bits // _BITS + 1
    if limbs.is_limbs(x):
        count = min(count, 4 * limbs.limbs_of(x))
        parts = limbs.digits_of(x, count)
    elif x.dtype == np.int64:
        count = min(count, 4)
        parts = np.ascontiguousarray(x, "<i8").view("<u2").reshape(-1, 4)[:, :count]
    else:
        width = 2 * count
        data = b"".join([n.to_bytes(width, "little", signed=True) for n in x.ravel().tolist()])
        parts = np.frombuffer(data, "<u2").reshape(-1, count)
    out = np.empty((count, x.size))
    out[...] = parts.T
    out[-1] -= _BASE * (out[-1] >= _BASE // 2)
    return out.reshape(count, *x.shape)


@dataclass(frozen=True)
class Digits:
    """Numbers a + bφ by the digits of a and, behind them, those of b, as from `digits_of`."""

    digits: Any

    def images(self, plan: Plan, first: int, last: int) -> Any:
        """Return the images for some primes."""
        into = _into(plan.width, len(plan.primes), self.digits.shape[0] // 2)
        return _images(self.digits, into[first:last], plan.p[first:last])


class Operand(Protocol):
    """What has images in finite fields."""

    def images(self, plan: Plan, first: int, last: int) -> Any:
        """Return residues of least size, shape (primes, 2, ...), for the primes first to last."""


def multiply(
    function: Callable[[Any, Any], Any], x: Operand, y: Operand, plan: Plan
) -> tuple[Any, tuple[int, ...]]:
    """Return a product over Z[φ].

    Parameters
    ----------
    function
        A bilinear function of float64 arrays that adds up as many products as the plan is for.
    x, y
        The operands.
    plan
        For results that are as long.

    Returns
    -------
    digits : ndarray, shape (numbers, digits), uint16
        Of both parts, the first before the second, in two's complement: at least 4 digits.
    shape : tuple of int
        That of the result.
    """
    count = len(plan.primes)
    scaled, shape = np.empty(0), ()
    for i in range(0, count, _GROUP):
        p = plan.p[i : i + _GROUP]
        products = _products(function, *(z.images(plan, i, i + _GROUP) for z in (x, y)))
        shape = products.shape[2:]
        images = _least(products.reshape(p.size, 2, -1), p)
        if i == 0:
            scaled = np.empty((count + 1, *images.shape[1:]))  # with room for the quotients
        scaled[i : i + p.size] = _least(plan.back[i : i + _GROUP] @ images, p)
    return _digits(scaled.reshape(count + 1, -1), plan), shape


def _products(function: Callable[[Any, Any], Any], v: Any, w: Any) -> Any:
    """Return the products of images, in an array."""
    if function is np.matmul and v.ndim == w.ndim > 3:
        return np.matmul(v, w)
    first = function(v[0, 0], w[0, 0])
    out = np.empty((*v.shape[:2], *np.shape(first)))
    for k in np.ndindex(v.shape[:2]):
        out[k] = function(v[k], w[k]) if any(k) else first
    return out


def integers_of(digits: Any) -> Any:
    """Return integers of two's complement digits: int64 if all fit, else an array of mpz."""
    digits = np.ascontiguousarray(digits)
    top = digits[:, 3:4] >> (_BITS - 1)  # 0 or 1
    if (digits[:, 4:] == top * np.uint16(_BASE - 1)).all():
        return np.ascontiguousarray(digits[:, :4]).view("<i8")[:, 0].astype(np.int64, copy=False)
    count, width = digits.shape
    negative = digits[:, -1] >> (_BITS - 1)
    # gmpy2's binary format: a byte 1 for mpz, 1 or 2 for the sign, the magnitude
    record = np.ones((count, 2 + 2 * width), np.uint8)
    record[:, 1] += negative.astype(np.uint8)
    record[:, 2:] = _magnitudes(digits, negative).view(np.uint8)
    rows = record.view(f"V{record.shape[1]}").ravel().tolist()
    return np.fromiter(list(map(gmpy2.from_binary, rows)), dtype=object, count=count)


def _magnitudes(digits: Any, negative: Any) -> Any:
    """Return |x| in digits of 16 bits: for negative x the complement and one more."""
    out = digits ^ (negative * np.uint16(_BASE - 1))[:, None]
    carry = np.flatnonzero(negative)
    for k in range(out.shape[1]):
        if carry.size == 0:
            break
        out[carry, k] += np.uint16(1)
        carry = carry[out[carry, k] == 0]
    return out


@dataclass(frozen=True)
class Plan:
    """What a product modulo these primes needs on the way back.

    With P = Π p, the numbers c_k = x (P/p_k)^-1 mod p_k of least size give x = Σ c_k P/p_k - qP,
    for an integer q. As |x| < P/4, q is the integer nearest to Σ c_k/p_k, and the roundings of
    that sum, each below 2^-48, do not matter.
    """

    width: int
    primes: tuple[int, ...]
    p: Any
    roots: Any  # t and t' for each prime, of least size
    back: Any  # for each prime, the matrix from both images to c_k of both parts
    cofactors: Any  # the digits of P/p_k and -P, shape (digits, primes + 1), modulo 2^(16 digits)


def plan_of(terms: int, bits: int) -> Plan | None:
    """Return the plan of sums of so many products, below 2^bits; None where there is none."""
    width = prime_width(terms)
    return None if width is None or bits > MOST_BITS else _plan(width, bits)


@lru_cache(maxsize=64)
def _plan(width: int, bits: int) -> Plan:
    primes, _ = fields((bits + 2) // (width - 1) + 1, 0, width)  # enough if all were 2^(w-1)
    count = next(k for k, n in enumerate(accumulate(primes, mul), 1) if n >> (bits + 2))
    primes, length = primes[:count], max(4, bits // _BITS + 1)
    product, back = prod(primes), []
    for p, t, _, slope in _rows(width, count):
        scale = int(invert(product // p % p, p))
        # a = v - bt and b = (v - v')/(t - t')
        rows = [[1 - slope * t, slope * t], [slope, -slope]]
        back.append([[_centred(scale * n, p) for n in row] for row in rows])
    cofactors = [_split(product // p, length) for p in primes]
    cofactors.append([-digit for digit in _split(product, length)])
    roots = [[_centred(t, p) for t in both] for p, *both, _ in _rows(width, count)]
    return Plan(
        width,
        primes,
        np.array(primes, np.float64),
        np.array(roots, np.float64),
        np.array(back, np.float64),
        np.array(cofactors, np.float64).T.copy(),
    )


def _rows(width: int, count: int) -> list[list[int]]:
    return [[int(n) for n in row] for row in fields(count, 0, width)[1].tolist()]


def _split(n: int, length: int) -> list[int]:
    return [n >> (_BITS * i) & (_BASE - 1) for i in range(length)]


def _centred(n: int, p: int) -> int:
    return (n + p // 2) % p - p // 2


@lru_cache(maxsize=64)
def _into(width: int, count: int, digits: int) -> Any:
    """Return the matrices from the digits of a and b to the images a + bt and a + bt'."""
    powers = [1 << (_BITS * i) for i in range(digits)]
    return np.array(
        [
            [[_centred(u * n, p) for u in (1, root) for n in powers] for root in roots]
            for p, *roots, _ in _rows(width, count)
        ],
        np.float64,
    )


def _images(digits: Any, into: Any, p: Any) -> Any:
    """Return residues of least size, shape (primes, 2, ...), C-contiguous."""
    out = into.reshape(-1, into.shape[-1]) @ digits.reshape(digits.shape[0], -1)
    return _least(out.reshape(p.size, 2, -1), p).reshape(p.size, 2, *digits.shape[1:])


def _least(x: Any, primes: Any) -> Any:
    """Return x, of shape (primes, 2, numbers), modulo the primes, of least size; it is overwritten.

    |x| <= 2^53 is integral, so the quotient comes out within 1/2 + 2^-17 of x/p, and what is left
    is an integer of size at most (p + 1)/2.
    """
    if compiled_pays(x.size):
        from syntonic.lattice import residue_product_loops as loops

        loops.least(x.reshape(primes.size, -1), primes)
        return x
    multiple = np.empty_like(x[0])
    for row, p in zip(x, primes.tolist(), strict=True):
        np.multiply(row, 1.0 / p, out=multiple)
        np.rint(multiple, out=multiple)
        multiple *= p
        row -= multiple
    return x


def _digits(scaled: Any, plan: Plan) -> Any:
    """Return the digits of Σ c_k P/p_k - qP, shape (numbers, digits); q goes to the last row."""
    length, count = plan.cofactors.shape[0], scaled.shape[1]
    out = np.empty((length, count), np.uint16)
    for i in range(0, count, _BLOCK):
        c = scaled[:, i : i + _BLOCK]
        np.rint((1.0 / plan.p) @ c[:-1], out=c[-1])
        _carry(plan.cofactors @ c, out[:, i : i + _BLOCK])
    return out.T


def _carry(sums: Any, out: Any) -> None:
    """Write sums of digits as digits 0 .. 2^16 - 1, each row's excess going to the next."""
    if compiled_pays(sums.size):
        from syntonic.lattice import residue_product_loops as loops

        loops.carry(sums, out, float(_BASE))
        return
    carry = np.empty_like(sums[0])
    for k in range(sums.shape[0]):
        np.multiply(sums[k], 1.0 / _BASE, out=carry)
        np.floor(carry, out=carry)
        if k + 1 < sums.shape[0]:
            sums[k + 1] += carry
        carry *= _BASE
        sums[k] -= carry
    out[...] = sums.astype(np.int32)
