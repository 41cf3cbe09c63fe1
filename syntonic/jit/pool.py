"""A pool of threads that share the items of a loop without the interpreter lock.

One call at a time has the pool; `run` is what its thread does, `_serve` what the helpers do. They
meet in an array of 64-bit words, one to a cache line, which they change by atomic operations in
the one order all agree upon (sequential consistency):

* The caller describes its loop, opens the gate, counts the ticket up and wakes who sleeps. Then it
  takes pieces of the items, as the helpers do, until there are none.
* A helper waits for a new ticket, then counts itself into the gate. If the gate is closed, or all
  seats are taken, it counts itself out again.
* The caller closes the gate and waits until all are out: the loop's arguments live on its stack.

A waiting thread looks at a word for a while, then sleeps on a lock: it notes that it sleeps and
looks once more; whoever takes the note away, a waker or the sleeper itself, settles the matter.
"""

from __future__ import annotations

import ctypes
import os
from _thread import start_new_thread
from threading import Lock, Thread
from time import perf_counter
from types import BuiltinFunctionType
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import compiler as _compiler

from syntonic.jit.atomics import add, exchange, intrinsic, load, store, types
from syntonic.jit.compile import njit

cgutils: Any = _cgutils  # untyped
compiler: Any = _compiler

__all__ = ["TEAM", "Pool", "Words", "packer", "run", "take_pieces"]

PATIENCE = 300e-6
"""Seconds for which a thread looks for work, or for the end of it, before it sleeps: a few times
what waking it again costs."""

_COURTESIES = 16
"""How often it lets other threads of its processor go first in that time."""

MOST_HELPERS = 255

_LINE = 64
_OWNED, _GATE, _TICKET, _NEXT, _FAILED, _JOB, _SYSTEM, TEAM, _CALLER, _HELPERS = (
    range(0, 10 * _LINE, _LINE)
)  # fmt: skip
"""Where the lines of the pool are, in bytes.

The words of _JOB are: the loop's entry, its arguments, items, pieces, seats; those of _SYSTEM:
the functions that acquire a lock, release one, give way, and how often to look; those of _CALLER
and, from _HELPERS on, of each helper: whether it sleeps, its lock. Those of TEAM, else 0, are for
a pool without helpers: the function that calls another in each thread of a team, and `take_pieces`.
"""

_CLOSED = -(1 << 32)
"""What the gate holds when it is closed and nobody is in."""

_WORD, _BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
_PIECES_OF = ir.FunctionType(ir.IntType(32), [_BYTES, _WORD, _WORD])
"""The type of a compiled loop with its arguments packed: (arguments, first, last) -> failed."""


# -- calls by address --------------------------------------------------------------------------


@intrinsic
def _call_system(context: Any, function: Any, lock: Any) -> Any:
    """Call function(lock, 1); functions of fewer arguments ignore the others."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [_BYTES, ir.IntType(32)])
        call = b.inttoptr(args[0], kind.as_pointer())
        b.call(call, [b.inttoptr(args[1], _BYTES), ir.Constant(ir.IntType(32), 1)])
        return ctx.get_dummy_value()

    return types.void(types.int64, types.int64), emit


def packer(loop: Any) -> Any:
    """Return the compiled function (arguments) -> the loop's entry, where the arguments are.

    The loop becomes part of the function that calls it, and the arguments live on its stack.
    """

    @intrinsic
    def packed(context: Any, arguments: Any) -> Any:
        def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
            entry = _entry(ctx, b.module, _lowered(ctx, loop, arguments), args[0].type)
            pack = cgutils.alloca_once_value(b, _lent(ctx, b, sig.args[0], args[0]))
            return cgutils.pack_array(b, [b.ptrtoint(entry, _WORD), b.ptrtoint(pack, _WORD)])

        return types.UniTuple(types.int64, 2)(arguments), emit

    return packed


def _lowered(context: Any, loop: Any, arguments: Any) -> Any:
    """Lower a loop into the library that is being made; return the description of its function.

    A loop that was compiled by itself and then linked would be optimized twice.
    """
    flags = compiler.Flags()
    flags.nrt = flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = loop.targetoptions.get("error_model", "python")
    kinds = types.int64, types.int64, *arguments
    library, typing = context.active_code_library, context.typing_context
    made = compiler.compile_internal(
        typing, context, library, loop.py_func, kinds, types.void, flags, {}
    )
    return made.fndesc


def _lent(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
    """Return the arguments without owners of arrays: numba leaves arrays that have none uncounted.

    Threads that count the references to one array wait for each other at every slice.
    """
    for i, kind in enumerate(kinds):
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, builder.extract_value(values, i))
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            array.parent = cgutils.get_null_value(array.parent.type)
            values = builder.insert_value(values, array._getvalue(), i)
    return values


def _entry(context: Any, module: Any, description: Any, packed: Any) -> Any:
    """Return a function of this module that unpacks the arguments and calls the loop."""
    function = ir.Function(module, _PIECES_OF, f"{description.mangled_name}_pieces")
    function.linkage = "internal"
    pack, first, last = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    arguments = b.load(b.bitcast(pack, packed.as_pointer()))
    status, _ = context.call_conv.call_function(
        b, context.declare_function(module, description), description.restype,
        description.argtypes, [first, last, *cgutils.unpack_tuple(b, arguments)],
    )  # fmt: skip
    b.ret(b.zext(status.is_error, ir.IntType(32)))
    return function


@intrinsic
def _call(context: Any, entry: Any, pack: Any, first: Any, last: Any) -> Any:
    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        function = b.inttoptr(args[0], _PIECES_OF.as_pointer())
        return b.call(function, [b.inttoptr(args[1], _BYTES), *args[2:]])

    return types.int32(*[types.int64] * 4), emit


@intrinsic
def _call_team(context: Any, parallel: Any, work: Any, pool: Any, threads: Any) -> Any:
    """Call parallel(work, pool, threads, 0), which calls work(pool) in so many threads."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [_BYTES, _BYTES, number, number])
        work, pool = (b.inttoptr(each, _BYTES) for each in args[1:3])
        threads = b.trunc(args[3], number)
        call = b.inttoptr(args[0], kind.as_pointer())
        b.call(call, [work, pool, threads, ir.Constant(number, 0)])
        return ctx.get_dummy_value()

    return types.void(*[types.int64] * 4), emit


# -- waiting -----------------------------------------------------------------------------------


_PAUSES = {
    "x86_64": "llvm.x86.sse2.pause",
    "aarch64": "llvm.aarch64.isb",
    "arm64": "llvm.aarch64.isb",
}
"""What a processor does while it waits. On arm64 it is a barrier, as a hint takes no time there."""


@intrinsic
def _pause(context: Any) -> Any:
    """Rest for some ten nanoseconds, where there is an instruction for it."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        machine = b.module.triple.partition("-")[0]
        if machine in _PAUSES:
            name, all_of_it = _PAUSES[machine], ir.Constant(ir.IntType(32), 15)
            values = [] if machine == "x86_64" else [all_of_it]
            kind = ir.FunctionType(ir.VoidType(), [v.type for v in values])
            b.call(b.module.globals.get(name) or ir.Function(b.module, kind, name), values)
        return ctx.get_dummy_value()

    return types.void(), emit


@njit
def _look(address: int, value: int, times: int, give_way: int) -> bool:
    """Look at the word until it is not the value; return whether it was in that many times."""
    courtesy = times // _COURTESIES + 1
    for i in range(times):
        if load(address) != value:
            return True
        if give_way and i % courtesy == courtesy - 1:
            _call_system(give_way, 0)
        _pause()
    return False


@njit
def _await_change(pool: int, address: int, value: int, sleeper: int, polite: bool) -> bool:
    """Return when the word at the address is not the value, and whether the thread has slept."""
    system, slept = pool + _SYSTEM, False
    give_way = load(system + 16) if polite else 0
    while not _look(address, value, load(system + 24), give_way):
        store(sleeper, 1)
        if load(address) != value and exchange(sleeper, 0) == 1:
            break
        _call_system(load(system), load(sleeper + 8))
        slept = True
    return slept


@njit
def _wake(pool: int, sleeper: int) -> None:
    if exchange(sleeper, 0) == 1:
        _call_system(load(pool + _SYSTEM + 8), load(sleeper + 8))


# -- work --------------------------------------------------------------------------------------


@njit
def take_pieces(pool: int) -> None:
    """Call the loop for pieces until none is left."""
    entry, pack = load(pool + _JOB), load(pool + _JOB + 8)
    items, pieces = load(pool + _JOB + 16), load(pool + _JOB + 24)
    while True:
        i = add(pool + _NEXT, 1)
        if i >= pieces:
            return
        if _call(entry, pack, items * i // pieces, items * (i + 1) // pieces):
            store(pool + _FAILED, 1)


@njit
def _serve(pool: int, sleeper: int) -> None:
    """Help whoever has the pool, forever.

    A system may wake a helper on the caller's own processor. Then it lets the caller go first,
    but not for long: it moves away only if it looks busy.
    """
    ticket, woken = 0, True
    while True:
        woken = _await_change(pool, pool + _TICKET, ticket, sleeper, woken)
        ticket = load(pool + _TICKET)
        inside = add(pool + _GATE, 1)
        if 0 <= inside < load(pool + _JOB + 32):
            take_pieces(pool)
        if add(pool + _GATE, -1) - 1 == _CLOSED:
            _wake(pool, pool + _CALLER)


@njit
def _describe(pool: int, entry: int, pack: int, items: int, pieces: int, seats: int) -> None:
    store(pool + _JOB, entry)
    store(pool + _JOB + 8, pack)
    store(pool + _JOB + 16, items)
    store(pool + _JOB + 24, pieces)
    store(pool + _JOB + 32, seats)
    store(pool + _NEXT, 0)
    store(pool + _FAILED, 0)


@njit
def _call_helpers(pool: int, seats: int) -> None:
    add(pool + _GATE, -_CLOSED)
    add(pool + _TICKET, 1)
    for i in range(seats):
        _wake(pool, pool + _HELPERS + i * _LINE)
    take_pieces(pool)
    inside = add(pool + _GATE, _CLOSED) + _CLOSED
    while inside != _CLOSED:
        _await_change(pool, pool + _GATE, inside, pool + _CALLER, True)
        inside = load(pool + _GATE)


@njit
def run(pool: int, entry: int, pack: int, items: int, pieces: int, seats: int) -> None:
    """Call the entry for pieces that make up range(items).

    At most `seats` helpers take part; none when the pool is 0 or in use by another caller.
    """
    if pool == 0 or exchange(pool + _OWNED, 1) != 0:
        failed = _call(entry, pack, 0, items) != 0
    else:
        _describe(pool, entry, pack, items, pieces, seats)
        team = load(pool + TEAM)
        if team != 0:
            _call_team(team, load(pool + TEAM + 8), pool, seats + 1)
        else:
            _call_helpers(pool, seats)
        failed = load(pool + _FAILED) != 0
        store(pool + _OWNED, 0)
    if failed:
        raise MemoryError("a loop failed: there was no memory for its scratch space")


class Words:
    """The words where the threads meet."""

    def __init__(self, last: int) -> None:
        """Make the words up to those of the last line."""
        self._words = np.zeros((last + 2 * _LINE) // 8, np.int64)
        at = self._words.ctypes.data
        self.address = -(-at // _LINE) * _LINE
        self._start = (self.address - at) // 8

    def set(self, line: int, *values: Any) -> None:
        first = self._start + line // 8
        self._words[first : first + len(values)] = values


class Pool(Words):
    """The helpers, which are started when needed, and the words where the threads meet."""

    def __init__(self) -> None:
        super().__init__(_HELPERS + MOST_HELPERS * _LINE)
        self._count, self._starting = 0, Lock()
        # Green threads would run a helper, which never returns, in place of its caller.
        self._most = MOST_HELPERS if isinstance(start_new_thread, BuiltinFunctionType) else 0
        self.set(_GATE, _CLOSED)
        self.set(_SYSTEM, *_system(), _looks())
        self.set(_CALLER, 0, _new_lock())
        cast(Any, _serve).compile("void(int64, int64)")  # a program may end while a helper compiles

    def helpers(self, wanted: int) -> int:
        """Start those of the wanted helpers that are missing; return how many there are of them."""
        if self._count < min(wanted, self._most):
            with self._starting:
                while self._count < min(wanted, self._most):
                    self._start_helper()
        return min(self._count, wanted)

    def _start_helper(self) -> None:
        line = _HELPERS + self._count * _LINE
        self.set(line, 0, _new_lock())
        # The thread holds the pool, so its words outlive everything, the interpreter included.
        helper = Thread(target=self._help, args=(line,), name="syntonic-flux", daemon=True)
        self._count += 1  # first: an interrupt finds the caller waiting for a thread that runs
        try:
            helper.start()
        except RuntimeError:  # at the system's limit of threads, or while the interpreter ends
            self._count -= 1
            self._most = self._count

    def _help(self, line: int) -> None:
        _serve(self.address, self.address + line)


def _system() -> list[int]:
    """Return the addresses of the functions that acquire and release a lock and give way, or 0."""
    api = ctypes.pythonapi
    functions = [api.PyThread_acquire_lock, api.PyThread_release_lock]
    if hasattr(os, "sched_yield"):
        functions.append(ctypes.CDLL(None).sched_yield)
    addresses = [ctypes.cast(f, ctypes.c_void_p).value or 0 for f in functions]
    return [*addresses, 0][:3]


def _new_lock() -> int:
    """Return the address of an acquired lock of the interpreter's, which is never freed."""
    api = ctypes.pythonapi
    api.PyThread_allocate_lock.restype = ctypes.c_void_p
    lock: int = api.PyThread_allocate_lock()
    api.PyThread_acquire_lock(ctypes.c_void_p(lock), 0)
    return lock


def _looks() -> int:
    """Return how often a thread can look in the time it should."""
    word, times, seconds = np.zeros(1, np.int64), 20_000, []
    for _ in range(3):
        start = perf_counter()
        _look(word.ctypes.data, 0, times, 0)
        seconds.append(perf_counter() - start)
    return int(PATIENCE * times / min(seconds)) + 1
