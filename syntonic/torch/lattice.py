"""Weights on the golden lattice: snapped after training or in it, and layers that are exact."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import PhaseError, ShapeError
from syntonic.ops.arguments import integer
from syntonic.tensor import ResonantTensor
from syntonic.tensor.snap import SnapResult, snap

__all__ = [
    "CrystallizedLinear",
    "LatticeParameter",
    "SnapReport",
    "crystallize_module",
]


class SnapReport(NamedTuple):
    """How well lattice points stand for one parameter.

    Attributes
    ----------
    name : str
        The parameter's.
    largest_residual, rms_residual : float
        Of the distances between its numbers and their lattice points; 0 if it is empty.
    largest_a, largest_b : int
        The largest |a| and |b| of the points (a + bφ)/denominator.

    See Also
    --------
    crystallize_module : gives it.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = layer.weight.fill_(1.618)
    >>> report = crystallize_module(layer, precision=1).report[0]
    >>> report.name, round(report.largest_residual, 6), report.largest_b
    ('weight', 3.4e-05, 1)
    """

    name: str
    largest_residual: float
    rms_residual: float
    largest_a: int
    largest_b: int


class _Crystallized(NamedTuple):
    """The parameters of a module on the lattice, and how well they fit."""

    tensors: dict[str, ResonantTensor]
    report: tuple[SnapReport, ...]


def _doubles(x: Tensor) -> np.ndarray[Any, Any]:
    """Return the very numbers of a tensor as float64."""
    out: np.ndarray[Any, Any] = x.detach().double().cpu().numpy()
    return out


def _largest(values: Any) -> int:
    return max((abs(int(v)) for v in values.ravel().tolist()), default=0)


def _report(name: str, found: SnapResult) -> SnapReport:
    missed = np.abs(np.asarray(found.residual, np.float64))
    rms = float(np.sqrt(np.mean(missed**2))) if missed.size else 0.0
    return SnapReport(name, float(missed.max(initial=0)), rms, _largest(found.a), _largest(found.b))


def crystallize_module(
    module: nn.Module, precision: int = DEFAULT_PRECISION, denominator: int = 1
) -> _Crystallized:
    """Return the nearest lattice points of all parameters of a module.

    Parameters
    ----------
    module : torch.nn.Module
        The module, which is not changed.
    precision : int, default 100
        The bound |b| <= precision on the points (a + bφ)/denominator.
    denominator : int, default 1
        The shared denominator, positive.

    Returns
    -------
    tensors : dict of str to ResonantTensor
        By the names of ``module.named_parameters()``, crystallized.
    report : tuple of SnapReport
        How far each parameter's numbers are from its points.

    Raises
    ------
    ValueError
        A parameter has numbers that are not finite, or a bound is out of range.

    See Also
    --------
    LatticeParameter : keeps parameters on the lattice while they train.
    CrystallizedLinear : computes with them exactly.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[0.5, 1.618]]))
    >>> crystallize_module(layer, precision=2).tensors["weight"]
    ResonantTensor([[-1 + φ, φ]], precision=2)
    """
    tensors, report = {}, []
    for name, parameter in module.named_parameters():
        found = snap(_doubles(parameter), precision=precision, denominator=denominator)
        tensors[name] = found.tensor
        report.append(_report(name, found))
    return _Crystallized(tensors, tuple(report))


class _Snap(Function):
    """The nearest lattice point, with the gradient of the identity.

    In this style a transform of `torch.func` refuses it, instead of passing over its tangent.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, precision: int, denominator: int) -> Tensor:
        found = snap(_doubles(x), precision=precision, denominator=denominator)
        floats = found.tensor.to_floats()
        return torch.from_numpy(floats).to(x.device, x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        return grad, None, None


class LatticeParameter(nn.Module):
    """A parametrization whose values are lattice points: training on the lattice.

    Parameters
    ----------
    precision : int, default 100
        The bound |b| <= precision on the points (a + bφ)/denominator.
    denominator : int, default 1
        The shared denominator.

    See Also
    --------
    crystallize_module : snaps after training.

    Notes
    -----
    Forward takes wake(snap(w)); backward passes the gradient straight through to w, which is what
    the optimizer moves. That is an approximation, and it is not free: snapping a trained model may
    lose less than training so. Compare with `crystallize_module` after plain training, and keep the
    best step rather than the last.

    References
    ----------
    Y. Bengio, N. Léonard, A. Courville, "Estimating or Propagating Gradients Through Stochastic
    Neurons for Conditional Computation", arXiv:1308.3432, section 4.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils import parametrize
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[0.5, 1.618]]))
    >>> _ = parametrize.register_parametrization(layer, "weight", LatticeParameter(precision=2))
    >>> layer.weight.detach()
    tensor([[0.6180, 1.6180]])
    """

    def __init__(self, precision: int = DEFAULT_PRECISION, denominator: int = 1) -> None:
        super().__init__()
        where = type(self).__name__
        self.precision = integer(precision, "precision", where, least=0)
        self.denominator = integer(denominator, "denominator", where, least=1)

    def forward(self, w: Tensor) -> Tensor:
        """Return the nearest lattice points as floats."""
        out: Tensor = _Snap.apply(w, self.precision, self.denominator)
        return out

    def right_inverse(self, w: Tensor) -> Tensor:
        """Return what is kept for values that are assigned: themselves."""
        return w

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"precision={self.precision}, denominator={self.denominator}"


class CrystallizedLinear:
    """A linear layer in exact arithmetic: x @ weight.T + bias.

    Parameters
    ----------
    weight : ResonantTensor
        (out_features, in_features), crystallized.
    bias : ResonantTensor, optional
        (out_features,), crystallized.
    out_precision : int, optional
        Bring results back to |b| <= out_precision by waking them and snapping once. Without it
        numerators grow by about log2(|weight|) + log2(in_features) bits a layer.

    Raises
    ------
    PhaseError
        A tensor is in flux.
    ShapeError
        weight has not two axes, or bias does not fit it.

    See Also
    --------
    crystallize_module : makes the weights.

    Notes
    -----
    Waking is correctly rounded and snapping exact, so that results are the same numbers on every
    machine, for any number of threads and any split into batches.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> layer = CrystallizedLinear(ResonantTensor([[1, PHI]]), ResonantTensor([2]))
    >>> layer(ResonantTensor([PHI, PHI]))
    ResonantTensor([3 + 2φ])
    """

    def __init__(
        self,
        weight: ResonantTensor,
        bias: ResonantTensor | None = None,
        *,
        out_precision: int | None = None,
    ) -> None:
        where = type(self).__name__
        _require_exact(weight, "weight", where)
        if weight.ndim != 2:
            raise ShapeError(
                f"{where}: weight must have shape (out_features, in_features), got {weight.shape}"
            )
        if bias is not None:
            _require_exact(bias, "bias", where)
            if bias.shape != weight.shape[:1]:
                raise ShapeError(
                    f"{where}: bias must have shape {weight.shape[:1]}, got {bias.shape}"
                )
        if out_precision is not None:
            out_precision = integer(out_precision, "out_precision", where, least=0)
        self.weight, self.bias, self.out_precision = weight, bias, out_precision

    def forward(self, x: ResonantTensor) -> ResonantTensor:
        """Return the layer of x, of shape (..., in_features), crystallized."""
        where = f"{type(self).__name__}.forward"
        _require_exact(x, "x", where)
        if x.ndim == 0 or x.shape[-1] != self.weight.shape[1]:
            raise ShapeError(
                f"{where}: x must have shape (..., {self.weight.shape[1]}), got {x.shape}"
            )
        out = x @ self.weight.T
        if self.bias is not None:
            out = out + self.bias
        if self.out_precision is None:
            return out
        return snap(out.to_floats(), precision=self.out_precision).tensor

    __call__ = forward

    def __repr__(self) -> str:
        outs, ins = self.weight.shape
        return (
            f"{type(self).__name__}(in_features={ins}, out_features={outs}, "
            f"bias={self.bias is not None}, out_precision={self.out_precision})"
        )


def _require_exact(x: Any, name: str, where: str) -> None:
    if not isinstance(x, ResonantTensor):
        raise TypeError(f"{where}: {name} must be a ResonantTensor, got {type(x).__name__}")
    if not x.is_crystallized:
        raise PhaseError(f"{where}: {name} must be crystallized; call .crystallize()")
