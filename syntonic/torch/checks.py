"""What the functions refuse, before any work: tensors, parameters, modes, numbers."""

from __future__ import annotations

from math import inf
from numbers import Real
from typing import Any, cast

import torch
from torch import Tensor

from syntonic.constants import PHI_INV_FLOAT, RESIDUAL_MODES
from syntonic.errors import DeviceError, ShapeError
from syntonic.typing import ResidualModeName

__all__ = [
    "floats",
    "norm_mode_of",
    "number",
    "pair",
    "parameter",
    "residual_mode_of",
    "softmax_mode_of",
    "target_of",
    "widened",
]

_DTYPES = frozenset((torch.float64, torch.float32, torch.float16, torch.bfloat16))
_HALVES = frozenset((torch.float16, torch.bfloat16))
_DEVICES = ("cpu", "cuda", "meta")


def floats(x: Any, name: str, where: str) -> Tensor:
    """Return x if it is a dense tensor of floats on a device that we compute on, or raise."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{where}: {name} must be a torch.Tensor, got {type(x).__name__}")
    if x.dtype not in _DTYPES:
        raise TypeError(
            f"{where}: {name} must be float64, float32, float16 or bfloat16, got {x.dtype}; "
            "convert it with .to(torch.float32)"
        )
    if x.layout is not torch.strided or x.is_nested:
        kind = "nested" if x.is_nested else str(x.layout)
        raise TypeError(f"{where}: {name} must be dense, got {kind}; call .to_dense()")
    if not x.is_cpu and x.device.type not in _DEVICES:
        raise DeviceError(
            f'{where}: {name} must be on the CPU or a CUDA device, got {x.device}; call .to("cpu")'
        )
    return x


def pair(identity: Any, residual: Any, where: str) -> tuple[Tensor, Tensor]:
    """Return two tensors of one shape, device and dtype, or raise; autocast makes dtypes equal."""
    floats(identity, "identity", where)
    floats(residual, "residual", where)
    if residual.shape != identity.shape:
        raise ShapeError(
            f"{where}: residual must have the shape of identity, {tuple(identity.shape)}, got "
            f"{tuple(residual.shape)}; nothing is broadcast here"
        )
    if not (residual.is_cpu and identity.is_cpu) and residual.device != identity.device:
        raise DeviceError(
            f"{where}: residual must be on the device of identity, {identity.device}, got "
            f'{residual.device}; call .to("{identity.device}")'
        )
    if residual.dtype is not identity.dtype:
        if not _autocast(identity):
            raise TypeError(
                f"{where}: residual must have the dtype of identity, {identity.dtype}, got "
                f"{residual.dtype}; convert one of them with .to, or use torch.autocast"
            )
        dtype = torch.promote_types(identity.dtype, residual.dtype)
        return identity.to(dtype), residual.to(dtype)
    return identity, residual


def _autocast(x: Tensor) -> bool:
    kind = x.device.type
    return kind != "meta" and torch.is_autocast_enabled(kind)


def widened(*tensors: Tensor | None) -> tuple[Any, ...]:
    """Return tensors as autocast wants them: CUDA's halves as float32, as torch.nn's norms."""
    first = tensors[0]
    if first is not None and first.is_cuda and torch.is_autocast_enabled("cuda"):
        return tuple(x.float() if x is not None and x.dtype in _HALVES else x for x in tensors)
    return tensors


def parameter(
    value: Any, x: Tensor, shape: tuple[int, ...], name: str, where: str, hint: str
) -> Tensor | None:
    """Return a parameter beside x of one shape, or raise; None stays None."""
    if value is None:
        return None
    floats(value, name, where)
    if value.shape != shape:
        raise ShapeError(
            f"{where}: {name} must have shape {tuple(shape)}, got {tuple(value.shape)}; {hint}"
        )
    if not (value.is_cpu and x.is_cpu) and value.device != x.device:
        raise DeviceError(
            f"{where}: {name} must be on the device of x, {x.device}, got {value.device}; "
            f'call .to("{x.device}")'
        )
    if value.dtype is not x.dtype and not (value.dtype is torch.float32 and x.dtype in _HALVES):
        raise TypeError(
            f"{where}: {name} must have the dtype of x, {x.dtype}, or be float32 beside a half, "
            f"got {value.dtype}; convert it with .to({x.dtype})"
        )
    return value


def number(value: Any, name: str, where: str) -> float:
    """Return a finite real that is not negative as a float, or raise."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, Real)):
        raise TypeError(f"{where}: {name} must be a real number, got {type(value).__name__}")
    out: float = value if type(value) is float else float(value)
    if not 0 <= out < inf:  # in words that a trace can follow
        raise ValueError(f"{where}: {name} must be finite and zero or more, got {value}")
    return out


# What follows knows the names of modes, and asks the package for all else: it is imported then, and
# with it exact arithmetic, which tensors of PyTorch can do without.


def residual_mode_of(mode: Any, where: str) -> ResidualModeName:
    """Return the name of a residual's mode, or raise ValueError."""
    for name in RESIDUAL_MODES:
        if mode == name:
            return cast("ResidualModeName", name)
    from syntonic.tensor.residual import residual_mode

    return residual_mode(mode, where).value


def softmax_mode_of(mode: Any, mode_norms: Any, syntony: Any, where: str) -> str:
    """Return the name of a softmax's mode, or raise ValueError."""
    if mode is None and (mode_norms is None or syntony is None):
        weighted = "learned" if mode_norms is not None else "provided"
        return "identity" if mode_norms is None and syntony is None else weighted
    from syntonic.ops.softmax import softmax_mode

    return softmax_mode(mode, mode_norms, syntony, where).value


_TARGETS = {"golden": PHI_INV_FLOAT, "standard": 1.0}


def norm_mode_of(mode: Any, where: str) -> Any:
    """Return a normalization's mode, by its name if it has one, or raise ValueError."""
    target = target_of(mode, where)
    for name, value in _TARGETS.items():
        if target == value:
            return name
    return mode


def target_of(mode: Any, where: str) -> float:
    """Return the target variance of a normalization's mode, or raise ValueError."""
    named = _TARGETS.get(mode) if isinstance(mode, str) else None
    if named is not None:
        return named
    if type(mode).__name__ == "GoldenNormMode":
        target: float = mode.target_variance
        return target
    from syntonic.ops.norm import GoldenNormMode

    return GoldenNormMode.of(mode, where).target_variance
