"""Bars: off by default, on the error stream where they are asked for, and no change of results."""

import numpy as np
import pytest

from syntonic import ResonantTensor, progress
from syntonic.geometry import ammann, convexity, hull, model_set, penrose, wrapping
from syntonic.geometry import cuts as cutting

POINTS = ResonantTensor.random_lattice((30, 3), bound=20, seed=1)
WINDOW = [[1, 0], [0, 1], [-1, 0], [0, -1]]
CALLS = {
    "hull": lambda **options: hull(POINTS, **options).faces(2),
    "model_set": lambda **options: model_set(WINDOW, 6, closed="both", **options).tolist(),
    "penrose": lambda **options: penrose(6, **options).points.tolist(),
    "ammann": lambda **options: ammann(4, **options).points.tolist(),
}


@pytest.mark.parametrize("name", CALLS)
def test_bars_are_shown_when_asked_for(name, capsys, monkeypatch):
    call = CALLS[name]
    quiet = call()
    assert capsys.readouterr() == ("", "")
    for module in (convexity, cutting, wrapping):
        monkeypatch.setattr(module, "DELAY", 0)
    assert call(progress=True) == quiet
    out, err = capsys.readouterr()
    assert out == ""
    assert "[" in err


def test_short_work_has_no_bar(capsys):
    assert list(progress.shown(range(3), "work", True, delay=60)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_wrapping_shows_how_many_facets_there_are(capsys, monkeypatch):
    nothing = np.empty((0, 0), dtype=int)
    monkeypatch.setattr(convexity, "_proposed", lambda points: nothing)
    monkeypatch.setattr(wrapping, "DELAY", 0)
    hull(POINTS[:12], progress=True)
    assert "facets" in capsys.readouterr().err
