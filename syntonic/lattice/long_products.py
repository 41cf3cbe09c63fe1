"""Products of lattice arrays whose sums float64 does not hold: limbs, residues, FLINT, objects.

All are exact; which one runs follows from bounds and sizes. `_Operand` is the one place that looks
at how an array holds its numerators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from math import gcd, prod
from typing import Any

import numpy as np
from gmpy2 import denom, lcm, numer

from syntonic.jit.policy import compiled_pays
from syntonic.lattice import limbs, residue_products
from syntonic.lattice.arithmetic import bilinear
from syntonic.lattice.array import LatticeArray, int64s
from syntonic.lattice.fraction_residues import OverLeast
from syntonic.lattice.limbs import MOST_LIMBS, limbs_for
from syntonic.lattice.linalg.bounds import max_size
from syntonic.lattice.parts import largest
from syntonic.typing import IntArray

__all__ = ["fraction_product", "long_product"]

Bilinear = Callable[[Any, Any], Any]
_LEAST_WORK = 512
"""Products of elements from which a way in and out pays: those of two matrices of order 8. There
objects take 0.19, 0.24, 0.65 ms with entries of 40, 62, 128 bits, limbs and residues 0.17, 0.23,
0.50, FLINT 0.22, 0.23, 0.70; at order 16 objects take four times as long as either."""

_BLAS_EXACT = 1 << 53

_MOST_LIMBS = 4
"""Limbs of both operands together. With two each, 16 products of floats take less than 8 of
residues with their way in and out: 9.4 to 11.8 ms at order 128, 2.0 to 3.2 at 64. One more
limb makes it 24 products against 10."""


def long_product(function: Bilinear, x: LatticeArray, y: LatticeArray, terms: int) -> LatticeArray:
    """Return function(x, y), a sum of `terms` products for each element, without a bound."""
    if _least_work(function, x, y, terms) < _LEAST_WORK:
        return bilinear(function, x.common(), y.common(), terms)
    p, q = _Operand.of(x), _Operand.of(y)
    bound = 3 * terms * p.bound * q.bound
    width = (53 - terms.bit_length()) // 2
    if p.is_int64 and q.is_int64 and p.limb_count(width) + q.limb_count(width) <= _MOST_LIMBS:
        found = _in_limbs(function, p, q, terms, width)
    elif (plan := residue_products.plan_of(terms, bound.bit_length())) is None:
        return _in_integers(function, x, y, terms)
    else:
        found = residue_products.multiply(function, p, q, plan)
    return _array_of(*found, p.denominator * q.denominator, bound)


def fraction_product(
    function: Bilinear, x: LatticeArray, y: LatticeArray, terms: int
) -> LatticeArray | None:
    """Return function(x, y) where elements have denominators of their own.

    None for few elements, rational ones, and where the least common denominators are long.
    """
    p, q = (_Operand.of(z) if z.is_packed or z.is_wide else _fractions(z) for z in (x, y))
    if p is None or q is None:
        return None
    bound, over = 3 * terms * p.bound * q.bound, p.denominator * q.denominator
    plan = residue_products.plan_of(terms, bound.bit_length())
    if plan is None or gcd(over, prod(plan.primes)) > 1:
        return None
    return _array_of(*residue_products.multiply(function, p, q, plan), over, bound)


def _fractions(x: LatticeArray) -> OverLeast | None:
    return None if x.is_rational else OverLeast.of(x)


def _array_of(digits: Any, shape: tuple[int, ...], denominator: int, bound: int) -> LatticeArray:
    """Return the array of the digits that `residue_products.multiply` returns."""
    if compiled_pays(digits.shape[0] // 2) and limbs_for(bound) <= MOST_LIMBS:
        both = limbs.from_digits(digits, (2, *shape))
        return LatticeArray.wide(both[0, ...], both[1, ...], denominator, bound=bound)
    both = residue_products.integers_of(digits).reshape(2, *shape)
    a, b = both[0, ...], both[1, ...]  # arrays, where the product is a single number too
    if a.dtype == object and denominator == 1:
        return LatticeArray(a, b, None, None, 1)
    return LatticeArray.from_numerators(a, b, denominator)


def _of_matrices(function: Bilinear, x: LatticeArray, y: LatticeArray) -> bool:
    return function is np.matmul and min(x.ndim, y.ndim) >= 2


def _least_work(function: Bilinear, x: LatticeArray, y: LatticeArray, terms: int) -> int:
    """Return a lower bound of how many products of elements function(x, y) adds up."""
    if _of_matrices(function, x, y):
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        return prod(batch) * x.shape[-2] * terms * y.shape[-1]
    if function in (np.dot, np.inner):
        return x.size * y.size // terms
    return max(x.size, y.size)


@dataclass(frozen=True)
class _Operand:
    """The numerators of an array, of any kind, over one denominator, with their bound."""

    a: Any
    b: Any
    denominator: int
    bound: int

    @classmethod
    def of(cls, x: LatticeArray) -> _Operand:
        if x.is_packed:
            return cls(x.a, x.b, x.denominator, x.bound)
        if x.is_wide:
            return cls(x.a, x.b, x.denominator, largest(x.a, x.b))
        a, b, d = _whole(x) if x.is_rational else x.numerators()
        return cls(a, b, d, max_size(a, b))

    @property
    def is_int64(self) -> bool:
        return bool(self.a.dtype == np.int64)

    def limb_count(self, width: int) -> int:
        return -(-(self.bound.bit_length() + 1) // width)

    def limb_width(self, count: int) -> int:
        return -(-(self.bound.bit_length() + 1) // count)

    @cached_property
    def digits(self) -> residue_products.Digits:
        """The digits of a and then those of b."""
        bits = self.bound.bit_length()
        parts = [residue_products.digits_of(n, bits) for n in (self.a, self.b)]
        return residue_products.Digits(np.concatenate(parts))

    def images(self, plan: residue_products.Plan, first: int, last: int) -> Any:
        """Return the images for some primes."""
        return self.digits.images(plan, first, last)


def _whole(x: LatticeArray) -> tuple[Any, Any, int]:
    """Return the numerators of a rational array over one denominator, as arrays of mpz."""
    values = [part.ravel().tolist() for part in (x.a, x.b)]
    d = lcm(*set(map(denom, values[0])).union(map(denom, values[1])))
    columns: list[Any] = [map(numer, column) for column in values]
    if d != 1:
        columns = [[numer(e) * (d // denom(e)) for e in column] for column in values]
    a, b = (np.fromiter(column, object, x.size).reshape(x.shape) for column in columns)
    return a, b, int(d)


def _in_limbs(
    function: Bilinear, x: _Operand, y: _Operand, terms: int, width: int
) -> tuple[Any, tuple[int, ...]]:
    """Multiply integers as sums of limbs of `width` bits, each product of limbs in float64.

    The products of limbs add up `terms` numbers below 2^(2 width), so they are exact. So are those
    of sums of two limbs, which save a quarter of the products, and the sums of all products, where
    four and five times that, the latter for each of the limbs, are below 2^53. Returns what
    `residue_products.multiply` does.
    """
    counts = x.limb_count(width), y.limb_count(width)
    width = max(z.limb_width(count) for z, count in zip((x, y), counts, strict=True))
    size, few = terms << 2 * width, min(counts)
    a, b = (_limbs(part, counts[0], width) for part in (x.a, x.b))
    c, d = (_limbs(part, counts[1], width) for part in (y.a, y.b))
    convolved = partial(_convolve, function, as_floats=5 * few * size <= _BLAS_EXACT)
    ac, bd = convolved(a, c), convolved(b, d)
    if 4 * size <= _BLAS_EXACT:
        both = convolved(list(map(np.add, a, b)), list(map(np.add, c, d)))
        b_out = list(map(np.subtract, both, ac))
    else:
        b_out = [p + q + r for p, q, r in zip(convolved(a, d), convolved(b, c), bd, strict=True)]
    out = np.empty((2, *np.shape(ac[0]), 2), np.int64)
    for part, sums in zip(out, (list(map(np.add, ac, bd)), b_out), strict=True):
        _join([int64s(limb) for limb in sums], width, part)
    return out.astype("<i8", copy=False).view("<u2").reshape(-1, 8), out.shape[1:-1]


def _limbs(x: IntArray, count: int, width: int) -> list[Any]:
    """Split int64 into `count` float64 limbs, lowest first; the highest carries the sign."""
    out = [(x >> (width * k)) & ((1 << width) - 1) for k in range(count - 1)]
    return [part.astype(np.float64) for part in (*out, x >> (width * (count - 1)))]


def _convolve(function: Bilinear, x: list[Any], y: list[Any], as_floats: bool) -> list[Any]:
    out: list[Any] = [0] * (len(x) + len(y) - 1)
    for i, p in enumerate(x):
        for j, q in enumerate(y):
            product = function(p, q)
            out[i + j] = out[i + j] + (product if as_floats else int64s(product))
    return out


def _join(limbs: list[IntArray], width: int, out: IntArray) -> None:
    """Write Σ limb_k 2^(k width) for at most three limbs, as two words of two's complement.

    With carries settled, Σ = low + rest·2^(2 width) for 0 <= low < 2^(2 width) and |rest| < 2^62.
    """
    mask = (1 << width) - 1
    limbs = limbs + [np.zeros_like(limbs[0])] * (3 - len(limbs))
    middle = limbs[1] + (limbs[0] >> width)
    low = (limbs[0] & mask) + ((middle & mask) << width)
    rest = limbs[2] + (middle >> width)
    out[..., 0], out[..., 1] = low + (rest << (2 * width)), rest >> (64 - 2 * width)


def _in_integers(function: Bilinear, x: LatticeArray, y: LatticeArray, terms: int) -> LatticeArray:
    """Multiply without a bound on the entries: matrices through FLINT."""
    if not _of_matrices(function, x, y):
        return bilinear(function, x.common(), y.common(), terms)
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    a, b, d = x.numerators()
    p, q, e = y.numerators()
    a, b = (np.broadcast_to(part, batch + x.shape[-2:]) for part in (a, b))
    p, q = (np.broadcast_to(part, batch + y.shape[-2:]) for part in (p, q))
    out = np.empty((2, *batch, x.shape[-2], y.shape[-1]), dtype=object)
    for i in np.ndindex(batch):
        out[0][i], out[1][i] = _flint_product(a[i], b[i], p[i], q[i])
    return LatticeArray.from_numerators(out[0], out[1], d * e)


def _flint_product(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any]:
    """Return the parts of (a + bφ)(c + dφ) for integer matrices, by three products."""
    from flint import fmpz_mat

    m, n, k, t = (fmpz_mat([[int(x) for x in row] for row in part]) for part in (a, b, c, d))
    mk = m * k
    return _ints(mk + n * t), _ints((m + n) * (k + t) - mk)


def _ints(matrix: Any) -> list[list[int]]:
    return [[int(x) for x in row] for row in matrix.tolist()]
