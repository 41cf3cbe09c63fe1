"""Batch normalization with memory: parameters and running statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from syntonic.errors import PhaseError, ShapeError
from syntonic.flux.backend import backend, narrowed
from syntonic.flux.device import device_of, move, namespace, to_host
from syntonic.lattice import order, reductions
from syntonic.ops import cycle
from syntonic.ops._channels import (
    across_channels,
    all_but_channels,
    by_channel,
    channel_parameters,
    normalized,
    scaled,
)
from syntonic.ops.arguments import require_tensor
from syntonic.ops.batch_norm_config import GoldenBatchNormConfig
from syntonic.ops.gradient_rules import Gradients, batch_gradients
from syntonic.ops.gradients import beside
from syntonic.ops.norm import GoldenNormMode
from syntonic.tensor import ResonantTensor
from syntonic.typing import FloatArray, NormModeName

__all__ = ["GoldenBatchNormConfig", "GoldenBatchNormState"]


def _text(mode: GoldenNormMode | NormModeName) -> str:
    """Return how a repr names a mode, as the layers of `syntonic.torch` do."""
    mode = GoldenNormMode.of(mode, "GoldenBatchNormState")
    for name in ("golden", "standard"):
        if mode == GoldenNormMode.of(name, "GoldenBatchNormState"):
            return repr(name)
    return f"GoldenNormMode.custom({mode.target_variance})"


_OLDER = {"gamma": "weight", "beta": "bias"}
"""Names in states of before they were PyTorch's."""


class GoldenBatchNormState:
    """Batch normalization of (N, C, *) that learns running statistics.

    Parameters
    ----------
    config : GoldenBatchNormConfig or int
        The settings; a number of features stands for the defaults.

    Attributes
    ----------
    gamma, beta : ndarray or None
        Scale and shift, (C,), float64, ones and zeros at first; None unless `affine`. Settable to
        any array-like of C reals.
    running_mean, running_var : ndarray or None
        (C,), float64, on the device of the last input, zeros and the target variance at first;
        never snapped. None unless `track_running_stats`.
    num_batches_tracked : int
        How many batches the running statistics have seen.
    training : bool
        Whether `forward` learns where it is not told; True at first, changed by `train` and `eval`.

    See Also
    --------
    GoldenBatchNormConfig : the settings.
    golden_batch_norm_1d, golden_batch_norm_2d : without running statistics.
    syntonic.torch.GoldenBatchNorm2d : a module of PyTorch.

    Notes
    -----
    After a batch of n values a channel, with momentum m: running = (1 - m)·running + m·batch.
    Outside training the running statistics take the place of the batch's, and the golden target
    applies as well: gamma·(x - running_mean)·sqrt(t/(running_var + eps)) + beta.

    References
    ----------
    S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithm 2.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> state = GoldenBatchNormState(GoldenBatchNormConfig(1, momentum=0.5, mode="standard"))
    >>> y = state.forward(ResonantTensor.from_flux([[1.0], [3.0]]))
    >>> state.running_mean.tolist(), state.running_var.tolist()
    ([1.0], [1.5])
    """

    def __init__(self, config: GoldenBatchNormConfig | int) -> None:
        self.config = (
            config if isinstance(config, GoldenBatchNormConfig) else GoldenBatchNormConfig(config)
        )
        c = self.config.num_features
        self._parameters: dict[str, Any] = {"gamma": None, "beta": None}
        if self.config.affine:
            self._parameters = {"gamma": np.ones(c), "beta": np.zeros(c)}
        self._running: tuple[Any, Any] | None = None
        if self.config.track_running_stats:
            self._running = np.zeros(c), np.full(c, self.config.target_variance)
        self.num_batches_tracked = 0
        self.training = True

    def train(self, mode: bool = True) -> GoldenBatchNormState:
        """Let `forward` learn from batches from now on, or not; return the state itself."""
        self.training = bool(mode)
        return self

    def eval(self) -> GoldenBatchNormState:
        """Let `forward` use the running statistics from now on; return the state itself."""
        return self.train(False)

    def __repr__(self) -> str:
        c = self.config
        return (
            f"{type(self).__name__}({c.num_features}, eps={c.eps}, momentum={c.momentum}, "
            f"affine={c.affine}, track_running_stats={c.track_running_stats}, "
            f"mode={_text(c.mode)}, unbiased={c.unbiased})"
        )

    # -- parameters and statistics --------------------------------------------------------

    @property
    def gamma(self) -> FloatArray | None:
        """The scales, (C,)."""
        return self._parameters["gamma"]

    @gamma.setter
    def gamma(self, values: Any) -> None:
        self._set_parameter("gamma", values)

    @property
    def beta(self) -> FloatArray | None:
        """The shifts, (C,)."""
        return self._parameters["beta"]

    @beta.setter
    def beta(self, values: Any) -> None:
        self._set_parameter("beta", values)

    @property
    def running_mean(self) -> FloatArray | None:
        """The running means, (C,)."""
        return None if self._running is None else self._running[0]

    @property
    def running_var(self) -> FloatArray | None:
        """The running variances, (C,)."""
        return None if self._running is None else self._running[1]

    def state_dict(self) -> dict[str, Any]:
        """Return copies of parameters and statistics as NumPy arrays, by PyTorch's names.

        They are weight (gamma), bias (beta), running_mean, running_var and num_batches_tracked.
        """
        named = {
            "weight": self.gamma,
            "bias": self.beta,
            "running_mean": self.running_mean,
            "running_var": self.running_var,
        }
        arrays = {k: np.array(to_host(v)) for k, v in named.items() if v is not None}
        if self._running is None:
            return arrays
        return arrays | {"num_batches_tracked": self.num_batches_tracked}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned; nothing changes if anything does not fit.

        Parameters
        ----------
        state : dict
            By the names of `state_dict`, with array-likes: that of a batch norm of PyTorch does as
            well. gamma and beta are taken for weight and bias.

        Raises
        ------
        ValueError
            Names are missing or unknown, or a value cannot be a statistic.
        ShapeError
            A value does not have shape (C,).
        """
        where = f"{type(self).__name__}.load_state_dict"
        wanted = set(self.state_dict())
        named = {_OLDER.get(name, name): name for name in state}
        if set(named) != wanted or len(named) != len(state):
            raise ValueError(
                f"{where}: the names must be {sorted(wanted)}, got {sorted(state)}; "
                "use the state of the same configuration"
            )
        count = state[named.pop("num_batches_tracked")] if self._running is not None else 0
        new = {name: self._channelwise(state[own], own, where) for name, own in named.items()}
        if "running_var" in new and not np.all(new["running_var"] >= 0):
            raise ValueError(f"{where}: running_var must not be negative or NaN")
        if self.config.affine:
            self._parameters = {"gamma": new["weight"], "beta": new["bias"]}
        if self._running is not None:
            self._running = new["running_mean"], new["running_var"]
            self.num_batches_tracked = int(count)

    def _set_parameter(self, name: str, values: Any) -> None:
        where = type(self).__name__
        if not self.config.affine:
            raise ValueError(f"{where}: {name} exists with affine=True only; change the config")
        self._parameters[name] = self._channelwise(values, name, where)

    def _channelwise(self, values: Any, name: str, where: str) -> Any:
        if isinstance(values, ResonantTensor):
            values = values.to_floats()
        array = np.array(to_host(values), dtype=np.float64)
        if array.shape != (self.config.num_features,):
            raise ShapeError(
                f"{where}: {name} must have shape ({self.config.num_features},), got "
                f"{array.shape}; pass one value per channel"
            )
        return array

    # -- forward --------------------------------------------------------------------------

    def forward(self, x: ResonantTensor, training: bool | None = None) -> ResonantTensor:
        """Normalize (N, C, *) and, in training, learn from it.

        Parameters
        ----------
        x : ResonantTensor
            (N, C, *) of at least two axes, in either phase.
        training : bool, optional
            Use the statistics of the batch and update the running ones. Otherwise use the running
            ones, or those of the batch if none are tracked. As `training` says, if not given.

        Returns
        -------
        ResonantTensor
            In the phase of x; a cycle when crystallized, whose batch statistics are exact.

        Raises
        ------
        ShapeError
            x has fewer than two axes or another number of channels.
        ValueError
            A channel has fewer than two values in training.

        See Also
        --------
        vjp : the same, with what its gradients need.
        train, eval : what `training` is by default.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> state = GoldenBatchNormState(GoldenBatchNormConfig(1, eps=0.0, mode="standard"))
        >>> state.forward(ResonantTensor.from_flux([[1.0], [3.0]])).flux_array.tolist()
        [[-1.0], [1.0]]
        """
        where = f"{type(self).__name__}.forward"
        training = self.training if training is None else training
        self._check(require_tensor(x, "x", where), training, where)
        gamma, beta = (
            None if p is None else move(p, x.device, where) for p in (self.gamma, self.beta)
        )
        affine = channel_parameters(x, gamma, beta, where)
        if training or self._running is None:
            out, statistics = self._by_batch(x, affine, where)
            if training and self._running is not None:
                self._learn(statistics, x.size // x.shape[1], x.device, where)
            return out
        return self._by_running(x, affine, where)

    __call__ = forward

    def vjp(
        self, x: ResonantTensor, training: bool | None = None
    ) -> tuple[ResonantTensor, Callable[[Any], Gradients]]:
        """Return `forward` of x, and the function that pulls gradients back through it.

        Parameters
        ----------
        x, training
            As for `forward`, x in flux; in training it learns from x.

        Returns
        -------
        out : ResonantTensor
            What `forward` returns.
        pullback : callable
            From the gradient by out to `syntonic.ops.Gradients` by x, gamma and beta. Running
            statistics are constants.

        Raises
        ------
        PhaseError
            x is crystallized.
        ShapeError, ValueError
            As for `forward`.

        See Also
        --------
        forward : the same, without.
        syntonic.ops.vjp : of the functions.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> state = GoldenBatchNormState(1)
        >>> out, pullback = state.vjp(ResonantTensor.from_flux([[1.0], [3.0]]))
        >>> pullback([[1.0], [1.0]]).beta.flux_array.tolist()
        [2.0]
        """
        where = f"{type(self).__name__}.vjp"
        if require_tensor(x, "x", where).is_crystallized:
            raise PhaseError(f"{where}: only flux has gradients; wake the input with .wake_flux()")
        training = self.training if training is None else training
        affine = [None if p is None else move(p, x.device, where) for p in (self.gamma, self.beta)]
        out = self.forward(x, training)
        own = training or self._running is None
        statistics = None if own else self._table()
        numbers = self.config.target_variance, self.config.eps

        def pullback(grad: Any) -> Gradients:
            array = beside(grad, out, "grad", where)
            return batch_gradients(x, array, statistics, *numbers, *affine)

        return out, pullback

    def _table(self) -> Any:
        """Return the running statistics as the backends take them."""
        mean, variance = self.running_mean, self.running_var
        xp = namespace(mean)
        return xp.stack([mean, xp.zeros_like(mean), variance, xp.sqrt(variance)])

    def _check(self, x: ResonantTensor, training: bool, where: str) -> None:
        c = self.config.num_features
        if x.ndim < 2 or x.shape[1] != c:
            raise ShapeError(
                f"{where}: x must have shape (N, {c}, ...), got {x.shape}; channels are axis 1"
            )
        if training and x.size < 2 * c:
            raise ValueError(
                f"{where}: each channel must have at least two values in training, got shape "
                f"{x.shape}; pass training=False or a larger batch"
            )

    def _by_batch(
        self, x: ResonantTensor, affine: tuple[Any, Any], where: str
    ) -> tuple[ResonantTensor, tuple[Any, Any]]:
        """Normalize by the batch; return its mean and population variance too."""
        target, eps = self.config.target_variance, self.config.eps
        if x.is_crystallized:
            over = all_but_channels(x.ndim)
            scale, shift = (across_channels(p, x.ndim) for p in affine)
            values = normalized(x._data, over, target, eps, scale, shift, where)
            found = (
                order.floats(reductions.mean(x._data, over)),
                order.floats(reductions.var(x._data, over)),
            )
            return cycle.crystallized(x, values, cycle.specification(x)), found
        data = by_channel(x)
        out, statistics = backend("norm", data).batch_norm(data, target, eps, *affine)
        return self._flux(x, out), (statistics[0], statistics[2])

    def _by_running(self, x: ResonantTensor, affine: tuple[Any, Any], where: str) -> ResonantTensor:
        target, eps = self.config.target_variance, self.config.eps
        self._follow(x.device, where)
        mean, variance = self.running_mean, self.running_var
        if x.is_crystallized:
            mean, variance, scale, shift = (
                across_channels(p, x.ndim) for p in (mean, variance, *affine)
            )
            centred = order.floats_from(x._data, to_host(mean))
            values = scaled(centred, variance, target, eps, scale, shift, where)
            return cycle.crystallized(x, values, cycle.specification(x))
        data = by_channel(x)
        module = backend("norm", data)
        out = module.batch_norm_apply(data, self._table(), target, eps, *affine)
        return self._flux(x, out)

    def _flux(self, x: ResonantTensor, out: Any) -> ResonantTensor:
        return x._of(narrowed(out.reshape(x.shape), x._data.dtype), x._carried.normalized())

    def _learn(self, batch: tuple[Any, Any], n: int, device: str, where: str) -> None:
        self._follow(device, where)
        m = self.config.momentum
        correction = n / (n - 1) if self.config.unbiased else 1.0
        weights = m, m * correction
        mean, variance = (
            (1 - m) * old + weight * new
            for old, weight, new in zip(self._running or (), weights, batch, strict=True)
        )
        self._running = mean, variance
        self.num_batches_tracked += 1

    def _follow(self, device: str, where: str) -> None:
        """Bring the running statistics to the device of the input."""
        if self._running is not None and device_of(self._running[0]) != device:
            mean, variance = self._running
            self._running = move(mean, device, where), move(variance, device, where)
