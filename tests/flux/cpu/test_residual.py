"""Residual connections on the CPU: exact rounding, derivatives, edge values, torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu import norm, residual

MODES = ("phi", "phi_symmetric", "standard")
SIZES = (0, 1, 2, 31, 33, 1023, 1025)
EDGES = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-38, 3e-42)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


def normal(kind: type, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


def pairs_of_edges(kind: type) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.array(EDGES, kind), np.array(EDGES, kind))
    return np.ascontiguousarray(x.ravel()), np.ascontiguousarray(y.ravel())


def weights(mode: str) -> tuple[float, float]:
    return {"phi": (1, PHI_INV), "phi_symmetric": (PHI_INV, PHI_INV), "standard": (1, 1)}[mode]


# -- forward ----------------------------------------------------------------------------------


def rounded(x: Fraction, kind: type) -> float:
    """Return the nearest number of a type; float64 rounds correctly, float32 through odd."""
    near = float(x)
    if kind is np.float64:
        return near
    if Fraction(near) != x and int(np.float64(near).view(np.int64)) % 2 == 0:
        near = math.nextafter(near, math.inf if x > Fraction(near) else -math.inf)
    return float(np.float32(near))


@pytest.mark.parametrize("scale", [1.0, 1e-7, 1e7, 1e-30, 1e-37])
def test_phi_is_one_fused_multiply_add(kind: type, scale: float) -> None:
    """Round identity + residual·fl(1/φ) once, from exact fractions, at any ratio of sizes."""
    x = normal(kind, 2000) * kind(scale)
    y = normal(kind, 2000, seed=1) * np.exp2(np.arange(2000) % 60 - 30).astype(kind) * kind(scale)
    x[::3] = -(y[::3] * kind(PHI_INV))  # they cancel to the rounding error of the product
    y[::50], x[::70] = 0, 0
    c = Fraction(float(kind(PHI_INV)))
    rows = zip(x.tolist(), y.tolist(), strict=True)
    exact = [rounded(Fraction(a) + Fraction(b) * c, kind) for a, b in rows]
    np.testing.assert_array_equal(residual.residual(x, y, "phi"), np.array(exact, kind))


@pytest.mark.parametrize("tiny", [1e-20, -1e-20, 1e-35, -1e-35])
def test_ties_that_a_tiny_identity_breaks(kind: type, tiny: float) -> None:
    """Products of small integers lie half-way between floats now and then; n·fl(1/φ) ± tiny."""
    y = np.arange(-400, 400).astype(kind)
    x = np.full(y.shape, tiny, kind)
    c, z = Fraction(float(kind(PHI_INV))), Fraction(float(kind(tiny)))
    exact = np.array([rounded(Fraction(v) * c + z, kind) for v in y.tolist()], kind)
    np.testing.assert_array_equal(residual.residual(x, y, "phi"), exact)


@pytest.mark.parametrize("scale", [1e-323, 1e-310, 1e-300, 1e-160, 1e160, 1e300])
def test_fused_at_the_ends_of_float64(scale: float) -> None:
    x, y = normal(np.float64, 300) * scale, normal(np.float64, 300, seed=1) * scale
    x[::3] = -(y[::3] * PHI_INV)
    rows = zip(x.tolist(), y.tolist(), strict=True)
    exact = [float(Fraction(a) + Fraction(b) * Fraction(PHI_INV)) for a, b in rows]
    np.testing.assert_array_equal(residual.residual(x, y, "phi"), exact)


def test_overflow_is_infinite(kind: type) -> None:
    most = np.finfo(kind).max
    x = np.array([most, -most, most], kind)
    y = np.array([most, -most, -most], kind)
    out = residual.residual(x, y, "phi")
    assert out[0] == np.inf
    assert out[1] == -np.inf
    # the sum is in range although the product alone could have rounded away
    exact = Fraction(float(most)) * (1 - Fraction(float(kind(PHI_INV))))
    assert out[2] == rounded(exact, kind)


@pytest.mark.parametrize("size", SIZES)
def test_the_other_modes(kind: type, size: int) -> None:
    x, y = normal(kind, size), normal(kind, size, seed=1)
    np.testing.assert_array_equal(residual.residual(x, y, "standard"), x + y)
    np.testing.assert_array_equal(residual.residual(x, y, "phi_symmetric"), (x + y) * kind(PHI_INV))


def test_edge_values(kind: type, mode: str) -> None:
    x, y = pairs_of_edges(kind)
    with np.errstate(all="ignore"):
        a, b = weights(mode)
        plain_sum = x * kind(a) + y * kind(b)
        # Rounding twice may differ in the last bit and in subnormal numbers, not in these:
        special = ~np.isfinite(plain_sum) | (plain_sum == 0)
    out = residual.residual(x, y, mode)
    np.testing.assert_array_equal(out[special], plain_sum[special])
    np.testing.assert_array_equal(
        np.signbit(out[special & ~np.isnan(out)]), np.signbit(plain_sum[special & ~np.isnan(out)])
    )
    relu = residual.residual_relu(x, y, mode)
    np.testing.assert_array_equal(relu, np.where(np.isnan(out), np.nan, np.maximum(out, 0)))
    assert not np.signbit(relu[relu == 0]).any()


@pytest.mark.parametrize("size", SIZES)
def test_gelu(kind: type, mode: str, size: int) -> None:
    """By erfc of the C library, in double precision; in the tail its argument is inexact."""
    x, y = 3 * normal(kind, size), 3 * normal(kind, size, seed=1)
    z = residual.residual(x, y, mode).astype(np.float64)
    exact = np.array([v * math.erfc(-v * math.sqrt(0.5)) / 2 for v in z])
    spacing = np.spacing(abs(exact).astype(kind)) * (1 + z * z / 2 * (kind is np.float64))
    bound = 5 * spacing + np.where(z < -13, np.finfo(kind).tiny, 0)  # may underflow to 0
    assert (abs(residual.residual_gelu(x, y, mode) - exact) <= bound).all()


def test_gelu_of_edge_values(kind: type) -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0, 100, -100], kind)
    out = residual.residual_gelu(x, np.zeros_like(x), "phi")
    np.testing.assert_array_equal(out, [np.inf, np.nan, np.nan, 0, 100, 0])


# -- derivatives ------------------------------------------------------------------------------


def test_backward_shares_what_is_equal(kind: type) -> None:
    grad = normal(kind, 7, 5)
    by_identity, by_residual = residual.residual_backward(grad, "phi")
    assert by_identity is grad
    np.testing.assert_array_equal(by_residual, grad * kind(PHI_INV))
    by_identity, by_residual = residual.residual_backward(grad, "phi_symmetric")
    assert by_identity is by_residual
    np.testing.assert_array_equal(by_residual, grad * kind(PHI_INV))
    by_identity, by_residual = residual.residual_backward(grad, "standard")
    assert by_identity is grad
    assert by_residual is grad


def test_relu_backward_as_torch_has_it(kind: type, mode: str) -> None:
    """Zero where the output is not above zero, whatever the gradient; a NaN lets it through."""
    out = np.array([0, 2, np.nan, 0, 0], kind)
    grad = np.array([3, 5, 7, np.inf, np.nan], kind)
    a, b = weights(mode)
    gi, gr = residual.residual_relu_backward(grad, out, mode)
    np.testing.assert_array_equal(gi, np.array([0, 5, 7, 0, 0], kind) * kind(a))
    np.testing.assert_array_equal(gr, np.array([0, 5, 7, 0, 0], kind) * kind(b))


def test_gelu_backward_is_the_slope(mode: str) -> None:
    """Central differences of order 4 in float64: their error is about 1e-12."""
    x, y, grad = (normal(np.float64, 400, seed=s) for s in range(3))
    h, zero = 1e-3, np.zeros(400)
    z = residual.residual(x, y, mode)

    def gelu(at: np.ndarray) -> np.ndarray:
        return residual.residual_gelu(at, zero, "standard")

    slope = (8 * (gelu(z + h) - gelu(z - h)) - (gelu(z + 2 * h) - gelu(z - 2 * h))) / (12 * h)
    gi, gr = residual.residual_gelu_backward(grad, x, y, mode)
    a, b = weights(mode)
    np.testing.assert_allclose(gi, grad * slope * a, atol=1e-11)
    np.testing.assert_allclose(gr, grad * slope * b, atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (37, 33), (2, 1025)])
def test_torch_agrees(kind: type, mode: str, shape: tuple[int, int]) -> None:
    """Values and gradients of everything, from torch in float64."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, y, grad = (normal(kind, *shape, seed=s) for s in range(3))
    gamma, beta = normal(kind, 2, shape[1], seed=5)
    wide = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, y, gamma, beta)]
    a, b = weights(mode)
    total = a * wide[0] + b * wide[1]
    tolerance = 60 * np.finfo(kind).eps  # sums of up to 1025 terms, the norm of few elements
    out = residual.residual_relu(x, y, mode)
    cases = {
        "relu": (torch.relu(total), out, residual.residual_relu_backward(grad, out, mode)),
        "gelu": (
            functional.gelu(total),
            residual.residual_gelu(x, y, mode),
            residual.residual_gelu_backward(grad, x, y, mode),
        ),
    }
    normed, statistics = residual.residual_layer_norm(x, y, gamma, beta, 1e-3, mode)
    cases["layer norm"] = (
        functional.layer_norm(total, shape[1:], wide[2], wide[3], 1e-3),
        normed,
        residual.residual_layer_norm_backward(grad, x, y, gamma, statistics, mode),
    )
    for name, (expected, found, gradients) in cases.items():
        np.testing.assert_allclose(
            found, expected.detach().numpy(), tolerance, tolerance, err_msg=name
        )
        exact = torch.autograd.grad(
            expected, wide[: len(gradients)], torch.tensor(grad.astype(np.float64)),
            retain_graph=True,
        )  # fmt: skip
        for g, e in zip(gradients, exact, strict=True):
            assert g.dtype == kind
            scale = tolerance * max(1.0, abs(e.numpy()).max())
            np.testing.assert_allclose(g, e.numpy(), tolerance, scale, err_msg=name)


# -- layer norm -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (1, 1), (3, 2), (5, 31), (2, 33), (3, 1025)])
def test_layer_norm_is_that_of_the_sum(kind: type, mode: str, shape: tuple[int, int]) -> None:
    x, y, grad = (normal(kind, *shape, seed=s) for s in range(3))
    z = residual.residual(x, y, mode)
    for gamma, beta in ((None, None), normal(kind, 2, shape[1], seed=9)):
        found = residual.residual_layer_norm(x, y, gamma, beta, 1e-5, mode)
        expected = norm.layer_norm(z, 1.0, 1e-5, gamma, beta)
        for f, e in zip(found, expected, strict=True):
            np.testing.assert_array_equal(f, e)
        _, statistics = found
        gi, gr, *more = residual.residual_layer_norm_backward(grad, x, y, gamma, statistics, mode)
        dz, *parameters = norm.layer_norm_backward(grad, z, 1.0, gamma, statistics)
        a, b = weights(mode)
        np.testing.assert_array_equal(gi, dz * kind(a))
        np.testing.assert_array_equal(gr, dz * kind(b))
        for f, e in zip(more, parameters, strict=True):
            np.testing.assert_array_equal(f, e)


# -- norms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 1e-310])
@pytest.mark.parametrize("size", [1, 33, 20_000])
def test_component_norms(mode: str, scale: float, size: int) -> None:
    """math.hypot scales and compensates on its own."""
    x, y = normal(np.float64, size) * scale, normal(np.float64, size, seed=1) * scale
    out = residual.residual(x, y, mode)
    found = residual.component_norms(x, y, mode)
    exact = [math.hypot(*v.tolist()) for v in (x, y, out)]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, exact, rtol=1e-14, atol=5e-324)


def test_component_norms_of_edges(kind: type, mode: str) -> None:
    none = np.zeros(0, kind)
    np.testing.assert_array_equal(residual.component_norms(none, none, mode), [0, 0, 0])
    x = np.array([3, np.inf], kind)
    y = np.array([np.nan, 4], kind)
    np.testing.assert_array_equal(residual.component_norms(x, y, mode), [np.inf, np.nan, np.nan])
    x = np.full(100, 1e30, kind)
    np.testing.assert_allclose(residual.component_norms(x, 0 * x, "phi")[0], 1e31, rtol=1e-6)


# -- memory and threads -----------------------------------------------------------------------


def test_nothing_given_is_written(kind: type, mode: str) -> None:
    """Read-only and misaligned arrays of any rank."""
    bytes_ = np.zeros(4 * 6 * 10 * 8 + 1, np.uint8)
    x = bytes_[1 : 1 + 60 * np.dtype(kind).itemsize].view(kind).reshape(2, 5, 6)
    x[...] = normal(kind, 2, 5, 6)
    y = normal(kind, 2, 5, 6, seed=1)
    expected = residual.residual(x.copy(), y, mode)
    for v in (x, y):
        v.flags.writeable = False
    np.testing.assert_array_equal(residual.residual(x, y, mode), expected)
    residual.residual_relu_backward(x, y, mode)
    residual.residual_gelu_backward(x, y, y, mode)


def test_a_scalar_array(kind: type, mode: str) -> None:
    x = np.array(2.0, kind)
    for name in ("residual", "residual_relu", "residual_gelu"):
        out = getattr(residual, name)(x, x, mode)
        assert isinstance(out, np.ndarray)
        assert out.shape == ()


def test_threads_do_not_change_a_bit(kind: type, mode: str, threads: Callable[[int], None]) -> None:
    x, y, grad = (normal(kind, 487, 613, seed=s) for s in range(3))

    def everything() -> list[bytes]:
        out, statistics = residual.residual_layer_norm(x, y, None, None, 1e-5, mode)
        relu = residual.residual_relu(x, y, mode)
        arrays = [
            residual.residual(x, y, mode), relu, out, statistics,
            residual.residual_gelu(x, y, mode), residual.component_norms(x, y, mode),
            *residual.residual_relu_backward(grad, relu, mode),
            *residual.residual_gelu_backward(grad, x, y, mode),
            *residual.residual_layer_norm_backward(grad, x, y, None, statistics, mode),
        ]  # fmt: skip
        return [v.tobytes() for v in arrays]

    threads(1)
    alone = everything()
    for n in (2, 3, 7):
        threads(n)
        assert everything() == alone
