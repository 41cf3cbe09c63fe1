"""Finite groups of exact matrices: reflections, their groups, orbits, the 120 icosians.

A group is a tensor of shape (elements, n, n); its elements act on columns, so that points in rows
go to ``points @ g.T``.

References
----------
.. [1] H. S. M. Coxeter, *Regular Polytopes*, 3rd ed., Dover 1973, chapters 5, 11 and 12.
.. [2] J. H. Conway and D. A. Smith, *On Quaternions and Octonions*, A K Peters 2003, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np

from syntonic import linalg
from syntonic.errors import ShapeError
from syntonic.exact.golden import PHI, PHI_INV, GoldenExact
from syntonic.geometry.rows import common_rows, distinct, joined
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

__all__ = [
    "chain",
    "closure",
    "icosians",
    "orbit",
    "reflection",
    "reflection_group",
    "rotations",
    "signed",
    "simple_roots",
]

_HALF = GoldenExact("1/2")
_RATIONAL_ROOTS: dict[str, Any] = {
    "A3": ((0, 1, -1), (1, -1, 0), (0, 1, 1)),
    "B3": ((1, -1, 0), (0, 1, -1), (0, 0, 1)),
    "B4": ((1, -1, 0, 0), (0, 1, -1, 0), (0, 0, 1, -1), (0, 0, 0, 1)),
    "F4": ((0, 1, -1, 0), (0, 0, 1, -1), (0, 0, 0, 1), (_HALF, -_HALF, -_HALF, -_HALF)),
}
# Of unit roots that follow each other, as Schläfli's symbol has it: -cos(π/p).
_INNER = {"3": -_HALF, "5": -PHI / 2, "5/2": (1 - PHI) / 2}
_SYMBOLS = {"H3": ("5", "3"), "H4": ("5", "3", "3"), "A4": ("3", "3", "3")}


def reflection(root: ExactArrayLike) -> ResonantTensor:
    """Return the reflections that send roots to their negatives.

    Parameters
    ----------
    root : ResonantTensor or exact array-like, shape (..., n)
        Of any length but 0.

    Returns
    -------
    ResonantTensor, shape (..., n, n)
        I - 2 r rᵀ / ⟨r, r⟩.

    Raises
    ------
    ZeroDivisionError
        A root is 0.
    ShapeError
        There is no axis.

    See Also
    --------
    simple_roots : those of a reflection group.
    reflection_group : all that they generate.

    Examples
    --------
    >>> reflection([1, -1]).tolist()
    [[GoldenExact(0), GoldenExact(1)], [GoldenExact(1), GoldenExact(0)]]
    """
    r = root if isinstance(root, ResonantTensor) else ResonantTensor(root)
    if r.ndim < 1:
        raise ShapeError("reflection: root must have shape (..., n), got (); pass a vector")
    length = np.sum(r * r, axis=-1)[..., None, None]
    return ResonantTensor.eye(r.shape[-1]) - 2 * (r[..., :, None] * r[..., None, :]) / length


def closure(generators: ExactArrayLike, *, limit: int = 1_000_000) -> ResonantTensor:
    """Return all products of matrices: the finite group that they generate.

    Parameters
    ----------
    generators : ResonantTensor or exact array-like, shape (g, n, n) or (n, n)
        Invertible.
    limit : int
        The largest number of elements to look for.

    Returns
    -------
    ResonantTensor, shape (elements, n, n)
        The identity first, then by the least number of factors.

    Raises
    ------
    ValueError
        There are more elements than the limit; the group may be infinite.
    SingularMatrixError
        A generator has no inverse.
    ShapeError
        The generators are not square matrices.

    See Also
    --------
    reflection_group : groups by name.
    orbit : of points.

    Notes
    -----
    Breadth first. With the inverses among the generators, a product with an element of length k
    has length k - 1, k or k + 1, so that new elements are compared with two levels only.

    Examples
    --------
    >>> len(closure([[0, -1], [1, 0]]))
    4
    """
    g = generators if isinstance(generators, ResonantTensor) else ResonantTensor(generators)
    g = g[None] if g.ndim == 2 else g
    if g.ndim != 3 or g.shape[1] != g.shape[2]:
        raise ShapeError(
            f"closure: generators must have shape (g, n, n), got {g.shape}; pass square matrices"
        )
    both = joined(g, linalg.inv(g))
    both = both[distinct(common_rows(both)[0])[0]]
    n = both.shape[-1]
    identity = ResonantTensor.eye(n)[None]
    return _grow("closure", identity, lambda x: (x[:, None] @ both).reshape(-1, n, n), limit)


def orbit(
    points: ExactArrayLike, generators: ResonantTensor, *, limit: int = 1_000_000
) -> ResonantTensor:
    """Return all images of points under the group that matrices generate.

    Parameters
    ----------
    points : ResonantTensor or exact array-like, shape (m, n) or (n,)
        Different points.
    generators : ResonantTensor, shape (g, n, n)
        With the inverse of each among them; reflections are their own.
    limit : int
        The largest number of points to look for.

    Returns
    -------
    ResonantTensor, shape (points, n)
        The given points first.

    Raises
    ------
    ValueError
        There are more points than the limit.

    See Also
    --------
    closure : the group itself.

    Examples
    --------
    >>> len(orbit([0, 1, PHI], reflection(simple_roots("H3"))))
    12
    """
    x = points if isinstance(points, ResonantTensor) else ResonantTensor(points)
    x = x[None] if x.ndim == 1 else x
    n = x.shape[-1]
    turned = generators.transpose(0, 2, 1)
    return _grow("orbit", x, lambda y: (y @ turned).reshape(-1, n), limit)


def _grow(
    where: str, start: ResonantTensor, step: Callable[[ResonantTensor], ResonantTensor], limit: int
) -> ResonantTensor:
    levels = [start[:0], start]
    count = len(start)
    while len(levels[-1]):
        known = len(levels[-2]) + len(levels[-1])
        images = step(levels[-1])
        first, _ = distinct(np.concatenate(common_rows(*levels[-2:], images)))
        levels.append(images[first[first >= known] - known])
        count += len(levels[-1])
        if count > limit:
            raise ValueError(
                f"{where}: there are more than {limit} elements; the group may be infinite, "
                "or pass a higher limit"
            )
    return joined(*levels)


def rotations(group: ResonantTensor) -> ResonantTensor:
    """Return the elements of determinant 1.

    Parameters
    ----------
    group : ResonantTensor, shape (elements, n, n)

    Returns
    -------
    ResonantTensor, shape (rotations, n, n)

    See Also
    --------
    reflection_group : the groups by name.

    Examples
    --------
    >>> len(rotations(reflection_group("H3")))
    60
    """
    return group[np.flatnonzero(linalg.det(group) == 1)]


@cache
def reflection_group(name: str) -> ResonantTensor:
    """Return a finite reflection group by its name.

    Parameters
    ----------
    name : str
        "H3" (120 elements), "H4" (14400), "A3" (24), "A4" (120), "B3" (48), "B4" (384) or "F4"
        (1152). H3 has the five-fold axis (0, 1, φ), H4 the icosians as roots, A4 five of its
        reflections' chains; the others are rational.

    Returns
    -------
    ResonantTensor, shape (elements, n, n)

    Raises
    ------
    ValueError
        The name is not in this list.

    See Also
    --------
    simple_roots : of the generators.
    closure : of any generators.
    rotations : the half of it that turns.

    Examples
    --------
    >>> len(reflection_group("H3"))
    120
    """
    return closure(reflection(simple_roots(name)))


@cache
def simple_roots(name: str) -> ResonantTensor:
    """Return the simple roots of a reflection group, in the order of its diagram.

    Parameters
    ----------
    name : str
        As in `reflection_group`. The first two roots of H3 and H4 enclose the angle of 5.

    Returns
    -------
    ResonantTensor, shape (n, n)
        One root in each row; of unit length, or rational.

    Raises
    ------
    ValueError
        The name is not known.

    See Also
    --------
    reflection : their reflections.
    reflection_group : all that these generate.

    Examples
    --------
    >>> from syntonic.linalg import det
    >>> roots = simple_roots("H4")
    >>> det(roots @ roots.T).item()
    GoldenExact('5/16', '-3/16')
    """
    if name in _RATIONAL_ROOTS:
        return ResonantTensor(_RATIONAL_ROOTS[name])
    if name not in _SYMBOLS:
        names = ", ".join(sorted({*_RATIONAL_ROOTS, *_SYMBOLS}))
        raise ValueError(f"reflection_group: name must be one of {names}, got {name!r}")
    return chain(_SYMBOLS[name])


def chain(symbol: tuple[str, ...]) -> ResonantTensor:
    """Return unit roots with inner products -cos(π/p) in a row, orthogonal otherwise."""
    roots = _unit_roots(len(symbol) + 1)
    gram = roots @ roots.T
    found = _chain([0], symbol, gram)
    if found is None:
        raise ValueError(f"regular: no golden reflections make {{{', '.join(symbol)}}}")
    return roots[found]


def _chain(taken: list[int], symbol: tuple[str, ...], gram: ResonantTensor) -> list[int] | None:
    """Extend a chain of roots by depth-first search."""
    if len(taken) > len(symbol):
        return taken
    fits = np.asarray(gram[taken[-1]] == _INNER[symbol[len(taken) - 1]])
    for before in taken[:-1]:
        fits = fits & np.asarray(gram[before] == 0)
    for k in np.flatnonzero(fits):
        found = _chain([*taken, int(k)], symbol, gram)
        if found is not None:
            return found
    return None


def _unit_roots(dimension: int) -> ResonantTensor:
    """Return the 30 unit roots of H3, or the 120 of H4."""
    if dimension == 4:
        return icosians()
    if dimension != 3:
        raise ValueError(f"regular: the symbol must have 2 or 3 entries, got {dimension - 1}")
    return signed([(1, 0, 0), (PHI_INV / 2, PHI / 2, _HALF)])


@cache
def icosians() -> ResonantTensor:
    """Return the 120 icosians of norm 1: the vertices of the 600-cell, a group of quaternions.

    Returns
    -------
    ResonantTensor, shape (120, 4)

    See Also
    --------
    solid : the 600-cell with its faces.
    e8_form : what makes their span E8.

    Examples
    --------
    >>> icosians()[0].tolist()
    [GoldenExact(1), GoldenExact(0), GoldenExact(0), GoldenExact(0)]
    """
    rows = [(1, 0, 0, 0), (_HALF,) * 4, (PHI / 2, _HALF, PHI_INV / 2, 0)]
    return signed(rows)


def signed(rows: Any) -> ResonantTensor:
    """Return the even permutations of rows with all signs of their entries, each once."""
    found: dict[tuple[GoldenExact, ...], None] = {}
    for row in rows:
        choices = [(x, -x) if x else (x,) for x in map(GoldenExact, row)]
        for order in filter(_is_even, permutations(range(len(row)))):
            for entries in product(*(choices[k] for k in order)):
                found.setdefault(entries)
    return ResonantTensor(list(found))


def _is_even(order: tuple[int, ...]) -> bool:
    return sum(a > b for k, a in enumerate(order) for b in order[k + 1 :]) % 2 == 0
