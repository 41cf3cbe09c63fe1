"""Softmax of both forms: mpmath, brute force, laws, edge values, derivatives, torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.flux.cpu import softmax

SHAPES = [
    (1, 1, 1), (5, 1, 1), (3, 2, 1), (2, 31, 1), (4, 33, 1), (2, 1023, 1), (1, 1025, 1),
    (40, 7, 1), (1, 1, 3), (2, 7, 2), (3, 5, 33), (1, 129, 17), (2, 3, 70), (1, 131_072, 1),
]  # fmt: skip
EMPTY = [(0, 3, 1), (2, 0, 1), (2, 3, 0), (0, 0, 0), (4, 0, 5)]


def normal(kind: type, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


def positive(kind: type, *shape: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.01, 3, size=shape).astype(kind)


def every_mode(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return the softmax in each mode; the weights are such that all modes agree."""
    ones = np.ones(x.shape[1], x.dtype)
    return {
        "identity": softmax.softmax_identity(x),
        "learned": softmax.softmax_learned(x, 0 * ones, 1.5),
        "provided by class": softmax.softmax_provided(x, ones, 1.5, 1e-10),
        "provided": softmax.softmax_provided(x, np.ones_like(x), 1.5, 1e-10),
    }


def reference(x: np.ndarray, log_w: Any = 0.0) -> np.ndarray:
    """Return the softmax in long double precision."""
    z = x.astype(np.longdouble) + log_w
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# -- values -----------------------------------------------------------------------------------


def test_mpmath_agrees(kind: type) -> None:
    """To 4 ulp, by mpmath: the exponential 1, its difference's rounding, sum, quotient."""
    x = normal(kind, 3, 40, 1)
    out = softmax.softmax_identity(x)
    for row, found in zip(x[..., 0].tolist(), out[..., 0], strict=True):
        with mpmath.workprec(150):
            e = [mpmath.exp(v) for v in row]
            exact = [float(v / mpmath.fsum(e)) for v in e]
        # z - max is rounded: an error of half an ulp of up to 4, relative to the exponential.
        bound = 6 * np.spacing(np.array(exact, kind))
        assert (abs(found - exact) <= bound).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_values(kind: type, shape: tuple[int, int, int]) -> None:
    x = 3 * normal(kind, *shape)
    exact = reference(x)
    tolerance = 12 * np.finfo(kind).eps
    for name, out in every_mode(x).items():
        assert out.dtype == kind
        assert out.shape == shape
        np.testing.assert_allclose(out, exact, tolerance, err_msg=name)
    # Each element is rounded; the sum of the exponentials is in double precision.
    sums = out.sum(axis=1, dtype=np.longdouble)
    np.testing.assert_allclose(sums, 1, rtol=3 * np.finfo(kind).eps)


@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_weights(kind: type, shape: tuple[int, int, int]) -> None:
    """Multiply the exponentials by the weights to the power of the scale, and divide."""
    x, n = normal(kind, *shape), shape[1]
    norms, weights, full = normal(kind, n) ** 2, positive(kind, n), positive(kind, *shape)
    scale, tolerance = 1.7, 40 * np.finfo(kind).eps
    learned = reference(x, -scale * PHI_INV * norms.astype(np.longdouble)[:, None])
    np.testing.assert_allclose(softmax.softmax_learned(x, norms, scale), learned, tolerance)
    for w in (weights, full):
        power = w.astype(np.longdouble).reshape(-1, 1) if w is weights else w
        exact = reference(x) * np.maximum(power, 0.5).astype(np.longdouble) ** scale
        exact /= exact.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(softmax.softmax_provided(x, w, scale, 0.5), exact, tolerance)


def test_large_logits(kind: type) -> None:
    x = (1e6 + np.array([0, 1, 2])).astype(kind)
    small = np.array([0, 1, 2], kind)
    for shape in ((1, 3, 1), (1, 3, 2)):
        a, b = (
            np.broadcast_to(v[:, None], (3, shape[2])).reshape(shape).copy() for v in (x, small)
        )
        for p, q in zip(every_mode(a).values(), every_mode(b).values(), strict=True):
            np.testing.assert_array_equal(p, q)


def test_wide_logits_underflow_to_zero(kind: type) -> None:
    x = np.array([[0, -50, -1e4, np.finfo(kind).min]], kind)[..., None]
    out = softmax.softmax_identity(x)[0, :, 0]
    np.testing.assert_allclose(out, [1, np.exp(-50.0), 0, 0], rtol=1e-6)
    assert out[2] == out[3] == 0


def test_one_class_has_probability_one(kind: type) -> None:
    x = np.array([-1e30, 0, 1e30], kind)
    for shape in ((3, 1, 1), (1, 1, 3)):
        for out in every_mode(x.reshape(shape)).values():
            assert (out == 1).all()


@pytest.mark.parametrize("shape", EMPTY)
def test_empty(kind: type, shape: tuple[int, int, int]) -> None:
    x = np.zeros(shape, kind)
    for out in every_mode(x).values():
        assert out.shape == shape
    assert softmax.softmax_backward(x, x).shape == shape
    dx, dn = softmax.softmax_learned_backward(x, x, 1.0)
    assert (dx.shape, dn.shape) == (shape, (shape[1],))
    assert not dn.any()
    for w in (np.ones(shape[1], kind), np.ones(shape, kind)):
        dx, dw = softmax.softmax_provided_backward(x, x, w, 1.0, 0.0)
        assert (dx.shape, dw.shape) == (shape, w.shape)


# -- edge values ------------------------------------------------------------------------------

SLICES = [
    [np.nan, 1, 2], [1, 2, np.nan], [-np.inf, np.nan, 0], [np.inf, 0, 1], [np.inf, np.inf, 0],
    [-np.inf, -np.inf, -np.inf], [np.nan, np.inf, -np.inf],
]  # fmt: skip


@pytest.mark.parametrize("values", SLICES)
@pytest.mark.parametrize("n", [3, 64, 90_000])
@pytest.mark.parametrize("inner", [1, 5])
def test_what_makes_a_slice_nan(kind: type, values: list[float], n: int, inner: int) -> None:
    """In all of its elements, however far apart, and in no other slice."""
    x = np.zeros((2, n, inner), kind)
    filler = -np.inf if values[0] == values[1] == values[2] else 0.5
    x[1, :, 0] = filler
    x[1, [0, n // 2, n - 1], 0] = values
    for out in every_mode(x).values():
        assert np.isnan(out[1, :, 0]).all()
        assert np.isfinite(out[0]).all()
        assert np.isfinite(out[1, :, 1:]).all()


@pytest.mark.parametrize("n", [4, 70, 140_000])
@pytest.mark.parametrize("inner", [1, 3])
def test_minus_infinity_is_an_exact_zero(kind: type, n: int, inner: int) -> None:
    """Even where a whole stretch of a long row is nothing else, and the rest is far below 0."""
    x = np.full((1, n, inner), -np.inf, kind)
    x[:, -2:] = -2000
    for out in every_mode(x).values():
        assert (out[:, :-2] == 0).all()
        np.testing.assert_allclose(out[:, -2:], 0.5, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.0, -2.0])
@pytest.mark.parametrize("inner", [1, 4])
def test_weight_zero_is_an_exact_zero(kind: type, scale: float, inner: int) -> None:
    """Whatever the scale: what has no weight takes no part."""
    x = normal(kind, 3, 5, inner)
    w = np.array([0, 1, 2, 0, 1], kind)
    full = np.ascontiguousarray(np.broadcast_to(w[:, None], x.shape))
    for weights in (w, full):
        out = softmax.softmax_provided(x, weights, scale, 0.0)
        assert (out[:, [0, 3]] == 0).all()
        np.testing.assert_allclose(out.sum(axis=1), 1, rtol=1e-6)
        assert np.isnan(softmax.softmax_provided(x, 0 * weights, scale, 0.0)).all()


@pytest.mark.parametrize("inner", [1, 4])
def test_floor_and_strange_weights(kind: type, inner: int) -> None:
    x = normal(kind, 2, 4, inner)
    w = np.array([0, 1e-12, 1e-3, 1], kind)
    for weights in (w, np.ascontiguousarray(np.broadcast_to(w[:, None], x.shape))):
        floored = np.maximum(weights, kind(1e-10))
        np.testing.assert_array_equal(
            softmax.softmax_provided(x, weights, 1.0, 1e-10),
            softmax.softmax_provided(x, floored, 1.0, 0.0),
        )
        strange = weights.copy()
        strange.reshape(-1)[-1] = np.nan
        assert np.isnan(softmax.softmax_provided(x, strange, 1.0, 1e-10)[-1, :, -1]).all()
        strange.reshape(-1)[-1] = np.inf
        assert np.isnan(softmax.softmax_provided(x, strange, 1.0, 1e-10)[-1, :, -1]).all()


def test_subnormal_weights(kind: type) -> None:
    """Equal weights cancel, the least ones too."""
    x = normal(kind, 2, 9, 1)
    w = np.full(x.shape, np.finfo(kind).smallest_subnormal)
    np.testing.assert_allclose(
        softmax.softmax_provided(x, w, 1.0, 0.0), reference(x), 1000 * np.finfo(kind).eps
    )


# -- derivatives ------------------------------------------------------------------------------


def compare_gradients(kind: type, shape: tuple[int, int, int]) -> None:
    """By the whole Jacobian diag(p) - p pᵀ of each slice."""
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    out = softmax.softmax_identity(x)
    p, g = out.astype(np.float64), grad.astype(np.float64)
    exact = np.empty(shape)
    for o in range(shape[0]):
        for i in range(shape[2]):
            row = p[o, :, i]
            exact[o, :, i] = (np.diag(row) - np.outer(row, row)) @ g[o, :, i]
    tolerance = 8 * np.finfo(kind).eps
    np.testing.assert_allclose(softmax.softmax_backward(grad, out), exact, 0, tolerance)

    scale, (dx, dn) = 1.3, softmax.softmax_learned_backward(grad, out, 1.3)
    assert dn.dtype == kind
    np.testing.assert_allclose(dx, exact, 0, tolerance)
    by_class = exact.sum((0, 2))
    loose = tolerance * max(1, shape[0] * shape[2])
    np.testing.assert_allclose(dn, -scale * PHI_INV * by_class, 0, loose)

    w = positive(kind, shape[1])
    full = positive(kind, *shape)
    dx, dw = softmax.softmax_provided_backward(grad, out, w, scale, 0.5)
    np.testing.assert_allclose(dw, np.where(w > 0.5, scale * by_class / w, 0), 0, 4 * loose)
    dx, dw = softmax.softmax_provided_backward(grad, out, full, scale, 0.5)
    np.testing.assert_allclose(dx, exact, 0, tolerance)
    np.testing.assert_allclose(dw, np.where(full > 0.5, scale * exact / full, 0), 0, 8 * tolerance)


@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_jacobian(kind: type, shape: tuple[int, int, int]) -> None:
    compare_gradients(kind, shape)


def test_finite_differences() -> None:
    """Of the whole function, norms and weights included; the error is of order h²."""
    shape, h, scale = (3, 6, 2), 1e-6, 0.8
    x, grad = normal(np.float64, *shape), normal(np.float64, *shape, seed=1)
    norms, full = normal(np.float64, 6) ** 2, positive(np.float64, *shape)

    def slopes(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
        result = np.empty_like(at)
        for i in range(at.size):
            step = np.zeros_like(at)
            step.flat[i] = h
            result.flat[i] = ((function(at + step) - function(at - step)) * grad).sum() / (2 * h)
        return result

    out = softmax.softmax_learned(x, norms, scale)
    dx, dn = softmax.softmax_learned_backward(grad, out, scale)
    learned = lambda v: softmax.softmax_learned(v, norms, scale)  # noqa: E731
    np.testing.assert_allclose(dx, slopes(learned, x), atol=1e-8)
    by_norms = slopes(lambda v: softmax.softmax_learned(x, v, scale), norms)
    np.testing.assert_allclose(dn, by_norms, atol=1e-8)
    for weights in (full, full[0, :, 0].copy()):
        out = softmax.softmax_provided(x, weights, scale, 0.3)
        _, dw = softmax.softmax_provided_backward(grad, out, weights, scale, 0.3)
        by_weights = slopes(lambda v: softmax.softmax_provided(x, v, scale, 0.3), weights)
        np.testing.assert_allclose(dw, by_weights, atol=1e-7)


def test_long_rows(kind: type) -> None:
    """The gradient of a row in several chunks, against the formula in long double."""
    x, grad = normal(kind, 2, 131_072, 1), normal(kind, 2, 131_072, 1, seed=1)
    out = softmax.softmax_identity(x)
    p, g = out.astype(np.longdouble), grad.astype(np.longdouble)
    exact = p * (g - (p * g).sum(axis=1, keepdims=True))
    eps = np.finfo(kind).eps
    np.testing.assert_allclose(softmax.softmax_backward(grad, out), exact, 4 * eps, eps * 1e-4)
    dx, dn = softmax.softmax_learned_backward(grad, out, 1.0)
    np.testing.assert_allclose(dn, -PHI_INV * dx.sum((0, 2), np.float64), 4 * eps, 1e-12)


@pytest.mark.parametrize("shape", [(4, 33, 1), (2, 7, 5), (1, 70_000, 1)])
def test_torch_agrees(kind: type, shape: tuple[int, int, int]) -> None:
    torch = pytest.importorskip("torch")
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    norms = normal(kind, shape[1]) ** 2
    wide = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, norms)]
    exact = torch.softmax(wide[0] - 0.7 * PHI_INV * wide[1][:, None], 1)
    out = softmax.softmax_learned(x, norms, 0.7)
    eps = np.finfo(kind).eps
    np.testing.assert_allclose(out, exact.detach().numpy(), 20 * eps)
    by_x, by_norms = torch.autograd.grad(exact, wide, torch.tensor(grad.astype(np.float64)))
    dx, dn = softmax.softmax_learned_backward(grad, out, 0.7)
    np.testing.assert_allclose(dx, by_x.numpy(), 0, 10 * eps)
    np.testing.assert_allclose(dn, by_norms.numpy(), 0, 40 * eps)


def test_torch_agrees_on_edges(kind: type) -> None:
    torch = pytest.importorskip("torch")
    x = np.array(SLICES, kind)
    exact = torch.softmax(torch.tensor(x), 1).numpy()
    np.testing.assert_array_equal(softmax.softmax_identity(x[..., None])[..., 0], exact)


# -- memory and threads -----------------------------------------------------------------------


def test_nothing_given_is_written(kind: type) -> None:
    for shape in ((3, 5, 1), (2, 4, 3)):
        x, grad, full = normal(kind, *shape), normal(kind, *shape, seed=1), positive(kind, *shape)
        w = positive(kind, shape[1])
        expected = softmax.softmax_provided(x, full, 1.0, 0.0)
        for v in (x, grad, full, w):
            v.flags.writeable = False
        np.testing.assert_array_equal(softmax.softmax_provided(x, full, 1.0, 0.0), expected)
        out = softmax.softmax_provided(x, w, 1.0, 0.0)
        out.flags.writeable = False
        softmax.softmax_provided_backward(grad, out, full, 1.0, 0.0)
        softmax.softmax_learned_backward(grad, out, 1.0)


SPLIT = [
    (300, 1000, 1), (3, 150_000, 1), (2, 100, 1500), (100, 50, 60), (1, 700, 1300), (2, 3000, 129)
]  # fmt: skip


@pytest.mark.campaign
@pytest.mark.parametrize("shape", SPLIT)
def test_threads_do_not_change_a_bit(
    kind: type, threads: Callable[[int], None], shape: tuple[int, int, int]
) -> None:
    x, grad = normal(kind, *shape), normal(kind, *shape, seed=1)
    w, full = positive(kind, shape[1]), positive(kind, *shape)

    def everything() -> list[bytes]:
        out = softmax.softmax_provided(x, full, 1.5, 0.0)
        arrays = [
            out, softmax.softmax_identity(x), softmax.softmax_learned(x, w, 1.5),
            *softmax.softmax_provided_backward(grad, out, full, 1.5, 0.1),
            *softmax.softmax_provided_backward(grad, out, w, 1.5, 0.1),
        ]  # fmt: skip
        return [v.tobytes() for v in arrays]

    threads(1)
    alone = everything()
    for n in (2, 5):
        threads(n)
        assert everything() == alone


def test_columns_do_not_depend_on_their_neighbours(kind: type) -> None:
    """A column of a wide array is bitwise the column alone, in columns of its own."""
    x = normal(kind, 2, 90, 200)
    out = softmax.softmax_identity(x)
    part = softmax.softmax_identity(np.ascontiguousarray(x[..., 131:133]))
    np.testing.assert_array_equal(out[..., 131:133], part)
