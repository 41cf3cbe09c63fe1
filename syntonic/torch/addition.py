"""The residual connection as PyTorch's own addition, where that has the bits of our loop.

identity + residual/φ is `torch.add(identity, residual, alpha=1/φ)`, gradient and all, at a fraction
of the cost of a call of ours. That is one fused multiply-add where PyTorch was built for processors
that have it; for others it rounds twice, and a loop of ours is taken.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from syntonic.torch.formulas import factors
from syntonic.torch.ops import plain

__all__ = ["added"]

_DTYPES = frozenset((torch.float32, torch.float64))  # halves would round 1/φ to their own dtype


def added(identity: Tensor, residual: Tensor, mode: str) -> Tensor | None:
    """Return the connection of two tensors of one kind, or None where an addition is not ours."""
    dtype = identity.dtype
    if torch.compiler.is_compiling() or dtype not in _DTYPES or not identity.is_cpu:
        return None
    if not (plain((identity, residual)) and identity.is_contiguous() and residual.is_contiguous()):
        return None
    inner, outer = factors(mode, dtype)
    if outer != 1 or not (inner == 1 or _fuses(dtype)):
        return None
    return torch.add(identity, residual, alpha=inner)


@cache
def _fuses(dtype: torch.dtype) -> bool:
    """Tell whether an addition rounds once, in whole vectors and in what is left of one.

    To minus a rounded product y/φ, y/φ is added: rounded once, that is the error of the product,
    rounded twice it is 0. With odd y from 33 on no product is exact: 1/φ as it is kept has an odd
    significand of 23 bits (float32) or 49 (float64), and the product more than 24 or 53.
    """
    inner, _ = factors("phi", dtype)
    with torch.no_grad():
        odd = torch.arange(33, 33 + 2 * _LONGEST, 2, dtype=dtype, device="cpu")
        parts = (odd[:n] for n in range(1, _LONGEST + 1))
        return all(bool(torch.add(-(y * inner), y, alpha=inner).all()) for y in parts)


_LONGEST = 131
"""Above four vectors of 64 bytes with all their tails."""
