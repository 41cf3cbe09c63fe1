"""Residues of elements of Z[φ] modulo split primes, on the device that holds the arrays.

For p ≡ ±1 (mod 5), φ has two roots t, t' modulo p, and a + bφ ↦ (a + bt, a + bt') is a ring
homomorphism onto F_p × F_p: sums and products of elements are sums and products of images, one real
number each. A number's residues modulo the first k primes of one list determine it while the
product of these primes exceeds twice its size, so that longer and shorter residues meet by leaving
some away. All primes are below 2^22: 2048 products of residues of least size add up below 2^53.

References
----------
J. von zur Gathen, J. Gerhard, *Modern Computer Algebra*, 3rd ed., section 5.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from gmpy2 import invert

from syntonic.errors import DeviceError
from syntonic.flux.backend import contiguous
from syntonic.flux.cuda import exact
from syntonic.flux.device import device_of, is_cuda, namespace
from syntonic.lattice.linalg.primes import fields

__all__ = [
    "MOST_BITS",
    "TERMS",
    "WIDTH",
    "Primes",
    "centred",
    "count_for",
    "digits",
    "evaluated",
    "first",
    "halves",
    "images",
    "least",
    "parts_of",
    "reduced",
    "remainders",
]

WIDTH = 22
TERMS = 1 << (53 - 2 * (WIDTH - 1))
"""So many products of residues of least size, below 2^21 each, add up to less than 2^53."""

MOST_BITS = 4096
"""Longer numbers stay on the CPU: the way back from residues grows with the square of it."""

_WORD = (1 << 32) - 1

_products: list[int] = [1]
"""Of the first primes of the list."""


class Primes:
    """Some split primes, and what arithmetic modulo them needs, as arrays of every device.

    Parameters
    ----------
    start, stop
        Their places in the list of those below 2^22, descending; or `places`, one by one.
    """

    def __init__(self, start: int, stop: int, places: Sequence[int] | None = None) -> None:
        numbers, table = fields(stop, start, WIDTH)
        chosen = range(stop - start) if places is None else [i - start for i in places]
        self.numbers = tuple(numbers[i] for i in chosen)
        self.rows = [[int(n) for n in table[i]] for i in chosen]
        self._arrays: dict[tuple[ModuleType, str, str], Any] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def table(self, like: Any) -> Any:
        """Return each prime and its roots beside an array: int64, (primes, 3)."""
        return self._array(like, "table", lambda: [row[:3] for row in self.rows])

    def garner(self, like: Any) -> tuple[Any, Any]:
        """Return 1/(t - t') modulo each prime, and a matrix of 1/p_i modulo p_j, for i < j."""
        p = self.numbers

        def make() -> list[list[int]]:
            return [[int(invert(u, v)) if u > v else 0 for v in p] for u in p]  # they descend

        slopes = self._array(like, "slope", lambda: [row[3] for row in self.rows])
        return slopes, self._array(like, "garner", make)

    def column(self, like: Any, ndim: int) -> Any:
        """Return the primes as int64 beside an array, for residues of so many axes."""
        return self._kept(like, "p", lambda: [row[0] for row in self.rows], ndim)

    def slopes(self, like: Any, ndim: int) -> Any:
        """Return 1/(t - t') modulo each prime."""
        return self._kept(like, "slope", lambda: [row[3] for row in self.rows], ndim)

    def roots(self, like: Any, ndim: int) -> Any:
        """Return t modulo each prime."""
        return self._kept(like, "t", lambda: [row[1] for row in self.rows], ndim)

    def inverses(self, like: Any, i: int, ndim: int) -> Any:
        """Return 1/p_i modulo the primes after it."""
        p, after = self.numbers[i], self.numbers[i + 1 :]
        return self._kept(like, f"1/{i}", lambda: [int(invert(p, q)) for q in after], ndim)

    def modulo(self, like: Any, n: int, ndim: int) -> Any:
        """Return an integer modulo each prime."""
        values = np.array([n % p for p in self.numbers], np.int64)
        return _shaped(namespace(like).asarray(values), ndim)

    def modulo_each(self, like: Any, numbers: Any) -> Any:
        """Return an object array of integers modulo each prime: int64, (primes, 1, ...)."""
        values = np.array([(numbers % p).astype(np.int64) for p in self.numbers])
        return namespace(like).asarray(values[:, None])

    def _kept(self, like: Any, name: str, make: Any, ndim: int) -> Any:
        return _shaped(self._array(like, name, make), ndim)

    def _array(self, like: Any, name: str, make: Any) -> Any:
        key = namespace(like), device_of(like), name
        if key not in self._arrays:
            self._arrays[key] = namespace(like).asarray(np.array(make(), np.int64))
        return self._arrays[key]


@lru_cache(maxsize=512)
def first(count: int) -> Primes:
    """Return the first primes of the list."""
    return Primes(0, count)


def count_for(bound: int, where: str) -> int:
    """Return how many primes determine integers of at most this size.

    Raises
    ------
    DeviceError
        There would be too many.
    """
    if bound.bit_length() > MOST_BITS:
        raise DeviceError(
            f"{where}: numbers on a CUDA device have at most {MOST_BITS} bits, and these may have "
            f'{bound.bit_length()}; call .to_device("cpu") first'
        )
    while _products[-1] <= 2 * bound:
        _products.append(_products[-1] * first(len(_products)).numbers[-1])
    return next(k for k, product in enumerate(_products) if k and product > 2 * bound)


def centred(x: Any, p: Any) -> Any:
    """Return 0 <= x < p as the residues of least size."""
    return x - p * (x > p // 2)


def reduced(x: Any, primes: Primes) -> Any:
    """Return integers of shape (primes, ...) modulo the primes, of least size, as int32."""
    p = primes.column(x, x.ndim)
    return centred(x % p, p).astype(np.int32)


def least(x: Any, p: Any, inverse: Any) -> Any:
    """Return float64 integers modulo p, near the least size; x is overwritten.

    For |x| <= 2^44 the result is the residue of least size. For |x| <= 2^53 the quotient is wrong
    by at most 2^-20, which leaves a size of at most p/2 + 4; applied twice it is the least one.
    """
    xp = namespace(x)
    multiple = x * inverse
    xp.rint(multiple, out=multiple)
    xp.multiply(multiple, p, out=multiple)
    xp.subtract(x, multiple, out=x)
    return x


def remainders(x: Any, table: Any) -> Any:
    """Return float64 integers below 2^53, of shape (primes, ...), modulo the primes, as int32.

    `table` has the primes in its first column; x is overwritten.
    """
    if is_cuda(x):
        return exact.reduce(contiguous(x), table)
    p = _shaped(table[:, 0], x.ndim).astype(np.float64)
    inverse = 1.0 / p
    return least(least(x, p, inverse), p, inverse).astype(np.int32)


def images(a: Any, b: Any, primes: Primes) -> Any:
    """Return the residues of int64 a + bφ at both roots: int32, of shape (primes, 2, *a.shape)."""
    if is_cuda(a):
        return exact.images(contiguous(a), contiguous(b), primes.table(a))
    out = namespace(a).empty((len(primes), 2, *a.shape), np.int32)
    for i, (p, *roots, _) in enumerate(primes.rows):
        u, v = a % p, b % p
        for j, root in enumerate(roots):
            out[i, j] = centred((u + v * root) % p, p)
    return out


def parts_of(residues: Any, primes: Primes) -> Any:
    """Return a and b modulo the primes: int64 from 0 to p - 1, of the residues' shape."""
    ndim = residues.ndim - 1
    p = primes.column(residues, ndim)
    v, w = (residues[:, j].astype(np.int64) for j in (0, 1))
    b = (v - w) * primes.slopes(residues, ndim) % p
    a = (v - b * primes.roots(residues, ndim)) % p
    return namespace(residues).stack([a, b], axis=1)


def digits(x: Any, primes: Primes) -> list[Any]:
    """Return the balanced mixed-radix digits of the numbers of least size with residues x.

    They are Σ d_k p_0 ... p_{k-1} with |d_k| < p_k/2, int64, by Garner's algorithm. x is int64 of
    shape (primes, ...), and is overwritten.
    """
    out = []
    for k, p in enumerate(primes.numbers):
        out.append(centred(x[k] % p, p))
        if k + 1 < len(primes):
            rest = x[k + 1 :]
            q = primes.column(x, rest.ndim)[k + 1 :]
            x[k + 1 :] = (rest - out[k]) * primes.inverses(x, k, rest.ndim) % q
    return out


def halves(found: Sequence[Any], primes: Primes, count: int) -> list[Any]:
    """Return numbers, given by their digits, in words of 32 bits in two's complement, as uint32.

    So many words must hold them. The lowest comes first.
    """
    out, carry = [], found[-1]
    for _ in range(count):
        out.append(carry & _WORD)
        carry = carry >> 32
    for digit, p in zip(found[-2::-1], primes.numbers[-2::-1], strict=True):
        carry = digit
        for j in range(count):
            carry = out[j] * p + carry  # below 2^55
            out[j], carry = carry & _WORD, carry >> 32
    return [word.astype(np.uint32) for word in out]


def evaluated(found: Sequence[Any], primes: Primes, others: Primes) -> Any:
    """Return numbers of shape (2, ...), given by their digits, as residues modulo other primes."""
    like = found[0]
    xp = namespace(like)
    out = xp.empty((len(others), *like.shape), np.int32)
    for i, (p, *roots, _) in enumerate(others.rows):
        x = found[-1] % p
        for digit, radix in zip(found[-2::-1], primes.numbers[len(found) - 2 :: -1], strict=False):
            x = (x * radix + digit) % p
        for j, root in enumerate(roots):
            out[i, j] = centred((x[0] + x[1] * root) % p, p)
    return out


def _shaped(x: Any, ndim: int) -> Any:
    return x.reshape(-1, *(1,) * (ndim - 1))
