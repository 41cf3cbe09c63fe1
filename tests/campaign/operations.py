"""All exact operations, each with calls that name the arrays of a seed (`draws.Arrays`).

A call is the text of the arguments, for our function and for those of the oracles.
"""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.polynomial.polynomial  # NumPy knows of its functions only then
from numpy.testing import overrides

import syntonic
from syntonic import ResonantTensor, linalg
from syntonic.tensor import functions, ufuncs

from . import oracles
from .draws import Arrays

__all__ = ["OPERATIONS", "WITHOUT_A_CALL", "Operation", "called"]


@dataclass(frozen=True)
class Operation:
    """A function, its calls, and the oracles that know the value; none: layouts must agree."""

    function: Callable[..., Any]
    calls: list[str]
    rights: list[Callable[..., Any]]


def called(function: Callable[..., Any], call: str, arrays: Arrays) -> Any:
    """Return function(arguments), these evaluated among the arrays of a seed."""
    return eval(f"f({call})", {"f": function, "np": np}, _Names(arrays))


class _Names(dict[str, Any]):
    """The arrays as the names of an expression."""

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        self._arrays = arrays

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(self._arrays, name)
        except AttributeError:
            raise KeyError(name) from None  # a global


def _shared(names: str, *calls: str) -> dict[str, list[str]]:
    """Return the same calls for several functions."""
    return {name: list(calls) for name in names.split()}


# Options with an exact meaning, beside the plain calls.
OPTIONS: dict[str, list[str]] = {
    **_shared("sum prod", "V, where=mask, initial=scalar", "C, axis=(0, 2)", "L"),
    **_shared("max min", "V, where=mask, initial=scalar", "M, axis=(0, 1), keepdims=True", "L"),
    "mean": ["C, axis=(0, 2), keepdims=True"],
    "sort": ["L"],
    **_shared("cumsum argmax", "L"),
    **_shared("cumulative_sum cumulative_prod", "M, axis=0, include_initial=True"),
    "clip": ["V, min=y, max=W"],
    "diff": ["V, prepend=x", "M, append=N"],
    "dot": ["L, P"],
    "searchsorted": ["np.sort(V), W, side='right'"],
    "var": ["V, ddof=1", "C, axis=(0, 2), keepdims=True"],
    "where": ["L > P, L, P"],
}

# The calls of NumPy's functions. V, W: vectors; M, N, K, F, D: matrices; S, R, Q: square ones;
# B, C: stacks; L, P: long vectors; x, y: 0-d; scalar: a number; mask, places, exponents: what they
# are called.
FUNCTION_CALLS: dict[str, list[str]] = {
    **_shared(
        "all amax amin any argmax argmin count_nonzero cumprod cumsum max mean min nanargmax "
        "nanargmin nancumprod nancumsum nanmax nanmean nanmin nanprod nansum nanvar prod "
        "ptp sum var",
        "V",
        "M",
        "M, axis=1",
        "C, axis=0",
    ),
    **_shared(
        "argwhere array2string array_repr array_str asanyarray asarray ascontiguousarray "
        "asfortranarray atleast_1d atleast_2d atleast_3d copy diagflat empty_like flatnonzero "
        "flip fliplr flipud fft.fftshift fft.ifftshift imag iscomplex iscomplexobj isneginf "
        "isposinf isreal isrealobj linalg.matrix_rank matrix_transpose nan_to_num ndim nonzero "
        "ones_like ravel real real_if_close require rot90 shape size squeeze transpose "
        "unique_all unique_counts unique_inverse unique_values unstack zeros_like",
        "M",
    ),
    **_shared(
        "append array_equal array_equiv convolve correlate dot hstack inner isin "
        "intersect1d kron linalg.outer linalg.vecdot outer polyadd polymul polysub setdiff1d "
        "setxor1d union1d vdot",
        "V, W",
    ),
    **_shared("block column_stack concatenate dstack stack vstack", "[V, W]", "[M, N]"),
    **_shared("fix median nanmedian", "V"),
    **_shared("around round", "V", "V, 2", "V, -3"),
    **_shared("linalg.det linalg.inv", "S", "Q", "B"),
    "apply_along_axis": ["np.sum, 0, M"],
    "apply_over_axes": ["np.sum, M, [0]"],
    "argpartition": ["V, 1"],
    "argsort": ["V, kind='stable'", "M, axis=0, kind='stable'"],
    "array_split": ["V, 3"],
    "astype": ["M, object"],
    "average": ["V"],
    "broadcast_arrays": ["M, S[0]"],
    "broadcast_to": ["V, (2, 4)", "x, (2, 2)"],
    "choose": ["mask.astype(int), [V, W]"],
    "clip": ["V, x, W", "V, None, y"],
    "compress": ["mask, V"],
    "concatenate": ["[V, W]", "[M, S]", "[M, N], 1"],
    "cross": ["S[0], S[1]"],
    "cumulative_prod": ["V"],
    "cumulative_sum": ["V"],
    "delete": ["V, places"],
    "diag": ["V", "S"],
    "diag_indices_from": ["S"],
    "diagonal": ["S", "S, 1"],
    "diff": ["V", "V, 2", "M, 1, 0"],
    "digitize": ["V, np.sort(W)"],
    "dot": ["V, W", "M, S", "S, S[0]", "V, x"],
    "dsplit": ["C, 2"],
    "ediff1d": ["V"],
    "einsum": ["'ij,jk', M, S", "'ii', S", "'ij,jk,kl->il', M, S, R", "'i,i,i->i', V, W, V"],
    "einsum_path": ["'ij,jk->ik', M, S"],
    "expand_dims": ["V, 0"],
    "extract": ["mask, V"],
    "full_like": ["M, scalar"],
    "hsplit": ["M, 3"],
    "inner": ["V, W", "S, M"],
    "insert": ["V, 1, 7"],
    "isin": ["V, W", "M, [1, 2]"],
    "ix_": ["V, W"],
    "kron": ["M, S"],
    "lexsort": ["(V, W)"],
    "lib.stride_tricks.sliding_window_view": ["V, 2"],
    "linalg.cross": ["S[0], S[1]"],
    "linalg.diagonal": ["S"],
    "linalg.matmul": ["M, S"],
    "linalg.matrix_power": ["S, 3", "S, -2", "Q, 0"],
    "linalg.matrix_rank": ["S", "K", "V"],
    "linalg.matrix_norm": ["M, ord=1", "C, ord=-np.inf"],
    "linalg.matrix_transpose": ["M"],
    "linalg.multi_dot": ["[M, S, R]"],
    "linalg.norm": ["V, 1", "M, np.inf", "V, 0"],
    "linalg.solve": ["S, R", "Q, V"],
    "linalg.tensordot": ["S, R"],
    "linalg.tensorinv": ["Q.reshape(2, 2, 2, 2), 2"],
    "linalg.tensorsolve": ["Q.reshape(2, 2, 4), V.reshape(2, 2)"],
    "linalg.trace": ["S"],
    "linalg.vector_norm": ["V, ord=1", "V, ord=0"],
    "meshgrid": ["V, W"],
    "moveaxis": ["C, 0, 2"],
    "pad": ["V, 2"],
    "partition": ["V, 1"],
    "piecewise": ["V, [mask], [1, 2]"],
    "poly": ["V"],
    "polyder": ["V"],
    "polynomial.polynomial.polygrid2d": ["V, W, S"],
    "polynomial.polynomial.polyval2d": ["V, W, S"],
    "polynomial.polynomial.polyvalnd": ["(V, W), S"],
    "polyval": ["V, W"],
    "repeat": ["V, 2", "M, 2, 0"],
    "reshape": ["M, (3, 2)", "M.T, -1"],
    "resize": ["V, (2, 3)"],
    "roll": ["V, 1", "M, 1, 0"],
    "rollaxis": ["C, 2"],
    "searchsorted": ["np.sort(V), W"],
    "select": ["[mask, ~mask], [V, W], 0"],
    "sort": ["V", "M, axis=0", "M, axis=None"],
    "split": ["V, 2"],
    "swapaxes": ["C, 0, 2"],
    "take": ["V, places", "M, [1, 1], 1"],
    "take_along_axis": ["V, places, 0"],
    "tensordot": ["M, S, 1", "C, C, ([0, 1], [1, 0])", "V, W, 0"],
    "tile": ["V, 2"],
    "trace": ["S", "S, 1"],
    "tril": ["S"],
    "tril_indices_from": ["S"],
    "trim_zeros": ["V"],
    "triu": ["S, 1"],
    "triu_indices_from": ["S"],
    "unique": ["V", "M, True, True, True"],
    "vander": ["V"],
    "vsplit": ["M, 2"],
    "where": ["mask, V, W", "M", "mask, V, scalar"],
}

_ONE: list[str] = ["V", "M.T", "x"]
_TWO: list[str] = ["V, W", "M, x", "B, S", "M, scalar"]
_LONG = "add subtract multiply less equal maximum floor sign signbit absolute rint".split()
UFUNC_CALLS: dict[str, list[str]] = {
    "clip": ["V, x, y"],
    "hypot": ["3 * V, 4 * V", "V, W"],
    "ldexp": ["V, exponents"],
    "matmul": ["M, S", "B, S", "V, Q"],
    "matvec": ["M, S[0]"],
    "power": ["V, 3", "V, -2", "V, exponents"],
    "sqrt": ["V * V", "V"],
    "vecdot": ["V, W", "M, N"],
    "vecmat": ["S[0], S"],
}

_FOLDED = "add subtract multiply maximum minimum fmax".split()
UFUNC_METHODS: dict[str, list[str]] = {
    "reduce": ["V", "M, axis=1", "V, where=mask, initial=scalar"],
    "accumulate": ["V", "M, axis=0"],
    "reduceat": ["V, places"],
    "outer": ["V, W", "M, x"],
}

LINALG_CALLS: dict[str, list[str]] = {
    **_shared("column_space hermite_form lll lu row_space rref smith_form", "S", "K"),
    "chain_product": ["B", "B[:1]"],
    **_shared("charpoly det inv", *FUNCTION_CALLS["linalg.det"]),
    **_shared("echelon nullspace rank", "S", "K", "F", "Q", "D"),
    "matmul": ["M, S", "B, B", "S, S[0]"],
    "matrix_power": FUNCTION_CALLS["linalg.matrix_power"],
    "norm": ["V, 1", "M, np.inf"],
    "solve": FUNCTION_CALLS["linalg.solve"],
    "trace": ["S", "B"],
}

_REDUCTION = FUNCTION_CALLS["sum"]
METHOD_CALLS: dict[str, list[str]] = {
    **_shared("sum prod mean var min max argmin argmax cumsum cumprod all any", *_REDUCTION),
    **_shared("conj conjugate copy flatten nonzero", "M"),
    **{
        name: FUNCTION_CALLS[name]
        for name in "argpartition astype clip diagonal repeat searchsorted swapaxes take".split()
    },
    "ptp": ["M", "M, 0"],
    **_shared(
        "field_norm field_trace floor ceil galois_conjugate relu round sign to_floats", *_ONE, "L"
    ),
    "argsort": ["V"],
    "dot": FUNCTION_CALLS["dot"],
    "matmul": UFUNC_CALLS["matmul"],
    "ravel": ["M.T"],
    "reshape": FUNCTION_CALLS["reshape"],
    "sort": FUNCTION_CALLS["sort"],
    "squeeze": ["F"],
    "trace": FUNCTION_CALLS["trace"],
    "transpose": ["C", "C, (2, 0, 1)"],
    "unique": ["V"],
    "elementwise_add": ["V, W"],
    "equals": ["V, W", "M, M"],
    "item": ["V, 2"],
    "numerators": ["V", "M"],
    "scalar_mul_exact": ["M, scalar"],
    "tolist": ["M"],
    "wake_flux": ["M", "V, dtype=np.float32"],
}
_METHOD_RIGHTS: dict[str, list[Callable[..., Any]]] = {
    **oracles.METHODS,
    "argpartition": [oracles.sorted_stably],
    "argsort": [oracles.sorted_stably],
    "astype": [lambda x, dtype: x],
    **{name: [lambda x: x] for name in ("conj", "conjugate", "copy")},
    "elementwise_add": [operator.add],
    "equals": [np.array_equal],
    "flatten": [np.ravel],
    "item": [lambda x, i: x[i]],
    "numerators": [oracles.numerators],
    "scalar_mul_exact": [operator.mul],
    "tolist": [lambda x: x.tolist()],
    "unique": [np.unique],
    "wake_flux": [],
}

# What has no name in a table: properties, indexing, changed copies, files, and golden operations.
OTHERS: dict[str, Operation] = {
    "index": Operation(
        lambda t, i: t[i],
        ["M, 1", "M, (slice(None), slice(None, None, -2))", "V, places", "V, mask", "C, (..., 0)"],
        [lambda t, i: t[i]],
    ),
    "iterate": Operation(list, ["M"], [list]),
    "contains": Operation(
        lambda t, x: x in t,
        ["V, scalar", "V, V[0]"],
        [lambda t, x: x in t.tolist()],
    ),
    "at.set": Operation(
        lambda t, i, x: t.at[i].set(x),
        ["V, places, x", "M, 1, S[0]", "V, mask, scalar"],
        [lambda t, i, x: _assigned(t, i, x)],
    ),
    "at.add": Operation(
        lambda t, i, x: t.at[i].add(x),
        ["V, 1, x"],
        [lambda t, i, x: _assigned(t, i, np.add(t[i], x))],
    ),
    "at.multiply": Operation(
        lambda t, i, x: t.at[i].multiply(x),
        ["M, 0, S[0]"],
        [lambda t, i, x: _assigned(t, i, np.multiply(t[i], x))],
    ),
    "asarray": Operation(np.asarray, ["M"], [oracles.same]),
    "fractions": Operation(
        lambda t: (t.a, t.b),
        ["M"],
        [lambda x: tuple(np.vectorize(operator.attrgetter(n), [object])(x) for n in "ab")],
    ),
    "pickle": Operation(
        lambda t: pickle.loads(pickle.dumps(t)),
        ["V", "M.T"],
        [oracles.same],
    ),
    "mean of some": Operation(
        lambda t: np.mean(t, where=t > 0),
        ["S"],
        [lambda x: np.sum(x[x > 0]) / np.count_nonzero(x > 0)],
    ),
    "variance of some": Operation(
        lambda t: np.var(t, where=t > 0), ["S"], [lambda x: np.var(x[x > 0].astype(object))]
    ),
    "rows, each once": Operation(
        lambda t: np.unique(t, axis=0), ["np.concatenate([M, M[:1], N])"], []
    ),
    "turned": Operation(
        lambda t: (t.T, t.mT, +t, -t, abs(t)), ["M"], [lambda x: (x.T, x.T, x, -x, abs(x))]
    ),
    "rebuilt": Operation(lambda t: ResonantTensor(t.tolist()), _ONE, [oracles.same]),
    "text": Operation(lambda t: (repr(t), t._repr_html_()), ["M"], []),
    "syntony": Operation(lambda t: t.syntony, ["M"], []),
    "phi_residual": Operation(
        syntonic.phi_residual,
        ["M, N"],
        [lambda x, y: x + y * oracles.Pair(-1, 1)],
    ),
    "syntonic_softmax": Operation(syntonic.syntonic_softmax, ["M"], []),
    "softmax sums": Operation(
        lambda t: syntonic.syntonic_softmax(t).sum(axis=-1),
        ["M"],
        [lambda x: np.full(len(x), oracles.Pair(1))],
    ),
    "golden_layer_norm": Operation(syntonic.golden_layer_norm, ["M"], []),
    "phi_residual symmetric": Operation(
        lambda x, y: syntonic.phi_residual(x, y, mode="phi_symmetric"),
        ["M, N"],
        [lambda x, y: (x + y) * oracles.Pair(-1, 1)],
    ),
    "phi_residual_relu": Operation(
        syntonic.phi_residual_relu,
        ["M, N"],
        [lambda x, y: oracles.each(lambda v: max(v, oracles.Pair(0)))(x + y * oracles.Pair(-1, 1))],
    ),
}


def _assigned(values: Any, index: Any, new: Any) -> Any:
    out = np.array(values)
    out[index] = new[()] if isinstance(new, np.ndarray) else new
    return out


_NAMED = {functions.name_of(f): f for f in overrides.get_overridable_numpy_array_functions()}
_TABLED = {*functions.MOVES, *functions.EXACT, *functions.BY_OBJECTS}
_LIKE = {"asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "require"}
_TEXTS = {
    "array2string",
    "array_repr",
    "array_str",
    "iscomplexobj",
    "isrealobj",
}  # of the class of elements


def _through_tables(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a NumPy function as tensors have it, where NumPy itself would not ask them."""
    if functions.name_of(function) in _LIKE:
        return lambda *args: functions.call(function, args, {})
    return function


def _operations() -> dict[str, Operation]:
    out = dict(OTHERS)
    for name in sorted(_TABLED & set(_NAMED) & set(FUNCTION_CALLS)):
        function = _NAMED[name]
        rights = [] if name in _TEXTS else oracles.FUNCTIONS.get(name, [function])
        calls = FUNCTION_CALLS[name] + OPTIONS.get(name, [])
        out[f"np.{name}"] = Operation(_through_tables(function), calls, rights)
    for name in sorted(ufuncs.EXACT):
        ufunc = getattr(np, name, None)
        if isinstance(ufunc, np.ufunc):
            calls = list(UFUNC_CALLS.get(name, _ONE if ufunc.nin == 1 else _TWO))
            if name in _LONG:
                calls.append("L" if ufunc.nin == 1 else "L, P")
            out[f"ufunc {name}"] = Operation(ufunc, calls, oracles.UFUNCS.get(name, [ufunc]))
    for name in _FOLDED:
        for method, calls in UFUNC_METHODS.items():
            bound = getattr(getattr(np, name), method)
            out[f"ufunc {name}.{method}"] = Operation(bound, calls, [bound])
    for name, calls in LINALG_CALLS.items():
        out[f"linalg.{name}"] = Operation(
            getattr(linalg, name), calls, oracles.LINALG.get(name, [])
        )
    for name, calls in METHOD_CALLS.items():
        rights = _METHOD_RIGHTS.get(name) if name in _METHOD_RIGHTS else [getattr(np, name)]
        out[f"method {name}"] = Operation(getattr(ResonantTensor, name), calls, rights)
    return out


OPERATIONS = _operations()
WITHOUT_A_CALL = {
    f"np.{name}" for name in {*functions.MOVES, *functions.EXACT} & set(_NAMED)
} - set(OPERATIONS)
"""The rows of the tables that the campaign does not reach; there should be none."""
