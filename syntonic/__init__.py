"""The NumPy of the golden field Q(φ): exact n-d arrays that wake into floats and snap back.

Start with

>>> from syntonic import PHI, ResonantTensor
>>> t = ResonantTensor([[1, PHI], [PHI, 1 / PHI]])      # exact
>>> flux = t.wake_flux()                                # floats, each correctly rounded
>>> flux.crystallize().equals(t)                        # and back
True

`GoldenExact` is one number, `ResonantTensor` an array of them, for NumPy's functions as well;
`snap` and `identify` take floats to golden numbers, `recover` proves those behind printed decimals.

Modules, imported when they are first named: `linalg`, `integers` (number theory), `polynomials`,
`geometry` (figures, hulls, tilings, anyons), `ops` (golden networks), `torch`, `jax`, `dask`,
`kernels` (CUDA), `io` (files), `interop` (SymPy, FLINT, PARI and others), `xp` (the array API),
`plotting`, `testing`. `help` of one of these, or of a name in it, says more; the pages in `docs/`
begin with `tutorial.md`.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from syntonic.errors import (
    BackendUnavailableError,
    DeviceError,
    FormatError,
    KernelCompileError,
    NotGoldenError,
    PhaseError,
    PrecisionError,
    ShapeError,
    SingularMatrixError,
    SnapWarning,
    SyntonicError,
)

if _TYPE_CHECKING:
    from syntonic import integers, kernels, linalg
    from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact
    from syntonic.jit.thread_count import get_num_threads, num_threads, set_num_threads
    from syntonic.ops import (
        ComponentNorms,
        GoldenBatchNormConfig,
        GoldenBatchNormState,
        GoldenNormMode,
        OutputStats,
        PhiResidualMode,
        SyntonicSoftmaxMode,
        SyntonicSoftmaxState,
        component_norms,
        golden_batch_norm_1d,
        golden_batch_norm_2d,
        golden_layer_norm,
        output_stats,
        phi_residual,
        phi_residual_gelu,
        phi_residual_layernorm,
        phi_residual_relu,
        syntonic_softmax,
    )
    from syntonic.recovery import Recovery, recover
    from syntonic.rounding.identify import identify
    from syntonic.tensor import ResonantPhase, ResonantTensor
    from syntonic.tensor.snap import SnapResult, snap

__all__ = [
    "PHI",
    "PHI_INV",
    "SQRT5",
    "BackendUnavailableError",
    "ComponentNorms",
    "DeviceError",
    "FormatError",
    "GoldenBatchNormConfig",
    "GoldenBatchNormState",
    "GoldenExact",
    "GoldenNormMode",
    "KernelCompileError",
    "NotGoldenError",
    "OutputStats",
    "PhaseError",
    "PhiResidualMode",
    "PrecisionError",
    "Recovery",
    "ResonantPhase",
    "ResonantTensor",
    "ShapeError",
    "SingularMatrixError",
    "SnapResult",
    "SnapWarning",
    "SyntonicError",
    "SyntonicSoftmaxMode",
    "SyntonicSoftmaxState",
    "component_norms",
    "get_num_threads",
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "identify",
    "integers",
    "kernels",
    "linalg",
    "num_threads",
    "output_stats",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "recover",
    "set_num_threads",
    "snap",
    "syntonic_softmax",
]

__version__ = "0.2.0"

# Everything but the errors is imported when it is first asked for: a script does not wait for what
# it does not use, and `syntonic doctor` runs where NumPy does not import.
_LATER = {
    "PHI": "syntonic.exact.golden",
    "PHI_INV": "syntonic.exact.golden",
    "SQRT5": "syntonic.exact.golden",
    "ComponentNorms": "syntonic.ops",
    "GoldenBatchNormConfig": "syntonic.ops",
    "GoldenBatchNormState": "syntonic.ops",
    "GoldenExact": "syntonic.exact.golden",
    "GoldenNormMode": "syntonic.ops",
    "OutputStats": "syntonic.ops",
    "PhiResidualMode": "syntonic.ops",
    "Recovery": "syntonic.recovery",
    "ResonantPhase": "syntonic.tensor",
    "ResonantTensor": "syntonic.tensor",
    "SnapResult": "syntonic.tensor.snap",
    "SyntonicSoftmaxMode": "syntonic.ops",
    "SyntonicSoftmaxState": "syntonic.ops",
    "component_norms": "syntonic.ops",
    "get_num_threads": "syntonic.jit.thread_count",
    "golden_batch_norm_1d": "syntonic.ops",
    "golden_batch_norm_2d": "syntonic.ops",
    "golden_layer_norm": "syntonic.ops",
    "identify": "syntonic.rounding.identify",
    "num_threads": "syntonic.jit.thread_count",
    "output_stats": "syntonic.ops",
    "phi_residual": "syntonic.ops",
    "phi_residual_gelu": "syntonic.ops",
    "phi_residual_layernorm": "syntonic.ops",
    "phi_residual_relu": "syntonic.ops",
    "recover": "syntonic.recovery",
    "set_num_threads": "syntonic.jit.thread_count",
    "snap": "syntonic.tensor.snap",
    "syntonic_softmax": "syntonic.ops",
}


_SUBMODULES = frozenset(
    "geometry integers interop io kernels linalg ops plotting polynomials recovery "
    "testing xp".split()
)


# Reached by name alone: in `__all__`, `from syntonic import *` would hide the user's own torch, jax
# or dask; in `dir`, whoever looks at all members would import it.
_UNLISTED = frozenset(("dask", "jax", "torch"))


def __getattr__(name: str) -> object:
    if name in _SUBMODULES or name in _UNLISTED:
        return _import_module(f"syntonic.{name}")
    if name not in _LATER:
        raise AttributeError(f"module 'syntonic' has no attribute {name!r}")
    # A module that is only half imported, in a circle, has not the name: that is an error, too.
    return globals().setdefault(name, getattr(_import_module(_LATER[name]), name))


def __dir__() -> list[str]:
    """What is there for users, whatever has been imported so far."""
    special = {name for name in globals() if name.startswith("__")}
    return sorted({*special, *__all__, *_SUBMODULES})
