"""Run a loop over a range of independent items in threads.

No element of a result depends on which items it is computed among, and items share nothing they
write: results are bitwise the same for any number of threads and any order among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.jit.compile import njit
from syntonic.jit.pool import Pool, packer, run
from syntonic.jit.thread_count import get_num_threads, pool_here

__all__ = [
    "BLOCK",
    "counted_over_elements",
    "crew",
    "driver",
    "in_threads",
    "over_elements",
    "usual",
]

BLOCK = 1024
"""Elements a loop treats before it looks at what it could not decide: a few level-1 pages."""

LEAST_WORK = 1 << 17
"""Elements a thread should have: 50 µs of work, about what it takes to wake a thread."""

LENT_WORK = 1 << 15
"""The same of threads that another library lends: after its own operations they are awake."""

_LONGEST = 1 << 19
"""Elements a thread treats before Ctrl-C can stop it: some milliseconds, at worst half a second."""

PIECES = 4
"""Pieces for each thread: who is slowed down by another program leaves pieces to the others."""


def in_threads(loop: Callable[..., None], items: int, work: int, *arguments: Any) -> None:
    """Call loop(first, last, *arguments) over ranges that make up range(items).

    Parameters
    ----------
    loop
        A compiled loop. It must not raise, except for want of memory.
    items
        How many independent items there are.
    work
        How many array elements they treat together; decides whether threads pay.
    arguments
        Arrays that are read-only or misaligned are only read. numba would compile a loop again
        for each combination of such arrays.

    Raises
    ------
    MemoryError
        If a loop has no memory for what it keeps.
    """
    for x in arguments:
        if isinstance(x, np.ndarray) and not x.flags.carray:
            arguments = tuple(map(usual, arguments))
            break
    pool, pieces, seats = crew(work, items)
    driver(loop)(pool, items, pieces, seats, *arguments)


def crew(work: int, items: int) -> tuple[int, int, int]:
    """Return what a driver needs for work on so many elements: the pool, pieces and seats.

    There are at most as many pieces as items. The pool is 0 where the calling thread does all.
    """
    if items <= 1 or work < 2 * LENT_WORK:
        return 0, 1, 0
    lent = pool_here()
    most = min(items, work // (LEAST_WORK if lent is None else LENT_WORK))
    threads = min(most, get_num_threads()) if most > 1 else 1
    if threads <= 1:
        return 0, 1, 0
    pool = lent or _pool()
    return pool.address, min(most, threads * PIECES), pool.helpers(threads - 1)


def over_elements(
    loop: Callable[..., None], arrays: tuple[npt.NDArray[Any], ...], *rest: Any
) -> None:
    """Call loop(first, last, *arrays, *rest) over the elements of contiguous 1-d arrays.

    Parameters
    ----------
    loop
        A compiled loop as for `in_threads`.
    arrays
        Of one size; the loop gets parts of them between which Ctrl-C can come.
    """
    size, threads = arrays[0].size, get_num_threads()
    step = _LONGEST * threads
    for start in range(0, size, step):
        part = arrays if size <= step else tuple(x[start : start + step] for x in arrays)
        items = part[0].size
        if threads == 1 or items < 2 * LEAST_WORK:
            driver(loop)(0, items, 1, 0, *part, *rest)
        else:
            in_threads(loop, items, items, *part, *rest)


def counted_over_elements(
    loop: Callable[..., None], arrays: tuple[npt.NDArray[Any], ...], *rest: Any, counts: int = 1
) -> npt.NDArray[np.int64]:
    """Call loop(first, last, *arrays, found, *rest) likewise, and return `found`.

    Those are int64 numbers, at first 0, to which the loop adds by `atomics.add_to`.
    """
    found = np.zeros(counts, np.int64)
    over_elements(loop, arrays, found, *rest)
    return found


class _Unlocked:
    """Offers the memory of a read-only array as if it were not."""

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self.owner = x
        interface = x.__array_interface__
        self.__array_interface__ = interface | {"data": (interface["data"][0], False)}


def usual(x: Any) -> Any:
    """Return an array aligned and not marked as read-only, everything else as it is.

    Compiled functions that only read it are then not compiled for it alone.
    """
    if not isinstance(x, np.ndarray) or x.flags.carray:
        return x
    return np.asarray(_Unlocked(x)) if x.flags.aligned else x.copy()


@cache
def driver(loop: Any) -> Callable[..., None]:
    """Return the compiled function (pool, items, pieces, seats, *arguments) that runs this loop.

    It bears the loop's name, file and line, by which it is found again on disk. Called in compiled
    code it is part of that.
    """
    python = loop.py_func
    if python.__closure__ is not None:
        raise TypeError(f"{python.__qualname__} has a closure; loops of one line must be one loop")
    name, code = f"{python.__name__}_in_threads", python.__code__
    names = ", ".join(list(signature(python).parameters)[2:])
    source = (
        "\n" * (code.co_firstlineno - 1)
        + f"def {name}(pool, items, pieces, seats, {names}):\n"
        + f"    entry, pack = packed(({names},))\n"
        + "    run(pool, entry, pack, items, pieces, seats)"
    )
    scope = {"__name__": python.__module__, "packed": packer(loop), "run": run}
    exec(compile(source, code.co_filename, "exec"), scope)
    return njit(scope[name])


_POOLS: dict[str, Pool] = {}


def _pool() -> Pool:
    """Return the one pool of this process; one that another thread made meanwhile wins."""
    return _POOLS.get("one") or _POOLS.setdefault("one", Pool())


if hasattr(os, "register_at_fork"):  # threads do not survive a fork: the child starts its own
    os.register_at_fork(after_in_child=_POOLS.clear)
