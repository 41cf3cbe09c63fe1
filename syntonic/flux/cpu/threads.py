"""Run a loop over a range of independent items in threads.

What an item computes depends on the shapes alone and items share nothing they write, so results
are bitwise the same for any number of threads and any order among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["in_threads"]

LEAST_WORK = 1 << 16
"""Elements a thread should have: some 20 µs of work, what handing over a task costs."""

PIECES = 4
"""Pieces for each thread: who is slowed down by another program leaves pieces to the others."""


def in_threads(loop: Callable[..., None], items: int, work: int, *arguments: Any) -> None:
    """Call loop(first, last, *arguments) over ranges that make up range(items).

    Parameters
    ----------
    loop
        A compiled loop that releases the interpreter lock.
    items
        How many independent items there are.
    work
        How many array elements they treat together; decides whether threads pay. There are as
        many as numba says: NUMBA_NUM_THREADS, or the cores of this process.
    arguments
        Arrays that are read-only or misaligned are only read. numba would compile a loop again
        for each combination of such arrays.
    """
    arguments = tuple(
        _usual(x) if isinstance(x, np.ndarray) and not x.flags.carray else x for x in arguments
    )
    most, limit = min(items, work // LEAST_WORK), vars(numba.config)["NUMBA_NUM_THREADS"]
    threads = min(most, limit)
    if threads <= 1:
        loop(0, items, *arguments)
        return
    pieces = min(most, threads * PIECES)
    bounds = iter([(items * i // pieces, items * (i + 1) // pieces) for i in range(pieces)])

    def take() -> None:
        for first, last in bounds:  # a list's iterator hands each piece to one thread
            loop(first, last, *arguments)

    helpers = [_pool(limit - 1).submit(take) for _ in range(threads - 1)]
    take()
    _finish(helpers)


class _Unlocked:
    """Offers the memory of a read-only array as if it were not."""

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self.owner = x
        address, _ = x.__array_interface__["data"]
        self.__array_interface__ = x.__array_interface__ | {"data": (address, False)}


def _usual(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same array aligned and not marked as read-only."""
    return np.asarray(_Unlocked(x)) if x.flags.aligned else x.copy()


def _finish(helpers: list[Future[None]]) -> None:
    """Wait for the helpers that have begun; one that has not finds no piece left."""
    for helper in helpers:
        if not helper.cancel():
            helper.result()


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    # Kept: starting threads for each call costs more than most calls.
    return ThreadPoolExecutor(threads, thread_name_prefix="syntonic-flux")


if hasattr(os, "register_at_fork"):  # threads do not survive a fork: the child starts its own
    os.register_at_fork(after_in_child=_pool.cache_clear)
