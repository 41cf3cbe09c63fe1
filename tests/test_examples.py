"""Every example runs as a script, and makes again what is committed."""

import os
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import pytest

from syntonic.constants import PHI_FLOAT as PHI
from syntonic.io import read

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DATA = ROOT / "examples" / "data"


def run(script, *arguments, cwd):
    """Run a script from another folder, against this source tree; return what it prints."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"}
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


# What each script is told to write, if anything.
OUTPUTS = {
    "depth": "output.png",
    "figures": "output.png",
    "gallery": "output.png",
    "identities": None,
    "lattice_network": "output.png",
    "make_120cell": "output.off",
    "penrose": "output.png",
    "plot_120cell": "output.png",
    "quickstart": None,
    "train_digits": "output.png",
}

SHORT = {
    "depth": ["--depth", "6", "--width", "32", "--stacks", "3", "--plot"],
    "lattice_network": ["--seeds", "2", "--epochs", "2", "--precision", "1", "3", "--plot"],
    "train_digits": ["--seeds", "2", "--epochs", "2", "--rate", "0.05", "--plot"],
}
"""Options that come before the output, and make a long script short."""

NEEDED = {
    "lattice_network": ("torch", "safetensors", "sklearn", "scipy"),
    "train_digits": ("torch", "sklearn", "scipy"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return a function that runs an example, once: what it prints, and its folder."""

    @cache
    def of(stem):
        for package in NEEDED.get(stem, ()):
            if find_spec(package) is None:
                pytest.skip(f"needs {package}: pip install -e .[torch,examples]")
        folder = tmp_path_factory.mktemp(stem)
        arguments = *SHORT.get(stem, ()), *filter(None, [OUTPUTS[stem]])
        return run(ROOT / "examples" / f"{stem}.py", *arguments, cwd=folder), folder

    return of


def test_every_example_is_known():
    assert [script.stem for script in EXAMPLES] == sorted(OUTPUTS)


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param(stem, marks=[pytest.mark.campaign] if output and stem not in SHORT else [])
        for stem, output in OUTPUTS.items()
    ],
)
def test_every_example_runs(ran, stem):
    output = OUTPUTS[stem]
    printed, folder = ran(stem)
    assert printed
    assert [path.name for path in folder.iterdir()] == list(filter(None, [output]))
    assert output is None or (folder / output).stat().st_size > 10_000


def test_the_quickstart_tells_snaps_from_drift(ran):
    printed, _ = ran("quickstart")
    exact, drifted, healed = (
        line.split()[-2:] for line in printed.splitlines() if re.search(r"e-\d+  ", line)
    )
    assert healed == exact
    assert abs(float(drifted[0])) > 1e12 * float(exact[0])


def test_activations_grow_as_theory_says(ran):
    """Six blocks are few: independent branches come near, aligned ones are exact."""
    printed, _ = ran("depth")
    assert "φ^6, (2/φ)^6 and 2^6, exactly" in printed
    rows = [line.split() for line in printed.splitlines()]
    found = {
        (row[0], row[1]): (float(row[2]), float(row[3]))
        for row in rows
        if len(row) == 6 and row[0] in ("aligned", "independent")
    }
    squares = {"phi": 1 + PHI**-2, "phi_symmetric": 2 * PHI**-2, "standard": 2}
    sums = {"phi": PHI, "phi_symmetric": 2 / PHI, "standard": 2}
    for mode in sums:
        assert found["aligned", mode] == pytest.approx((sums[mode], sums[mode]), abs=1e-4)
        theory, measured = found["independent", mode]
        assert theory == pytest.approx(squares[mode] ** 0.5, abs=1e-4)
        assert measured == pytest.approx(theory, rel=0.1)


def test_training_tells_of_every_mode(ran):
    printed, _ = ran("train_digits")
    for row in ("standard", "golden", "custom", "golden - standard", "golden - custom"):
        assert re.search(rf"^{row} +-?\d+\.\d\d ± \d+\.\d\d +-?\d\.\d{{4}} ± ", printed, re.M)
    verdicts = re.findall("no difference is shown|on these data with these settings", printed)
    assert len(verdicts) == 4


def test_lattice_networks_predict_the_same_in_every_way(ran):
    printed, _ = ran("lattice_network")
    for precision in (1, 3):
        assert re.search(rf"^ +{precision}(  +-?\d+\.\d\d ± \d+\.\d\d){{3}}$", printed, re.M)
    assert "8 ways, in pieces of any size with one thread and with two: the same" in printed
    assert re.search(r"digest of the logits of all images: [0-9a-f]{32}$", printed, re.M)


@pytest.mark.campaign
def test_the_tiling_counts(ran):
    """551 corners within 12 edges; 10 F_15 and 10 F_16 half-tiles."""
    printed, folder = ran("penrose")
    assert "6100 thin and 9870 thick half-tiles: 10 F_15 and 10 F_16" in printed
    assert "all of them in the window, 0 on its edge" in printed
    assert "the window accepts 551 of them: they are the corners" in printed
    picture = (folder / OUTPUTS["penrose"]).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) < 500_000


@pytest.mark.campaign
def test_the_120_cell_is_made_again_byte_for_byte(ran):
    printed, folder = ran("make_120cell")
    assert "600 vertices, 1200 edges, 720 pentagons and 120 dodecahedra" in printed
    committed = (DATA / "120cell-one-decimal.off").read_bytes()
    assert (folder / OUTPUTS["make_120cell"]).read_bytes() == committed


def test_the_committed_120_cell():
    """Against the coordinates that the literature gives, and against itself."""
    path = DATA / "120cell-one-decimal.off"
    model = read(path)
    assert path.read_text().splitlines()[:2] == ["4OFF", "600 720 1200 120"]
    counts = (len(model.vertices), len(model.faces), len(model.edges), len(model.cells))
    assert counts == (600, 720, 1200, 120)
    # Coxeter, Regular Polytopes, section 8.7: the permutations of (2, 2, 0, 0), (√5, 1, 1, 1),
    # (φ, φ, φ, φ⁻²), (φ², φ⁻¹, φ⁻¹, φ⁻¹) and the even ones of (φ², φ⁻², 1, 0),
    # (√5, φ⁻¹, φ, 0), (2, 1, φ, φ⁻¹), with all signs; edge length 2φ⁻².
    root = 2 * PHI - 1
    orbits = {
        (2, 2, 0, 0): 24,
        (root, 1, 1, 1): 64,
        (PHI, PHI, PHI, PHI**-2): 64,
        (PHI**2, 1 / PHI, 1 / PHI, 1 / PHI): 64,
        (PHI**2, PHI**-2, 1, 0): 96,
        (root, 1 / PHI, PHI, 0): 96,
        (2, 1, PHI, 1 / PHI): 192,
    }
    expected = Counter()
    for orbit, count in orbits.items():
        expected[tuple(sorted(f"{abs(x) * PHI**2 / 2:.1f}" for x in orbit))] += count
    found = Counter(tuple(sorted(x.removeprefix("-") for x in vertex)) for vertex in model.vertices)
    assert found == expected
    assert sum(expected.values()) == len(set(model.vertices)) == 600
    tenths = [[int(10 * Fraction(x)) for x in vertex] for vertex in model.vertices]
    for i, j in model.edges:
        length = sum((x - y) ** 2 for x, y in zip(tenths[i], tenths[j], strict=True)) ** 0.5
        assert abs(length - 10) <= 2  # each end is off by at most half the diagonal of a cell
    shared = Counter(edge for face in model.faces for edge in combinations(sorted(face), 2))
    assert Counter(shared[edge] for edge in model.edges) == {3: 1200}
