"""A user's program, for type checkers alone: what they must infer, and what they must report.

Each `type: ignore` is needed: one that is not is an error too.
"""

from decimal import Decimal
from fractions import Fraction
from typing import assert_type

import numpy as np
from gmpy2 import mpq, mpz  # pyright: ignore[reportAttributeAccessIssue]
from numpy.typing import NDArray

from syntonic import (
    PHI,
    GoldenExact,
    GoldenNormMode,
    PhiResidualMode,
    ResonantTensor,
    golden_layer_norm,
    identify,
    integers,
    linalg,
    phi_residual,
    polynomials,
    snap,
    syntonic_softmax,
)
from syntonic.exact.gmp import mpq as syntonic_mpq


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
    _ = PHI * mpq(1, 2) + mpz(3)  # gmpy2 has no types, so neither has this
    assert_type(3 * PHI - Fraction(1, 2), GoldenExact)
    assert_type(PHI.norm() + 1 - Fraction(1, 2), syntonic_mpq)
    assert_type(PHI.norm() * PHI, GoldenExact)
    assert_type(PHI.trace() < 2, bool)
    assert_type(Fraction(PHI.a), Fraction)
    assert_type(PHI * n, GoldenExact)
    assert_type(PHI * True, GoldenExact)
    assert_type(PHI * t, ResonantTensor)
    assert_type(t / PHI, ResonantTensor)
    _ = PHI + 0.5  # type: ignore[operator]
    _ = 0.5 * PHI  # type: ignore[operator]
    _ = PHI * "2"  # type: ignore[operator]
    _ = PHI - 1j  # type: ignore[operator]


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


def tensors(t: ResonantTensor, n: NDArray[np.int64]) -> None:
    assert_type(t + 1, ResonantTensor)
    assert_type(Fraction(1, 2) - t, ResonantTensor)
    assert_type(t @ t, ResonantTensor)
    assert_type(t**2, ResonantTensor)
    assert_type(-t, ResonantTensor)
    assert_type(abs(t), ResonantTensor)
    assert_type(divmod(t, 2), tuple[ResonantTensor, ResonantTensor])
    assert_type(t < PHI, NDArray[np.bool_])
    assert_type(t == t, NDArray[np.bool_])
    assert_type(t.equals([1, PHI]), bool)
    assert_type(t.argmax(), np.int64)
    assert_type(t.argmax(0), NDArray[np.int64])
    assert_type(t.argsort(), NDArray[np.int64])
    assert_type(t.sum(axis=0), ResonantTensor)
    assert_type(t.unique(), ResonantTensor)
    assert_type(t.field_norm(), ResonantTensor)
    assert_type(t.to_floats(), NDArray[np.float64])
    assert_type(t.item(), GoldenExact | float)
    assert_type(t[0], ResonantTensor)
    assert_type(t.at[0].set(PHI), ResonantTensor)
    assert_type(ResonantTensor([[1, PHI], [Fraction(1, 2), mpz(3)]]), ResonantTensor)
    ResonantTensor(t)
    ResonantTensor(n)
    ResonantTensor(1.5)  # type: ignore[arg-type]
    ResonantTensor("phi")  # type: ignore[arg-type]
    ResonantTensor(None)  # type: ignore[arg-type]


def matrices(t: ResonantTensor) -> None:
    assert_type(linalg.det(t), ResonantTensor)
    assert_type(linalg.det([[1, PHI], [PHI, 1]]), ResonantTensor)
    assert_type(linalg.rank(t), int | NDArray[np.int64])
    assert_type(linalg.rref(t), tuple[ResonantTensor, list[int]])
    assert_type(linalg.hermite_form(t), ResonantTensor)
    assert_type(linalg.hermite_form(t, transform=True), tuple[ResonantTensor, ResonantTensor])
    assert_type(polynomials.roots([1, -1, -1]), list[tuple[GoldenExact, int]])
    linalg.det("x")  # type: ignore[arg-type]
    linalg.det(1.5)  # type: ignore[arg-type]
    polynomials.factor("x")  # type: ignore[arg-type]


def floats(x: NDArray[np.float64]) -> None:
    assert_type(identify(1.618), GoldenExact | None)
    assert_type(identify("0.809"), GoldenExact | None)
    assert_type(identify(x), NDArray[np.object_])
    assert_type(identify(["0.8", "0.6"]), NDArray[np.object_])
    assert_type(snap(x).tensor, ResonantTensor)
    assert_type(ResonantTensor.from_floats(x, denominator="auto"), ResonantTensor)
    identify(1j)  # type: ignore[call-overload]


def networks(t: ResonantTensor, gamma: NDArray[np.float64]) -> None:
    assert_type(phi_residual(t, t), ResonantTensor)
    assert_type(phi_residual(t, t, PhiResidualMode.PHI), ResonantTensor)
    assert_type(golden_layer_norm(t, "standard", gamma=gamma), ResonantTensor)
    assert_type(golden_layer_norm(t, GoldenNormMode(2.0)), ResonantTensor)
    assert_type(syntonic_softmax(t, mode="identity"), ResonantTensor)
    phi_residual(t, t, "phy")  # type: ignore[arg-type]
    golden_layer_norm(t, "goldn")  # type: ignore[arg-type]
    golden_layer_norm(t, 1.5)  # type: ignore[arg-type]
    syntonic_softmax(t, mode="lerned")  # type: ignore[arg-type]
