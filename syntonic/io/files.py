"""Reading text files line by line, and writing to a path after a look at what stands there."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NoReturn, TypeAlias

from syntonic.errors import FormatError
from syntonic.io.decimals import decimal_fault, plain_minus

__all__ = [
    "Line",
    "coordinates",
    "is_same_file",
    "is_stream",
    "read_bytes",
    "read_lines",
    "replacing",
    "require_writable",
    "split_lines",
    "text_lines",
]

StrPath: TypeAlias = str | os.PathLike[str]

_LARGEST_FILE = 1 << 28
_STALE = 3600.0  # seconds: no file takes so long from one write to the next
_MOST_LINKS = 40
_OWN_DESCRIPTORS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")


@dataclass(frozen=True)
class Line:
    """One line of a file that holds more than a comment: its tokens and where it stands.

    The number is None for a row of a binary file.
    """

    tokens: list[str]
    number: int | None
    path: Path

    def fail(self, rule: str) -> NoReturn:
        """Raise FormatError with the place of this line."""
        raise FormatError(rule, path=self.path, line=self.number)

    def require(self, fault: str | None) -> None:
        """Raise FormatError with the place of this line if there is a fault."""
        if fault is not None:
            self.fail(fault)


def coordinates(line: Line, tokens: list[str]) -> tuple[str, ...]:
    """Return coordinates as plain decimals; the minus sign of print (U+2212) becomes that of ASCII.

    Raises
    ------
    FormatError
        If one is no decimal number; as it stands in the file.
    """
    plain = tuple(map(plain_minus, tokens))
    for token, shown in zip(plain, tokens, strict=True):
        if decimal_fault(token) is not None:
            line.fail(str(decimal_fault(shown) or decimal_fault(token)))
    return plain


def read_bytes(path: Path, *, first: int | None = None) -> bytes:
    """Return the bytes of a regular file, or its first ones.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If it is a directory or a device, or if all of a file of more than 256 MiB is asked for.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise FormatError("must be a regular file, got a directory or a device", path=path)
    if first is not None:
        with path.open("rb") as file:
            return file.read(first)
    if status.st_size > _LARGEST_FILE:
        raise FormatError(f"must have at most {_LARGEST_FILE} bytes; split it", path=path)
    return path.read_bytes()


def read_lines(path: Path) -> list[Line]:
    """Return the lines of a text file that hold more than a comment.

    Raises
    ------
    FormatError
        If there are none, if the file holds a NUL byte, or cannot be read (see `read_bytes`).
    """
    data = read_bytes(path)
    if b"\0" in data:
        raise FormatError("must be a text file, got binary data (a NUL byte)", path=path)
    lines = split_lines(data, path)
    if not lines:
        raise FormatError("must not be empty", path=path)
    return lines


def text_lines(path: Path, *, split: bool = True) -> list[Line]:
    """Return all lines, blank ones too, as their words, or each as a single word.

    Raises
    ------
    FormatError
        As `read_lines`.
    """
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        raise FormatError("must be a text file, got binary data (a NUL byte)", path=path)
    if not data.strip():
        raise FormatError("must not be empty", path=path)
    text = map(_decoded, data.splitlines())
    return [
        Line(row.split() if split else [row], number, path) for number, row in enumerate(text, 1)
    ]


def split_lines(data: bytes, path: Path) -> list[Line]:
    """Split text into lines and tokens, without blank lines and comments (# to the end).

    Lines end in LF, CRLF or CR. Tokens are told apart by ASCII white space alone, so UTF-8 (with
    or without a byte order mark) and Latin-1 are split alike.
    """
    lines = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        tokens = raw.split(b"#", 1)[0].split()
        if tokens:
            lines.append(Line([_decoded(token) for token in tokens], number, path))
    return lines


def _decoded(raw: bytes) -> str:
    """Return bytes as the text that they are in UTF-8, or else in Latin-1, which reads any."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


# -- writing --------------------------------------------------------------------------------


@contextmanager
def replacing(path: StrPath) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    After an error, whatever stood at `path` is untouched.

    Parameters
    ----------
    path
        Nothing or a regular file is replaced; a symbolic link is followed, not replaced. A pipe, a
        character device, a socket, and the file that standard output or standard error goes to
        are written into, in one piece, after what was printed before.

    Raises
    ------
    OSError
        As `require_writable`, or if writing fails; with the name of `path`.
    FormatError
        As `require_writable`.

    Notes
    -----
    The new file stands in the same folder until then, so that the replacement is atomic. It has
    the mode of the old one, and belongs to whoever writes it; of several hard links only the one
    that is named leads to it. What a killed process leaves, `.NAME.RANDOM.tmp`, is removed by the
    next write to the same name that comes an hour later.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "note.txt")
    ...     with replacing(target) as file:
    ...         _ = file.write(b"whole")
    ...     target.read_text()
    'whole'
    """
    name = os.fsdecode(path)
    require_writable(name)
    if is_stream(name):
        held = BytesIO()
        yield held
        _pour(held.getvalue(), name)
        return
    target = Path(os.path.realpath(name))
    stem = os.fsdecode(os.fsencode(f".{target.name}.")[:100])
    _sweep(target.parent, stem)
    temporary = target.with_name(f"{stem}{secrets.token_hex(6)}.tmp")
    try:
        with _naming(name, temporary):
            with temporary.open("xb") as file:
                with suppress(FileNotFoundError):
                    temporary.chmod(target.stat().st_mode & 0o7777)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def require_writable(path: StrPath) -> None:
    """Refuse what `replacing` cannot write to, before there is any work to lose; touch nothing.

    Raises
    ------
    OSError
        If the folder is missing or read-only, or there is a folder or a read-only file.
    FormatError
        If there is a block device.
    """
    name = os.fsdecode(path) or os.curdir
    status = _status(name)
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "must be a file, got a folder", name)
    if status is not None and stat.S_ISBLK(status.st_mode):
        raise FormatError("must be a file or a pipe, got a block device", path=name)
    if is_stream(name):
        number = _descriptor(name)
        with _naming(name):
            if number is not None:
                os.fstat(number)  # is it open?
            elif not _may_write(name):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return
    folder = os.path.dirname(os.path.realpath(name))
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist; make it first", name)
    if status is not None:
        with _naming(name):  # opening is what a shell tries; it also meets locks and mounts
            os.close(os.open(name, os.O_WRONLY))
    if not _may_write(folder):
        raise PermissionError(errno.EACCES, "its folder is read-only", name)


def is_stream(path: StrPath) -> bool:
    """Say whether what is written to a path goes into something open, and replaces nothing."""
    if _descriptor(path) is not None:
        return True
    status = _status(path)
    kinds = (stat.S_ISFIFO, stat.S_ISCHR, stat.S_ISSOCK)
    return status is not None and any(kind(status.st_mode) for kind in kinds)


def is_same_file(one: StrPath, other: StrPath) -> bool:
    """Say whether two paths lead to one file, or would if it were there."""
    try:
        return os.path.samefile(one, other)
    except FileNotFoundError:
        return os.path.realpath(one) == os.path.realpath(other)


def _status(path: StrPath) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _may_write(path: StrPath) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _descriptor(path: StrPath) -> int | None:
    """Return the open descriptor of this process that a path means, as /dev/stdout does.

    A second opening of the same file would write over its beginning. The path is followed link
    by link, because behind /proc/self/fd/1 the name of the file itself comes next.
    """
    own = {os.path.realpath(folder) for folder in _OWN_DESCRIPTORS}
    step = os.fsdecode(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(step)
        folder = os.path.realpath(folder)
        if folder in own and re.fullmatch("[0-9]{1,9}", name):
            return int(name)
        try:
            step = os.path.join(folder, os.readlink(step))
        except OSError:  # the end of the links
            break
    return _standard_stream(path)


def _standard_stream(path: StrPath) -> int | None:
    """Return the descriptor of standard output or standard error, if it goes to this file."""
    for number in (1, 2):
        with suppress(OSError):  # closed
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return number
    return None


def _pour(data: bytes, name: str) -> None:
    """Write into what is open, or opens once, in one piece."""
    with _naming(name):
        number = _descriptor(name)
        if number is None:
            number = os.open(name, os.O_WRONLY)
        else:
            _flush_prints()
            number = os.dup(number)
        with os.fdopen(number, "wb") as file:
            file.write(data)


def _flush_prints() -> None:
    """Let what was printed before go out before."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


@contextmanager
def _naming(name: str, *aliases: Path) -> Iterator[None]:
    """Give errors that name no file, or only one that the user does not know, the user's name."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (None, *map(str, aliases)):
            raise
        raise OSError(error.errno, error.strerror, name) from error


def _sweep(folder: Path, stem: str) -> None:
    """Remove what killed processes left of files of this name."""
    left = re.compile(re.escape(stem) + r"[0-9a-f]{12}\.tmp")
    with suppress(OSError):  # nobody waits for this
        for entry in os.scandir(folder):
            if left.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > _STALE:
                os.unlink(entry.path)
