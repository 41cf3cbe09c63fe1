"""Exact numbers as JSON: plain lists of integers, which any program reads.

An object is ``{"field": "Q(phi)", "shape": [...], "denominator": "1", "a": [...], "b": [...]}`` for
the elements (a + bφ)/denominator in C order, and "precision" where it was chosen. Integers beyond
2^53, which readers that use doubles would round, are texts; the denominator always is.
"""

from __future__ import annotations

import json
from typing import Any

from syntonic.errors import FormatError
from syntonic.interop.parts import as_exact, carried, decimal, integers, rebuilt
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["from_json", "to_json"]


def __dir__() -> list[str]:
    return [*__all__]


_FIELD = "Q(phi)"
_SAFE = 1 << 53


def to_json(t: ResonantTensor | ExactArrayLike) -> dict[str, Any]:
    """Return an exact tensor as an object that `json.dumps` writes.

    Parameters
    ----------
    t : ResonantTensor or exact array-like
        Crystallized, of any shape; a number has the shape [].

    Returns
    -------
    dict
        With "field", "shape", "denominator", "a", "b" and, where it was chosen, "precision".

    Raises
    ------
    PhaseError
        t is in flux.

    See Also
    --------
    from_json : the way back.

    Examples
    --------
    >>> from syntonic import PHI
    >>> to_json([1, PHI / 2])
    {'field': 'Q(phi)', 'shape': [2], 'denominator': '2', 'a': [2, 0], 'b': [0, 1]}
    """
    x = as_exact(t, "to_json")
    a, b, denominator = integers(x)
    return {
        "field": _FIELD,
        "shape": list(x.shape),
        "denominator": decimal(denominator),
        "a": list(map(_safe, a)),
        "b": list(map(_safe, b)),
        **carried(x),
    }


def _safe(n: int) -> int | str:
    return n if -_SAFE <= n <= _SAFE else decimal(n)


def from_json(data: dict[str, Any] | str | bytes) -> ResonantTensor:
    """Return the tensor of such an object, or of its text.

    Parameters
    ----------
    data : dict, str or bytes

    Returns
    -------
    ResonantTensor
        Crystallized.

    Raises
    ------
    FormatError
        It is no such object.

    See Also
    --------
    to_json : the way there.

    Examples
    --------
    >>> from_json('{"field": "Q(phi)", "shape": [], "denominator": "2", "a": [1], "b": ["3"]}')
    ResonantTensor(1/2 + 3/2φ)
    """
    where = "from_json"
    if isinstance(data, (str, bytes)):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{where}: the text must be JSON: {error}") from None
    if not isinstance(data, dict) or data.get("field") != _FIELD:
        raise FormatError(f'{where}: data must be an object with "field": "{_FIELD}"')
    shape, a, b = (data.get(name) for name in ("shape", "a", "b"))
    if not all(isinstance(each, list) for each in (shape, a, b)):
        raise FormatError(f"{where}: shape, a and b must be lists")
    return rebuilt(a, b, data, tuple(shape or ()), where)
