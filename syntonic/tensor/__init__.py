"""The tensor of the package: one value, two phases, immutable."""

from syntonic.tensor.resonant import ResonantTensor
from syntonic.tensor.specification import ResonantPhase

__all__ = ["ResonantPhase", "ResonantTensor"]
