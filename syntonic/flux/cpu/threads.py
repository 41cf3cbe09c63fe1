"""Run a loop over a range of independent items in threads.

What an item computes depends on the shapes alone and items share nothing they write, so results
are bitwise the same for any number of threads and any order among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["in_threads"]

LEAST_WORK = 1 << 17
"""Elements a thread should have: 50 µs of work, about what it takes to wake a thread."""

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

    jobs = [_Job(take) for _ in range(threads - 1)]
    _helpers().share(jobs, limit - 1)
    take()
    for job in jobs:
        job.finish()


class _Unlocked:
    """Offers the memory of a read-only array as if it were not."""

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self.owner = x
        address, _ = x.__array_interface__["data"]
        self.__array_interface__ = x.__array_interface__ | {"data": (address, False)}


def _usual(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same array aligned and not marked as read-only."""
    return np.asarray(_Unlocked(x)) if x.flags.aligned else x.copy()


class _Job:
    """Work for a helper, or for none if it is not begun before it is finished."""

    def __init__(self, take: Callable[[], None]) -> None:
        self.take = take
        self.error: BaseException | None = None
        self.begun, self.done = Lock(), Lock()
        self.done.acquire()

    def run(self) -> None:
        if not self.begun.acquire(blocking=False):
            return
        try:
            self.take()
        except BaseException as error:
            self.error = error
        self.done.release()

    def finish(self) -> None:
        """Wait if it is begun; if not, there was nothing left to do."""
        if self.begun.acquire(blocking=False):
            return
        self.done.acquire()
        if self.error is not None:
            raise self.error


class _Helpers:
    """Threads that wait for jobs: handing one over takes a tenth of what an executor takes."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[_Job] = SimpleQueue()
        self.count, self.lock = 0, Lock()

    def share(self, jobs: list[_Job], most: int) -> None:
        if self.count < most:
            self._start(most)
        for job in jobs:
            self.jobs.put(job)

    def _start(self, most: int) -> None:
        with self.lock:
            for _ in range(most - self.count):
                Thread(target=self._serve, name="syntonic-flux", daemon=True).start()
            self.count = max(self.count, most)

    def _serve(self) -> None:
        while True:
            self.jobs.get().run()


@lru_cache(maxsize=1)
def _helpers() -> _Helpers:
    return _Helpers()


if hasattr(os, "register_at_fork"):  # threads do not survive a fork: the child starts its own
    os.register_at_fork(after_in_child=_helpers.cache_clear)
