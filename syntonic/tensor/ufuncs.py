"""NumPy ufuncs on tensors: what is exact, what is refused and why.

Two disjoint tables cover every ufunc of NumPy. In flux all numeric ones go to NumPy; on
crystallized tensors `EXACT` lists those that stay in the field, `REFUSED` the reasons for others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from syntonic.errors import shown
from syntonic.flux import cupy_forms
from syntonic.lattice import arithmetic, joining, order, products, reductions
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.tensor import exact_functions as ex
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import (
    carried_by,
    exact_operand,
    flux_operand,
    single_phase,
    tensors_in,
    wrap,
)
from syntonic.tensor.options import axis_errors, require_everywhere, ufunc_options
from syntonic.tensor.reasons import Claim, Reason
from syntonic.tensor.specification import elementwise_norms

__all__ = ["EXACT", "REFUSED", "apply", "apply_method", "apply_pair"]


def _power(x: LatticeArray, n: LatticeArray) -> LatticeArray:
    exponents, phi_part, denominator = n.numerators()
    if denominator != 1 or np.any(phi_part != 0):
        raise TypeError(
            "power: exponents must be integers, got another number; powers of a golden number "
            "stay in the field for integers only: wake_flux() computes others in floats"
        )
    return arithmetic.power(x, int(exponents) if exponents.ndim == 0 else exponents)


def _logical(ufunc: np.ufunc, *operands: LatticeArray) -> Any:
    return np.asarray(ufunc(*map(order.nonzero, operands)))


def _constant(value: bool, x: LatticeArray) -> Any:
    return np.full(x.shape, value)


def _divmod(x: LatticeArray, y: LatticeArray) -> tuple[LatticeArray, LatticeArray]:
    quotient = order.floor_divide(x, y)
    return quotient, arithmetic.subtract(x, arithmetic.multiply(y, quotient))


def _modf(x: LatticeArray) -> tuple[LatticeArray, LatticeArray]:
    whole = order.trunc(x)
    return arithmetic.subtract(x, whole), whole


def _fmod(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    return arithmetic.subtract(x, arithmetic.multiply(y, order.trunc(arithmetic.divide(x, y))))


def _signs(x: LatticeArray) -> LatticeArray:
    signs = order.sign(x)
    return LatticeArray.packed(signs, np.zeros_like(signs), bound=1)


def _heaviside(x: LatticeArray, at_zero: LatticeArray) -> LatticeArray:
    signs = order.sign(x)
    step = LatticeArray.packed((signs > 0).astype(np.int64), np.zeros_like(signs), bound=1)
    return joining.where(signs == 0, at_zero, step)


def _copysign(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    size = order.absolute(x)
    return joining.where(order.sign(y) < 0, arithmetic.negative(size), size)


def _ldexp(x: LatticeArray, n: LatticeArray) -> LatticeArray:
    two = lattice_scalar(2).map(lambda part: np.broadcast_to(part, n.shape))
    return arithmetic.multiply(x, _power(two, n))


def _vecdot(
    x: LatticeArray, y: LatticeArray, *, axis: int = -1, keepdims: bool = False
) -> LatticeArray:
    out = ex.vecdot(x, y, axis=axis)
    return out.map(lambda part: np.expand_dims(part, axis)) if keepdims else out


def _matvec(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    column = products.matmul(x, y.map(lambda part: part[..., None]))
    return column.map(lambda part: part[..., 0])


def _vecmat(x: LatticeArray, y: LatticeArray) -> LatticeArray:
    row = products.matmul(x.map(lambda part: part[..., None, :]), y)
    return row.map(lambda part: part[..., 0, :])


EXACT: dict[str, Callable[..., Any]] = {
    "absolute": order.absolute,
    "add": arithmetic.add,
    "ceil": order.ceil,
    "clip": lambda x, low, high: order.minimum(order.maximum(x, low), high),
    "copysign": _copysign,
    "conjugate": arithmetic.positive,  # complex conjugation: every element is real
    "divide": arithmetic.divide,
    "divmod": _divmod,
    "equal": order.equal,
    "fabs": order.absolute,
    "floor": order.floor,
    "floor_divide": order.floor_divide,
    "fmax": order.maximum,
    "fmin": order.minimum,
    "fmod": _fmod,
    "greater": partial(order.compare, ufunc=np.greater),
    "greater_equal": partial(order.compare, ufunc=np.greater_equal),
    "heaviside": _heaviside,
    "imag": ex.zeros_like,
    "isfinite": partial(_constant, True),
    "isinf": partial(_constant, False),
    "isnan": partial(_constant, False),
    "ldexp": _ldexp,
    "less": partial(order.compare, ufunc=np.less),
    "less_equal": partial(order.compare, ufunc=np.less_equal),
    "logical_and": partial(_logical, np.logical_and),
    "logical_not": partial(_logical, np.logical_not),
    "logical_or": partial(_logical, np.logical_or),
    "logical_xor": partial(_logical, np.logical_xor),
    "matmul": products.matmul,
    "matvec": _matvec,
    "maximum": order.maximum,
    "minimum": order.minimum,
    "modf": _modf,
    "multiply": arithmetic.multiply,
    "negative": arithmetic.negative,
    "not_equal": lambda x, y: ~order.equal(x, y),
    "positive": arithmetic.positive,
    "power": _power,
    "real": arithmetic.positive,
    "reciprocal": arithmetic.reciprocal,
    "remainder": order.remainder,
    "rint": order.round_half_even,
    "sign": _signs,
    "signbit": lambda x: order.sign(x) < 0,
    "square": arithmetic.square,
    "subtract": arithmetic.subtract,
    "trunc": order.trunc,
    "vecdot": _vecdot,
    "vecmat": _vecmat,
}

REFUSED: dict[str, Reason] = {
    **dict.fromkeys(
        "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt cos cosh deg2rad degrees exp "
        "exp2 expm1 float_power hypot log log10 log1p log2 logaddexp logaddexp2 rad2deg radians "
        "sin sinh sqrt tan tanh".split(),
        Reason(Claim.LEAVES_FIELD, "wake_flux() computes it in floats"),
    ),
    **dict.fromkeys(
        "bitwise_and bitwise_count bitwise_or bitwise_xor invert left_shift right_shift".split(),
        Reason(Claim.INTEGERS, "np.asarray(t, int) gives integers"),
    ),
    **dict.fromkeys(
        ("gcd", "lcm"),
        Reason(Claim.INTEGERS, "syntonic.integers.gcd takes elements of Z[φ]"),
    ),
    "frexp": Reason(Claim.NOT_WRITTEN, "wake_flux() computes it in floats"),
    **dict.fromkeys(
        ("nextafter", "spacing"), Reason(Claim.FLOAT_FORMAT, "wake_flux() gives floats")
    ),
    "isnat": Reason(Claim.DATES),
    **dict.fromkeys(
        "_center _expandtabs _expandtabs_length _ljust _lstrip_chars _lstrip_whitespace "
        "_partition _partition_index _replace _rjust _rpartition _rpartition_index _rstrip_chars "
        "_rstrip_whitespace _slice _strip_chars _strip_whitespace _zfill count endswith find index "
        "isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper rfind rindex "
        "startswith str_len".split(),
        Reason(Claim.TEXT),
    ),
    "_ones_like": Reason(Claim.REPLACED, "np.ones_like makes ones"),
}

# Those that may reduce several axes at once, by loops over whole arrays.
_REDUCTIONS: dict[str, Callable[..., LatticeArray]] = {
    "add": ex.sum_,
    "fmax": ex.amax,
    "fmin": ex.amin,
    "maximum": ex.amax,
    "minimum": ex.amin,
    "multiply": ex.prod,
}


def apply(ufunc: np.ufunc, inputs: tuple[Any, ...], options: Any = None) -> Any:
    """Return ufunc(*inputs), exact or in flux, by the phase of the tensors among the inputs."""
    name = ufunc.__name__
    tensors = [x for x in inputs if isinstance(x, TensorBase)]
    first = tensors[0]
    if not single_phase(tensors, name):
        flux = tuple([flux_operand(x, first, name) for x in inputs])
        require_everywhere(ufunc, options)
        out = cupy_forms.call_ufunc(ufunc, "__call__", first._data, flux, options or {})
        return _finish(first, tensors, out, name)
    out = _called(ufunc, *(exact_operand(x, name) for x in inputs), options=options)
    return _finish(first, tensors, out, name)


def _called(ufunc: np.ufunc, *operands: LatticeArray, options: Any) -> Any:
    """Return an exact ufunc of its operands, under the options of a call."""
    function = exact(ufunc)
    if not options:
        return function(*operands)
    kept = ufunc_options(ufunc, "call", options)
    known = inspect.signature(function).parameters if kept else kept
    for key in kept:
        if key not in known:
            raise TypeError(f"np.{ufunc.__name__}: there is no argument {key}=")
    return function(*operands, **kept)


def apply_pair(ufunc: np.ufunc, x: TensorBase, y: TensorBase) -> Any:
    """Return ufunc(x, y) of two tensors, at once in the common case of like plain tensors."""
    carried, other = x._carried, y._carried
    if (
        carried.mode_norm_sq is other.mode_norm_sq is None
        and carried.precision == other.precision
        and carried.named == other.named
        and x.is_crystallized
        and y.is_crystallized
    ):
        out = exact(ufunc)(x._data, y._data)
        return x._of(out, carried) if type(out) is LatticeArray else wrap(x, out, carried)
    return apply(ufunc, (x, y))


def apply_method(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return a ufunc's reduce, accumulate, reduceat or outer on tensors.

    Exactly, the options are those of `reduce` (axis, keepdims, initial, where), of `accumulate`
    and `reduceat` (axis) and of a call (outer).
    """
    where = f"{ufunc.__name__}.{method}"
    if method == "at":
        raise TypeError(
            f"{where}: tensors are immutable; t.at[index].set(value) returns a changed one"
        )
    tensors = list(tensors_in(inputs))
    first, carried = tensors[0], carried_by(tensors)
    arrays = 2 if method == "outer" else 1
    if not single_phase(tensors, where):
        flux = tuple([flux_operand(x, first, where) for x in inputs[:arrays]])
        flux += inputs[arrays:]
        if method == "outer":
            require_everywhere(ufunc, kwargs)
        out = cupy_forms.call_ufunc(ufunc, method, first._data, flux, kwargs)
        return wrap(first, out, carried)
    exact(ufunc)
    operands = [exact_operand(x, where) for x in inputs[:arrays]]
    if method != "outer":
        kwargs = ufunc_options(ufunc, method, kwargs)
    with axis_errors(f"np.{where}"):
        out = _EXACT_METHODS[method](ufunc, *operands, *inputs[arrays:], **kwargs)
    return wrap(first, out, carried)


def exact(ufunc: np.ufunc) -> Callable[..., Any]:
    """Return the exact form of a ufunc, or raise TypeError with the reason there is none."""
    try:
        return EXACT[ufunc.__name__]
    except KeyError:
        unknown = "it is unknown here; np.asarray(t) gives an array"
        reason = REFUSED.get(ufunc.__name__, unknown)
        raise TypeError(
            f"{ufunc.__name__}: not defined on crystallized tensors, because {reason}"
        ) from None


def _finish(first: TensorBase, tensors: list[TensorBase], out: Any, where: str) -> Any:
    carried = first._carried.computed() if len(tensors) == 1 else carried_by(tensors)
    if all(t.mode_norm_sq is None for t in tensors) or not hasattr(out, "shape"):
        return wrap(first, out, carried.with_norms(None))
    norms = None if where in _CONTRACTIONS else elementwise_norms(tensors, out.shape, where)
    return wrap(first, out, carried.with_norms(norms))


_CONTRACTIONS = {"matmul", "matvec", "vecmat", "vecdot"}


def _reduce(
    ufunc: np.ufunc,
    x: LatticeArray,
    axis: reductions.Axis = 0,
    keepdims: bool = False,
    **options: Any,
) -> Any:
    name = ufunc.__name__
    if name in _REDUCTIONS:
        return _REDUCTIONS[name](x, axis, keepdims, **options)
    if name in _LOGICAL:
        if options.get("initial") is not None:
            options["initial"] = bool(order.nonzero(options["initial"]))
        return ufunc.reduce(order.nonzero(x), axis=axis, keepdims=keepdims, **options)
    axes = reductions.normalized_axes(axis, x.ndim)
    if len(axes) > 1:
        raise ValueError(
            f"{name}.reduce: the order of axes matters, so axis must be one of them, got "
            f"{len(axes)}"
        )
    for i in axes:
        x = _folded(ufunc, x, i, **options)
    return x.map(lambda part: np.expand_dims(part, axes)) if keepdims else x


def _folded(
    ufunc: np.ufunc,
    x: LatticeArray,
    axis: int,
    initial: LatticeArray | None = None,
    where: Any = None,
) -> LatticeArray:
    """Return the fold of an operation without identity along one axis."""
    _require_binary(ufunc, "reduce")
    name = f"{ufunc.__name__}.reduce"
    if initial is None and where is not None:
        raise ValueError(f"{name}: there is no identity, so where= needs initial= to start from")
    if initial is None and x.shape[axis] == 0:
        raise ValueError(f"{name}: the reduced axis must not be empty, got shape {x.shape}")
    mask = None if where is None else np.broadcast_to(where, x.shape)
    return reductions.fold(EXACT[ufunc.__name__], x, axis, initial, mask)


def _accumulate(ufunc: np.ufunc, x: LatticeArray, axis: reductions.Axis = 0) -> Any:
    name = ufunc.__name__
    if x.ndim == 0:
        raise TypeError(f"{name}.accumulate: the tensor must have an axis, got a 0-d one")
    axes = reductions.normalized_axes(axis, x.ndim)
    if len(axes) != 1:
        raise ValueError(f"{name}.accumulate: axis must be one axis, got {len(axes)}")
    if name in _LOGICAL:
        return ufunc.accumulate(order.nonzero(x), axis=axes[0])
    _require_binary(ufunc, "accumulate")
    if name == "add":
        return reductions.cumsum(x, axes[0])
    if name in _EXTREMES:
        return ex.running(_EXTREMES[name], x, axes[0])
    return reductions.accumulate(EXACT[name], x, axes[0])


def _reduceat(ufunc: np.ufunc, x: LatticeArray, indices: Any, axis: int = 0) -> Any:
    where = f"{ufunc.__name__}.reduceat"
    if x.ndim == 0:
        raise TypeError(f"{where}: the tensor must have an axis, got a 0-d one")
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    starts = _starts(indices, x.shape[axis], where)
    if ufunc.__name__ in _LOGICAL:
        return ufunc.reduceat(order.nonzero(x), starts, axis)
    _require_binary(ufunc, "reduceat")
    if not starts:
        return x.map(lambda part: np.take(part, np.array([], np.intp), axis))
    stops = [*starts[1:], x.shape[axis]]
    rows = x.map(lambda part: np.moveaxis(part, axis, 0))
    parts = [
        _reduce(ufunc, rows[start : max(stop, start + 1)])
        for start, stop in zip(starts, stops, strict=True)
    ]
    return joining.join(lambda *p: np.stack(p, axis=axis), *parts)


def _starts(indices: Any, length: int, where: str) -> list[int]:
    """Return the indices of reduceat as ints; none counts from the end, as in NumPy."""
    array = np.asarray(indices)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{where}: indices must be a sequence of integers, got {indices!r}")
    starts: list[int] = array.tolist()
    for start in starts:
        if not 0 <= start < length:
            raise IndexError(f"{where}: indices must be from 0 to {length - 1}, got {shown(start)}")
    return starts


def _outer(ufunc: np.ufunc, x: LatticeArray, y: LatticeArray, **options: Any) -> Any:
    if ufunc.signature is not None:
        raise TypeError(f"{ufunc.__name__}.outer: the operation must be one of pairs of elements")
    column = x.map(lambda part: part.reshape(x.shape + (1,) * y.ndim))
    return _called(ufunc, column, y, options=options)


_EXACT_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
}

_LOGICAL = frozenset(("logical_and", "logical_or", "logical_xor"))
_EXTREMES = {"fmax": np.maximum, "fmin": np.minimum, "maximum": np.maximum, "minimum": np.minimum}

# The binary operations whose fold along an axis is again a lattice array.
_FOLDABLE = {
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod",
    "maximum", "minimum", "fmax", "fmin",
}  # fmt: skip


def _require_binary(ufunc: np.ufunc, method: str) -> None:
    if ufunc.__name__ not in _FOLDABLE:
        raise TypeError(
            f"{ufunc.__name__}.{method}: not defined on crystallized tensors; it has no exact "
            "running form"
        )
