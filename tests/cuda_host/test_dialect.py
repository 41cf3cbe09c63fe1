"""What CUDA C++ means on the host harness: warps, half floats, roundings."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from cuda_host.devices import host_is_missing
from cuda_host.planted import kernels, run

pytestmark = pytest.mark.skipif(bool(host_is_missing()), reason=host_is_missing())

WARP = r"""
K(shuffles)(long long *o, const long long *x) {
    int lane = t % 32;
    o[t * 6 + 0] = __shfl_sync(~0u, x[t], 3);
    o[t * 6 + 1] = __shfl_up_sync(~0u, x[t], 5);
    o[t * 6 + 2] = __shfl_down_sync(~0u, x[t], 5, 8);
    o[t * 6 + 3] = __shfl_xor_sync(~0u, x[t], 9);
    o[t * 6 + 4] = __double_as_longlong(__shfl_sync(~0u, __longlong_as_double(x[t]), lane + 1, 16));
    o[t * 6 + 5] = __shfl_xor_sync(~0u, (int)x[t], 16, 16); }
K(votes)(unsigned *o, const int *x) {
    int all;
    o[t * 8 + 0] = __ballot_sync(~0u, x[t]);
    o[t * 8 + 1] = __any_sync(~0u, x[t] > 60);
    o[t * 8 + 2] = __all_sync(~0u, x[t] >= 32);
    o[t * 8 + 3] = __match_any_sync(~0u, x[t] / 8);
    o[t * 8 + 4] = __match_all_sync(~0u, t / 32, &all), o[t * 8 + 4] += all;
    o[t * 8 + 5] = __syncthreads_count(x[t] % 3 == 0);
    o[t * 8 + 6] = __syncthreads_or(x[t] == 63) + 2 * __syncthreads_and(x[t] < 64);
    o[t * 8 + 7] = __match_all_sync(~0u, x[t], &all), o[t * 8 + 7] += all; }
"""


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shuffles(seed: int) -> None:
    x, out = np.arange(64) * 0x100000001 + 7, np.zeros((64, 6), np.int64)
    run(kernels(WARP, seed), "shuffles", out, x)
    t = np.arange(64)
    lane, warp = t % 32, t // 32 * 32
    np.testing.assert_array_equal(out[:, 0], x[warp + 3])
    np.testing.assert_array_equal(out[:, 1], x[np.where(lane >= 5, t - 5, t)])
    np.testing.assert_array_equal(out[:, 2], x[np.where(lane % 8 < 3, t + 5, t)])
    np.testing.assert_array_equal(out[:, 3], x[warp + (lane ^ 9)])
    np.testing.assert_array_equal(out[:, 4], x[t // 16 * 16 + (lane + 1) % 16])
    np.testing.assert_array_equal(out[:, 5], x[np.where(lane >= 16, t - 16, t)].astype(np.int32))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_votes_and_matches(seed: int) -> None:
    x, out = np.arange(64, dtype=np.int32), np.zeros((64, 8), np.uint32)
    run(kernels(WARP, seed), "votes", out, x)
    assert list(out[[0, 63], 0]) == [0xFFFFFFFE, 0xFFFFFFFF]
    assert list(out[[0, 63], 1]) == [0, 1]
    assert list(out[[0, 63], 2]) == [0, 1]
    np.testing.assert_array_equal(out[:, 3], np.uint32(0xFF) << (x % 32 // 8 * 8).astype(np.uint32))
    assert (out[:, 4] == 0).all()  # all lanes and one: 2**32
    assert (out[:, 5] == 22).all()
    assert (out[:, 6] == 3).all()
    assert (out[:, 7] == 0).all()


HALF = r"""
#include <cuda_fp16.h>
#include <cuda_bf16.h>
#define I ((long long)blockIdx.x * blockDim.x + t)
K(from_half)(float *o, const __half *x) { o[I] = __half2float(x[I]); }
K(to_half)(__half *o, const float *x) { o[I] = __float2half_rn(x[I]); }
K(from_bf16)(float *o, const __nv_bfloat16 *x) { o[I] = __bfloat162float(x[I]); }
K(to_bf16)(__nv_bfloat16 *o, const float *x) { o[I] = __float2bfloat16_rn(x[I]); }
"""


def half_type(name: str) -> np.dtype:
    return np.dtype(pytest.importorskip("ml_dtypes").bfloat16 if name == "bf16" else np.float16)


@pytest.mark.parametrize("name", ["half", "bf16"])
def test_every_half_becomes_its_float(name: str) -> None:
    x = np.arange(1 << 16, dtype=np.uint16).view(half_type(name))
    out = np.empty(1 << 16, np.float32)
    run(kernels(HALF), f"from_{name}", out, x, grid=64, block=1024)
    expected = x.astype(np.float32)
    nan = np.isnan(expected)
    np.testing.assert_array_equal(out[~nan].view(np.uint32), expected[~nan].view(np.uint32))
    assert (out[nan].view(np.uint32) == 0x7FFFFFFF).all()


@pytest.mark.parametrize("name", ["half", "bf16"])
def test_floats_round_to_the_nearest_half(name: str) -> None:
    """All halves, all points halfway between two, the floats beside those, and any floats."""
    kind = half_type(name)
    halves = np.arange(0x7FFF, dtype=np.uint16).view(kind).astype(np.float32)
    halves = halves[np.isfinite(halves)]
    ties = halves[:-1] + (halves[1:] - halves[:-1]) / 2  # exact
    edges = np.concatenate(
        [halves, ties, [np.inf, 65519.996, 65520, 65536, 3.3e38, 3.39e38, 3.4e38]]
    )
    edges = edges.astype(np.float32)
    near = [np.nextafter(edges, np.float32(to)) for to in (-np.inf, np.inf)]
    anything = np.random.default_rng(5).integers(0, 1 << 32, 1 << 18, dtype=np.uint32)
    x = np.concatenate([edges, *near, anything.view(np.float32)])
    x = np.concatenate([x, -x])
    x = np.concatenate([x, np.zeros(-len(x) % 1024, np.float32)])
    out = np.empty(len(x), kind)
    run(kernels(HALF), f"to_{name}", out, x, grid=len(x) // 1024, block=1024)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = x.astype(kind)
    nan = np.isnan(x)
    np.testing.assert_array_equal(out[~nan].view(np.uint16), expected[~nan].view(np.uint16))
    assert (out[nan].view(np.uint16) == 0x7FFF).all()


MATH = r"""
K(rounded)(double *o, const double *x, const double *y) {
    double a = x[t], b = y[t];
    o[t * 8 + 0] = a * b - 1.0;
    o[t * 8 + 1] = fma(a, b, -1.0);
    o[t * 8 + 2] = __fma_rn(a, b, -1.0);
    o[t * 8 + 3] = __dadd_rn(__dmul_rn(a, b), -1.0);
    o[t * 8 + 4] = __ddiv_rn(a, b);
    o[t * 8 + 5] = __dsqrt_rn(a);
    o[t * 8 + 6] = copysign(rint(a * 2.5), -b);
    o[t * 8 + 7] = __hiloint2double(__double2hiint(a), __double2loint(a)); }
K(single)(float *o, const float *x) {
    float a = x[t];
    o[t * 6 + 0] = a * a - 1.0f;
    o[t * 6 + 1] = fmaf(a, a, -1.0f);
    o[t * 6 + 2] = __frsqrt_rn(a);
    o[t * 6 + 3] = __fdiv_rn(1.0f, a);
    o[t * 6 + 4] = exp2f(a);
    o[t * 6 + 5] = erff(a); }
K(integers)(long long *o, const double *x) {
    o[t * 4 + 0] = __double2ll_rn(x[t]);
    o[t * 4 + 1] = __double2ll_rz(x[t]);
    o[t * 4 + 2] = __double2int_rn(x[t]);
    o[t * 4 + 3] = __double_as_longlong(__longlong_as_double(__double_as_longlong(x[t]))); }
K(unrolled)(float *o, const float *__restrict__ x) {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) sum += __ldg(&x[i]) + __ldcs(&x[i]);
    __stcs(&o[t], sum + min(1, 2ll) + max(0.5f, 1.0)); }
"""


def test_products_and_sums_are_not_contracted_and_fma_rounds_once() -> None:
    rng = np.random.default_rng(1)
    x, out = 1 + rng.random(64), np.empty((64, 8))
    y = 1 / x
    run(kernels(MATH), "rounded", out, x, y)
    once = [float(Fraction(a) * Fraction(b) - 1) for a, b in zip(x, y, strict=True)]
    assert (x * y - 1 != once).any(), "the inputs do not tell the two apart"
    expected = [x * y - 1, once, once, x * y - 1, x / y, np.sqrt(x), -np.rint(x * 2.5), x]
    np.testing.assert_array_equal(out.T, expected)


def test_float_functions() -> None:
    x, out = np.linspace(0.1, 3, 64, dtype=np.float32), np.empty((64, 6), np.float32)
    run(kernels(MATH), "single", out, x)
    wide = x.astype(np.float64)
    once = (wide * wide - 1).astype(np.float32)  # exact before it is rounded
    assert (once != x * x - 1).any()
    np.testing.assert_array_equal(out[:, 0], x * x - np.float32(1))
    np.testing.assert_array_equal(out[:, 1], once)
    np.testing.assert_array_equal(out[:, 2], (1 / np.sqrt(wide)).astype(np.float32))
    np.testing.assert_array_equal(out[:, 3], 1 / x)
    np.testing.assert_allclose(out[:, 4], np.exp2(wide), rtol=2.0**-23)
    np.testing.assert_allclose(out[:, 5], [math.erf(a) for a in wide], rtol=2.0**-23)


def test_conversions_to_integers_saturate() -> None:
    x = np.array([2.5, 3.5, -2.5, 1e300, -1e300, np.nan, 2.0**63, -(2.0**63)])
    x = np.resize(x, 64)
    out = np.empty((64, 4), np.int64)
    run(kernels(MATH), "integers", out, x)
    most, least = (1 << 63) - 1, -(1 << 63)
    high, low = (1 << 31) - 1, -(1 << 31)
    assert out[:8, 0].tolist() == [2, 4, -2, most, least, least, most, least]
    assert out[:8, 1].tolist() == [2, 3, -2, most, least, least, most, least]
    assert out[:8, 2].tolist() == [2, 4, -2, high, low, 0, high, low]
    np.testing.assert_array_equal(out[:, 3], x.view(np.int64))


def test_hints_of_the_compiler_and_of_caches() -> None:
    out = np.zeros(64, np.float32)
    run(kernels(MATH), "unrolled", out, np.arange(4, dtype=np.float32))
    assert (out == 14).all()
