"""Hostile files: every reader returns a model (or a tensor) or raises FormatError, and soon."""

import random
import string
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from effort import at_most, examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, ResonantTensor
from syntonic.errors import FormatError
from syntonic.io import Model, load, read, save, write

ROOT = Path(__file__).resolve().parents[2]
LONG = pytest.param(400, marks=pytest.mark.campaign)
SUFFIXES = ["off", "vef", "json", "xyz", "csv", "txt", "obj", "stl", "ply", "npy"]
SEEDS = {
    "off": "4OFF\n4 2 5 1\n0 0 0 .5\n1 0 0 0\n0 1e0 0 0\n0 0 1 0\n"
    "3 0 1 2 255 0 0\n3 1 2 3\n2 0 1\n",
    "vef": "vZome VEF 9 field golden actual dimension 3\nscale vector 1 (1/2,0) 1 offset 0 0 (1)\n"
    "3\n(0,0) 0 1/-2\n(1,0) (0,1) 0\n3 4 5\n\n1\n0 1\n1\n3 0 1 2\n2 0 1\ntip 2\n",
    "json": '{"name": "x", "vertices": [[0.0, 1], [1e5, -2], [0, 0]], "edges": [[0, 1]],\n'
    '"faces": [[0, 1, 2]], "cells": [[0]], "field": "golden",\n'
    '"exact_vertices": [[[0, 0, 1], [1, 0, 1]], [[100000, 0, 1], [-4, 0, 2]],\n'
    "[[0, 0, 1], [0, 0, 9]]]}\n",
    "xyz": "3\nwater\nO 0.50 -1 2e-1\nH 1 .25 +3.\nH 0 0 0.0\n",
    "csv": 'x;y;z\n0.5;1;2\n# note\n"1";-1e5; 0\n',
    "txt": "(0, ±1, ±φ) and cyclic permutations\neven permutations of [1/2; (1+√5)/2; 0]\n",
    "mesh.json": '{"field": "golden", "vertices": [[["0", "1", "1"], [-1, 2, 3]], [["4", 0, "1"],'
    '["5", "6", "7"]]], "edges": [[0, 1]], "faces": []}',
    "obj": "mtllib a\nv 0.5 1 -2e3\nv 0 0 1 1.0\nv 1 2 3 9 9 9\nvn 0 0 1\nf 1/1 2//1 -1\nl 1 2 3\n",
    "stl": "solid a\n"
    + "facet normal 0 0 1\nouter loop\nvertex 0 1 2.5\nvertex 1 0 -1e2\nvertex .5 0 0\nendloop\n"
    "endfacet\n" * 2 + "endsolid a\n",
    "ply": "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
    "property float z\nelement face 1\nproperty list uchar int vertex_indices\n"
    "element edge 1\nproperty int vertex1\nproperty int vertex2\nend_header\n"
    "0.5 1 2\n1 0 -1e2\n0 0 .5\n3 0 1 2\n0 1\n",
}
JUNK = [
    *["nan", "NaN", "-inf", "1e12", "1e9999", "-1", "999999999999", "1/0", "(1,2,3)", "0x1"],
    *["\0", "#", "\n", " ", "\r", "\t", ",", ";", '"', "[", "]", "{", "}", "(", ")", "/", "."],
    *["é", "٣", "field", "scale", "dimension", "vector", "OFF", "vZome", "vertices", "9" * 1500],
]


def binaries():
    """Good binary files: the formats of floats."""
    points = np.array([[0, 1, 1.5], [0.1, -2, 1e30], [7, 0, 0]], np.float32)
    array = BytesIO()
    np.save(array, points)
    corners = struct.pack("<12fH", 0, 0, 1, *points.ravel(), 0) * 2
    head = (
        "ply\nformat binary_little_endian 1.0\nelement vertex 3\nproperty float x\n"
        "property float y\nproperty float z\nelement face 1\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    return {
        "npy": array.getvalue(),
        "stl": b"a".ljust(80) + struct.pack("<I", 2) + corners,
        "ply": head.encode() + points.astype("<f4").tobytes() + struct.pack("<B3i", 3, 0, 1, 2),
    }


BINARIES = binaries()


def attempt(function, path):
    """Return what the function makes of the file, or a refusal that names it."""
    try:
        return function(path)
    except FormatError as error:
        message = str(error)
    assert path.name in message
    assert len(message) < 500
    return None


def outcome(path):
    """Read a file: a model that can be written and read again, or a refusal."""
    model = attempt(read, path)
    if model is None:
        return "refused"
    for suffix in ("off", "ply", "obj", "stl")[: 4 if model.dimension == 3 and model.faces else 1]:
        again = path.with_name(f"again.{suffix}")
        write(model, again)
        if suffix != "stl":
            assert read(again).vertices == model.vertices
    if model.tensor is not None and model.vertex_count:
        for suffix in ("vef", "json", "mesh.json"):
            exact = path.with_name(f"again.{suffix}")
            write(model, exact)
            assert read(exact).tensor.equals(model.tensor)
    return "read"


def mutated(text, rng):
    parts = list(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        k = rng.randrange(len(parts) or 1)
        match rng.randrange(5):
            case 0:
                del parts[k : k + rng.randint(1, 8)]
            case 1:
                parts[k:k] = rng.choice(JUNK)
            case 2:
                parts[k : k + 1] = rng.choice(string.printable)
            case 3:
                parts[k:k] = parts[k : k + 20]
            case _:
                del parts[max(k, 1) :]
    return "".join(parts)


@pytest.mark.parametrize("times", [100, LONG])
@pytest.mark.parametrize("suffix", SEEDS)
def test_mutated_files(tmp_path, suffix, times):
    rng = random.Random(suffix)
    path = tmp_path / f"a.{suffix}"
    path.write_text(SEEDS[suffix])
    assert outcome(path) == "read"
    outcomes = []
    for _ in range(times):
        path.write_bytes(mutated(SEEDS[suffix], rng).encode())
        with at_most(calls=10**6 if suffix == "txt" else 20_000):  # signs and orders multiply
            outcomes.append(outcome(path))
    assert {*outcomes} == {"read", "refused"}


@pytest.mark.parametrize("suffix", BINARIES)
def test_mutated_binary_files(tmp_path, suffix):
    rng = random.Random(suffix)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(BINARIES[suffix])
    assert outcome(path) == "read"
    outcomes = []
    for _ in range(300):
        data = bytearray(BINARIES[suffix])
        for _ in range(rng.choice((1, 1, 2, 3))):
            k = rng.randrange(len(data) or 1)
            match rng.randrange(4):
                case 0:
                    del data[k : k + rng.randint(1, 8)]
                case 1:
                    data[k:k] = rng.randbytes(rng.randint(1, 8))
                case 2:
                    data[k : k + 1] = rng.randbytes(1)
                case _:
                    del data[max(k, 1) :]
        path.write_bytes(data)
        with at_most(calls=20_000):
            outcomes.append(outcome(path))
    assert {*outcomes} == {"read", "refused"}


def test_mutated_real_files(shared_data, tmp_path):
    rng = random.Random(5)
    files = [*shared_data.glob("vef/*.vef"), *shared_data.glob("polyhedra/tess-*.json")]
    files += [*shared_data.glob("polychora/*.off"), *shared_data.glob("reports/*-*.*")]
    files += [ROOT / "CHANGELOG.md"]
    assert len(files) > 10
    for source in files:
        text = source.read_text("utf-8")
        for suffix in rng.sample(SUFFIXES, 2):  # in its own format hardly ever, in others often
            path = tmp_path / f"a.{suffix}"
            path.write_text(text)
            outcome(path)
        path = tmp_path / f"b{source.suffix}"
        for _ in range(4):
            path.write_bytes(mutated(text, rng).encode())
            outcome(path)


WORDS = st.lists(
    st.sampled_from([*JUNK, *" ".join(SEEDS.values()).split(), *"0123"])
    | st.text(max_size=3)
    | st.integers(-9, 99).map(str)
)


@examples(120)
@given(
    suffix=st.sampled_from(SUFFIXES),
    text=st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.tuples(WORDS, st.sampled_from([" ", "\n", ",", ""])).map(
        lambda x: x[1].join(x[0]).encode()
    ),
)
def test_any_bytes(tmp_path_factory, suffix, text):
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(text)
    outcome(path)


@examples(80)
@given(
    data=st.binary(max_size=80),
    start=st.integers(0, 2000),
    keep=st.integers(0, 2000),
    which=st.integers(0, 2),
)
def test_any_bytes_in_an_archive(tmp_path_factory, data, start, keep, which):
    """Bytes put into a good file, in place of others or between them."""
    path = tmp_path_factory.getbasetemp() / "any.npz"
    t = ResonantTensor([PHI, 2])
    good = (t, t * 2**70, t.wake_flux())[which]
    save(good, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + data + whole[keep:])
    again = attempt(load, path)
    if again is not None:
        assert again.phase is good.phase
        assert (again.to_floats() == good.to_floats()).all()


ABSURD = [
    lambda n: b"1" * 10 * n,
    lambda n: b"-" * 10 * n,
    lambda n: b"(" * 10 * n,
    lambda n: b"[" * 10 * n,
    lambda n: b'{"a":' * n,
    lambda n: b" " * 10 * n,
    lambda n: b"1 " * n,
    lambda n: b"1\n" * n,
    lambda n: b"1," * n,
    lambda n: b"(" + b"1," * n + b"1)",
    lambda n: b"dimension 1 1 (" + b"9" * 10 * n + b",1/" + b"7" * 10 * n + b")",
    lambda n: b"1\n\n0 0 0." + b"0" * 10 * n,
    lambda n: b'{"vertices": [[' + b"1" * 10 * n + b"]]}",
    lambda n: b"\xff" * n,
]


@pytest.mark.parametrize("size", [10**4, pytest.param(10**5, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("absurd", ABSURD, ids=range(len(ABSURD)))
def test_absurd_files_take_few_calls(tmp_path, suffix, absurd, size):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(absurd(size))
    with at_most(calls=100 * size):
        model = attempt(read, path)
    assert model is None or isinstance(model, Model)
