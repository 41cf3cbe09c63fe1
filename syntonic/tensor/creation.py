"""``like=`` of NumPy's constructors (NEP 35): ``np.zeros(3, like=t)`` is a tensor of t's phase.

Beside a crystallized tensor it is exact; where integers or booleans are asked for it is their plain
array, as for other results that are no elements of the field. Beside flux it is what NumPy or CuPy
makes, a tensor where that is floating.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np

from syntonic.flux import cupy_forms
from syntonic.flux.device import namespace
from syntonic.lattice import arithmetic
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import carried_by, exact_operand, flux_arguments, wrap
from syntonic.tensor.option_rules import Asked, object_dtype
from syntonic.tensor.options import bound

__all__ = ["COPIES", "EXACT", "FLUX", "created"]

COPIES = frozenset("asanyarray asarray ascontiguousarray asfortranarray require".split())
"""Those that take an array and are functions of tensors as well."""

# From files, bytes and functions come floats, as a rule.
FLUX = frozenset("frombuffer fromfile fromfunction fromiter fromstring genfromtxt loadtxt".split())

_PLACES = {
    **dict.fromkeys("array empty identity ones zeros".split(), 1),
    **dict.fromkeys(COPIES, 1),
    **dict.fromkeys(("eye", "tri", "arange"), 3),
    "full": 2,
}
"""Where dtype= stands among the arguments by position."""


def created(
    like: TensorBase, function: Callable[..., Any], name: str, args: Any, kwargs: Any
) -> Any:
    """Return function(*args, like=like, **kwargs) of a NumPy function that creates arrays.

    It is one of `FLUX` beside flux alone.
    """
    if not like.is_crystallized:
        return _in_flux(like, function, name, args, kwargs)
    args, dtype, kwargs = _with_dtype_apart(name, args, kwargs)
    if dtype is not None and np.dtype(dtype).kind in "iub":
        return function(*args, dtype=dtype, **kwargs)
    object_dtype(dtype, Asked(f"np.{name}", "dtype", None, exact_operand))
    if name in COPIES:
        return _copied(like, function, name, args, kwargs)
    return like._of(EXACT[name](*args, **kwargs), carried_by([like]))


def _in_flux(like: TensorBase, function: Any, name: str, args: Any, kwargs: Any) -> Any:
    args, kwargs = flux_arguments((args, kwargs), like, f"np.{name}")
    array, form = like._data, function
    if not isinstance(array, np.ndarray):
        form = getattr(namespace(array), name, function)
        args, kwargs = _for_cupy(name, array, args, kwargs)
    return wrap(like, cupy_forms.call(form, name, array, args, kwargs), carried_by([like]))


def _for_cupy(name: str, array: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Pass the data by position, on the device, and no device: the array has told which."""
    kwargs = {key: x for key, x in kwargs.items() if key != "device" or x is not None}
    data = kwargs.pop("object" if name == "array" else "a", None) if not args else None
    args = args if data is None else (data,)
    if name in COPIES:
        args = (namespace(array).asarray(args[0]), *args[1:])
    return args, kwargs


def _with_dtype_apart(name: str, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    """Return the arguments before dtype=, what it is, and the rest by name."""
    place = _PLACES[name]
    after = "requirements" if name == "require" else "order"
    named = dict(zip(("dtype", after), args[place:], strict=False)) | kwargs
    dtype = named.pop("dtype", None)
    if dtype is float and name in ("eye", "tri"):  # their default, which NumPy passes on
        dtype = None
    return args[:place], dtype, named


def _copied(like: TensorBase, function: Any, name: str, args: Any, kwargs: Any) -> TensorBase:
    """Return exact data as a tensor; of a tensor, what the function makes of one."""
    data = args[0] if args else kwargs.pop("a")
    carried = data._carried if isinstance(data, TensorBase) else carried_by([like])
    x = exact_operand(data, f"np.{name}")
    _, options = bound(function, name, (x,), kwargs, lambda given, where: given)
    return like._of(x.map(lambda part: function(part, **options)), carried)


def _array(
    object: Any, *, copy: Any = True, order: str | None = "K", subok: bool = False,
    ndmin: int = 0, ndmax: int = 0,
) -> Any:  # fmt: skip
    x = exact_operand(object, "np.array")
    return x.map(lambda part: part.reshape((1,) * (ndmin - part.ndim) + part.shape))


def _counted(function: Any) -> Callable[..., LatticeArray]:
    """Return the form of a constructor of zeros and ones."""
    return lambda *args, **kwargs: as_lattice(function(*args, **kwargs, dtype=np.int8))


def _full(shape: Any, fill_value: Any, order: Any = "C", *, device: Any = None) -> LatticeArray:
    value = exact_operand(fill_value, "np.full")
    wanted = np.empty(shape, bool, order=order, device=device).shape  # NumPy checks them
    return value.map(lambda part: np.array(np.broadcast_to(part, wanted)))


def _arange(start: Any = 0, stop: Any = None, step: Any = 1, *, device: Any = None) -> LatticeArray:
    """Return start + k·step below stop (above it for a negative step), exactly."""
    start, stop = (0, start) if stop is None else (start, stop)
    first, end, by = (exact_operand(x, "np.arange") for x in (start, stop, step))
    length = (end.scalars()[()] - first.scalars()[()]) / by.scalars()[()]
    counts = as_lattice(np.arange(max(ceil(length), 0), device=device))
    return arithmetic.add(first, arithmetic.multiply(by, counts))


EXACT: dict[str, Callable[..., Any]] = {
    **{name: _counted(getattr(np, name)) for name in "eye identity ones tri zeros".split()},
    "arange": _arange,
    "array": _array,
    "empty": _counted(np.zeros),
    "full": _full,
}
"""The exact forms, which take all arguments but dtype and like."""
