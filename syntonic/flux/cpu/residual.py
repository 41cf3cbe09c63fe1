"""Residual connections identity + residual/φ and their relatives, forward and backward.

Arrays are C-contiguous, of one shape, and all float64 or all float32; callers have checked that.
The modes are "phi", identity + residual/φ by one fused multiply-add, "phi_symmetric",
(identity + residual)/φ, and "standard", identity + residual. Nothing given is written to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.flux.cpu.elementary import fma, gelu, gelu_slope, wide_vectors
from syntonic.flux.cpu.factors import FACTORS, Factors
from syntonic.flux.cpu.rows import layer_norm_gradients, layer_norm_of
from syntonic.flux.cpu.sums import dot
from syntonic.jit.compile import njit
from syntonic.jit.threads import in_threads
from syntonic.typing import FloatArray as Array

Doubles = npt.NDArray[np.float64]

__all__ = [
    "component_norms",
    "residual",
    "residual_backward",
    "residual_gelu",
    "residual_gelu_backward",
    "residual_layer_norm",
    "residual_layer_norm_backward",
    "residual_relu",
    "residual_relu_backward",
]

_CHUNK = 1 << 10  # elements of one partial sum of squares


# -- loops over elements first, ..., last - 1 --------------------------------------------------


@njit
def _residual(
    first: int, last: int, x: Array, y: Array, out: Array, inner: Any, outer: Any
) -> None:
    x, y, out = x[first:last], y[first:last], out[first:last]
    for i in range(x.size):
        out[i] = fma(y[i], inner, x[i]) * outer


@njit
def _scale(first: int, last: int, x: Array, out: Array, factor: Any) -> None:
    x, out = x[first:last], out[first:last]
    for i in range(x.size):
        out[i] = x[i] * factor


@njit
def _relu(first: int, last: int, x: Array, y: Array, out: Array, inner: Any, outer: Any) -> None:
    x, y, out = x[first:last], y[first:last], out[first:last]
    for i in range(x.size):
        z = fma(y[i], inner, x[i]) * outer
        out[i] = 0 if z <= 0 else z  # not max(z, 0): a NaN stays


@njit
def _gelu(first: int, last: int, x: Array, y: Array, out: Array, inner: Any, outer: Any) -> None:
    wide_vectors()
    x, y, out = x[first:last], y[first:last], out[first:last]
    for i in range(x.size):
        out[i] = gelu(fma(y[i], inner, x[i]) * outer)


@njit
def _relu_gradient(
    first: int, last: int, grad: Array, seen: Array, gi: Array, gr: Any, by_i: Any, by_r: Any
) -> None:
    grad, seen, gi = grad[first:last], seen[first:last], gi[first:last]
    for i in range(grad.size):
        gi[i] = 0 if seen[i] <= 0 else grad[i] * by_i
    if gr is not None:
        gr = gr[first:last]
        for i in range(grad.size):
            gr[i] = 0 if seen[i] <= 0 else grad[i] * by_r


@njit
def _gelu_gradient(
    first: int,
    last: int,
    grad: Array,
    x: Array,
    y: Array,
    gi: Array,
    gr: Any,
    of: Factors,
) -> None:
    wide_vectors()
    grad, x, y, gi = grad[first:last], x[first:last], y[first:last], gi[first:last]
    if gr is None:
        for i in range(grad.size):
            z = fma(y[i], of.inner, x[i]) * of.outer
            gi[i] = grad[i] * gelu_slope(z) * of.identity
    else:
        gr = gr[first:last]
        for i in range(grad.size):
            z = fma(y[i], of.inner, x[i]) * of.outer
            g = grad[i] * gelu_slope(z)
            gi[i] = g * of.identity
            gr[i] = g * of.residual


@njit
def _squares(
    first: int, last: int, x: Array, y: Array, sums: Array, inner: Any, outer: Any
) -> None:
    """Write the sums of squares of x, y and the output over chunks first, ..., last - 1."""
    wide_vectors()
    wide = np.empty((3, _CHUNK))  # float32 squares would overflow
    for chunk in range(first, last):
        start = chunk * _CHUNK
        xs, ys = x[start : start + _CHUNK], y[start : start + _CHUNK]
        u, v, w = wide[0, : xs.size], wide[1, : xs.size], wide[2, : xs.size]
        for i in range(xs.size):
            u[i], v[i], w[i] = xs[i], ys[i], fma(ys[i], inner, xs[i]) * outer
        sums[0, chunk], sums[1, chunk], sums[2, chunk] = dot(u, u), dot(v, v), dot(w, w)


# -- the contract -----------------------------------------------------------------------------


def _map(loop: Any, x: Array, y: Array, mode: str) -> Array:
    by, out = FACTORS[mode, x.dtype], np.empty_like(x)
    arrays = x.reshape(-1), y.reshape(-1), out.reshape(-1)
    in_threads(loop, x.size, x.size, *arrays, by.inner, by.outer)
    return out


def _gradients(x: Array, by: Factors) -> tuple[Array, Array | None]:
    """Return flat arrays for the gradients; one serves both where they are equal."""
    gi = np.empty(x.size, x.dtype)
    return gi, None if by.identity == by.residual else np.empty_like(gi)


def _shaped(x: Array, gi: Array, gr: Array | None) -> tuple[Array, Array]:
    gi = gi.reshape(x.shape)
    return gi, gi if gr is None else gr.reshape(x.shape)


def residual(identity: Array, residual: Array, mode: str) -> Array:
    """Return identity + residual/φ, or what else the mode says."""
    return _map(_residual, identity, residual, mode)


def residual_backward(grad: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients by identity and residual; `grad` itself where a factor is 1."""
    by = FACTORS[mode, grad.dtype]
    if by.residual == 1:
        return grad, grad
    scaled = np.empty_like(grad)
    in_threads(_scale, grad.size, grad.size, grad.reshape(-1), scaled.reshape(-1), by.residual)
    return (grad if by.identity == 1 else scaled), scaled


def residual_relu(identity: Array, residual: Array, mode: str) -> Array:
    """Return max(residual connection, 0); NaN stays NaN."""
    return _map(_relu, identity, residual, mode)


def residual_gelu(identity: Array, residual: Array, mode: str) -> Array:
    """Return xΦ(x) of the residual connection x; Φ is the normal distribution.

    Notes
    -----
    The error is at most 4 ulp in x wherever Φ(x) is a normal number, in the lower tail too,
    where 1 + erf(x/√2) has cancelled.
    """
    return _map(_gelu, identity, residual, mode)


def residual_relu_backward(grad: Array, out: Array, mode: str) -> tuple[Array, Array]:
    """Return the gradients by identity and residual: 0 where the output is not above 0."""
    by = FACTORS[mode, grad.dtype]
    gi, gr = _gradients(grad, by)
    arrays = grad.reshape(-1), out.reshape(-1), gi, gr
    in_threads(_relu_gradient, grad.size, grad.size, *arrays, by.identity, by.residual)
    return _shaped(grad, gi, gr)


def residual_gelu_backward(
    grad: Array, identity: Array, residual: Array, mode: str
) -> tuple[Array, Array]:
    """Return the gradients by identity and residual: grad·(Φ(x) + x exp(-x²/2)/√(2π))."""
    by = FACTORS[mode, grad.dtype]
    gi, gr = _gradients(grad, by)
    arrays = grad.reshape(-1), identity.reshape(-1), residual.reshape(-1), gi, gr
    in_threads(_gelu_gradient, grad.size, 4 * grad.size, *arrays, by)
    return _shaped(grad, gi, gr)


def residual_layer_norm(
    identity: Array,
    residual: Array,
    gamma: Array | None,
    beta: Array | None,
    eps: float,
    mode: str,
) -> tuple[Array, Doubles]:
    """Return the layer norm of the residual connection's rows, and the rows' statistics.

    Parameters
    ----------
    identity, residual
        Of shape (rows, cols).
    gamma, beta
        Of shape (cols,), or None for 1 and 0.
    """
    return layer_norm_of(identity, residual, FACTORS[mode, identity.dtype], 1.0, eps, gamma, beta)


def residual_layer_norm_backward(
    grad: Array,
    identity: Array,
    residual: Array,
    gamma: Array | None,
    statistics: Doubles,
    mode: str,
) -> tuple[Array, Array, Array, Array]:
    """Return the gradients by identity, residual, gamma and beta."""
    by = FACTORS[mode, grad.dtype]
    gi, gr, dgamma, dbeta = layer_norm_gradients(
        grad, identity, residual, by, 1.0, gamma, statistics
    )
    return gi, gi if gr is None else gr, dgamma, dbeta


def component_norms(identity: Array, residual: Array, mode: str) -> Doubles:
    """Return the Euclidean norms of identity, residual and output, which do not overflow."""
    by = FACTORS[mode, identity.dtype]
    sums = np.empty((3, -(-identity.size // _CHUNK)))
    arrays = identity.reshape(-1), residual.reshape(-1), sums
    in_threads(_squares, sums.shape[1], identity.size, *arrays, by.inner, by.outer)
    totals = sums.sum(axis=1)
    if all(1e-200 < total < math.inf for total in totals):
        return np.sqrt(totals)
    parts = identity, residual, _map(_residual, identity, residual, mode)
    return np.array([_scaled_norm(part) for part in parts])


def _scaled_norm(x: Array) -> float:
    """Return the Euclidean norm of doubles whose squares may overflow or vanish."""
    largest = float(np.max(abs(x), initial=0))
    if not 0 < largest < np.inf:
        return largest  # zero, infinite or NaN is the norm, too
    power = np.frexp(largest)[1]
    with np.errstate(under="ignore"):
        scaled = np.ldexp(x.reshape(-1).astype(np.float64), -power)
        return float(np.ldexp(np.sqrt(np.square(scaled).sum()), power))
