"""How the functions of this package reach lattice arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import PhaseError
from syntonic.lattice.convert import as_lattice
from syntonic.tensor import ResonantTensor, on_device
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import carried_by, tensors_in
from syntonic.tensor.specification import Carried

__all__ = ["exact"]


def exact(where: str, function: Callable[..., Any], *operands: Any) -> Any:
    """Apply a function of lattice arrays to tensors or exact array-likes."""
    tensors: list[TensorBase] = []
    for x in operands:
        tensors.extend((x,) if isinstance(x, TensorBase) else tensors_in(x))
    there = False
    for t in tensors:
        there = there or t._is_exact_on_device
        if not t.is_crystallized:
            raise PhaseError(
                f"linalg.{where}: the tensor must be crystallized, got flux; call .crystallize() "
                f"first, or np.linalg.{where} for floats where NumPy has it"
            )
    if there:
        return _on_device(where, tensors, operands)
    arrays = []
    for x in operands:
        arrays.append(x._data if isinstance(x, TensorBase) else as_lattice(x, f"linalg.{where}"))
    out = function(*arrays)
    return ResonantTensor._of(out, _carried(tensors)) if hasattr(out, "numerators") else out


def _on_device(where: str, tensors: list[TensorBase], operands: tuple[Any, ...]) -> ResonantTensor:
    out = on_device.called(f"linalg.{where}", operands, {}, f"linalg.{where}")
    return ResonantTensor._of(out, _carried(tensors))


def _carried(tensors: list[TensorBase]) -> Carried:
    if len(tensors) == 1 and tensors[0]._carried.mode_norm_sq is None:
        return tensors[0]._carried  # no snap is remembered where no tensor is in flux
    return carried_by(tensors) if tensors else Carried(DEFAULT_PRECISION)
