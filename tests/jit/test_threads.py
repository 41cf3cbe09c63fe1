"""Threads: every item once, side by side, asleep or not, after a fork, for several callers."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from syntonic.flux.cpu import residual
from syntonic.jit import atomics, pool, threads
from syntonic.jit.threads import LEAST_WORK, in_threads

Set = Callable[[int], None]
WORK = 1 << 40


@numba.njit(nogil=True)
def _count(first: int, last: int, seen: Any) -> None:
    for i in range(first, last):
        seen[i] += 1


@numba.njit(nogil=True)
def _add(first: int, last: int, x: Any, y: Any, out: Any) -> None:
    for i in range(first, last):
        out[i] = x[i] if y is None else x[i] + y[i]


@numba.njit(nogil=True)
def _meet(first: int, last: int, arrived: int, others: int, give_way: int, met: Any) -> None:
    """Wait in each piece until so many pieces have begun, in other threads of course."""
    atomics.add(arrived, 1)
    for i in range(1 << 24):
        if atomics.load(arrived) >= others:
            met[first:last] = True
            return
        if give_way and i % 1000 == 0:
            pool._call_system(give_way, 0)
        pool._pause()


@numba.njit(nogil=True)
def _keep(first: int, last: int, size: int) -> None:
    np.empty(size)[0] = 0


def _forget_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this test have helpers of its own."""
    own = pool.Pool()
    monkeypatch.setattr(threads, "_pool", lambda: own)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("items", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("work", [0, LEAST_WORK, 3 * LEAST_WORK, WORK])
def test_every_item_once(threads: Set, count: int, items: int, work: int) -> None:
    threads(count)
    seen = np.zeros(items, int)
    in_threads(_count, items, work, seen)
    assert (seen == 1).all()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_pieces_run_side_by_side(monkeypatch: pytest.MonkeyPatch, threads: Set, count: int) -> None:
    """As many as there are threads: each waits for the others. Again after they have slept."""
    threads(count)
    monkeypatch.setattr("syntonic.jit.threads.PIECES", 1)
    for rest in (0.0, 0.0, 20 * pool.PATIENCE):
        time.sleep(rest)
        arrived, met = np.zeros(1, np.int64), np.zeros(count, bool)
        in_threads(_meet, count, WORK, arrived.ctypes.data, count, pool._system()[2], met)
        assert met.all()


def test_little_work_stays_in_this_thread(monkeypatch: pytest.MonkeyPatch, threads: Set) -> None:
    threads(4)
    monkeypatch.setattr("syntonic.jit.threads._pool", pytest.fail)
    seen = np.zeros(100, int)
    in_threads(_count, 100, LEAST_WORK, seen)
    assert (seen == 1).all()


@pytest.mark.parametrize("work", [0, WORK])
def test_want_of_memory_is_an_error_and_the_pool_lives_on(threads: Set, work: int) -> None:
    threads(2)
    with pytest.raises(MemoryError, match="scratch space"):
        in_threads(_keep, 100, work, 1 << 58)
    in_threads(_keep, 100, work, 1)


def test_fewer_threads_than_wanted(monkeypatch: pytest.MonkeyPatch, threads: Set) -> None:
    """At the system's limit the caller does what helpers would have done."""
    _forget_the_pool(monkeypatch)
    threads(3)

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    seen = np.zeros(100, int)
    in_threads(_count, 100, WORK, seen)
    assert (seen == 1).all()


def test_green_threads_do_not_help(monkeypatch: pytest.MonkeyPatch, threads: Set) -> None:
    """Gevent and the like put functions in place of Python's: a helper would never give way."""
    monkeypatch.setattr(pool, "start_new_thread", lambda function, arguments: None)
    monkeypatch.setattr(threading.Thread, "start", pytest.fail)
    _forget_the_pool(monkeypatch)
    threads(3)
    seen = np.zeros(100, int)
    in_threads(_count, 100, WORK, seen)
    assert (seen == 1).all()


def test_first_calls_at_one_time_share_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_POOLS", {})
    found: list[pool.Pool] = []
    together = threading.Barrier(4)

    def call() -> None:
        together.wait()
        found.append(threads._pool())

    callers = [threading.Thread(target=call) for _ in range(4)]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_readonly_and_misaligned_arrays_are_lent(threads: Set) -> None:
    """As ordinary ones, so that no loop is compiled again; what is written to stays itself."""
    threads(1)
    x, out = np.arange(5.0), np.empty(5)
    in_threads(_add, 5, 0, x, x, out)
    np.testing.assert_array_equal(out, 2 * x)
    before = len(_add.overloads)
    x.flags.writeable = False
    odd = np.frombuffer(b"\0" + np.arange(5.0).tobytes(), np.uint8)[1:].view(np.float64)
    in_threads(_add, 5, 0, x, odd, out)
    np.testing.assert_array_equal(out, 2 * x)
    assert not x.flags.writeable
    assert len(_add.overloads) == before


def test_none_is_an_argument(threads: Set) -> None:
    threads(2)
    x, out = np.arange(1000.0), np.empty(1000)
    in_threads(_add, 1000, WORK, x, None, out)
    np.testing.assert_array_equal(out, x)


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


@pytest.mark.campaign
@pytest.mark.parametrize("rest", [0.0, 2 * pool.PATIENCE], ids=["at once", "asleep"])
def test_a_program_may_end_beside_its_helpers(rest: float) -> None:
    program = f"""
import time, numpy as np
from syntonic.flux.cpu import residual
x = np.ones(1 << 20)
assert (residual.residual(x, x, "standard") == 2).all()
time.sleep({rest})
"""
    environment = os.environ | {"NUMBA_NUM_THREADS": "4"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_calls_from_several_threads(threads: Set) -> None:
    """With pauses about as long as a helper is patient, so that some sleep and some do not."""
    threads(3)
    wrong: list[int] = []

    def call(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(300):
            seen = np.zeros(rng.integers(1, 3000), int)
            in_threads(_count, seen.size, int(rng.integers(2, 5)) * LEAST_WORK, seen)
            if (seen != 1).any():
                wrong.append(seed)
            if rng.integers(3) == 0:
                time.sleep(rng.uniform(0, 2 * pool.PATIENCE))

    workers = [threading.Thread(target=call, args=(i,)) for i in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(120)
    assert not wrong
    assert not any(w.is_alive() for w in workers)


@pytest.mark.parametrize("looks", [1, 30, 1000])
def test_impatient_threads(monkeypatch: pytest.MonkeyPatch, threads: Set, looks: int) -> None:
    """Who hardly looks before it sleeps is where a signal gets lost, if one can be."""
    monkeypatch.setattr(pool, "_looks", lambda: looks)
    _forget_the_pool(monkeypatch)
    threads(4)
    seen = np.zeros(16, int)
    for _ in range(10_000):
        in_threads(_count, 16, WORK, seen)
    assert (seen == 10_000).all()
