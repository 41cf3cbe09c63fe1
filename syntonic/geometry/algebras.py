"""Quaternions, the cyclotomic field of ζ = e^(2πi/5) and complex numbers, on a trailing axis.

An element is a row of coordinates in a basis: tensors of shape (..., 4) are quaternions, of shape
(..., 2) numbers u + vζ or u + vi, with u and v in Q(φ). A product is a table of the products of the
basis; nothing else is special about any of these.

References
----------
.. [1] J. H. Conway and D. A. Smith, *On Quaternions and Octonions*, A K Peters 2003.
.. [2] L. C. Washington, *Introduction to Cyclotomic Fields*, 2nd ed., Springer 1997, chapter 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import PHI_INV
from syntonic.geometry.groups import icosians
from syntonic.geometry.rows import joined, stacked
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike, FloatArray

__all__ = [
    "COMPLEX",
    "CYCLOTOMIC5",
    "QUATERNION",
    "Algebra",
    "conjugate",
    "e8_form",
    "e8_roots",
    "embed",
    "inverse",
    "left_matrix",
    "multiply",
    "norm",
    "star_map",
]


class Algebra(NamedTuple):
    """An algebra over Q(φ): its name, the products of its basis, and its conjugation.

    `table[i, j]` is the product of basis elements i and j, shape (d, d, d); conjugation is
    ``x @ conjugation``. The first element of the basis is 1.

    See Also
    --------
    multiply, conjugate, norm, inverse : what take one.

    Examples
    --------
    >>> from syntonic.geometry import QUATERNION, multiply
    >>> QUATERNION, QUATERNION.table.shape
    (QUATERNION, (4, 4, 4))
    >>> multiply([0, 1, 0, 0], [0, 0, 1, 0]).tolist()[3]  # ij = k
    GoldenExact(1)
    """

    name: str
    table: ResonantTensor
    conjugation: ResonantTensor

    def __repr__(self) -> str:
        return self.name


# 1, i, j, k by Hamilton's rules: i² = j² = k² = ijk = -1.
QUATERNION = Algebra(
    "QUATERNION",
    ResonantTensor(
        [
            [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
            [[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0]],
            [[0, 0, 1, 0], [0, 0, 0, -1], [-1, 0, 0, 0], [0, 1, 0, 0]],
            [[0, 0, 0, 1], [0, 0, 1, 0], [0, -1, 0, 0], [-1, 0, 0, 0]],
        ]
    ),
    ResonantTensor(np.diag([1, -1, -1, -1])),
)
"""Quaternions (w, x, y, z)."""

# 1, ζ with ζ² = (φ - 1)ζ - 1, because ζ + 1/ζ = 2 cos 72° = φ - 1.
CYCLOTOMIC5 = Algebra(
    "CYCLOTOMIC5",
    ResonantTensor([[[1, 0], [0, 1]], [[0, 1], [-1, PHI_INV]]]),
    ResonantTensor([[1, 0], [PHI_INV, -1]]),
)
"""Numbers u + vζ with ζ = e^(2πi/5)."""

COMPLEX = Algebra(
    "COMPLEX",
    ResonantTensor([[[1, 0], [0, 1]], [[0, 1], [-1, 0]]]),
    ResonantTensor([[1, 0], [0, -1]]),
)
"""Numbers u + vi."""

_SIN_72 = (10 + 2 * 5**0.5) ** 0.5 / 4


def multiply(x: ExactArrayLike, y: ExactArrayLike, algebra: Algebra = QUATERNION) -> ResonantTensor:
    """Return the products of elements.

    Parameters
    ----------
    x, y : ResonantTensor or exact array-like, shapes (..., d)
        They broadcast.
    algebra : Algebra
        QUATERNION, CYCLOTOMIC5 or COMPLEX.

    Returns
    -------
    ResonantTensor, shape (..., d)

    Raises
    ------
    ShapeError
        The last axis is not that of the algebra.

    See Also
    --------
    conjugate, norm, inverse : the rest of the algebra.
    left_matrix : a product as a matrix.

    Examples
    --------
    >>> multiply([0, 1, 0, 0], [0, 0, 1, 0])
    ResonantTensor([0, 0, 0, 1])
    """
    y = _elements(y, algebra, "multiply")
    return (left_matrix(x, algebra) @ y[..., None])[..., 0]


def left_matrix(x: ExactArrayLike, algebra: Algebra = QUATERNION) -> ResonantTensor:
    """Return the matrices L with L @ y = x·y, for chains of products.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., d)
    algebra : Algebra

    Returns
    -------
    ResonantTensor, shape (..., d, d)

    Raises
    ------
    ShapeError
        The last axis is not that of the algebra.

    See Also
    --------
    multiply : one product.
    syntonic.linalg.chain_product : products of many matrices.

    Examples
    --------
    >>> left_matrix([0, 1], COMPLEX).tolist()
    [[GoldenExact(0), GoldenExact(-1)], [GoldenExact(1), GoldenExact(0)]]
    """
    x = _elements(x, algebra, "left_matrix")
    d = len(algebra.table)
    matrices = x @ algebra.table.transpose(0, 2, 1).reshape(d, d * d)
    return matrices.reshape(*x.shape[:-1], d, d)


def conjugate(x: ExactArrayLike, algebra: Algebra = QUATERNION) -> ResonantTensor:
    """Return the conjugates: of a quaternion (w, -x, -y, -z), else the complex conjugates.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., d)
    algebra : Algebra

    Returns
    -------
    ResonantTensor, shape (..., d)

    Raises
    ------
    ShapeError
        The last axis is not that of the algebra.

    See Also
    --------
    norm, inverse : what it is for.
    multiply : products.

    Examples
    --------
    >>> conjugate([1, 2, 3, 4])
    ResonantTensor([1, -2, -3, -4])
    """
    return _elements(x, algebra, "conjugate") @ algebra.conjugation


def norm(x: ExactArrayLike, algebra: Algebra = QUATERNION) -> ResonantTensor:
    """Return x times its conjugate, which is |x|² in Q(φ).

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., d)
    algebra : Algebra

    Returns
    -------
    ResonantTensor, shape (...)

    Raises
    ------
    ShapeError
        The last axis is not that of the algebra.

    See Also
    --------
    conjugate, inverse : of the same elements.

    Notes
    -----
    For u + vζ it is u² + v² + (φ - 1)uv.

    Examples
    --------
    >>> norm([1, 1], CYCLOTOMIC5).item()
    GoldenExact(1, 1)
    """
    return multiply(x, conjugate(x, algebra), algebra)[..., 0]


def inverse(x: ExactArrayLike, algebra: Algebra = QUATERNION) -> ResonantTensor:
    """Return the elements y with x·y = 1.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., d)
    algebra : Algebra

    Returns
    -------
    ResonantTensor, shape (..., d)

    Raises
    ------
    ZeroDivisionError
        An element is 0.
    ShapeError
        The last axis is not that of the algebra.

    See Also
    --------
    conjugate, norm : of which it is the quotient.
    multiply : products.

    Examples
    --------
    >>> inverse([0, 2], COMPLEX)
    ResonantTensor([0, -1/2])
    """
    return conjugate(x, algebra) / norm(x, algebra)[..., None]


def star_map(x: ExactArrayLike) -> ResonantTensor:
    """Return the images of u + vζ under ζ → ζ², which takes φ to its conjugate.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., 2)

    Returns
    -------
    ResonantTensor, shape (..., 2)
        Again in the basis 1, ζ. In the basis 1, ζ² it is (u', v'), the Galois conjugates.

    Raises
    ------
    ShapeError
        The last axis is not 2.

    See Also
    --------
    embed : floats for drawing.

    Examples
    --------
    >>> star_map([0, 1])
    ResonantTensor([-1, -1 + φ])
    """
    other = _elements(x, CYCLOTOMIC5, "star_map").galois_conjugate()
    u, v = other[..., 0], other[..., 1]
    return stacked([u - v, PHI_INV * v], axis=-1)


def embed(x: ExactArrayLike) -> FloatArray:
    """Return u + vζ as points of the plane, in floats.

    Parameters
    ----------
    x : ResonantTensor or exact array-like, shape (..., 2)

    Returns
    -------
    ndarray, shape (..., 2), float64
        u + v(φ - 1)/2, rounded once, and v sin 72°, rounded up to three times.

    Raises
    ------
    ShapeError
        The last axis is not 2.

    See Also
    --------
    star_map : into the space of the windows.

    Examples
    --------
    >>> embed([[1, 0], [0, 2]]).round(3).tolist()
    [[1.0, 0.0], [0.618, 1.902]]
    """
    x = _elements(x, CYCLOTOMIC5, "embed")
    across = (x[..., 0] + PHI_INV / 2 * x[..., 1]).to_floats()
    return np.stack([across, x[..., 1].to_floats() * _SIN_72], axis=-1)


def e8_roots() -> ResonantTensor:
    """Return the 240 roots of E8 as quaternions: the icosians, and the icosians divided by φ.

    Returns
    -------
    ResonantTensor, shape (240, 4)

    See Also
    --------
    e8_form : their inner products.

    References
    ----------
    .. [1] J. H. Conway and N. J. A. Sloane, *Sphere Packings, Lattices and Groups*, 3rd ed.,
       Springer 1999, chapter 8, section 2.

    Examples
    --------
    >>> roots = e8_roots()
    >>> len(roots), e8_form(roots[0], roots[0]).item()
    (240, GoldenExact(2))
    """
    return joined(icosians(), PHI_INV * icosians())


def e8_form(x: ExactArrayLike, y: ExactArrayLike) -> ResonantTensor:
    """Return the inner products of E8: a + b, where 2⟨x, y⟩ is a + bφ.

    Parameters
    ----------
    x, y : ResonantTensor or exact array-like, shapes (..., 4)
        They broadcast.

    Returns
    -------
    ResonantTensor, shape (...)
        Rational. On the Z[φ]-span of the icosians it is even and unimodular.

    Raises
    ------
    ShapeError
        The last axis is not 4.

    See Also
    --------
    icosians : the elements whose span it makes E8.

    Examples
    --------
    >>> e8_form([1, 0, 0, 0], [0, 1, 0, 0]).item()
    GoldenExact(0)
    """
    x, y = (_elements(each, QUATERNION, "e8_form") for each in (x, y))
    a, b, denominator = (2 * np.sum(x * y, axis=-1)).numerators()
    return ResonantTensor.from_lattice(a + b, 0 * b, denominator=denominator)


def _elements(x: Any, algebra: Algebra, where: str) -> ResonantTensor:
    x = x if isinstance(x, ResonantTensor) else ResonantTensor(x)
    d = len(algebra.table)
    if x.ndim < 1 or x.shape[-1] != d:
        raise ShapeError(
            f"{where}: an element of {algebra.name} has {d} coordinates on the last axis, got "
            f"shape {x.shape}"
        )
    return x
