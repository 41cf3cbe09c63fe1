"""The decimals that are printed for vertices which are known exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syntonic.errors import FormatError
from syntonic.io.model import Model, decimal_fault

if TYPE_CHECKING:
    from syntonic.tensor import ResonantTensor

__all__ = ["printed", "printed_vertices"]

# Every double is told apart from its neighbours by 17 significant digits.
_FORM = ".17g"


def printed(tensor: ResonantTensor) -> tuple[tuple[str, ...], ...]:
    """Return exact vertices as decimals of 17 significant digits, correctly rounded.

    Trailing zeros are left out.

    Raises
    ------
    FormatError
        If a coordinate is not 0 and its exponent of ten has more than three digits.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> printed(ResonantTensor([[0, PHI, PHI / 2]]))
    (('0', '1.6180339887498948', '0.80901699437494742'),)
    """
    known = {x: format(x, _FORM) for x in {x for row in tensor.tolist() for x in row}}
    for token in known.values():
        if decimal_fault(token) is not None:
            raise FormatError(
                "an exact coordinate must be 0 or of a size between 1e-999 and 1e999, got one "
                f"of about {token}"
            )
    return tuple(tuple(known[x] for x in row) for row in tensor.tolist())


def printed_vertices(model: Model) -> tuple[tuple[str, ...], ...]:
    """Return the printed decimals of a model; made from the exact vertices if it has no others."""
    if model.vertices or model.tensor is None:
        return model.vertices
    return printed(model.tensor)
