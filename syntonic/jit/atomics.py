"""Atomic operations on the 64-bit word at an address, in the one order all threads agree upon.

Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types as _types
from numba.extending import intrinsic as _intrinsic

from syntonic.jit.compile import njit

types: Any = _types  # untyped
intrinsic = cast(Callable[[Callable[..., Any]], Callable[..., Any]], _intrinsic)

__all__ = ["add", "add_to", "exchange", "intrinsic", "load", "store", "types"]

_WORD = ir.IntType(64)


def _word_at(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, _WORD.as_pointer())


@intrinsic
def load(context: Any, address: Any) -> Any:
    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        return b.load_atomic(_word_at(b, args[0]), "seq_cst", 8)

    return types.int64(types.int64), emit


@intrinsic
def store(context: Any, address: Any, value: Any) -> Any:
    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        b.store_atomic(args[1], _word_at(b, args[0]), "seq_cst", 8)
        return ctx.get_dummy_value()

    return types.void(types.int64, types.int64), emit


@intrinsic
def add(context: Any, address: Any, value: Any) -> Any:
    """Add to the word; return what it was."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        return b.atomic_rmw("add", _word_at(b, args[0]), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), emit


@intrinsic
def exchange(context: Any, address: Any, value: Any) -> Any:
    """Set the word; return what it was."""

    def emit(ctx: Any, b: Any, sig: Any, args: Any) -> Any:
        return b.atomic_rmw("xchg", _word_at(b, args[0]), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), emit


@njit
def add_to(counts: Any, index: int, n: int) -> None:
    """Add n to an element of an int64 array that other threads add to."""
    if n:
        add(counts.ctypes.data + 8 * index, n)
