"""Between floats and the golden lattice on CUDA arrays: kernels/golden_lattice.cu.

The kernels give the bits of the CPU's `snap` and `wake`. What they cannot decide in doubles they
mark and count, block by block; `snap_on_device` and `wake_on_device` look at these few counts and
leave the marked values to the exact integers of the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.flux.cuda.launch import runtime_of
from syntonic.flux.cuda.source import suffix
from syntonic.flux.device import device_of, move, namespace, to_host

if TYPE_CHECKING:  # the exact core is imported by what needs it: a wake needs none
    from syntonic.rounding.plans import Plan
    from syntonic.rounding.quality import Miss
    from syntonic.rounding.search import Limits

__all__ = [
    "golden_snap",
    "golden_wake",
    "snap_judged_on_device",
    "snap_on_device",
    "wake_on_device",
]

Array = Any

_HUGE = 2.0**300  # its powers are finite

_BLOCK, _TILE = 256, 1024
"""Threads and values of a block: SRT_LATTICE_BLOCK, SRT_LATTICE_TILE."""


def golden_snap(
    x: Array, plan: Plan, denominator: int = 1, dtype: Any = np.int64
) -> tuple[Array, Array, Array]:
    """Find the elements (a + bφ)/denominator nearest to x under a bound.

    Parameters
    ----------
    x
        A contiguous array of floats.
    plan
        The bound; `suits_doubles(plan, denominator)` must hold.
    dtype
        int64, or int32, which the numerators may not fit.

    Returns
    -------
    a, b
        The numerators, shaped as x: the two halves of one array. Where doubles do not decide, b
        is UNDECIDED; where they do not decide or int32 does not fit, int32 may be anything.
    undecided
        int32, for each block of values zero if it has no such one; empty if x is.
    """
    pairs, undecided = _snap(x, plan, denominator, dtype)
    return pairs[0], pairs[1], undecided


def snap_on_device(
    x: Array, *, precision: int | None = None, window: Any = None, denominator: int = 1
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Snap floats on their device as `syntonic.rounding.snap.snap` does; return NumPy's a and b.

    Only the pairs travel, as int32 where all of them fit: 8 bytes a value, or 16.

    Raises
    ------
    ValueError
        x is not finite somewhere, or a bound is out of range, or there are two bounds.
    """
    from syntonic.rounding.snap import plan_of

    a, b, _ = _found(x, *plan_of(precision, window, denominator))
    return a, b


def snap_judged_on_device(
    x: Array,
    *,
    precision: int | None = None,
    window: Any = None,
    denominator: int = 1,
    separate: bool = True,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Miss | None]:
    """Return a and b of `snap_on_device`, and what `syntonic.rounding.snap.snap_judged` says.

    The residuals are looked at where the floats are, which travel if some are large.
    """
    from syntonic.rounding.quality import limits, misses
    from syntonic.rounding.search import residuals
    from syntonic.rounding.snap import plan_of

    plan, d = plan_of(precision, window, denominator)
    a, b, pairs = _found(x, plan, d)
    found = limits(x.dtype, plan, d, separate=separate)
    if pairs is not None and _all_near(x, pairs, d, found):
        return a, b, None
    values = _doubles(x)
    return a, b, misses(values, residuals(values, a, b, d), found)


def _found(x: Array, plan: Plan, d: int) -> tuple[Any, Any, Array | None]:
    """Return a and b on the CPU, and the device's pairs, if it made them: int32 or int64."""
    from syntonic.rounding.search import finish, search, suits_doubles

    if not suits_doubles(plan, d):
        return *search(_doubles(x), plan, d), None
    pairs, undecided = _snap(x, plan, d, np.int32)
    if to_host(undecided).any():
        pairs, undecided = _snap(x, plan, d, np.int64)
    a, b = to_host(pairs).astype(np.int64, copy=False).reshape(2, -1)
    if to_host(undecided).any():
        a, b = finish(_doubles(x), a, b, plan, d)
    return a.reshape(x.shape), b.reshape(x.shape), pairs


def _all_near(x: Array, pairs: Array, d: int, found: Limits) -> bool:
    """Tell whether it is clear that there is no miss, to the rounding of the woken pairs."""
    from syntonic.rounding.wake import odd_and_scale

    parts = odd_and_scale(d)
    if parts is None or x.dtype.name == "bfloat16":
        return x.size == 0
    a, b = (pairs[i].astype(np.int64) for i in (0, 1))
    woken, _ = golden_wake(a, b, *parts, np.dtype(np.float64))
    library, values = namespace(x), x.astype(np.float64)
    sizes = library.clip(abs(values), found.least, _HUGE)
    rest = library.minimum(abs(values - woken), _HUGE)
    # What doubles did not decide is a NaN, or was no element at all: not near.
    near = (rest * rest * rest <= found.cube * (sizes * sizes)) & (sizes < found.coarse)
    return bool(near.all())


def golden_wake(
    a: Array, b: Array, odd: float, scale: float, dtype: np.dtype[Any]
) -> tuple[Array, Array]:
    """Round (a + bφ)·scale/odd once, to nearest even.

    Parameters
    ----------
    a, b
        Contiguous int64 arrays of one shape.
    odd, scale
        What `odd_and_scale` makes of the denominator.
    dtype
        float64, float32, float16 or bfloat16.

    Returns
    -------
    out
        Shaped as a; NaN where doubles do not decide, infinite beyond the format's range.
    undecided
        int32, for each block of values zero if it has no such NaN; empty if a is.
    """
    out, undecided = runtime_of(a).empty(a.shape, dtype), _counts(a)
    arguments = (out, undecided, a, b, np.int64(a.size), np.float64(odd), np.float64(scale))
    _launch(a, "golden_wake", suffix(out.dtype), arguments)
    return out, undecided


def wake_on_device(a: Array, b: Array, denominator: int, dtype: Any = np.float64) -> Array:
    """Wake int64 pairs on their device as `syntonic.rounding.wake.wake` does, but warn of nothing.

    Raises
    ------
    TypeError
        dtype is not float64, float32 or float16.
    """
    from syntonic.rounding.wake import float_type, odd_and_scale, wake, wake_exact

    out_type, parts = float_type(dtype), odd_and_scale(denominator)
    if parts is None:
        woken = wake(to_host(a), to_host(b), denominator, out_type)
        return move(woken, device_of(a), "wake")
    out, undecided = golden_wake(a, b, *parts, out_type)
    if not to_host(undecided).any():
        return out
    floats, p, q = (to_host(x).reshape(-1) for x in (out, a, b))
    where = np.flatnonzero(np.isnan(floats))
    floats[where] = wake_exact(p[where], q[where], denominator, out_type)
    return move(floats.reshape(a.shape), device_of(a), "wake")


def _snap(x: Array, plan: Plan, denominator: int, dtype: Any) -> tuple[Array, Array]:
    """Return a and b as one array, (2, *x.shape), and the counts of undecided values."""
    pairs, undecided = runtime_of(x).empty((2, *x.shape), dtype), _counts(x)
    kind, scalars = _arguments_of(plan)
    name = f"golden_snap{kind}" if pairs.dtype == np.int64 else f"golden_snap{kind}_narrow"
    arguments = (x, np.int64(x.size), np.float64(denominator), *scalars)
    _launch(x, name, suffix(x.dtype), (pairs[0], pairs[1], undecided, *arguments))
    return pairs, undecided


def _arguments_of(plan: Plan) -> tuple[str, tuple[np.float64, ...]]:
    """Return which kernel follows a plan, and the plan in doubles."""
    from syntonic.rounding.plans import BoundedPlan, WindowPlan
    from syntonic.rounding.snap_loops import bounded_constants
    from syntonic.rounding.window_loops import window_constants

    if isinstance(plan, WindowPlan):
        return "_window", tuple(map(np.float64, window_constants(plan)))
    if isinstance(plan, BoundedPlan) and plan.precision:
        return "", tuple(map(np.float64, bounded_constants(plan)))
    return "_integers", ()


def _doubles(x: Array) -> np.ndarray[Any, Any]:
    return to_host(x).astype(np.float64)


def _counts(like: Array) -> Array:
    return runtime_of(like).empty((-(-like.size // _TILE),), np.int32)


def _launch(like: Array, name: str, dtype: str, arguments: tuple[Any, ...]) -> None:
    if like.size:
        grid = (-(-like.size // _TILE),)
        launch = runtime_of(like).launch
        launch("golden_lattice", f"{name}_{dtype}", dtype, grid, (_BLOCK,), arguments)
