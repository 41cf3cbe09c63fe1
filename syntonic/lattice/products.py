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
from syntonic.jit.policy import compiled_pays, slow_way
from syntonic.lattice import loops
from syntonic.lattice.arithmetic import linear
from syntonic.lattice.array import INT64_MAX, LatticeArray, int64s
from syntonic.lattice.fraction_products import Axes, contract_apart
from syntonic.lattice.fraction_sums import sum_apart
from syntonic.lattice.long_products import long_product
from syntonic.lattice.small_products import serves, small_product

__all__ = ["contract", "einsum", "matmul", "trace"]

_BLAS_EXACT = 1 << 53


def contract(
    function: Callable[[Any, Any], Any],
    x: LatticeArray,
    y: LatticeArray,
    terms: int,
    axes: Axes | None = None,
) -> LatticeArray:
    """Lift a bilinear function that adds up `terms` products for each element of its result.

    `axes` are those that it sums over; they need not be given for NumPy's own products.
    """
    terms = max(terms, 1)
    if not (x.is_packed and y.is_packed):
        x, y = x.shared() or x, y.shared() or y
    if not (x.is_packed and y.is_packed):
        if all(z.is_packed or z.is_wide or z.has_long_integers for z in (x, y)):
            return long_product(function, x, y, terms)
        return contract_apart(function, x, y, axes, terms, _of_integers)
    bound, over = 3 * terms * x.bound * y.bound, x.over * y.over
    sums = loops.dot(x, y) if function is np.dot and max(bound, over) <= INT64_MAX else None
    if sums is not None:
        return LatticeArray.packed(int64s(sums[0]), int64s(sums[1]), over, bound=bound)
    if 4 * terms * x.bound * y.bound >= _BLAS_EXACT:
        x, y = x.tight(), y.tight()
        bound = 3 * terms * x.bound * y.bound
        if 4 * terms * x.bound * y.bound >= _BLAS_EXACT:
            return long_product(function, x, y, terms)
    return _in_floats(function, x, y, bound)


def _of_integers(
    function: Callable[[Any, Any], Any], x: LatticeArray, y: LatticeArray, terms: int
) -> LatticeArray:
    multiply = contract if x.is_packed and y.is_packed else long_product
    return multiply(function, x, y, terms)


def _in_floats(
    function: Callable[[Any, Any], Any], x: LatticeArray, y: LatticeArray, bound: int
) -> LatticeArray:
    """Multiply integers as float64: three products, (a + b)(c + d) - ac for the φ part."""
    a, b = x.a.astype(np.float64), x.b.astype(np.float64)
    c, d = y.a.astype(np.float64), y.b.astype(np.float64)
    ac = function(a, c)
    a_out, b_out = ac + function(b, d), function(a + b, c + d) - ac
    over = x.denominator * y.denominator
    if over > INT64_MAX:
        return LatticeArray.packed(a_out, b_out, over, bound=bound)
    return LatticeArray.fresh(a_out.astype(np.int64), b_out.astype(np.int64), over, bound)


def matmul(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    """Return the matrix product x @ y, batched and broadcast as `np.matmul`."""
    left, right = x.shape, y.shape
    if not (left and right):
        raise ShapeError("matmul: both operands must have at least one axis, got a 0-d one")
    if left[-1] != right[-2 if len(right) > 1 else -1]:
        raise ShapeError(
            f"matmul: the last axis of x must match the rows of y, got {left} and {right}"
        )
    if max(len(left), len(right)) > 2 and serves(x, y):
        if compiled_pays(max(x.size, y.size)):
            return small_product(x, y)
        return slow_way(contract)(np.matmul, x, y, left[-1])
    return contract(np.matmul, x, y, left[-1])


def einsum(subscripts: str, *operands: LatticeArray) -> LatticeArray:
    """Return the exact Einstein summation, contracted pair by pair in the order NumPy plans."""
    _require_subscripts(subscripts, [x.ndim for x in operands])
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
    if x.ndim < 2:
        raise ShapeError(f"trace: the array must have at least two axes, got shape {x.shape}")
    axis1, axis2 = (np.lib.array_utils.normalize_axis_index(i, x.ndim) for i in (axis1, axis2))
    if not x.is_packed:
        diagonal = x.map(lambda part: np.diagonal(part, offset, axis1, axis2))
        return sum_apart(diagonal, (diagonal.ndim - 1,))
    return linear(
        x,
        max(1, min(x.shape[axis1], x.shape[axis2])),
        lambda a, b: (np.trace(a, offset, axis1, axis2), np.trace(b, offset, axis1, axis2)),
    )


Labelled = tuple[str, LatticeArray]


def _require_subscripts(subscripts: str, ranks: list[int]) -> None:
    """Refuse the subscripts that NumPy refuses, by its own look at arrays of one element."""
    try:
        np.einsum(subscripts, *(np.zeros((1,) * rank, np.int8) for rank in ranks))
    except ValueError as error:
        raise ValueError(f"einsum: {error}") from None


def _explicit(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """Spell out ellipses and the implied output of einsum subscripts."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
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

    def contracted(p: Any, q: Any) -> Any:
        return np.einsum(step, p, q, optimize=p.dtype == np.float64)  # through BLAS

    left, right = (
        tuple(i for i, c in enumerate(labels) if c not in kept) for labels in (x[0], y[0])
    )
    return kept, contract(contracted, x[1], y[1], terms, (left, right))


def _transform(labels: str, output: str, x: LatticeArray) -> LatticeArray:
    """Sum, take diagonals of and transpose the last array to the output's labels."""
    if labels == output:
        return x
    if not x.is_packed:
        distinct = "".join(dict.fromkeys(labels))
        x = x.map(lambda part: np.einsum(f"{labels}->{distinct}", part))
        x = sum_apart(x, tuple(i for i, c in enumerate(distinct) if c not in output))
        labels = "".join(c for c in distinct if c in output)
        return x.map(lambda part: np.einsum(f"{labels}->{output}", part))
    step = f"{labels}->{output}"
    return linear(x, max(1, x.size), lambda a, b: (np.einsum(step, a), np.einsum(step, b)))
