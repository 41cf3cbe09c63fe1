"""Interactive pages that turn with the mouse, with Plotly: one file, without network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from syntonic.errors import BackendUnavailableError, FormatError
from syntonic.io.files import replacing, require_writable
from syntonic.plotting.colours import DUSK_TO_GOLD, NIGHT, against
from syntonic.plotting.figures import Shape, shape_of
from syntonic.plotting.projection import Floats, Sight

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["require_page", "view"]

_EDGE = "#1d1a14"  # on a face
_FACES = ("#e9c46a", "#4fa3a5", "#c8694a", "#3f74a8", "#9c7bb0", "#8fae5d")
"""Colours of faces with the least number of corners, the next one, and so on."""

_MOST_NAMED = 5000  # vertices whose exact coordinates are told
_LIGHT = {"ambient": 0.35, "diffuse": 0.9, "specular": 0.05, "roughness": 0.9}
_LIGHT_FROM = {"x": -60_000, "y": 90_000, "z": 50_000}
_EYE = 1.4  # from the middle of a cube with sides of length 1
_CONFIG = {
    "displaylogo": False, "scrollZoom": True, "responsive": True,
    "modeBarButtons": [["toImage", "resetCameraDefault3d"]],
}  # fmt: skip
# What browsers forbid a page with this line: to load or to send anything at all.
_POLICY = "default-src 'none'; {}".format(
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:"
)
# The caption comes first, and is shown last: Plotly fills what is left when its script is read. It
# scales by the height, so that a window higher than wide would cut the figure.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; background: {background}; }}
body {{ display: flex; flex-direction: column; justify-content: center; }}
main {{ flex: 1; min-height: 0; max-height: 100vw; }}
p {{ order: 1; margin: 0; padding: 0.6em 1em; font: 15px sans-serif; color: {ink}; }}
</style>
</head>
<body>
<p>{caption}</p>
<main>
{figure}
</main>
</body>
</html>
"""


def view(
    vertices: Any,
    edges: Sequence[tuple[int, int]] | None = None,
    target: str | os.PathLike[str] | None = None,
    *,
    faces: Sequence[Sequence[int]] | None = None,
    view: npt.ArrayLike | None = None,
    distance: float | None = None,
    background: str = NIGHT,
) -> Figure:
    """Show a figure that turns with the mouse, in a notebook or as a page of its own.

    Parameters
    ----------
    vertices, edges, faces
        As in `plot_model`.
    target
        A file to write, .html: it opens in any browser and needs no network.
    view
        As in `project`: how the figure stands at first.
    distance
        Of the eye in four dimensions, as in `project`; what it sees is the solid that turns.
    background
        A colour of CSS.

    Returns
    -------
    plotly.graph_objects.Figure
        Notebooks show it; its `show()` opens a browser.

    Raises
    ------
    BackendUnavailableError
        If Plotly is not installed.
    FormatError
        If the target does not end in .html.
    OSError
        If the file cannot be written.
    ShapeError, IndexError, ValueError
        As `plot_model`.

    See Also
    --------
    plot_model : a picture.
    project : where the points fall.

    Notes
    -----
    The page tells browsers to load nothing and to send nothing.

    Faces are shown in space, with a colour for each number of corners; they are cut from their
    middles, which is right for all that are convex or stars. Edges alone are brighter outside, and
    in four dimensions where they are nearer. At the vertices stand their exact coordinates, where
    they are known.

    Examples
    --------
    >>> from syntonic.geometry import solid
    >>> page = view(solid("icosahedron"), target="icosahedron.html")   # doctest: +SKIP
    """
    require_plotly()
    path = None if target is None else Path(target)
    if path is not None:
        require_page(path)
    shape = shape_of(vertices, edges, faces)
    figure = _figure(shape, Sight.of(shape.points, view, distance), _names(vertices), background)
    if path is not None:
        _write(figure, shape, path, background)
    return figure


def require_plotly() -> None:
    """Raise BackendUnavailableError unless Plotly can be imported."""
    try:
        import_module("plotly.graph_objects")
    except ImportError as error:
        raise BackendUnavailableError(
            "view: Plotly is not installed; run: pip install plotly"
        ) from error


def require_page(path: str | os.PathLike[str]) -> None:
    """Refuse a file that a page cannot be written to, before there is a page.

    Raises
    ------
    BackendUnavailableError
        If Plotly is not installed.
    FormatError
        If the name does not end in .html.
    OSError
        If the file cannot be written.

    See Also
    --------
    view : writes one.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("plotly")
    >>> require_page("cube.png")
    Traceback (most recent call last):
        ...
    syntonic.errors.FormatError: cube.png: a page must be .html
    """
    require_plotly()
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise FormatError("a page must be .html", path=path)
    require_writable(path)


def _figure(shape: Shape, sight: Sight, names: list[str] | None, background: str) -> Figure:
    from plotly.graph_objects import Figure

    solid = _solid(sight)
    colours = against(background, DUSK_TO_GOLD)[1:]  # the first one is next to the background
    traces = []
    dots: dict[str, Any] = {"color": colours[-1], "size": 3}
    if shape.rings and shape.points.shape[1] == 3:
        traces.append(_mesh(solid, shape))
        traces.append(_lines(solid, shape, {"color": _EDGE, "width": 5}))
    elif len(shape.pairs):
        near = _nearness(sight, solid)
        scale = {"colorscale": [*colours], "cmin": 0, "cmax": 1}
        ends = np.repeat(near[shape.pairs], [1, 2], axis=1)  # the last one is a gap
        traces.append(_lines(solid, shape, {"color": ends.ravel(), "width": 4, **scale}))
        dots = {"color": near, "size": 2, **scale}
    if names is not None or not traces:
        traces.append(_dots(solid, names, dots))
    return Figure(traces, _layout(solid, background))


def _nearness(sight: Sight, solid: Floats) -> Floats:
    """Return how bright the edges at each point are: outside, or near in four dimensions."""
    if sight.centred.shape[1] != 3:
        return sight.depth
    away = np.linalg.norm(solid, axis=1)
    bright: Floats = away / (away.max(initial=0.0) or 1.0)
    return bright


def _layout(solid: Floats, background: str) -> dict[str, Any]:
    """Return a scene around the figure without axes, seen from the front."""
    reach = float(np.linalg.norm(solid, axis=1).max(initial=0.0)) or 1.0
    axis = {"visible": False, "range": [-reach, reach]}
    camera = {"eye": {"x": 0, "y": 0, "z": _EYE}, "up": {"x": 0, "y": 1, "z": 0}}
    scene = {
        **dict.fromkeys(("xaxis", "yaxis", "zaxis"), axis), "aspectmode": "cube",
        "dragmode": "orbit", "camera": camera, "bgcolor": background,
    }  # fmt: skip
    return {
        "scene": scene, "paper_bgcolor": background, "showlegend": False,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
    }  # fmt: skip


def _solid(sight: Sight) -> Floats:
    """Return the points in space, shape (n, 3): from four dimensions in perspective."""
    points = sight.centred
    if points.shape[1] == 2:
        return np.column_stack([points, np.zeros(len(points))])
    if points.shape[1] == 3:
        return points
    return points[:, :3] / (1 - points[:, 3] / sight.reach)[:, None]


def _mesh(points: Floats, shape: Shape) -> Any:
    """Return the faces as triangles from their middles to their sides."""
    from plotly.graph_objects import Mesh3d

    rings = shape.rings
    sizes = np.array([len(ring) for ring in rings])
    middles = np.array([points[ring].mean(axis=0) for ring in rings])
    kinds = np.unique(sizes, return_inverse=True)[1]
    colours = np.array(_FACES)[kinds % len(_FACES)]
    x, y, z = np.concatenate([points, middles]).T
    return Mesh3d(
        x=x, y=y, z=z, i=np.concatenate(rings),
        j=np.concatenate([np.roll(ring, -1) for ring in rings]),
        k=len(points) + np.repeat(np.arange(len(rings)), sizes),
        facecolor=np.repeat(colours, sizes).tolist(), flatshading=True, hoverinfo="skip",
        lighting=_LIGHT, lightposition=_LIGHT_FROM,
    )  # fmt: skip


def _lines(points: Floats, shape: Shape, look: dict[str, Any]) -> Any:
    from plotly.graph_objects import Scatter3d

    gap = np.full((len(shape.pairs), 1, 3), np.nan)
    x, y, z = np.concatenate([points[shape.pairs], gap], axis=1).reshape(-1, 3).T
    return Scatter3d(x=x, y=y, z=z, mode="lines", line=look, hoverinfo="skip")


def _dots(points: Floats, names: list[str] | None, look: dict[str, Any]) -> Any:
    from plotly.graph_objects import Scatter3d

    x, y, z = points.T
    told = {"hoverinfo": "skip"} if names is None else {"text": names, "hoverinfo": "text"}
    return Scatter3d(x=x, y=y, z=z, mode="markers", marker=look, **told)


def _names(figure: Any) -> list[str] | None:
    """Return the exact coordinates of the vertices as text, if they are known and not too many."""
    figure = getattr(figure, "model", None) or figure
    exact = getattr(figure, "tensor", figure)
    if not getattr(exact, "is_crystallized", False) or len(exact) > _MOST_NAMED:
        return None
    return [f"({', '.join(map(str, row))})" for row in exact.tolist()]


def _write(figure: Figure, shape: Shape, path: Path, background: str) -> None:
    caption = f"{_counts(shape)}. Drag to turn, scroll to come nearer."
    page = _PAGE.format(
        title=escape(path.stem),
        policy=_POLICY,
        background=escape(background),
        ink="#8a93a8",
        caption=escape(caption),
        figure=figure.to_html(
            config=_CONFIG, include_plotlyjs=True, full_html=False, div_id="figure"
        ),
    )
    with replacing(path) as file:
        file.write(page.encode())


def _counts(shape: Shape) -> str:
    counts = ((len(shape.points), "vertices"), (len(shape.pairs), "edges"),
              (len(shape.rings), "faces"))  # fmt: skip
    return ", ".join(f"{n} {what}" for n, what in counts if n)
