"""Model sets in Z[φ] and Z[ζ]: the points of a region whose conjugates fall into a window.

References
----------
.. [1] M. Baake and U. Grimm, *Aperiodic Order*, vol. 1, Cambridge 2013, chapter 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from syntonic.errors import ShapeError
from syntonic.exact.golden import PHI_INV, GoldenExact
from syntonic.geometry.convexity import exact_points, hull
from syntonic.geometry.cuts import Cut, Line, line, tensor_of
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike, ExactScalar

__all__ = ["METRIC5", "REACH5", "lines_of", "model_set", "require_regular"]

METRIC5 = ResonantTensor([[1, PHI_INV / 2], [PHI_INV / 2, 1]])
"""|u + vζ|² = u² + v² + (φ - 1)uv."""

REACH5 = GoldenExact("20/19")
"""|u| and |v| are at most |u + vζ| / sin 72°, and 1/sin 72° < 20/19."""

_SPACES = {2: (METRIC5, REACH5), 3: (ResonantTensor.eye(3), GoldenExact(1))}
"""For each dimension of a window, how long points are, and how much longer coordinates."""

_RULES = ("left", "right", "both", "neither")


def model_set(
    window: ExactArrayLike,
    region: ExactScalar | Sequence[ExactScalar] | ResonantTensor,
    *,
    closed: str | None = None,
    progress: bool = False,
) -> ResonantTensor:
    """Return all points of a region whose conjugates fall into a window.

    Parameters
    ----------
    window : pair of exact numbers, or exact array-like of shape (k, 2) or (k, 3)
        An interval (w0, w1) for the conjugates of x in Z[φ]; or the corners of a convex polygon
        for those of u + vζ in Z[ζ], ζ = e^(2πi/5), each a pair (u', v') that stands for
        u' + v'ζ²; or the corners of a convex polyhedron for those of points of Z[φ]³.
    region : pair of exact numbers, or exact number
        An interval (L, U), of which L belongs to the region and U does not; or, in the plane and
        in space, the radius of a ball around 0, which has its boundary.
    closed : {"left", "right", "both", "neither"}, optional
        Which ends belong to an interval window: by default the left one. Of others "both" or
        "neither" of the boundary; by default a conjugate on it is refused.
    progress : bool
        Show a progress bar on the standard error stream.

    Returns
    -------
    ResonantTensor, shape (n,), (n, 2) or (n, 3)
        Numbers in increasing order, pairs (u, v), or points.

    Raises
    ------
    ValueError
        An interval has no length, or a boundary meets conjugates and there is no rule.
    ShapeError
        The window is neither.

    See Also
    --------
    penrose, ammann, fibonacci_chain : tilings.
    plot_window : the conjugates in their window.

    Notes
    -----
    Boundaries are part of the definition: the Fibonacci window [-1, 1/φ) gives the gaps 1 and φ,
    while the closed one has a third gap. Floats with a bound of their error sort out; exact signs
    decide the rest, so that every point is proved.

    Examples
    --------
    >>> from syntonic import PHI_INV
    >>> points = model_set((-1, PHI_INV), (0, 6))
    >>> [str(x) for x in points.tolist()]
    ['0', 'φ', '1 + φ', '1 + 2φ', '1 + 3φ']
    """
    if closed not in (None, *_RULES):
        raise ValueError(f"model_set: closed must be one of {', '.join(_RULES)}, got {closed!r}")
    corners = window if isinstance(window, ResonantTensor) else ResonantTensor(window)
    if corners.shape == (2,):
        w0, w1 = _interval(corners, "window")
        found = line((w0, w1), _interval(region, "region"), closed or "left", "left")
        ordered: Any = np.sort(found)
        return ordered
    if corners.ndim != 2 or corners.shape[1] not in _SPACES or len(corners) <= corners.shape[1]:
        raise ShapeError(
            "model_set: window must be an interval, shape (2,), or the corners of a polygon, "
            f"shape (k, 2), or of a polyhedron, shape (k, 3), got {corners.shape}"
        )
    if closed in ("left", "right"):
        raise ValueError(
            f'model_set: closed must be "both" or "neither" beyond the line, got {closed!r}'
        )
    radius: Any = region
    return _ball(corners, GoldenExact(radius), closed, progress)


def _interval(ends: Any, what: str) -> tuple[GoldenExact, GoldenExact]:
    ends = ends if isinstance(ends, ResonantTensor) else ResonantTensor(ends)
    if ends.shape != (2,):
        raise ShapeError(f"model_set: {what} must be a pair of numbers, got shape {ends.shape}")
    low, high = ends.tolist()
    if not low < high:
        raise ValueError(
            f"model_set: {what} must be an interval of some length, got ends in disorder"
        )
    return low, high


def _ball(
    corners: ResonantTensor, radius: GoldenExact, closed: str | None, progress: bool
) -> ResonantTensor:
    window = hull(exact_points(corners, "model_set"))
    if window.dimension != corners.shape[1]:
        raise ShapeError(
            f"model_set: window must span {corners.shape[1]} dimensions, got {window.dimension}"
        )
    metric, reach = _SPACES[corners.shape[1]]
    cut = Cut(window, metric, radius, 0 * corners[0], closed == "both", progress=progress)
    a, b = cut.select(lines_of(cut, reach))
    if closed is None:
        require_regular(cut, "model_set", 'pass closed="both" or "neither", or move the window')
    order = np.lexsort((*b.T, *a.T))
    return tensor_of(a[order], b[order])


def lines_of(cut: Cut, reach: GoldenExact) -> list[Line]:
    """Return the coordinates that points in a cut can have."""
    lines = []
    for numbers in cut.reach(reach):
        a, b, _ = numbers.numerators()
        lines.append(Line(a.astype(np.int64), b.astype(np.int64)))
    return lines


def require_regular(cut: Cut, where: str, remedy: str) -> None:
    """Refuse a window whose boundary meets conjugates of points."""
    if cut.singular:
        raise ValueError(
            f"{where}: no conjugate must lie on the boundary of the window, got {cut.singular} "
            f"(the singular case); {remedy}"
        )
