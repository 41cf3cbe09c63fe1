"""NumPy's questions about dtypes and memory, which libraries ask of whatever they are given.

A tensor answers by its dtype, object when crystallized, or by the arrays it holds. Nothing is
computed, so tensors of both phases may stand in one question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.tensor.base import TensorBase
from syntonic.tensor.memory import parts_of
from syntonic.tensor.operands import replace_tensors, tensors_in

__all__ = ["ANSWERS"]


def _by_dtype(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    args, kwargs = (replace_tensors(x, lambda t: t.dtype) for x in (args, kwargs))
    return function(*args, **kwargs)


def _min_scalar_type(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """NumPy looks at the value where there is but one float."""
    given = replace_tensors(
        (args, kwargs), lambda t: np.dtype("O") if t.is_crystallized else t._data
    )
    return function(*given[0], **given[1])


def _common_type(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return object where one is crystallized: NumPy knows no common type of it and floats."""
    if any(t.is_crystallized for t in tensors_in(args)):
        return np.object_
    args = replace_tensors(args, lambda t: np.empty(0, t.dtype))
    return function(*args, **kwargs)


def _shared(function: Callable[..., Any], args: Any, kwargs: Any) -> bool:
    """Return whether any array of the one shares memory with any of the other."""
    left, right = (parts_of(x._data) if isinstance(x, TensorBase) else [x] for x in args[:2])
    return any(_overlap(function, x, y, (args[2:], kwargs)) for x in left for y in right)


def _overlap(function: Callable[..., Any], x: Any, y: Any, options: Any) -> bool:
    """Ask NumPy of its own arrays, CuPy of its own; an array shares nothing with another kind."""
    hosts = [isinstance(each, (np.ndarray, np.generic)) for each in (x, y)]
    if all(hosts) or type(x) is type(y):
        return bool(function(x, y, *options[0], **options[1]))
    return False


ANSWERS: dict[str, Callable[[Callable[..., Any], Any, Any], Any]] = {
    **dict.fromkeys(("can_cast", "result_type"), _by_dtype),
    **dict.fromkeys(("may_share_memory", "shares_memory"), _shared),
    "common_type": _common_type,
    "min_scalar_type": _min_scalar_type,
}
"""The answer to each: called with NumPy's function and its arguments."""
