"""NumPy's functions on CuPy arrays: our own forms of what CuPy lacks, and one clear refusal.

NumPy hands a function on a CuPy array to CuPy's function of the same name. CuPy 14 lacks some, and
many take fewer arguments. `FORMS` computes the simple ones through other functions of CuPy; what
is left raises `DeviceError`. Nothing is copied to the host.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import numpy as np

from syntonic.errors import DeviceError, ShapeError
from syntonic.flux.device import device_of, is_cuda, namespace

__all__ = ["BY_POSITION", "FORMS", "call", "call_ufunc"]

_REMEDY = 'flux on {device} is computed by CuPy; .to_device("cpu") moves a tensor to NumPy'
_UFUNC_OPTIONS = ("out", "casting", "dtype")


def call(
    function: Callable[..., Any],
    name: str,
    array: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Return function(*args, **kwargs), where `array` is one of the arrays in its arguments.

    Parameters
    ----------
    function, name
        A function of NumPy, and its name after ``numpy.``.
    array
        It decides: NumPy computes what lives on the CPU, CuPy the rest.

    Raises
    ------
    DeviceError
        CuPy has no such function or argument, and there is no form of ours; or an operand is a
        NumPy array.
    """
    if not is_cuda(array):
        return function(*args, **kwargs)
    if name in BY_POSITION:
        args, kwargs = _by_position(function, args, kwargs)
    return _translated(f"np.{name}", FORMS.get(name, function), name, array, args, kwargs)


def call_ufunc(
    ufunc: np.ufunc, method: str, array: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return ufunc(*args, **kwargs), or what a method of it gives; otherwise as `call`."""
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if not is_cuda(array):
        return function(*args, **kwargs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return _translated(name, FORMS.get(name, function), name, array, args, kwargs)


def _translated(
    where: str, form: Callable[..., Any], name: str, array: Any, args: Any, kwargs: Any
) -> Any:
    try:
        return form(*args, **kwargs)
    except (TypeError, NotImplementedError, AttributeError) as error:
        taker = form if name in FORMS else _of_cupy(name, form)
        reason = _refusal(taker, error, array, args, kwargs)
        if reason is None:
            raise
        raise DeviceError(f"{where}: {reason}") from error


def _refusal(taker: Any, error: Exception, array: Any, args: Any, kwargs: Any) -> str | None:
    """Return why CuPy refused a call, or None if the error is the caller's own."""
    device = device_of(array)
    if taker is None:
        return f"CuPy has no such function, and {_REMEDY.format(device=device)}"
    lacking = _lacking(taker, args, kwargs)
    if lacking:
        return f"on CUDA it takes no {lacking}, and {_REMEDY.format(device=device)}"
    if any(isinstance(x, np.ndarray) for x in _leaves((args, kwargs))):
        return (
            f"all operands must be on one device, got {device} and cpu; move a tensor with "
            f'.to_device("{device}"), an array with cupy.asarray(array)'
        )
    if isinstance(error, TypeError):
        return None
    return f"CuPy does not take these arguments ({error}), and {_REMEDY.format(device=device)}"


def _lacking(taker: Any, args: Any, kwargs: Any) -> str:
    """Name the given arguments that a function does not have; empty if it has all."""
    if hasattr(taker, "nin"):  # a ufunc
        return _listed(kwargs, _UFUNC_OPTIONS)
    try:
        signature = inspect.signature(taker)
    except ValueError:  # Cython compiled it
        return ""
    if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
        unknown = _listed(kwargs, signature.parameters)
        if unknown:
            return unknown
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"such arguments ({error})"
    return ""


def _listed(kwargs: dict[str, Any], known: Iterable[str]) -> str:
    return ", ".join(f"{key}=" for key in kwargs if key not in known)


def _of_cupy(name: str, of_numpy: Any) -> Any:
    """Return CuPy's function of a name, or a ufunc's method; None if there is but NumPy's."""
    found: Any = sys.modules["cupy"]
    for part in name.split("."):
        found = getattr(found, part, None)
    return None if found is of_numpy else found


def _leaves(args: Any) -> Iterator[Any]:
    if isinstance(args, (tuple, list)):
        for x in args:
            yield from _leaves(x)
    elif isinstance(args, dict):
        yield from _leaves(tuple(args.values()))
    else:
        yield args


# CuPy has other names for leading arguments of these.
BY_POSITION = frozenset(
    "array_str corrcoef cov delete ediff1d extract fix flip fliplr flipud histogram i0 intersect1d "
    "linalg.matrix_power linalg.matrix_rank reshape rot90 sinc stack union1d".split()
)


def _by_position(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Pass leading keywords by position."""
    args, kwargs = list(args), dict(kwargs)
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    for name in names[len(args) :]:
        if name not in kwargs:
            break
        args.append(kwargs.pop(name))
    return tuple(args), kwargs


# -- functions that CuPy lacks ------------------------------------------------------------


def _block(arrays: Any) -> Any:
    leaves = list(_leaves(arrays))
    like = next(x for x in leaves if is_cuda(x))
    ndim = max(_depth(arrays), *(np.ndim(x) for x in leaves))
    return _joined(arrays, like, ndim, ndim - _depth(arrays))


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays)) if isinstance(arrays, list) else 0


def _joined(arrays: Any, like: Any, ndim: int, axis: int) -> Any:
    if isinstance(arrays, list):
        return np.concatenate([_joined(x, like, ndim, axis + 1) for x in arrays], axis)
    if np.ndim(arrays) == 0 and not is_cuda(arrays):
        # CuPy takes shape=() for no shape at all.
        arrays = np.full_like(like, arrays, dtype=np.asarray(arrays).dtype, shape=(1,) * ndim)
    return arrays.reshape((1,) * (ndim - arrays.ndim) + arrays.shape)


def _einsum_path(*operands: Any, **options: Any) -> Any:
    """Ask NumPy, which looks at the shapes alone."""
    shapes = [np.broadcast_to(0.0, x.shape) if is_cuda(x) else x for x in operands]
    return np.einsum_path(*shapes, **options)


def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """Take from the array and the values end to end, where NumPy puts the positions of both."""
    if is_cuda(obj):
        raise DeviceError(
            f"np.insert: the positions must be on the CPU, got {device_of(obj)}; obj.get() copies "
            "them there"
        )
    if axis is None:
        arr, axis = arr.ravel(), 0
    axis, length, xp = range(arr.ndim)[axis], arr.shape[axis], namespace(arr)
    index = np.arange(length)[obj] if isinstance(obj, slice) else np.asarray(obj)
    if index.dtype == bool:
        index = np.flatnonzero(index)
    if not isinstance(values, np.ndarray):  # one of the host is for CuPy to refuse
        values = xp.asarray(values).astype(arr.dtype)
    values = values.reshape((1,) * (arr.ndim - values.ndim) + values.shape)
    if index.ndim == 0:
        values = np.moveaxis(values, 0, axis)
    new = values.shape[axis] if index.size == 1 else index.size
    values = np.broadcast_to(values, (*arr.shape[:axis], new, *arr.shape[axis + 1 :]))
    places = np.arange(length + new)
    source = np.insert(places[:length], index if index.size else [], places[length:])
    return np.take(np.concatenate([arr, values], axis), xp.asarray(source), axis)


def _outer(x1: Any, x2: Any, /) -> Any:
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            f"np.linalg.outer: both arrays must have one axis, got shapes {x1.shape} and {x2.shape}"
        )
    return np.outer(x1, x2)


def _polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError(f"np.polyder: m must not be negative, got {m}")
    for _ in range(m):
        p = p[:-1] * namespace(p).asarray(np.arange(len(p) - 1, 0, -1))
    return p


def _shifted(shift: Callable[[int], int]) -> Callable[..., Any]:
    def form(x: Any, axes: Any = None) -> Any:
        moved = tuple(range(x.ndim)) if axes is None else tuple(np.atleast_1d(axes).tolist())
        return np.roll(x, tuple(shift(x.shape[i]) for i in moved), moved)

    return form


def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = (np.moveaxis(x, axis, -1) for x in (x1, x2))
    return np.matmul(x1[..., None, :], x2[..., :, None])[..., 0, 0]


# -- arguments that CuPy lacks: hints, or other names for what it has ----------------------


def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: None = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    return np.clip(a, a_min if min is None else min, a_max if max is None else max)


def _choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    if not isinstance(a, np.ndarray):  # one of the host is for CuPy to refuse
        a = namespace(next(filter(is_cuda, _leaves((a, choices))))).asarray(a)
    if isinstance(choices, (list, tuple)):
        choices = np.stack(np.broadcast_arrays(*choices))
    choose: Any = np.choose
    return choose(a, choices, mode=mode)


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    def form(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        correction: float | None = None,
    ) -> Any:
        ddof = ddof if correction is None else correction
        return function(a, axis, dtype, ddof=ddof, keepdims=keepdims)

    return form


def _unique(*args: Any, sorted: bool = True, **options: Any) -> Any:
    return np.unique(*args, **options)


def _histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    return np.histogram2d(x, y, bins, range, density=density, weights=weights)


def _histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    return np.histogramdd(sample, bins, range, density=bool(density), weights=weights)


FORMS: dict[str, Callable[..., Any]] = {
    "block": _block,
    "einsum_path": _einsum_path,
    "fft.fftshift": _shifted(lambda n: n // 2),
    "fft.ifftshift": _shifted(lambda n: -(n // 2)),
    "insert": _insert,
    "linalg.diagonal": lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1),
    "linalg.multi_dot": lambda arrays: reduce(np.dot, arrays),
    "linalg.outer": _outer,
    "linalg.tensordot": lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes),
    "linalg.trace": lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype),
    "linalg.vecdot": _vecdot,
    "matvec": lambda x1, x2, /: np.matmul(x1, x2[..., None])[..., 0],
    "polyder": _polyder,
    "unstack": lambda x, /, *, axis=0: tuple(np.moveaxis(x, axis, 0)),
    "vecdot": _vecdot,
    "vecmat": lambda x1, x2, /: np.matmul(x1[..., None, :], x2)[..., 0, :],
    # CuPy's ufuncs reduce by add and multiply only.
    "add.reduce": lambda a, axis=0, dtype=None, *, keepdims=False: np.sum(
        a, axis, dtype, keepdims=keepdims
    ),
    "multiply.reduce": lambda a, axis=0, dtype=None, *, keepdims=False: np.prod(
        a, axis, dtype, keepdims=keepdims
    ),
    "logical_and.reduce": lambda a, axis=0, *, keepdims=False: np.all(a, axis, keepdims=keepdims),
    "logical_or.reduce": lambda a, axis=0, *, keepdims=False: np.any(a, axis, keepdims=keepdims),
    "maximum.reduce": lambda a, axis=0, *, keepdims=False: np.max(a, axis, keepdims=keepdims),
    "minimum.reduce": lambda a, axis=0, *, keepdims=False: np.min(a, axis, keepdims=keepdims),
    # CuPy's sorts are all stable, and its unique sorts: these arguments only permit less.
    "argpartition": lambda a, kth, axis=-1, kind=None: np.argpartition(a, kth, axis),
    "argsort": lambda a, axis=-1, kind=None, *, stable=None: np.argsort(a, axis),
    "isin": lambda element, test_elements, assume_unique=False, invert=False, *, kind=None: np.isin(
        element, test_elements, assume_unique, invert
    ),
    "partition": lambda a, kth, axis=-1, kind=None: np.partition(a, kth, axis),
    "sort": lambda a, axis=-1, kind=None, *, stable=None: np.sort(a, axis),
    "unique": _unique,
    # The same under another name, in another place, or of another class.
    "add.reduceat": lambda a, indices, axis=0, dtype=None: np.add.reduceat(
        a, namespace(a).asarray(indices), axis, dtype
    ),
    "choose": _choose,
    "clip": _clip,
    "count_nonzero": lambda a, axis=None, *, keepdims=False: np.sum(
        a != 0, axis, keepdims=keepdims
    ),
    "histogram2d": _histogram2d,
    "histogramdd": _histogramdd,
    "lexsort": lambda keys: np.lexsort(keys if is_cuda(keys) else np.stack(keys)),
    "take_along_axis": lambda arr, indices, axis=-1: np.take_along_axis(arr, indices, axis),
    "unravel_index": lambda indices, shape, order="C": np.unravel_index(indices, shape, order),
    **{name: _spread(getattr(np, name)) for name in ("nanstd", "nanvar", "std", "var")},
}
"""Functions, ufuncs and their methods by name, in the arguments that NumPy has and CUDA takes."""
