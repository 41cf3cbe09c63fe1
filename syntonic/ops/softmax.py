"""Softmax weighted by syntony: exp(-|n|²/φ), given weights, or none."""

from __future__ import annotations

from enum import StrEnum
from math import prod
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.flux.device import move
from syntonic.lattice import order, sorting
from syntonic.lattice.array import LatticeArray
from syntonic.ops.arguments import integer, number, parameter, require_tensor
from syntonic.rounding.snap import snap
from syntonic.tensor import ResonantTensor
from syntonic.typing import FloatArray, RealArrayLike, SoftmaxModeName

__all__ = [
    "SyntonicSoftmaxMode",
    "SyntonicSoftmaxState",
    "softmax_mode",
    "syntonic_softmax",
]


class SyntonicSoftmaxMode(StrEnum):
    """Where the weights come from; a plain string of the same value does as well.

    See Also
    --------
    syntonic_softmax, SyntonicSoftmaxState : what take it.

    Examples
    --------
    >>> SyntonicSoftmaxMode("learned") is SyntonicSoftmaxMode.LEARNED
    True
    >>> SyntonicSoftmaxMode.IDENTITY == "identity"
    True
    """

    LEARNED = "learned"
    """exp(-|n|²/φ) from mode norms |n|²"""

    PROVIDED = "provided"
    """given weights, the syntony of each class or element"""

    IDENTITY = "identity"
    """all 1: the plain softmax"""


def syntonic_softmax(
    x: ResonantTensor,
    dim: int = -1,
    mode_norms: RealArrayLike | None = None,
    *unnamed: object,
    syntony: RealArrayLike | None = None,
    syntony_scale: float = 1.0,
    mode: SyntonicSoftmaxMode | SoftmaxModeName | None = None,
    syntony_floor: float = 1e-10,
) -> ResonantTensor:
    """Return the softmax of x + scale·log w along one axis.

    What follows mode_norms is given by name.

    Parameters
    ----------
    x : ResonantTensor
        Logits, at least one axis, in either phase.
    dim : int, default -1
        The axis of the n classes.
    mode_norms : array_like of reals, optional
        |n|² of each class, (n,): w = exp(-|n|²/φ), mode "learned".
    syntony : array_like of reals, optional
        Weights, of the shape of x or (n,), zero or more: mode "provided".
    syntony_scale : float, default 1.0
        The power to which the weights count; zero or more.
    mode : SyntonicSoftmaxMode or str, optional
        By default the one whose argument is given, "identity" without either.
    syntony_floor : float, default 1e-10
        Smaller weights count as this. 0 makes a weight of 0 an exact zero of the result.

    Returns
    -------
    ResonantTensor
        In the phase of x. Crystallized: every slice sums to *exactly* 1, see Notes.

    Raises
    ------
    ShapeError
        x has no axis, or mode_norms or syntony do not fit it.
    TypeError
        x is no tensor, or what follows mode_norms is not named.
    ValueError
        dim or mode is unknown, mode and arguments contradict each other, a weight is negative, or
        (crystallized) all weights of a slice are 0.

    See Also
    --------
    SyntonicSoftmaxState : with mode norms that are kept.
    syntonic.torch.SyntonicSoftmax : as a layer of PyTorch.

    Notes
    -----
    In flux a slice with a NaN or +inf, or of -inf alone, is NaN, as in PyTorch. The kernels are
    `syntonic_softmax_{learned,provided,identity}` and, for an inner axis, `_strided`.

    On crystallized input p is computed in float64 from the exact logits. Then each slice is
    sorted, largest first; the partial sums T_0 = 0, ..., T_n = 1 are snapped under |b| <=
    precision//2, and their differences, sorted exactly, are handed out in the order of p. Snapping
    is monotone, so that no entry is negative; the entries sum to T_n - T_0 = 1; |b| <= precision;
    the order of p is kept, and permuting x permutes the result; the error of an entry is below
    2/precision for any n. A precision below about 4n leaves little relative accuracy; 0 and 1
    leave one-hot vectors.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> p = syntonic_softmax(ResonantTensor([1, 2, 3]))
    >>> p
    ResonantTensor([-8 + 5φ, 86 - 53φ, -77 + 48φ])
    >>> p.sum().item()
    GoldenExact(1)
    >>> y = syntonic_softmax(ResonantTensor.from_flux([0.0, 0.0]), syntony=[3, 1])
    >>> y.flux_array.tolist()
    [0.75, 0.25]
    """
    where = "syntonic_softmax"
    if unnamed:
        raise TypeError(
            f"{where}: what follows mode_norms must be named, got {len(unnamed)} more without a "
            "name; a power of the weights is syntony_scale=, weights are syntony="
        )
    shape = require_tensor(x, "x", where).shape
    axis = _axis(shape, dim, where)
    chosen = softmax_mode(mode, mode_norms, syntony, where)
    scale = number(syntony_scale, "syntony_scale", where)
    floor = number(syntony_floor, "syntony_floor", where)
    weights = _weights(x, axis, chosen, mode_norms, syntony, where)
    if x.is_crystallized:
        logits = _by_class(order.floats(x._data), axis)
        p = _softmax(logits, chosen, weights, scale, floor).reshape(shape)
        return x._of(_partition(p, axis, x.precision, where), x._carried.with_norms(None))
    out = _softmax(_by_class(x._data, axis), chosen, weights, scale, floor).reshape(shape)
    return x._of(narrowed(out, x._data.dtype), x._carried.normalized())


class SyntonicSoftmaxState:
    """A syntonic softmax with parameters of its own.

    Parameters
    ----------
    dim : int, default -1
        The axis of the classes.
    mode : SyntonicSoftmaxMode or str, default "learned"
        "learned" (needs num_features), "provided" (forward requires syntony) or "identity".
    num_features : int, optional
        The number of classes.
    syntony_scale : float, default 1.0
        The power to which the weights count.

    Attributes
    ----------
    mode_norms : ndarray or None
        |n|² of each class, (num_features,), float64, ones at first; settable. None unless
        "learned".

    Raises
    ------
    ValueError
        "learned" without num_features, or an argument out of its range.
    TypeError
        dim or num_features is not an integer, or syntony_scale not a real number.

    See Also
    --------
    syntonic_softmax : the function.
    syntonic.torch.SyntonicSoftmax : a module of PyTorch.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> state = SyntonicSoftmaxState(num_features=2)
    >>> state.forward(ResonantTensor.from_flux([0.0, 0.0])).flux_array.tolist()
    [0.5, 0.5]
    """

    def __init__(
        self,
        dim: int = -1,
        mode: SyntonicSoftmaxMode | SoftmaxModeName = "learned",
        num_features: int | None = None,
        syntony_scale: float = 1.0,
    ) -> None:
        where = type(self).__name__
        self.dim = integer(dim, "dim", where)
        self.mode = _named_mode(mode, where)
        self.syntony_scale = number(syntony_scale, "syntony_scale", where)
        self._mode_norms: FloatArray | None = None
        if self.mode is SyntonicSoftmaxMode.LEARNED:
            if num_features is None:
                raise ValueError(
                    f'{where}: num_features must be given with mode "learned"; '
                    "pass the number of classes"
                )
            self._mode_norms = np.ones(integer(num_features, "num_features", where, least=1))

    def __repr__(self) -> str:
        text = f"{type(self).__name__}(dim={self.dim}, mode={str(self.mode)!r}"
        if self._mode_norms is not None:
            text += f", num_features={self._mode_norms.size}"
        return f"{text}, syntony_scale={self.syntony_scale})"

    @property
    def mode_norms(self) -> FloatArray | None:
        """The |n|² of each class."""
        return self._mode_norms

    @mode_norms.setter
    def mode_norms(self, values: Any) -> None:
        where = f"{type(self).__name__}.mode_norms"
        if self._mode_norms is None:
            raise ValueError(f'{where}: there are mode norms with mode "learned" only')
        if isinstance(values, ResonantTensor):
            values = values.to_floats()
        array = np.array(values, dtype=np.float64)
        if array.shape != self._mode_norms.shape:
            raise ShapeError(
                f"{where}: mode_norms must have shape {self._mode_norms.shape}, got "
                f"{array.shape}; pass |n|² for each class"
            )
        self._mode_norms = array

    def forward(self, x: ResonantTensor, syntony: RealArrayLike | None = None) -> ResonantTensor:
        """Return `syntonic_softmax` of x with the parameters of this state.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> state = SyntonicSoftmaxState(mode="provided")
        >>> x = ResonantTensor.from_flux([0.0, 0.0])
        >>> state.forward(x, syntony=[1.0, 3.0]).flux_array.tolist()
        [0.25, 0.75]
        """
        where = f"{type(self).__name__}.forward"
        norms = self._mode_norms
        if norms is not None:
            norms = move(norms, require_tensor(x, "x", where).device, where)
        scale, mode = self.syntony_scale, self.mode
        return syntonic_softmax(x, self.dim, norms, syntony=syntony, syntony_scale=scale, mode=mode)

    __call__ = forward

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the parameters, by name."""
        return {} if self._mode_norms is None else {"mode_norms": self._mode_norms.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        wanted = sorted(self.state_dict())
        if sorted(state) != wanted:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: the names must be {wanted}, got "
                f"{sorted(state)}; use the state of the same mode"
            )
        for values in state.values():
            self.mode_norms = values


# -- arguments ----------------------------------------------------------------------------


def _axis(shape: tuple[int, ...], dim: int, where: str) -> int:
    ndim = len(shape)
    if ndim == 0:
        raise ShapeError(f"{where}: x must have an axis of classes, got shape (); reshape it")
    if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)):
        raise TypeError(f"{where}: dim must be an integer, got {type(dim).__name__}")
    if not -ndim <= dim < ndim:
        raise ValueError(
            f"{where}: dim must be from {-ndim} to {ndim - 1} for shape {shape}, got {dim}"
        )
    return int(dim) % ndim


def _named_mode(mode: SyntonicSoftmaxMode | SoftmaxModeName, where: str) -> SyntonicSoftmaxMode:
    try:
        return SyntonicSoftmaxMode(mode)
    except ValueError:
        names = ", ".join(f'"{m}"' for m in SyntonicSoftmaxMode)
        raise ValueError(f"{where}: mode must be one of {names}, got {mode!r}") from None


def softmax_mode(
    mode: SyntonicSoftmaxMode | SoftmaxModeName | None, mode_norms: Any, syntony: Any, where: str
) -> SyntonicSoftmaxMode:
    """Return the mode that fits what is given, or raise ValueError."""
    given = {"mode_norms": mode_norms is not None, "syntony": syntony is not None}
    if all(given.values()):
        raise ValueError(f"{where}: mode_norms and syntony are two weights, got both; drop one")
    found = SyntonicSoftmaxMode.IDENTITY
    if given["mode_norms"]:
        found = SyntonicSoftmaxMode.LEARNED
    elif given["syntony"]:
        found = SyntonicSoftmaxMode.PROVIDED
    wanted = found if mode is None else _named_mode(mode, where)
    if wanted is not found:
        names = {SyntonicSoftmaxMode.LEARNED: "mode_norms", SyntonicSoftmaxMode.PROVIDED: "syntony"}
        needed = f"{names[wanted]} is required" if wanted in names else "it takes no weights"
        got = " and ".join(name for name in given if given[name]) or "neither of them"
        raise ValueError(
            f'{where}: mode "{wanted}" does not fit the arguments: {needed}, got {got}; '
            'mode_norms= goes with "learned", syntony= with "provided"'
        )
    return found


def _weights(
    x: ResonantTensor,
    axis: int,
    mode: SyntonicSoftmaxMode,
    mode_norms: Any,
    syntony: Any,
    where: str,
) -> Any:
    """Return mode norms or weights as the backends take them."""
    if mode is SyntonicSoftmaxMode.IDENTITY:
        return None
    n, hint = (x.shape[axis],), "pass one value for each class"
    if mode is SyntonicSoftmaxMode.LEARNED:
        return parameter(mode_norms, x, n, "mode_norms", where, hint)
    if np.ndim(syntony) == 0:
        raise ShapeError(
            f"{where}: syntony must hold one weight for each class or element, got one number; a "
            "power of the weights is syntony_scale="
        )
    elementwise = np.shape(syntony) == x.shape and x.ndim > 1
    shape = x.shape if elementwise else n
    weights = parameter(syntony, x, shape, "syntony", where, f"{hint}, or one for each element")
    if bool((weights < 0).any()):
        raise ValueError(f"{where}: syntony must not be negative; pass weights of 0 or more")
    if not elementwise:
        return weights
    dtype = np.float64 if x.is_crystallized else contiguous(x._data).dtype
    return _by_class(weights.astype(dtype, copy=False), axis)


def _by_class(array: Any, axis: int) -> Any:
    """Return the array as (outer, n, inner)."""
    shape = array.shape
    return array.reshape(prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))


def _softmax(
    logits: Any, mode: SyntonicSoftmaxMode, weights: Any, scale: float, floor: float
) -> Any:
    logits = contiguous(logits)
    module = backend("softmax", logits)
    if mode is SyntonicSoftmaxMode.LEARNED:
        return module.softmax_learned(logits, weights, scale)
    if mode is SyntonicSoftmaxMode.PROVIDED:
        return module.softmax_provided(logits, weights, scale, floor)
    return module.softmax_identity(logits)


# -- exact partitions of one --------------------------------------------------------------


def _partition(p: FloatArray, axis: int, precision: int, where: str) -> LatticeArray:
    """Return lattice elements near p, none negative, that sum to 1 along an axis."""
    if p.size == 0:
        return LatticeArray.from_numerators(
            np.zeros(p.shape, np.int64), np.zeros(p.shape, np.int64)
        )
    rows = np.moveaxis(p, axis, -1)
    if np.isnan(rows).any():
        raise ValueError(
            f"{where}: {int(np.isnan(rows).any(-1).sum())} slices have no softmax, for all their "
            "weights are 0; give a positive syntony_floor or weight"
        )
    ranks = np.argsort(-rows, axis=-1, kind="stable")
    sums = np.cumsum(np.take_along_axis(rows, ranks, -1), axis=-1)
    steps = snap(np.minimum(sums / sums[..., -1:], 1.0), precision=precision // 2)
    shares = LatticeArray.from_numerators(
        np.diff(steps.a, axis=-1, prepend=0), np.diff(steps.b, axis=-1, prepend=0)
    )
    down = np.flip(sorting.argsort(shares, -1), -1)
    return shares.map(lambda part: _handed_out(np.take_along_axis(part, down, -1), ranks, axis))


def _handed_out(shares: Any, ranks: Any, axis: int) -> Any:
    """Give the k-th share to the k-th rank, and put the axis back."""
    out = np.empty_like(shares)
    np.put_along_axis(out, ranks, shares, -1)
    return np.moveaxis(out, -1, axis)
