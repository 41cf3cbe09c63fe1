"""Threads: every item once, in any thread, after a fork, from several threads at a time."""

from __future__ import annotations

import multiprocessing
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from syntonic.flux.cpu import residual
from syntonic.flux.cpu.threads import LEAST_WORK, in_threads

Set = Callable[[int], None]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("items", [1, 2, 7, 1000])
@pytest.mark.parametrize("work", [0, LEAST_WORK, 3 * LEAST_WORK, 10**9])
def test_every_item_once(threads: Set, count: int, items: int, work: int) -> None:
    threads(count)
    seen = np.zeros(items, int)

    def loop(first: int, last: int, where: Any) -> None:
        where[first:last] += 1

    in_threads(loop, items, work, seen)
    assert (seen == 1).all()


def test_little_work_stays_in_this_thread(threads: Set) -> None:
    threads(4)
    names = set()
    in_threads(lambda *_: names.add(threading.get_ident()), 100, LEAST_WORK)
    assert names == {threading.get_ident()}


def test_an_error_is_raised(threads: Set) -> None:
    threads(2)

    def loop(first: int, last: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        in_threads(loop, 100, 10**9)


def test_readonly_and_misaligned_arrays_are_lent(threads: Set) -> None:
    """As ordinary ones, so that no loop is compiled again; what is written to stays itself."""
    threads(1)
    x, out = np.arange(5.0), np.empty(5)
    x.flags.writeable = False
    odd = np.frombuffer(b"\0" + np.arange(3.0).tobytes(), np.uint8)[1:].view(np.float64)

    def loop(first: int, last: int, x: Any, odd: Any, out: Any) -> None:
        assert x.flags.carray
        assert odd.flags.carray
        np.testing.assert_array_equal(odd, [0, 1, 2])
        out[:] = x

    in_threads(loop, 1, 0, x, odd, out)
    np.testing.assert_array_equal(out, x)
    assert not x.flags.writeable


def _sum_in_child(x: np.ndarray, queue: Any) -> None:
    queue.put(residual.residual(x, x, "standard").tobytes())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_threads_of_its_own(threads: Set) -> None:
    threads(2)
    x = np.random.default_rng(0).normal(size=1 << 19)
    expected = residual.residual(x, x, "standard").tobytes()  # the parent has its threads now
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: our case
        child = context.Process(target=_sum_in_child, args=(x, queue))
        child.start()
    assert queue.get(timeout=60) == expected
    child.join(60)
    assert child.exitcode == 0


def test_calls_from_several_threads(threads: Set) -> None:
    threads(3)
    arrays = [np.random.default_rng(i).normal(size=1 << 18) for i in range(6)]
    expected = [residual.residual(x, x, "phi") for x in arrays]
    found: list[Any] = [None] * 6

    def call(i: int) -> None:
        for _ in range(20):
            found[i] = residual.residual(arrays[i], arrays[i], "phi")

    workers = [threading.Thread(target=call, args=(i,)) for i in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(60)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(f, e)
