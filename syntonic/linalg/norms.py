"""Norms of vectors and matrices, where they lie in the field."""

from __future__ import annotations

from typing import Literal

import numpy as np

from syntonic.lattice import arithmetic
from syntonic.linalg.fields import exact
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = ["norm"]


def norm(
    x: ExactArrayLike,
    ord: float | Literal["fro"] | None = None,
    axis: int | tuple[int, int] | None = None,
    keepdims: bool = False,
) -> ResonantTensor:
    """Return exact norms, as `numpy.linalg.norm`.

    Parameters
    ----------
    x : ResonantTensor or exact array-like
    ord : {None, 0, 1, 2, inf, -inf, "fro", -1}, optional
        Of vectors: the root of the sum of squares (2, the default), the sum (1), the largest
        (inf) or least (-inf) of the absolute values, or how many are not 0 (0). Of matrices: the
        root of the sum of squares ("fro", the default), the largest or least sum of absolute
        values in a column (1, -1) or a row (inf, -inf).
    axis : int or pair of int, optional
        The axis of vectors, or the two of matrices. By default all elements, as one vector where
        ord is None.
    keepdims : bool, default False
        Whether these axes stay, with length 1.

    Returns
    -------
    ResonantTensor

    Raises
    ------
    ValueError
        A root is not in Q(φ), with the index of the first; or there is no such ord.
    TypeError
        ord is another number or "nuc": such norms leave the field.
    PhaseError
        The tensor is in flux.

    See Also
    --------
    syntonic.GoldenExact.sqrt : of one number.

    Notes
    -----
    A square root lies in the field where the sum of squares is a square in it. The sum itself,
    ``np.sum(x * x)``, is exact always.

    Examples
    --------
    >>> from syntonic import PHI
    >>> norm([3, 4 * PHI, 5 - 10 * PHI / 3], 1).item(), norm([PHI, 2 * PHI, 2 * PHI]).item()
    (GoldenExact(-2, '22/3'), GoldenExact(0, 3))
    """
    t = exact("norm", arithmetic.positive, x)
    return np.linalg.norm(t, ord, axis, keepdims)
