"""Rows of the table of cliffs: NumPy's functions on exact tensors, and what is shown of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cliff import Row
from syntonic import PHI, ResonantTensor

Calls = dict[str, tuple[Callable[..., Any], Callable[..., Any]]]


def pair(size: int, bound: int = 1000) -> tuple[ResonantTensor, ResonantTensor]:
    rng = np.random.default_rng(1)
    parts = rng.integers(-bound, bound, (4, size))
    return ResonantTensor.from_lattice(*parts[:2]), ResonantTensor.from_lattice(*parts[2:])


def few(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    """Vectors of few different elements."""
    return pair(size, 4)


def ones(size: int) -> tuple[ResonantTensor]:
    return (ResonantTensor.ones(size),)


def rows(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    x, y = pair(size - size % 10)
    return x.reshape(-1, 10), y.reshape(-1, 10)


def triples(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    x, y = pair(size - size % 3)
    return x.reshape(-1, 3), y.reshape(-1, 3)


def masked(size: int) -> tuple[ResonantTensor, ResonantTensor, Any]:
    return *pair(size), np.arange(size) % 3 == 0


def near(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    """Different elements of one float, a + bφ moved by powers of 1/φ, and ordinary ones."""
    x, y = pair(size, 4)
    return 10**12 + x * PHI**-30 + y * PHI**-29, pair(size)[0]


def floats(size: int) -> tuple[ResonantTensor, Any]:
    x, _ = pair(size)
    return x, x.to_floats()


def sizes(size: int) -> tuple[ResonantTensor, ResonantTensor]:
    x = pair(max(size, 2000))[0]
    return x, x[:2000]


def of(group: str, setup: Any, calls: Calls, bound: float = 10, size: int = 20_000) -> list[Row]:
    return [Row(name, group, setup, *both, bound, size) for name, both in calls.items()]


FOLDS: Calls = {
    "maximum.reduce": (lambda x, y: np.maximum.reduce(x), lambda x, y: np.max(x)),
    "minimum.reduce": (lambda x, y: np.minimum.reduce(x), lambda x, y: np.min(x)),
    "add.accumulate": (lambda x, y: np.add.accumulate(x), lambda x, y: np.cumsum(x)),
    "maximum.accumulate": (lambda x, y: np.maximum.accumulate(x), lambda x, y: np.max(x)),
    "subtract.reduce": (lambda x, y: np.subtract.reduce(x), lambda x, y: np.sum(x)),
    "subtract.accumulate": (lambda x, y: np.subtract.accumulate(x), lambda x, y: np.cumsum(x)),
    "add.reduceat": (lambda x, y: np.add.reduceat(x, _tens(x)), lambda x, y: np.cumsum(x)),
    "maximum.reduceat": (lambda x, y: np.maximum.reduceat(x, _tens(x)), lambda x, y: np.max(x)),
    "power of mixed exponents": (lambda x, y: x ** _mixed(x), lambda x, y: x**4),
}
PRODUCTS: Calls = {
    "cumprod": (np.cumprod, np.prod),
    "multiply.accumulate": (np.multiply.accumulate, np.prod),
    "multiply.reduceat": (lambda x: np.multiply.reduceat(x, _tens(x)), np.prod),
    "divide.reduce": (np.divide.reduce, np.prod),
    "divide.accumulate": (np.divide.accumulate, np.prod),
}
JOINING: Calls = {
    "append": (lambda x, y: np.append(x, y), lambda x, y: np.concatenate([x, y])),
    "block": (lambda x, y: np.block([x, y]), lambda x, y: np.concatenate([x, y])),
    "insert": (lambda x, y: np.insert(x, 5, y), lambda x, y: np.concatenate([x, y])),
    "pad": (lambda x, y: np.pad(x, 10), lambda x, y: np.tile(x, 2)),
    "pad, reflected": (lambda x, y: np.pad(x, 10, "reflect"), lambda x, y: np.tile(x, 2)),
    "pad, maximum": (lambda x, y: np.pad(x, 10, "maximum"), lambda x, y: np.sort(x)),
    "pad, mean": (lambda x, y: np.pad(x, 10, "mean"), lambda x, y: np.tile(x, 2)),
    "trim_zeros": (lambda x, y: np.trim_zeros(x), lambda x, y: np.where(x != 0, x, y)),
    "ediff1d": (lambda x, y: np.ediff1d(x), lambda x, y: np.diff(x)),
    "convolve, 40": (lambda x, y: np.convolve(x, y[:40]), lambda x, y: _windows(x) @ y[:40]),
    "polyval, degree 4": (lambda x, y: np.polyval(y[:5], x), lambda x, y: x * x * x * x),
    "polyadd": (lambda x, y: np.polyadd(x, y), lambda x, y: x + y),
    "vander, 4": (lambda x, y: np.vander(x, 4), lambda x, y: x**3),
}
TRIPLES: Calls = {
    "cross": (lambda x, y: np.cross(x, y), lambda x, y: x * y),
    "linalg.cross": (lambda x, y: np.linalg.cross(x, y), lambda x, y: x * y),
}
MASKED: Calls = {
    "choose": (lambda x, y, m: np.choose(m * 1, [x, y]), lambda x, y, m: np.where(m, x, y)),
    "select": (lambda x, y, m: np.select([m, ~m], [x, y]), lambda x, y, m: np.where(m, x, y)),
    "piecewise": (lambda x, y, m: np.piecewise(x, [m], [1, 2]), lambda x, y, m: np.where(m, x, y)),
}
SETS: Calls = {
    "union1d": (lambda x, y: np.union1d(x, y), lambda x, y: np.unique(x)),
    "intersect1d": (lambda x, y: np.intersect1d(x, y), lambda x, y: np.unique(x)),
    "setdiff1d": (lambda x, y: np.setdiff1d(x, y), lambda x, y: np.unique(x)),
    "setxor1d": (lambda x, y: np.setxor1d(x, y), lambda x, y: np.unique(x)),
    "isin": (lambda x, y: np.isin(x, y), lambda x, y: np.unique(x)),
    "lexsort": (
        lambda x, y: np.lexsort((x, y)),
        lambda x, y: (np.argsort(x), np.argsort(y)),
    ),
    "searchsorted": (lambda x, y: np.searchsorted(np.sort(x), y), lambda x, y: np.unique(x)),
    "digitize": (lambda x, y: np.digitize(y, np.sort(x)), lambda x, y: np.unique(x)),
    "median": (lambda x, y: np.median(x), lambda x, y: np.sort(x)),
    "argpartition": (lambda x, y: np.argpartition(x, 5), lambda x, y: np.argsort(x)),
}
BY_ROWS: Calls = {
    "max of rows": (lambda x, y: np.max(x, axis=1), lambda x, y: np.max(x)),
    "argmin of columns": (lambda x, y: np.argmin(x, axis=0), lambda x, y: np.argmin(x)),
    "sort of rows": (lambda x, y: np.sort(x, axis=1), lambda x, y: np.sort(x, axis=None)),
    "median of columns": (lambda x, y: np.median(x, axis=0), lambda x, y: np.median(x)),
    "unique rows": (lambda x, y: np.unique(x, axis=0), lambda x, y: np.unique(x)),
    "cumprod of rows": (lambda x, y: np.cumprod(x, axis=1), lambda x, y: np.prod(x, axis=1)),
}
SORTING: Calls = {
    "sort, float64": (lambda x, f: np.sort(x), lambda x, f: np.sort(f)),
    "argsort, float64": (lambda x, f: np.argsort(x), lambda x, f: np.argsort(f)),
    "unique, float64": (lambda x, f: np.unique(x), lambda x, f: np.unique(f)),
}
NEAR: Calls = {"sort, elements of one float": (lambda x, y: np.sort(x), lambda x, y: np.sort(y))}
SHOWN: Calls = {
    "repr of 10^6": (lambda x, y: repr(x), lambda x, y: repr(y)),
    "HTML of 10^6": (lambda x, y: x._repr_html_(), lambda x, y: y._repr_html_()),
    "array_str of 10^6": (lambda x, y: np.array_str(x), lambda x, y: np.array_str(y)),
    "item of 10^6": (lambda x, y: x.item(7), lambda x, y: y.item(7)),
}
FLUX: Calls = {
    "repr of 10^6 in flux": (lambda x, y: repr(x), lambda x, y: repr(y)),
}
LISTS: Calls = {
    "tolist": (lambda x, y: x.tolist(), lambda x, y: list(map(float, range(x.size)))),
    "a": (lambda x, y: x.a, lambda x, y: list(map(float, range(x.size)))),
}

ROWS: tuple[Row, ...] = (
    *of("folds", pair, FOLDS),
    *of("folds", ones, PRODUCTS, size=2000),
    *of("joining", pair, JOINING),
    *of("joining", triples, TRIPLES),
    *of("joining", masked, MASKED),
    *of("sets", pair, SETS),
    *of("sets, ties", few, SETS),
    *of("rows", rows, BY_ROWS),
    *of("rows, ties", lambda n: tuple(x.reshape(-1, 10) for x in few(n - n % 10)), BY_ROWS),
    *of("sorting", floats, SORTING, 8, 100_000),
    *of("sorting", near, NEAR, 10),
    *of("shown", sizes, SHOWN, 10, 1_000_000),
    *of("shown", lambda n: tuple(x.wake_flux() for x in sizes(n)), FLUX, 10, 1_000_000),
    *of("lists", pair, LISTS, 20),
)


def _tens(x: ResonantTensor) -> Any:
    return np.arange(0, x.size, 10)


def _mixed(x: ResonantTensor) -> Any:
    return np.arange(x.size) % 4 + 1


def _windows(x: ResonantTensor) -> ResonantTensor:
    return np.lib.stride_tricks.sliding_window_view(x, min(40, x.size))
