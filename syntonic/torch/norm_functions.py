"""Golden normalizations of tensors of PyTorch; see `functions` for what holds of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from syntonic.errors import ShapeError
from syntonic.torch.autograd import run, run_for_values
from syntonic.torch.checks import floats, number, parameter, target_of, widened
from syntonic.typing import NormModeName

if TYPE_CHECKING:
    from syntonic.ops.norm import GoldenNormMode

__all__ = ["golden_batch_norm", "golden_layer_norm"]

_LAST = "pass one value for each place of the last axis"
_CHANNEL = "pass one value per channel"


def golden_layer_norm(
    x: Tensor,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
) -> Tensor:
    """Normalize over the last axis to a target variance.

    Parameters
    ----------
    x : Tensor
        Of at least one axis.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.
    eps : float, default 1e-5
        Added to the variance, zero or more.
    gamma, beta : Tensor, optional
        Scale and shift for each place of the last axis, (features,), of the dtype of x, or float32
        beside halves.

    Returns
    -------
    Tensor
        gamma·(x - mean)·sqrt(t/(var + eps)) + beta, population variance of each row.

    Raises
    ------
    ShapeError
        x has no axis, or gamma or beta does not have shape (features,).
    DeviceError
        gamma or beta is on another device.
    TypeError
        An argument is no dense tensor of floats, or the dtypes do not fit.
    ValueError
        The mode is unknown, or eps is negative or not finite.

    See Also
    --------
    GoldenLayerNorm : as a layer.

    Notes
    -----
    Statistics are float64. Under CUDA's autocast halves become float32, as in
    `torch.nn.functional.layer_norm`; under the CPU's they stay halves.

    Examples
    --------
    >>> import torch
    >>> golden_layer_norm(torch.tensor([[1.0, 3.0]]), mode="standard", eps=0)
    tensor([[-1.,  1.]])
    """
    where = "golden_layer_norm"
    target, added = target_of(mode, where), number(eps, "eps", where)
    floats(x, "x", where)
    if x.ndim == 0:
        raise ShapeError(f"{where}: x must have a last axis, got shape (); reshape it")
    if x.is_cuda:
        x, gamma, beta = widened(x, gamma, beta)
    if gamma is not None or beta is not None:
        features = x.shape[-1:]
        gamma = parameter(gamma, x, features, "gamma", where, _LAST)
        beta = parameter(beta, x, features, "beta", where, _LAST)
    return run_for_values("layer_norm", x, gamma, beta, target, added)


def golden_batch_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
    mode: GoldenNormMode | NormModeName = "golden",
) -> Tensor:
    """Normalize each channel to a target variance, as `torch.nn.functional.batch_norm`.

    Parameters
    ----------
    x : Tensor
        (N, C, *), of at least two axes.
    running_mean, running_var : Tensor, optional
        (C,), of floats: mean and variance of the input. In training they are updated in place,
        with the variance over n - 1; otherwise they take the place of the batch's, which is used
        where they are not given.
    weight, bias : Tensor, optional
        Scale and shift of each channel, (C,), of the dtype of x, or float32 beside halves.
    training : bool, default False
        Use the statistics of the batch.
    momentum : float or Tensor, default 0.1
        The weight of the batch in the running statistics; a tensor of no axes does as well.
    eps : float, default 1e-5
        Added to the variance, zero or more.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.

    Returns
    -------
    Tensor
        weight·(x - mean)·sqrt(t/(var + eps)) + bias, population variance; in the memory format of
        x, contiguous or channels last.

    Raises
    ------
    ShapeError
        x has fewer than two axes, or another argument does not have shape (C,).
    ValueError
        A channel has fewer than two values in training, the mode is unknown, or a number is out of
        range.
    DeviceError, TypeError
        As for `golden_layer_norm`.

    See Also
    --------
    GoldenBatchNorm1d, GoldenBatchNorm2d, GoldenBatchNorm3d : as layers.
    SyncGoldenBatchNorm : over processes.

    Notes
    -----
    With channels last sums run in another order, which shows in the last bits.

    Examples
    --------
    >>> import torch
    >>> mean, var = torch.zeros(1), torch.ones(1)
    >>> x = torch.tensor([[1.0], [3.0]])
    >>> golden_batch_norm(x, mean, var, training=True, momentum=0.5, eps=0, mode="standard")
    tensor([[-1.],
            [ 1.]])
    >>> mean, var
    (tensor([1.]), tensor([1.5000]))
    """
    where = "golden_batch_norm"
    target, added = target_of(mode, where), number(eps, "eps", where)
    _check_batch(x, training, where)
    if weight is not None or bias is not None:
        channels = x.shape[1:2]
        weight = parameter(weight, x, channels, "weight", where, _CHANNEL)
        bias = parameter(bias, x, channels, "bias", where, _CHANNEL)
    running = _running(x, running_mean, running_var, where)
    if running is None:
        return run_for_values("batch_norm", x, weight, bias, target, added)
    if not training:
        mean, var = (value.double() for value in running)
        statistics = torch.stack([mean, torch.zeros_like(mean), var, var.sqrt()])
        return run("batch_norm_apply", x, statistics, weight, bias, target, added)
    out, statistics = run("batch_norm", x, weight, bias, target, added)
    _learn(running, statistics, x, momentum)
    return out


def _check_batch(x: Any, training: bool, where: str) -> None:
    floats(x, "x", where)
    if x.ndim < 2:
        raise ShapeError(
            f"{where}: x must have shape (N, C, ...), got {tuple(x.shape)}; channels are axis 1"
        )
    if training and x.numel() < 2 * x.shape[1]:
        raise ValueError(
            f"{where}: each channel must have at least two values in training, got shape "
            f"{tuple(x.shape)}; pass training=False or a larger batch"
        )


def _running(x: Tensor, mean: Any, var: Any, where: str) -> tuple[Tensor, Tensor] | None:
    """Return the running statistics, None without them, or raise."""
    if mean is None and var is None:
        return None
    if mean is None or var is None:
        raise ValueError(f"{where}: running_mean and running_var go together; pass both or none")
    for name, value in (("running_mean", mean), ("running_var", var)):
        floats(value, name, where)
        if value.shape != x.shape[1:2] or value.device != x.device:
            raise ShapeError(
                f"{where}: {name} must have shape {tuple(x.shape[1:2])} on {x.device}, got "
                f"{tuple(value.shape)} on {value.device}; {_CHANNEL}"
            )
        if value.requires_grad:
            raise ValueError(f"{where}: {name} has no gradient here; pass {name}.detach()")
    return mean, var


def _learn(
    running: tuple[Tensor, Tensor], statistics: Tensor, x: Tensor, momentum: float | Tensor
) -> None:
    """Let running statistics move to those of a batch, the variance over n - 1."""
    n = x.numel() // x.shape[1]
    mean, var = running
    with torch.no_grad():
        for old, new in ((mean, statistics[0]), (var, statistics[2] * (n / (n - 1)))):
            weight = momentum.to(old.dtype) if isinstance(momentum, Tensor) else momentum
            old.lerp_(new.to(old.dtype), weight)
