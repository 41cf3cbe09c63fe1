"""The geometry of launches: what no device takes is refused before it gets to one."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from cuda_host.devices import DTYPES, HostDevice, dtype_of
from cuda_host.runtime import RUNTIME

from syntonic.errors import DeviceError
from syntonic.flux.cuda import norm, plan, residual, softmax, softmax_grids
from syntonic.flux.cuda.launch import check_geometry, register_runtime

SIZES = (1, 2, 3, 7, 8, 31, 64, 65, 500, 1023, 4100, 20000, 140_000, 1 << 20, (1 << 22) + 3)


@pytest.mark.parametrize(
    ("grid", "block"),
    [
        ((1,), (1,)),
        ((2**31 - 1,), (1024,)),
        ((2**31 - 1, 65535, 65535), (16, 1, 64)),
        ((1, 65535), (1, 1024)),
        ((np.int64(3),), (np.int32(32),)),
    ],
)
def test_limits_are_met(grid, block):
    check_geometry("kernel", grid, block)


@pytest.mark.parametrize(
    ("grid", "block", "reason"),
    [
        ((0,), (32,), "must be positive"),
        ((1, 0), (32,), "must be positive"),
        ((1,), (-1,), "must be positive"),
        ((2**31,), (1,), "at most .2147483647, 65535, 65535. blocks"),
        ((1, 65536), (1,), "at most .2147483647, 65535, 65535. blocks"),
        ((1, 1, 65536), (1,), "at most .2147483647, 65535, 65535. blocks"),
        ((1,), (1025,), "at most .1024, 1024, 64. threads"),
        ((1,), (1, 1, 65), "at most .1024, 1024, 64. threads"),
        ((1,), (32, 33), "at most 1024 threads"),
        ((), (32,), "one to three"),
        ((1, 1, 1, 1), (32,), "one to three"),
    ],
)
def test_what_exceeds_them_is_refused(grid, block, reason):
    with pytest.raises(DeviceError, match=f"^kernel: .*{reason}"):
        check_geometry("kernel", grid, block)
    with pytest.raises(DeviceError, match=reason):
        RUNTIME.launch("phi_residual", "kernel", "f32", grid, block, ())


class Shape:
    """An array of which nothing is asked but its shape, however large."""

    flags = SimpleNamespace(c_contiguous=True)

    def __init__(self, shape, dtype):
        self.shape, self.dtype = tuple(map(int, shape)), np.dtype(dtype)
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape, dtype=object))
        self.nbytes = self.size * self.dtype.itemsize

    def reshape(self, *shape):
        return Shape(shape[0] if isinstance(shape[0], tuple) else shape, self.dtype)

    def __len__(self):
        return self.shape[0]


class Checker:
    """A runtime that checks each launch, and makes none."""

    def __init__(self):
        self.launches = 0

    def empty(self, shape, dtype):
        return Shape(shape, dtype)

    def launch(self, family, symbol, dtype, grid, block, arguments, shared=0):
        check_geometry(symbol, grid, block)
        self.launches += 1


CHECKER = Checker()
register_runtime(Shape, lambda array: CHECKER)


def shapes():
    """Shapes (outer, n, inner) of up to 2^33 elements."""
    for shape in product(SIZES, repeat=3):
        if np.prod(shape, dtype=object) <= 2**33:
            yield shape


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["f64", "bf16"])
def test_no_launcher_exceeds_them(name):
    """Rows and columns, few and many, long and short, up to 2^33 elements."""
    dtype = dtype_of(name)
    before = CHECKER.launches
    for shape in shapes():
        x, kept = Shape(shape, dtype), Shape((4, shape[1]), np.dtype(np.float64))
        norm.batch_norm(x, 1.0, 0.0, None, None)
        norm.batch_norm_backward(x, x, kept, 1.0, 0.0, None, True)
        softmax.softmax_identity(x)
        softmax.softmax_learned_backward(x, x, 1.0)
        if shape[2] > 1:
            continue
        rows, kept = Shape(shape[:2], dtype), Shape((3, shape[0]), np.dtype(np.float64))
        norm.layer_norm(rows, 1.0, 0.0, None, None)
        norm.layer_norm_backward(rows, rows, 1.0, None, kept)
        norm.output_stats(rows)
        residual.residual_gelu(rows, rows, "phi")
        residual.component_norms(rows, rows, "phi")
        residual.residual_layer_norm(rows, rows, None, None, 0.0, "phi")
        residual.residual_layer_norm_backward(rows, rows, rows, None, kept, "phi")
    assert CHECKER.launches - before > 10_000


@pytest.mark.parametrize("name", DTYPES)
def test_a_share_of_strided_slices_is_a_whole_block(name):
    """Else teams of one warp would differ in how often they meet for a shuffle."""
    shared = 0
    for outer, n, inner in shapes():
        if inner == 1:
            continue
        grid = softmax_grids.strided(outer, n, inner, dtype_of(name))  # asserts it too
        if grid.parts > 1:
            lane_bits, way_bits = map(int, grid.sizes[3:5])
            assert 1 << (lane_bits + way_bits) == grid.block
            assert grid.grid == (outer * -(-inner // (1 << lane_bits)) * grid.parts,)
            shared += 1
    assert shared > 20


def test_shares_of_less_than_a_block_are_refused(monkeypatch):
    plan.forget()
    monkeypatch.setattr(softmax_grids, "_LANE_BLOCK", 1024)
    with pytest.raises(AssertionError, match="whole block"):
        softmax.softmax_identity(HostDevice().array(np.zeros((1, 4100, 5))))
