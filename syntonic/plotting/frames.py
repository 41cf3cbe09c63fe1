"""Frames of edges, the nearer ones wider and brighter, for Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from syntonic.plotting.projection import Floats, Indices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_frame"]

_LAYERS = 60
_PIECES = 40
_MOST_PIECES = 40_000
_BARE = 0.08  # no gap so near to the ends of an edge: it would cut off its neighbours there


def draw_frame(
    axes: Axes,
    flat: Floats,
    depth: Floats,
    pairs: Indices,
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


def _cut(depth: Floats, pairs: Indices) -> tuple[Indices, Floats, Floats]:
    """Cut edges into pieces of little depth: the edge of each, and where on it it starts, ends."""
    finest = min(_PIECES, _MOST_PIECES / len(pairs))
    counts = 1 + (finest * np.abs(depth[pairs[:, 0]] - depth[pairs[:, 1]])).astype(np.intp)
    edge = np.repeat(np.arange(len(pairs)), counts)
    k = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    return edge, k / counts[edge], (k + 1) / counts[edge]


def _segments(flat: Floats, pairs: Indices, edge: Indices, start: Floats, end: Floats) -> Floats:
    starts = _along(flat, pairs, edge, start[:, None])
    return np.stack([starts, _along(flat, pairs, edge, end[:, None])], axis=1)


def _along(values: Floats, pairs: Indices, edge: Indices, part: Floats) -> Floats:
    """Interpolate between the values at the two ends of each edge."""
    start, end = values[pairs[edge, 0]], values[pairs[edge, 1]]
    between: Floats = start + (end - start) * part
    return between
