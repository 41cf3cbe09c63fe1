"""Threads that a library lends: asked for once a loop, and every item is treated once."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from syntonic.jit.team import Team
from syntonic.jit.thread_count import at_most, pool_here
from syntonic.jit.threads import LENT_WORK, crew, in_threads

Set = Callable[[int], None]
WORK = 1 << 40

_PARALLEL = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint
)  # as GOMP_parallel
_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Lender:
    """A library with threads, made for each call."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._function = _PARALLEL(self._parallel)
        self.team = Team(ctypes.cast(self._function, ctypes.c_void_p).value or 0)

    def _parallel(self, work: int, data: int, number: int, flags: int) -> None:
        self.numbers.append(number)
        call = _WORK(work)
        helpers = [threading.Thread(target=call, args=(data,)) for _ in range(number - 1)]
        for helper in helpers:
            helper.start()
        call(data)
        for helper in helpers:
            helper.join()


@pytest.fixture(scope="module")
def lender() -> _Lender:
    return _Lender()


@numba.njit(nogil=True)
def _count(first: int, last: int, seen: Any) -> None:
    for i in range(first, last):
        seen[i] += 1


@numba.njit(nogil=True)
def _keep(first: int, last: int, size: int) -> None:
    np.empty(size)[0] = 0


@pytest.mark.parametrize("items", [1, 2, 7, 1000])
def test_every_item_once(threads: Set, lender: _Lender, items: int) -> None:
    threads(5)
    lender.numbers.clear()
    seen = np.zeros(items, int)
    with at_most(3, lender.team):
        in_threads(_count, items, WORK, seen)
        in_threads(_count, items, WORK, seen)
    assert (seen == 2).all()
    assert lender.numbers == ([] if items == 1 else [3, 3])  # one item is no work for threads


def test_little_work_asks_for_no_threads(threads: Set, lender: _Lender) -> None:
    threads(3)
    lender.numbers.clear()
    seen = np.zeros(100, int)
    with at_most(3, lender.team):
        in_threads(_count, 100, 100, seen)
    assert (seen == 1).all()
    assert lender.numbers == []


def test_a_team_is_asked_for_less_work_than_would_wake_our_own(
    threads: Set, lender: _Lender
) -> None:
    threads(3)
    lender.numbers.clear()
    seen = np.zeros(100, int)
    work = 2 * LENT_WORK
    assert crew(work, 100) == (0, 1, 0)
    with at_most(3, lender.team):
        in_threads(_count, 100, work, seen)
        assert crew(work - 1, 100) == (0, 1, 0)
    assert (seen == 1).all()
    assert lender.numbers == [3]


def test_the_team_is_lent_for_the_block_and_to_this_thread(lender: _Lender) -> None:
    found: list[Any] = []
    with at_most(2, lender.team):
        other = threading.Thread(target=lambda: found.append(pool_here()))
        other.start()
        other.join()
        with at_most(1):
            assert pool_here() is lender.team
    assert pool_here() is None
    assert found == [None]


def test_a_piece_that_fails_is_an_error(threads: Set, lender: _Lender) -> None:
    threads(2)
    with at_most(2, lender.team):
        with pytest.raises(MemoryError, match="no memory for its scratch space"):
            in_threads(_keep, 8, WORK, 1 << 60)
        seen = np.zeros(8, int)
        in_threads(_count, 8, WORK, seen)
    assert (seen == 1).all()


def test_callers_at_one_time(threads: Set, lender: _Lender) -> None:
    threads(2)
    arrays = [np.zeros(500, int) for _ in range(4)]

    def call(seen: Any) -> None:
        with at_most(2, lender.team):
            for _ in range(50):
                in_threads(_count, seen.size, WORK, seen)

    callers = [threading.Thread(target=call, args=(seen,)) for seen in arrays]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    assert all((seen == 50).all() for seen in arrays)
