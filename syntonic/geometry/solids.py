"""Figures by name: Platonic, Archimedean and Catalan solids, stars, Johnson solids, 4-polytopes."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache, partial

from syntonic.geometry.johnson import JOHNSON, johnson
from syntonic.geometry.measures import polar
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.stars import regular
from syntonic.geometry.uniform import SPECIAL, UNIFORM, uniform
from syntonic.io import Model

__all__ = ["polytope", "solid", "solid_names"]

_CATALAN = {
    "triakis tetrahedron": "truncated tetrahedron",
    "rhombic dodecahedron": "cuboctahedron",
    "tetrakis hexahedron": "truncated octahedron",
    "rhombic triacontahedron": "icosidodecahedron",
    "pentakis dodecahedron": "truncated icosahedron",
    "triakis icosahedron": "truncated dodecahedron",
    "deltoidal hexecontahedron": "rhombicosidodecahedron",
    "disdyakis triacontahedron": "truncated icosidodecahedron",
}
_STARS: dict[str, tuple[int | str, ...]] = {
    "small stellated dodecahedron": ("5/2", 5),
    "great dodecahedron": (5, "5/2"),
    "great stellated dodecahedron": ("5/2", 3),
    "great icosahedron": (3, "5/2"),
    "icosahedral 120-cell": (3, 5, "5/2"),
    "small stellated 120-cell": ("5/2", 5, 3),
    "great 120-cell": (5, "5/2", 5),
    "grand 120-cell": (5, 3, "5/2"),
    "great stellated 120-cell": ("5/2", 3, 5),
    "grand stellated 120-cell": ("5/2", 5, "5/2"),
    "great grand 120-cell": (5, "5/2", 3),
    "great icosahedral 120-cell": (3, "5/2", 5),
    "grand 600-cell": (3, 3, "5/2"),
    "great grand stellated 120-cell": ("5/2", 3, 3),
}


def _dual(name: str) -> Polytope:
    return polar(uniform(name))


_CONVEX: dict[str, Callable[[], Polytope]] = {
    **{name: partial(uniform, name) for name in (*UNIFORM, *SPECIAL)},
    **{name: partial(_dual, of) for name, of in _CATALAN.items()},
    **{name: partial(johnson, name) for name in JOHNSON},
}


def solid_names() -> tuple[str, ...]:
    """Return the names that `solid` knows.

    Returns
    -------
    tuple of str

    See Also
    --------
    solid : a figure by its name.
    identify_solid : the name of a figure.

    Examples
    --------
    >>> "600-cell" in solid_names()
    True
    """
    return (*_CONVEX, *_STARS)


def solid(name: str) -> Model:
    """Return a figure by its name: exact vertices, edges, faces and cells.

    Parameters
    ----------
    name : str
        One of `solid_names()`, in capitals or not.

    Returns
    -------
    Model
        In space, golden figures have the five-fold axis (0, 1, φ) in common; in four dimensions
        their mirrors are orthogonal to the icosians. So duals are dual in place.

    Raises
    ------
    ValueError
        There is no such name.

    See Also
    --------
    polytope : with facet planes and the faces of all ranks, for convex figures.
    regular : by Schläfli symbol.

    Notes
    -----
    No face is typed in: those of uniform figures and stars come from the orbits of reflection
    groups, those of Catalan solids from their duals, of Johnson solids from `hull`.

    Examples
    --------
    >>> figure = solid("icosahedron")
    >>> figure.vertex_count, len(figure.edges), len(figure.faces)
    (12, 30, 20)
    """
    known = _known(name)
    return regular(*_STARS[known]) if known in _STARS else _convex(known).model


def polytope(name: str) -> Polytope:
    """Return a convex figure by its name, with facet planes and the faces of all ranks.

    Parameters
    ----------
    name : str
        One of `solid_names()`.

    Returns
    -------
    Polytope

    Raises
    ------
    ValueError
        There is no such name, or the figure is a star.

    See Also
    --------
    solid : as a model, with what files hold.
    regular : by Schläfli's symbol.

    Examples
    --------
    >>> polytope("120-cell").f_vector
    (600, 1200, 720, 120)
    """
    known = _known(name)
    if known in _STARS:
        raise ValueError(f"polytope: {known} is not convex; solid({known!r}) has its faces")
    return _convex(known)


@cache
def _convex(name: str) -> Polytope:
    return _CONVEX[name]()


def _known(name: str) -> str:
    plain = " ".join(str(name).lower().split())
    if plain in _CONVEX or plain in _STARS:
        return plain
    close = get_close_matches(plain, solid_names(), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(close)}?" if close else "; solid_names() lists them"
    raise ValueError(f"solid: there is no figure named {name!r}{hint}")
