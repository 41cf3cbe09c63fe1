"""Every writer of the package against everything that can stand at its target."""

import ast
import errno
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import syntonic
from syntonic import PHI, ResonantTensor, plotting
from syntonic.cli import commands, kernels
from syntonic.errors import FormatError
from syntonic.io import Model, save, write
from syntonic.io.files import is_same_file, is_stream, replacing, require_writable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what POSIX has at a path")

ROOT = Path(__file__).resolve().parents[2]
EXACT = ResonantTensor([[0, 0, 1], [PHI, 0, 0], [0, PHI / 2, 0]])
MODEL = Model((), faces=((0, 1, 2),), tensor=EXACT)
ICOSAHEDRON = "OFF\n12 0 0\n" + "".join(
    f"{' '.join(row[k:] + row[:k])}\n"
    for s in ("1", "-1")
    for t in ("1.618034", "-1.618034")
    for row in [["0", s, t]]
    for k in range(3)
)


def recovering(option):
    def run(path):
        source = path.parent / "input.off"
        source.write_text(ICOSAHEDRON)
        status = commands.main(["recover", str(source), option, str(path)])
        source.unlink()
        if status:
            raise OSError(status, "the command line failed", str(path))

    return run


def compiling(path):
    kernels._write(path.parent, path.stem, SimpleNamespace(ptx=b"code", cubin=b"code"))


WRITERS = {
    "replacing": ("a.txt", lambda path: fill(path, b"some bytes")),
    "write OFF": ("a.off", lambda path: write(MODEL, path)),
    "write VEF": ("a.vef", lambda path: write(MODEL, path)),
    "write JSON": ("a.json", lambda path: write(MODEL, path)),
    "save": ("a.npz", lambda path: save(EXACT, path)),
    "plot_model": ("a.png", lambda path: plotting.plot_model(EXACT, MODEL.edges, path, dpi=20)),
    "recover --report": ("a.json", recovering("--report")),
    "recover --vef": ("a.vef", recovering("--vef")),
    "recover --plot": ("a.svg", recovering("--plot")),
}
WITHOUT_SVG = {name: each for name, each in WRITERS.items() if each[0] != "a.svg"}  # has a date
LIBRARY = {name: each for name, each in WRITERS.items() if "recover" not in name}


def fill(path, data):
    with replacing(path) as file:
        file.write(data)


def whole(name, folder):
    """Return what a writer writes where nothing stands in its way."""
    suffix, write_to = WRITERS[name]
    folder.mkdir()
    write_to(folder / suffix)
    assert os.listdir(folder) == [suffix]
    return (folder / suffix).read_bytes()


@contextmanager
def reading(path):
    """Read a FIFO in another thread; what came is in the list after the block."""
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    reader.start()
    yield got
    reader.join(timeout=60)
    assert got


@pytest.mark.parametrize("name", WITHOUT_SVG)
@pytest.mark.parametrize("linked", [False, True])
def test_a_fifo_gets_it_all_and_stays(tmp_path, name, linked):
    suffix, write_to = WRITERS[name]
    expected = whole(name, tmp_path / "aside")
    path = fifo = tmp_path / suffix
    if linked:
        fifo = tmp_path / "fifo"
        path.symlink_to(fifo)
    os.mkfifo(fifo)
    with reading(fifo) as got:
        write_to(path)
    assert got == [expected]
    assert stat.S_ISFIFO(os.lstat(fifo).st_mode)
    assert path.is_symlink() == linked


def node(path, minor):
    """Make a device node in a temporary folder: 3 is null, 7 is full."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        pytest.skip(f"no private device nodes: {error.strerror}")


@pytest.mark.parametrize("name", WRITERS)
def test_a_device_node_stays(tmp_path, name):
    suffix, write_to = WRITERS[name]
    node(tmp_path / suffix, 3)
    write_to(tmp_path / suffix)
    assert stat.S_ISCHR(os.lstat(tmp_path / suffix).st_mode)
    assert os.listdir(tmp_path) == [suffix]


@pytest.mark.parametrize("name", LIBRARY)
def test_a_full_device_is_named(tmp_path, name):
    suffix, write_to = WRITERS[name]
    node(tmp_path / suffix, 7)
    with pytest.raises(OSError, match="space") as caught:
        write_to(tmp_path / suffix)
    assert caught.value.filename == str(tmp_path / suffix)
    assert stat.S_ISCHR(os.lstat(tmp_path / suffix).st_mode)


def test_a_socket_and_a_block_device(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(OSError, match="socket") as caught:
            fill(path, b"data")
    assert caught.value.filename == str(path)
    assert stat.S_ISSOCK(os.lstat(path).st_mode)
    try:
        os.mknod(tmp_path / "block", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
    except OSError as error:
        pytest.skip(f"no private device nodes: {error.strerror}")
    with pytest.raises(FormatError, match="block device"):
        fill(tmp_path / "block", b"data")


@pytest.mark.parametrize("name", WRITERS)
def test_links_are_followed_and_the_mode_is_kept(tmp_path, name):
    suffix, write_to = WRITERS[name]
    target = tmp_path / "real"
    target.write_bytes(b"old")
    target.chmod(0o640)
    (tmp_path / suffix).symlink_to("real")
    write_to(tmp_path / suffix)
    assert (tmp_path / suffix).is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert target.read_bytes() not in (b"", b"old")
    assert sorted(os.listdir(tmp_path)) == [suffix, "real"]


def test_a_link_to_nothing_makes_what_it_names(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/new")
    fill(tmp_path / "link", b"data")
    assert (tmp_path / "there" / "new").read_bytes() == b"data"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        fill(tmp_path / "loop", b"data")


@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("kind", ["a folder", "in no folder", "in a file"])
def test_errors_name_the_target_and_nothing_is_left(tmp_path, name, kind):
    suffix, write_to = WRITERS[name]
    target = tmp_path / suffix
    if kind == "a folder":
        target.mkdir()
    else:
        target = tmp_path / "b" / suffix
        if kind == "in a file":
            (tmp_path / "b").write_bytes(b"a file")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=suffix) as caught:
        write_to(target)
    assert caught.value.filename == str(target)
    assert ".tmp" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.fixture
def ordinary():
    """A folder of somebody who may not write everywhere, as root is turned into."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)


@pytest.mark.parametrize("name", LIBRARY)
def test_what_is_read_only_stays(ordinary, name):
    suffix, write_to = WRITERS[name]
    locked = ordinary / suffix
    locked.write_bytes(b"mine")
    locked.chmod(0o444)
    with pytest.raises(PermissionError) as caught:
        write_to(locked)
    assert caught.value.filename == str(locked)
    assert locked.read_bytes() == b"mine"
    assert os.listdir(ordinary) == [suffix]
    inside = ordinary / "folder" / suffix
    inside.parent.mkdir()
    inside.write_bytes(b"mine")
    inside.parent.chmod(0o555)
    for target in (inside, inside.with_name(f"new.{suffix}")):
        with pytest.raises(PermissionError, match="its folder is read-only") as caught:
            write_to(target)
        assert caught.value.filename == str(target)
    assert os.listdir(inside.parent) == [suffix]
    os.mkfifo(ordinary / f"fifo.{suffix}", 0o444)
    with pytest.raises(PermissionError):
        write_to(ordinary / f"fifo.{suffix}")


def test_recover_refuses_what_is_read_only_before_the_work(ordinary, capsys):
    source, locked = ordinary / "in.off", ordinary / "a.json"
    source.write_text(ICOSAHEDRON)
    locked.write_bytes(b"mine")
    locked.chmod(0o444)
    assert commands.main(["recover", str(source), "--report", str(locked)]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"syntonic: {locked}: Permission denied\n")
    assert locked.read_bytes() == b"mine"


PRINTING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_files import LIBRARY
name, suffix, where = sys.argv[2:]

def written():
    print("before")
    LIBRARY[name][1](Path(suffix))
    print("after", flush=True)

for mode, kept in (("wb", b""), ("ab", b"kept\\n")):
    Path("out").write_bytes(kept)
    if not os.fork():  # what has been imported need not be imported again
        with open("out", mode) as out:
            os.dup2(out.fileno(), 1)
        written()
        os._exit(0)
    assert os.wait()[1] == 0
    os.rename("out", f"out {mode}")
if where != "out":
    written()
"""


def to_stdout(folder, *command, stdout):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *command],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": ""},
        cwd=folder,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize(
    ("name", "where"),
    [
        *[("plot_model", "/dev/stdout"), ("save", "/dev/stdout"), ("save", "out")],
        *[
            pytest.param("save", where, marks=pytest.mark.campaign)
            for where in ("/dev/fd/1", "/proc/self/fd/1")
        ],
    ],
)
def test_standard_output_keeps_what_is_there(tmp_path, name, where):
    """A pipe, a file, a file to which is appended, and a file under its own name."""
    if not (where == "out" or os.path.lexists(where)):
        pytest.skip(f"no {where} here")
    suffix = WRITERS[name][0]
    expected = b"before\n" + whole(name, tmp_path / "aside") + b"after\n"
    (tmp_path / suffix).symlink_to(where)
    code = ("-W", "ignore::DeprecationWarning", "-c", PRINTING)  # of a fork beside threads
    command = (*code, str(Path(__file__).parent), name, suffix, where)
    piped = to_stdout(tmp_path, *command, stdout=subprocess.PIPE)
    assert piped == (b"" if where == "out" else expected)
    assert (tmp_path / "out wb").read_bytes() == expected
    assert (tmp_path / "out ab").read_bytes() == b"kept\n" + expected
    assert sorted(os.listdir(tmp_path)) == sorted(["aside", "out ab", "out wb", suffix])


def test_recover_to_standard_output(tmp_path):
    (tmp_path / "in.off").write_text(ICOSAHEDRON)
    command = ("-m", "syntonic", "recover", "in.off")
    summary = to_stdout(tmp_path, *command, stdout=subprocess.PIPE)
    both = (*command, "--report", "/dev/stdout", "--vef", "/dev/stdout")
    piped = to_stdout(tmp_path, *both, stdout=subprocess.PIPE)
    assert piped.startswith(summary + b'{\n  "basis": "decimals",\n')
    assert piped.endswith(b"\n0\n")
    with (tmp_path / "out").open("wb") as out:
        to_stdout(tmp_path, *both, stdout=out)
    assert (tmp_path / "out").read_bytes() == piped


def test_other_descriptors(tmp_path):
    """/dev/fd/N is written into where it stands, whatever the number."""
    with (tmp_path / "out").open("wb", buffering=0) as out:
        out.write(b"before\n")
        fill(f"/dev/fd/{out.fileno()}", b"data\n")
        out.write(b"after\n")
    assert (tmp_path / "out").read_bytes() == b"before\ndata\nafter\n"
    with pytest.raises(OSError, match="/dev/fd/999999"):
        require_writable("/dev/fd/999999")


def test_a_failure_inside_leaves_everything_as_it_was(tmp_path):
    target, fifo = tmp_path / "a", tmp_path / "fifo"
    target.write_bytes(b"precious")
    os.mkfifo(fifo)
    for path in (target, fifo):  # nobody reads the FIFO: opening it would wait
        with pytest.raises(TypeError), replacing(path) as file:
            file.writelines([b"half", "no bytes"])
    with pytest.raises(FileNotFoundError) as caught, replacing(target) as file:
        Path(tmp_path, "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")
    assert target.read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == ["a", "fifo"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a").write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space") as caught:
        fill(tmp_path / "a", b"data")
    assert caught.value.filename == str(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["a"]


def test_what_killed_writers_left_is_swept_an_hour_later(tmp_path):
    code = (
        "import os, signal, sys\nfrom syntonic.io.files import replacing\n"
        "with replacing('a') as file:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=environment, cwd=tmp_path, timeout=60, check=False)
    (left,) = os.listdir(tmp_path)
    others = [".a.tmp", ".b.0123456789ab.tmp", "a.0123456789ab.tmp", ".a.0123456789abc.tmp"]
    for name in others:
        (tmp_path / name).touch()
    fill(tmp_path / "a", b"data")  # another may be at it just now
    assert sorted(os.listdir(tmp_path)) == sorted(["a", left, *others])
    long_ago = time.time() - 7200
    for name in [left, *others]:
        os.utime(tmp_path / name, (long_ago, long_ago))
    fill(tmp_path / "a", b"data")
    assert sorted(os.listdir(tmp_path)) == sorted(["a", *others])


@pytest.mark.parametrize("name", ["a" * 255, "語" * 85, "\udcff\\*[", "-", " "])
def test_any_name_that_the_system_takes(tmp_path, name):
    fill(tmp_path / name, b"old")
    fill(str(tmp_path / name), b"data")
    assert (tmp_path / name).read_bytes() == b"data"
    assert os.listdir(tmp_path) == [name]


def test_one_of_two_hard_links_is_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    os.link(tmp_path / "a", tmp_path / "b")
    fill(tmp_path / "a", b"new")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"new", b"old")


def test_looking_touches_nothing(tmp_path):
    path = tmp_path / "a"
    require_writable(path)
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"data")
    os.utime(path, (0, 0))
    require_writable(path)
    assert (path.read_bytes(), path.stat().st_mtime) == (b"data", 0)
    with pytest.raises(IsADirectoryError):
        require_writable("")
    assert not is_stream(path)
    assert not is_stream(tmp_path / "no")


def test_which_paths_are_one_file(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "to-new").symlink_to("new")
    assert is_same_file(tmp_path / "a", tmp_path / "link")
    assert is_same_file(tmp_path / "new", tmp_path / "to-new")
    assert is_same_file(tmp_path / "new", tmp_path / "." / "new")
    assert not is_same_file(tmp_path / "a", tmp_path / "new")


WRITING = {"write_text", "write_bytes", "savefig", "save", "savez", "savetxt", "tofile", "mkstemp"}
ELSEWHERE = {
    ("io/files.py", "open"),
    ("io/npz.py", "open"),  # an entry of an archive
    ("plotting/pictures.py", "savefig"),  # into what `replacing` opens
    ("plotting/picture.py", "savefig"),  # into memory
    ("torch/files.py", "save"),  # makes the bytes
    ("flux/cuda/modules.py", "write_bytes"),  # the cache, whose names no user gives
}


def writing_calls(path):
    for call in (node for node in ast.walk(ast.parse(path.read_text())) if type(node) is ast.Call):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        words = [each.value for each in ast.walk(call) if isinstance(each, ast.Constant)]
        modes = [word for word in words if isinstance(word, str) and {*word} <= {*"wxabt+"}]
        if name in WRITING or (name in ("open", "fdopen") and any(modes)):
            yield "open" if name == "fdopen" else name


def test_nothing_in_the_package_writes_by_another_way():
    folder = Path(syntonic.__file__).parent
    found = {
        (path.relative_to(folder).as_posix(), name)
        for path in folder.rglob("*.py")
        for name in writing_calls(path)
    }
    assert found == ELSEWHERE
