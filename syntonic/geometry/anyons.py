"""Fibonacci anyons: F and R, braid words as exact products, over Z[ζ] with ζ = e^(2πi/5).

There are two particles, 1 and τ, with τ × τ = 1 + τ. The space of three τ with total charge τ has
the dimension 2: a basis vector says what the first two fuse to. Elements of Z[ζ] are pairs (u, v)
for u + vζ on a trailing axis; no root of 1/φ and no tenth root of 1 is needed, because the vertex
ττ → τ is scaled: F₁τ of the unitary gauge is divided and Fτ₁ multiplied by √φ. In this gauge F and
the braids are unitary for the form `FORM` = diag(1, 1/φ), B* FORM B = FORM, and for no other of the
kind; probabilities are to be taken with it.

References
----------
.. [1] J. Preskill, *Lecture Notes for Physics 219: Quantum Computation*, chapter 9, 2004.
.. [2] S. Trebst, M. Troyer, Z. Wang, A. W. W. Ludwig, "A short introduction to Fibonacci anyon
   models", *Progress of Theoretical Physics Supplement* 176 (2008), 384-407.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from syntonic import linalg
from syntonic.errors import ShapeError
from syntonic.exact.golden import PHI_INV, GoldenExact
from syntonic.geometry.algebras import CYCLOTOMIC5, left_matrix
from syntonic.geometry.rows import stacked
from syntonic.tensor import ResonantTensor

__all__ = ["FORM", "F", "R", "braid", "f_symbol", "fuses", "pairs", "r_symbol", "real_form"]


def __dir__() -> list[str]:
    return [*__all__]


_ZERO, _ONE = GoldenExact(0), GoldenExact(1)

F = ResonantTensor([[[PHI_INV, 0], [PHI_INV, 0]], [[1, 0], [-PHI_INV, 0]]])
"""The change from fusing the first two to fusing the last two, shape (2, 2, 2); F² = 1."""

R = ResonantTensor([[[-PHI_INV, -PHI_INV], [0, 0]], [[0, 0], [-PHI_INV, 1]]])
"""The exchange of the first two, diag(ζ³, -ζ⁴), shape (2, 2, 2)."""

FORM = ResonantTensor([[1, 0], [0, PHI_INV]])
"""The Hermitian form that braids keep."""


def real_form(x: ResonantTensor) -> ResonantTensor:
    """Return matrices over Q(ζ) as matrices over Q(φ), twice as large; products go to products.

    Parameters
    ----------
    x : ResonantTensor, shape (..., n, m, 2)
        Pairs (u, v) for u + vζ.

    Returns
    -------
    ResonantTensor, shape (..., 2n, 2m)
        Each entry is [[u, -v], [v, u + (φ - 1)v]].

    Raises
    ------
    ShapeError
        There are not three axes, or the last is not 2.

    See Also
    --------
    pairs : the other way.

    Examples
    --------
    >>> from syntonic.linalg import det
    >>> det(real_form(R)).item()
    GoldenExact(1)
    """
    if x.ndim < 3 or x.shape[-1] != 2:
        raise ShapeError(f"real_form: x must have shape (..., n, m, 2), got {x.shape}")
    blocks = left_matrix(x, CYCLOTOMIC5)  # (..., n, m, 2, 2)
    n, m = x.shape[-3:-1]
    rows: Any = np.swapaxes(blocks, -3, -2)
    return rows.reshape(*x.shape[:-3], 2 * n, 2 * m)


def pairs(x: ResonantTensor) -> ResonantTensor:
    """Return the matrices over Q(ζ) that `real_form` makes a matrix of.

    Parameters
    ----------
    x : ResonantTensor, shape (..., 2n, 2m)

    Returns
    -------
    ResonantTensor, shape (..., n, m, 2)

    Raises
    ------
    ShapeError
        A number of rows or columns is odd.

    See Also
    --------
    real_form : the other way.

    Examples
    --------
    >>> pairs(real_form(F)).equals(F)
    True
    """
    if x.ndim < 2 or x.shape[-1] % 2 or x.shape[-2] % 2:
        raise ShapeError(f"pairs: x must have shape (..., 2n, 2m), got {x.shape}")
    return stacked([x[..., ::2, ::2], x[..., 1::2, ::2]], axis=-1)


@cache
def _generators() -> ResonantTensor:
    """Return the real forms of B₁, B₂ and their inverses, by what `braid` calls them."""
    change, first = real_form(F), real_form(R)
    second = change @ first @ change
    both = stacked([first, second])
    return stacked([*both, *linalg.inv(both)])


def braid(word: Iterable[int]) -> ResonantTensor:
    """Return the matrix of a braid of three Fibonacci anyons.

    Parameters
    ----------
    word : iterable of int
        1 and 2 exchange the first two and the last two, B₁ = R and B₂ = F R F; -1 and -2 undo it.
        The product is taken from left to right, as it is written.

    Returns
    -------
    ResonantTensor, shape (2, 2, 2)
        Entries u + vζ of Z[ζ] as pairs, exact for words of any length.

    Raises
    ------
    ValueError
        A letter is none of these.

    See Also
    --------
    syntonic.linalg.chain_product : multiplies the letters.

    Examples
    --------
    >>> braid([1, 2, 1]).equals(braid([2, 1, 2]))
    True
    >>> braid([1, 2] * 3).tolist()[0][0]  # ζ
    [GoldenExact(0), GoldenExact(1)]
    """
    letters = [*word]
    for k, letter in enumerate(letters):
        if letter not in (1, 2, -1, -2):
            raise ValueError(f"braid: letters must be 1, 2, -1 or -2, got {letter!r} at {k}")
    places = np.array([k - 1 if k > 0 else 1 - k for k in letters], dtype=np.intp)
    return pairs(linalg.chain_product(_generators()[places]))


def fuses(a: int, b: int, c: int) -> bool:
    """Say whether two particles can fuse to a third; 0 is the vacuum and 1 is τ.

    Parameters
    ----------
    a, b, c : int

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        A label is neither 0 nor 1.

    See Also
    --------
    f_symbol, r_symbol : what a fusion comes with.

    Examples
    --------
    >>> fuses(1, 1, 0), fuses(1, 1, 1), fuses(0, 1, 0)
    (True, True, False)
    """
    _require_labels("fuses", a, b, c)
    return a + b + c != 1


def _require_labels(where: str, *labels: int) -> None:
    for label in labels:
        if label not in (0, 1):
            raise ValueError(f"{where}: labels must be 0 for the vacuum or 1 for τ, got {label!r}")


def f_symbol(a: int, b: int, c: int, d: int, e: int, f: int) -> GoldenExact:
    """Return the entry of F^{abc}_d from (ab → e, ec → d) to (bc → f, af → d).

    Parameters
    ----------
    a, b, c, d, e, f : int
        0 for the vacuum, 1 for τ.

    Returns
    -------
    GoldenExact
        0 where a fusion is not allowed.

    See Also
    --------
    r_symbol : the phases of exchanges.
    fuses : which labels are admissible.

    Examples
    --------
    >>> f_symbol(1, 1, 1, 1, 0, 0)
    GoldenExact(-1, 1)
    """
    _require_labels("f_symbol", a, b, c, d, e, f)
    if not (fuses(a, b, e) and fuses(e, c, d) and fuses(b, c, f) and fuses(a, f, d)):
        return _ZERO
    if not (a and b and c and d):
        return _ONE
    entry: Any = F[e, f, 0].item()
    return entry


def r_symbol(a: int, b: int, c: int) -> ResonantTensor:
    """Return the phase of exchanging a and b that fuse to c, as a pair.

    Parameters
    ----------
    a, b, c : int
        0 for the vacuum, 1 for τ.

    Returns
    -------
    ResonantTensor, shape (2,)
        1, or ζ³ for two τ that vanish and -ζ⁴ for two that make one. 0 where the fusion is not
        allowed.

    See Also
    --------
    f_symbol : the changes of basis.
    fuses : which labels are admissible.

    Examples
    --------
    >>> r_symbol(1, 1, 0)
    ResonantTensor([1 - φ, 1 - φ])
    """
    _require_labels("r_symbol", a, b, c)
    if not fuses(a, b, c):
        return ResonantTensor([0, 0])
    return R[c, c] if a and b else ResonantTensor([1, 0])
