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
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import invert

from syntonic.jit.policy import compiled_pays
from syntonic.lattice import limbs
from syntonic.lattice.linalg.primes import fields

__all__ = ["MOST_BITS", "digits_of", "integers_of", "multiply", "prime_width"]

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


def multiply(
    function: Callable[[Any, Any], Any], x: Any, y: Any, terms: int, bits: int
) -> tuple[Any, tuple[int, ...]]:
    """Return the product of a + bφ and c + dφ, each given as the digits of both parts.

    Parameters
    ----------
    function
        A bilinear function of float64 arrays that adds up at most `terms` products.
    x, y : ndarray, shape (2·digits, ...)
        The digits of a and those of b, as `digits_of` returns them.
    terms, bits
        The parts of the result are below 2^bits; `prime_width(terms)` is not None.

    Returns
    -------
    digits : ndarray, shape (numbers, digits), uint16
        Of both parts, the first before the second, in two's complement: at least 4 digits.
    shape : tuple of int
        That of the result.
    """
    width = prime_width(terms)
    plan = _plan(width, bits)
    into_x, into_y = (_into(width, len(plan.primes), z.shape[0] // 2) for z in (x, y))
    scaled, shape = [], ()
    for i in range(0, len(plan.primes), _GROUP):
        p = plan.p[i : i + _GROUP]
        v, w = (_images(z, into[i : i + _GROUP], p) for z, into in ((x, into_x), (y, into_y)))
        products = [function(v[k, r], w[k, r]) for k in range(p.size) for r in range(2)]
        shape = np.shape(products[0])
        images = _least(np.array(products).reshape(p.size, 2, -1), p)
        scaled.append(_least(plan.back[i : i + _GROUP] @ images, p))
    return _digits(np.concatenate(scaled).reshape(len(plan.primes), -1), plan), shape


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
class _Plan:
    """What a product modulo these primes needs on the way back.

    With P = Π p, the numbers c_k = x (P/p_k)^-1 mod p_k of least size give x = Σ c_k P/p_k - qP,
    for an integer q. As |x| < P/4, q is the integer nearest to Σ c_k/p_k, and the roundings of
    that sum, each below 2^-48, do not matter.
    """

    primes: tuple[int, ...]
    p: Any
    back: Any  # for each prime, the matrix from both images to c_k of both parts
    cofactors: Any  # the digits of P/p_k, shape (digits, primes), modulo 2^(16 digits)
    product: Any  # those of P, shape (digits, 1)


@lru_cache(maxsize=64)
def _plan(width: int, bits: int) -> _Plan:
    primes, _ = fields((bits + 2) // (width - 1) + 1, 0, width)  # enough if all were 2^(w-1)
    count = next(k for k, n in enumerate(accumulate(primes, mul), 1) if n >> (bits + 2))
    primes, length = primes[:count], max(4, bits // _BITS + 1)
    product, back = prod(primes), []
    for p, t, _, slope in _rows(width, count):
        scale = int(invert(product // p % p, p))
        # a = v - bt and b = (v - v')/(t - t')
        rows = [[1 - slope * t, slope * t], [slope, -slope]]
        back.append([[_centred(scale * n, p) for n in row] for row in rows])
    return _Plan(
        primes,
        np.array(primes, np.float64),
        np.array(back, np.float64),
        np.array([_split(product // p, length) for p in primes], np.float64).T.copy(),
        np.array([_split(product, length)], np.float64).T,
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


def _digits(scaled: Any, plan: _Plan) -> Any:
    """Return the digits of Σ c_k P/p_k - qP, shape (numbers, digits)."""
    length, count = plan.cofactors.shape[0], scaled.shape[1]
    out = np.empty((length, count), np.uint16)
    for i in range(0, count, _BLOCK):
        c = scaled[:, i : i + _BLOCK]
        quotient = np.rint((1.0 / plan.p) @ c)
        sums = plan.cofactors @ c - plan.product * quotient
        _carry(sums, out[:, i : i + _BLOCK])
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
