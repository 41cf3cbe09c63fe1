"""Exact products of lattice arrays: matmul, dot, einsum and their kin.

Every one is a bilinear function of real arrays, lifted to Q(φ). When the bound proves that each
partial sum is an integer below 2^53, the products run through float64 BLAS, which is then exact.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.lattice.arithmetic import bilinear, linear
from syntonic.lattice.array import LatticeArray

__all__ = ["contract", "einsum", "matmul", "trace"]

_BLAS_EXACT = 1 << 53


def contract(
    function: Callable[[Any, Any], Any], x: LatticeArray, y: LatticeArray, terms: int
) -> LatticeArray:
    """Lift a bilinear function that adds up `terms` products for each element of its result."""
    terms = max(terms, 1)
    if x.is_packed and y.is_packed and 3 * terms * x.tight().bound * y.tight().bound < _BLAS_EXACT:
        return bilinear(
            lambda p, q: function(p.astype(np.float64), q.astype(np.float64)),
            x.tight(),
            y.tight(),
            terms,
        )
    return bilinear(function, x, y, terms)


def matmul(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the matrix product x @ y, batched and broadcast as `np.matmul`."""
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError("matmul: both operands must have at least one axis, got a 0-d one")
    if x.shape[-1] != y.shape[-2 if y.ndim > 1 else -1]:
        raise ShapeError(
            f"matmul: the last axis of x must match the rows of y, got {x.shape} and {y.shape}"
        )
    return contract(np.matmul, x, y, x.shape[-1])


def einsum(subscripts: str, *operands: LatticeArray) -> LatticeArray:
    """Return the exact Einstein summation, contracted pair by pair in the order NumPy plans."""
    inputs, output = _explicit(subscripts, [x.ndim for x in operands])
    shapes = [np.broadcast_to(0, x.shape) for x in operands]
    explicit = ",".join(inputs) + "->" + output
    path = np.einsum_path(explicit, *shapes, optimize="optimal")[0][1:]
    pending = list(zip(inputs, operands, strict=True))
    for positions in path:
        chosen = [pending.pop(i) for i in sorted(positions, reverse=True)]
        while len(chosen) > 1:
            x, y, *rest = chosen
            chosen = [_contract_pair(x, y, output, pending + rest), *rest]
        pending.extend(chosen)
    ((labels, out),) = pending
    return _transform(labels, output, out)


def trace(x: LatticeArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> LatticeArray:
    """Return the sum along a diagonal of two axes."""
    return linear(
        x,
        max(1, min(x.shape[axis1], x.shape[axis2])),
        lambda a, b: (np.trace(a, offset, axis1, axis2), np.trace(b, offset, axis1, axis2)),
    )


Labelled = tuple[str, LatticeArray]


def _explicit(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """Spell out ellipses and the implied output of einsum subscripts."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} names {len(inputs)} operands, got {len(ranks)}")
    spare = [c for c in ascii_letters if c not in subscripts]
    named = [len(term.replace("...", "")) for term in inputs]
    widest = max(rank - n for rank, n in zip(ranks, named, strict=True))
    batch = "".join(spare[: max(widest, 0)]) if "..." in left else ""
    terms = [
        term.replace("...", batch[len(batch) - (rank - n) :] if rank > n else "")
        for term, rank, n in zip(inputs, ranks, named, strict=True)
    ]
    if not arrow:
        letters = "".join(inputs).replace(".", "")
        output = batch + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return terms, output.replace("...", batch)


def _contract_pair(x: Labelled, y: Labelled, output: str, rest: list[Labelled]) -> Labelled:
    needed = set(output).union(*(labels for labels, _ in rest))
    present = dict.fromkeys(x[0] + y[0])
    kept = "".join(c for c in present if c in needed)
    sizes = dict.fromkeys(present, 1)
    for labels, array in (x, y):
        for c, n in zip(labels, array.shape, strict=True):
            sizes[c] = max(sizes[c], n)
    terms = prod(sizes[c] for c in present if c not in needed)
    step = f"{x[0]},{y[0]}->{kept}"
    return kept, contract(lambda p, q: np.einsum(step, p, q), x[1], y[1], terms)


def _transform(labels: str, output: str, x: LatticeArray) -> LatticeArray:
    """Sum, take diagonals of and transpose the last array to the output's labels."""
    if labels == output:
        return x
    step = f"{labels}->{output}"
    return linear(x, max(1, x.size), lambda a, b: (np.einsum(step, a), np.einsum(step, b)))
