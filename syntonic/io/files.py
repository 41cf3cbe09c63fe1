"""Reading text files line by line, and writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from syntonic.errors import FormatError

__all__ = ["Line", "read_bytes", "read_lines", "replacing", "split_lines"]

_LARGEST_FILE = 1 << 28


@dataclass(frozen=True)
class Line:
    """One line of a file that holds more than a comment: its tokens and where it stands."""

    tokens: list[str]
    number: int
    path: Path

    def fail(self, rule: str) -> NoReturn:
        """Raise FormatError with the place of this line."""
        raise FormatError(rule, path=self.path, line=self.number)

    def require(self, fault: str | None) -> None:
        """Raise FormatError with the place of this line if there is a fault."""
        if fault is not None:
            self.fail(fault)


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


def split_lines(data: bytes, path: Path) -> list[Line]:
    """Split text into lines and tokens, without blank lines and comments (# to the end).

    Lines end in LF, CRLF or CR. Only comments may hold anything but ASCII, so UTF-8 (with or
    without a byte order mark) and Latin-1 read alike, and no byte of a token is changed.
    """
    lines = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        tokens = raw.split(b"#", 1)[0].split()
        if tokens:
            lines.append(Line([token.decode("latin-1") for token in tokens], number, path))
    return lines


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    The new file stands in the same folder until then, so that `os.replace` is atomic; after an
    error it is removed, and whatever stood at `path` is untouched. A symbolic link is followed,
    not replaced.

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
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
