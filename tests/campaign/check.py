"""One operation on the arrays of one seed: in every layout, and by the oracles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from syntonic import ResonantTensor
from syntonic.jit import policy
from syntonic.lattice import loops

from .draws import Arrays, arrays
from .invariants import assert_invariants
from .layouts import LAYOUTS, values_of
from .operations import OPERATIONS, Operation, called
from .pairs import Pair

__all__ = ["check"]


def check(name: str, seed: int) -> None:
    """Check an operation on the arrays of a seed; AssertionError says what differs."""
    operation = OPERATIONS[name]
    with _engine(seed):
        for call in operation.calls:
            found = {
                layout: _outcome(operation.function, call, arrays(seed, layout))
                for layout in (*LAYOUTS, "mixed")
            }
            wanted = found["rational"]
            for layout, outcome in found.items():
                foreign = [text for text in outcome[2] if not text.startswith("SnapWarning: ")]
                assert not foreign, f"({call}) in layout {layout} warns: {foreign}"
                assert outcome == wanted, _difference(
                    f"({call}) in layout {layout}", outcome, "in rational", wanted
                )
            _check_rights(operation, call, seed, wanted)


def _check_rights(operation: Operation, call: str, seed: int, found: Any) -> None:
    for oracle in operation.rights:
        right = _outcome(oracle, call, arrays(seed))
        where = f"({call}) against {getattr(oracle, '__qualname__', oracle)}"
        assert found[0] == right[0], _difference(where, found, "the oracle", right)
        if found[0] == "value":
            assert found[1] == right[1], _difference(where, found, "the oracle", right)


def _outcome(function: Any, call: str, arrays: Arrays) -> tuple[str, Any, list[str]]:
    """Return what came, a value or an error, and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            kind, found = "value", _plain(called(function, call, arrays))
        except AssertionError:
            raise
        except Exception as error:  # PARI has its own
            kind, found = "error", f"{type(error).__name__}: {error}"
    return kind, found, [f"{w.category.__name__}: {w.message}" for w in caught]


def _plain(x: Any) -> Any:
    """Return a result as its shape and its elements, exact ones as pairs of fractions."""
    if isinstance(x, ResonantTensor):
        assert_invariants(x)
        if not x.is_crystallized:
            return _plain(x.flux_array)
        return (x.shape, values_of(x._data))
    if isinstance(x, (str, bytes)) or x is None:
        return x
    if isinstance(x, (tuple, list)):
        return [_plain(item) for item in x]
    array = np.asarray(x)
    return (array.shape, [_element(v) for v in array.ravel().tolist()])


def _element(v: Any) -> Any:
    if isinstance(v, (str, float)):
        return v
    p = Pair.of(v)
    return p.a, p.b


def _difference(where: str, found: Any, other: str, wanted: Any) -> str:
    return f"{where}: {_short(found)}; {other}: {_short(wanted)}"


def _short(x: Any) -> str:
    try:
        text = repr(x).replace("Fraction", "")
    except ValueError:  # Python shows no integers of more than 4300 digits
        return "numbers that are too long to show"
    return text if len(text) < 700 else f"{text[:700]}..."


@contextmanager
def _engine(seed: int) -> Iterator[None]:
    """Run on the compiled loops for odd seeds, whatever the size; without any for even ones."""
    sizes = (0, 0, 1) if seed % 2 else (1 << 62,) * 3
    before = policy.LOADED_SIZE, policy.COLD_SIZE, loops.SMALLEST
    policy.LOADED_SIZE, policy.COLD_SIZE, loops.SMALLEST = sizes
    try:
        yield
    finally:
        policy.LOADED_SIZE, policy.COLD_SIZE, loops.SMALLEST = before
