"""Assertions about exact numbers, and Hypothesis strategies that make them.

Everything is imported when it is first asked for, Hypothesis only with a strategy, SymPy only when
an expression of its is given; so pytest and Hypothesis find their plugins at no cost. The
assertions raise AssertionError where the claim is false and other errors where it is not well
posed.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from syntonic.testing.approximation import approx
    from syntonic.testing.equality import assert_exact_equal
    from syntonic.testing.floats import assert_ulp_equal
    from syntonic.testing.identity import IdentityProof, assert_identity
    from syntonic.testing.membership import assert_on_lattice
    from syntonic.testing.sequences import assert_sequence_identity
    from syntonic.testing.strategies import golden_integers, golden_numbers, resonant_tensors

__all__ = [
    "IdentityProof",
    "approx",
    "assert_exact_equal",
    "assert_identity",
    "assert_on_lattice",
    "assert_sequence_identity",
    "assert_ulp_equal",
    "golden_integers",
    "golden_numbers",
    "resonant_tensors",
]

_LATER = {
    "IdentityProof": "identity",
    "approx": "approximation",
    "assert_exact_equal": "equality",
    "assert_identity": "identity",
    "assert_on_lattice": "membership",
    "assert_sequence_identity": "sequences",
    "assert_ulp_equal": "floats",
    "golden_integers": "strategies",
    "golden_numbers": "strategies",
    "resonant_tensors": "strategies",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _import_module(f"{__name__}.{_LATER[name]}")
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return [*__all__]
