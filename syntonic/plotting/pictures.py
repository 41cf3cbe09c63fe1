"""Pictures with Matplotlib: frames of edges, and solids with shaded faces."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from syntonic.errors import BackendUnavailableError, FormatError
from syntonic.io.files import replacing, require_writable
from syntonic.plotting.colours import DUSK_TO_GOLD, NIGHT, against
from syntonic.plotting.figures import shape_of
from syntonic.plotting.frames import draw_frame
from syntonic.plotting.projection import Floats, Sight
from syntonic.plotting.solids import draw_solid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["canvas", "plot_model", "require_matplotlib", "require_picture", "write_picture"]


def plot_model(
    vertices: Any,
    edges: Sequence[tuple[int, int]] | None = None,
    target: str | os.PathLike[str] | Axes | None = None,
    *,
    faces: Sequence[Sequence[int]] | None = None,
    view: npt.ArrayLike | None = None,
    distance: float | None = None,
    colours: Sequence[str] = DUSK_TO_GOLD,
    background: str = NIGHT,
    width: float | None = None,
    size: float = 8.0,
    dpi: float = 150.0,
) -> Figure:
    """Draw a figure: in space with shaded faces, otherwise its edges, the nearer ones brighter.

    Parameters
    ----------
    vertices
        A `Model`, or anything with a `model`, such as a `Recovery` or a `Polytope`; or points
        alone, shape (n, 2), (n, 3) or (n, 4): a tensor (anything with `to_floats()`) or real
        numbers.
    edges
        Pairs of vertex indices; by default those of the model. Without any, and without faces, the
        vertices are drawn as dots.
    target
        A file to write (.png, .svg, .pdf, ...), axes to draw into, or nothing.
    faces
        The vertex indices of each face in cyclic order, which may cross itself, for figures in
        space; by default those of the model. An empty list leaves the edges alone.
    view, distance
        As in `project`.
    colours
        From the farthest to the nearest point, or from the darkest to the brightest face; two or
        more. On a light background, "white" or such as "#f4f1ea", lines have other ones by
        default.
    background
        The colour behind everything, and of the gap where an edge passes behind another.
    width
        The width of the nearest edges in points; by default fewer edges are wider.
    size, dpi
        The side of the square picture in inches, and the pixels per inch.

    Returns
    -------
    Figure
        The figure that holds the picture. Notebooks show it, as it has `_repr_png_`, unless it is
        that of given axes.

    Raises
    ------
    BackendUnavailableError
        If Matplotlib is not installed.
    ShapeError
        If the vertices are not points of 2, 3 or 4 dimensions, the edges are not pairs, or a face
        has fewer than three corners.
    FormatError
        If Matplotlib cannot write this kind of file.
    OSError
        If the file cannot be written; said before anything is drawn.
    IndexError
        If an edge or a face names a vertex that is not there.
    ValueError
        As `project`.

    See Also
    --------
    view : a page that turns with the mouse.
    project : where the points fall.

    Notes
    -----
    Edges are cut into short pieces and painted from far to near, in layers, each piece over a
    wider one in the colour of the background. Faces are opaque; those that pass through each other
    are cut along the planes of others, up to 2000 of them. A file is replaced by a complete
    picture only.

    Examples
    --------
    A solid by its name, in one line of a notebook or into a file:

    >>> from syntonic.geometry import solid
    >>> figure = plot_model(solid("icosahedron"))
    >>> figure._repr_png_()[1:4]
    b'PNG'
    """
    require_matplotlib()
    points, pairs, rings = shape_of(vertices, edges, faces)
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    if path is not None:
        require_picture(path)
    sight = Sight.of(points, view, distance)
    flat = sight.flat(sight.centred)
    axes: Any = canvas(size, background) if target is None or path is not None else target
    if width is None:
        width = min(4.0, 1.4 + 35.0 / math.sqrt(1 + len(pairs)))
    lines = against(background, colours)
    if rings and points.shape[1] == 3:
        draw_solid(axes, sight, rings, pairs, (*colours,), lines[-1], width)
    elif len(pairs):
        draw_frame(axes, flat, sight.depth, pairs, lines, background, width)
    else:
        axes.scatter(flat[:, 0], flat[:, 1], s=4 * width**2, color=lines[-1])
    _fit(axes, flat)
    figure: Figure = axes.figure
    if path is not None:
        write_picture(figure, path, dpi)
    return figure


def require_matplotlib() -> None:
    """Raise BackendUnavailableError unless Matplotlib can be imported.

    Raises
    ------
    BackendUnavailableError
        If it is not installed.

    See Also
    --------
    require_picture : a file too.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("matplotlib")
    >>> require_matplotlib()
    """
    try:
        import_module("matplotlib.figure")
    except ImportError as error:
        raise BackendUnavailableError(
            "plotting: Matplotlib is not installed; run: pip install matplotlib"
        ) from error


def require_picture(path: str | os.PathLike[str]) -> None:
    """Refuse a file that a picture cannot be written to, before there is a picture.

    Raises
    ------
    BackendUnavailableError
        If Matplotlib is not installed.
    FormatError
        If Matplotlib cannot write this kind of file.
    OSError
        If the file cannot be written.

    See Also
    --------
    plot_model : draws one.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("matplotlib")
    >>> require_picture("cube.txt")
    Traceback (most recent call last):
        ...
    syntonic.errors.FormatError: cube.txt: a picture must be .png, .svg, .pdf or the like
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if _form(Path(path)) not in FigureCanvasAgg.get_supported_filetypes():
        raise FormatError("a picture must be .png, .svg, .pdf or the like", path=path)
    require_writable(path)


def canvas(size: float, background: str) -> Axes:
    """Return axes that fill a square picture of this side in inches."""
    from syntonic.plotting.picture import Picture

    return Picture(size, background).add_axes((0.0, 0.0, 1.0, 1.0))


def _fit(axes: Axes, flat: Floats) -> None:
    reach = 1.04 * (np.abs(flat).max(initial=0.0) or 1.0)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_axis_off()


def write_picture(figure: Figure, path: Path, dpi: float) -> None:
    """Write a picture in the format of the name, whole or not at all."""
    with replacing(path) as file:
        figure.savefig(file, format=_form(path), dpi=dpi)


def _form(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")
