"""Figures in space with shaded faces, for Matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.plotting.hidden import Piece, far_to_near, plane_of
from syntonic.plotting.projection import Floats, Indices, Sight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_solid"]

_LIGHT = np.array([-0.45, 0.75, 0.8]) / math.hypot(0.45, 0.75, 0.8)
_SEAM = 0.6  # width of the rim of a cut in the colour of its face, which closes the gap
_ON_FACES = 0.5  # the width of edges there: both sides are seen
_DARKER = 0.3


def draw_solid(
    axes: Axes,
    sight: Sight,
    rings: list[Indices],
    pairs: Indices,
    colours: tuple[str, ...],
    line: str,
    width: float,
) -> None:
    """Paint faces, brighter towards a light at the upper left, and edges, from far to near."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    points = sight.centred
    eye = np.array([0, 0, 1.0, 0] if math.isinf(sight.reach) else [0, 0, sight.reach, 1])
    size = np.abs(points).max(initial=0.0)
    pieces = far_to_near(_pieces(points, rings, pairs), eye, float(size))
    bright = _brightness([points[ring] for ring in rings], eye)
    shades = LinearSegmentedColormap.from_list("light", colours)(bright)
    strokes = _Strokes()
    for piece in pieces:
        flat = sight.flat(piece.corners)
        colour = shades[piece.face] if piece.face >= 0 else to_rgba(line)
        sides = np.stack([flat, np.roll(flat, -1, axis=0)], axis=1)
        if len(flat) > 2:
            strokes.add([flat], colour, "none", 0.0)
            strokes.add(sides[~piece.drawn], "none", colour, _SEAM)
        strokes.add(sides[piece.drawn], "none", _edge(colour, piece), _ON_FACES * width)
    axes.add_collection(strokes.collection())


def _edge(colour: Any, piece: Piece) -> Any:
    """Return the colour of an edge: a darker one on a face."""
    return colour if piece.face < 0 else colour * [_DARKER, _DARKER, _DARKER, 1]


class _Strokes:
    """Polygons and lines in the order of their painting."""

    def __init__(self) -> None:
        self._paths: list[Any] = []
        self._looks: list[tuple[Any, Any, float]] = []

    def add(self, parts: Any, fill: Any, line: Any, width: float) -> None:
        """Add polygons, which are filled, or lines."""
        from matplotlib.path import Path

        if len(parts):
            self._paths.append(Path.make_compound_path(*map(Path, parts)))
            self._looks.append((fill, line, width))

    def collection(self) -> Any:
        from matplotlib.collections import PathCollection

        fills, lines, widths = zip(*self._looks, strict=True)
        return PathCollection(
            self._paths, facecolors=fills, edgecolors=lines, linewidths=widths, capstyle="round"
        )


def _pieces(points: Floats, rings: list[Indices], pairs: Indices) -> list[Piece]:
    """Return the faces with those of their sides that are edges, and the edges in no face."""
    left = {(int(min(pair)), int(max(pair))) for pair in pairs}
    edges = frozenset(left)
    pieces = []
    for k, ring in enumerate(rings):
        sides = [(min(i, j), max(i, j)) for i, j in zip(ring, np.roll(ring, -1), strict=True)]
        left.difference_update(sides)
        pieces.append(Piece(points[ring], np.array([side in edges for side in sides]), k))
    return pieces + [Piece(points[[*pair]], np.array([True, False]), -1) for pair in sorted(left)]


def _brightness(faces: list[Floats], eye: Floats) -> Floats:
    """Return how bright each face is, from 0 to 1, on the side that the eye sees."""
    planes = [plane_of(face) for face in faces]
    found = np.array([np.zeros(4) if plane is None else plane for plane in planes]).reshape(-1, 4)
    towards = np.where(found @ eye < 0, -1.0, 1.0)
    light: Floats = towards * (found[:, :3] @ _LIGHT)
    return np.clip(0.42 + 0.5 * light, 0, 1)
