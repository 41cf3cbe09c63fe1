"""How much a test does: what runs with all tests, what with the campaign, and calls counted.

A clock would measure the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

try:
    from hypothesis import settings
except ImportError:  # on a GPU's machine, which draws no examples
    settings = None

__all__ = ["at_most", "examples", "thinned"]


def examples(most: int) -> Any:
    """Return a decorator for a property that draws so many examples in a campaign, or fewer.

    Elsewhere the profile of tests/conftest.py says which share of a hundred.
    """
    return settings(max_examples=max(10, most * settings.default.max_examples // 100))


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """Return cases for parametrize: the first of so many at once, and the others as a campaign.

    Of a product the values stay in other pairs, if the number shares no divisor with the lengths
    of its factors; all of them do, if enough cases stay.
    """
    return [case if k % every == 0 else _long(case) for k, case in enumerate(cases)]


def _long(case: Any) -> Any:
    """Return a case with the mark of the campaign, beside the marks and the name it has."""
    mark = pytest.mark.campaign
    if hasattr(case, "marks"):
        return pytest.param(*case.values, marks=[*case.marks, mark], id=case.id)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=mark)


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
