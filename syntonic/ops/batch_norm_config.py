"""The settings of batch normalization with memory."""

from __future__ import annotations

from dataclasses import dataclass

from syntonic.ops.arguments import integer, number
from syntonic.ops.norm import GoldenNormMode
from syntonic.typing import NormModeName

__all__ = ["GoldenBatchNormConfig"]


@dataclass(frozen=True)
class GoldenBatchNormConfig:
    """The settings of a `GoldenBatchNormState`.

    Attributes
    ----------
    num_features : int
        The number C of channels, positive.
    eps : float
        Added to the variance, zero or more.
    momentum : float
        The weight of a new batch in the running statistics, from 0 to 1.
    affine : bool
        Whether there are gamma and beta.
    track_running_stats : bool
        Whether running statistics are kept, and used outside training.
    mode : GoldenNormMode or str
        The target variance: "golden" (1/φ), "standard" (1) or `GoldenNormMode.custom(v)`.
    unbiased : bool
        Whether the running variance is over n - 1 (PyTorch) instead of n (ONNX). The
        normalization itself always uses the population variance.

    Raises
    ------
    ValueError, TypeError
        A setting is out of its range.

    See Also
    --------
    GoldenBatchNormState : what it is for.
    GoldenNormMode : the target variance.

    Examples
    --------
    >>> from syntonic import GoldenBatchNormConfig, GoldenNormMode
    >>> GoldenBatchNormConfig(3).target_variance
    0.6180339887498949
    >>> GoldenBatchNormConfig(3, mode=GoldenNormMode.custom(2)).target_variance
    2.0
    """

    num_features: int
    eps: float = 1e-5
    momentum: float = 0.1
    affine: bool = True
    track_running_stats: bool = True
    mode: GoldenNormMode | NormModeName = "golden"
    unbiased: bool = True

    def __post_init__(self) -> None:
        where = type(self).__name__
        integer(self.num_features, "num_features", where, least=1)
        if number(self.momentum, "momentum", where) > 1:
            raise ValueError(f"{where}: momentum must be from 0 to 1, got {self.momentum}")
        number(self.eps, "eps", where)
        object.__setattr__(self, "mode", GoldenNormMode.of(self.mode, where))

    @property
    def target_variance(self) -> float:
        """The variance that the outputs aim at, before gamma."""
        return GoldenNormMode.of(self.mode, type(self).__name__).target_variance
