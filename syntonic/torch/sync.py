"""Golden batch norm over several processes: statistics of all of their batches together.

Each process sends the moments of its channels, float64, to all others, and all merge them in the
order of ranks, so that the statistics are the same bits everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd import Function

from syntonic.jit.thread_count import at_most
from syntonic.torch.arrays import channels_of, family_of, format_of, tensor_of
from syntonic.torch.checks import floats, parameter, target_of
from syntonic.torch.norm_modules import (
    GoldenBatchNorm,
    GoldenBatchNorm1d,
    GoldenBatchNorm2d,
    GoldenBatchNorm3d,
)
from syntonic.torch.ops import call, untraced
from syntonic.torch.threads import own_team
from syntonic.typing import NormModeName

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

    from syntonic.ops.norm import GoldenNormMode

__all__ = ["SyncGoldenBatchNorm"]

_WHERE = "SyncGoldenBatchNorm"
_CONVERTED = (GoldenBatchNorm1d, GoldenBatchNorm2d, GoldenBatchNorm3d)


class SyncGoldenBatchNorm(GoldenBatchNorm):
    """Batch norm of (N, C, *) to a target variance over the batches of all processes.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats
        As for `GoldenBatchNorm2d`.
    process_group : torch.distributed.ProcessGroup, optional
        The processes that share statistics; all of them, if not given.
    device, dtype, bias, mode
        As for `GoldenBatchNorm2d`.

    Attributes
    ----------
    weight, bias, running_mean, running_var, num_batches_tracked
        As for `GoldenBatchNorm2d`, with the same state dict.

    Raises
    ------
    ValueError
        The mode is unknown or eps out of range. In training, on every process: all batches
        together have fewer than two values a channel.
    RuntimeError
        In training: a process did not take part within the time limit of the group, which is
        ``init_process_group(timeout=...)``; or a gradient is to be differentiated again.

    See Also
    --------
    GoldenBatchNorm2d : in one process.
    goldenize : converts `SyncBatchNorm`.

    Notes
    -----
    All processes call it in training equally often, with batches of any sizes, empty ones
    included. Output and running statistics are those of one process with all the batches, up to
    some units in the last place; all processes have the same running statistics, bit by bit.
    Gradients by x are those of the sum of all processes' losses. Those by weight and bias are each
    process's own, which `torch.nn.parallel.DistributedDataParallel` averages.

    In evaluation, without an initialized group, or with one process, it is `GoldenBatchNorm2d` of
    any number of axes. Sums of squares must be within the range of float64. Backends are gloo on
    the CPU and nccl on CUDA, where each call waits for the device once. `torch.compile` calls it
    outside its graph.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), GoldenBatchNorm2d(4))
    >>> type(SyncGoldenBatchNorm.convert(model)[1]).__name__
    'SyncGoldenBatchNorm'
    """

    _ranks, _axes = tuple(range(2, 65)), "(N, C, *)"
    process_group: ProcessGroup | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: ProcessGroup | None = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
        mode: GoldenNormMode | NormModeName = "golden",
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias,
            mode=mode,
        )  # fmt: skip
        self.process_group = process_group

    @classmethod
    def convert(cls, module: nn.Module, process_group: ProcessGroup | None = None) -> nn.Module:
        """Replace the golden batch norms of a model, as `convert_sync_batchnorm` of `torch.nn`.

        Parameters
        ----------
        module : torch.nn.Module
            The model, which is changed: parameters, buffers, hooks and sharing stay.
        process_group : torch.distributed.ProcessGroup, optional
            The processes that share statistics; all of them, if not given.

        Returns
        -------
        torch.nn.Module
            The model; a new one if it is itself a golden batch norm.
        """
        made = {
            each: cls._of(each, process_group)
            for each in module.modules()
            if type(each) in _CONVERTED
        }
        for parent in list(module.modules()):
            for name, child in parent._modules.items():
                if child in made:
                    parent._modules[name] = made[child]
        return made.get(module, module)

    @classmethod
    def _of(cls, old: nn.Module, process_group: Any) -> nn.Module:
        """Return a golden batch norm with all that another one holds."""
        new = cls.__new__(cls)
        new.__dict__.update(old.__dict__, process_group=process_group)
        new._parameters, new._buffers = dict(old._parameters), dict(old._buffers)
        return new

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalized and, in training, learn the statistics of all processes."""
        if not (self.training and _processes(self.process_group) > 1):
            return super().forward(x)
        return self._together(x)

    @untraced
    def _together(self, x: Tensor) -> Tensor:
        self._check(floats(x, "x", _WHERE))
        affine = (
            parameter(value, x, x.shape[1:2], name, _WHERE, "pass one value per channel")
            for name, value in (("weight", self.weight), ("bias", self.bias))
        )
        moments = _moments_of_all(x, self.process_group)
        options = target_of(self.mode, _WHERE), self.eps, self.process_group
        out: Tensor = _Apply.apply(x, *affine, moments, *options)
        if self.track_running_stats:
            self._learn(moments)
        return out

    def _learn(self, moments: Tensor) -> None:
        """Let running statistics move to those of all batches, the variance over n - 1."""
        n, mean, _, m2 = moments
        weight = self._weight_of_batch(True)
        with torch.no_grad():
            for old, new in ((self.running_mean, mean), (self.running_var, m2 / (n - 1))):
                if old is not None:
                    w = weight.to(old.dtype) if isinstance(weight, Tensor) else weight
                    old.lerp_(new.to(old.dtype), w)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)


# -- what the processes exchange --------------------------------------------------------------


def _processes(group: Any) -> int:
    """Return how many processes a group has: 1 without any, -1 if this one is not of them."""
    if not (dist.is_available() and dist.is_initialized()):
        return 1
    return dist.get_world_size(group)


def _moments_of_all(x: Tensor, group: Any) -> Tensor:
    """Return count, mean, what the mean misses, and M2 of each channel in all processes, (4, C)."""
    from syntonic.ops.moments import merge_moments  # the other layers do without the exact core

    own = _moments(x)
    parts = [torch.empty_like(own) for _ in range(_processes(group))]
    with _taking_part(group):
        dist.all_gather(parts, own, group=group)
    merged = merge_moments(torch.stack(parts).numpy(force=True))
    if (merged[0] < 2).any():
        raise ValueError(
            f"{_WHERE}: each channel must have at least two values in training, got "
            f"{int(merged[0].min())} in the batches of {len(parts)} processes; call .eval() or "
            "pass larger batches"
        )
    return torch.from_numpy(merged).to(x.device)


def _moments(x: Tensor) -> Tensor:
    """Return the same of one process."""
    channels = channels_of(x, format_of(x))
    with at_most(torch.get_num_threads(), own_team()):
        mean, low, var, _ = tensor_of(family_of("norm", x).batch_norm_stats(channels))
    n = x.numel() // x.shape[1] if x.shape[1] else 0
    return torch.stack([torch.full_like(mean, n), mean, low, var * n])


@contextmanager
def _taking_part(group: Any) -> Iterator[None]:
    """Say what is wrong if the processes do not meet."""
    began = monotonic()
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            f"{_WHERE}: all {_processes(group)} processes of the group must take part in each "
            f"call in training, and one did not: the exchange failed after "
            f"{monotonic() - began:.1f} s ({error}); give every process the same number of "
            "batches, empty ones if need be, or pass a longer timeout to init_process_group"
        ) from error


# -- gradients --------------------------------------------------------------------------------


class _Apply(Function):
    """Normalization by the moments of all processes, of which each x is a part."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Any, beta: Any, moments: Tensor, target: float, eps: float,
        group: Any,
    ) -> Tensor:  # fmt: skip
        n, mean, low, m2 = moments
        var = m2 / n
        statistics = torch.stack([mean, low, var, var.sqrt()])
        ctx.save_for_backward(x, gamma, beta, statistics, n)
        ctx.options, ctx.group = (target, eps), group
        out: Tensor = call("batch_norm_apply", x, statistics, gamma, beta, target, eps)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        x, gamma, beta, statistics, n = ctx.saved_tensors
        if torch.is_grad_enabled():
            raise RuntimeError(
                f"{_WHERE}: a gradient across processes is not differentiated again; use a "
                "golden batch norm of each process for a penalty on gradients"
            )
        target, eps = ctx.options
        wide = x.double(), None if gamma is None else gamma.double(), statistics
        given = grad.double(), *wide, target, eps, False
        dx, dgamma, dbeta = call("batch_norm_backward", *given)
        if ctx.needs_input_grad[0]:
            dx = dx - _shared(*wide, torch.stack([dgamma, dbeta]) / n, ctx)
        return dx.to(x.dtype), *map(_as, (dgamma, dbeta), (gamma, beta)), None, None, None, None


def _shared(x: Tensor, gamma: Tensor | None, statistics: Tensor, parts: Tensor, ctx: Any) -> Tensor:
    """Return what x changes in the outputs of all processes by changing the statistics.

    With x̂ = (x - mean)·√t/σ, σ² = var + eps, that is gamma·√t/σ·(Σg/n + x̂·Σgx̂/nt): a
    normalization with parameters of its own. `parts` are this process's Σgx̂/n and Σg/n.
    """
    target, eps = ctx.options
    with _taking_part(ctx.group):
        dist.all_reduce(parts, group=ctx.group)
    scale = target**0.5 / torch.hypot(statistics[3], torch.full_like(statistics[3], eps**0.5))
    scale = scale if gamma is None else scale * gamma
    along, across = scale * parts[1], scale * parts[0] / target
    out: Tensor = call("batch_norm_apply", x, statistics, across, along, target, eps)
    return out


def _as(gradient: Tensor, parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else gradient.to(parameter.dtype)
