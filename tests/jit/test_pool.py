"""The pool's own functions in the interpreter, under hundreds of orders of their atomic steps.

Each thread stops before each atomic operation, and a scheduler that rolls dice lets one go on. So
orders occur that a processor shows once in a million calls, and a lost signal is a deadlock that
is seen at once: nobody can go on, though a caller has not returned.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from syntonic.jit import pool

ACQUIRE, RELEASE = -1, -2
STEPS = 5_000


class _Stop(BaseException):
    """Ends the threads when all callers have returned."""


class _Machine:
    """Words of memory, locks, and threads of which one at a time runs."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.last, self.switching = -1, self.dice.choice([1, 0.3, 0.1])
        self.words: defaultdict[int, int] = defaultdict(int)
        self.free: set[int] = set()
        self.steps: dict[int, threading.Semaphore] = {}
        self.blocked: dict[int, int] = {}
        self.callers: set[int] = set()
        self.back = threading.Semaphore(0)
        self.local = threading.local()
        self.stopping = False
        self.errors: list[BaseException] = []

    def start(self, function: Callable[[], None], caller: bool) -> None:
        name = len(self.steps)
        self.steps[name] = threading.Semaphore(0)
        if caller:
            self.callers.add(name)

        def body() -> None:
            self.local.name = name
            try:
                self.step()
                function()
            except _Stop:
                pass
            except BaseException as error:
                self.errors.append(error)
            self.callers.discard(name)
            del self.steps[name]
            self.back.release()

        threading.Thread(target=body, daemon=True).start()
        self.back.acquire()

    def step(self) -> None:
        """Give way to the scheduler."""
        self.back.release()
        self.steps[self.local.name].acquire()
        if self.stopping:
            raise _Stop

    def run(self) -> None:
        for _ in range(STEPS):
            if self.errors:
                raise self.errors[0]
            if not self.callers:
                break
            ready = [n for n in self.steps if self.blocked.get(n, -1) in {-1, *self.free}]
            assert ready, "a signal was lost: everybody sleeps"
            if self.last not in ready or self.dice.random() < self.switching:
                self.last = self.dice.choice(ready)
            self.go(self.last)
        else:
            pytest.fail("no end in sight")
        self.stopping = True
        for name in list(self.steps):
            self.go(name)

    def go(self, name: int) -> None:
        self.steps[name].release()
        self.back.acquire()

    # what the pool is made of

    def load(self, address: int) -> int:
        self.step()
        return self.words[address]

    def store(self, address: int, value: int) -> None:
        self.step()
        self.words[address] = value

    def add(self, address: int, value: int) -> int:
        self.step()
        self.words[address] += value
        return self.words[address] - value

    def exchange(self, address: int, value: int) -> int:
        self.step()
        old, self.words[address] = self.words[address], value
        return old

    def call_system(self, function: int, lock: int) -> None:
        if function == RELEASE:
            self.step()
            assert lock not in self.free, "released twice"
            self.free.add(lock)
            return
        self.blocked[self.local.name] = lock
        self.step()
        del self.blocked[self.local.name]
        self.free.remove(lock)


def _functions(machine: _Machine, call: Callable[..., int]) -> dict[str, Any]:
    """Return the functions of the pool with the machine's operations in place of the compiled."""
    scope: dict[str, Any] = dict(vars(pool))
    for name, value in vars(pool).items():
        if hasattr(value, "py_func"):
            scope[name] = FunctionType(value.py_func.__code__, scope, name)
    for name in ("load", "store", "add", "exchange"):
        scope[name] = getattr(machine, name)
    scope.update(_call_system=machine.call_system, _call=call, _pause=lambda: None)
    return scope


def _play(seed: int, callers: int, helpers: int, looks: int) -> None:
    """Let each caller run three loops; require that each item of each is treated once."""
    machine, done = _Machine(seed), defaultdict(int)
    returned: set[int] = set()
    inside: defaultdict[int, set[int]] = defaultdict(set)
    seats_of: dict[int, int] = {}

    def call(entry: int, pack: int, first: int, last: int) -> int:
        assert pack == -entry, "the arguments of another loop"
        assert entry not in returned, "the arguments are gone"
        inside[entry].add(machine.local.name)
        assert len(inside[entry]) <= seats_of[entry] + 1, "more helpers than seats"
        for i in range(first, last):
            done[entry, i] += 1
        machine.step()
        assert entry not in returned, "the arguments are gone"
        return int(entry % 3 == 0 and first == 0)

    scope = _functions(machine, call)
    words, base = machine.words, 1 << 20
    words[base + pool._GATE] = pool._CLOSED
    words[base + pool._SYSTEM], words[base + pool._SYSTEM + 8] = ACQUIRE, RELEASE
    words[base + pool._SYSTEM + 24] = looks
    sleepers = [base + pool._CALLER] + [base + pool._HELPERS + 64 * i for i in range(helpers)]
    for lock, sleeper in enumerate(sleepers):
        words[sleeper + 8] = lock

    def loops(caller: int) -> None:
        for job in range(3):
            entry = 10 * caller + job + 1
            dice = random.Random(f"{seed} {entry}")
            items, pieces = 8, dice.randint(2, 8)
            seats_of[entry] = seats = dice.randint(1, helpers)
            try:
                scope["run"](base, entry, -entry, items, pieces, seats)
                failed = False
            except MemoryError:
                failed = True
            returned.add(entry)
            assert failed == (entry % 3 == 0)
            assert all(done[entry, i] == 1 for i in range(items))

    for sleeper in sleepers[1:]:
        machine.start(lambda sleeper=sleeper: scope["_serve"](base, sleeper), caller=False)
    for caller in range(callers):
        machine.start(lambda caller=caller: loops(caller), caller=True)
    machine.run()


@pytest.mark.campaign
@pytest.mark.parametrize("looks", [0, 2])
@pytest.mark.parametrize(("callers", "helpers"), [(1, 1), (1, 2), (2, 2)])
def test_any_order_of_the_atomic_steps(callers: int, helpers: int, looks: int) -> None:
    for seed in range(100):
        _play(seed, callers, helpers, looks)
