"""What the formats have in common: integers a, b over one denominator, and what else is carried."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from gmpy2 import mpz

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import BackendUnavailableError, FormatError, PhaseError, shown
from syntonic.exact.golden import GoldenExact
from syntonic.tensor import ResonantTensor

__all__ = ["as_exact", "carried", "decimal", "integers", "narrow", "rebuilt", "required"]


def required(package: str, where: str) -> Any:
    """Return an optional package.

    Raises
    ------
    BackendUnavailableError
        It is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise BackendUnavailableError(
            f"{where}: {package} is not installed; run: pip install {package}"
        ) from error


def as_exact(t: Any, where: str) -> ResonantTensor:
    """Return a crystallized tensor, or raise."""
    x = t if isinstance(t, ResonantTensor) else ResonantTensor(t)
    if not x.is_crystallized:
        raise PhaseError(
            f"{where}: the tensor must be crystallized, got flux; call .crystallize(), or store "
            "the floats of .flux_array"
        )
    return x.to_device("cpu")


def integers(t: ResonantTensor) -> tuple[list[int], list[int], int]:
    """Return all numerators as integers of Python's, in C order, and the denominator."""
    a, b, denominator = t.numerators()
    return [int(n) for n in a.ravel()], [int(n) for n in b.ravel()], int(denominator)


def decimal(n: Any) -> str:
    """Return an integer as text; Python refuses some thousand digits."""
    return str(mpz(n))


def narrow(t: ResonantTensor, where: str, remedy: str) -> tuple[Any, Any, int]:
    """Return flat int64 arrays of numerators, and the denominator.

    Raises
    ------
    OverflowError
        A numerator has more than 64 bits.
    """
    a, b, denominator = t.numerators()
    if a.dtype == object or b.dtype == object:
        raise OverflowError(
            f"{where}: numerators must fit 64 bits, got a longer one over the common denominator; "
            f"{remedy}"
        )
    return np.ascontiguousarray(a).ravel(), np.ascontiguousarray(b).ravel(), int(denominator)


def carried(t: ResonantTensor) -> dict[str, str]:
    """Return the precision as a text, where somebody chose it."""
    named = t._carried.named or t.precision != DEFAULT_PRECISION
    return {"precision": str(t.precision)} if named else {}


def rebuilt(a: Any, b: Any, header: dict[str, Any], shape: Any, where: str) -> ResonantTensor:
    """Return the tensor of numerators and of a header of texts with denominator and precision.

    Raises
    ------
    FormatError
        They do not fit each other, or are no integers.
    """
    try:
        denominator = _integer(header.get("denominator", 1), "denominator")
        precision = header.get("precision")
        precision = None if precision is None else _integer(precision, "precision")
        parts = [_integers(part, name) for part, name in ((a, "a"), (b, "b"))]
        return ResonantTensor.from_lattice(
            *parts, denominator=denominator, precision=precision, shape=shape
        )
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}: {error}") from error


def _integers(part: Any, name: str) -> Any:
    if isinstance(part, np.ndarray) and part.dtype.kind in "iu":
        return part
    values = [_integer(x, name) for x in part]
    return np.fromiter(values, dtype=object, count=len(values))


def _integer(x: Any, name: str) -> int:
    if isinstance(x, bytes):
        x = x.decode("ascii")
    if isinstance(x, str):
        value = GoldenExact(x)
        if value.is_integral():
            return int(value)
    elif isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        return int(x)
    raise ValueError(f"{name} must hold integers, got {shown(x)}")
