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

from syntonic.flux import cupy_forms
from syntonic.lattice import arithmetic, joining, order, powers, products
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import lattice_scalar
from syntonic.tensor import on_device
from syntonic.tensor.base import TensorBase
from syntonic.tensor.exact_joining import zeros_like
from syntonic.tensor.exact_norms import hypot, sqrt
from syntonic.tensor.exact_products import vecdot
from syntonic.tensor.operands import (
    carried_by,
    exact_operand,
    flux_operand,
    single_phase,
    wrap,
)
from syntonic.tensor.options import require_everywhere, ufunc_options
from syntonic.tensor.reasons import Claim, Reason
from syntonic.tensor.specification import elementwise_norms

__all__ = ["EXACT", "REFUSED", "apply", "apply_number", "apply_pair", "called", "exact"]


def _power(x: LatticeArray, n: LatticeArray) -> LatticeArray:
    whole = n.is_packed and n.denominator == 1
    exponents, phi_part, denominator = (n.a, n.b, 1) if whole else n.numerators()
    if denominator != 1 or phi_part.any():
        raise TypeError(
            "power: exponents must be integers, got another number; powers of a golden number "
            "stay in the field for integers only: wake_flux() computes others in floats"
        )
    if exponents.ndim == 0:
        return powers.by_squaring(x, int(exponents))
    return powers.power(x, exponents)


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
    out = vecdot(x, y, axis=axis)
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
    "hypot": hypot,
    "imag": zeros_like,
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
    "sqrt": sqrt,
    "square": arithmetic.square,
    "subtract": arithmetic.subtract,
    "trunc": order.trunc,
    "vecdot": _vecdot,
    "vecmat": _vecmat,
}

_AT_ONCE: dict[np.ufunc, Callable[..., Any]] = {
    ufunc: EXACT[ufunc.__name__] for ufunc in (np.add, np.subtract, np.multiply, np.divide)
}
"""Those of the operators that are called most, found without their names."""

REFUSED: dict[str, Reason] = {
    **dict.fromkeys(
        "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt cos cosh deg2rad degrees exp "
        "exp2 expm1 float_power log log10 log1p log2 logaddexp logaddexp2 rad2deg radians "
        "sin sinh tan tanh".split(),
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
    if on_device.among(tensors):
        return _finish(first, tensors, on_device.applied(name, inputs, options), name)
    out = called(ufunc, *(exact_operand(x, name) for x in inputs), options=options)
    return _finish(first, tensors, out, name)


def called(ufunc: np.ufunc, *operands: LatticeArray, options: Any) -> Any:
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
    a, b, carried, other = x._data, y._data, x._carried, y._carried
    if (
        type(a) is type(b) is LatticeArray
        and carried.mode_norm_sq is other.mode_norm_sq is None
        and (carried is other or carried == other)
    ):
        form = _AT_ONCE.get(ufunc) or exact(ufunc)
        out = form(a, b)
        return x._of(out, carried) if type(out) is LatticeArray else wrap(x, out, carried)
    return apply(ufunc, (x, y))


def apply_number(ufunc: np.ufunc, tensor: TensorBase, x: Any, y: Any) -> Any:
    """Return ufunc(x, y) of a tensor and a number, at once where the tensor is a plain one."""
    data, carried = tensor._data, tensor._carried
    if type(data) is not LatticeArray or carried.mode_norm_sq is not None:
        return apply(ufunc, (x, y))
    form = _AT_ONCE.get(ufunc) or exact(ufunc)
    out = form(data, lattice_scalar(y)) if x is tensor else form(lattice_scalar(x), data)
    return tensor._of(out, carried) if type(out) is LatticeArray else wrap(tensor, out, carried)


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
