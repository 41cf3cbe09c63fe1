"""The arguments of NumPy's functions on exact tensors: one place that binds and normalises them.

Three tables name every parameter of every supported function. `EXACT` gives the rule that turns
an argument into what the function below understands; `NEEDLESS` the check of one that cannot
change an exact result, after which it is left out; `REFUSED` the reason why one must keep its
default. A key is a parameter's name, or "function:parameter" where that function differs; the
methods of all ufuncs are the functions "ufunc.call", "ufunc.reduce" and so on.
"""

from __future__ import annotations

import inspect
import numbers
import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from syntonic.errors import DeviceError
from syntonic.flux.device import CPU
from syntonic.lattice import order
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import exact_operand, replace_tensors

__all__ = [
    "EXACT",
    "NEEDLESS",
    "REFUSED",
    "axis_errors",
    "bound",
    "require_everywhere",
    "signature_of",
    "ufunc_options",
    "without_out",
]

NO_OUT = (
    "{where}: tensors are immutable, so out= is refused; use the returned tensor "
    "(t.at[index].set(value) changes elements)"
)

_ABSENT: Any = np._NoValue  # NumPy's mark of what is not given
_LARGEST_AXIS = 1 << 31  # beyond, C has no integer for one
_LARGEST = 1 << 63


class Asked(NamedTuple):
    """Which argument a rule looks at, and what becomes of operands."""

    where: str
    key: str
    default: Any
    convert: Callable[[Any, str], Any]

    @property
    def name(self) -> str:
        """Both names, for the errors of conversions."""
        return f"{self.where}, {self.key}"

    def must_be(self, rule: str, got: Any) -> str:
        """Return the text that this argument breaks a rule."""
        return f"{self.where}: {self.key} must be {rule}, got {_shown(got)}"


Rule = Callable[[Any, Asked], Any]


def _shown(value: Any) -> str:
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return f"an integer of {value.bit_length()} bits"
    return repr(value) if isinstance(value, (str, int)) else type(value).__name__


# -- rules that give an exact meaning -----------------------------------------------------


def _as_given(value: Any, asked: Asked) -> Any:
    """Pass an argument on; tensors in it are positions or counts."""
    return replace_tensors(value, lambda t: np.asarray(t, dtype=np.int64))


def _operand(value: Any, asked: Asked) -> Any:
    return None if value is None else asked.convert(value, asked.name)


def _operands(value: Any, asked: Asked) -> Any:
    """Convert each item of a sequence of arrays."""
    if not isinstance(value, (list, tuple, np.ndarray, TensorBase)):
        raise TypeError(asked.must_be("a sequence of arrays", value))
    return [_operand(x, asked) for x in value]


def _nested(value: Any, asked: Asked) -> Any:
    """Convert the arrays in nested lists."""
    if isinstance(value, list):
        return [_nested(x, asked) for x in value]
    return _operand(value, asked)


def _summands(value: Any, asked: Asked) -> Any:
    """Convert the operands of einsum, which follow the subscripts."""
    return tuple(x if isinstance(x, str) else _operand(x, asked) for x in value)


def _shapes(value: Any, asked: Asked) -> Any:
    """Replace tensors by arrays of their shapes, for what looks at shapes alone."""
    return replace_tensors(value, lambda t: np.broadcast_to(0, t.shape))


def _index(value: Any, asked: Asked) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(asked.must_be("an integer", value)) from None


def _integer(value: Any, asked: Asked) -> Any:
    if value is None and asked.default is None:
        return None
    out = _index(value, asked)
    if not -_LARGEST <= out < _LARGEST:
        raise ValueError(asked.must_be("an integer of at most 64 bits", out))
    return out


def _shape(value: Any, asked: Asked) -> Any:
    """Return a length or a tuple of lengths, -1 among them where NumPy takes it."""
    value = _as_given(value, asked)
    if value is None or isinstance(value, (int, np.integer)):
        return None if value is None else _integer(value, asked)
    if not isinstance(value, (tuple, list, np.ndarray)):
        raise TypeError(asked.must_be("an integer or a tuple of integers", value))
    return tuple(_integer(n, asked) for n in value)


def _rational(value: Any, asked: Asked) -> Any:
    if not isinstance(value, numbers.Rational):
        raise TypeError(asked.must_be("an exact rational number", value))
    number = Fraction(int(value.numerator), int(value.denominator))
    if abs(number) >= _LARGEST:
        raise ValueError(asked.must_be("a number of elements", value))
    return int(number) if number.denominator == 1 else number


def _axis(value: Any, asked: Asked) -> Any:
    """Return one axis, or None where NumPy takes it."""
    if value is None and (asked.default is None or asked.where in _FLATTENING):
        return None
    if isinstance(value, bool):
        raise TypeError(asked.must_be("an integer", value))
    axis = _index(value, asked)
    if not -_LARGEST_AXIS <= axis < _LARGEST_AXIS:
        raise np.exceptions.AxisError(asked.must_be("an axis of the array", axis))
    return axis


def _axes(value: Any, asked: Asked) -> Any:
    """Return one axis, several or None."""
    if isinstance(value, (tuple, list)):
        return tuple(_axis(x, asked) for x in value)
    return _axis(value, asked)


def _axes_of_both(value: Any, asked: Asked) -> Any:
    """Return the axes of tensordot: how many, or those of each array."""
    if not isinstance(value, (tuple, list, np.ndarray)):
        return _integer(value, asked)
    if len(value) != 2:
        raise ValueError(asked.must_be("a number of axes or the axes of both arrays", value))
    return tuple(
        tuple(_axis(x, asked) for x in np.ravel(np.asarray(axes, dtype=object))) for axes in value
    )


def _flag(value: Any, asked: Asked) -> bool:
    if not isinstance(value, (bool, int, np.bool_, np.integer)):
        raise TypeError(asked.must_be("True or False", value))
    return bool(value)


def _flag_or_none(value: Any, asked: Asked) -> bool:
    return value is not None and _flag(value, asked)


def _start(value: Any, asked: Asked) -> Any:
    """Return where a reduction starts: one exact number, or None at the first element."""
    out = None if value is None else exact_operand(value, asked.name)
    if out is not None and out.ndim:
        raise ValueError(asked.must_be("one exact number", value))
    return out


def _mask(value: Any, asked: Asked) -> Any:
    mask = np.asarray(value)
    if mask.dtype != bool:
        raise TypeError(asked.must_be("a boolean array", value))
    return mask


def _condition(value: Any, asked: Asked) -> Any:
    """Return where a condition holds: exact numbers hold where they are not zero."""
    return replace_tensors(value, lambda t: order.nonzero(exact_operand(t, asked.name)))


def _reading_order(value: Any, asked: Asked) -> str:
    """Return "C" or "F": a tensor has no layout of its own, so "A" and "K" are "C" as well."""
    _layout(value, asked)
    letter = "C" if value is None else value.upper()
    if letter == "K" and asked.where == "np.reshape":
        raise ValueError(asked.must_be('"C", "F" or "A"', value))
    return "F" if letter == "F" else "C"


def _padding(value: Any, asked: Asked) -> Any:
    if isinstance(value, str) and value == "linear_ramp":
        raise TypeError(
            f"{asked.where}: {asked.key}={value!r} computes in floats; np.concatenate joins an "
            "exact ramp"
        )
    return "constant" if isinstance(value, str) and value == "empty" else value


def _padding_options(value: Any, asked: Asked) -> Any:
    return {k: asked.convert(x, asked.name) if k == "constant_values" else x
            for k, x in value.items()}  # fmt: skip


def _pieces(value: Any, asked: Asked) -> Any:
    """Convert the numbers among piecewise's functions and numbers."""
    return [x if callable(x) else _operand(x, asked)[()] for x in value]


def _arguments(value: Any, asked: Asked) -> Any:
    """Pass on what is meant for the caller's own function."""
    return replace_tensors(value, np.asarray)


# -- checks of what changes nothing -------------------------------------------------------


def _anything(value: Any, asked: Asked) -> None:
    """Accept an option about what exact tensors do not have, or about the way to a result."""


def _object_dtype(value: Any, asked: Asked) -> None:
    if value is None:
        return
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(asked.must_be("a dtype", value)) from None
    if dtype.kind != "O":
        raise TypeError(
            f"{asked.where}: exact tensors have dtype object, got dtype {dtype}; "
            "wake_flux(dtype=...) gives floats, np.asarray(t, dtype) an array"
        )


def _no_out(value: Any, asked: Asked) -> None:
    if value is not None:
        raise TypeError(NO_OUT.format(where=asked.where))


def _on_cpu(value: Any, asked: Asked) -> None:
    if value is not None and value != CPU:
        raise DeviceError(
            f'{asked.where}: exact tensors live on the CPU, so device must be "{CPU}", got '
            f"{_shown(value)}; wake_flux(device) moves floats"
        )


def _layout(value: Any, asked: Asked) -> None:
    if value is not None and not (isinstance(value, str) and value.upper() in tuple("CFAK")):
        raise ValueError(asked.must_be('"C", "F", "A" or "K"', value))


def _path(value: Any, asked: Asked) -> None:
    if isinstance(value, str) and value not in ("greedy", "optimal"):
        raise ValueError(asked.must_be('True, False, "greedy", "optimal" or a path', value))


def _requirements(value: Any, asked: Asked) -> None:
    wanted = [value] if isinstance(value, str) else value or []
    if any(str(x).upper() in ("W", "WRITEABLE") for x in wanted):
        raise TypeError(f"{asked.where}: tensors are immutable, so none is writeable")


def _read_only(value: Any, asked: Asked) -> None:
    if value:
        raise TypeError(f"{asked.where}: tensors are immutable, so no view is writeable")


def _as_numpy(judge: Callable[[Any], Any]) -> Rule:
    """Return the check that NumPy itself takes a value."""

    def check(value: Any, asked: Asked) -> None:
        try:
            judge(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{asked.where}: {error}") from None

    return check


# -- the tables ---------------------------------------------------------------------------

_SEVERAL_AXES = (
    "all amax amin any average count_nonzero expand_dims flip "
    "lib.stride_tricks.sliding_window_view max mean median min nanmax nanmean nanmedian nanmin "
    "nanprod nansum nanvar prod ptp roll size squeeze sum trim_zeros ufunc.accumulate "
    "ufunc.reduce var"
).split()
_FLATTENING = frozenset(
    f"np.{name}"
    for name in "argpartition argsort concatenate partition sort take_along_axis".split()
)
_EMPTY = np.empty(1, dtype=object)

EXACT: dict[str, Rule] = {
    **dict.fromkeys(
        "A a a1 a2 a_max a_min append ar ar1 ar2 arr array ary b bins c default element fill_value "
        "filt m max mean min p prepend prototype seq_of_zeros test_elements to_begin to_end v val "
        "values weights x x1 x2 y".split(),
        _operand,
    ),
    **dict.fromkeys("arrays arys choicelist choices ix_:args keys pts tup xi".split(), _operands),
    "broadcast_arrays:args": _operands,
    "block:arrays": _nested,
    "einsum:operands": _summands,
    "einsum_path:operands": _shapes,
    **dict.fromkeys(
        "choose:a condlist func func1d indexing indices indices_or_sections kth mode n obj "
        "pad_width repeats reps shift side sorter trim "
        "einsum_path:optimize einsum_call max_line_width precision suppress_small separator "
        "prefix style formatter threshold edgeitems sign floatmode suffix legacy".split(),
        _as_given,
    ),
    **dict.fromkeys("N decimals diff:n ind k offset polyder:m start".split(), _integer),
    **dict.fromkeys("new_shape newshape shape window_shape".split(), _shape),
    **dict.fromkeys("correction ddof".split(), _rational),
    **dict.fromkeys("axis axis1 axis2 axisa axisb axisc".split(), _axis),
    **dict.fromkeys((f"{name}:axis" for name in _SEVERAL_AXES), _axes),
    **dict.fromkeys("axes destination source".split(), _axes),
    **dict.fromkeys(("tensordot:axes", "linalg.tensordot:axes"), _axes_of_both),
    **dict.fromkeys(
        "assume_unique include_initial increasing invert keepdims return_counts return_index "
        "return_indices return_inverse returned right sparse".split(),
        _flag,
    ),
    "condition": _condition,
    "descending": _flag_or_none,
    "initial": _start,
    "where": _mask,
    "ravel:order": _reading_order,
    "reshape:order": _reading_order,
    "pad:mode": _padding,
    "pad:kwargs": _padding_options,
    "piecewise:funclist": _pieces,
    **dict.fromkeys(
        "apply_along_axis:args apply_along_axis:kwargs piecewise:args piecewise:kw".split(),
        _arguments,
    ),
}

NEEDLESS: dict[str, Rule] = {
    **dict.fromkeys(
        "copy equal_nan isin:assume_unique nan neginf overwrite_input posinf real_if_close:tol "
        "sorted subok".split(),
        _anything,
    ),
    "casting": _as_numpy(lambda value: np.can_cast(object, object, value)),
    "device": _on_cpu,
    "dtype": _object_dtype,
    "isin:kind": _as_numpy(lambda value: np.isin([0], [0], kind=value)),
    "kind": _as_numpy(lambda value: np.sort(_EMPTY, kind=value)),
    "optimize": _path,
    "order": _layout,
    "out": _no_out,
    "requirements": _requirements,
    "stable": _flag_or_none,
    "writeable": _read_only,
    **dict.fromkeys(
        ("argpartition:kind", "partition:kind"),
        _as_numpy(lambda value: np.partition(_EMPTY, 0, kind=value)),
    ),
}

_TOLERANCE = "an exact rank needs no tolerance and no eigenvalues"
_FIELDS = "exact numbers have no fields to sort by"

REFUSED: dict[str, str] = {
    **dict.fromkeys(("tol", "rtol", "hermitian"), _TOLERANCE),
    **dict.fromkeys(
        (f"{name}:order" for name in ("argpartition", "argsort", "partition", "sort")), _FIELDS
    ),
    "like": "a tensor cannot become an array of another kind; np.asarray(t) is an object array",
    "ufunc.call:where": "the other places would hold anything; np.where(mask, f(x), x) sets them",
    "ufunc.call:axes": "np.moveaxis brings the axes to where they are summed",
    **dict.fromkeys(
        ("ufunc.call:sig", "ufunc.call:signature"),
        "an exact operation has one form, not a loop for each type",
    ),
}


# -- binding ------------------------------------------------------------------------------

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
    return _all_ruled(f"ufunc.{method}", where, kwargs)


def require_everywhere(ufunc: np.ufunc, kwargs: dict[str, Any] | None) -> None:
    """Refuse where= of a call in flux as well: without out= it shows memory that nobody wrote."""
    if kwargs and "where" in kwargs:
        ufunc_options(ufunc, "call", {"where": kwargs["where"]})


def _all_ruled(name: str, where: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for key, value in kwargs.items():
        asked = Asked(where, key, True if key == "where" else None, exact_operand)
        ruled = value if value is _ABSENT else _ruled(name, asked, value)
        if ruled is not _ABSENT:
            out[key] = ruled
    return out


def _require_needless(kwargs: dict[str, Any], where: str) -> None:
    for key in _all_ruled("ufunc.call", where, kwargs):
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
    _no_out(given, Asked(f"np.{name}", "out", None, exact_operand))
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
