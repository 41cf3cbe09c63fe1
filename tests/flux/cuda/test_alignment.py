"""Where an array lies in memory changes no bit, nor does how much shared memory a device has.

A view that begins one element later has the shape, dtype and values of its copy, and so it has the
results of it: statistics and gradients of parameters too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import dtype_of
from cuda_host.runtime import RUNTIME
from effort import thinned

from benchmarks.gpu.operations import EPS, FLOOR, OPERATIONS, SCALE, TARGET, Operation
from syntonic.flux.cuda import norm, residual, softmax
from syntonic.flux.cuda.plan import _Planned
from syntonic.flux.cuda.source import acc_dtype

DTYPES = ("f64", "f32", "f16", "bf16")

# One order of threads is enough: that orders change no bit, other tests say.
anywhere = pytest.mark.parametrize(
    "device", ["shuffled", pytest.param("cuda", marks=pytest.mark.gpu)], indirect=True
)


# -- what is measured, and what it leaves out -----------------------------------------------------
def _classes(d: SimpleNamespace) -> None:
    OPERATIONS["softmax"]["softmax learned"].prepare(d)
    d.out = softmax.softmax_provided(d.x3, d.norms, SCALE, FLOOR)


def _prepared(family: str, name: str, launch: Callable[[Any], Any]) -> Operation:
    """Return another call of an operation that is measured."""
    known = OPERATIONS[family][name]
    return Operation(launch, known.passes, known.arrays, known.prepare)


OTHERS = {
    "residual": {
        "symmetric gelu backward": _prepared(
            "residual",
            "gelu backward",
            lambda d: residual.residual_gelu_backward(d.grad, d.x, d.y, "phi_symmetric"),
        ),
        "standard residual layer norm": _prepared(
            "residual",
            "residual layer norm",
            lambda d: residual.residual_layer_norm(d.x, d.y, None, None, EPS, "standard"),
        ),
        "standard residual layer norm backward": _prepared(
            "residual",
            "residual layer norm backward",
            lambda d: residual.residual_layer_norm_backward(
                d.grad, d.x, d.y, None, d.statistics, "standard"
            ),
        ),
    },
    "norm": {
        "plain layer norm": _prepared(
            "norm", "layer norm", lambda d: norm.layer_norm(d.x, TARGET, EPS, None, None)
        ),
        "constant batch norm backward": _prepared(
            "norm",
            "batch norm backward",
            lambda d: norm.batch_norm_backward(
                d.grad3, d.x3, d.statistics, TARGET, EPS, d.gamma, False
            ),
        ),
    },
    "softmax": {
        "softmax of classes": Operation(
            lambda d: softmax.softmax_provided(d.x3, d.norms, SCALE, FLOOR), 2, "x", _classes
        ),
        "softmax of classes backward": Operation(
            lambda d: softmax.softmax_provided_backward(d.grad3, d.out, d.norms, SCALE, FLOOR),
            3,
            "x grad",
            _classes,
        ),
    },
}

FLAT = ((1,), (1023,), (5, 824), (70_001,), (65_536,))
ROWS = ((9, 16), (37, 24), (9, 33), (5, 520), (3, 2000), (3, 2001), (3, 8192), (3, 8193))
LONG_ROWS = ((2, 9000), (2, 16_384), (2, 20_000), (2, 20_001), (2, 32_768), (1, 40_000))
LONG_ROWS += ((2, 70_001),)
CHANNELS = ((40, 16), (40, 33), (900, 16), (900, 33), (3, 5, 16), (3, 65, 7, 7), (2, 70, 1025))
CHANNELS += ((2, 2, 9000), (2, 2, 9001), (1, 20_000))
SLICES = ((33, 8), (33, 7), (9, 100), (9, 101), (9, 512), (9, 515), (9, 1001), (3, 4096))
SLICES += ((9, 8192 + 4096 + 1), (3, 12_000), (9, 16_383), (9, 20_001), (2, 20_000), (2, 40_001))
SLICES += ((2, 50, 8), (2, 50, 7), (3, 1000, 24), (3, 1000, 21), (1, 9001, 16), (1, 9001, 5))
VALUES = ((1, 1), (3, 431))


def shapes_of(family: str, name: str) -> tuple[tuple[int, ...], ...]:
    """The shapes with which an operation runs each of its kernels."""
    if "layer norm" in name:
        return ROWS + LONG_ROWS
    if family == "norm" and "batch" in name:
        return CHANNELS
    return {"softmax": SLICES, "lattice": VALUES}.get(family, FLAT)


ALL = {family: {**does, **OTHERS.get(family, {})} for family, does in OPERATIONS.items()}
CASES = [
    (family, name, shape, dtype)
    for family, operations in ALL.items()
    for name in operations
    for shape, dtype in product(shapes_of(family, name), DTYPES)
]


# -- arrays that do not begin where packs may -----------------------------------------------------
def skewed(device: Any, array: Any, by: int = 1) -> Any:
    """Return a copy that begins so many elements after a boundary of 16 bytes."""
    values = device.numpy(array)
    base = device.array(np.concatenate([np.zeros(by, values.dtype), values.reshape(-1)]))
    return base[by:].reshape(values.shape)


@contextmanager
def skewed_results(device: Any, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have launchers write to such arrays: as `out` where one is taken, else as what is empty."""
    call = _Planned.__call__

    def planned(self: Any, *arguments: Any) -> Any:
        specs = self.plan(*arguments).outputs
        out = tuple(skewed(device, np.zeros(spec.shape, spec.dtype)) for spec in specs)
        return call(self, *arguments, out=out) if out else call(self, *arguments)

    with patch.context() as patched:
        patched.setattr(_Planned, "__call__", planned)
        yield


def bits(device: Any, results: Any) -> list[str]:
    """Return a digest of each result: the bytes themselves would fill a report."""
    several = results if isinstance(results, tuple) else (results,)
    return [sha256(device.numpy(each).tobytes()).hexdigest()[:8] for each in several]


def given_to(device: Any, operation: Operation, shape: tuple[int, ...], dtype: Any) -> Any:
    random = np.random.default_rng(0)
    arrays = [device.array(random.normal(1, 1, shape), dtype) for _ in operation.arrays.split()]
    given = SimpleNamespace(**dict(zip(operation.arrays.split(), arrays, strict=True)))
    given.vector = lambda n: device.array(random.normal(1, 1, n), acc_dtype(dtype))
    operation.prepare(given)
    return given


def arrays_of(given: Any, launch: Callable[[Any], Any]) -> list[str]:
    """The names of the arrays that a launch takes."""
    taken = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            taken.append(name)
            return getattr(given, name)

    launch(Spy())
    return [name for name in dict.fromkeys(taken) if hasattr(getattr(given, name), "dtype")]


def assert_one_answer(device: Any, given: Any, launch: Callable[[Any], Any], patch: Any) -> None:
    names, expected = arrays_of(given, launch), bits(device, launch(given))

    def moved(**by: int) -> Any:
        there = {name: skewed(device, getattr(given, name), by[name]) for name in by}
        return SimpleNamespace(**{**vars(given), **there})

    for name in names:
        assert bits(device, launch(moved(**{name: 1}))) == expected, f"{name} begins later"
    everything = moved(**dict.fromkeys(names, 1))
    assert bits(device, launch(everything)) == expected, "all begin later"
    apart = moved(**dict(zip(names, count(1))))
    assert bits(device, launch(apart)) == expected, "all begin elsewhere"
    with skewed_results(device, patch):
        assert bits(device, launch(given)) == expected, "results begin later"
        assert bits(device, launch(everything)) == expected, "all begin later, and results"


@anywhere
@pytest.mark.parametrize(("family", "name", "shape", "dtype"), thinned(CASES, every=59), ids=str)
def test_alignment_changes_no_bit(device, family, name, shape, dtype, monkeypatch):
    operation = ALL[family][name]
    given = given_to(device, operation, shape, dtype_of(dtype))
    assert_one_answer(device, given, operation.launch, monkeypatch)


# -- shared memory --------------------------------------------------------------------------------
KEPT_ROWS = ((3, 6145), (3, 8192), (3, 9001), (3, 12_288), (3, 12_289), (9, 16_383), (3, 16_384))
KEPT = [
    (family, name, shape, dtype)
    for family, names in ALL.items()
    for name in names
    if family == "softmax" or "layer norm" in name
    for shape, dtype in product(KEPT_ROWS, DTYPES)
]
KEPT += [("norm", "layer norm", (64, 33_000), dtype) for dtype in DTYPES]


@pytest.mark.parametrize("device", ["shuffled"], indirect=True)  # a GPU has what it has
@pytest.mark.parametrize(("family", "name", "shape", "dtype"), thinned(KEPT, every=91), ids=str)
def test_shared_memory_changes_no_bit(device, family, name, shape, dtype, monkeypatch):
    """As much as an H100 has, an RTX 4090, a T4, or nearly none: what is not kept is read again."""
    operation = ALL[family][name]
    given, found = given_to(device, operation, shape, dtype_of(dtype)), []
    for kilobytes in (227, 99, 64, 48, 9):
        monkeypatch.setattr(RUNTIME, "shared", kilobytes << 10)
        found.append(bits(device, operation.launch(given)))
    assert found == found[:1] * len(found)
