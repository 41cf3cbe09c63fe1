"""The φ-residual connection, also with relu: exact on crystallized tensors, floats in flux."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import numpy as np

from syntonic.constants import RESIDUAL_MODES
from syntonic.errors import DeviceError, ShapeError
from syntonic.exact.golden import PHI_INV
from syntonic.flux.backend import backend, contiguous, narrowed
from syntonic.lattice import arithmetic, order
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import single_phase
from syntonic.tensor.specification import Carried, elementwise_norms, merged
from syntonic.typing import ResidualModeName

__all__ = [
    "PhiResidualMode",
    "exact_residual",
    "pair_carried",
    "phi_residual",
    "phi_residual_relu",
    "residual_mode",
]

T = TypeVar("T", bound=TensorBase)


class PhiResidualMode(StrEnum):
    """How the residual joins the identity; a plain string of the same value does as well.

    See Also
    --------
    phi_residual, phi_residual_relu : what take it.

    Examples
    --------
    >>> from syntonic import PhiResidualMode
    >>> PhiResidualMode("phi") is PhiResidualMode.PHI, PhiResidualMode.STANDARD == "standard"
    (True, True)
    """

    PHI = "phi"
    """identity + residual/φ"""

    PHI_SYMMETRIC = "phi_symmetric"
    """(identity + residual)/φ"""

    STANDARD = "standard"
    """identity + residual"""


def phi_residual(identity: T, residual: T, mode: PhiResidualMode | ResidualModeName = "phi") -> T:
    """Join a residual to its identity: identity + residual/φ.

    Parameters
    ----------
    identity, residual : ResonantTensor
        Of one shape (nothing is broadcast), one phase and, in flux, one device and dtype.
    mode : PhiResidualMode or str, default "phi"
        "phi": identity + residual/φ; "phi_symmetric": (identity + residual)/φ;
        "standard": identity + residual.

    Returns
    -------
    ResonantTensor
        In the phase of the inputs: exact for crystallized ones, in every mode.

    Raises
    ------
    ShapeError, PhaseError, DeviceError
        The two tensors differ.
    TypeError
        An argument is not a ResonantTensor, or the dtypes differ.
    ValueError
        The mode is unknown, or the tensors carry different mode norms.

    See Also
    --------
    phi_residual_relu, phi_residual_gelu, phi_residual_layernorm : fused with what follows.
    component_norms : the norms of what is joined.
    syntonic.torch.PhiResidual : as a layer of PyTorch.

    Notes
    -----
    1/φ = φ - 1 is an integer of the field, so no denominator grows. In flux the mode "phi" is
    one fused multiply-add; the kernels are `phi_residual_mode_{phi,symmetric,standard}`. For
    residual = identity the norm is φ/2 times that of "standard", since 1 + 1/φ = φ.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> x = ResonantTensor([1, PHI])
    >>> phi_residual(x, x)
    ResonantTensor([φ, 1 + φ])
    """
    where = "phi_residual"
    chosen = residual_mode(mode, where)
    carried = pair_carried(identity, residual, where)
    if identity.is_crystallized:
        return identity._of(exact_residual(identity._data, residual._data, chosen), carried)
    x, y = contiguous(identity._data), contiguous(residual._data)
    out = backend("residual", x).residual(x, y, chosen.value)
    return identity._of(narrowed(out, identity._data.dtype), carried)


def phi_residual_relu(
    identity: T, residual: T, mode: PhiResidualMode | ResidualModeName = "phi"
) -> T:
    """Join a residual to its identity and take max(x, 0) of the sum.

    Parameters
    ----------
    identity, residual, mode : ResonantTensor, ResonantTensor, PhiResidualMode or str
        As for `phi_residual`.

    Returns
    -------
    ResonantTensor
        In the phase of the inputs: exact for crystallized ones. NaN stays NaN.

    Raises
    ------
    ShapeError, PhaseError, DeviceError, TypeError, ValueError
        As for `phi_residual`.

    See Also
    --------
    phi_residual : the connection alone.
    phi_residual_gelu, phi_residual_layernorm : followed by something else.

    Notes
    -----
    In flux one pass over memory; the kernel is `phi_residual_relu`.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> phi_residual_relu(ResonantTensor([1, -1]), ResonantTensor([PHI, 1]))
    ResonantTensor([2, 0])
    """
    where = "phi_residual_relu"
    chosen = residual_mode(mode, where)
    carried = pair_carried(identity, residual, where)
    if identity.is_crystallized:
        total = exact_residual(identity._data, residual._data, chosen)
        return identity._of(order.relu(total), carried)
    x, y = contiguous(identity._data), contiguous(residual._data)
    out = backend("residual", x).residual_relu(x, y, chosen.value)
    return identity._of(narrowed(out, identity._data.dtype), carried)


def residual_mode(mode: PhiResidualMode | ResidualModeName, where: str) -> PhiResidualMode:
    """Return a mode by its value, or raise ValueError."""
    try:
        return PhiResidualMode(mode)
    except ValueError:
        names = ", ".join(f'"{m}"' for m in PhiResidualMode)
        raise ValueError(f"{where}: mode must be one of {names}, got {mode!r}") from None


def exact_residual(
    identity: LatticeArray, residual: LatticeArray, mode: PhiResidualMode
) -> LatticeArray:
    """Return the residual connection of lattice arrays."""
    inner, outer = RESIDUAL_MODES[mode]
    return _divided(arithmetic.add(identity, _divided(residual, inner)), outer)


def _divided(x: LatticeArray, n: int) -> LatticeArray:
    """Return x/φⁿ."""
    return arithmetic.multiply(x, lattice_scalar(PHI_INV**n)) if n else x


def pair_carried(identity: TensorBase, residual: TensorBase, where: str) -> Carried:
    """Return the metadata of an element-wise result, or raise if the two tensors do not fit."""
    for name, x in (("identity", identity), ("residual", residual)):
        if not isinstance(x, TensorBase):
            raise TypeError(
                f"{where}: {name} must be a ResonantTensor, got {type(x).__name__}; "
                "ResonantTensor.from_flux(array) takes an array in"
            )
        x._require_there(where)
    x, y = identity._data, residual._data
    if x.shape != y.shape:
        raise ShapeError(
            f"{where}: residual must have the shape of identity, {x.shape}, got {y.shape}; "
            "nothing is broadcast here"
        )
    exact = type(x) is LatticeArray and type(y) is LatticeArray
    if not (exact or (type(x) is type(y) and x.dtype == y.dtype and x.device == y.device)):
        single_phase((identity, residual), where)
        _require_alike(identity, residual, where)
    norms = elementwise_norms((identity, residual), x.shape, where)
    return merged((identity._carried, residual._carried)).with_norms(norms).approximate()


def _require_alike(identity: TensorBase, residual: TensorBase, where: str) -> None:
    if identity.device != residual.device:
        raise DeviceError(
            f"{where}: residual must be on the device of identity, {identity.device}, got "
            f'{residual.device}; call .to_device("{identity.device}")'
        )
    if identity.dtype != residual.dtype:
        raise TypeError(
            f"{where}: residual must have the dtype of identity, {np.dtype(identity.dtype)}, got "
            f"{np.dtype(residual.dtype)}; convert one of the arrays with .astype"
        )
