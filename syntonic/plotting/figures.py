"""What of a model, a polytope or plain arrays is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from syntonic.io.model import Model
from syntonic.plotting.projection import Floats, Indices, pairs_of, points_of, rings_of

__all__ = ["Shape", "shape_of"]


class Shape(NamedTuple):
    """Points, shape (n, d), edges and faces, checked."""

    points: Floats
    pairs: Indices
    rings: list[Indices]


def shape_of(
    figure: Any,
    edges: Sequence[tuple[int, int]] | None,
    faces: Sequence[Sequence[int]] | None,
) -> Shape:
    """Return what there is to draw of a figure; edges and faces that are given replace its own."""
    model = figure if isinstance(figure, Model) else getattr(figure, "model", None)
    if isinstance(model, Model):
        figure = model.tensor if model.tensor is not None else _floats(model)
        edges = model.edges if edges is None else edges
        faces = model.faces if faces is None else faces
    points = points_of(figure)
    pairs = pairs_of(() if edges is None else edges, len(points))
    return Shape(points, pairs, rings_of(() if faces is None else faces, len(points)))


def _floats(model: Model) -> Floats:
    printed = np.array(model.vertices, dtype=np.float64)
    return printed.reshape(model.vertex_count, model.dimension)
