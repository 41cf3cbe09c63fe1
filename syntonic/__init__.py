"""syntonic: the NumPy of the golden field Q(φ).

Exact n-d tensors of numbers a + bφ that crystallize, wake into floats, and snap back.
"""

from syntonic import integers, linalg
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
