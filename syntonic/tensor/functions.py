"""NumPy's array functions on tensors: tables that together name every one of them.

`EXACT` maps a function to its exact form; `MOVES` names those that move elements, `BY_OBJECTS`
those that NumPy's own code computes exactly on object arrays of GoldenExact; `REFUSED` gives the
reason for each other one. Their arguments pass through `options`. `ANSWERS` are those that ask
about dtypes and memory, `CREATED` those that take a tensor as ``like=``. In flux
everything goes to NumPy, on CUDA to CuPy or a form of ours (`flux.cupy_forms`), except what writes
into its arguments. Names are dotted as after ``numpy.``; some exist only in newer releases of
NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.flux import cupy_forms
from syntonic.flux.device import flux_result, to_host
from syntonic.lattice.convert import as_lattice
from syntonic.tensor import creation, on_device, options
from syntonic.tensor.base import TensorBase
from syntonic.tensor.exact_functions import EXACT
from syntonic.tensor.operands import (
    carried_by,
    exact_operand,
    flux_arguments,
    replace_tensors,
    single_phase,
    tensors_in,
    wrap,
)
from syntonic.tensor.questions import ANSWERS
from syntonic.tensor.reasons import Claim, Reason
from syntonic.tensor.specification import Carried

__all__ = [
    "ANSWERS",
    "BY_OBJECTS",
    "CREATED",
    "EXACT",
    "MOVES",
    "REFUSED",
    "REFUSED_MODULES",
    "call",
    "name_of",
    "reason_of",
]

# One array in, its elements moved: the same on a and b, and on the mode norms.
MOVES = frozenset(
    "asanyarray asarray ascontiguousarray asfortranarray broadcast_to copy delete diag diagflat "
    "diagonal expand_dims fft.fftshift fft.ifftshift flip fliplr flipud "
    "lib.stride_tricks.sliding_window_view linalg.diagonal linalg.matrix_transpose "
    "matrix_transpose moveaxis ravel real repeat reshape resize roll rollaxis rot90 squeeze "
    "swapaxes take take_along_axis tile transpose tril triu".split()
)

CREATED = frozenset((*creation.EXACT, *creation.COPIES, *creation.FLUX))

# What calls the caller's own functions, or looks at shapes alone.
BY_OBJECTS = frozenset(("apply_along_axis", "apply_over_axes", "einsum_path"))


def _as_objects(x: Any, where: str) -> Any:
    return exact_operand(x, where).scalars()


# What an operand becomes for each supported function.
_FORMS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(MOVES, lambda x, where: x),
    **dict.fromkeys(EXACT, exact_operand),
    **dict.fromkeys(BY_OBJECTS, _as_objects),
}

_FLOATS = Reason(Claim.LEAVES_FIELD, "wake_flux() computes it in floats")
_AFTER_FLUX = Reason(Claim.NOT_WRITTEN, "wake_flux() computes it in floats")
_WRITES = Reason(Claim.WRITES, "t.at[index].set(value)")
_CREATES = Reason(Claim.CREATES, "use the constructors of ResonantTensor")
_EQUAL = Reason(Claim.TOLERANCE, "use == or .equals(), or wake_flux()")

REFUSED: dict[str, Reason] = {
    **dict.fromkeys(
        "bincount packbits unpackbits ravel_multi_index unravel_index".split(),
        Reason(Claim.INTEGERS, "np.asarray(t, int) gives integers"),
    ),
    **dict.fromkeys(
        "histogram histogram2d histogram_bin_edges histogramdd".split(),
        Reason(Claim.NOT_WRITTEN, "np.digitize finds each element's bin by exact comparison"),
    ),
    **dict.fromkeys(
        "cov gradient interp nanpercentile nanquantile percentile polydiv polyfit polyint quantile "
        "trapezoid".split(),
        _AFTER_FLUX,
    ),
    "linalg.lstsq": Reason(
        Claim.NOT_WRITTEN, "linalg.solve(x.T @ x, x.T @ y) is exact where the columns of x are free"
    ),
    "linalg.pinv": Reason(
        Claim.NOT_WRITTEN, "linalg.inv(x.T @ x) @ x.T is exact where the columns of x are free"
    ),
    **dict.fromkeys(
        "angle corrcoef i0 linalg.cholesky linalg.cond linalg.eig linalg.eigh linalg.eigvals "
        "linalg.eigvalsh linalg.qr linalg.svd linalg.svdvals "
        "lib.scimath.arccos lib.scimath.arcsin lib.scimath.arctanh "
        "lib.scimath.log lib.scimath.log10 lib.scimath.log2 lib.scimath.logn lib.scimath.sqrt "
        "nanstd roots sinc std unwrap".split(),
        _FLOATS,
    ),
    "lib.scimath.power": Reason(Claim.LEAVES_FIELD, "np.power is exact for integer exponents"),
    "linalg.slogdet": Reason(Claim.LEAVES_FIELD, "np.linalg.det is exact"),
    "sort_complex": Reason(Claim.COMPLEX, "np.sort is exact"),
    **dict.fromkeys("copyto fill_diagonal place put put_along_axis putmask".split(), _WRITES),
    **dict.fromkeys(
        "busday_count busday_offset datetime_as_string is_busday".split(), Reason(Claim.DATES)
    ),
    **dict.fromkeys(("allclose", "isclose"), _EQUAL),
    **dict.fromkeys(
        "save savetxt savez savez_compressed".split(),
        Reason(Claim.FILES, "syntonic.io.save keeps exact tensors, wake_flux() gives floats"),
    ),
    **dict.fromkeys((*creation.FLUX, "geomspace", "linspace", "logspace"), _CREATES),
}
# By module: these are known to NumPy once the module is loaded.
REFUSED_MODULES: dict[str, Reason] = {
    "char": Reason(Claim.TEXT),
    "fft": _FLOATS,
    "lib.recfunctions": Reason(Claim.RECORDS),
    "strings": Reason(Claim.TEXT),
}

_ALSO_REFUSED_IN_FLUX = frozenset(name for name, why in REFUSED.items() if why is _WRITES)


@cache
def name_of(function: Callable[..., Any]) -> str:
    """Return the dotted name of a NumPy function, as the tables have it."""
    module = function.__module__.replace("._scimath_impl", ".scimath")  # before NumPy 2.1
    return f"{module}.{function.__name__}".removeprefix("numpy.")


def call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    like: TensorBase | None = None,
) -> Any:
    """Return function(*args, **kwargs), exact or in flux, by the phase of its tensors.

    `like` is the tensor that NumPy asked, which alone knows what was given as ``like=``.
    """
    name = name_of(function)
    if name in ANSWERS:
        return ANSWERS[name](function, args, kwargs)
    if like is not None and name in CREATED and not (like.is_crystallized and name in REFUSED):
        return creation.created(like, function, name, args, kwargs)
    kwargs = options.without_out(function, name, args, kwargs)
    tensors = list(tensors_in((args, kwargs)))
    if not tensors:  # np.fromfile(path, like=t)
        raise _refusal(name)
    first, carried = tensors[0], carried_by(tensors)
    if not single_phase(tensors, name):
        return _call_flux(function, name, first, carried, args, kwargs)
    if on_device.among(tensors) and name not in MOVES:
        return wrap(first, on_device.called(name, args, kwargs), carried)
    if name not in _FORMS:
        raise _refusal(name)
    with options.axis_errors(f"np.{name}"):
        return _call_exact(function, name, first, carried, args, kwargs)


def _refusal(name: str) -> TypeError:
    return TypeError(f"np.{name}: not defined on crystallized tensors, because {reason_of(name)}")


def reason_of(name: str) -> Reason | str:
    """Return the reason for which a function is refused."""
    module = name.rpartition(".")[0]
    unknown = "it is unknown here; np.asarray(t) gives an array"
    return REFUSED.get(name) or REFUSED_MODULES.get(module) or unknown


def _call_exact(
    function: Callable[..., Any],
    name: str,
    first: TensorBase,
    carried: Carried,
    args: Any,
    kwargs: Any,
) -> Any:
    convert = _FORMS[name]
    args, kwargs = options.bound(function, name, args, kwargs, convert)
    if name in MOVES:
        return _move(function, name, args, kwargs)
    if name in EXACT:
        out = wrap(first, EXACT[name](*args, **kwargs), carried)
        return _sorted_with_norms(first, out, args, kwargs) if name == "sort" else out
    return wrap(first, _from_objects(function(*args, **kwargs), name), carried)


def _call_flux(
    function: Callable[..., Any],
    name: str,
    first: TensorBase,
    carried: Carried,
    args: Any,
    kwargs: Any,
) -> Any:
    if name in _ALSO_REFUSED_IN_FLUX:
        raise TypeError(f"np.{name}: not defined on tensors, because {_WRITES}")
    if name in MOVES:
        return _move(function, name, args, kwargs)
    args, kwargs = flux_arguments((args, kwargs), first, name)
    out = wrap(first, cupy_forms.call(function, name, first._data, args, kwargs), carried)
    return _sorted_with_norms(first, out, args, kwargs) if name == "sort" else out


def _move(function: Callable[..., Any], name: str, args: Any, kwargs: Any) -> Any:
    if not args:  # np.flip(m=t): each name for the array that NumPy has
        key = next((key for key, x in kwargs.items() if isinstance(x, TensorBase)), "a")
        args = (kwargs.pop(key, None),)
    tensor, *rest = args
    if not isinstance(tensor, TensorBase):
        raise TypeError(f"np.{name}: the array argument must be the tensor, got another argument")
    rest = replace_tensors(tuple(rest), lambda t: np.asarray(t, dtype=np.int64))

    def moved(part: Any) -> Any:
        return cupy_forms.call(function, name, part, (part, *rest), kwargs)

    norms = tensor.mode_norm_sq
    carried = tensor._carried.with_norms(None if norms is None else np.array(moved(norms)))
    data = tensor._data.map(moved) if tensor.is_crystallized else flux_result(moved(tensor._data))
    return tensor._of(data, carried)


def _sorted_with_norms(tensor: TensorBase, out: Any, args: Any, kwargs: Any) -> Any:
    """Carry the mode norms of a sorted tensor along with its elements."""
    norms = tensor.mode_norm_sq
    if norms is None:
        return out
    axis = kwargs.get("axis", args[1] if len(args) > 1 else -1)
    order_ = {key: x for key, x in kwargs.items() if key == "descending"}
    ranks = to_host(np.argsort(tensor, axis=axis, stable=True, **order_))
    source = norms.ravel() if axis is None else norms
    moved = np.take_along_axis(source, ranks, 0 if axis is None else axis)
    return out._of(out._data, out._carried.with_norms(moved))


def _from_objects(out: Any, where: str) -> Any:
    """Turn object arrays and golden scalars in a result back into lattice arrays."""
    if isinstance(out, (tuple, list)):
        return type(out)(_from_objects(x, where) for x in out)
    if isinstance(out, GoldenExact) or (isinstance(out, np.ndarray) and out.dtype == object):
        return as_lattice(out, where)
    return out
