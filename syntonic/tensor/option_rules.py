"""The rules by which arguments of NumPy's functions get an exact meaning, or are refused.

A rule takes an argument and what is `Asked`; it returns what the function understands, or raises.
A check looks only.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from syntonic.errors import DeviceError
from syntonic.flux.device import CPU
from syntonic.foreign import ratio
from syntonic.lattice import order
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import exact_operand, replace_tensors

__all__ = [
    "NO_OUT",
    "Asked",
    "Rule",
    "anything",
    "arguments",
    "as_given",
    "as_numpy",
    "axes",
    "axes_of_both",
    "axis",
    "condition",
    "element_type",
    "flag",
    "flag_or_none",
    "integer",
    "layout",
    "mask",
    "nested",
    "no_out",
    "object_dtype",
    "on_cpu",
    "operand",
    "operands",
    "padding",
    "padding_options",
    "path",
    "pieces",
    "rational",
    "read_only",
    "reading_order",
    "requirements",
    "shape",
    "shapes",
    "start",
    "summands",
]

NO_OUT = (
    "{where}: tensors are immutable, so out= is refused; use the returned tensor "
    "(t.at[index].set(value) changes elements)"
)

_LARGEST_AXIS = 1 << 31  # beyond, C has no integer for one
_LARGEST = 1 << 63
_FLATTENING = frozenset(
    f"np.{name}"
    for name in "argpartition argsort concatenate partition sort take_along_axis".split()
)


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


def as_given(value: Any, asked: Asked) -> Any:
    """Pass an argument on; tensors in it are positions or counts."""
    return replace_tensors(value, lambda t: np.asarray(t, dtype=np.int64))


def operand(value: Any, asked: Asked) -> Any:
    return None if value is None else asked.convert(value, asked.name)


def operands(value: Any, asked: Asked) -> Any:
    """Convert each item of a sequence of arrays."""
    if not isinstance(value, (list, tuple, np.ndarray, TensorBase)):
        raise TypeError(asked.must_be("a sequence of arrays", value))
    return [operand(x, asked) for x in value]


def nested(value: Any, asked: Asked) -> Any:
    """Convert the arrays in nested lists."""
    if isinstance(value, list):
        return [nested(x, asked) for x in value]
    return operand(value, asked)


def summands(value: Any, asked: Asked) -> Any:
    """Convert the operands of einsum, which follow the subscripts."""
    return tuple(x if isinstance(x, str) else operand(x, asked) for x in value)


def shapes(value: Any, asked: Asked) -> Any:
    """Replace tensors by arrays of their shapes, for what looks at shapes alone."""
    return replace_tensors(value, lambda t: np.broadcast_to(0, t.shape))


def _index(value: Any, asked: Asked) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(asked.must_be("an integer", value)) from None


def integer(value: Any, asked: Asked) -> Any:
    if value is None and asked.default is None:
        return None
    out = _index(value, asked)
    if not -_LARGEST <= out < _LARGEST:
        raise ValueError(asked.must_be("an integer of at most 64 bits", out))
    return out


def shape(value: Any, asked: Asked) -> Any:
    """Return a length or a tuple of lengths, -1 among them where NumPy takes it."""
    value = as_given(value, asked)
    if value is None or isinstance(value, (int, np.integer)):
        return None if value is None else integer(value, asked)
    if not isinstance(value, (tuple, list, np.ndarray)):
        raise TypeError(asked.must_be("an integer or a tuple of integers", value))
    return tuple(integer(n, asked) for n in value)


def rational(value: Any, asked: Asked) -> Any:
    if not isinstance(value, numbers.Rational):
        raise TypeError(asked.must_be("an exact rational number", value))
    number = Fraction(*map(int, ratio(value)))
    if abs(number) >= _LARGEST:
        raise ValueError(asked.must_be("a number of elements", value))
    return int(number) if number.denominator == 1 else number


def axis(value: Any, asked: Asked) -> Any:
    """Return one axis, or None where NumPy takes it."""
    if value is None and (asked.default is None or asked.where in _FLATTENING):
        return None
    if isinstance(value, bool):
        raise TypeError(asked.must_be("an integer", value))
    axis = _index(value, asked)
    if not -_LARGEST_AXIS <= axis < _LARGEST_AXIS:
        raise np.exceptions.AxisError(asked.must_be("an axis of the array", axis))
    return axis


def axes(value: Any, asked: Asked) -> Any:
    """Return one axis, several or None."""
    if isinstance(value, (tuple, list)):
        return tuple(axis(x, asked) for x in value)
    return axis(value, asked)


def axes_of_both(value: Any, asked: Asked) -> Any:
    """Return the axes of tensordot: how many, or those of each array."""
    if not isinstance(value, (tuple, list, np.ndarray)):
        return integer(value, asked)
    if len(value) != 2:
        raise ValueError(asked.must_be("a number of axes or the axes of both arrays", value))
    return tuple(
        tuple(axis(x, asked) for x in np.ravel(np.asarray(axes, dtype=object))) for axes in value
    )


def flag(value: Any, asked: Asked) -> bool:
    if not isinstance(value, (bool, int, np.bool_, np.integer)):
        raise TypeError(asked.must_be("True or False", value))
    return bool(value)


def flag_or_none(value: Any, asked: Asked) -> bool:
    return value is not None and flag(value, asked)


def start(value: Any, asked: Asked) -> Any:
    """Return where a reduction starts: one exact number, or None at the first element."""
    out = None if value is None else exact_operand(value, asked.name)
    if out is not None and out.ndim:
        raise ValueError(asked.must_be("one exact number", value))
    return out


def mask(value: Any, asked: Asked) -> Any:
    mask = np.asarray(value)
    if mask.dtype != bool:
        raise TypeError(asked.must_be("a boolean array", value))
    return mask


def condition(value: Any, asked: Asked) -> Any:
    """Return where a condition holds: exact numbers hold where they are not zero."""
    return replace_tensors(value, lambda t: order.nonzero(exact_operand(t, asked.name)))


def reading_order(value: Any, asked: Asked) -> str:
    """Return "C" or "F": a tensor has no layout of its own, so "A" and "K" are "C" as well."""
    layout(value, asked)
    letter = "C" if value is None else value.upper()
    if letter == "K" and asked.where == "np.reshape":
        raise ValueError(asked.must_be('"C", "F" or "A"', value))
    return "F" if letter == "F" else "C"


def padding(value: Any, asked: Asked) -> Any:
    if isinstance(value, str) and value == "linear_ramp":
        raise TypeError(
            f"{asked.where}: {asked.key}={value!r} computes in floats; np.concatenate joins an "
            "exact ramp"
        )
    return "constant" if isinstance(value, str) and value == "empty" else value


def padding_options(value: Any, asked: Asked) -> Any:
    return {k: asked.convert(x, asked.name) if k == "constant_values" else x
            for k, x in value.items()}  # fmt: skip


def pieces(value: Any, asked: Asked) -> Any:
    """Convert the numbers among piecewise's functions and numbers."""
    return [x if callable(x) else operand(x, asked)[()] for x in value]


def arguments(value: Any, asked: Asked) -> Any:
    """Pass on what is meant for the caller's own function."""
    return replace_tensors(value, np.asarray)


# -- checks of what changes nothing -------------------------------------------------------


def anything(value: Any, asked: Asked) -> None:
    """Accept an option about what exact tensors do not have, or about the way to a result."""


def object_dtype(value: Any, asked: Asked) -> None:
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


def element_type(value: Any, asked: Asked) -> np.dtype[Any]:
    """Return a dtype that holds exact numbers: object, integers, or whether they are not zero."""
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(asked.must_be("a dtype", value)) from None
    if value is not None and dtype.kind in "iub":
        return dtype
    object_dtype(value, asked)
    return np.dtype(object)


def no_out(value: Any, asked: Asked) -> None:
    if value is not None:
        raise TypeError(NO_OUT.format(where=asked.where))


def on_cpu(value: Any, asked: Asked) -> None:
    if value is not None and value != CPU:
        raise DeviceError(
            f'{asked.where}: exact tensors live on the CPU, so device must be "{CPU}", got '
            f"{_shown(value)}; wake_flux(device) moves floats"
        )


def layout(value: Any, asked: Asked) -> None:
    if value is not None and not (isinstance(value, str) and value.upper() in tuple("CFAK")):
        raise ValueError(asked.must_be('"C", "F", "A" or "K"', value))


def path(value: Any, asked: Asked) -> None:
    if isinstance(value, str) and value not in ("greedy", "optimal"):
        raise ValueError(asked.must_be('True, False, "greedy", "optimal" or a path', value))


def requirements(value: Any, asked: Asked) -> None:
    wanted = [value] if isinstance(value, str) else value or []
    if any(str(x).upper() in ("W", "WRITEABLE") for x in wanted):
        raise TypeError(f"{asked.where}: tensors are immutable, so none is writeable")


def read_only(value: Any, asked: Asked) -> None:
    if value:
        raise TypeError(f"{asked.where}: tensors are immutable, so no view is writeable")


def as_numpy(judge: Callable[[Any], Any]) -> Rule:
    """Return the check that NumPy itself takes a value."""

    def check(value: Any, asked: Asked) -> None:
        try:
            judge(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{asked.where}: {error}") from None

    return check
