"""Operands of φ-residual connections, and comparison in ulps, for the tests of their kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from syntonic.constants import PHI_INV_FLOAT as PHI_INV

__all__ = [
    "EPS",
    "MODES",
    "assert_close",
    "factors",
    "half_ulp",
    "joined",
    "normal",
    "pair",
    "wide",
]

MODES = ("phi", "phi_symmetric", "standard")

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_LEAST = {"float64": 2.0**-1074, "float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133}


def assert_close(actual: Any, exact: Any, dtype: np.dtype, ulps: float, scale: Any = 0.0) -> None:
    """Compare with float64 values, within so many ulps of the larger of result and scale."""
    actual, exact = np.asarray(actual, np.float64), np.asarray(exact, np.float64)
    size = np.maximum(np.abs(exact), np.abs(scale))
    allowed = ulps * np.maximum(size * EPS[dtype.name], _LEAST[dtype.name])
    assert actual.shape == exact.shape
    wrong = ~((np.abs(actual - exact) <= allowed) | (np.isnan(actual) & np.isnan(exact)))
    wrong &= actual != exact  # infinities
    first = np.argwhere(wrong)[:1].tolist()
    assert not wrong.any(), (first, actual[wrong][:3], exact[wrong][:3], allowed[wrong][:3])


def normal(shape: Any, dtype: np.dtype, seed: int, scale: float = 1.0) -> np.ndarray:
    """Return normal numbers that the dtype holds."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def wide(x: Any) -> np.ndarray:
    """Return x as float64."""
    return np.asarray(x).astype(np.float64)


def factors(mode: str) -> tuple[float, float]:
    """Return α and β of α·identity + β·residual."""
    return {"phi": (1.0, PHI_INV), "phi_symmetric": (PHI_INV, PHI_INV), "standard": (1.0, 1.0)}[
        mode
    ]


def joined(identity: Any, residual: Any, mode: str) -> np.ndarray:
    """Return α·identity + β·residual in float64."""
    alpha, beta = factors(mode)
    return alpha * wide(identity) + beta * wide(residual)


def pair(device: Any, size: Any, dtype: np.dtype, offset: int = 0) -> list[tuple[Any, Any]]:
    """Return identity and residual, each as NumPy's and the device's, perhaps misaligned."""
    out = []
    for seed in (1, 2):
        x = normal(size, dtype, seed)
        buffer = device.array(np.concatenate([np.zeros(offset, dtype), x.ravel()]))
        out.append((x, buffer[offset:].reshape(x.shape)))
    return out


def half_ulp(exact: np.ndarray, like: Any) -> np.ndarray:
    """Return half an ulp, and a little, of the stored dtype."""
    name = like.dtype.name
    return 0.51 * np.maximum(np.abs(exact) * EPS[name], _LEAST[name])
