"""syntonic: the NumPy of the golden field Q(φ).

Exact n-d tensors of numbers a + bφ that crystallize, wake into floats, and snap back.
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
    SyntonicError,
)

if _TYPE_CHECKING:
    from syntonic import integers, linalg
    from syntonic.exact.golden import PHI, PHI_INV, SQRT5, GoldenExact
    from syntonic.lattice.identify import identify
    from syntonic.lattice.snap import SnapResult, snap
    from syntonic.recovery import Recovery, recover
    from syntonic.tensor import ResonantPhase, ResonantTensor

__all__ = [
    "PHI",
    "PHI_INV",
    "SQRT5",
    "BackendUnavailableError",
    "DeviceError",
    "FormatError",
    "GoldenExact",
    "KernelCompileError",
    "NotGoldenError",
    "PhaseError",
    "PrecisionError",
    "Recovery",
    "ResonantPhase",
    "ResonantTensor",
    "ShapeError",
    "SingularMatrixError",
    "SnapResult",
    "SyntonicError",
    "identify",
    "integers",
    "linalg",
    "recover",
    "snap",
]

__version__ = "0.1.0"

# Everything but the errors is imported when it is first asked for: a script does not wait for what
# it does not use, and `syntonic doctor` runs where NumPy does not import.
_LATER = {
    "PHI": "syntonic.exact.golden",
    "PHI_INV": "syntonic.exact.golden",
    "SQRT5": "syntonic.exact.golden",
    "GoldenExact": "syntonic.exact.golden",
    "Recovery": "syntonic.recovery",
    "ResonantPhase": "syntonic.tensor",
    "ResonantTensor": "syntonic.tensor",
    "SnapResult": "syntonic.lattice.snap",
    "identify": "syntonic.lattice.identify",
    "integers": "syntonic.integers",
    "linalg": "syntonic.linalg",
    "recover": "syntonic.recovery",
    "snap": "syntonic.lattice.snap",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'syntonic' has no attribute {name!r}")
    module = _import_module(_LATER[name])
    return globals().setdefault(name, getattr(module, name, module))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
