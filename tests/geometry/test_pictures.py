"""Diffraction against the sum it is, and pictures that are written."""

from __future__ import annotations

import numpy as np
import pytest

from syntonic.errors import FormatError, ShapeError
from syntonic.geometry import (
    ammann,
    diffraction,
    fibonacci_chain,
    penrose,
    plot_diffraction,
    plot_tiling,
    plot_window,
)
from syntonic.geometry.pictures import _stars


def test_diffraction_against_the_sum():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(30, 2))
    waves, found = diffraction(points, 2, size=7)
    for i, y in enumerate(waves):
        for j, x in enumerate(waves):
            total = sum(np.exp(2j * np.pi * (x * p + y * q)) for p, q in points)
            assert np.isclose(found[i, j], abs(total / 30) ** 2)


def test_blocks_add_up():
    points = np.arange(10_000) / 7
    _, found = diffraction(points, 1, size=5)
    total = np.exp(2j * np.pi * np.linspace(-1, 1, 5)[:, None] * points).sum(axis=1)
    assert np.allclose(found, np.abs(total / len(points)) ** 2)


def test_a_fibonacci_chain_has_bragg_peaks_where_the_module_is():
    """At wave vectors of the dual module with a small conjugate; between them next to nothing."""
    chain = fibonacci_chain(14)
    tau = (1 + 5**0.5) / 2
    peak = tau**3 / 5**0.5  # (φ³)/√5
    waves, found = diffraction(chain, 2 * peak, size=9)
    assert waves[6] == pytest.approx(peak)
    assert found[6] > 0.5
    assert found[7] < 0.1


def test_penrose_diffracts_tenfold():
    patch = penrose(15)
    angle = 0.2 * np.pi
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    one = diffraction(patch, 2, size=21)[1]
    two = diffraction(patch.positions @ turn.T, 2, size=21)[1]
    assert np.abs(one - two).max() < 0.15
    assert one.argmax() == 220  # the middle


def test_conjugates_are_drawn_where_zeta_squared_is():
    patch = penrose(5)
    s, t = patch.conjugates.to_floats().T
    z = s + t * np.exp(0.8j * np.pi)
    assert np.allclose(_stars(patch.conjugates), np.stack([z.real, z.imag], axis=1))


@pytest.mark.parametrize("draw", [plot_tiling, plot_window, plot_diffraction])
def test_pictures_are_written(draw, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "out.png"
    options = {"size": 40} if draw is plot_diffraction else {}
    draw(penrose(6), path, **options)
    assert path.stat().st_size > 1000
    if draw is not plot_tiling:
        draw(ammann(3), path, **options)


@pytest.mark.parametrize("make", [lambda: penrose(8), lambda: ammann(6)], ids=["plane", "space"])
def test_all_dots_lie_in_a_window_that_is_drawn(make):
    pytest.importorskip("matplotlib")
    from matplotlib.collections import LineCollection

    from syntonic.geometry import hull

    axes = plot_window(make()).axes[0]
    dots = np.array(axes.collections[0].get_offsets())
    lines = [each for each in axes.collections if isinstance(each, LineCollection)]
    rims = [np.concatenate(each.get_segments()) for each in lines]
    rims += [patch.get_xy() for patch in axes.patches]
    inside = np.zeros(len(dots), dtype=bool)
    for rim in rims:
        flat = hull(np.round(rim * 1e6).astype(int))
        heights = (dots * 1e6) @ flat.normals.to_floats().T - flat.offsets.to_floats()
        sizes = np.linalg.norm(flat.normals.to_floats(), axis=1)
        inside |= (heights / sizes < 10).all(axis=1)
    assert inside.all()
    assert len(rims) == (4 if lines == [] else 1)


def test_refusals(tmp_path):
    with pytest.raises(ShapeError, match="diffraction: points must have shape"):
        diffraction(np.zeros((3, 4)), 1)
    with pytest.raises(ShapeError, match="diffraction: points must have shape"):
        diffraction([], 1)
    pytest.importorskip("matplotlib")
    with pytest.raises(ShapeError, match="plot_tiling: the tiling must be one of the plane"):
        plot_tiling(ammann(2))
    with pytest.raises(ShapeError, match="plot_diffraction: points must have shape"):
        plot_diffraction([0.0, 1.0], size=5)
    with pytest.raises(FormatError):
        plot_window(penrose(3), tmp_path / "out.txt")
