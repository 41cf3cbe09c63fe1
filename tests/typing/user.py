"""A user's program, for type checkers alone: what they must infer, and what they must report.

Each `type: ignore` is needed: one that is not is an error too.
"""

from decimal import Decimal
from fractions import Fraction
from typing import assert_type

import numpy as np
from gmpy2 import mpq, mpz
from numpy.typing import NDArray

from syntonic import PHI, GoldenExact, ResonantTensor, integers


def arithmetic(n: np.int64, t: ResonantTensor) -> None:
    assert_type(PHI + 1, GoldenExact)
    assert_type(1 - PHI, GoldenExact)
    assert_type(PHI / 3, GoldenExact)
    assert_type(3 / PHI, GoldenExact)
    assert_type(PHI**2 + 1, GoldenExact)
    assert_type(PHI // 2, int)
    assert_type(7 % PHI, GoldenExact)
    assert_type(divmod(PHI, 2), tuple[int, GoldenExact])
    assert_type(divmod(7, PHI), tuple[int, GoldenExact])
    assert_type(-PHI, GoldenExact)
    assert_type(abs(PHI), GoldenExact)
    assert_type(PHI * Fraction(1, 2), GoldenExact)
    assert_type(Fraction(1, 2) * PHI, GoldenExact)
    PHI * mpq(1, 2) + mpz(3)  # gmpy2 has no types, so neither has this
    assert_type(PHI * n, GoldenExact)
    assert_type(PHI * True, GoldenExact)
    assert_type(PHI * t, ResonantTensor)
    assert_type(t / PHI, ResonantTensor)
    PHI + 0.5  # type: ignore[operator]
    0.5 * PHI  # type: ignore[operator]
    PHI * "2"  # type: ignore[operator]
    PHI - 1j  # type: ignore[operator]


def arrays(n: NDArray[np.int64], x: NDArray[np.object_]) -> None:
    assert_type(PHI * n, NDArray[np.object_])
    assert_type(n * PHI, NDArray[np.object_])
    assert_type(PHI - x, NDArray[np.object_])
    assert_type(n / PHI, NDArray[np.object_])


def order(d: Decimal) -> None:
    assert_type(PHI < 2, bool)
    assert_type(PHI > 1.6, bool)
    assert_type(d <= PHI, bool)
    assert_type(PHI == 1.6, bool)
    _ = PHI < "2"  # type: ignore[operator]
    _ = PHI < None  # type: ignore[operator]


def construction(n: np.int64, x: np.float64) -> None:
    assert_type(GoldenExact(1, "3/2"), GoldenExact)
    assert_type(GoldenExact(Fraction(1, 2), n), GoldenExact)
    assert_type(GoldenExact(PHI, 2), GoldenExact)
    assert_type(GoldenExact.from_numerators(n, mpz(2)), GoldenExact)
    assert_type(GoldenExact.from_float_exact(x), GoldenExact)
    assert_type(GoldenExact.parse("φ/2"), GoldenExact)
    GoldenExact(1.5)  # type: ignore[arg-type]
    GoldenExact(1, PHI)  # type: ignore[arg-type]
    GoldenExact.from_numerators(1.5, 2)  # type: ignore[arg-type]


def conversion() -> None:
    assert_type(float(PHI), float)
    assert_type(int(PHI), int)
    assert_type(round(PHI), int)
    assert_type(round(PHI, 2), GoldenExact)
    assert_type(PHI.galois_conjugate(), GoldenExact)
    assert_type(PHI.minkowski(), tuple[float, float])
    assert_type(PHI.continued_fraction(3), list[int])


def number_theory() -> None:
    assert_type(integers.gcd(PHI, 3), GoldenExact)
    assert_type(integers.factor(1001), tuple[GoldenExact, list[tuple[GoldenExact, int]]])
    assert_type(integers.fibonacci(10), int)
    assert_type(integers.unit_log(PHI), tuple[int, int])
    integers.gcd("x", 3)  # type: ignore[arg-type]
    integers.fibonacci(1.5)  # type: ignore[arg-type]
