"""How much a call does, in calls of functions: a clock would measure the machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["at_most"]


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Fail as soon as more functions are called than that, of Python or of C."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")
        if count > calls:
            sys.setprofile(None)
            raise AssertionError(f"more than {calls} calls")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        yield
    finally:
        sys.setprofile(before)
    assert count <= calls  # whoever called may have caught the failure
