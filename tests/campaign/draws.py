"""The arrays of a seed: edges of int64 and of floats, ties, zeros, cancellation, repeats."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cached_property, lru_cache
from math import isqrt, prod
from typing import Any

import numpy as np

from syntonic import GoldenExact, ResonantTensor
from syntonic.tensor.specification import Carried

from .layouts import LAYOUTS
from .pairs import Pair

__all__ = ["SHAPES", "Arrays", "arrays"]

_EDGES = [s * (2**k + o) for k in (31, 32, 52, 53, 61, 62, 63) for o in (-1, 0, 1) for s in (1, -1)]
_INT64 = [n for n in _EDGES if -(2**63) <= n < 2**63]
_PRIMES = [4294967291, 4294967279, 4294967231]
_SMALL: list[list[int]] = [list(range(-5, 6)), list(range(-1000, 1001))]
_LARGE: list[list[int]] = [
    [0, 1, -1, *_INT64],
    [0, 1, -1, 2**31, -(2**31), 2**32, 2**31 - 1],
    [0, 3, -7, 2**53, -(2**53), 2**53 + 1, 2**52 - 1],
    [0, 1, *_EDGES, 2**70, -(7**30)],
]
_LOW: list[list[int]] = [[1], [1], [2, 4], [1, 2, 3, 4, 5, 6, 7]]
_HIGH: list[list[int]] = [
    [2**31],
    [2**32],
    [2**62],
    [2**32, 2**31],
    [2**61, 2**62],
    [1, 2**61],
    _PRIMES,
    [1, *_PRIMES, 3**39],
]
_UNITS = [(1, 0)]  # φ^-n = a + bφ: ever smaller, of ever larger coefficients
while len(_UNITS) < 90:
    a, b = _UNITS[-1]
    _UNITS.append((b - a, a))

SHAPES = {
    "V": (4,),
    "W": (4,),
    "M": (2, 3),
    "N": (2, 3),
    "S": (3, 3),
    "R": (3, 3),
    "Q": (4, 4),
    "C": (2, 2, 2),
    "B": (2, 3, 3),
    "K": (3, 5),
    "F": (1, 4),
    "D": (10, 11),
    "L": (1030,),
    "P": (1030,),
    "x": (),
    "y": (),
}
_TENS = [0, 0, 0, -2, 3]


def _threshold(rng: random.Random) -> list[int]:
    """Return numbers whose sums or products of some count are the last in int64, or the first out.

    All are of one size: a bound that is a term short is found only where every term counts.
    """
    last = (2**63 - 1) // rng.choice([1, 2, 2, 3, 3, 4, 6, 9, 12, 18, 24])
    n = rng.choice([last, isqrt(last)]) + rng.choice([0, 0, 1])
    return [n, n, n, -n, n - 1]


def _style(seed: int, rng: random.Random) -> tuple[list[int], list[int]]:
    """Return numerators and denominators to draw from; eight seeds have every style twice."""
    pools, overs = (
        (_SMALL, _LOW),
        (_SMALL, _HIGH),
        ([_threshold(rng)], _LOW),
        (_LARGE, [*_LOW, *_HIGH]),
    )[seed // 2 % 4]
    return rng.choice(pools), rng.choice(overs)


class Arrays:
    """The arrays of a seed by name, as tensors in a layout or, without one, as pairs.

    Parameters
    ----------
    seed
        Determines values, masks and integers, and what a layout leaves open.
    layout
        A name of `LAYOUTS`, or "mixed": another one for each array. What one cannot hold takes
        the next that can.
    """

    def __init__(self, seed: int, layout: str | None = None) -> None:
        self.seed, self.layout = seed, layout
        rng = self.random("style")
        self._pool, self._over = _style(seed, rng)
        self._sparse, self._kin = rng.random() < 0.3, rng.random() < 0.5
        self._made: dict[str, Any] = {}

    def random(self, name: str) -> random.Random:
        return random.Random(f"{self.seed} {name}")

    def __getattr__(self, name: str) -> Any:
        if name not in SHAPES:
            raise AttributeError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Any:
        if self.layout is None:
            return self.values(name)
        values = getattr(arrays(self.seed), name)
        rng = self.random(f"{self.layout} {name}")
        names = list(LAYOUTS)
        first = rng.choice(names) if self.layout == "mixed" else self.layout
        for other in names[names.index(first) :]:
            lattice = LAYOUTS[other](values, rng)
            if lattice is not None:
                return ResonantTensor._of(lattice, Carried(100))
        raise AssertionError("unreachable: rationals hold everything")

    def values(self, name: str) -> Any:
        """Return the values of an array, an object array of pairs."""
        shape = SHAPES[name]
        rng = self.random(name)
        if name == "D":
            return _diagonal(rng, *shape)
        out = np.empty(prod(shape), object)
        out[:] = [self._pair(rng, plain=len(out) > 100) for _ in out]
        twin = {"W": "V", "N": "M", "R": "S", "P": "L", "y": "x"}.get(name)
        if twin and self._kin and len(out) < 100:  # so that sums cancel and comparisons tie
            out = np.array([_relative(rng, p, q) for p, q in zip(
                getattr(arrays(self.seed), twin).flat, out, strict=True)], object)  # fmt: skip
        if len(shape) > 1 and rng.random() < 0.3:  # dependent rows: ranks fall
            out = out.reshape(-1, shape[-1])
            out[rng.randrange(len(out))] = out[rng.randrange(len(out))] * rng.choice([1, -2])
        out = out.reshape(shape)
        out.flags.writeable = False
        return out

    def _pair(self, rng: random.Random, plain: bool = False) -> Pair:
        if self._sparse and rng.random() < 0.4:
            return Pair(0)
        if not plain and rng.random() < 0.08:  # equal floats, unequal numbers
            a, b = rng.choice(_UNITS)
            return Pair(rng.choice([0, 1]) + a, b)
        if not plain and rng.random() < 0.08:  # half-way between what it may be rounded to
            return Pair(Fraction(2 * rng.randint(-6, 6) + 1, 2) * Fraction(10) ** rng.choice(_TENS))
        a, b = (Fraction(rng.choice(self._pool), rng.choice(self._over)) for _ in "ab")
        return Pair(a, b if rng.random() < 0.8 else 0)

    @cached_property
    def mask(self) -> Any:
        rng = self.random("mask")
        return np.array([rng.random() < 0.5 for _ in range(4)])

    @cached_property
    def places(self) -> Any:
        rng = self.random("places")
        return np.array([rng.randrange(4) for _ in range(3)])

    @cached_property
    def exponents(self) -> Any:
        rng = self.random("exponents")
        return np.array([rng.randrange(4) for _ in range(4)])

    @property
    def scalar(self) -> Any:
        """One exact number, as the library has it or as the oracle does."""
        p = self._pair(self.random("scalar"))
        return p if self.layout is None else GoldenExact(p.a, p.b)


def _diagonal(rng: random.Random, rows: int, columns: int) -> Any:
    """Return a matrix whose echelon form has a denominator for each row."""
    out = np.full((rows, columns), Pair(0), object)
    for i in range(rows):
        out[i, i], out[i, -1] = Pair(rng.randint(1, 999)), Pair(rng.randint(1, 9))
    return out


@lru_cache(maxsize=512)
def arrays(seed: int, layout: str | None = None) -> Arrays:
    """Return the arrays of a seed, once for all operations: nothing writes into them."""
    return Arrays(seed, layout)


def _relative(rng: random.Random, p: Pair, q: Pair) -> Pair:
    return rng.choice([p, -p, p.galois(), p + Pair(*rng.choice(_UNITS[40:])), q])
