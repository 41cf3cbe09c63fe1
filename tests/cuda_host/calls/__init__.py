"""A call of every launcher, beside its definition in float64: what the suite's last nets run.

`test_every_kernel_runs` asserts that these calls reach every symbol in every dtype;
`test_mutants` breaks the kernels and asserts that one of these calls tells. Each call yields pairs
of what a launcher returned and what is right; the precise bounds are in the families' own tests.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cuda_host.calls import exact, lattice, norm, residual, softmax
from cuda_host.calls.place import Pairs, Place, wrong

__all__ = ["CALLS", "FAMILIES", "Pairs", "Place", "dtype_for", "wrong"]


def _of(module: object, names: list[str]) -> dict[str, Callable[[Place], Pairs]]:
    return {name: getattr(module, name) for name in names}


FAMILIES: dict[str, dict[str, Callable[[Place], Pairs]]] = {
    "phi_residual": _of(residual, residual.__all__),
    "golden_batch_norm": _of(norm, norm.__all__),
    "golden_exact": _of(exact, exact.__all__),
    "golden_lattice": _of(lattice, lattice.__all__),
    "syntonic_softmax": softmax.CALLS,
}
"""By the file of the kernels that a call reaches (softmax's gradients have one besides) and by
name. Those of the lattice skip where the exact core cannot be imported."""

CALLS = {name: call for calls in FAMILIES.values() for name, call in calls.items()}
"""By name."""


def dtype_for(call: str) -> np.dtype[Any]:
    """Return a dtype in which a call launches something: float32 where it can."""
    return np.dtype(np.float64 if call in FAMILIES["golden_exact"] else np.float32)
