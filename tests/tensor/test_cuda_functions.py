"""Each NumPy function on flux on a device: as on the host, or refused in our own words.

The stand-in for CuPy refuses what CuPy refuses; the oracle is NumPy on the host.
"""

import inspect
import io
import re
import sys

import numpy as np
import numpy.fft  # the functions of these modules are known once they are loaded
import numpy.polynomial.polynomial
import pytest
from numpy.testing import overrides

from syntonic import DeviceError, ResonantTensor
from syntonic.flux import cupy_forms
from syntonic.tensor import functions

FUNCTIONS = {functions.name_of(f): f for f in overrides.get_overridable_numpy_array_functions()}
UFUNCS = {
    u.__name__: u
    for u in overrides.get_overridable_numpy_ufuncs()
    if not all(types[0] in "FDG" for types in u.types)  # real and imag of some: complex alone
}

VALUES = {
    "v": [3.0, -1.5, 0.0, 2.25],
    "w": [1.5, 1.5, 0.25, 4.0],
    "p": [1.0, 3.0, 4.0, 7.0],
    "u": [0.25, 0.5, 0.75],
    "m": [[1.0, 1.5, 2.0], [-1.5, 0.0, -1.0]],
    "n": [[1.0, np.nan, 2.0], [-1.5, 0.5, -1.0]],
    "s": [[4.0, 1.5, 2.0], [1.5, 5.0, -1.0], [2.0, -1.0, 6.0]],
    "c": [[[1.0, 2.0], [3.0, 4.5]], [[-1.0, 0.5], [2.0, 8.0]]],
    "q": np.arange(24.0).reshape(2, 3, 4).tolist(),
}

# The arguments by name: v w p u are vectors, m n q s c have more axes, i is an integer array.
CALLS = {
    "all": ["v", "m, axis=0"],
    "allclose": ["v, w", "v, v"],
    "amax": ["m, axis=1"],
    "amin": ["m"],
    "angle": ["v"],
    "any": ["m, 0"],
    "append": ["v, w"],
    "apply_along_axis": ["np.sum, 0, m"],
    "apply_over_axes": ["np.sum, m, [0]"],
    "arange": ["3, like=v"],
    "argmax": ["m", "m, 0", "m, axis=1, keepdims=True"],
    "argmin": ["m", "m, -1"],
    "argpartition": ["w, 1", "w, 1, kind='introselect'"],
    "argsort": ["m", "w, stable=True", "w, kind='stable'", "m, axis=0"],
    "argwhere": ["m"],
    "around": ["v, 1"],
    "array": ["[1, 2], like=v"],
    "array2string": ["v"],
    "array_equal": ["v, v", "v, w"],
    "array_equiv": ["v, m"],
    "array_repr": ["v"],
    "array_split": ["v, 3"],
    "array_str": ["v", "a=v"],
    "asanyarray": ["[1.0], like=v"],
    "asarray": ["[1.0], like=v"],
    "ascontiguousarray": ["[1.0], like=v"],
    "asfortranarray": ["[1.0], like=v"],
    "astype": ["v, np.float32"],
    "atleast_1d": ["v", "v[0], m"],
    "atleast_2d": ["v"],
    "atleast_3d": ["v"],
    "average": ["v", "v, weights=w", "m, 0"],
    "bincount": ["v"],
    "block": ["[[s, s], [s, s]]", "[v, w]", "v", "[[m], [m]]", "[v, 2.5]", "[[c, c]]"],
    "broadcast_arrays": ["m, s[0]"],
    "broadcast_to": ["v, (2, 4)"],
    "can_cast": ["v, np.float32"],
    "choose": ["[0, 1, 0, 1], [v, w]", "[1, 0, 1], m", "[1, 5, 0, 2], [v, w], mode='wrap'"],
    "clip": ["v, 0, 2", "v, None, 1", "v, min=0, max=2", "v, max=1", "v, w, 3"],
    "column_stack": ["[v, w]"],
    "common_type": ["v"],
    "compress": ["v > 0, v", "[True, False], m, 0"],
    "concatenate": ["[v, w]", "[m, s], 0", "[v, w], dtype=np.float32"],
    "convolve": ["v, w"],
    "copy": ["m"],
    "copyto": ["v, 1"],
    "corrcoef": ["m", "x=m"],
    "correlate": ["v, w"],
    "count_nonzero": ["m", "m, 0", "m, axis=0, keepdims=True"],
    "cov": ["m", "m=m"],
    "cross": ["s[0], s[1]"],
    "cumprod": ["v", "m, 1"],
    "cumsum": ["v", "m, 0"],
    "cumulative_prod": ["v"],
    "cumulative_sum": ["v"],
    "delete": ["v, 1", "v, obj=1"],
    "diag": ["v", "s"],
    "diag_indices_from": ["s"],
    "diagflat": ["v"],
    "diagonal": ["s", "s, 1"],
    "diff": ["v", "v, 2", "m, 1, 0"],
    "digitize": ["v, p"],
    "dot": ["v, w", "m, s"],
    "dsplit": ["c, 2"],
    "dstack": ["[m, m]"],
    "ediff1d": ["v", "ary=v"],
    "einsum": ["'ij,jk', m, s", "'ii', s"],
    "einsum_path": ["'ij,jk->ik', m, s", "m, [0, 1], s, [1, 2]", "'ij,jk', m, s, optimize=True"],
    "empty": ["0, like=v"],
    "empty_like": ["v[:0]"],
    "expand_dims": ["v, 0"],
    "extract": ["v > 0, v", "v > 0, arr=v"],
    "eye": ["2, like=v"],
    "fill_diagonal": ["s, 0"],
    "fft.fftshift": ["v", "m, axes=1"],
    "fft.ifftshift": ["v", "m, axes=1"],
    "fix": ["v"],
    "flatnonzero": ["v"],
    "flip": ["m", "m, 0", "m=m"],
    "fliplr": ["m", "m=m"],
    "flipud": ["m"],
    "frombuffer": ["b'12345678', like=v"],
    "fromfile": ["'/dev/null', like=v"],
    "fromfunction": ["lambda i: i + 1.0, (3,), like=v"],
    "fromiter": ["[1.0, 2.0], float, like=v"],
    "fromstring": ["'1 2', sep=' ', like=v"],
    "full": ["2, 1.5, like=v"],
    "full_like": ["m, 1.5"],
    "genfromtxt": ["io.StringIO('1 2'), like=v"],
    "gradient": ["v", "m, axis=0"],
    "histogram": ["v, 3", "a=v, bins=3"],
    "histogram2d": ["v, w, 2", "v, w, 2, None, True"],
    "histogramdd": ["q[0], 2", "q[0], 2, None, True"],
    "hsplit": ["m, 3"],
    "hstack": ["[v, w]"],
    "i0": ["v"],
    "identity": ["2, like=v"],
    "imag": ["v"],
    "inner": ["v, w", "s, m"],
    "insert": [
        "v, 1, 7", "v, 1, w", "v, [1], [7.0, 8.0]", "v, [0, 2], w[:2]", "m, 1, 5.0, axis=1",
        "m, 1, m[:, 0], axis=1", "m, [0, 2], m[:, :2], axis=-1", "m, 2, 5.0", "v, slice(0, 2), 1",
        "v, [], []", "v, -1, 2", "c, 1, v[:2], axis=0", "m, [1], m[:1], 0", "v, [1, 1], w[:2]",
    ],
    "interp": ["u, p, v"],
    "intersect1d": ["v, w", "v, ar2=w"],
    "isclose": ["v, w"],
    "iscomplex": ["v"],
    "iscomplexobj": ["v"],
    "isin": ["v, w", "v, w, kind='sort'"],
    "isneginf": ["v"],
    "isposinf": ["v"],
    "isreal": ["v"],
    "isrealobj": ["v"],
    "ix_": ["v > 0, w > 0"],
    "kron": ["m, s"],
    "lexsort": ["(v, w)", "m"],
    "lib.stride_tricks.sliding_window_view": ["v, 2"],
    "linalg.cholesky": ["s"],
    "linalg.cond": ["s"],
    "linalg.cross": ["s[0], s[1]"],
    "linalg.det": ["s"],
    "linalg.diagonal": ["s", "q, offset=1"],
    "linalg.eig": ["s"],
    "linalg.eigh": ["s"],
    "linalg.eigvals": ["s"],
    "linalg.eigvalsh": ["s"],
    "linalg.inv": ["s"],
    "linalg.lstsq": ["s, s[0], None"],
    "linalg.matmul": ["m, s"],
    "linalg.matrix_power": ["s, 3", "a=s, n=2"],
    "linalg.matrix_rank": ["s", "A=s"],
    "linalg.matrix_transpose": ["m"],
    "linalg.multi_dot": ["[m, s, s]", "[m, s[0]]"],
    "linalg.norm": ["v", "m, 'fro'"],
    "linalg.outer": ["v, w"],
    "linalg.pinv": ["m"],
    "linalg.qr": ["s"],
    "linalg.slogdet": ["s"],
    "linalg.solve": ["s, s[0]"],
    "linalg.svd": ["s"],
    "linalg.tensordot": ["s, s", "m, s, axes=1"],
    "linalg.tensorinv": ["s, 1"],
    "linalg.tensorsolve": ["s, s[0]"],
    "linalg.trace": ["s", "q, offset=1"],
    "linalg.vecdot": ["v, w", "m, s[0]", "s, s, axis=0"],
    "linspace": ["v, w, 3"],
    "loadtxt": ["io.StringIO('1 2'), like=v"],
    "logspace": ["v, w, 3"],
    "matrix_transpose": ["m"],
    "max": ["v", "m, 0"],
    "may_share_memory": ["v, w"],
    "mean": ["v", "m, 1", "a=m, axis=1"],
    "median": ["v", "m, 0"],
    "meshgrid": ["v, w", "v, w, indexing='ij'"],
    "min": ["v", "m, (0, 1)"],
    "min_scalar_type": ["v"],
    "moveaxis": ["c, 0, 2"],
    "nan_to_num": ["n"],
    "nanargmax": ["n"],
    "nanargmin": ["n, 0"],
    "nancumprod": ["n"],
    "nancumsum": ["n"],
    "nanmax": ["n"],
    "nanmean": ["n, 0"],
    "nanmedian": ["n"],
    "nanmin": ["n"],
    "nanprod": ["n"],
    "nanstd": ["n", "n, correction=1"],
    "nansum": ["n, 0"],
    "nanvar": ["n", "n, 1, correction=1"],
    "ndim": ["m"],
    "nonzero": ["m"],
    "ones": ["2, like=v"],
    "ones_like": ["m"],
    "outer": ["v, w"],
    "packbits": ["v"],
    "pad": ["v, 2", "m, 1"],
    "partition": ["v, 1", "v, 1, kind='introselect'"],
    "percentile": ["v, 25"],
    "piecewise": ["v, [v > 0], [1, 2]"],
    "place": ["v, v > 0, 1.0"],
    "poly": ["v"],
    "polyadd": ["v, w"],
    "polyder": ["v", "v, 2", "v, m=0", "v, 5"],
    "polyfit": ["p, v, 1"],
    "polymul": ["v, w"],
    "polysub": ["v, w"],
    "polyval": ["v, w"],
    "prod": ["v", "m, 0"],
    "ptp": ["v", "m, 0"],
    "put": ["v, [0], 1.0"],
    "put_along_axis": ["v, i, 1.0, 0"],
    "putmask": ["v, v > 0, 1.0"],
    "quantile": ["v, 0.25"],
    "ravel": ["m"],
    "ravel_multi_index": ["v, (4,)"],
    "real": ["m"],
    "real_if_close": ["v"],
    "repeat": ["v, 2", "m, 2, 0"],
    "require": ["[1.0], like=v"],
    "reshape": ["m, (3, 2)", "m, -1", "m, shape=(3, 2)"],
    "resize": ["v, (2, 3)"],
    "result_type": ["v, np.float32"],
    "roll": ["v, 1", "m, 1, 0"],
    "rollaxis": ["c, 2"],
    "roots": ["p"],
    "rot90": ["m", "m=m"],
    "round": ["v", "v, 1"],
    "save": ["io.BytesIO(), v"],
    "savetxt": ["io.BytesIO(), v"],
    "savez": ["io.BytesIO(), v"],
    "savez_compressed": ["io.BytesIO(), v"],
    "searchsorted": ["p, v"],
    "select": ["[v > 0, v <= 0], [v, w], 0"],
    "setdiff1d": ["v, w"],
    "setxor1d": ["v, w"],
    "shape": ["m"],
    "shares_memory": ["v, w"],
    "sinc": ["v"],
    "size": ["m"],
    "sort": ["v", "m, 0", "m, None", "v, stable=True", "v, kind='mergesort'"],
    "sort_complex": ["v"],
    "split": ["v, 2"],
    "squeeze": ["m[None]"],
    "stack": ["[v, w]", "[v, w], 1", "arrays=[v, w]", "arrays=[v, w], axis=1"],
    "std": ["v", "m, 0", "v, correction=1", "m, axis=1, ddof=1, keepdims=True"],
    "sum": ["v", "m, 0", "c, (0, 2)", "a=m, axis=0"],
    "swapaxes": ["c, 0, 2"],
    "take": ["v, [2, 0]", "m, [1, 1], 1"],
    "take_along_axis": ["v, i, 0", "arr=v, indices=i, axis=0", "v, i, -1"],
    "tensordot": ["m, s, 1", "c, c, ([0, 1], [1, 0])"],
    "tile": ["v, 2"],
    "trace": ["s", "s, 1"],
    "transpose": ["m", "c, (2, 0, 1)"],
    "trapezoid": ["v"],
    "tri": ["2, like=v"],
    "tril": ["s"],
    "tril_indices_from": ["s"],
    "trim_zeros": ["v - 3"],
    "triu": ["s, 1"],
    "triu_indices_from": ["s"],
    "union1d": ["v, w", "v, ar2=w"],
    "unique": ["w", "m, True, True, True", "w, sorted=True"],
    "unique_all": ["w"],
    "unique_counts": ["w"],
    "unique_inverse": ["w"],
    "unique_values": ["w"],
    "unpackbits": ["v"],
    "unravel_index": ["v, (4,)", "v, shape=(4,)"],
    "unstack": ["m", "c, axis=1"],
    "unwrap": ["v"],
    "vander": ["v"],
    "var": ["v", "m, 0", "v, correction=1"],
    "vdot": ["v, w", "m, m"],
    "vsplit": ["m, 2"],
    "vstack": ["[v, w]"],
    "where": ["v > 0, v, w", "m", "v > 0, v, 0"],
    "zeros": ["2, like=v"],
    "zeros_like": ["m"],
}  # fmt: skip

# What is not there on CUDA.
NO_FUNCTION = {
    "busday_count": "v, v",
    "busday_offset": "v, v",
    "datetime_as_string": "v",
    "geomspace": "w, p, 3",
    "histogram_bin_edges": "v",
    "is_busday": "v",
    **dict.fromkeys(
        (
            f"lib.scimath.{name}"
            for name in ("arccos", "arcsin", "arctanh", "log", "log10", "log2", "sqrt")
        ),
        "v",
    ),
    "lib.scimath.logn": "2, w",
    "lib.scimath.power": "w, 2",
    "linalg.matrix_norm": "s",
    "linalg.svdvals": "s",
    "linalg.vector_norm": "v",
    "nanpercentile": "v, 25",
    "nanquantile": "v, 0.25",
    "polydiv": "p, w",
    "polyint": "v",
    "polynomial.polynomial.polygrid2d": "v, w, s",
    "polynomial.polynomial.polyval2d": "v, w, s",
    "polynomial.polynomial.polyvalnd": "(v, w), s",
}
WHERE = "all any max min mean sum prod std var nanmax nanmean nanmin nanprod nanstd nansum nanvar"
INITIAL = "max min prod sum nanmax nanmin nanprod nansum amax amin"
NO_ARGUMENT = [
    *((name, "where", "m, where=m > -9") for name in WHERE.split()),
    *((name, "initial", "m, initial=0") for name in INITIAL.split()),
    ("argsort", "order", "v, order=None"),
    ("broadcast_to", "subok", "v, (2, 4), subok=False"),
    ("lexsort", "axis", "m, axis=0"),
    ("linalg.cholesky", "upper", "s, upper=True"),
    ("linalg.matrix_rank", "rtol", "s, rtol=0.1"),
    ("linalg.pinv", "rtol", "s, rtol=0.1"),
    ("linalg.svd", "hermitian", "s, hermitian=True"),
    ("percentile", "weights", "v, 25, weights=w, method='inverted_cdf'"),
    ("quantile", "weights", "v, 0.5, weights=w, method='inverted_cdf'"),
    ("sort", "order", "v, order=None"),
    ("std", "mean", "v, mean=v.mean(keepdims=True)"),
    ("take", "mode", "v, [9, 0], mode='clip'"),
    ("trim_zeros", "axis", "v, axis=0"),
]  # fmt: skip

RAW = re.compile("no implementation found|returned NotImplemented|(keyword|positional) argument")


def arguments(device):
    def there(x):
        return x if device == "cpu" else sys.modules["cupy"].asarray(x)

    tensors = {
        name: ResonantTensor.from_flux(there(np.array(x, np.float64))) for name, x in VALUES.items()
    }
    return {**tensors, "i": there(np.array([1, 0])), "np": np, "io": io}


def run(function, text, device):
    return eval(f"_function({text})", {**arguments(device), "_function": function})


def plain(x):
    """Return results as arrays and lists of the host."""
    if isinstance(x, ResonantTensor):
        return plain(x.flux_array)
    if isinstance(x, (tuple, list)):
        return [plain(item) for item in x]
    return x.get() if hasattr(x, "get") else x


def assert_same(x, y):
    if isinstance(x, list):
        assert len(x) == len(y)
        for pair in zip(x, y, strict=True):
            assert_same(*pair)
    elif isinstance(x, (np.ndarray, np.generic, float)):
        assert np.asarray(y).dtype == np.asarray(x).dtype
        np.testing.assert_allclose(y, x, rtol=1e-13, atol=1e-13)
    else:
        assert x == y


def agree(function, text):
    """Compare a call on the device with the same on the host: both give the same, or both fail."""
    expected, failure = outcome(function, text, "cpu")
    if failure is None:
        assert_same(plain(expected), plain(run(function, text, "cuda")))
        return
    _, there = outcome(function, text, "cuda")
    assert isinstance(there, (type(failure), DeviceError))
    assert str(there) == str(failure) or not RAW.search(str(there))


def outcome(function, text, device):
    """Return the result of a call, and the error in its place."""
    try:
        return run(function, text, device), None
    except (TypeError, ValueError, DeviceError) as error:
        return None, error


def refused(function, text, message):
    with pytest.raises(DeviceError, match=message) as raised:
        run(function, text, "cuda")
    assert '.to_device("cpu")' in str(raised.value)


def parameters_of(name):
    """Return what NumPy shows of the parameters of a function; nothing if it has or shows none."""
    try:
        return inspect.signature(FUNCTIONS[name]).parameters
    except (KeyError, ValueError):
        return {}


def spelled_out(function):
    """Return the function with every argument passed by keyword that has a name in NumPy."""
    signature = inspect.signature(function)
    if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return function

    def call(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        by_name = {
            name: x
            for name, x in bound.arguments.items()
            if signature.parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        }
        others = inspect.BoundArguments(
            signature, {name: x for name, x in bound.arguments.items() if name not in by_name}
        )
        return function(*others.args, **by_name, **others.kwargs)

    return call


def test_every_function_is_called_here():
    tables = {*functions.MOVES, *functions.EXACT, *functions.BY_OBJECTS, *functions.REFUSED}
    named = {name for name in tables & set(FUNCTIONS) if not name.startswith("lib.recfunctions.")}
    assert named - set(CALLS) - set(NO_FUNCTION) == set()


EACH_CALL = [(name, text) for name, calls in CALLS.items() for text in calls]
OURS = {*cupy_forms.FORMS, *cupy_forms.BY_POSITION} - {"argpartition", "partition", "unravel_index"}

pytestmark = pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # since NumPy 2.5

# CuPy has its own signs of vectors and classes of results; they are not ours to test on a GPU.
on_the_stand_in = pytest.mark.parametrize("cupy", ["host"], indirect=True)


@pytest.mark.parametrize(("name", "text"), [call for call in EACH_CALL if call[0] in OURS])
def test_our_forms_agree_with_the_host(cupy, name, text):
    if name not in FUNCTIONS:
        pytest.skip("not in this NumPy")
    agree(FUNCTIONS[name], text)


@on_the_stand_in
@pytest.mark.parametrize(("name", "text"), [call for call in EACH_CALL if call[0] not in OURS])
def test_functions_agree_with_the_host(cupy, name, text):
    if name not in FUNCTIONS:
        pytest.skip("not in this NumPy")
    agree(FUNCTIONS[name], text)


@on_the_stand_in
@pytest.mark.parametrize(("name", "text"), [(n, calls[0]) for n, calls in CALLS.items()])
def test_arguments_may_be_given_by_name(cupy, name, text):
    try:
        function = spelled_out(FUNCTIONS[name])
    except (KeyError, ValueError):
        pytest.skip("this NumPy has no such function, or no signature of it")
    agree(function, text)


@pytest.mark.parametrize("name", NO_FUNCTION)
def test_functions_that_cupy_lacks(cupy, name):
    function = FUNCTIONS.get(name)
    if function is None:
        pytest.skip("not loaded in this NumPy")
    refused(function, NO_FUNCTION[name], rf"np\.{name}: CuPy has no such function")


def test_structured_arrays_are_refused(cupy):
    for name in FUNCTIONS:
        if name.startswith("lib.recfunctions."):
            t = arguments("cuda")["v"]
            with pytest.raises(DeviceError, match=rf"np\.{name}: CuPy has no such function"):
                functions.call(FUNCTIONS[name], (t,), {})


@pytest.mark.parametrize(("name", "argument", "text"), NO_ARGUMENT)
def test_arguments_that_cupy_lacks(cupy, name, argument, text):
    if argument not in parameters_of(name):
        pytest.skip("this NumPy has no such argument, or shows no signature")
    refused(FUNCTIONS[name], text, rf"np\.{name}: on CUDA it takes no {argument}=")


@on_the_stand_in
@pytest.mark.parametrize("name", CALLS)
def test_each_argument_works_or_is_refused_by_name(cupy, name):
    for parameter in parameters_of(name).values():
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name in ("out", "like"):
            continue

        def call(*args, key=parameter.name, default=parameter.default, **kwargs):
            value = None if str(default) == "<no value>" else default
            return functions.call(FUNCTIONS[name], args, {key: value, **kwargs})

        _, error = outcome(call, CALLS[name][0].removesuffix(", like=v"), "cuda")
        if isinstance(error, DeviceError):
            assert f"{parameter.name}=" in str(error)
            assert '.to_device("cpu")' in str(error)
        else:
            assert error is None or not RAW.search(str(error))


UFUNC_CALLS = {
    **dict.fromkeys(("arccos", "arcsin", "arctanh"), "u"),
    **dict.fromkeys(("arccosh",), "p"),
    **dict.fromkeys(("log", "log10", "log1p", "log2", "sqrt"), "w"),
    **dict.fromkeys(("divide", "divmod", "floor_divide", "fmod", "remainder"), "v, w"),
    **dict.fromkeys(("float_power", "power"), "w, v"),
    "clip": "v, 0, 1",
    "ldexp": "v[:2], i",
    "matmul": "m, s",
    "matvec": "q, v",
    "reciprocal": "w",
    "vecdot": "m, s[0]",
    "vecmat": "v[:2], m",
}
NO_UFUNC = {"isnat", "spacing"}


@on_the_stand_in
@pytest.mark.parametrize("name", sorted(name for name in UFUNCS if not name.startswith("_")))
def test_ufuncs_agree_with_the_host(cupy, name):
    ufunc = UFUNCS[name]
    text = UFUNC_CALLS.get(name, ", ".join(["v", "w", "p", "v"][: ufunc.nin]))
    if name in NO_UFUNC:
        refused(ufunc, text, f"^{name}: CuPy has no such function")
    else:
        agree(ufunc, text)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum"])
@pytest.mark.parametrize(
    "text", ["v", "m, axis=None", "m, axis=1", "c, 2", "m, axis=(0, 1)", "m, keepdims=True"]
)
def test_reductions_of_ufuncs(cupy, name, text):
    agree(UFUNCS[name].reduce, text)


def test_other_methods_of_ufuncs(cupy):
    agree(np.logical_and.reduce, "m, axis=1")
    agree(np.logical_or.reduce, "m")
    agree(np.add.accumulate, "m, axis=1")
    agree(np.multiply.accumulate, "v")
    agree(np.add.reduceat, "v, [0, 2]")
    agree(np.subtract.outer, "v, w")
    refused(np.add.reduce, "v, initial=1", r"^add\.reduce: on CUDA it takes no initial=")
    for method in (np.maximum.accumulate, np.subtract.reduce, np.fmax.reduce):
        refused(method, "v", "CuPy does not take these arguments .*not supported yet")


@pytest.mark.parametrize("option", ["order='C'", "subok=False"])
def test_options_of_ufuncs(cupy, option):
    key = option.partition("=")[0]
    refused(np.add, f"v, w, {option}", f"^add: on CUDA it takes no {key}=")
    refused(np.vecdot, f"v, w, {option}", f"^vecdot: on CUDA it takes no {key}=")
    agree(np.add, "v, w, dtype=np.float32, casting='unsafe'")
    with pytest.raises(TypeError, match="where= is refused"):
        run(np.add, "v, w, where=v > 0", "cuda")


def test_arrays_of_the_host_are_refused(cupy):
    message = r"on one device, got cuda:0 and cpu; .*cupy\.asarray"
    for function, text in (
        (np.where, "np.array([True] * 4), v, 0"),
        (np.select, "[np.array([True] * 4)], [v]"),
        (np.block, "[v, np.ones(2)]"),
        (np.insert, "v, 0, np.ones(2)"),
        (np.clip, "v, np.zeros(4), None"),
        (np.linalg.vecdot, "v, np.ones(4)"),
    ):
        with pytest.raises(DeviceError, match=message):
            run(function, text, "cuda")


def test_other_refusals_of_cupy(cupy):
    refused(np.piecewise, "v, [v > 0], [abs]", r"np\.piecewise: .*Callable functions are not")
    refused(np.searchsorted, "p, [1.0]", r"np\.searchsorted: CuPy does not take these arguments")


def test_positions_on_the_device_are_refused(cupy):
    with pytest.raises(DeviceError, match=r"np\.insert: the positions must be on the CPU"):
        run(np.insert, "v, i, 1.0", "cuda")


def test_errors_of_the_caller_pass(cupy):
    for function, text in (
        (np.apply_along_axis, "lambda x: x + 'a', 0, v"),
        (np.polyder, "v, -1"),
        (np.linalg.outer, "m, v"),
        (np.unstack if hasattr(np, "unstack") else np.linalg.outer, "v[0], v"),
    ):
        with pytest.raises((TypeError, ValueError)):
            run(function, text, "cuda")


def test_sorting_carries_the_mode_norms(cupy):
    t = ResonantTensor([3, 1, 2], mode_norm_sq=[0, 1, 4]).wake_flux("cuda")
    assert np.sort(t, kind="mergesort").mode_norm_sq.tolist() == [1, 4, 0]


def test_forms_are_for_names_that_numpy_has():
    ufunc_names = {name.partition(".")[0] for name in cupy_forms.FORMS}
    assert (
        not ufunc_names
        - {name.partition(".")[0] for name in (*FUNCTIONS, *UFUNCS)}
        - {"unstack", "matvec", "vecmat"}
    )
    assert set(FUNCTIONS) >= cupy_forms.BY_POSITION
