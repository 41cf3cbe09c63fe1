"""The host harness itself: it must see planted bugs, and compute what CUDA computes."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from cuda_host.build import BuildError
from cuda_host.devices import host_is_missing
from cuda_host.planted import kernels, run
from cuda_host.simulator import MOST_SHARED, SimError, SimModule

pytestmark = pytest.mark.skipif(bool(host_is_missing()), reason=host_is_missing())


# -- planted bugs: each kernel (out, in), of 64 floats, has one ------------------------------
BUGS = r"""
K(no_barrier)(float *o, const float *x) { __shared__ float s[64]; s[t] = x[t]; o[t] = s[63 - t]; }
K(uninitialised)(float *o, const float *x) {
    __shared__ float s[64]; if (t) s[t] = 1; __syncthreads(); o[t] = s[t]; }
K(divergent)(float *o, const float *x) {
    if (t < 32) __syncthreads();
    else
        __syncthreads(); }
K(early_exit)(float *o, const float *x) { if (t == 5) return; __syncthreads(); }
K(exit_beside)(float *o, const float *x) { if (t != 5) __syncthreads(); }
K(bad_mask)(float *o, const float *x) { if (t < 16) o[t] = __shfl_xor_sync(0xff, x[t], 1); }
K(other_masks)(float *o, const float *x) { o[t] = __shfl_sync(t % 2 ? ~0u : 0x55555557u, x[t], 0); }
K(missing_lanes)(float *o, const float *x) {
    if (t < 16) o[t] = __shfl_xor_sync(~0u, x[t], 1); else __syncthreads(); }
K(two_places)(float *o, const float *x) {
    if (t & 1) o[t] = __shfl_sync(~0u, x[t], 1);
    else o[t] = __shfl_sync(~0u, x[t], 0); }
K(read_past)(float *o, const float *x) { o[t] = x[t + 1]; }
K(read_before)(float *o, const float *x) { o[t] = x[(int)t - 1]; }
K(write_past)(float *o, const float *x) { o[t + 4096] = 1; }
K(write_just_past)(float *o, const float *x) { if (t == 63) o[64] = 1; }
K(write_input)(float *o, const float *x) { ((float *)x)[t] = 1; }
K(past_dynamic)(float *o, const float *x) { extern __shared__ float s[]; s[t] = 1; o[0] = s[0]; }
K(past_static)(float *o, const float *x) { __shared__ float s[32]; s[t] = 1; o[0] = s[0]; }
K(misaligned)(float *o, const float *x) { ((float4 *)(o + 1))[0] = make_float4(1, 2, 3, 4); }
K(overflow)(float *o, const float *x) { int n = 1 << 20; o[((int)t * n * 4096) & 63] = 1; }
K(null)(float *o, const float *x) { o[t] = *(const float *)(x == nullptr ? x : nullptr); }
K(deep)(float *o, const float *x) { volatile char big[200000]; big[0] = 1; o[t] = big[0]; }
"""

DIAGNOSED = {
    "divergent": (0, r"planted.cu:8: divergent __syncthreads, others wait at line 6"),
    "early_exit": (0, r"thread \(5,0,0\): returns while others wait at __syncthreads, line 9"),
    "exit_beside": (1, r"__syncthreads"),
    "bad_mask": (0, r"lane 8 is not in the mask 0x000000ff"),
    "other_masks": (0, r"overlaps the mask"),
    "missing_lanes": (0, r"deadlock: waits forever at planted.cu:14"),
    "two_places": (0, r"lanes of one mask meet here and at line"),
    "read_past": (0, r"byte 256 of the 256 of argument 1"),
    "read_before": (1, r"byte -4 of the 256 of argument 1"),
    "write_past": (0, r"byte 16384 of the 256 of argument 0"),
    "write_just_past": (1, r"wrote beside argument 0"),
    "write_input": (0, r"byte 0 of the 256 of argument 1, which is const"),
    "past_dynamic": (0, r"byte 128 of the 128 of dynamic shared memory"),
    "past_static": (0, r"planted.cu:\d+: index 32 out of bounds for 'float \[32\]'"),
    "misaligned": (0, r"misaligned address: 0x\w+4 for 'struct float4', aligned to 16"),
    "overflow": (0, r"planted.cu:\d+: signed overflow in \*"),
    "null": (0, r"out-of-bounds access .*a null pointer"),
    "deep": (0, r"stack overflow"),
}


@pytest.fixture(scope="module")
def bugs() -> SimModule:
    return kernels(BUGS)


@pytest.mark.parametrize("name", DIAGNOSED)
def test_a_planted_bug_is_diagnosed_with_its_place(bugs: SimModule, name: str) -> None:
    bugs.seed, message = DIAGNOSED[name]
    out, x = np.zeros(64, np.float32), np.ones(64, np.float32)
    with pytest.raises(SimError, match=message):
        run(bugs, name, out, x, shared=128 if name == "past_dynamic" else 0)


@pytest.mark.parametrize("name", ["no_barrier", "uninitialised"])
def test_a_read_of_shared_memory_that_nobody_wrote_gives_nan(bugs: SimModule, name: str) -> None:
    bugs.seed = 0
    out, x = np.zeros(64, np.float32), np.ones(64, np.float32)
    run(bugs, name, out, x)
    assert np.isnan(out).any()


def test_the_harness_goes_on_after_a_failure(bugs: SimModule) -> None:
    out, x = np.zeros(64, np.float32), np.ones(64, np.float32)
    for _ in range(3):
        with pytest.raises(SimError, match="deadlock"):
            run(bugs, "missing_lanes", out, x)
        run(bugs, "uninitialised", out, x)
        assert (out[1:] == 1).all()


# -- right kernels ---------------------------------------------------------------------------
RIGHT = r"""
K(copy)(float *o, const float *x) { o[t] = x[t]; }
K(shift)(float *o, const float *x) { float v = x[(t + 1) % 64]; __syncthreads(); o[t] = v; }
K(odd_mask)(float *o, const float *x) {
    if (t % 2) o[t] = __shfl_down_sync(0xaaaaaaaau, x[t], 2); else o[t] = -x[t]; }
K(exits_after)(float *o, const float *x) {
    __syncthreads(); if (t % 2) return; o[t] = x[t]; __syncwarp(0x55555555u); }
K(two_spans)(float *o, const float *x) {
    __shared__ float a[64]; extern __shared__ float b[]; a[t] = x[t]; b[t] = a[t] + 1;
    __syncthreads(); o[t] = a[63 - t] + b[t]; }
K(packs)(float *o, const float *x) {
    if (t < 16) ((float4 *)o)[t] = ((const float4 *)x)[t]; }
K(address)(unsigned long long *o, const float *x) { *o = (unsigned long long)x; }
K(distance)(long long *o, const float *x, const float *y) { *o = y - x; }
K(scale)(float *o, float v, int n) { o[0] = v * n; }
K(nothing)(float *o) { }
K(where)(int *o, int blocks) {
    int b = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    int i = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    o[b * blockDim.x * blockDim.y * blockDim.z + i] = b * 10000 + i; }
K(order)(int *o) { o[atomicAdd(&o[128], 1)] = blockIdx.x * 64 + t; }
extern "C" __global__ void __launch_bounds__(32 + (3 * 32), 2) bounded(float *o) { }
template <class T> T twice(T x) { __shared__ T s[64]; s[t] = x; __syncthreads(); return 2 * s[t]; }
K(templates)(float *o, const float *x) { o[t] = twice(x[t]) + (float)twice((int)t); }
"""


@pytest.fixture(scope="module", params=[0, 1, 2], ids=lambda seed: f"seed{seed}")
def right(request: pytest.FixtureRequest) -> SimModule:
    return kernels(RIGHT, request.param)


def floats(n: int, offset: int = 0) -> np.ndarray:
    """Distinct floats whose address modulo 16 is 4·offset."""
    return np.arange(n + offset, dtype=np.float32)[offset:]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("copy", lambda x: x),
        ("odd_mask", lambda x: np.where(np.arange(64) % 2 == 1, 0, -x)),
        ("two_spans", lambda x: x[::-1] + x + 1),
        ("packs", lambda x: x),
        ("templates", lambda x: 4 * x),
    ],
)
def test_a_right_kernel_runs(right: SimModule, name: str, expected) -> None:
    x, out = floats(64), np.full(64, np.nan, np.float32)
    run(right, name, out, x, shared=256 if name == "two_spans" else 0)
    if name == "odd_mask":  # lane 31 keeps its own, 29 reads 31
        out[1::2] -= np.where(np.arange(1, 64, 2) % 32 == 31, x[1::2], x[1::2] + 2)
    np.testing.assert_array_equal(out, expected(x))


def test_threads_may_leave_after_the_last_barrier(right: SimModule) -> None:
    out = np.zeros(64, np.float32)
    run(right, "exits_after", out, floats(64))
    assert out[2::2].all()
    assert not out[1::2].any()


@pytest.mark.parametrize("offset", range(5))
def test_an_address_keeps_its_remainder(right: SimModule, offset: int) -> None:
    x, address = floats(64, offset), np.zeros(1, np.uint64)
    run(right, "address", address, x)
    assert address[0] % 16 == x.ctypes.data % 16 == 4 * offset % 16
    if offset % 4:
        with pytest.raises(SimError, match="misaligned address"):
            run(right, "packs", np.zeros(64, np.float32), x)


def test_overlapping_arrays_are_one_memory(right: SimModule) -> None:
    x, apart = floats(70), np.zeros(1, np.int64)
    run(right, "distance", apart, x[:50], x[20:])
    assert apart[0] == 20
    run(right, "copy", x[1:65], x[:64], block=1)
    assert x[1] == 0
    x = floats(64)
    run(right, "shift", x, x)
    np.testing.assert_array_equal(x, np.roll(floats(64), -1))


def test_arrays_that_only_touch_are_guarded_apart() -> None:
    module, x = kernels("K(read_past)(float *o, const float *x) { o[t] = x[t + 1]; }"), floats(128)
    with pytest.raises(SimError, match="byte 256 of the 256 of argument 1"):
        run(module, "read_past", x[64:], x[:64])


def test_empty_and_missing_arrays(right: SimModule) -> None:
    for nothing in (None, np.zeros(0, np.float32)):
        run(right, "nothing", nothing)


def test_grids_and_blocks_of_three_dimensions(right: SimModule) -> None:
    out = np.full(2 * 3 * 4 * 30, -1, np.int32)
    right.get_function("where")((2, 3, 4), (5, 3, 2), (out, np.int32(24)))
    expected = 10000 * np.arange(24)[:, None] + np.arange(30)
    np.testing.assert_array_equal(out.reshape(24, 30), expected)


def test_seeds_draw_the_order_of_blocks_and_threads() -> None:
    seen = set()
    for seed in range(4):
        out = np.zeros(129, np.int32)
        run(kernels(RIGHT, seed), "order", out, grid=2)
        assert sorted(out[:128]) == list(range(128))
        if seed == 0:
            np.testing.assert_array_equal(out[:128], np.arange(128))
        seen.add(out.tobytes())
    assert len(seen) == 4


def test_launches_of_several_threads_do_not_mix(bugs: SimModule, right: SimModule) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        x, out = np.full(64, number, np.float32), np.zeros(64, np.float32)
        for _ in range(20):
            run(right, "two_spans", out, x, shared=256)
            if (out != 2 * number + 1).any():
                wrong.append(out)
            with pytest.raises(SimError, match="past_static"):
                run(bugs, "past_static", out, x)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


# -- launches that a GPU refuses, arguments that it would misread ----------------------------
@pytest.mark.parametrize(
    ("grid", "block", "message"),
    [
        ((0,), (32,), "a grid of"),
        ((1, 0), (32,), "a grid of"),
        ((1, 65536), (32,), "a grid of"),
        ((1 << 31,), (1,), "a grid of"),
        ((1,), (0,), "a block of"),
        ((1,), (1025,), "a block of"),
        ((1,), (1, 1, 65), "a block of"),
        ((1,), (64, 32), "2048 threads in a block"),
        ((1 << 30,), (32,), "the host runs at most"),
    ],
)
def test_a_geometry_out_of_the_limits(bugs, grid, block, message: str) -> None:
    with pytest.raises(SimError, match=message):
        bugs.get_function("no_barrier")(grid, block, (None, None))


def test_shared_memory_over_the_limits() -> None:
    kernel = kernels(RIGHT).get_function("nothing")
    kernel((1,), (32,), (None,), shared_mem=48 << 10)
    with pytest.raises(SimError, match="max_dynamic_shared_size_bytes is 49152"):
        kernel((1,), (32,), (None,), shared_mem=(48 << 10) + 1)
    kernel.max_dynamic_shared_size_bytes = 1 << 20
    kernel((1,), (32,), (None,), shared_mem=MOST_SHARED)
    with pytest.raises(SimError, match=f"{MOST_SHARED} is the most"):
        kernel((1,), (32,), (None,), shared_mem=MOST_SHARED + 1)


def test_launch_bounds() -> None:
    run(kernels(RIGHT), "bounded", None, block=128)
    with pytest.raises(SimError, match="__launch_bounds__ says 128"):
        run(kernels(RIGHT), "bounded", None, block=129)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, np.int32(3)), "a float64 for argument 1, which is f4"),
        ((np.float32(1.5), 3), "an? int64 for argument 2, which is i4"),
        ((np.float32(1.5), np.float32(3)), "a float32 for argument 2, which is i4"),
        ((np.float32([1.5]), np.int32(3)), "an array of float32 for argument 1"),
        ((np.float32(1.5),), "2 arguments for 3 parameters"),
    ],
)
def test_scalars_of_another_type(arguments, message: str) -> None:
    with pytest.raises(SimError, match=message):
        run(kernels(RIGHT), "scale", np.zeros(1, np.float32), *arguments)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros(64), "an array of float64 for a pointer to f4"),
        (np.zeros(64, np.int32), "an array of int32 for a pointer to f4"),
        (np.zeros(128, np.float32)[::2], "not contiguous"),
        (np.broadcast_to(np.float32(1), 1), "read-only"),
        (np.float32(3), "a float32 for a pointer"),
    ],
)
def test_arrays_that_do_not_fit(out, message: str) -> None:
    with pytest.raises(SimError, match=message):
        run(kernels(RIGHT), "copy", out, floats(64))


def test_texts_that_do_not_compile() -> None:
    with pytest.raises(BuildError, match=r"planted.cu:1:\d+: error: .y. was not declared"):
        kernels("K(bad)(float *o) { o[t] = y; }")
    with pytest.raises(BuildError, match="not of the form"):
        kernels("__global__ void mangled(float *o) { }")
    with pytest.raises(SimError, match="no kernel other; there are scale"):
        SimModule('extern "C" __global__ void scale() { }').get_function("other")
