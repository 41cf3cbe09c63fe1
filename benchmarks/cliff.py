"""What a row of the table of cliffs is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Row(NamedTuple):
    """Two calls that look as hard, and how much slower one may be."""

    name: str
    group: str
    setup: Callable[[int], tuple[Any, ...]]
    """The arguments of both calls, for a number of elements."""
    slow: Callable[..., Any]
    neighbour: Callable[..., Any]
    bound: float
    size: int = 20_000
