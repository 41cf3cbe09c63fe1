"""The arguments of NumPy's functions on exact tensors: one place that binds and normalises them.

The rules are those of `option_tables`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from syntonic.tensor.operands import exact_operand
from syntonic.tensor.option_rules import Asked, Rule, no_out
from syntonic.tensor.option_tables import EXACT, NEEDLESS, REFUSED

__all__ = [
    "axis_errors",
    "bound",
    "require_everywhere",
    "ruled",
    "signature_of",
    "ufunc_options",
    "without_out",
]

_ABSENT: Any = np._NoValue  # NumPy's mark of what is not given

# What NumPy wrote in C had no signature before 2.4.
_SIGNATURES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(
        ("asanyarray", "asarray"),
        lambda a, dtype=None, order=None, *, device=None, copy=None, like=None: None,
    ),
    **dict.fromkeys(
        ("ascontiguousarray", "asfortranarray"), lambda a, dtype=None, *, like=None: None
    ),
    "concatenate": lambda arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    "dot": lambda a, b, out=None: None,
    "empty_like": (
        lambda prototype, /, dtype=None, order="K", subok=True, shape=None, *, device=None: None
    ),
    "inner": lambda a, b, /: None,
    "lexsort": lambda keys, axis=-1: None,
    "vdot": lambda a, b, /: None,
    "where": lambda condition, x=None, y=None, /: None,
}


@cache
def signature_of(function: Callable[..., Any], name: str) -> inspect.Signature:
    """Return the signature of a NumPy function; of one that hides it, that it takes anything."""
    try:
        return inspect.signature(function)
    except ValueError:
        return inspect.signature(_SIGNATURES.get(name, lambda *args, **kwargs: None))


def bound(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    convert: Callable[[Any, str], Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of an exact call, each as its rule makes it.

    Parameters
    ----------
    function, name
        A supported function of NumPy, and its name after ``numpy.``.
    convert
        What an operand becomes, called with the operand and its name for errors.

    Raises
    ------
    TypeError, ValueError, DeviceError
        An argument has no exact meaning, or breaks its rule.
    """
    plan = _plan(function, name, convert)
    arguments = plan.placed(args, kwargs)
    if arguments is None:
        arguments = _bound_slowly(signature_of(function, name), plan.where, args, kwargs)
    for key, value in arguments.items():
        if value is not _ABSENT:
            arguments[key] = plan.ruled(key, value)
    return plan.call(arguments)


def _bound_slowly(
    signature: inspect.Signature, where: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Bind any number of arguments, or raise where they do not fit."""
    try:
        return signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        for key in kwargs:
            if key not in signature.parameters:
                raise TypeError(f"{where}: there is no argument {key}=") from None
        raise TypeError(f"{where}: {error}") from None


class _Plan:
    """What binding asks of a function's signature, looked up once for each function."""

    def __init__(self, function: Callable[..., Any], name: str, convert: Any) -> None:
        self.where, self._name, self._convert = f"np.{name}", name, convert
        self._parameters = signature_of(function, name).parameters
        every = self._parameters.values()
        self._several = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in every)
        by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self._positional = tuple(p.name for p in every if p.kind in by_position)
        self._by_name = frozenset(p.name for p in every if p.kind is not p.POSITIONAL_ONLY)
        self._required = tuple(p.name for p in every if p.default is p.empty)
        self._rules: dict[str, tuple[Rule, Asked]] = {}

    def placed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """Return the arguments by name; None where there may be any number, or they do not fit."""
        if self._several or len(args) > len(self._positional):
            return None
        arguments = dict(zip(self._positional, args, strict=False))
        if not kwargs.keys() <= self._by_name or not arguments.keys().isdisjoint(kwargs):
            return None
        arguments.update(kwargs)
        return arguments if all(key in arguments for key in self._required) else None

    def ruled(self, key: str, value: Any) -> Any:
        """Return an argument as its rule makes it, `_ABSENT` if it changes nothing."""
        parameter = self._parameters[key]
        if parameter.kind is parameter.VAR_KEYWORD and f"{self._name}:{key}" not in EXACT:
            _require_needless(value, self.where)  # np.clip and np.einsum pass them to ufuncs
            return _ABSENT
        if key not in self._rules:
            asked = Asked(self.where, key, parameter.default, self._convert)
            self._rules[key] = _rule_of(self._name, asked), asked
        rule, asked = self._rules[key]
        return rule(value, asked)

    def call(self, arguments: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return arguments by position, up to the first that is absent, and the rest by name."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        gap = False
        for key, parameter in self._parameters.items():
            value = arguments.get(key, _ABSENT)
            if parameter.kind is parameter.VAR_POSITIONAL:
                args += () if value is _ABSENT else value
            elif value is _ABSENT:
                gap = True
            elif parameter.kind is parameter.VAR_KEYWORD:
                kwargs |= value
            elif gap or parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[key] = value
            else:
                args.append(value)
        return tuple(args), kwargs


_plan = cache(_Plan)


def ufunc_options(ufunc: np.ufunc, method: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the options of an exact call of a ufunc (method "call") or of a method of it."""
    where = f"np.{ufunc.__name__}" + ("" if method == "call" else f".{method}")
    return ruled(f"ufunc.{method}", where, kwargs)


def require_everywhere(ufunc: np.ufunc, kwargs: dict[str, Any] | None) -> None:
    """Refuse where= of a call in flux as well: without out= it shows memory that nobody wrote."""
    if kwargs and "where" in kwargs:
        ufunc_options(ufunc, "call", {"where": kwargs["where"]})


def ruled(name: str, where: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return options by name, each as its rule makes it."""
    out = {}
    for key, value in kwargs.items():
        asked = Asked(where, key, True if key == "where" else None, exact_operand)
        kept = value if value is _ABSENT else _ruled(name, asked, value)
        if kept is not _ABSENT:
            out[key] = kept
    return out


def _require_needless(kwargs: dict[str, Any], where: str) -> None:
    for key in ruled("ufunc.call", where, kwargs):
        raise TypeError(f"{where}: there is no argument {key}=")


@contextmanager
def axis_errors(where: str) -> Iterator[None]:
    """Put the name of the function before NumPy's text about an axis."""
    try:
        yield
    except np.exceptions.AxisError as error:
        text = str(error)
        if text.startswith(where):
            raise
        raise np.exceptions.AxisError(f"{where}: {text}") from None


def without_out(
    function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the options without ``out=None``; refuse another out, by position as well."""
    place = _place_of_out(function, name)
    given = args[place] if place < len(args) else kwargs.get("out")
    no_out(given, Asked(f"np.{name}", "out", None, exact_operand))
    return {key: x for key, x in kwargs.items() if key != "out"}


@cache
def _place_of_out(function: Callable[..., Any], name: str) -> int:
    """Return where out= stands among the arguments by position; beyond all if it does not."""
    for place, parameter in enumerate(signature_of(function, name).parameters.values()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.KEYWORD_ONLY):
            break
        if parameter.name == "out":
            return place
    return sys.maxsize


def _ruled(name: str, asked: Asked, value: Any) -> Any:
    """Return an argument as its rule makes it, `_ABSENT` if it changes nothing."""
    return _rule_of(name, asked)(value, asked)


def _rule_of(name: str, asked: Asked) -> Rule:
    for key in (f"{name}:{asked.key}", asked.key):
        if key in EXACT:
            return EXACT[key]
        if key in NEEDLESS:
            return _needless(NEEDLESS[key])
        if key in REFUSED:
            return _refused(REFUSED[key])
    raise TypeError(f"{asked.where}: there is no argument {asked.key}= for exact tensors")


def _needless(check: Rule) -> Rule:
    def rule(value: Any, asked: Asked) -> Any:
        check(value, asked)
        return _ABSENT

    return rule


def _refused(reason: str) -> Rule:
    def rule(value: Any, asked: Asked) -> Any:
        if value is None or value is False or value is asked.default:
            return _ABSENT
        raise TypeError(f"{asked.where}: {asked.key}= is refused, because {reason}")

    return rule
