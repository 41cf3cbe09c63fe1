"""Which parts of faces and edges are painted before which, so that near ones hide far ones.

References
----------
.. [1] H. Fuchs, Z. M. Kedem, B. F. Naylor, "On visible surface generation by a priori tree
   structures", *Computer Graphics* 14 (1980), 124-133.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.plotting.projection import Floats

__all__ = ["Piece", "far_to_near", "plane_of"]

_FLAT = 1e-9
_MOST_CUT = 2000


@dataclass(frozen=True)
class Piece:
    """A part of a face, or of an edge, which has two corners.

    Attributes
    ----------
    corners
        Shape (k, 3), in cyclic order.
    drawn
        Whether the side from each corner to the next one is part of an edge, not of a cut.
    face
        The number of the face; -1 for an edge alone.
    """

    corners: Floats
    drawn: Any
    face: int


def far_to_near(pieces: Sequence[Piece], eye: Floats, size: float) -> list[Piece]:
    """Return pieces in an order in which each hides only what came before, cut where need be.

    Parameters
    ----------
    pieces
        The faces and the edges that lie in none.
    eye
        Its position and, last, 1; or its direction and 0.
    size
        The size of the figure, to which rounding is relative.

    Notes
    -----
    The plane of one face parts the others: what is beyond it, seen from the eye, comes first, what
    crosses it is cut, and the halves are treated the same. So faces of stars may pass through each
    other. Of more than 2000 pieces none is cut, and they go by the distance of their middles.
    """
    if len(pieces) > _MOST_CUT:
        middles = np.array([piece.corners.mean(axis=0) for piece in pieces])
        away = np.linalg.norm(middles * eye[3] - eye[:3], axis=1) if eye[3] else -middles @ eye[:3]
        return [pieces[k] for k in np.argsort(-away, kind="stable")]
    ordered: list[Piece] = []
    waiting: list[tuple[list[Piece], bool]] = [([*pieces], False)]
    while waiting:
        group, is_done = waiting.pop()
        if is_done or len(group) < 2:
            ordered += group
            continue
        far, here, near = _parted(group, eye, _FLAT * size)
        waiting += [(near, False), (here, True), (far, False)]
    return ordered


def _parted(
    group: list[Piece], eye: Floats, flat: float
) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """Part a group by the plane of one of its faces: beyond it, on it, on the side of the eye."""
    plane = next((p for p in map(plane_of, map(_corners, group)) if p is not None), None)
    if plane is None:
        return [], group, []
    if plane @ eye < 0:
        plane = -plane
    far: list[Piece] = []
    here: list[Piece] = []
    near: list[Piece] = []
    for piece, heights in zip(group, _heights(group, plane), strict=True):
        above, below = (heights > flat).any(), (heights < -flat).any()
        if above and below:
            near += _half(piece, heights)
            far += _half(piece, -heights)
        else:
            (near if above else far if below else here).append(piece)
    return far, here, near


def _corners(piece: Piece) -> Floats:
    return piece.corners


def plane_of(corners: Floats) -> Floats | None:
    """Return n and -o of the plane n·x = o that fits a polygon, with |n| = 1; None without area.

    Notes
    -----
    n is the sum of the cross products of successive corners, twice the area of the polygon.
    """
    centred = corners - corners[0]
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    length = np.linalg.norm(normal)
    if length <= _FLAT * np.square(centred).sum() or len(corners) < 3:
        return None
    normal = normal / length
    return np.append(normal, -normal @ corners.mean(axis=0))


def _heights(group: list[Piece], plane: Floats) -> Iterator[Floats]:
    heights = np.concatenate([piece.corners for piece in group]) @ plane[:3] + plane[3]
    return iter(np.split(heights, np.cumsum([len(piece.corners) for piece in group])[:-1]))


def _half(piece: Piece, heights: Floats) -> list[Piece]:
    """Return the part of a piece with positive heights."""
    corners, drawn = [], []
    count = len(heights)
    for k in range(count if count > 2 else 1):
        j = (k + 1) % count
        inside = heights[k] >= 0, heights[j] >= 0
        if inside[0]:
            corners.append(piece.corners[k])
            drawn.append(piece.drawn[k])
        if inside[0] != inside[1]:
            part = heights[k] / (heights[k] - heights[j])
            corners.append(piece.corners[k] + part * (piece.corners[j] - piece.corners[k]))
            drawn.append(not inside[0] and piece.drawn[k])  # out of the half: along the cut
    if count == 2 and heights[1] >= 0:
        corners.append(piece.corners[1])
        drawn.append(piece.drawn[1])
    return [Piece(np.array(corners), np.array(drawn), piece.face)] if len(corners) > 1 else []
