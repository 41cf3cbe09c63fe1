"""Plans of launches: they repeat what the launcher would do, in memory that may be given."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cuda_host.devices import DTYPES, HostDevice, device_for, dtype_of

from benchmarks import launch_overhead
from benchmarks.gpu.pretended import CuPy, launches
from syntonic.errors import DeviceError, ShapeError
from syntonic.flux.cuda import norm, plan, residual, softmax
from syntonic.flux.cuda.launch import register_runtime

SHAPES = [(1, 1), (3, 5), (4, 1024), (5, 4099), (2, 20_000), (2, 70_000), (1, 300_001), (0, 7)]
NEVER = 1e-5, "phi"


class Noted:
    """An array without memory; `number` tells one from another."""

    count = 0

    def __init__(self, shape, dtype):
        Noted.count += 1
        self.number = Noted.count
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape, dtype=object))
        self.nbytes = self.size * self.dtype.itemsize

    def reshape(self, *shape):
        other = Noted(shape[0] if isinstance(shape[0], tuple) else shape, self.dtype)
        other.number = self.number
        return other

    def __len__(self):
        return self.shape[0]


class Recorder:
    """Notes every launch."""

    def __init__(self):
        self.noted: list[Any] = []

    def empty(self, shape, dtype):
        return Noted(shape, dtype)

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        self.noted.append((family, symbol, dtype, grid, block, arguments, shared))


RECORDER = Recorder()
register_runtime(Noted, lambda array: RECORDER)


def cases(dtype) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every launcher with arguments for every shape."""
    acc = np.float64 if dtype == np.float64 else np.float32
    for rows, cols in SHAPES:
        x, wide, slices = (
            Noted(shape, dtype) for shape in ((rows, cols), (rows, cols, 1), (rows, cols, 3))
        )
        g, kept = Noted((cols,), acc), Noted((3, rows), np.float64)
        yield norm.layer_norm, (x, 1.0, 1e-5, g, None)
        yield norm.layer_norm_backward, (x, x, 1.0, g, kept)
        yield norm.output_stats, (x,)
        for mode in ("phi", "phi_symmetric", "standard"):
            yield residual.residual, (x, x, mode)
            yield residual.residual_backward, (x, mode)
        yield residual.residual_relu, (x, x, "phi")
        yield residual.residual_relu_backward, (x, x, "standard")
        yield residual.residual_gelu, (x, x, "phi")
        yield residual.residual_gelu_backward, (x, x, x, "phi")
        yield residual.residual_layer_norm, (x, x, g, g, *NEVER)
        yield residual.residual_layer_norm_backward, (x, x, x, g, kept, "phi")
        yield residual.component_norms, (x, x, "phi")
        for y in (wide, slices):
            channels = Noted((4, cols), np.float64)
            yield norm.batch_norm, (y, 1.0, 1e-5, g, g)
            yield norm.batch_norm_stats, (y,)
            yield norm.batch_norm_apply, (y, channels, 1.0, 1e-5, None, g)
            yield norm.batch_norm_backward, (y, y, channels, 1.0, 1e-5, g, True)
            yield softmax.softmax_identity, (y,)
            yield softmax.softmax_backward, (y, y)
            yield softmax.softmax_learned, (y, g, 2.0)
            yield softmax.softmax_learned_backward, (y, y, 2.0)
            for weights in (y, g):
                yield softmax.softmax_provided, (y, weights, 2.0, 1e-10)
                yield softmax.softmax_provided_backward, (y, y, weights, 2.0, 1e-10)


def told(noted, result):
    """Launches and results, each array by when it was first seen, with its shape and dtype."""
    seen: dict[int, int] = {}

    def of(value):
        if isinstance(value, Noted):
            return seen.setdefault(value.number, len(seen)), value.size, value.dtype
        return None if value is None else (type(value), value)

    launched = [(*rest, tuple(map(of, given)), shared) for *rest, given, shared in noted]
    several = result if isinstance(result, tuple) else (result,)
    return launched, [(*of(each), each.shape) for each in several]


@pytest.mark.parametrize("name", DTYPES)
def test_a_plan_does_what_its_launcher_does(name):
    """Twice each: found out, and repeated from another call's arrays."""
    launchers = set()
    for launcher, arguments in cases(dtype_of(name)):
        launchers.add(launcher.__name__)
        RECORDER.noted.clear()
        wanted = told(RECORDER.noted, launcher._launcher(*arguments))
        for _ in range(2):
            RECORDER.noted.clear()
            assert told(RECORDER.noted, launcher(*arguments)) == wanted, launcher.__name__
    assert launchers == {each.__name__ for each in plan._ALL}


def test_what_differs_has_a_plan_of_its_own():
    plan.forget()
    x, y, z = (Noted((4, n), dtype) for n, dtype in ((8, "f4"), (9, "f4"), (8, "f8")))
    g = Noted((8,), np.float32)
    calls = (
        (x, 1.0, 1e-5, g, None), (x, 1.0, 1e-5, None, g), (x, 1.0, 1e-5, g, g),
        (x, 0.5, 1e-5, g, g), (x, 1.0, 0.0, g, g), (y, 1.0, 1e-5, None, None),
        (z, 1.0, 0.0, g, g),
    )  # fmt: skip
    for count, arguments in enumerate(calls, 1):
        for _ in range(2):
            norm.layer_norm(*arguments)
            assert len(norm.layer_norm.plans) == count
    norm.layer_norm(x, target=1.0, eps=1e-5, gamma=g, beta=None)  # by name it is the first
    assert len(norm.layer_norm.plans) == len(calls)


def test_plans_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(plan, "_MOST", 5)
    for rows in range(20):
        residual.residual(*[Noted((rows,), np.float32)] * 2, "phi")
        assert len(residual.residual.plans) <= 5


# -- results and scratch that are given -------------------------------------------------------


def on_host(dtype) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Launchers that need scratch, and some that need none, with numbers."""
    device, random = HostDevice(), np.random.default_rng(0)
    acc = np.float64 if dtype == np.float64 else np.float32

    def draw(*shape, of=dtype):
        return device.array(random.standard_normal(shape), of)

    x, long, y = draw(7, 65), draw(2, 70_000), draw(3, 40, 5)
    _, kept = norm.layer_norm(long, 1.0, 1e-5, None, None)
    yield residual.residual_gelu, (x, x, "phi")
    yield norm.layer_norm, (long, 1.0, 1e-5, draw(70_000, of=acc), None)
    yield norm.layer_norm_backward, (draw(2, 70_000), long, 1.0, None, kept)
    yield norm.batch_norm, (y, 1.0, 1e-5, None, None)
    yield norm.output_stats, (x,)
    yield softmax.softmax_identity, (long.reshape(2, 70_000, 1),)
    yield softmax.softmax_learned_backward, (y, softmax.softmax_identity(y), 1.0)


@pytest.mark.campaign
def test_results_and_scratch_that_are_given_change_no_bit():
    device = device_for("natural")
    for launcher, arguments in on_host(np.dtype(np.float32)):
        wanted = launcher(*arguments)
        several = wanted if isinstance(wanted, tuple) else (wanted,)
        known = launcher.plan(*arguments)
        out = tuple(device.array(np.full(each.shape, 7, each.dtype)) for each in several)
        room = np.full(known.workspace + 2 * plan._ALIGNED, 0xFF, np.uint8)
        shift = -room.ctypes.data % plan._ALIGNED
        end = shift + known.workspace
        workspace = device.array(room)[shift:end]
        workspace = room.view(type(workspace))[shift:end]
        got = launcher(*arguments, out=out, workspace=workspace)
        for given, one, other in zip(out, got if len(out) > 1 else (got,), several, strict=True):
            assert given is one
            assert device.numpy(one).tobytes() == device.numpy(other).tobytes(), launcher.__name__
        assert (room[:shift] == 0xFF).all()
        assert (room[end:] == 0xFF).all()


@pytest.mark.parametrize(
    ("out", "says"),
    [
        (Noted((4, 8), np.float32), "out must be 2 arrays, got 1"),
        ((Noted((4, 8), np.float32),) * 3, "out must be 2 arrays, got 3"),
        (
            (Noted((8, 4), np.float32), Noted((3, 4), np.float64)),
            r"array 0 of out must be float32 of shape \(4, 8\), got float32 of shape \(8, 4\)",
        ),
        (
            (Noted((4, 8), np.float32), Noted((3, 4), np.float32)),
            r"array 1 of out must be float64 of shape \(3, 4\), got float32",
        ),
    ],
)
def test_results_that_do_not_fit_are_refused(out, says):
    with pytest.raises(ShapeError, match=f"^layer_norm: {says}"):
        norm.layer_norm(Noted((4, 8), np.float32), 1.0, 0.0, None, None, out=out)


def test_a_workspace_that_does_not_hold_all_is_refused():
    x = HostDevice().array(np.zeros((2, 70_000)))
    wanted = norm.layer_norm.plan(x, 1.0, 0.0, None, None).workspace
    room = np.zeros(wanted + 2 * plan._ALIGNED, np.uint8)
    first = -room.ctypes.data % plan._ALIGNED
    for workspace in (room[first : first + wanted - 1], room[first + 8 : first + 8 + wanted]):
        with pytest.raises(DeviceError, match=f"^layer_norm: workspace must be {wanted} bytes"):
            norm.layer_norm(x, 1.0, 0.0, None, None, workspace=workspace)


# -- on CuPy's arrays -------------------------------------------------------------------------


@pytest.fixture
def cupy():
    pytest.importorskip("cupy")
    library = CuPy()
    with launches(library):
        yield library


def test_a_captured_call_allocates_nothing(cupy):
    """A graph replays addresses: memory of a pool would by then be somebody else's."""
    for name, call in launch_overhead.calls(cupy):
        call()
        cupy.allocated = 0
        got = call()
        returned = {id(each) for each in (got if isinstance(got, tuple) else (got,))}
        assert cupy.allocated in (len(returned), len(returned) + 1), name
    x, kept = cupy.empty((4, 131_072), np.float32), cupy.empty((3, 4), np.float64)
    room = cupy.empty((norm.layer_norm.plan(x, 1.0, 0.0, None, None).workspace,), np.uint8)
    out = cupy.empty(x.shape, x.dtype), kept
    cupy.allocated = 0
    assert norm.layer_norm(x, 1.0, 0.0, None, None, out=out, workspace=room)[0] is out[0]
    assert not cupy.allocated


def test_a_call_takes_few_steps_of_python(cupy):
    """Functions entered, by Python's own count: seconds would depend on the machine."""
    for name, call in launch_overhead.calls(cupy):
        call()
        steps: list[str] = []

        def watch(frame, event, argument, steps=steps):
            if event == "call":
                steps.append(frame.f_code.co_name)

        sys.setprofile(watch)
        try:
            call()
        finally:
            sys.setprofile(None)
        started = steps.count("nothing")
        assert len(steps) <= 30 + 2 * started, f"{name}: {steps}"


def test_arrays_that_a_kernel_would_misread_are_refused(cupy):
    x = cupy.empty((4, 8), np.float32)
    with pytest.raises(DeviceError, match=r"^residual: argument 1 must be C-contiguous"):
        residual.residual(x, cupy.empty((8, 4), np.float32).T, "phi")
    with pytest.raises(DeviceError, match=r"^residual: argument 2 must be C-contiguous"):
        residual.residual(x, x, "phi", out=cupy.empty((8, 4), np.float32).T)


def test_an_empty_array_launches_no_more_than_its_launcher(cupy):
    x, kept = cupy.empty((0, 8), np.float32), cupy.empty((3, 0), np.float64)
    dx, dgamma, dbeta = norm.layer_norm_backward(x, x, 1.0, None, kept)
    assert (dx.shape, dgamma.shape, dbeta.shape) == ((0, 8), (8,), (8,))
