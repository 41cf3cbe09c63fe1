"""The decimals that are printed for vertices which are known exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syntonic.errors import FormatError
from syntonic.io.model import Model, decimal_fault

if TYPE_CHECKING:
    from syntonic.exact.golden import GoldenExact
    from syntonic.tensor import ResonantTensor

__all__ = ["decimal", "printed", "printed_vertices"]

# Every double is told apart from its neighbours by 17 significant digits.
_FORM = ".17g"


def decimal(x: GoldenExact) -> str:
    """Return an exact number as a decimal of 17 significant digits, correctly rounded.

    Trailing zeros are left out.

    Raises
    ------
    FormatError
        If the number is not 0 and its exponent of ten has more than three digits.

    Examples
    --------
    >>> from syntonic import PHI
    >>> decimal(PHI), decimal(PHI / PHI)
    ('1.6180339887498948', '1')
    """
    token = format(x, _FORM)
    if decimal_fault(token) is not None:
        raise FormatError(
            f"an exact number must be 0 or of a size between 1e-999 and 1e999, got about {token}"
        )
    return token


def printed(tensor: ResonantTensor) -> tuple[tuple[str, ...], ...]:
    """Return exact vertices as decimals; see `decimal`.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> printed(ResonantTensor([[0, PHI, PHI / 2]]))
    (('0', '1.6180339887498948', '0.80901699437494742'),)
    """
    rows = tensor.tolist()
    known = {x: decimal(x) for x in {x for row in rows for x in row}}
    return tuple(tuple(known[x] for x in row) for row in rows)


def printed_vertices(model: Model) -> tuple[tuple[str, ...], ...]:
    """Return the printed decimals of a model; made from the exact vertices if it has no others."""
    if model.vertices or model.tensor is None:
        return model.vertices
    return printed(model.tensor)
