"""Which search runs: the compiled loops where they pay and apply, the integers for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from syntonic.exact.pairs import floor_div, floor_log2, nearest_float
from syntonic.jit.policy import compiled_pays, slow_way
from syntonic.rounding.plans import (
    BoundedPlan,
    Element,
    Pair,
    Plan,
    WindowPlan,
    ZeroPlan,
    is_unique,
)

Array: TypeAlias = npt.NDArray[Any]

__all__ = [
    "Limits",
    "certify",
    "finish",
    "require_finite",
    "residuals",
    "search",
    "search_within",
    "suits_doubles",
]

MAX_PRECISION = 1 << 45
"""Beyond it rounding the coordinates could use up the slack 1 - φ³/(2√5) of the candidates."""

MAX_LEVEL = 60
"""Windows of about φ^m/2 with |m| beyond it have steps too large for doubles."""

MAX_DENOMINATOR = 1 << 53
"""Denominators below it are doubles, and denominator·x is the sum of two."""


_CAUTION = 1 - 2.0**-10
"""Where a residual is only roughly known, a little less already makes it suspect."""


def search(values: Array, plan: Plan, d: int) -> tuple[Array, Array]:
    """Return a, b of the elements nearest to d·values, int64 if all of them fit, else objects.

    `values` is C-contiguous and holds float64, integers or Fractions.
    """
    if values.ndim == 0 and d == 1 and type(plan) is BoundedPlan and values.dtype == np.float64:
        found = plan.nearest_to_float(values.item())
        if found is not None:
            return np.array(found[0]), np.array(found[1])
    if isinstance(plan, ZeroPlan):
        require_finite(values)
        return np.zeros(values.shape, np.int64), np.zeros(values.shape, np.int64)
    if values.dtype.kind in "iu" and isinstance(plan, BoundedPlan):
        return _scaled_integers(values, d)
    if _compilable(values, plan, d) and compiled_pays(values.size):
        return search_compiled(values, plan, d)
    return search_exact(values, plan, d)


class Limits(NamedTuple):
    """What tells a miss: see `snap_quality`, which decides about the elements suspected here."""

    cube: float
    """A miss has a residual whose cube exceeds this times the square of its size |x|."""
    least: float
    """What the size of an element is at least."""
    coarse: float
    """From this size on, everything is a miss."""


def search_within(values: Array, plan: Plan, d: int, limits: Limits) -> tuple[Array, Array, bool]:
    """Return a, b of `search`, and False if by the limits it is clear that there is no miss.

    That costs little: the vector loop has the residuals, and integers are compared roughly.
    """
    compiled = values.dtype == np.float64 and suits_doubles(plan, d) and compiled_pays(values.size)
    if compiled and isinstance(plan, BoundedPlan) and plan.precision and limits.cube:
        return _search_bounded(values, plan, d, limits)
    a, b = search(values, plan, d)
    return a, b, compiled or _suspect(values, a, b, d, limits)


@slow_way
def _suspect(values: Array, a: Array, b: Array, d: int, limits: Limits) -> bool:
    """Tell whether any element is a miss, or nearly so."""
    if values.dtype.kind in "iu" and not b.any():  # integers as they are
        return False
    if d >= MAX_DENOMINATOR:
        return True
    largest = max(map(abs, b.ravel().tolist()), default=0)
    bits = 192 + largest.bit_length() // 64 * 64
    phi, one = _phi(bits), 1 << bits
    cube, coarse = limits.cube * d * _CAUTION, limits.coarse * d
    for (p, q), (r, s) in zip(_ratios(values), _pairs(a, b), strict=True):
        size = max(float(min(abs(d * p) // q, 1 << 300)), 1.0)
        rest = abs((d * p << bits) // q - (r << bits) - s * phi) - largest - 2
        rest = min(rest, one << 300)
        if size >= coarse or (rest > 0 and (rest / one) ** 3 >= cube * size**2):
            return True
    return False


@lru_cache(maxsize=8)
def _phi(bits: int) -> int:
    """Return ⌊φ 2^bits⌋."""
    return int(floor_div(0, 1 << bits, 1))


def certify(
    values: Array, a: Array, b: Array, plan: Plan, d: int, bound: Element
) -> npt.NDArray[np.bool_]:
    """Tell where (a, b) is the one admissible element within the bound of d·values."""
    compilable = _compilable(values, plan, d) and a.dtype == np.int64 and _is_moderate(bound)
    chosen = certify_compiled if compilable and compiled_pays(values.size) else certify_exact
    return chosen(values, a, b, plan, d, bound)


def residuals(values: Array, a: Array, b: Array, d: int) -> npt.NDArray[np.float64]:
    """Return values - (a + bφ)/d, correctly rounded."""
    compilable = _has_doubles(values) and a.dtype == np.int64 and d < MAX_DENOMINATOR
    chosen = residuals_compiled if compilable and compiled_pays(values.size) else residuals_exact
    return chosen(values, a, b, d)


@slow_way
def search_exact(values: Array, plan: Plan, d: int) -> tuple[Array, Array]:
    """Search element by element, whatever the sizes: exactly, floats by doubles where they tell."""
    try:
        if isinstance(plan, BoundedPlan) and d == 1 and values.dtype == np.float64:
            found = [_nearest(plan, x) for x in values.ravel().tolist()]
        else:
            found = [plan.nearest(d * p, q) for p, q in _ratios(values)]
    except (ValueError, OverflowError):  # a NaN or an infinity has no ratio
        require_finite(values)
        raise
    a, b = zip(*found, strict=True) if found else ((), ())
    try:
        return _array(a, np.int64, values.shape), _array(b, np.int64, values.shape)
    except OverflowError:
        return _array(a, object, values.shape), _array(b, object, values.shape)


def _nearest(plan: BoundedPlan, x: float) -> Pair:
    """Return the element nearest to a float, by doubles where they tell."""
    return plan.nearest_to_float(x) or plan.nearest(*x.as_integer_ratio())


def search_compiled(values: Array, plan: Plan, d: int) -> tuple[Array, Array]:
    """Search in the compiled loops, then in integers where they leave it open."""
    from syntonic.rounding.snap_loops import snap_bounded
    from syntonic.rounding.window_loops import snap_window

    x = values.ravel().astype(np.float64, copy=False)
    if isinstance(plan, BoundedPlan):
        a, b, undecided = snap_bounded(x, d, plan)
    elif isinstance(plan, WindowPlan):
        a, b, undecided = snap_window(x, d, plan)
    if undecided:
        a, b = finish(values, a, b, plan, d)
    return a.reshape(values.shape), b.reshape(values.shape)


def _search_bounded(
    values: Array, plan: BoundedPlan, d: int, limits: Limits
) -> tuple[Array, Array, bool]:
    """Do the same for |b| <= P, P at least 1, by the residuals of X = dx in the vector loop."""
    from syntonic.rounding.snap_loops import snap_bounded_within

    cube, coarse = limits.cube * d * _CAUTION, limits.coarse * d
    a, b, undecided, far = snap_bounded_within(values.ravel(), d, plan, cube, coarse)
    if undecided:
        a, b = finish(values, a, b, plan, d)
    return a.reshape(values.shape), b.reshape(values.shape), far > 0


def finish(values: Array, a: Array, b: Array, plan: Plan, d: int) -> tuple[Array, Array]:
    """Decide in integers where b is UNDECIDED; `a` and `b` are 1-d and may be written to."""
    from syntonic.rounding.snap_loops import UNDECIDED

    require_finite(values)
    where = np.flatnonzero(b == UNDECIDED)
    a_rest, b_rest = search_exact(values.ravel()[where], plan, d)
    a, b = a.astype(a_rest.dtype, copy=False), b.astype(b_rest.dtype, copy=False)
    a[where], b[where] = a_rest, b_rest
    return a, b


@slow_way
def certify_exact(
    values: Array, a: Array, b: Array, plan: Plan, d: int, bound: Element
) -> npt.NDArray[np.bool_]:
    """Decide in integers."""
    elements = zip(_ratios(values), _pairs(a, b), strict=True)
    out = [is_unique(plan, v, d * p, q, bound) for (p, q), v in elements]
    return np.array(out, dtype=np.bool_).reshape(values.shape)


def certify_compiled(
    values: Array, a: Array, b: Array, plan: Plan, d: int, bound: Element
) -> npt.NDArray[np.bool_]:
    """Decide in the compiled loops, then in integers where they leave it open."""
    from syntonic.rounding.certificate_loops import MAYBE, certify_bounded, certify_window

    x = values.ravel().astype(np.float64, copy=False)
    if isinstance(plan, BoundedPlan):
        verdicts, undecided = certify_bounded(x, a.ravel(), b.ravel(), d, plan, bound)
    elif isinstance(plan, WindowPlan):
        verdicts, undecided = certify_window(x, a.ravel(), b.ravel(), d, plan, bound)
    if undecided:
        where = np.flatnonzero(verdicts == MAYBE)
        x, a, b = (y.ravel()[where] for y in (values, a, b))
        verdicts[where] = certify_exact(x, a, b, plan, d, bound)
    return verdicts.view(np.bool_).reshape(values.shape)


@slow_way
def residuals_exact(values: Array, a: Array, b: Array, d: int) -> npt.NDArray[np.float64]:
    """Round in integers."""
    elements = zip(_ratios(values), _pairs(a, b), strict=True)
    out = [nearest_float(d * p - q * r, -q * s, q * d) for (p, q), (r, s) in elements]
    return np.array(out, dtype=np.float64).reshape(values.shape)


def residuals_compiled(values: Array, a: Array, b: Array, d: int) -> npt.NDArray[np.float64]:
    """Round in the compiled loops, then in integers where they leave it open."""
    from syntonic.rounding import certificate_loops as kernels

    x = values.ravel().astype(np.float64, copy=False)
    out, undecided = kernels.residuals(x, a.ravel(), b.ravel(), d)
    if undecided:
        where = np.flatnonzero(np.isnan(out))
        x, a, b = (y.ravel()[where] for y in (values, a, b))
        out[where] = residuals_exact(x, a, b, d)
    return out.reshape(values.shape)


def require_finite(values: Array) -> None:
    """Raise unless all floats are finite, with the number and the first index of the others."""
    if values.dtype.kind != "f" or (finite := np.isfinite(values)).all():
        return
    first = tuple(map(int, np.argwhere(~finite)[0]))
    raise ValueError(
        f"snap: x must be finite, got {finite.size - np.count_nonzero(finite)} non-finite "
        f"values, the first at index {first}; drop or replace them"
    )


def _compilable(values: Array, plan: Plan, d: int) -> bool:
    return suits_doubles(plan, d) and _has_doubles(values)


def suits_doubles(plan: Plan, d: int) -> bool:
    """Tell whether the loops in doubles apply to a plan and a denominator."""
    if isinstance(plan, BoundedPlan):
        fits = plan.precision <= MAX_PRECISION
    else:
        fits = isinstance(plan, WindowPlan) and abs(plan.level) <= MAX_LEVEL
    return fits and d < MAX_DENOMINATOR


def _has_doubles(values: Array) -> bool:
    """Tell whether all values are doubles."""
    if values.dtype.kind in "iu":
        least, largest = int(values.min(initial=0)), int(values.max(initial=0))
        return max(-least, largest) <= 1 << 53
    return values.dtype == np.float64


def _is_moderate(bound: Element) -> bool:
    p, q, d = bound
    return p == q == 0 or abs(floor_log2(p, q, d)) < 900


def _scaled_integers(values: Array, d: int) -> tuple[Array, Array]:
    """Return the integers d·values themselves: no element is nearer."""
    largest = max(-int(values.min(initial=0)), int(values.max(initial=0)))
    dtype = np.int64 if largest * d < 1 << 63 else object
    scaled = values.astype(dtype) * (d if largest else 1)
    return np.asarray(scaled, dtype), np.zeros(values.shape, dtype)


def _array(items: Sequence[int], dtype: Any, shape: tuple[int, ...]) -> Array:
    return np.array(items, dtype=dtype).reshape(shape)


def _ratios(values: Array) -> Iterator[Pair]:
    for value in values.ravel().tolist():
        yield value.as_integer_ratio()


def _pairs(a: Array, b: Array) -> Iterator[Pair]:
    return zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
