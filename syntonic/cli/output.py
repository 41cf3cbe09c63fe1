"""What the commands print, on streams that may be closed, lack letters, or lose their reader."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["discard", "fail", "flush", "say", "write"]


def say(text: str) -> None:
    """Print on the standard output."""
    write(text, sys.stdout)


def write(text: str, stream: Any) -> None:
    """Print, if the stream was not closed; where it has no Greek letters, escape what it lacks."""
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("φ", "phi").replace("√", "sqrt").replace("²", "^2")
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, file=stream)


def flush(stream: Any) -> None:
    """Flush a stream that was not closed."""
    if stream is not None:
        stream.flush()


def discard(stream: Any) -> None:
    """Give a stream whose reader has gone somewhere to go: Python flushes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def fail(message: str, status: int) -> int:
    """Say why on the error stream, if anybody can read it; return the status."""
    try:
        write(f"syntonic: {message}", sys.stderr)
    except OSError:
        discard(sys.stderr)
    return status
