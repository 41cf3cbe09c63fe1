"""Where a call's arrays live and what they hold; and what is too far from right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cuda_host.devices import HostDevice
from syntonic.flux.cuda.launch import runtime_of
from syntonic.flux.cuda.source import acc_dtype, suffix

__all__ = [
    "EPS",
    "Float",
    "Pairs",
    "Place",
    "kept",
    "layer_norm_gradients",
    "moments",
    "row_statistics",
    "wrong",
]

Float = np.ndarray[Any, np.dtype[np.float64]]
Pairs = Iterator[tuple[Any, Any]]

EPS = 1e-3
"""What is added to variances."""


@dataclass
class Place:
    """A device and a dtype, and numbers drawn for one call."""

    device: HostDevice
    dtype: np.dtype[Any]
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @property
    def acc(self) -> np.dtype[Any]:
        """What the kernels compute with."""
        return acc_dtype(self.dtype)

    def draw(self, *shape: int, centre: float = 0.0, dtype: Any = None) -> Float:
        """Return normal numbers that the dtype represents."""
        numbers = self.random.standard_normal(shape) + centre
        return numbers.astype(self.dtype if dtype is None else dtype).astype(np.float64)

    def give(self, values: Float, dtype: Any = None) -> Any:
        """Return numbers as an array of the device."""
        return self.device.array(values, self.dtype if dtype is None else dtype)

    def launch(self, family: str, kernel: str, grid: int, block: int, *arguments: Any) -> None:
        """Launch a kernel that no launcher needs."""
        end = suffix(self.dtype)
        runtime = runtime_of(arguments[0])
        runtime.launch(family, f"{kernel}_{end}", end, (grid,), (block,), arguments)


def wrong(place: Place, got: Any, expected: Any) -> str:
    """Return how far what was got is from what is right, or nothing if that is rounding."""
    values = place.device.numpy(got)
    if values.dtype.kind == "i":
        return "" if np.array_equal(values, expected) else "other integers"
    places = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}[values.dtype.name]
    if values.dtype.itemsize > place.acc.itemsize:  # a float64 that was computed in float32
        places = 23
    expected = np.asarray(expected)
    if values.shape != expected.shape:
        return f"shape {values.shape}, not {expected.shape}"
    size = np.abs(expected).max(initial=0)
    error = np.abs(values.astype(np.float64) - expected).max(initial=0)
    units = 2 if places < 20 else 64  # a half rounds what was computed in float; sums lose more
    return "" if error <= units * size * 2.0**-places else f"off by {error} of {size}"


def kept(got: Any, expected: Float) -> Pairs:
    """Compare statistics row by row, but for the second, the rounding error of the first."""
    yield from ((got[k], row) for k, row in enumerate(expected) if k != 1)


def moments(x: Float) -> tuple[Float, Float]:
    """Return mean and 1/sqrt(variance + EPS) of every row."""
    return x.mean(1), 1 / np.sqrt(x.var(1) + EPS)


def row_statistics(x: Float, shift: float = 0.0) -> Float:
    """Return what a layer norm keeps of rows, which it is given with `shift` added to them."""
    mean, rstd = moments(x)
    return np.array([mean + shift, 0 * mean, 1 / rstd])


def layer_norm_gradients(grad: Float, x: Float, gamma: Float) -> tuple[Float, Float, Float]:
    """Return the gradients of the rows, of gamma and of beta."""
    mean, rstd = moments(x)
    xhat = (x - mean[:, None]) * rstd[:, None]
    h = grad * gamma
    along = h.mean(1, keepdims=True) + xhat * (h * xhat).mean(1, keepdims=True)
    return rstd[:, None] * (h - along), (grad * xhat).sum(0), grad.sum(0)
