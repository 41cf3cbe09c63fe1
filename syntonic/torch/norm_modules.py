"""Golden normalizations as modules: the arguments and state dicts of `torch.nn`, and a mode."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from syntonic.errors import ShapeError
from syntonic.torch.checks import norm_mode_of, number, target_of
from syntonic.torch.norm_functions import golden_batch_norm, golden_layer_norm
from syntonic.typing import NormModeName

if TYPE_CHECKING:
    from syntonic.ops.norm import GoldenNormMode

__all__ = [
    "GoldenBatchNorm",
    "GoldenBatchNorm1d",
    "GoldenBatchNorm2d",
    "GoldenBatchNorm3d",
    "GoldenLayerNorm",
    "as_rows",
    "make_rows",
    "row_parameters",
    "rows_repr",
]


def _mode_text(mode: Any) -> str:
    """Return how a repr names a mode."""
    if isinstance(mode, str):
        return repr(mode)
    return f"GoldenNormMode.custom({mode.target_variance})"


# -- rows -------------------------------------------------------------------------------------


def make_rows(
    module: Any, shape: Any, eps: float, affine: bool, bias: bool, device: Any, dtype: Any
) -> None:
    """Give a module the attributes and parameters of `torch.nn.LayerNorm`."""
    module.normalized_shape = (shape,) if isinstance(shape, int) else tuple(shape)
    module.eps = number(eps, "eps", type(module).__name__)
    module.elementwise_affine = affine
    shape = module.normalized_shape
    weight = nn.Parameter(torch.ones(shape, device=device, dtype=dtype)) if affine else None
    module.register_parameter("weight", weight)
    shift = (
        nn.Parameter(torch.zeros(shape, device=device, dtype=dtype)) if affine and bias else None
    )
    module.register_parameter("bias", shift)


def as_rows(x: Tensor, module: Any) -> Tensor:
    """Return x with its normalized axes joined to one."""
    shape = module.normalized_shape
    count = len(shape)
    if count == 1 and x.ndim and x.shape[-1] == shape[0]:
        return x
    if tuple(x.shape[x.ndim - count :]) != shape or x.ndim < count:
        raise ShapeError(
            f"{type(module).__name__}: x must end in the axes {shape}, got {tuple(x.shape)}"
        )
    return x.reshape(*x.shape[: x.ndim - count], prod(shape))


def row_parameters(module: Any) -> tuple[Tensor | None, Tensor | None]:
    both = module.weight, module.bias
    if len(module.normalized_shape) == 1:
        return both
    weight, bias = (None if p is None else p.reshape(-1) for p in both)
    return weight, bias


def rows_repr(module: Any) -> str:
    return f"{module.normalized_shape}, eps={module.eps}, elementwise_affine=" + str(
        module.elementwise_affine
    )


class GoldenLayerNorm(nn.Module):
    """Layer norm to a target variance, with the arguments and state dict of `torch.nn.LayerNorm`.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The trailing axes that are normalized together.
    eps : float, default 1e-5
        Added to the variance.
    elementwise_affine, bias : bool, default True
        Whether there are weight and bias.
    device, dtype
        Of the parameters.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.

    Attributes
    ----------
    weight, bias : Parameter or None
        Of normalized_shape, ones and zeros at first.

    Raises
    ------
    ValueError
        The mode is unknown, or eps is negative or not finite.

    See Also
    --------
    golden_layer_norm : as a function.
    goldenize : puts it into a model.

    Notes
    -----
    weight·(x - mean)·sqrt(t/(var + eps)) + bias. It is no `torch.nn.LayerNorm`: what treats those
    in a way of its own would forget t. `torch.nn.TransformerEncoderLayer` has such a way, in
    evaluation, for whatever stands in the place of its norms; `goldenize` closes it.

    Examples
    --------
    >>> import torch
    >>> GoldenLayerNorm(2, eps=0, mode="standard")(torch.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.,  1.]])
    """

    weight: Tensor | None
    bias: Tensor | None
    eps: float

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        mode: GoldenNormMode | NormModeName = "golden",
    ) -> None:
        super().__init__()
        self.mode = norm_mode_of(mode, type(self).__name__)
        make_rows(self, normalized_shape, eps, elementwise_affine, bias, device, dtype)

    def reset_parameters(self) -> None:
        """Set weight to ones and bias to zeros."""
        if self.weight is not None:
            nn.init.ones_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalized; see `golden_layer_norm` for errors."""
        gamma, beta = row_parameters(self)
        out = golden_layer_norm(as_rows(x, self), self.mode, self.eps, gamma, beta)
        return out if out.ndim == x.ndim else out.reshape(x.shape)

    def extra_repr(self) -> str:
        """Return the arguments of `torch.nn.LayerNorm`, and the mode."""
        return f"{rows_repr(self)}, mode={_mode_text(self.mode)}"


# -- channels ---------------------------------------------------------------------------------


class GoldenBatchNorm(_NormBase):
    """Batch norm to a target variance; `_NormBase` has the arguments, the state and its versions.

    It is no `torch.nn.BatchNorm2d` and so on, which others convert or fuse in ways of their own.
    """

    _ranks: tuple[int, ...]
    _axes: str

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
        mode: GoldenNormMode | NormModeName = "golden",
    ) -> None:
        where = type(self).__name__
        chosen = norm_mode_of(mode, where)
        super().__init__(
            num_features, number(eps, "eps", where), momentum, affine, track_running_stats,
            device, dtype,
        )  # fmt: skip
        if not bias:
            self.register_parameter("bias", None)
        self.mode = chosen
        self.reset_running_stats()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0 and the running variance to the target."""
        super().reset_running_stats()
        mode = self.__dict__.get("mode")
        if self.track_running_stats and mode is not None:
            self.running_var.fill_(target_of(mode, type(self).__name__))  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalized and, in training, learn its statistics; see `golden_batch_norm`."""
        self._check(x)
        learning = self.training and self.track_running_stats
        mean, var = self.running_mean, self.running_var
        if self.training and not learning:
            mean = var = None
        training = self.training or (mean is None and var is None)
        out = golden_batch_norm(
            x, mean, var, self.weight, self.bias, training, self._weight_of_batch(learning),
            self.eps, self.mode,
        )  # fmt: skip
        if learning and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return out

    def _weight_of_batch(self, learning: bool) -> Any:
        """Return the momentum; for the mean of all batches a tensor, which nothing waits for."""
        if self.momentum is not None:
            return self.momentum
        if not learning or self.num_batches_tracked is None:
            return 0.0
        return 1.0 / (self.num_batches_tracked.double() + 1)

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self._ranks or x.shape[1] != self.num_features:
            axes = self._axes.replace("C", str(self.num_features))
            raise ShapeError(
                f"{type(self).__name__}: x must have shape {axes}, got {tuple(x.shape)}"
            )

    def extra_repr(self) -> str:
        """Return the arguments of `torch.nn`, and the mode."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}, mode={_mode_text(self.mode)}"
        )


_BATCH_NORM = """Batch norm of {axes} to a target variance, as `torch.nn.BatchNorm{d}d`.

    Parameters
    ----------
    num_features : int
        The number C of channels.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The weight of a new batch in the running statistics; None for the mean of all batches.
    affine, bias : bool, default True
        Whether there are weight and bias.
    track_running_stats : bool, default True
        Whether running statistics are kept, and used in evaluation.
    device, dtype
        Of parameters and statistics.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.

    Attributes
    ----------
    weight, bias : Parameter or None
        (C,), ones and zeros at first.
    running_mean, running_var : Tensor or None
        (C,), of the *input*: 0 and t at first, so that an untrained evaluation is the identity up
        to eps; the variance over n - 1. A state dict of `torch.nn` loads, and the other way round.
    num_batches_tracked : Tensor or None
        How many batches the running statistics have seen.

    Raises
    ------
    ValueError
        The mode is unknown, or eps is negative or not finite.

    See Also
    --------
    GoldenBatchNorm1d, GoldenBatchNorm2d, GoldenBatchNorm3d : by the number of axes.
    SyncGoldenBatchNorm : over several processes.
    golden_batch_norm : the function.

    Examples
    --------
    >>> import torch
    >>> GoldenBatchNorm{d}d(3)
    GoldenBatchNorm{d}d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True,
    mode='golden')
    """


class GoldenBatchNorm1d(GoldenBatchNorm):
    __doc__ = _BATCH_NORM.format(axes="(N, C) or (N, C, L)", d=1)
    _ranks, _axes = (2, 3), "(N, C) or (N, C, L)"


class GoldenBatchNorm2d(GoldenBatchNorm):
    __doc__ = _BATCH_NORM.format(axes="(N, C, H, W)", d=2)
    _ranks, _axes = (4,), "(N, C, H, W)"


class GoldenBatchNorm3d(GoldenBatchNorm):
    __doc__ = _BATCH_NORM.format(axes="(N, C, D, H, W)", d=3)
    _ranks, _axes = (5,), "(N, C, D, H, W)"
