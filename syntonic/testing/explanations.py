"""What a failed assertion in a test was about, for pytest: the operands and how they differ.

pytest rewrites a test's assertions, and keeps what it computes on the way in variables of its own,
whose names begin with "@py_assert". So no part of a test runs twice: an operand is a name, or it is
in one of these.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.tensor import ResonantTensor
from syntonic.testing.approximation import Approximation
from syntonic.testing.equality import assert_exact_equal
from syntonic.testing.report import shown

__all__ = ["compared", "explain"]

_MISSING = object()


def compared(left: Any, right: Any) -> list[str] | None:
    """Return the lines for ``left == right``, which is false; None to leave it to pytest."""
    if isinstance(right, Approximation):
        return [f"{left!s} == {right!r}", *right.report(left)]
    if isinstance(left, Approximation):
        return [f"{left!r} == {right!s}", *left.report(right)]
    return _lines(left, right, f"{shown(left)} == {shown(right)}")


def explain(caught: Any) -> None:
    """Add a note to an error of pytest's ExceptionInfo, if its assertion is about tensors."""
    frame = caught.traceback[-1]
    values = {**frame.frame.f_globals, **frame.locals}
    try:
        tree = ast.parse(textwrap.dedent(str(frame.statement)))
    except SyntaxError:
        return
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    match asserts[0] if len(asserts) == 1 else None:
        case ast.Assert(test=ast.Call(func=ast.Attribute(attr="equals"), args=[argument])):
            _explain_equals(caught.value, argument, values)
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])):
            if isinstance(caught.value, ValueError):
                _explain_elementwise(caught.value, left, right, values)


def _explain_equals(error: BaseException, argument: ast.expr, values: Mapping[str, Any]) -> None:
    kept = _kept(values)
    methods = [v for v in kept if getattr(v, "__name__", "") == "equals"]
    owner = getattr(methods[-1], "__self__", None) if methods else None
    if not isinstance(owner, ResonantTensor):
        return
    other = _value(argument, values)
    if other is _MISSING:
        others = [v for v in kept if not callable(v) and v is not False and v is not owner]
        other = others[-1] if others else _MISSING
    _add_note(error, owner, other, "x.equals(y)")


def _explain_elementwise(
    error: ValueError, left: ast.expr, right: ast.expr, values: Mapping[str, Any]
) -> None:
    kept = _kept(values)
    tables = [k for k, v in enumerate(kept) if isinstance(v, np.ndarray) and v.dtype == bool]
    if not tables:
        return
    before, after = kept[: tables[0]], kept[tables[0] + 1 :]
    x, y = _value(left, values), _value(right, values)
    x = before[-1] if x is _MISSING and before else x
    y = after[-1] if y is _MISSING and after else y
    if not any(isinstance(each, ResonantTensor) for each in (x, y)):
        return
    error.add_note("== of tensors is element by element: write assert x.equals(y)")
    _add_note(error, x, y, "x == y")


def _kept(values: Mapping[str, Any]) -> list[Any]:
    """Return pytest's own variables in the order in which they were made, but for texts."""
    prefix = "@py_assert"
    names = [n for n in values if n.startswith(prefix) and n[len(prefix) :].isdigit()]
    numbered = sorted(names, key=lambda name: int(name[len(prefix) :]))
    return [values[n] for n in numbered if values[n] is not None]


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """Return what a name or a literal stands for."""
    if isinstance(node, ast.Name):
        return values.get(node.id, _MISSING)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _MISSING


def _add_note(error: BaseException, x: Any, y: Any, what: str) -> None:
    if x is not _MISSING and y is not _MISSING:
        lines = _lines(x, y, what)
        if lines:
            error.add_note("\n".join(lines))


def _lines(x: Any, y: Any, what: str) -> list[str] | None:
    """Return how two things differ, x and y named as in the report; None where nothing is known."""
    if not any(isinstance(each, (ResonantTensor, GoldenExact)) for each in (x, y)):
        return None
    try:
        assert_exact_equal(x, y)
    except AssertionError as difference:
        text = str(difference).removeprefix("assert_exact_equal: ")
        return [f"{what}:", *text.splitlines()]
    except (TypeError, ValueError):
        return None
    return None
