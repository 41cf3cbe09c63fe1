"""The golden ratio of a residual connection as three factors that serve every mode alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syntonic.constants import PHI_INV_FLOAT as PHI_INV
from syntonic.constants import RESIDUAL_MODES

__all__ = ["FACTORS", "Factors"]


class Factors(NamedTuple):
    """The output is fma(residual, inner, identity)·outer; a factor of 1 changes nothing."""

    inner: Any
    outer: Any
    identity: Any
    """The derivative by the identity."""
    residual: Any
    """The derivative by the residual."""


FACTORS = {
    (mode, np.dtype(kind)): Factors(
        *(kind(PHI_INV**n) for n in (inner, outer, outer, inner + outer))
    )
    for mode, (inner, outer) in RESIDUAL_MODES.items()
    for kind in (np.float32, np.float64)
}
"""By mode and dtype, as scalars of this dtype."""
