"""Golden-ratio network operations: exact, as a cycle, or in flux on the CPU or a GPU.

Every function returns a tensor in the phase of its input. What stays in the field is exact on a
crystallized tensor; what does not is a *cycle* there: exact statistics, then float64, then one
snap with the tensor's snap specification. In float32 and bfloat16 a GPU takes numbers below 2^-126
for 0, operands and results alike; the CPU keeps them.
"""

from syntonic.ops.batch_norm import GoldenBatchNormConfig, GoldenBatchNormState
from syntonic.ops.diagnostics import ComponentNorms, OutputStats, component_norms, output_stats
from syntonic.ops.gradients import Gradients, jvp, vjp
from syntonic.ops.norm import (
    GoldenNormMode,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
)
from syntonic.ops.residual import (
    PhiResidualMode,
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
)
from syntonic.ops.softmax import SyntonicSoftmaxMode, SyntonicSoftmaxState, syntonic_softmax

__all__ = [
    "ComponentNorms",
    "GoldenBatchNormConfig",
    "GoldenBatchNormState",
    "GoldenNormMode",
    "Gradients",
    "OutputStats",
    "PhiResidualMode",
    "SyntonicSoftmaxMode",
    "SyntonicSoftmaxState",
    "component_norms",
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "jvp",
    "output_stats",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "syntonic_softmax",
    "vjp",
]


def __dir__() -> list[str]:
    return [*__all__]
