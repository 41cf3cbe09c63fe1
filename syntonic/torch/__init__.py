"""Golden operations and layers for PyTorch: functions, modules, conversion of existing models.

Nothing imports it unasked: `syntonic.torch`, or ``import syntonic.torch``, does. It needs PyTorch
(``pip install torch safetensors``) and, for tensors on a CUDA device, CuPy as well.

The functions bear the names of those for `ResonantTensor`, and take and return tensors; the modules
take the arguments and state dicts of `torch.nn`. CPU tensors are computed in syntonic's loops, by
as many threads as syntonic and PyTorch both allow; CUDA tensors in its kernels, on the current
stream of PyTorch, in memory of PyTorch's. The plain residual connection on the CPU is PyTorch's own
addition, with a factor, where that gives the bits of the loop.

A flux tensor made by ``ResonantTensor.from_flux(tensor)`` shares memory with the tensor, and not
the stream: its operations run on CuPy's current stream, and their results are in CuPy's memory.
Where the two streams are not one, synchronize before either reads what the other wrote; inside
``with cupy.cuda.Stream.from_external(torch.cuda.current_stream())`` they are one.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from syntonic.errors import BackendUnavailableError

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise BackendUnavailableError(
        f"syntonic.torch: PyTorch does not import ({error}); pip install torch"
    ) from error

from syntonic.torch.convert import Conversion, ConversionReport, degoldenize, goldenize
from syntonic.torch.functions import (
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
    syntonic_softmax,
)
from syntonic.torch.modules import PhiResidual, SyntonicSoftmax
from syntonic.torch.norm_functions import golden_batch_norm, golden_layer_norm
from syntonic.torch.norm_modules import (
    GoldenBatchNorm1d,
    GoldenBatchNorm2d,
    GoldenBatchNorm3d,
    GoldenLayerNorm,
)
from syntonic.torch.sync import SyncGoldenBatchNorm

if _TYPE_CHECKING:
    from syntonic.torch.files import load, save
    from syntonic.torch.lattice import (
        CrystallizedLinear,
        LatticeParameter,
        SnapReport,
        crystallize_module,
    )

__all__ = [
    "Conversion",
    "ConversionReport",
    "CrystallizedLinear",
    "GoldenBatchNorm1d",
    "GoldenBatchNorm2d",
    "GoldenBatchNorm3d",
    "GoldenLayerNorm",
    "LatticeParameter",
    "PhiResidual",
    "SnapReport",
    "SyncGoldenBatchNorm",
    "SyntonicSoftmax",
    "crystallize_module",
    "degoldenize",
    "golden_batch_norm",
    "golden_layer_norm",
    "goldenize",
    "load",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "save",
    "syntonic_softmax",
]

# Exact arithmetic is imported with what needs it.
_LATER = {
    "CrystallizedLinear": "syntonic.torch.lattice",
    "LatticeParameter": "syntonic.torch.lattice",
    "SnapReport": "syntonic.torch.lattice",
    "crystallize_module": "syntonic.torch.lattice",
    "load": "syntonic.torch.files",
    "save": "syntonic.torch.files",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'syntonic.torch' has no attribute {name!r}")
    return globals().setdefault(name, getattr(_import_module(_LATER[name]), name))


def __dir__() -> list[str]:
    return [*__all__]
