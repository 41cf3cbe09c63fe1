"""Exact tensors through other programs' formats: nothing is lost, and anybody has the integers."""

import io
import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import PHI, FormatError, GoldenExact, PhaseError, ResonantTensor
from syntonic.interop import arrow, hdf5, polars
from syntonic.interop import json as exact_json
from syntonic.testing import assert_exact_equal, golden_numbers, resonant_tensors

SMALL = golden_numbers(bound=10**6, denominators=[1, 2, 7])
LONG = golden_numbers(bound=10**40, denominators=[1, 3, 10**25 + 13])
TENSORS = st.one_of(
    resonant_tensors(elements=SMALL),
    resonant_tensors(elements=LONG),
    resonant_tensors(elements=golden_numbers(bound=9)),
)
PRECISIONS = st.sampled_from([None, 7, 100, 10**20])
VERY_LONG = ResonantTensor([GoldenExact(3) ** 10000 + PHI, Fraction(1, 7) ** 6000])


def same(x, t):
    assert_exact_equal(x, t)
    assert (x.precision, x._carried.named) == (t.precision, t._carried.named)


# -- each format there and back --------------------------------------------------------------


def by_json(t):
    return exact_json.from_json(json.dumps(exact_json.to_json(t)))


def by_hdf5(t):
    h5py = pytest.importorskip("h5py", reason="needs h5py: it is in the extra interchange")
    with h5py.File(io.BytesIO(), "w") as file:
        group = file.create_group("x")
        hdf5.to_hdf5(t, group)
        return hdf5.from_hdf5(group)


def pyarrow():
    return pytest.importorskip("pyarrow", reason="needs pyarrow: it is in the extra interchange")


def through_parquet(columns, file=None):
    table, parquet = pyarrow().table(columns), pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO() if file is None else file
    parquet.write_table(table, file)
    return parquet.read_table(file)


def by_parquet(t):
    pyarrow()
    return arrow.from_arrow(through_parquet({"x": arrow.to_arrow(t, text=is_long(t))})["x"])


def by_ipc(t):
    pa = pyarrow()
    array = arrow.to_arrow(t, text=True)
    batch = pa.record_batch({"x": array})
    sink = pyarrow().BufferOutputStream()
    with pyarrow().ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return arrow.from_arrow(pyarrow().ipc.open_stream(sink.getvalue()).read_all()["x"])


def is_long(t):
    a, b, _ = t.numerators()
    return a.dtype == object or b.dtype == object


FORMATS = {"JSON": by_json, "HDF5": by_hdf5, "Parquet": by_parquet, "Arrow's IPC": by_ipc}


@pytest.mark.parametrize("form", FORMATS)
@given(t=TENSORS, precision=PRECISIONS)
def test_there_and_back(form, t, precision):
    t = ResonantTensor(t, precision=precision)
    same(FORMATS[form](t), t)


@pytest.mark.parametrize("form", FORMATS)
def test_edges(form):
    for shape in ((), (0,), (3, 0), (0, 2), (1, 1, 1)):
        same(FORMATS[form](ResonantTensor.zeros(shape)), ResonantTensor.zeros(shape))
    edges = ResonantTensor([2**63 - 1, -(2**63), 2**53, -(2**53) - 1, 2**53 + 1])
    same(FORMATS[form](edges), edges)
    same(FORMATS[form](edges * PHI / 3), edges * PHI / 3)
    same(FORMATS[form](VERY_LONG), VERY_LONG)
    same(FORMATS[form](ResonantTensor(PHI)), ResonantTensor(PHI))
    strided = ResonantTensor.random_lattice((6, 4), bound=9, seed=1)[::-2, 1:].T
    same(FORMATS[form](strided), strided)


@pytest.mark.parametrize("write", [exact_json.to_json, arrow.to_arrow, polars.to_struct])
def test_flux_is_refused(write):
    with pytest.raises(PhaseError, match=f"{write.__name__}: the tensor must be crystallized"):
        write(ResonantTensor([1]).wake_flux())


# -- JSON ------------------------------------------------------------------------------------


def test_the_text_has_no_number_that_a_double_rounds():
    t = ResonantTensor([2**53, 2**53 + 1, -(2**70)]) + PHI
    data = json.loads(json.dumps(exact_json.to_json(t)))
    assert data["a"] == [2**53, str(2**53 + 1), str(-(2**70))]
    assert all(float(n) == n for n in [*data["a"], *data["b"]] if isinstance(n, int))


GOOD = {"field": "Q(phi)", "shape": [1], "denominator": "1", "a": [1], "b": [2]}


@pytest.mark.parametrize(
    "change",
    [
        {"field": "Q"}, {"shape": None}, {"shape": [2]}, {"shape": [-1, -1]}, {"a": 1},
        {"a": [1.5]},
        {"a": ["1/2"]}, {"a": [True]}, {"a": ["x"]}, {"b": [1, 2]}, {"denominator": "0"},
        {"denominator": "-1"}, {"denominator": 1.0}, {"denominator": "x"}, {"precision": -1},
        {"precision": "x"}, {"shape": ["a"]}, {"a": [None]}, {"a": [[1]]},
    ],
)  # fmt: skip
def test_what_is_no_such_object(change):
    exact_json.from_json(GOOD)
    with pytest.raises(FormatError, match="from_json"):
        exact_json.from_json({**GOOD, **change})


@pytest.mark.parametrize("text", ["", "[", "[]", "1", "{}", b"\xff", "[" * 100_000])
def test_what_is_no_json(text):
    with pytest.raises(FormatError, match="from_json"):
        exact_json.from_json(text)


# -- HDF5 ------------------------------------------------------------------------------------


def test_mode_norms_are_kept_in_hdf5():
    t = ResonantTensor([PHI, 1], precision=7, mode_norm_sq=[3, 4])
    back = by_hdf5(t)
    same(back, t)
    assert back.mode_norm_sq.tolist() == [3.0, 4.0]


def test_other_groups_are_refused():
    h5py = pytest.importorskip("h5py", reason="needs h5py: it is in the extra interchange")
    with h5py.File(io.BytesIO(), "w") as file:
        with pytest.raises(FormatError, match="must have the format"):
            hdf5.from_hdf5(file)
        hdf5.to_hdf5([1, 2], file)
        with pytest.raises(ValueError, match="exist"):
            hdf5.to_hdf5([1, 2], file)
        for name, value in (("version", 2), ("denominator", "0"), ("format", "x")):
            old = file.attrs[name]
            file.attrs[name] = value
            with pytest.raises(FormatError):
                hdf5.from_hdf5(file)
            file.attrs[name] = old
        del file["b"]
        file["b"] = [1, 2, 3]
        with pytest.raises(FormatError, match="one shape"):
            hdf5.from_hdf5(file)


# -- Arrow -----------------------------------------------------------------------------------


def test_the_integers_are_not_copied():
    pyarrow()
    t = ResonantTensor([1, PHI, 7])
    a, b, _ = t.numerators()
    fields = arrow.to_arrow(t).storage.flatten()
    for part, field in zip((a, b), fields, strict=True):
        assert np.shares_memory(part, field.to_numpy())


def test_slices_chunks_and_bare_storage():
    pyarrow()
    t = ResonantTensor([[1, PHI / 7], [2, -3]])
    array = arrow.to_arrow(t)
    assert arrow.from_arrow(array[1:3]).tolist() == [PHI / 7, 2]
    chunks = pyarrow().chunked_array([array[:1], array[1:]])
    assert_exact_equal(arrow.from_arrow(chunks), t)
    assert arrow.from_arrow(array.storage, denominator=7).tolist() == t.ravel().tolist()
    assert arrow.from_arrow(array.storage[1:]).tolist() == (7 * t.ravel()[1:]).tolist()
    assert arrow.from_arrow(pyarrow().array(["1/2 + φ"])).tolist() == [GoldenExact("1/2", 1)]


def test_what_arrow_holds_and_we_do_not():
    pa = pyarrow()
    with pytest.raises(OverflowError, match=r"must fit 64 bits.*pass text=True"):
        arrow.to_arrow([2**63])
    with pytest.raises(ValueError, match="leave denominator out"):
        arrow.from_arrow(arrow.to_arrow([1]), denominator=2)
    struct = [{"a": 1, "b": 2}]
    for array in (
        pa.array([1.5]),
        pa.array([1]),
        pa.array([*struct, None]),
        pa.array([{"a": 1, "b": None}]),
        pa.array([{"a": 1.5, "b": 2}]),
        pa.array([{"a": 1}]),
        pa.array([{"a": 1, "b": 2, "c": 3}]),
    ):
        with pytest.raises(FormatError, match="from_arrow"):
            arrow.from_arrow(array)


# -- polars ----------------------------------------------------------------------------------


@given(resonant_tensors(shape=st.tuples(st.integers(0, 5)), elements=SMALL))
def test_structs_of_polars(t):
    pytest.importorskip("polars", reason="needs polars: it is in the extra interchange")
    assert_exact_equal(polars.from_struct(polars.to_struct(t)), t)


def test_polars_sums_the_fields_exactly():
    pl = pytest.importorskip("polars", reason="needs polars: it is in the extra interchange")
    t = ResonantTensor([PHI / 2, 3, Fraction(1, 3)])
    column = polars.to_struct(t, "x")
    assert column.name == "x"
    a, b = (int(column.struct.field(name).sum()) for name in "ab")
    assert GoldenExact(a, b) / column.struct.field("denominator")[0] == t.sum().item()
    rows = [{"a": 1, "b": 2, "denominator": 3}, {"a": 1, "b": 0, "denominator": 2}]
    assert polars.from_struct(pl.Series(rows)).tolist() == [(1 + 2 * PHI) / 3, Fraction(1, 2)]
    assert pl.Series([PHI]).dtype == pl.Float64  # the warning of the pages
    with pytest.raises(OverflowError, match="64 bits"):
        polars.to_struct([2**63])
    with pytest.raises(ValueError, match="one axis"):
        polars.to_struct([[1]])
    for wrong in ([1], [{"a": 1}], [{"a": 1, "b": None}], [{"a": 1, "b": 0.5}],
                  [{"a": 1, "b": 1, "denominator": 0}], [{"a": 1, "b": 1, "c": 0}]):  # fmt: skip
        with pytest.raises(FormatError, match="from_struct"):
            polars.from_struct(pl.Series(wrong))


# -- pandas ----------------------------------------------------------------------------------

VALUES = [PHI, GoldenExact("1/2"), 3 - PHI, GoldenExact("1/2")]


def test_what_pandas_keeps_exact():
    pd = pytest.importorskip("pandas", reason="needs pandas: it is in the extra interchange")
    s = pd.Series(VALUES, dtype=object)
    t = ResonantTensor(VALUES)
    assert s.sum() == t.sum().item()
    assert s.prod() == t.prod().item()
    assert s.cumsum().tolist() == t.cumsum().tolist()
    assert s.dot(s) == (t @ t).item()
    assert s.diff().tolist()[1:] == np.diff(t).tolist()
    assert s.sort_values().tolist() == t.sort().tolist()
    assert set(s.unique()) == set(t.unique().tolist())
    assert s.value_counts()[GoldenExact("1/2")] == 2
    assert (s.max(), s.min()) == (t.max().item(), t.min().item())
    assert s.rank().tolist() == [4.0, 1.5, 3.0, 1.5]
    groups = pd.DataFrame({"key": [0, 1, 0, 1], "x": s}).groupby("key")["x"].sum()
    assert groups.tolist() == [GoldenExact(3), GoldenExact(1)]
    assert_exact_equal(ResonantTensor(s.to_numpy()), t)
    text = io.StringIO(s.to_csv(index=False))
    assert pd.read_csv(text)["0"].map(GoldenExact.parse).tolist() == VALUES


def test_what_pandas_turns_into_floats():
    pd = pytest.importorskip("pandas", reason="needs pandas: it is in the extra interchange")
    s = pd.Series(VALUES, dtype=object)
    for name in ("mean", "median", "std", "var", "sem"):
        assert isinstance(getattr(s, name)(), float), name
    assert np.mean(ResonantTensor(s.to_numpy())).item() == 1


# -- elsewhere -------------------------------------------------------------------------------

READERS = {
    "JSON": "import json; d = json.load(open(path)); print(d['denominator'], d['a'], d['b'])",
    "HDF5": (
        "import h5py; g = h5py.File(path)['x']\n"
        "print(g.attrs['denominator'], g['a'][()].tolist(), g['b'][()].tolist())"
    ),
    "Parquet": (
        "import pyarrow.parquet as p, json; f = p.read_table(path).schema.field('x')\n"
        "d = json.loads(f.metadata[b'ARROW:extension:metadata'])\n"
        "rows = p.read_table(path)['x'].to_pylist()\n"
        "print(d['denominator'], [r['a'] for r in rows], [r['b'] for r in rows])"
    ),
    "polars": (
        "import polars; rows = polars.read_parquet(path)['x'].to_list()\n"
        "print(7, [r['a'] for r in rows], [r['b'] for r in rows])"
    ),
}


def write(form, t, path):
    if form == "JSON":
        path.write_text(json.dumps(exact_json.to_json(t)))
    elif form == "HDF5":
        h5py = pytest.importorskip("h5py", reason="needs h5py: it is in the extra interchange")
        with h5py.File(path, "w") as file:
            hdf5.to_hdf5(t, file.create_group("x"))
    else:
        pyarrow()
        through_parquet({"x": arrow.to_arrow(t)}, path)


@pytest.mark.parametrize("form", READERS)
def test_a_file_gives_the_integers_where_syntonic_is_absent(form, tmp_path):
    if form == "polars":
        pytest.importorskip("polars", reason="needs polars: it is in the extra interchange")
    path = tmp_path / "file"
    write(form, ResonantTensor([1, PHI / 7, -2]), path)
    script = f"import sys; sys.modules['syntonic'] = None; path = {str(path)!r}\n{READERS[form]}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "7 [7, 0, -14] [0, 1, 0]", done.stderr


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("pyarrow", "arrow.to_arrow([1])"),
        ("h5py", "hdf5.to_hdf5([1], None)"),
        ("polars", "polars.to_struct([1])"),
    ],
)
def test_without_the_package_the_error_names_the_extra(package, call):
    script = (
        f"import sys; sys.modules[{package!r}] = None\nfrom syntonic.interop import *\n"
        "from syntonic.interop import arrow, hdf5, polars\n"
        "from syntonic import BackendUnavailableError\n"
        f"try:\n    {call}\nexcept BackendUnavailableError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install" in done.stdout, done.stderr
    assert package in done.stdout
