"""save and load: nothing is lost, and what is damaged, foreign or newer is refused."""

import io
import json
import pickle
import random
import struct
import tracemalloc
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, ResonantTensor
from syntonic.errors import FormatError, SnapWarning
from syntonic.io import load, save

INT64 = np.iinfo(np.int64)
PACKED = ResonantTensor([[1, PHI / 2], [-PHI, 0]], precision=7, mode_norm_sq=[[0, 1], [0.5, 3]])
LONG = ResonantTensor([[2**64, -(PHI**500) / 3], [Fraction(1, 7**90), 0]])
FLUX = PACKED.wake_flux()
with pytest.warns(SnapWarning):
    LONG_FLUX = LONG.wake_flux()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.npz"


def assert_identical(x, y):
    assert x.phase is y.phase
    assert (x.shape, x.dtype, x.precision) == (y.shape, y.dtype, y.precision)
    assert x._carried.snap == y._carried.snap
    assert (x.mode_norm_sq is None) == (y.mode_norm_sq is None)
    if x.mode_norm_sq is not None:
        assert x.mode_norm_sq.tobytes() == y.mode_norm_sq.tobytes()
    if x.is_crystallized:
        assert x.equals(y)
    else:
        assert x.flux_array.tobytes() == y.flux_array.tobytes()


@pytest.mark.parametrize(
    "tensor",
    [
        PACKED,
        LONG,
        FLUX,
        ResonantTensor(PHI),
        ResonantTensor(PHI**500),
        ResonantTensor.zeros((0,)),
        ResonantTensor.zeros((3, 0, 2)),
        ResonantTensor(np.array([INT64.min, INT64.max, 0])),
        ResonantTensor([INT64.min, 2**63]),
        ResonantTensor([Fraction(1, INT64.max), Fraction(1, 3)]),
        ResonantTensor([Fraction(1, INT64.max)], precision=10**5000),
        ResonantTensor(np.arange(24).reshape(2, 3, 4)).transpose(),
        ResonantTensor([[1, 2, 3], [4, 5, 6]])[:, ::-2],
        ResonantTensor([PHI, 1]).wake_flux(dtype=np.float32),
        ResonantTensor([PHI / 2, 1]).wake_flux(dtype=np.float16),
        ResonantTensor.from_flux(np.array([np.nan, np.inf, -0.0, 5e-324])),
        ResonantTensor.from_flux(np.arange(6.0).reshape(2, 3).T),
        ResonantTensor.from_flux(np.float64(1.5)),
        LONG_FLUX,
    ],
    ids=range(19),
)
def test_nothing_is_lost(path, tensor):
    save(tensor, path)
    again = load(path)
    assert_identical(again, tensor)
    first = path.read_bytes()
    save(again, path)
    assert path.read_bytes() == first


@examples(40)
@given(
    shape=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    data=st.data(),
    bits=st.sampled_from([3, 62, 63, 64, 65, 128, 1000]),
)
def test_integers_of_all_sizes(tmp_path_factory, shape, data, bits):
    size = int(np.prod(shape))
    divisors = data.draw(st.sampled_from([[1], [1, 6], [1, 2**40 - 87, 3**90]]))
    integers = st.integers(-(2**bits), 2**bits)
    numbers = st.builds(Fraction, integers, st.sampled_from(divisors))
    columns = [data.draw(st.lists(numbers, min_size=size, max_size=size)) for _ in "ab"]
    a, b = (np.array(column, dtype=object).reshape(shape) for column in columns)
    tensor = ResonantTensor.from_lattice(a, b)
    path = tmp_path_factory.getbasetemp() / "integers.npz"
    save(tensor, path)
    assert_identical(load(path), tensor)


def test_flux_is_woken_saved_loaded_and_crystallized_to_itself(path):
    rng = np.random.default_rng(7)
    a, b = rng.integers(-(2**23), 2**23, (2, 50))
    tensor = ResonantTensor.from_lattice(a, b, denominator=12, precision=3)
    save(tensor.wake_flux(), path)
    assert load(path).crystallize().equals(tensor)
    loaded = load(path).flux_array
    loaded[0] = 1.0  # flux arrays belong to their tensor, and can be written


def test_files_do_not_depend_on_how_a_tensor_came_about(path, tmp_path):
    save(ResonantTensor([PHI, 3]), path)
    big = ResonantTensor([2**80 * PHI, 3 * 2**80])
    unpacked = ResonantTensor._of(ResonantTensor([PHI, 3])._data.unpacked(), big._carried)
    for k, tensor in enumerate([big / 2**80, ResonantTensor([2 * PHI, 6]) / 2, unpacked]):
        save(tensor, tmp_path / f"{k}.npz")
        assert (tmp_path / f"{k}.npz").read_bytes() == path.read_bytes()


def test_numpy_opens_the_file_without_pickle(path):
    save(PACKED, path)
    with np.load(path, allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
        assert header == {
            "format": "syntonic tensor",
            "version": 1,
            "phase": "crystallized",
            "precision": "7",
            "denominator": "2",
            "arrays": ["a", "b", "mode_norm_sq"],
        }
        assert file["a"].tolist() == [[2, 0], [0, 0]]
        assert file["b"].tolist() == [[0, 1], [-2, 0]]
        assert file["mode_norm_sq"].tolist() == [[0, 1], [0.5, 3]]
    save(LONG, path)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file) == ["header", "lengths", "limbs", "signs"]
        assert file["limbs"][:2].tolist() == [0, 1]  # 2**64


def test_denominators_without_a_common_one_stay_small(path):
    primes = [p for p in range(2**20, 2**20 + 2000) if all(p % k for k in range(2, 1100))]
    tensor = ResonantTensor([Fraction(1, p**4) for p in primes])
    save(tensor, path)
    assert path.stat().st_size < 200 * len(primes)
    assert_identical(load(path), tensor)


def test_what_is_no_tensor_and_no_place(path, tmp_path):
    path.write_bytes(b"precious")
    with pytest.raises(TypeError, match="ResonantTensor, got ndarray"):
        save(np.zeros(3), path)
    assert path.read_bytes() == b"precious"
    with pytest.raises(FileNotFoundError):
        save(PACKED, tmp_path / "no" / "t.npz")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "no.npz")
    with pytest.raises(FormatError, match="regular file"):
        load(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["t.npz"]


def rewritten(path, change, *, method=zipfile.ZIP_STORED):
    """Rewrite the members of an archive: `change` gets and returns a dict of bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in change(members).items():
            archive.writestr(name, data)


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), **options)
    return file.getvalue()


def change_header(members, **changes):
    old = json.loads(members["header.npy"][-1000:].split(b"\n", 1)[-1])
    text = json.dumps({k: v for k, v in {**old, **changes}.items() if v != "absent"})
    return {**members, "header.npy": npy(np.frombuffer(text.encode(), np.uint8))}


def header(**changes):
    return lambda members: change_header(members, **changes)


def member(**changes):
    """Replace members, or remove them (None), and list what is there in the header."""

    def change(members):
        new = {f"{name}.npy": data for name, data in changes.items()}
        out = {name: data for name, data in {**members, **new}.items() if data is not None}
        if "header" in changes:
            return out
        return change_header(out, arrays=sorted({name[:-4] for name in out} - {"header"}))

    return change


def claim(shape, descr="<i8", data=bytes(32)):
    """A .npy file that claims a shape."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


INTS = npy(np.zeros((2, 2), np.int64))


@pytest.mark.parametrize(
    ("tensor", "change", "rule"),
    [
        (PACKED, header(version=2), "newer than 1; upgrade"),
        (PACKED, header(version=0), "positive integer"),
        (PACKED, header(version=True), "positive integer"),
        (PACKED, header(version="1"), "positive integer"),
        (PACKED, header(format="other"), "syntonic tensor"),
        (PACKED, header(phase="solid"), "phase"),
        (PACKED, header(phase="flux"), "array flux"),
        (FLUX, header(phase="crystallized"), "array a"),
        (PACKED, header(phase="absent"), "phase"),
        (PACKED, header(precision="absent"), "hexadecimal"),
        (PACKED, header(precision=7), "hexadecimal"),
        (PACKED, header(precision="-7"), "hexadecimal"),
        (PACKED, header(precision="0x7"), "hexadecimal"),
        (PACKED, header(denominator="0"), "from 1"),
        (PACKED, header(denominator="8" + "0" * 15), "63 bits"),
        (PACKED, header(denominator="absent"), "hexadecimal"),
        (FLUX, header(snap=["1"]), "snap"),
        (FLUX, header(snap=["1", "0"]), "from 1"),
        (FLUX, header(snap=[1, 2]), "hexadecimal"),
        (PACKED, header(arrays=["a", "b"]), "members"),
        (PACKED, header(arrays="absent"), "members"),
        (PACKED, member(header=None), "another archive"),
        (PACKED, member(other=INTS), "another archive"),
        (PACKED, member(header=npy(np.zeros(3, np.uint8))), "JSON"),
        (PACKED, member(header=npy(np.full(10**6, ord("["), np.uint8))), "JSON"),
        (PACKED, member(header=npy(np.zeros(3))), "header of type u1"),
        (PACKED, member(a=None), "array a"),
        (PACKED, member(a=npy(np.zeros((4, 1), np.int64))), "one shape"),
        (PACKED, member(a=npy(np.zeros((2, 2)))), "array a of type i8"),
        (PACKED, member(a=npy(np.zeros((2, 2), ">i8"))), "header of version 1"),
        (PACKED, member(a=npy(np.zeros((2, 2), np.int32))), "types"),
        (PACKED, member(a=npy(np.zeros((2, 2), np.int64, order="F"))), "header of version 1"),
        (PACKED, member(a=npy(np.zeros((2, 2), np.int64), version=(2, 0))), "version 1"),
        (PACKED, member(a=npy(np.array([[{}, 1]], object))), "header of version 1"),
        (PACKED, member(a=pickle.dumps([1])), "header of version 1"),
        (PACKED, member(a=b""), "header of version 1"),
        (PACKED, member(a=INTS[:-1]), "must have 32 bytes"),
        (PACKED, member(a=INTS + b"\0"), "must have 32 bytes"),
        (PACKED, member(a=claim("(9, 9)")), "must have 648 bytes"),
        (PACKED, member(a=claim("(999999999999999999, 999999999999999999)")), "bytes"),
        (PACKED, member(a=claim("(0, 999999999999999999, 999999999999999999)", data=b"")), "shape"),
        (PACKED, member(a=claim(f"({'1, ' * 63}1)", data=bytes(8))), "one shape"),
        (PACKED, member(a=claim(f"({'1, ' * 64}1)", data=bytes(8))), "header of version 1"),
        (PACKED, member(a=claim("(4,)", descr="|O8")), "header of version 1"),
        (PACKED, member(a=claim("(-4,)")), "header of version 1"),
        (PACKED, member(a=claim("(2, 2)").replace(b"\n", b" ")), "header of version 1"),
        (PACKED, member(mode_norm_sq=npy([[1.0, 2.0]])), "mode_norm_sq must have shape"),
        (PACKED, member(mode_norm_sq=npy([[1.0, -2.0]] * 2)), "not negative"),
        (PACKED, member(mode_norm_sq=npy([[1.0, np.nan]] * 2)), "finite"),
        (LONG, member(limbs=npy(np.zeros(3, np.uint64))), "count the limbs"),
        (LONG, member(lengths=npy(np.full((4, 2, 2), -1))), "count the limbs"),
        (LONG, member(lengths=npy(np.full((4, 2, 2), INT64.max))), "count the limbs"),
        (LONG, member(signs=npy(np.full((4, 2, 2), 2, np.uint8))), "0 or 1"),
        (LONG, member(signs=npy(np.ones((4, 2, 2), np.uint8))), "positive"),
        (LONG, member(signs=npy(np.ones((3, 2, 2), np.uint8))), "one shape"),
        (LONG, member(signs=npy(np.uint8(1)), lengths=npy(np.int64(1))), "one shape"),
        (LONG, member(limbs=npy(np.zeros((1, 3), np.uint64))), "one axis"),
        (FLUX, member(flux=npy(np.zeros((2, 2), np.complex128))), "header of version 1"),
        (FLUX, member(flux=npy(np.zeros((2, 2), np.int64))), "array flux"),
    ],
)
def test_what_is_foreign_or_newer_is_refused(path, tensor, change, rule):
    save(tensor, path)
    rewritten(path, change)
    with pytest.raises(FormatError, match=rule) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count(str(path)) == 1
    assert len(str(caught.value)) < 400


def test_rewriting_alone_changes_nothing(path):
    for tensor in (PACKED, LONG, FLUX):
        save(tensor, path)
        rewritten(path, header())
        assert_identical(load(path), tensor)


@pytest.mark.parametrize("data", [b"", b"P", b"PK", b"PK\3\4" * 50, b"\x93NUMPY", b"OFF\n0 0 0\n"])
def test_what_is_no_archive_is_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(FormatError):
        load(path)


def test_bombs_are_refused_before_they_are_read(path):
    tracemalloc.start()
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("header.npy", bytes(10**7))
        with pytest.raises(FormatError, match=r"npz: header\.npy must not be compressed"):
            load(path)
        tracemalloc.reset_peak()
        save(PACKED, path)
        data = path.read_bytes()
        # Claim 2 GiB for the first member, in the archive's directory, stored.
        place = data.rindex(b"PK\1\2", 0, data.index(b"header.npy", data.index(b"PK\1\2")))
        sizes = struct.pack("<II", 1 << 31, 1 << 31)
        path.write_bytes(data[: place + 20] + sizes + data[place + 28 :])
        with pytest.raises(FormatError, match="larger than the file"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 1e7
    finally:
        tracemalloc.stop()


def test_overlapping_members_are_refused(path):
    """One stored block that several names of the directory share."""
    save(ResonantTensor.zeros((10**4,)), path)
    with zipfile.ZipFile(path) as archive:
        first, *rest = archive.infolist()
        largest = max(rest, key=lambda each: each.file_size)
    data = bytearray(path.read_bytes())
    for name in (b"b.npy", b"header.npy"):
        place = data.rindex(name) - 46
        struct.pack_into("<II", data, place + 20, largest.file_size, largest.file_size)
        struct.pack_into("<I", data, place + 42, largest.header_offset)
    path.write_bytes(data)
    assert first.filename == "header.npy"
    with pytest.raises(FormatError):
        load(path)


@pytest.mark.parametrize("tensor", [PACKED, LONG, FLUX], ids=["packed", "long", "flux"])
def test_damage_is_noticed_or_harmless(path, tensor):
    """Every truncation, and every byte changed: refused, or the tensor as it was."""
    save(tensor, path)
    data = path.read_bytes()
    rng = random.Random(1)
    cuts = [data[:k] for k in rng.sample(range(len(data)), 80)]
    flips = []
    for k in rng.sample(range(len(data)), 500):
        flips.append(data[:k] + bytes([data[k] ^ rng.randint(1, 255)]) + data[k + 1 :])
    tail = data.index(b"PK\1\2")
    for k in range(tail, len(data)):
        flips.append(data[:k] + bytes([data[k] ^ rng.randint(1, 255)]) + data[k + 1 :])
    refused = 0
    for damaged in cuts + flips:
        path.write_bytes(damaged)
        try:
            again = load(path)
        except FormatError:
            refused += 1
        else:
            assert_identical(again, tensor)
    assert refused > len(cuts) + len(flips) // 2
