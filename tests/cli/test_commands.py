"""The command line: exit codes, one clean line for each failure, never a traceback."""

import io
import json
import os
import shlex
import subprocess
import sys
import threading
from decimal import Decimal
from itertools import combinations, product
from math import isqrt
from pathlib import Path

import pytest
from effort import at_most

import syntonic
from syntonic import GoldenExact
from syntonic.cli import commands, examples, output
from syntonic.constants import PHI_FLOAT as PHI
from syntonic.errors import NotGoldenError
from syntonic.io import Model, read, write

ROOT = Path(__file__).resolve().parents[2]
CELL = ROOT / "examples" / "data" / "120cell-one-decimal.off"


@pytest.fixture
def run(capsys):
    """Call main(); return the exit status, standard output and standard error."""

    def run(*arguments):
        status = commands.main([str(each) for each in arguments])
        return status, *capsys.readouterr()

    return run


def process(*arguments, **options):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [sys.executable, "-m", "syntonic", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, **options)


@pytest.fixture(scope="module")
def solids(tmp_path_factory):
    """Files to recover: an icosahedron with seven decimals, and a 24-cell of irrational scale."""
    folder = tmp_path_factory.mktemp("solids")
    golden = [(0, a, b * PHI) for a in (1, -1) for b in (1, -1)]
    points = [point[k:] + point[:k] for point in golden for k in range(3)]
    write_points(folder / "icosahedron.off", points, 4, "{:.7f}")
    half = 0.5**0.5
    signs = list(product((half, -half), repeat=2))
    points = []
    for i, j in combinations(range(4), 2):
        for s, t in signs:
            points.append([s if k == i else t if k == j else 0 for k in range(4)])
    write_points(folder / "24-cell.off", points, 1, "{:.12f}")
    return folder


def write_points(path, points, edge, form):
    def apart(i, j):
        return sum((x - y) ** 2 for x, y in zip(points[i], points[j], strict=True))

    pairs = combinations(range(len(points)), 2)
    edges = tuple((i, j) for i, j in pairs if abs(apart(i, j) - edge) < 1e-6)
    write(Model(tuple(tuple(form.format(x) for x in p) for p in points), edges=edges), path)


def test_eval(run):
    # φ¹² = F₁₁ + F₁₂φ = 89 + 144φ
    status, out, err = run("eval", "phi^12 - 3/2")
    assert (status, err) == (0, "")
    exact, decimal = out.splitlines()
    assert exact == "175/2 + 144φ"
    root = Decimal(isqrt(5 * 10**80)).scaleb(-40)
    assert abs(Decimal(decimal) - (Decimal(175) / 2 + 72 * (1 + root))) < Decimal("1e-25")
    assert len(decimal.replace(".", "")) == 30


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("-phi", "-φ"),
        ("-1", "-1"),
        ("(1+sqrt5)/2", "φ"),
        ("1/φ", "-1 + φ"),
        ("0", "0"),
        ("--1", "1"),
    ],
)
def test_eval_reads_what_begins_with_a_minus(run, text, exact):
    status, out, _ = run("eval", text)
    assert status == 0
    assert out.splitlines()[0] == exact


@pytest.mark.parametrize("text", ["", "phi +", "1/0", "two", "0.5.5", "phi^phi", "1/(phi^2-phi-1)"])
def test_eval_refuses_in_words(run, text):
    status, out, err = run("eval", text)
    assert (status, out) == (2, "")
    assert err.startswith("syntonic: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["phi^1000000000000", "9" * 100_000, "(" * 100_000])
def test_eval_does_not_hang_on_monsters(run, text):
    with at_most(calls=10**6):
        status, _, err = run("eval", text)
    assert status in (0, 2)
    assert "Traceback" not in err


def test_version(run):
    assert run("--version") == (0, f"syntonic {syntonic.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["recover"],
        ["eval"],
        ["eval", "1", "2"],
        ["recover", CELL, "--decimals", "-1"],
        ["recover", CELL, "--decimals", "many"],
        ["recover", CELL, "--decimals", "9" * 5000],
        ["recover", CELL, "--no-such-option"],
    ],
)
def test_wrong_usage(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("usage: ")


@pytest.mark.parametrize("arguments", [["-h"], ["recover", "-h"], ["eval", "--help"]])
def test_help(run, arguments):
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    assert out.isascii()


def test_every_command_shows_examples_that_it_takes():
    parser = examples.add_examples(commands._parser())
    found = dict(examples.parsers(parser))
    assert set(found) == set(examples.EXAMPLES)
    for words, each in found.items():
        for example in examples.EXAMPLES[words]:
            assert example.startswith(words)
            assert f"\n  syntonic {example}\n" in f"{each.format_help()}\n"
            assert parser.parse_args(shlex.split(example)).run


def test_recover_proves_the_120_cell_from_one_decimal(run, tmp_path):
    report, plot = tmp_path / "report.json", tmp_path / "cell.png"
    status, out, err = run("recover", CELL, "--report", report, "--plot", plot)
    assert (status, err) == (0, "")
    for fact in ("600", "1200", "720", "120"):
        assert fact in out
    assert json.loads(report.read_text())
    assert plot.stat().st_size > 100_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cell.png", "report.json"]


def test_recover_with_decimals(run, solids):
    for arguments in ([], ["--decimals", 7], ["--decimals", 6]):
        status, out, err = run("recover", solids / "icosahedron.off", *arguments)
        assert (status, err) == (0, "")
        assert "12" in out


def test_recover_writes_vef(run, solids, tmp_path):
    exact = tmp_path / "icosahedron.vef"
    status, _, err = run("recover", solids / "icosahedron.off", "--vef", exact)
    assert (status, err) == (0, "")
    model = read(exact)
    assert (len(model.vertices), len(model.edges)) == (12, 30)
    norms = {sum(x * x for x in row) for row in model.tensor.tolist()}
    assert norms == {GoldenExact(2, 1)}
    status, out, err = run("recover", exact, "--vef", tmp_path / "again.vef")
    assert (status, err) == (0, "")
    assert out.startswith("exact")
    assert "30, squared lengths 4 (30)" in out
    assert (tmp_path / "again.vef").read_bytes() == exact.read_bytes()


@pytest.mark.parametrize("suffix", [".off", ".obj", ".stl", ".ply", ".json", ".mesh.json", ".vef"])
def test_recover_writes_any_format(run, tmp_path, suffix):
    source, target = tmp_path / "in.off", tmp_path / f"out{suffix}"
    x = "1.6180339887"
    rows = [f"{x} {x} {x}", f"{x} -{x} -{x}", f"-{x} {x} -{x}", f"-{x} -{x} {x}"]
    source.write_text(
        "\n".join(["OFF", "4 4 6", *rows, "3 0 1 2", "3 0 3 1", "3 0 2 3", "3 1 3 2"])
    )
    status, _, err = run("recover", source, "--out", target)
    assert (status, err) == (0, "")
    model = read(target)
    assert (model.vertex_count, len(model.edges), len(model.faces)) == (4, 6, 4)
    assert {row[0].lstrip("-") for row in model.vertices} == {"1.6180339887498948"}
    assert (model.tensor is not None) == (suffix in (".json", ".mesh.json", ".vef"))


def test_formats_that_cannot_be_written_are_said_first(run, tmp_path):
    for name, rule in (("a.csv", "cannot be written; writable are"), ("a", "cannot be written")):
        status, out, err = run("recover", tmp_path / "missing.off", "--out", tmp_path / name)
        assert (status, out) == (2, "")
        assert rule in err
    path = tmp_path / "points.csv"
    path.write_text("0,1.618034\n1.618034,1\n")
    status, out, err = run("recover", path, "--out", tmp_path / "a.stl")
    assert (status, out.split()[0]) == (2, "proved")
    assert "STL holds faces in space" in err


def test_columns_and_denominators(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n7.123,0.0245156664962,1\n8.456,0.4045084971875,0\n")
    for columns in ("b,c", "2,3"):
        status, out, err = run("recover", path, "--columns", columns)
        assert (status, err) == (0, "")
        assert "as read             2 columns: b, c; left out: a" in out
        assert "common denominator  D = 132" in out
    status, _, err = run("recover", path, "--columns", "b,c", "--max-denominator", 100)
    assert status == 3
    assert "up to 100" in err
    assert "--max-denominator D" in err
    assert run("recover", path, "--columns", "q")[0] == 2
    assert run("recover", path, "--max-denominator", 0)[0] == 2


def test_exact_coordinates_have_no_number_of_decimals(run, tmp_path):
    exact = tmp_path / "a.vef"
    exact.write_text("dimension 1 2 (1,0) 1/3")
    status, out, _ = run("recover", exact)
    assert status == 0
    assert "D = 3" in out
    status, out, err = run("recover", exact, "--decimals", 3)
    assert (status, out) == (2, "")
    assert err == f"syntonic: {exact} has exact coordinates; leave --decimals out\n"


def test_columns_are_told_beside_the_proof(run, solids, tmp_path):
    """What pandas writes by default: a proof in four dimensions would be about other points."""
    path, report = tmp_path / "frame.csv", tmp_path / "report.json"
    rows = read(solids / "icosahedron.off").vertices
    lines = [",".join((str(k), *row)) for k, row in enumerate(rows)]
    path.write_text("\n".join([",x,y,z", *lines]))
    for options in ([], ["--scale-free"]):
        status, out, err = run("recover", path, "--report", report, *options)
        assert (status, err) == (0, "")
        note = "3 columns: x, y, z; left out: (no name)"
        assert f"as read             {note}\ndimension           3\n" in out
        assert json.loads(report.read_text())["notes"] == [note]
    path.write_text("\n".join(lines))
    status, out, _ = run("recover", path)
    assert (status, "the first column counts the rows" in out) == (0, True)
    assert "dimension           4\n" in out


@pytest.mark.parametrize("suffix", ["json", "xyz", "csv"])
def test_recover_reads_other_formats(run, solids, tmp_path, suffix):
    model = read(solids / "icosahedron.off")
    path = tmp_path / f"icosahedron.{suffix}"
    if suffix == "json":
        write(model, path)
    else:
        head, separator = ("12\n\n", " ") if suffix == "xyz" else ("x,y,z\n", ",")
        path.write_text(head + "\n".join(map(separator.join, model.vertices)))
    status, out, err = run("recover", path)
    assert (status, err) == (0, "")
    assert out.startswith("proved")
    assert "squared norms       2 + φ (12)" in out


def test_recover_refuses_another_field_by_name(run, tmp_path):
    (tmp_path / "a.vef").write_text("vZome VEF 6\nfield rootTwo\n0\n")
    status, out, err = run("recover", tmp_path / "a.vef", "--vef", tmp_path / "b.vef")
    assert (status, out) == (2, "")
    assert "a.vef, line 2: " in err
    assert "rootTwo" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.vef"]


def test_recover_refuses_with_reasons(run, solids, tmp_path):
    status, out, err = run("recover", solids / "24-cell.off", "--plot", tmp_path / "a.png")
    assert (status, out) == (3, "")
    assert err.startswith("syntonic: refused: ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.off", None),
        ("empty.off", b""),
        ("binary.off", bytes(range(256)) * 40),
        ("truncated.off", CELL.read_bytes()[:9000]),
        ("nan.off", b"OFF\n1 0 0\n0 0 nan\n"),
        ("unknown.xyz", b"3\n\nC 0 0 0\n"),
    ],
)
def test_recover_on_unusable_files(run, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = run("recover", tmp_path / name)
    assert (status, out) == (2, "")
    assert err.startswith("syntonic: ")
    assert name in err
    assert err.count("\n") == 1


def test_recover_on_a_directory_and_to_an_impossible_place(run, tmp_path):
    status, _, err = run("recover", tmp_path)
    assert (status, err.count("\n")) == (2, 1)
    status, _, err = run("recover", CELL, "--report", tmp_path / "no" / "report.json")
    assert (status, err.count("\n")) == (2, 1)
    status, _, err = run("recover", CELL, "--plot", tmp_path / "picture.off")
    assert (status, err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def places(solids, tmp_path, monkeypatch):
    """A folder with an input that must not be read, since something is wrong with the outputs."""

    def read(path):
        pytest.fail(f"{path} was read before the outputs were looked at")

    monkeypatch.setattr("syntonic.io.read", read)
    monkeypatch.chdir(tmp_path)
    Path("in.off").write_bytes((solids / "icosahedron.off").read_bytes())
    Path("in.json").symlink_to("in.off")
    Path("link.vef").symlink_to("exact.vef")
    Path("folder").mkdir()
    os.link("in.off", "in.vef")
    before = {path: path.lstat() for path in tmp_path.iterdir()}
    yield tmp_path
    assert {path: path.lstat() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--report", "in.off"], "in.off: the name must end in .json, which is what --report"),
        (["--report", "in.json"], "--report and FILE must be two files, got in.json for both"),
        (["--vef", "in.vef"], "--vef and FILE must be two files"),
        (["--report", "one", "--vef", "one"], "--vef and --report must be two files"),
        (["--report", "one", "--vef", "./one"], "--vef and --report must be two files"),
        (["--vef", "one.png", "--plot", "two.png"], "one.png: the name must end in .vef"),
        (["--report", "a.svg", "--plot", "a.svg"], "a.svg: the name must end in .json"),
        (["--vef", "exact.vef", "--report", "link.vef"], "link.vef: the name must end in .json"),
        (["--vef", "exact.off"], "exact.off: the name must end in .vef, which is what --vef"),
        (["--plot", "x.nosuch"], "x.nosuch: a picture must be .png, .svg, .pdf"),
        (["--plot", "x"], "x: a picture must be .png, .svg, .pdf"),
        (["--plot", "in.off"], "in.off: a picture must be"),
        (["--report", "missing/a.json"], "missing/a.json: its folder does not exist"),
        (["--vef", "missing/a.vef"], "missing/a.vef: its folder does not exist"),
        (["--plot", "missing/a.png"], "missing/a.png: its folder does not exist"),
        (["--report", "folder"], "folder: must be a file, got a folder"),
        (["--report", ""], "must be a file, got a folder"),
        (["--report", "in.off/a.json"], "in.off/a.json: Not a directory"),
        (["--scale-free", "--report", "a.json", "--vef", "folder"], "folder: must be a file"),
    ],
)
def test_outputs_are_looked_at_before_the_work(run, places, arguments, says):
    status, out, err = run("recover", "in.off", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("syntonic: ")
    assert says in err
    assert ".tmp" not in err
    assert err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes with names")
def test_recover_to_a_pipe_that_nobody_reads_any_more(run, solids, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR)
    try:  # it holds so much that the writer waits, and then learns that the reader has gone
        timer = threading.Timer(1.0, os.close, [end])
        timer.start()
        os.set_blocking(end, False)
        os.write(end, bytes(1 << 16))
        status, out, err = run("recover", solids / "icosahedron.off", "--report", fifo)
        assert (status, err) == (141, "")
        assert out.startswith("proved")
    finally:
        timer.join()


def test_recover_without_matplotlib_says_so_first(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = run("recover", CELL, "--plot", tmp_path / "a.png")
    assert (status, out) == (2, "")
    assert "pip install matplotlib" in err


def test_the_number_of_decimals_reaches_recover(run, monkeypatch):
    seen = {}

    def fake(model, **options):
        seen.update(options, model=model)
        raise NotGoldenError("for a reason")

    monkeypatch.setattr("syntonic.recovery.recover", fake)
    assert run("recover", CELL, "--decimals", 1) == (3, "", "syntonic: refused: for a reason\n")
    assert seen["decimals"] == 1
    assert seen["progress"] is False
    assert len(seen["model"].vertices) == 600


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, MemoryError])
def test_interruptions_are_tidy(run, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("syntonic.recovery.recover", fail)
    monkeypatch.setattr(commands, "discard", lambda stream: None)
    expected = {KeyboardInterrupt: 130, BrokenPipeError: 141, MemoryError: 2}[error]
    status, out, err = run("recover", CELL)
    assert (status, out) == (expected, "")
    assert err.count("\n") <= 1


def test_an_encoding_without_greek_letters(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert commands.main(["eval", "2 + 3phi"]) == 0
    assert raw.getvalue().startswith(b"2 + 3phi\n")


def test_what_an_encoding_lacks_is_escaped():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    output.write("√5, κ", stream)
    assert raw.getvalue() == b"sqrt5, \\u03ba\n"


def test_as_a_process_and_quickly():
    with process("eval", "φ^2") as command:
        out, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (0, b"")
    assert out.decode().splitlines()[0] == "1 + φ"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away(unbuffered):
    read_end, write_end = os.pipe()
    os.close(read_end)
    environment = {"PYTHONUNBUFFERED": unbuffered}
    with process("eval", "1", stdout=write_end, env=environment) as command:
        os.close(write_end)
        assert command.communicate(timeout=60)[1] == b""
    assert command.returncode == 141


def test_ctrl_c():
    """The signal itself, in a process of its own."""
    code = (
        "import signal, sys, syntonic.io\n"
        "def read(path, columns): signal.raise_signal(signal.SIGINT)\n"
        "syntonic.io.read = read\n"
        "from syntonic.cli import main\n"
        "sys.exit(main(['recover', 'x.off']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"syntonic: interrupted\n"


def test_starting_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from syntonic.cli import main\n"
        "main(['--version'])\n"
        "heavy = {'matplotlib', 'numba', 'sympy', 'flint', 'tqdm', 'hypothesis', 'torch', 'cupy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("eval phi >&-", 0),
        ("eval 1/0 >&-", 2),
        ("eval 1/0 2>&-", 2),
        ("eval 1/0 2>/dev/full", 2),
        ("eval phi >/dev/full", 2),
        ("recover no-such-file 2>&-", 2),
        ("recover no-such-file >&- 2>&-", 2),
        ("kernels list >&-", 0),
    ],
)
def test_closed_and_full_streams_keep_the_status(command, status):
    words = f"{sys.executable} -m syntonic {command}"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


# -- solid -------------------------------------------------------------------------------------
def test_solid_lists_and_writes(run, tmp_path):
    status, out, _ = run("solid", "--list")
    assert status == 0
    assert {"600-cell", "icosahedron", "great dodecahedron"} <= {*out.splitlines()}
    off, vef = tmp_path / "out.off", tmp_path / "out.vef"
    status, out, _ = run("solid", "600-cell", "--off", off, "--vef", vef)
    assert (status, out) == (
        0, "120 vertices, 720 edges, 1200 faces, 600 cells; squared edge length 2 - φ\n"
    )  # fmt: skip
    assert len(read(off).cells) == 600
    assert read(vef).vertex_count == 120
    assert run("solid", "triakis icosahedron")[1].endswith("edges of different lengths\n")


def test_solid_draws(run, tmp_path):
    pytest.importorskip("matplotlib")
    assert run("solid", "icosahedron", "--plot", tmp_path / "out.png")[0] == 0
    assert (tmp_path / "out.png").stat().st_size > 1000


def test_pages_of_solids_and_recoveries(run, solids, tmp_path):
    pytest.importorskip("plotly", reason="could not import plotly: the extra view")
    page = tmp_path / "out.html"
    assert run("solid", "icosahedron", "--html", page)[0] == 0
    assert "12 vertices, 30 edges, 20 faces" in page.read_text("utf-8")
    for file, options, words in (
        (solids / "icosahedron.off", (), "12 vertices, 30 edges. "),
        (solids / "icosahedron.off", ("--hull",), "12 vertices, 30 edges, 20 faces"),
        (solids / "24-cell.off", ("--scale-free",), "24 vertices, 96 edges"),
    ):
        assert run("recover", file, "--html", page, *options)[0] == 0
        assert words in page.read_text("utf-8")
    status, out, error = run("recover", solids / "icosahedron.off", "--html", tmp_path / "a.png")
    assert (status, out) == (2, "")
    assert "a page must be .html" in error


def test_pages_without_plotly_say_so_first(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    for command in (("recover", CELL), ("solid", "cube")):
        status, out, error = run(*command, "--html", tmp_path / "a.html")
        assert (status, out) == (2, "")
        assert "pip install plotly" in error


@pytest.mark.parametrize(("option", "faces"), [("--hull", 12), ("--shortest-edges", 0)])
def test_points_alone_are_joined(run, tmp_path, option, faces):
    """Three decimals of a dodecahedron's vertices, as a paper prints them, to an exact figure."""
    rows = [*product((1, -1), repeat=3)]
    for a, b in product((1 / PHI, -1 / PHI), (PHI, -PHI)):
        rows += [(0, a, b), (a, b, 0), (b, 0, a)]
    points, exact = tmp_path / "points.csv", tmp_path / "exact.vef"
    points.write_text("".join("{:.3f},{:.3f},{:.3f}\n".format(*row) for row in rows))
    status, out, _ = run("recover", points, option, "--vef", exact, "--plot", tmp_path / "a.png")
    assert status == 0
    assert "joined: 20 vertices, 30 edges" in out
    model = read(exact)
    assert (len(model.edges), len(model.faces)) == (30, faces)
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert run("recover", points, "--hull", "--shortest-edges")[0] == 2


def test_points_without_golden_axes_are_not_joined(run, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("".join(f"{x:.9f},{y:.9f}\n" for x, y in product((0, 1), (0, 2**0.5))))
    status, _, error = run("recover", points, "--scale-free", "--hull")
    assert status == 2
    assert "no golden axes of one length are found, so there are no edges to find" in error


@pytest.mark.parametrize(("arguments", "words"), [
    (["icosahedrn"], "did you mean icosahedron"),
    ([], "NAME must be given, or --list"),
    (["cube", "--off", "out.vef"], "must end in .off"),
    (["cube", "--vef", "out.off"], "must end in .vef"),
    (["cube", "--off", "no/such/folder/out.off"], "its folder does not exist"),
])  # fmt: skip
def test_solid_refuses(run, arguments, words):
    status, out, error = run("solid", *arguments)
    assert (status, out) == (2, "")
    assert words in error
    assert error.count("\n") == 1
