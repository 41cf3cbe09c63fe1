"""Batch and layer normalization to a target variance: 1/φ when golden."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from syntonic.constants import PHI_INV_FLOAT
from syntonic.errors import ShapeError
from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.ops import cycle
from syntonic.ops._channels import (
    across_channels,
    all_but_channels,
    by_channel,
    channel_parameters,
    normalized,
)
from syntonic.ops.arguments import number, parameter, require_tensor
from syntonic.tensor import ResonantTensor
from syntonic.tensor.specification import SnapSpecification
from syntonic.typing import NormModeName, RealArrayLike

__all__ = [
    "GoldenNormMode",
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "layer_norm",
]


_TARGETS = {"golden": PHI_INV_FLOAT, "standard": 1.0}


@dataclass(frozen=True)
class GoldenNormMode:
    """The variance that a normalization aims at; the strings "golden" and "standard" do as well.

    Parameters
    ----------
    target_variance : float or str
        A positive variance, or the name of one.

    Attributes
    ----------
    target_variance : float
        1/φ for `GOLDEN`, 1 for `STANDARD`, v for `custom(v)`.

    Raises
    ------
    ValueError
        The name is unknown, or the variance is not positive and finite.

    See Also
    --------
    golden_batch_norm_1d, golden_batch_norm_2d, golden_layer_norm : what takes it.

    Examples
    --------
    >>> GoldenNormMode("golden") == GoldenNormMode.GOLDEN
    True
    """

    target_variance: float

    GOLDEN: ClassVar[GoldenNormMode]
    STANDARD: ClassVar[GoldenNormMode]

    def __post_init__(self) -> None:
        given, where = self.target_variance, type(self).__name__
        if isinstance(given, str):
            if given not in _TARGETS:
                raise ValueError(
                    f'{where}: target_variance must be "golden", "standard" or a positive number, '
                    f"got {given!r}"
                )
            value = _TARGETS[given]
        else:
            value = number(given, "target_variance", where, positive=True)
        object.__setattr__(self, "target_variance", value)

    @classmethod
    def custom(cls, v: float) -> GoldenNormMode:
        """Return the mode with target variance v > 0.

        Examples
        --------
        >>> GoldenNormMode.custom(2).target_variance
        2.0
        """
        return cls(number(v, "v", "GoldenNormMode.custom", positive=True))

    @classmethod
    def of(cls, mode: GoldenNormMode | NormModeName, where: str) -> GoldenNormMode:
        """Return a mode, or the one of a name; raise ValueError for another.

        Examples
        --------
        >>> GoldenNormMode.of("standard", "here") is GoldenNormMode.STANDARD
        False
        >>> GoldenNormMode.of("standard", "here") == GoldenNormMode.STANDARD
        True
        """
        if isinstance(mode, cls):
            return mode
        if isinstance(mode, str) and mode in _TARGETS:
            return cls(_TARGETS[mode])
        raise ValueError(
            f'{where}: mode must be "golden", "standard" or GoldenNormMode.custom(v), got {mode!r}'
        )


GoldenNormMode.GOLDEN = GoldenNormMode(PHI_INV_FLOAT)
GoldenNormMode.STANDARD = GoldenNormMode(1.0)


def golden_batch_norm_1d(
    x: ResonantTensor,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
) -> ResonantTensor:
    """Normalize each feature over the batch to a target variance.

    Parameters
    ----------
    x : ResonantTensor
        (N, C): N samples of C features, in either phase.
    mode : GoldenNormMode or str, default "golden"
        The target variance t: 1/φ ("golden"), 1 ("standard"), or `GoldenNormMode.custom(t)`.
    eps : float, default 1e-5
        Added to the variance, zero or more.
    gamma, beta : array_like of reals, optional
        Scale and shift of each feature, (C,).

    Returns
    -------
    ResonantTensor
        gamma·(x - mean)·sqrt(t/(var + eps)) + beta, population variance, in the phase of x. One
        value for each feature gives beta.

    Raises
    ------
    ShapeError
        x does not have two axes, or gamma or beta does not have shape (C,).
    DeviceError
        gamma or beta is on another device.
    ValueError
        The mode is unknown, or eps is negative or not finite.

    See Also
    --------
    golden_batch_norm_2d : of images.
    GoldenBatchNormState : with running statistics.
    syntonic.torch.GoldenBatchNorm1d : as a layer of PyTorch.

    Notes
    -----
    In real arithmetic the variance before gamma and beta is exactly t·var/(var + eps). On
    crystallized input this is a cycle: mean, variance and x - mean are exact, the rest is float64
    with one snap. In flux the error is at most 8 ulp of |gamma|·(|x - mean|/sqrt(var + eps) + 1)·
    sqrt(t) + |beta|, in float32 for the narrower dtypes, then rounded once: for finite x of any
    scale with a mean up to 10^8 deviations (on CUDA float32 and bfloat16 have no subnormal
    numbers). The kernels are `golden_bn_1d_compute_stats`, `golden_bn_1d_normalize` and
    `golden_bn_1d_fused`.

    References
    ----------
    S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithm 1, for t = 1.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> x = ResonantTensor.from_flux([[1.0], [3.0]])
    >>> out = golden_batch_norm_1d(x, eps=0)
    >>> round(out.var().item() * (1 + 5**0.5) / 2, 14)
    1.0
    """
    return _batch_norm(x, "(N, C)", mode, eps, gamma, beta, "golden_batch_norm_1d")


def golden_batch_norm_2d(
    x: ResonantTensor,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
) -> ResonantTensor:
    """Normalize each channel of images over batch, height and width to a target variance.

    Parameters
    ----------
    x : ResonantTensor
        (N, C, H, W), in either phase.
    mode, eps, gamma, beta
        As for `golden_batch_norm_1d`, one value of gamma and beta for each channel.

    Returns
    -------
    ResonantTensor
        As from `golden_batch_norm_1d`, with the same errors.

    See Also
    --------
    golden_batch_norm_1d : of features.
    GoldenBatchNormState : with running statistics.
    syntonic.torch.GoldenBatchNorm2d : as a layer of PyTorch.

    Notes
    -----
    The kernels are `golden_bn_2d_compute_stats` and `golden_bn_2d_normalize`.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> x = ResonantTensor([[[[1, 3]]]])
    >>> golden_batch_norm_2d(x, mode="standard", eps=0)
    ResonantTensor([[[[-1, 1]]]])
    """
    return _batch_norm(x, "(N, C, H, W)", mode, eps, gamma, beta, "golden_batch_norm_2d")


def golden_layer_norm(
    x: ResonantTensor,
    mode: GoldenNormMode | NormModeName = "golden",
    eps: float = 1e-5,
    gamma: RealArrayLike | None = None,
    beta: RealArrayLike | None = None,
) -> ResonantTensor:
    """Normalize over the last axis to a target variance.

    Parameters
    ----------
    x : ResonantTensor
        Of at least one axis, in either phase.
    mode, eps
        As for `golden_batch_norm_1d`.
    gamma, beta : array_like of reals, optional
        Scale and shift for each place of the last axis, (features,).

    Returns
    -------
    ResonantTensor
        gamma·(x - mean)·sqrt(t/(var + eps)) + beta with the statistics of each row; errors as
        for `golden_batch_norm_1d`.

    See Also
    --------
    golden_batch_norm_1d : over the batch.
    phi_residual_layernorm : fused with a residual connection.
    syntonic.torch.GoldenLayerNorm : as a layer of PyTorch.

    Notes
    -----
    A cycle on crystallized input. Errors in flux are those of `golden_batch_norm_1d`. The kernel is
    `golden_layer_norm`.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", arXiv:1607.06450, eq. (4).

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> golden_layer_norm(ResonantTensor([[1, 2, 3]]), mode="standard", eps=0, beta=[1, 1, 1])
    ResonantTensor([[-52 + 32φ, 1, 54 - 32φ]])
    """
    return layer_norm(x, mode, eps, gamma, beta)


def layer_norm(
    x: ResonantTensor,
    mode: GoldenNormMode | NormModeName,
    eps: float,
    gamma: Any,
    beta: Any,
    snap_to: SnapSpecification | None = None,
) -> ResonantTensor:
    """Do what `golden_layer_norm` does; crystallized, under a snap specification that is given."""
    where = "golden_layer_norm"
    require_tensor(x, "x", where)
    target = GoldenNormMode.of(mode, where).target_variance
    added = number(eps, "eps", where)
    shape = x.shape
    if not shape:
        raise ShapeError(f"{where}: x must have a last axis, got shape (); reshape it")
    features = shape[-1]
    hint = "pass one value for each place of the last axis"
    scale = parameter(gamma, x, (features,), "gamma", where, hint)
    shift = parameter(beta, x, (features,), "beta", where, hint)
    if x.is_crystallized:
        values = normalized(x._data, (-1,), target, added, scale, shift, where)
        return cycle.crystallized(x, values, snap_to or cycle.specification(x))
    rows = contiguous(x._data).reshape(prod(shape[:-1]) if features else 0, features)
    out, *_ = backend("norm", rows).layer_norm(rows, target, added, scale, shift)
    return x._of(narrowed(out.reshape(shape), x._data.dtype), x._carried.normalized())


def _batch_norm(
    x: ResonantTensor,
    axes: str,
    mode: GoldenNormMode | NormModeName,
    eps: float,
    gamma: Any,
    beta: Any,
    where: str,
) -> ResonantTensor:
    require_tensor(x, "x", where)
    target = GoldenNormMode.of(mode, where).target_variance
    added = number(eps, "eps", where)
    shape = x.shape
    if len(shape) != axes.count(",") + 1:
        raise ShapeError(f"{where}: x must have shape {axes}, got {shape}; reshape it")
    scale, shift = channel_parameters(x, gamma, beta, where)
    if x.is_crystallized:
        affine = across_channels(scale, x.ndim), across_channels(shift, x.ndim)
        values = normalized(x._data, all_but_channels(x.ndim), target, added, *affine, where)
        return cycle.crystallized(x, values, cycle.specification(x))
    data = by_channel(x)
    out, *_ = backend("norm", data).batch_norm(data, target, added, scale, shift)
    return x._of(narrowed(out.reshape(shape), x._data.dtype), x._carried.normalized())
