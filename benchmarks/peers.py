"""Random inputs, and the same elements as the objects of each peer."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
from sympy import QQ
from sympy import sqrt as sympy_sqrt

from syntonic import ResonantTensor

try:
    from cypari import pari
except ImportError:
    pari = None
try:
    from sage import all as sage
except ImportError:
    sage = None

RNG = np.random.default_rng(20)
SYMPY_FIELD = QQ.algebraic_field(sympy_sqrt(5))


def lattice(shape: Any, bound: int, denominators: Any = None) -> ResonantTensor:
    """Return random elements, each over its own denominator if denominators are given."""
    t = ResonantTensor.random_lattice(shape, bound=bound, seed=RNG)
    return t if denominators is None else t / ResonantTensor(denominators)


# -- the peers' own objects ---------------------------------------------------------------


def to_mpq(t: ResonantTensor) -> tuple[Any, Any]:
    return t.a, t.b


def mpq_multiply(x: Any, y: Any) -> tuple[Any, Any]:
    bd = x[1] * y[1]
    return x[0] * y[0] + bd, x[0] * y[1] + x[1] * y[0] + bd


def to_fmpq(t: ResonantTensor) -> list[tuple[Any, Any]]:
    def one(q: Any) -> Any:
        return flint.fmpq(int(q.numerator), int(q.denominator))

    return [(one(a), one(b)) for a, b in zip(t.a.flat, t.b.flat, strict=True)]


def fmpq_multiply(x: list[Any], y: list[Any]) -> list[Any]:
    out = []
    for (a, b), (c, d) in zip(x, y, strict=True):
        bd = b * d
        out.append((a * c + bd, a * d + b * c + bd))
    return out


def to_pari(t: ResonantTensor) -> Any:
    """Return a PARI vector or matrix of elements of Q(φ), as quadratic numbers."""
    w = pari("quadgen(5)")
    items = [pari(str(a)) + pari(str(b)) * w for a, b in zip(t.a.flat, t.b.flat, strict=True)]
    return pari.matrix(*t.shape, items) if t.ndim == 2 else pari(items)


def to_sympy(t: ResonantTensor) -> list[Any]:
    root = SYMPY_FIELD.unit  # √5
    phi = (SYMPY_FIELD.one + root) * SYMPY_FIELD.convert(QQ(1, 2))
    return [
        SYMPY_FIELD.convert(QQ(int(a.numerator), int(a.denominator)))
        + SYMPY_FIELD.convert(QQ(int(b.numerator), int(b.denominator))) * phi
        for a, b in zip(t.a.flat, t.b.flat, strict=True)
    ]


def to_sage(t: ResonantTensor) -> Any:
    """Return a list or matrix of elements of Sage's number field."""
    x = sage.polygen(sage.QQ)
    field = sage.NumberField(x**2 - x - 1, "phi", embedding=sage.RR(1.6))
    items = [field([a, b]) for a, b in zip(t.a.flat, t.b.flat, strict=True)]
    return sage.matrix(field, *t.shape, items) if t.ndim == 2 else items


# mpz and fmpz do not compare; both compare with int.
to_int = np.vectorize(int, otypes=[object])


def require(condition: Any, task: str) -> None:
    if not condition:
        raise SystemExit(f"{task}: the contenders disagree")
