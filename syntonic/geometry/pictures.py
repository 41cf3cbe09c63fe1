"""Pictures of tilings, of their windows, and of how they diffract. Floats, for the eye.

References
----------
.. [1] M. Baake and U. Grimm, *Aperiodic Order*, vol. 1, Cambridge 2013, chapter 9.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.constants import PHI_FLOAT
from syntonic.errors import ShapeError
from syntonic.geometry.algebras import embed, star_map
from syntonic.geometry.tilings import Tiling, ammann_window, penrose_windows
from syntonic.plotting.colours import DUSK_TO_GOLD, NIGHT
from syntonic.plotting.pictures import canvas, require_matplotlib, require_picture, write_picture
from syntonic.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["diffraction", "plot_diffraction", "plot_tiling", "plot_window"]

Target = str | os.PathLike[str] | None
_RIM = DUSK_TO_GOLD[-1]
_THICK, _THIN = "#e39a3f", "#3a9aa5"
_BLOCK = 4096
_DOTS, _DOT_SIZES = 30_000, (4, 60)  # few dots are large
_PLACES = {1: (-1.3, 2.1), 2: (-1.3, -1.0), 3: (1.9, 2.1), 4: (1.9, -1.0), 0: (0.0, 0.0)}
"""Where the window of each class is drawn."""


def diffraction(
    points: Tiling | Any, reach: float, *, size: int = 256
) -> tuple[FloatArray, FloatArray]:
    """Return the intensities that points scatter, for a grid of wave vectors.

    Parameters
    ----------
    points : Tiling, ResonantTensor or array-like of real numbers, shape (n,), (n, 2) or (n, 3)
        Positions, each with the weight 1. In space the wave vectors are those orthogonal to the
        five-fold axis (0, 1, φ).
    reach : float
        Wave vectors go from -reach to reach in each direction.
    size : int
        The number of wave vectors in each direction.

    Returns
    -------
    waves : ndarray, shape (size,), float64
        The components of the wave vectors.
    intensities : ndarray, shape (size,) or (size, size), float64
        |Σ exp(2πi k·x)|² / n²: 1 at the origin, where all points are in phase. The first axis
        goes up, the second to the right.

    Raises
    ------
    ShapeError
        The points have another shape, or there are none.

    See Also
    --------
    plot_diffraction : its picture.

    Examples
    --------
    >>> waves, intensities = diffraction([0.0, 1.0, 2.0, 3.0], 1, size=3)
    >>> intensities.round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    flat = _plane(points)
    waves = np.linspace(-reach, reach, size)
    total = np.zeros((size,) * flat.shape[1], dtype=complex)
    for k in range(0, len(flat), _BLOCK):
        phases = np.exp(2j * np.pi * waves[:, None, None] * flat[k : k + _BLOCK])
        if flat.shape[1] == 1:
            total += phases[:, :, 0].sum(axis=1)
        else:
            total += phases[:, :, 1] @ phases[:, :, 0].T
    return waves, np.abs(total / len(flat)) ** 2


def _plane(points: Any) -> FloatArray:
    """Return positions in one or two dimensions."""
    given = points.positions if isinstance(points, Tiling) else points
    given = given.to_floats() if hasattr(given, "to_floats") else given
    flat = np.asarray(given, dtype=np.float64)
    flat = flat[:, None] if flat.ndim == 1 else flat
    if flat.ndim != 2 or flat.shape[1] not in (1, 2, 3) or not len(flat):
        raise ShapeError(
            f"diffraction: points must have shape (n,), (n, 2) or (n, 3), got {flat.shape}"
        )
    if flat.shape[1] < 3:
        return flat
    return _along_axis(flat, PHI_FLOAT)


def _along_axis(points: FloatArray, slope: float) -> FloatArray:
    """Return what is seen of points in space along (0, 1, slope)."""
    length = np.hypot(1, slope)
    across = np.array([[1, 0, 0], [0, slope / length, -1 / length]])
    return np.asarray(points @ across.T)


def plot_diffraction(
    points: Tiling | Any, target: Target = None, *, reach: float = 3.0, size: int = 600
) -> Figure:
    """Draw the intensities of `diffraction`, on a logarithmic scale.

    Parameters
    ----------
    points, reach, size
        As in `diffraction`; positions in the plane or in space.
    target : path, optional
        A file to write (.png, .svg, .pdf, ...).

    Returns
    -------
    Figure

    Raises
    ------
    BackendUnavailableError
        Matplotlib is not installed.
    ShapeError
        The points lie on a line.
    FormatError
        Matplotlib cannot write this kind of file.

    See Also
    --------
    diffraction : the intensities.
    plot_tiling, plot_window : of the same points.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("matplotlib")
    >>> from syntonic.geometry import penrose
    >>> figure = plot_diffraction(penrose(4), reach=2, size=100)
    >>> len(figure.axes)
    1
    """
    axes, path = _axes(target)
    _, intensities = diffraction(points, reach, size=size)
    if intensities.ndim != 2:
        raise ShapeError("plot_diffraction: points must have shape (n, 2) or (n, 3), got (n,)")
    shown = np.log10(np.maximum(intensities, 1e-6))
    axes.imshow(
        shown, origin="lower", cmap="magma", extent=(-reach, reach, -reach, reach), vmin=-4.5
    )
    return _done(axes, path)


def plot_tiling(tiling: Tiling, target: Target = None) -> Figure:
    """Draw the rhombi of a tiling of the plane, thick and thin ones in two colours.

    Parameters
    ----------
    tiling : Tiling
        Of the plane; `plotting.plot_model(tiling.points, tiling.edges)` draws one of space.
    target : path, optional
        A file to write (.png, .svg, .pdf, ...).

    Returns
    -------
    Figure

    Raises
    ------
    BackendUnavailableError
        Matplotlib is not installed.
    ShapeError
        The tiling fills space.
    FormatError
        Matplotlib cannot write this kind of file.

    See Also
    --------
    plot_window, plot_diffraction : of the same points.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("matplotlib")
    >>> from syntonic.geometry import penrose
    >>> figure = plot_tiling(penrose(4))
    >>> len(figure.axes)
    1
    """
    if tiling.points.shape[1] != 2:
        raise ShapeError(
            "plot_tiling: the tiling must be one of the plane; "
            "plotting.plot_model(tiling.points, tiling.edges) draws one of space"
        )
    axes, path = _axes(target)
    from matplotlib.collections import PolyCollection

    colours = np.where(tiling.thick, _THICK, _THIN).tolist()
    corners: Any = tiling.positions[tiling.tiles]
    axes.add_collection(
        PolyCollection(corners, facecolors=colours, edgecolors=NIGHT, linewidths=0.5)
    )
    axes.autoscale_view()
    return _done(axes, path)


def plot_window(tiling: Tiling, target: Target = None) -> Figure:
    """Draw where the conjugates of the vertices fall, in the colour of how many edges they have.

    Parameters
    ----------
    tiling : Tiling
        Of the plane, with its four pentagons side by side; or of space, with its triacontahedron
        seen along a five-fold axis.
    target : path, optional
        A file to write (.png, .svg, .pdf, ...).

    Returns
    -------
    Figure

    Raises
    ------
    BackendUnavailableError
        Matplotlib is not installed.
    FormatError
        Matplotlib cannot write this kind of file.

    See Also
    --------
    plot_tiling, plot_diffraction : of the same points.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("matplotlib")
    >>> from syntonic.geometry import penrose
    >>> figure = plot_window(penrose(4))
    >>> len(figure.axes)
    1
    """
    axes, path = _axes(target)
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    places = np.array([_PLACES[k] for k in range(5)])
    flat = _stars(tiling.conjugates) + places[tiling.classes]
    degrees = np.bincount(tiling.edges.ravel(), minlength=len(flat))
    shades = LinearSegmentedColormap.from_list("degrees", DUSK_TO_GOLD[1:])
    size = np.clip(_DOTS / max(len(flat), 1), *_DOT_SIZES)
    axes.scatter(flat[:, 0], flat[:, 1], s=size, c=degrees, cmap=shades, linewidths=0, zorder=2)
    if tiling.points.shape[1] == 3:
        window = ammann_window()
        sides = _stars(window.vertices)[np.array(window.faces(1))]
        axes.add_collection(LineCollection(sides, colors=DUSK_TO_GOLD[1], linewidths=0.8))
    else:
        for number, window in enumerate(penrose_windows(), 1):
            rim = _stars(window.vertices)[[*window.lattice.rings[0]]] + places[number]
            axes.fill(*rim.T, facecolor="none", edgecolor=_RIM, linewidth=1.2)
    return _done(axes, path)


def _stars(conjugates: Any) -> FloatArray:
    """Return points of the window's space in the plane of the picture."""
    if conjugates.shape[1] == 3:
        return _along_axis(conjugates.to_floats(), 1 - PHI_FLOAT)  # the axis, conjugated
    return embed(star_map(conjugates.galois_conjugate()))


def _axes(target: Target) -> tuple[Axes, Path | None]:
    require_matplotlib()
    path = None if target is None else Path(target)
    if path is not None:
        require_picture(path)
    return canvas(8.0, NIGHT), path


def _done(axes: Axes, path: Path | None) -> Figure:
    axes.set_aspect("equal")
    axes.set_axis_off()
    figure: Any = axes.figure
    if path is not None:
        write_picture(figure, path, 150.0)
    return figure
