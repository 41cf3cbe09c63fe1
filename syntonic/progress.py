"""A bar on the standard error stream for work that takes long, where it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["DELAY", "shown"]

T = TypeVar("T")

DELAY = 1.0
"""Seconds in which most work is done, so that it needs no bar."""


def shown(
    work: Iterable[T], what: str, progress: bool, *, total: int | None = None, delay: float = 0
) -> Iterable[T]:
    """Return work that is to be gone through, with a bar if there is to be one.

    The bar appears after `delay` seconds, if there is still work then, and goes when all is done.
    """
    if not progress:
        return work
    from tqdm import tqdm

    bar: Iterable[T] = tqdm(work, total=total, desc=what, leave=False, delay=delay)
    return bar
