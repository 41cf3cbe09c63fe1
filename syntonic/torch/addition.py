"""The residual connection as PyTorch's own addition, where that has the bits of our loop.

identity + residual/φ is `torch.add(identity, residual, alpha=1/φ)`, gradient and all, at a fraction
of the cost of a call of ours. That is one fused multiply-add where PyTorch was built for processors
that have it; for others it rounds twice, and a loop of ours is taken.

With a layer norm after it, and a gradient wanted, an addition and a layer norm of large tensors
take less time than the loops that join both: backward reads the sum, and need not form it again.
"""

from __future__ import annotations

from functools import cache
from math import inf

import torch
from torch import Tensor

from syntonic.torch.autograd import run
from syntonic.torch.formulas import factors
from syntonic.torch.ops import plain

__all__ = ["added", "added_and_normalized"]

_DTYPES = frozenset((torch.float32, torch.float64))  # halves would round 1/φ to their own dtype


def added(identity: Tensor, residual: Tensor, mode: str) -> Tensor | None:
    """Return the connection of two tensors of one kind, or None where an addition is not ours."""
    dtype = identity.dtype
    if torch.compiler.is_compiling() or dtype not in _DTYPES or not identity.is_cpu:
        return None
    if not (identity.is_contiguous() and residual.is_contiguous() and plain((identity, residual))):
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


def added_and_normalized(
    identity: Tensor, residual: Tensor, gamma: Tensor | None, beta: Tensor | None, eps: float,
    mode: str,
) -> Tensor | None:  # fmt: skip
    """Return the layer norm of the connection, or None where that is not of two steps.

    The joined loops scale a row before they add, where the sum, squares, or products with a
    gradient may leave the range of the dtype: none does within `_RANGE`.
    """
    if torch.compiler.is_compiling() or not plain((identity, residual)):
        return None  # first of all: who traces would keep what is asked of the size
    if identity.numel() < _LARGE or not torch.is_grad_enabled():
        return None
    least, most = _RANGE.get(identity.dtype, (inf, 0.0))
    if eps < least or not (identity.requires_grad or residual.requires_grad):
        return None
    total = added(identity, residual, mode)
    if total is None:
        return None
    out: Tensor
    out, statistics = run("layer_norm", total, gamma, beta, 1.0, eps)
    return out if statistics is not None and float(statistics[2].max()) <= most else None


_LARGE = 1 << 18
"""Elements from which on the memory read counts for more than a call."""

_RANGE = {torch.float32: (2.0**-30, 2.0**32), torch.float64: (2.0**-800, 2.0**400)}
"""The least eps and the greatest deviation, for which loops scale nothing: eps by itself keeps
variances from being tiny, and deviations from below."""
