"""Pictures of edge frameworks in the plane, in space and in four dimensions, with Matplotlib.

Nothing here opens a window or touches the state of `matplotlib.pyplot`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from syntonic.constants import PHI_FLOAT
from syntonic.errors import BackendUnavailableError, FormatError, ShapeError
from syntonic.io.files import replacing, require_writable
from syntonic.typing import RealArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_model", "project", "require_matplotlib", "require_picture"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Indices: TypeAlias = npt.NDArray[np.intp]

# Right, up, towards the viewer and along the fourth axis. The view in space is oblique; the one
# in four dimensions is along a five-fold axis of the icosahedral group in its usual frame.
_VIEWS = {
    2: ((1.0, 0.0), (0.0, 1.0)),
    3: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.28, 0.4, 1.0)),
    4: (
        (0.0, 1.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, PHI_FLOAT, 0.0),
        (0.0, 0.0, 0.0, 1.0),
    ),
}
_DISTANCES = {2: math.inf, 3: 5.0, 4: 1.2}
_NIGHT = "#0b1020"
_DUSK_TO_GOLD = ("#1b2a49", "#2f5d8a", "#4fa3a5", "#e9c46a", "#fff3c4")
_LAYERS = 60
_PIECES = 40
_MOST_PIECES = 40_000
_BARE = 0.08  # no gap so near to the ends of an edge: it would cut off its neighbours there


def plot_model(
    vertices: RealArrayLike | None,
    edges: Sequence[tuple[int, int]],
    target: str | os.PathLike[str] | Axes | None = None,
    *,
    view: npt.ArrayLike | None = None,
    distance: float | None = None,
    colours: Sequence[str] = _DUSK_TO_GOLD,
    background: str = _NIGHT,
    width: float | None = None,
    size: float = 8.0,
    dpi: float = 150.0,
) -> Figure:
    """Draw the edges of a figure, the nearer ones wider and brighter.

    Parameters
    ----------
    vertices
        Shape (n, 2), (n, 3) or (n, 4): a tensor (anything with `to_floats()`) or real numbers.
    edges
        Pairs of vertex indices; without any, the vertices are drawn as dots.
    target
        A file to write (.png, .svg, .pdf, ...), axes to draw into, or nothing.
    view, distance
        As in `project`.
    colours
        From the farthest to the nearest point, two or more.
    background
        The colour behind everything, and of the gap where an edge passes behind another.
    width
        The width of the nearest edges in points; by default fewer edges are wider.
    size, dpi
        The side of the square picture in inches, and the pixels per inch.

    Returns
    -------
    Figure
        The figure that holds the picture.

    Raises
    ------
    BackendUnavailableError
        If Matplotlib is not installed.
    ShapeError
        If the vertices are not points of 2, 3 or 4 dimensions, or the edges are not pairs.
    FormatError
        If Matplotlib cannot write this kind of file.
    OSError
        If the file cannot be written; said before anything is drawn.
    IndexError
        If an edge names a vertex that is not there.
    ValueError
        As `project`.

    Notes
    -----
    Edges are cut into short pieces and painted from far to near, in layers, each piece over a
    wider one in the colour of the background. A file is replaced by a complete picture only.
    """
    require_matplotlib()
    points = _points(vertices)
    pairs = _pairs(edges, len(points))
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    if path is not None:
        require_picture(path)
    flat, depth = project(points, view=view, distance=distance)
    axes: Any = _canvas(size, background) if target is None or path is not None else target
    if width is None:
        width = min(4.0, 1.4 + 35.0 / math.sqrt(1 + len(pairs)))
    if len(pairs):
        _draw_edges(axes, flat, depth, pairs, (*colours,), background, width)
    else:
        axes.scatter(flat[:, 0], flat[:, 1], s=4 * width**2, color=colours[-1])
    _fit(axes, flat)
    figure: Figure = axes.figure
    if path is not None:
        _save(figure, path, dpi)
    return figure


def project(
    vertices: npt.ArrayLike, *, view: npt.ArrayLike | None = None, distance: float | None = None
) -> tuple[_Floats, _Floats]:
    """Project points of 2, 3 or 4 dimensions to the plane.

    Parameters
    ----------
    vertices
        Shape (n, d) with d = 2, 3 or 4: real numbers.
    view
        Shape (d, d): the directions that point right, up, towards the viewer and along the
        fourth axis. They need be neither unit vectors nor orthogonal: they are made so, the last
        one first. By default an oblique view in space, and in four dimensions one that shows the
        five-fold symmetry of an icosahedral figure in its usual frame.
    distance
        How far the eye stands from the centre, on the last axis, in units of the largest
        distance of a point from the centre; above 1. Infinity gives an orthographic picture.
        By default 1.2 in four dimensions, 5 in space.

    Returns
    -------
    flat : ndarray, shape (n, 2)
        Where the points fall.
    depth : ndarray, shape (n,)
        Their nearness to the eye along the last axis, from 0 to 1.

    Raises
    ------
    ShapeError
        If the shapes are not as above.
    ValueError
        If a coordinate is not finite, the directions are dependent, or the distance is not
        above 1.

    Notes
    -----
    Let c be the coordinates of a point in the orthonormal view, from the centroid, and R the
    largest |c|. In space and beyond, the point falls to (c₁, c₂)/(1 - c_d/(distance·R)): from
    four dimensions the eye sees a solid shadow, and that is seen from straight in front.

    Examples
    --------
    >>> flat, depth = project([[0, 0], [2, 0], [0, 2], [2, 2]])
    >>> flat.tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]
    """
    points = _points(vertices)
    dimension = points.shape[1]
    if distance is None:
        distance = _DISTANCES[dimension]
    if not distance > 1:
        raise ValueError(f"project: distance must be above 1, got {distance}")
    axes = _orthonormal(_VIEWS[dimension] if view is None else view, dimension)
    centred = (points - points.sum(axis=0) / max(len(points), 1)) @ axes.T
    radius = np.linalg.norm(centred, axis=1).max(initial=0.0) or 1.0
    if dimension == 2:
        return centred, np.ones(len(points))
    last = centred[:, -1] / radius
    lowest, highest = last.min(initial=1.0), last.max(initial=-1.0)
    depth = (last - lowest) / (highest - lowest) if highest > lowest else np.ones(len(points))
    return centred[:, :2] / (1 - last / distance)[:, None], depth


def require_matplotlib() -> None:
    """Raise BackendUnavailableError unless Matplotlib can be imported.

    Raises
    ------
    BackendUnavailableError
        If it is not installed.
    """
    try:
        import_module("matplotlib.figure")
    except ImportError as error:
        raise BackendUnavailableError(
            'plotting: Matplotlib is not installed; run: pip install "syntonic[plot]"'
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
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if _form(Path(path)) not in FigureCanvasAgg.get_supported_filetypes():
        raise FormatError("a picture must be .png, .svg, .pdf or the like", path=path)
    require_writable(path)


def _points(vertices: Any) -> _Floats:
    floats = vertices.to_floats() if hasattr(vertices, "to_floats") else vertices
    points = np.asarray(floats, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] not in _VIEWS:
        raise ShapeError(
            "plotting: vertices must have shape (n, 2), (n, 3) or (n, 4), "
            f"got {points.shape}; select coordinates first"
        )
    if not np.isfinite(points).all():
        k = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ValueError(f"plotting: vertices must be finite, the first that is not is row {k}")
    return points


def _pairs(edges: Sequence[tuple[int, int]], count: int) -> _Indices:
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ShapeError(f"plotting: edges must be pairs of integers, got shape {pairs.shape}")
    if pairs.min() < 0 or pairs.max() >= count:
        raise IndexError(
            f"plotting: edges must name vertices from 0 to {count - 1}, "
            f"got {pairs.min()} to {pairs.max()}"
        )
    return pairs.astype(np.intp)


def _orthonormal(view: npt.ArrayLike, dimension: int) -> _Floats:
    """Make the rows orthonormal, the last one keeping its direction, and none changing side."""
    rows = np.asarray(view, dtype=np.float64)
    if rows.shape != (dimension, dimension):
        raise ShapeError(
            f"project: view must have shape {(dimension, dimension)}, got {rows.shape}"
        )
    if not np.isfinite(rows).all() or np.linalg.matrix_rank(rows) < dimension:
        raise ValueError("project: view must hold finite, linearly independent directions")
    q, r = np.linalg.qr(rows[::-1].T)
    axes: _Floats = (q * np.sign(np.diag(r))).T[::-1]
    return axes


def _draw_edges(
    axes: Axes,
    flat: _Floats,
    depth: _Floats,
    pairs: _Indices,
    colours: tuple[str, ...],
    background: str,
    width: float,
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    edge, start, end = _cut(depth, pairs)
    near = _along(depth, pairs, edge, (start + end) / 2)
    lines = _segments(flat, pairs, edge, start, end)
    gaps = _segments(flat, pairs, edge, *np.clip((start, end), _BARE, 1 - _BARE))
    widths = width * (0.15 + 0.85 * near)
    around = widths + width * (0.25 + 0.4 * near)
    shades = LinearSegmentedColormap.from_list("depth", colours)(near)
    # Equal depths share a layer, so that a symmetric figure gives a symmetric picture.
    layers = np.searchsorted(np.quantile(near, np.linspace(0, 1, _LAYERS + 1)[1:-1]) + 1e-9, near)
    for layer in np.unique(layers):
        k = layers == layer
        for where, wide, paint, cap in (
            (gaps[k], around[k], background, "butt"),
            (lines[k], widths[k], shades[k], "round"),
        ):
            axes.add_collection(LineCollection(where, linewidths=wide, colors=paint, capstyle=cap))


def _cut(depth: _Floats, pairs: _Indices) -> tuple[_Indices, _Floats, _Floats]:
    """Cut edges into pieces of little depth: the edge of each, and where on it it starts, ends."""
    finest = min(_PIECES, _MOST_PIECES / len(pairs))
    counts = 1 + (finest * np.abs(depth[pairs[:, 0]] - depth[pairs[:, 1]])).astype(np.intp)
    edge = np.repeat(np.arange(len(pairs)), counts)
    k = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    return edge, k / counts[edge], (k + 1) / counts[edge]


def _segments(
    flat: _Floats, pairs: _Indices, edge: _Indices, start: _Floats, end: _Floats
) -> _Floats:
    starts = _along(flat, pairs, edge, start[:, None])
    return np.stack([starts, _along(flat, pairs, edge, end[:, None])], axis=1)


def _along(values: _Floats, pairs: _Indices, edge: _Indices, part: _Floats) -> _Floats:
    """Interpolate between the values at the two ends of each edge."""
    start, end = values[pairs[edge, 0]], values[pairs[edge, 1]]
    between: _Floats = start + (end - start) * part
    return between


def _canvas(size: float, background: str) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size, size), facecolor=background)
    FigureCanvasAgg(figure)
    return figure.add_axes((0.0, 0.0, 1.0, 1.0))


def _fit(axes: Axes, flat: _Floats) -> None:
    reach = 1.04 * (np.abs(flat).max(initial=0.0) or 1.0)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_axis_off()


def _save(figure: Figure, path: Path, dpi: float) -> None:
    with replacing(path) as file:
        figure.savefig(file, format=_form(path), dpi=dpi)


def _form(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")
