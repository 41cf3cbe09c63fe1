"""What pytest calls: assertions about tensors and exact numbers explain themselves.

pytest finds this module through the "pytest11" entry point of the installed package. It imports
nothing until an assertion has failed that has to do with this library.
"""

from __future__ import annotations

import sys
from typing import Any

__all__: list[str] = []


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    """Explain ``assert x == y`` where one of them is of this library."""
    if op != "==" or not any(type(x).__module__.startswith("syntonic.") for x in (left, right)):
        return None
    from syntonic.testing import explanations

    return explanations.compared(left, right)


def pytest_runtest_makereport(call: Any) -> None:
    """Explain a failed ``assert t.equals(u)``, and ``assert t == u`` of several elements."""
    caught = call.excinfo
    if caught is None or "syntonic.tensor" not in sys.modules:
        return
    if caught.errisinstance((AssertionError, ValueError)):
        from syntonic.testing import explanations

        explanations.explain(caught)
