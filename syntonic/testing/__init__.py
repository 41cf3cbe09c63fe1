"""Assertions about exact numbers, and Hypothesis strategies that make them.

Hypothesis is imported only when a strategy is asked for, SymPy only when an expression of its is
given. The assertions raise AssertionError where the claim is false and other errors where it is
not well posed.
"""

from typing import Any

from syntonic.testing.equality import assert_exact_equal
from syntonic.testing.floats import assert_ulp_equal
from syntonic.testing.identity import IdentityProof, assert_identity
from syntonic.testing.membership import assert_on_lattice

__all__ = [
    "IdentityProof",
    "assert_exact_equal",
    "assert_identity",
    "assert_on_lattice",
    "assert_ulp_equal",
    "golden_integers",
    "golden_numbers",
    "resonant_tensors",
]

_STRATEGIES = ("golden_integers", "golden_numbers", "resonant_tensors")


def __getattr__(name: str) -> Any:
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from syntonic.testing import strategies

    return getattr(strategies, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
