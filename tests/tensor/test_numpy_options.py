"""Every argument of every supported NumPy function: exact, without effect, or refused by name."""

import inspect
import re

import numpy as np
import pytest
from numpy_calls import CALLS, FUNCTIONS, MASK, SUPPORTED, C, M, P, S, T, V, W, plain, same

from syntonic import PHI, DeviceError, GoldenExact, ResonantTensor
from syntonic.tensor import functions, option_tables, options
from syntonic.tensor.exact_joining import size

TABLES = {
    "exact": option_tables.EXACT,
    "needless": option_tables.NEEDLESS,
    "refused": option_tables.REFUSED,
}
INNER = re.compile(
    r"<locals>|unexpected keyword|positional argument|not subscriptable|4300 digits|zip\(\)|"
    r"tuple index|not supported between|unsupported operand|too large to convert|newaxis|"
    r"has no attribute|truth of a tensor|cannot be interpreted as an integer|(^|[ .])_\w"
)
"""Texts from inside that help nobody; names that begin with an underscore are private."""

# What is called where no call in CALLS has arguments.
ARGUMENTS = {
    **dict.fromkeys(("around", "fix", "imag", "iscomplex", "isreal", "round"), (W,)),
    **dict.fromkeys(("asanyarray", "asarray", "nan_to_num", "real_if_close", "require"), (V,)),
    **dict.fromkeys(("empty_like", "unique_values"), (M,)),
    **dict.fromkeys((name for name in SUPPORTED if name.startswith("nan")), (M,)),
    **dict.fromkeys(("linalg.det", "linalg.inv", "linalg.matrix_rank"), (S,)),
    "digitize": (V, ResonantTensor([0, PHI, 2])),
    **dict.fromkeys(("isneginf", "isposinf"), (V,)),
    "linalg.solve": (S, M[0]),
    "linalg.tensorinv": (T,),
    "linalg.tensorsolve": (T, np.tensordot(T, M.T, 2)),
    "partition": (V, 1),
    # Others than in CALLS, so that each option has an effect.
    **dict.fromkeys("all amax amin any max mean min prod sum var".split(), (M,)),
    "average": (M,),
    "append": (M, M[:1]),
    "apply_along_axis": (lambda x, y=0: x.sum() + y, 0, M),
    "clip": (V, None, 2) if "min" not in inspect.signature(np.clip).parameters else (V,),
    "compress": ([True, False], M),
    "cross": (S, S[::-1]),
    "diag": (S,),
    **dict.fromkeys(("diagonal", "linalg.diagonal", "linalg.trace", "trace"), (C,)),
    "einsum": ("ij,jk", M, S),
    "insert": (M, 1, 7),
    "intersect1d": (V, W),
    "linalg.cross": (S, S[::-1]),
    **dict.fromkeys(("linalg.matrix_norm", "linalg.norm", "linalg.vector_norm"), (P,)),
    "rollaxis": (C, 2),
    "squeeze": (M[None],),
    "take": (M, [1, 0]),
    "take_along_axis": (M, np.array([[1], [0]])),
    "tensordot": (S, S),
    "unique": (ResonantTensor([[PHI, 1], [1, 2], [PHI, 1]]),),
}

# A value to try for each option, by its name or by function and name.
VALUES = {
    "N": 3,
    "append": 7,
    "assume_unique": False,
    "axis": 0,
    "axis1": 2,
    "axis2": 2,
    "axisa": 0,
    "axisb": 0,
    "axisc": 0,
    "casting": "safe",
    "copy": True,
    "correction": 1,
    "ddof": 1,
    "decimals": 1,
    "default": PHI,
    "descending": True,
    "device": "cpu",
    "dtype": object,
    "equal_nan": True,
    "hermitian": False,
    "include_initial": True,
    "increasing": True,
    "indexing": "ij",
    "initial": PHI,
    "invert": True,
    "k": 1,
    "linalg.norm:axis": 1,
    "linalg.vector_norm:axis": 1,
    "ord": 1,
    "keepdims": True,
    "kind": "stable",
    "mode": "wrap",
    "nan": 5.0,
    "neginf": 5.0,
    "obj": 1,
    "offset": 1,
    "optimize": True,
    "order": "K",
    "out": None,
    "overwrite_input": True,
    "posinf": 5.0,
    "prepend": 7,
    "requirements": ["C", "A"],
    "return_counts": True,
    "return_index": True,
    "return_indices": True,
    "return_inverse": True,
    "returned": True,
    "right": True,
    "shape": (2, 2),
    "side": "right",
    "sorted": False,
    "sparse": True,
    "stable": True,
    "start": 1,
    "subok": False,
    "to_begin": [PHI, 1],
    "to_end": PHI,
    "trim": "f",
    "tol": None,
    "rtol": None,
    "where": np.array([[True, False, True], [False, True, True]]),
    "writeable": False,
    # Those of array2string and array_str.
    "edgeitems": 1,
    "floatmode": "fixed",
    "formatter": {"object": str},
    "legacy": False,
    "max_line_width": 20,
    "precision": 3,
    "prefix": "x",
    "separator": ";",
    "sign": "+",
    "suffix": "y",
    "suppress_small": True,
    "threshold": 2,
    # Of one function each.
    "average:weights": [[1, PHI, 2], [3, 1, 1]],
    "clip:kwargs": {"dtype": object, "casting": "safe", "order": "C", "where": True},
    **dict.fromkeys(("clip:a_max", "clip:a_min", "clip:max", "clip:min"), 1),
    "einsum:kwargs": {"dtype": object, "casting": "safe", "order": "C"},
    "nanvar:mean": [[PHI]],
    "pad:kwargs": {"constant_values": PHI},
    "piecewise:kw": {},
    "real_if_close:tol": 5,
    "var:mean": [[PHI]],
    "apply_along_axis:kwargs": {"y": 3},
    "argpartition:kind": "introselect",
    "argpartition:order": None,
    "argsort:order": None,
    "choose:mode": "clip",
    "convolve:mode": "same",
    "correlate:mode": "same",
    "cross:axis": 1,
    "diff:n": 2,
    "einsum_path:einsum_call": False,
    "einsum_path:optimize": "optimal",
    **dict.fromkeys(("fft.fftshift:axes", "fft.ifftshift:axes"), 0),
    "expand_dims:axis": (0, 1),
    "intersect1d:assume_unique": True,
    "isin:assume_unique": True,
    "isin:kind": "sort",
    "lib.stride_tricks.sliding_window_view:axis": 0,
    "linalg.tensordot:axes": ([0], [1]),
    "linalg.tensorinv:ind": 2,
    "linalg.tensorsolve:axes": (0, 1),
    "partition:kind": "introselect",
    "partition:order": None,
    "polyder:m": 2,
    "ravel:order": "F",
    "reshape:order": "F",
    "rot90:axes": (1, 0),
    "rot90:k": 3,
    "searchsorted:sorter": np.argsort(V),
    "setdiff1d:assume_unique": True,
    "setxor1d:assume_unique": True,
    "sort:order": None,
    "tensordot:axes": np.int64(1),
    "tensorsolve:axes": (0, 1),
    "transpose:axes": (1, 0),
    "trim_zeros:axis": 0,
    "unstack:axis": 1,
    "x": PHI,
    "y": 1,
}


# What NumPy does not compute on object arrays has its own value here.
EXPECTED = {
    **dict.fromkeys(
        (f"linalg.{name}:keepdims" for name in ("matrix_norm", "norm", "vector_norm")),
        lambda: ResonantTensor([[13]]),
    ),
    **dict.fromkeys(("around:decimals", "round:decimals"), lambda: [
        GoldenExact("8/5"), GoldenExact("8/5"), GoldenExact("3/10"), 4
    ]),
    "clip:a_max": lambda: np.minimum(V, 1),
    "clip:a_min": lambda: np.maximum(V, 1),
    "average:returned": lambda: [M.mean(), 6],
    "empty_like:shape": lambda: [[0, 0], [0, 0]],
    "linalg.tensorinv:ind": lambda: np.linalg.tensorinv(T),
    "linalg.tensorsolve:axes": lambda: np.linalg.tensorsolve(
        np.transpose(T, (2, 3, 0, 1)), np.tensordot(T, M.T, 2)
    ),
    "argsort:descending": lambda: [[2, 1, 0], [0, 1, 2]],
    "sort:descending": lambda: [3, PHI, GoldenExact("5/2", -1), 0],
    "digitize:right": lambda: [3, 1, 0, 1],
    "median:keepdims": lambda: [GoldenExact("5/4")],
    "nanmedian:keepdims": lambda: [[GoldenExact("1/2", "1/2")]],
    "unique:axis": lambda: [[1, 2], [PHI, 1]],
}  # fmt: skip


def rule(name, key):
    """Return the table of an argument's rule, and the key it stands under."""
    for which in (f"{name}:{key}", key):
        for table, rules in TABLES.items():
            if which in rules:
                return table, which
    return None, None


def arguments(name):
    return ARGUMENTS.get(name) or CALLS[name][0]


def operands_of(name):
    """Return the parameters that the arguments of a function fill."""
    signature = options.signature_of(FUNCTIONS[name], name)
    return set(signature.bind_partial(*arguments(name)).arguments)


def by_numpy(name, args, kwargs):
    """Call NumPy's own function on object arrays; that with NaN in its name has a plain twin."""
    twin = FUNCTIONS.get(name.removeprefix("nan"), FUNCTIONS[name])
    plain_args = [plain(x) if isinstance(x, (ResonantTensor, list, tuple)) else x for x in args]
    return twin(*plain_args, **{key: plain(x) if isinstance(x, ResonantTensor) else x
                                for key, x in kwargs.items()})  # fmt: skip


PAIRS = [
    (name, key)
    for name in sorted(SUPPORTED & set(FUNCTIONS))
    for key in options.signature_of(FUNCTIONS[name], name).parameters
]
# `like` never comes; a mask has a test of its own, since NumPy wants a start on object arrays.
TRIED = [
    (name, key)
    for name, key in PAIRS
    if key not in operands_of(name) and key not in ("like", "where", "args", "style")
]
OLD = np.lib.NumpyVersion(np.__version__) < "2.4.0"


def test_each_argument_has_one_rule():
    keys = [key for rules in TABLES.values() for key in rules]
    assert len(keys) == len(set(keys))
    options_of_ufuncs = ("clip:kwargs", "einsum:kwargs")
    assert [p for p in PAIRS if rule(*p)[0] is None and ":".join(p) not in options_of_ufuncs] == []


OF_OTHER_NUMPY = set("c descending newshape pts sig style".split())


@pytest.mark.skipif(OLD, reason="an older NumPy has fewer arguments")
def test_each_rule_has_an_argument():
    ufuncs = {(f"ufunc.{method}", key) for method, keys in METHOD_OPTIONS.items() for key in keys}
    used = {rule(*pair)[1] for pair in (*PAIRS, *ufuncs)}
    assert {key for rules in TABLES.values() for key in rules} - used <= OF_OTHER_NUMPY


@pytest.mark.parametrize("name", sorted(set(functions.EXACT) & set(FUNCTIONS)))
def test_exact_forms_take_the_exact_arguments(name):
    form = inspect.signature(functions.EXACT[name]).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in form):
        return  # it hands them to NumPy
    taken = {p.name for p in form}
    by_position = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in form)
    parameters = options.signature_of(FUNCTIONS[name], name).parameters.values()
    for place, p in enumerate(parameters):
        named = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        if named and rule(name, p.name)[0] == "exact" and p.default is not p.empty:
            assert p.name in taken
        elif p.default is p.empty and rule(name, p.name)[0] == "exact":
            assert place < by_position or any(q.kind is q.VAR_POSITIONAL for q in form)


@pytest.mark.parametrize(("name", "key"), TRIED)
def test_an_option_has_its_exact_meaning(name, key):
    args, which = arguments(name), f"{name}:{key}"
    value = VALUES[which] if which in VALUES else VALUES[key]
    kind = options.signature_of(FUNCTIONS[name], name).parameters[key].kind
    kwargs = dict(value) if kind is inspect.Parameter.VAR_KEYWORD else {key: value}
    result = plain(functions.call(FUNCTIONS[name], args, kwargs))
    if which in EXPECTED:
        assert same(result, plain(EXPECTED[which]()))
    elif rule(name, key)[0] == "exact":
        assert same(result, plain(by_numpy(name, args, kwargs)))
    else:
        assert same(result, plain(functions.call(FUNCTIONS[name], args, {})))


# -- a ring homomorphism to the integers modulo a prime -----------------------------------

PRIME = 10**9 + 9
ROOT_5 = 383008016  # 383008016² = 5 modulo the prime, so that φ has an image there
IMAGE_OF_PHI = (1 + ROOT_5) * pow(2, -1, PRIME) % PRIME
ALGEBRAIC = (
    "convolve correlate cross cumprod cumsum cumulative_prod cumulative_sum diff dot ediff1d "
    "einsum inner kron linalg.cross linalg.matmul linalg.matrix_power linalg.multi_dot "
    "linalg.outer linalg.tensordot linalg.trace linalg.vecdot nancumprod nancumsum nanprod nansum "
    "outer polyadd polyder polymul polysub polyval prod sum tensordot trace vander vdot"
).split()


def image(x):
    """Map golden numbers, alone or in arrays and lists, to integers modulo the prime."""
    if isinstance(x, (list, tuple)) and not all(isinstance(n, (int, np.integer)) for n in x):
        return type(x)(image(item) for item in x)
    if isinstance(x, ResonantTensor) or (isinstance(x, np.ndarray) and x.dtype == object):
        return np.vectorize(image, otypes=[object])(plain(x)) if x.size else plain(x)
    if isinstance(x, GoldenExact):
        a, b, d = (int(n) for n in x.numerators())
        return (a + b * IMAGE_OF_PHI) * pow(d, -1, PRIME) % PRIME
    return x


@pytest.mark.parametrize(("name", "key"), [(n, k) for n, k in TRIED if n in ALGEBRAIC])
def test_algebraic_functions_commute_with_a_homomorphism(name, key):
    assert ROOT_5**2 % PRIME == 5
    args, which = arguments(name), f"{name}:{key}"
    given = {key: VALUES[which] if which in VALUES else VALUES[key]}
    if options.signature_of(FUNCTIONS[name], name).parameters[key].kind.name == "VAR_KEYWORD":
        given = {}
    result = image(functions.call(FUNCTIONS[name], args, given))
    twin = FUNCTIONS[name.removeprefix("nan")]
    expected = twin(*map(image, args), **{k: image(x) for k, x in given.items()})
    assert same(plain(result), np.asarray(expected) % PRIME)


# -- masks and starts ---------------------------------------------------------------------

MASKS = [
    np.array([[True, False, True], [False, True, True]]),
    np.array([True, True, False]),
    np.array([[True], [False]]),
    np.array(True),
]
AXES = [None, 0, 1, -1, (0, 1), np.int64(0)]


def lines(x, axis):
    """Yield the elements behind each element of a reduction."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = axes if isinstance(axes, tuple) else (int(axes),)
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    return moved.reshape(-1, np.prod(moved.shape[x.ndim - len(axes) :], dtype=int))


def by_lines(function, x, mask, axis):
    """Reduce what a mask keeps with a function of a list, line by line."""
    kept = lines(np.broadcast_to(mask, x.shape), axis)
    return [function([v for v, k in zip(*pair, strict=True) if k])
            for pair in zip(lines(x, axis), kept, strict=True)]  # fmt: skip


def _product(values):
    out = GoldenExact(1)
    for x in values:
        out = out * x
    return out


def _mean(values):
    return sum(values, GoldenExact(0)) / len(values)


def _variance(values):
    return _mean([(x - _mean(values)) ** 2 for x in values])


REDUCTIONS = {
    **dict.fromkeys(("sum", "nansum"), (lambda x: sum(x, GoldenExact(0)), {})),
    **dict.fromkeys(("prod", "nanprod"), (_product, {})),
    **dict.fromkeys(("mean", "nanmean"), (_mean, {})),
    **dict.fromkeys(("var", "nanvar"), (_variance, {})),
    **dict.fromkeys(("all",), (all, {})),
    **dict.fromkeys(("any",), (any, {})),
    **dict.fromkeys(("max", "amax", "nanmax"), (lambda x: max([*x, PHI]), {"initial": PHI})),
    **dict.fromkeys(("min", "amin", "nanmin"), (lambda x: min([*x, PHI]), {"initial": PHI})),
}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_masks_leave_elements_out(name, axis):
    oracle, start = REDUCTIONS[name]
    for mask in MASKS:
        for keepdims in (False, True):

            def reduced(mask=mask, keepdims=keepdims):
                return FUNCTIONS[name](M, axis=axis, where=mask, keepdims=keepdims, **start)

            try:
                expected = by_lines(oracle, np.asarray(M), mask, axis)
            except ZeroDivisionError:
                with pytest.raises(ValueError, match="must be averaged"):
                    reduced()
                continue
            got = np.asarray(plain(reduced()))
            assert got.ndim == np.ndim(np.sum(np.asarray(M), axis=axis, keepdims=keepdims))
            assert got.ravel().tolist() == expected


def test_functions_with_masks_are_all_here():
    assert {name for name, key in PAIRS if key == "where"} == set(REDUCTIONS)


def test_a_mask_must_fit():
    for mask in (np.ones((4, 3), bool), np.ones((2, 2, 3), bool)):
        with pytest.raises(ValueError, match=r"where= must broadcast"):
            np.sum(M, where=mask)
    for mask in ([1, 0, 1], 0.5, M):
        with pytest.raises(TypeError, match=r"np\.sum: where must be a boolean array"):
            np.sum(M, where=mask)
    for largest in (np.max, np.min):
        with pytest.raises(ValueError, match="where= needs initial="):
            largest(M, where=MASKS[0])


def test_starts():
    empty = ResonantTensor.zeros((0, 2))
    assert np.sum(empty, axis=0, initial=PHI).tolist() == [PHI, PHI]
    assert np.prod(empty, axis=0, initial=PHI).tolist() == [PHI, PHI]
    assert np.max(empty, axis=0, initial=PHI).tolist() == [PHI, PHI]
    assert np.max(M, initial=100).item() == 100
    for function in (np.sum, np.prod, np.max):
        assert function(M, initial=None).equals(function(M))
        with pytest.raises(ValueError, match=r"initial=None needs|at least one element"):
            function(empty, initial=None)
        for wrong in (0.5, "1", 1j):
            with pytest.raises(TypeError, match=rf"np\.{function.__name__}, initial"):
                function(M, initial=wrong)
        with pytest.raises(ValueError, match="initial must be one exact number"):
            function(M, initial=[1, 2])


def test_variance_over_other_counts():
    x = np.asarray(M)
    for ddof in (0, 1, np.int64(2), -3, GoldenExact(1).a):
        assert same(plain(np.var(M, ddof=ddof)), x.var(ddof=int(ddof)))
    assert same(plain(np.var(M, axis=1, mean=M.mean(axis=1, keepdims=True))), x.var(axis=1))
    assert np.var(M, where=MASKS[0], ddof=1).item() == np.var(x[MASKS[0]], ddof=1)
    with pytest.raises(TypeError, match=r"np\.var: ddof must be an exact rational number"):
        np.var(M, ddof=0.5)
    with pytest.raises(ValueError, match="ddof and correction"):
        np.var(M, ddof=1, correction=1)
    for ddof in (4, 10**5000):
        with pytest.raises(ValueError, match=r"must be averaged|ddof must be"):
            np.var(M, where=MASKS[0], ddof=ddof)


# -- what is refused ----------------------------------------------------------------------

HUGE = 10**5000
WRONG = {
    **dict.fromkeys(
        "axis axis1 axis2 axisa axisb axisc source destination".split(),
        (1.5, "0", 7, -7, HUGE, -HUGE, (0, HUGE), True),
    ),
    **dict.fromkeys(("correction", "ddof"), (0.5, "1", HUGE)),
    "shape": (0.5, "3", HUGE, (2, 0.5), (2, HUGE)),
    **dict.fromkeys("N decimals diff:n ind k offset polyder:m start".split(), (0.5, "1", HUGE)),
    **dict.fromkeys(
        "include_initial increasing invert keepdims return_counts return_index return_indices "
        "return_inverse returned right sparse".split(),
        ("yes", 0.5),
    ),
    **dict.fromkeys(("hermitian", "writeable"), (True,)),
    **dict.fromkeys(("rtol", "tol"), (0.1, 0)),
    **dict.fromkeys("append prepend to_begin to_end weights".split(), (0.5, [0.5])),
    **dict.fromkeys(("clip:min", "clip:max", "clip:a_min", "clip:a_max", "var:mean"), (0.5, [0.5])),
    **dict.fromkeys(
        (f"{name}:order" for name in ("argpartition", "argsort", "partition", "sort")), ("x", ["x"])
    ),
    "casting": ("nonsense",),
    "clip:kwargs": ({"where": MASK}, {"dtype": float}, {"axis": 0}, {"signature": "OO->O"}),
    "device": ("cuda", 3),
    "dtype": (float, int, bool, "float32", "nonsense", complex),
    "einsum:kwargs": ({"dtype": float}, {"axis": 0}, {"nonsense": 0}),
    "initial": (0.5, "1"),
    "kind": ("nonsense", 3),
    "optimize": ("nonsense",),
    "order": ("Z", 3),
    "out": (np.zeros(3), V),
    "pad:mode": ("linear_ramp",),
    "requirements": ("W", ["C", "WRITEABLE"]),
    "tensordot:axes": (0.5, "1", HUGE, 7, ([0],), ([0], [7]), ([0], [HUGE])),
    "where": (0.5, [1, 0]),
}  # fmt: skip


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_wrong_value_is_refused_by_name(name, key):
    which = f"{name}:{key}"
    args = arguments(name)
    parameter = options.signature_of(FUNCTIONS[name], name).parameters[key]
    if key in operands_of(name) or key == "like":
        return
    for value in WRONG.get(which, WRONG.get(key, ())):
        if rule(name, key)[1] in (
            "isin:assume_unique",
            "real_if_close:tol",
            "einsum_path:optimize",
        ):
            continue
        kwargs = value if parameter.kind is parameter.VAR_KEYWORD else {key: value}
        with pytest.raises((TypeError, ValueError, DeviceError)) as caught:
            functions.call(FUNCTIONS[name], args, dict(kwargs))
        text = str(caught.value)
        assert not INNER.search(text), text
        assert name.removeprefix("nan") in text or f"np.{name}" in text, text


def test_floats_beside_exact_tensors_are_refused():
    for call in (
        lambda: np.append(V, [0.5]),
        lambda: np.average(V, weights=[0.5, 0.5, 1.0, 1.0]),
        lambda: np.clip(V, 0.5, 2),
        lambda: np.concatenate([V, [0.5]]),
        lambda: np.convolve(V, [0.5]),
        lambda: np.full_like(V, 0.5),
        lambda: np.insert(V, 1, 0.5),
        lambda: np.isin(V, [0.5]),
        lambda: np.pad(V, 1, constant_values=0.5),
        lambda: np.piecewise(V, [MASK], [0.5, 1]),
        lambda: np.polyval(V, 0.5),
        lambda: np.searchsorted(V, [0.5]),
        lambda: np.select([MASK], [V], 0.5),
        lambda: np.union1d(V, [0.5]),
        lambda: np.where(MASK, V, 0.5),
    ):
        with pytest.raises(TypeError, match=r"^np\.\w+, \w+: the data must be exact numbers"):
            call()


def test_out_is_refused_wherever_it_stands():
    for call in (
        lambda: np.sum(M, 0, None, np.zeros(3)),
        lambda: np.sum(M.wake_flux(), 0, None, np.zeros(3)),
        lambda: np.clip(V, 0, 1, np.zeros(4)),
        lambda: M.sum(out=np.zeros(())),
        lambda: M.wake_flux().sum(out=np.zeros(())),
        lambda: np.add(V, V, np.zeros(4)),
        lambda: np.add.reduce(V, out=np.zeros(())),
    ):
        with pytest.raises(TypeError, match="immutable, so out= is refused"):
            call()
    assert np.sum(M, 0, None, None).equals(M.sum(axis=0))
    assert np.add(V, V, out=None).equals(2 * V)


def test_unknown_arguments_are_named():
    for call in (
        lambda: M.sum(nonsense=1),
        lambda: M.cumsum(keepdims=True),
        lambda: M.reshape(3, 2, order="C", nonsense=0),
        lambda: np.einsum("ij->i", M, nonsense=1),
        lambda: np.vecdot(V, W, nonsense=1) if hasattr(np, "vecdot") else M.sum(nonsense=1),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert "there is no argument" in str(caught.value) or "vecdot" in str(caught.value)


# -- axes and empty shapes ----------------------------------------------------------------

SHAPES = [(), (0,), (0, 3), (3, 0), (1,), (3,), (2, 3), (2, 1, 2)]
ALL_AXES = [0, -1, 1, -2, 2, np.int64(1), (0,), (0, 1), (-1, 0), (0, 0), (), None, HUGE, -HUGE, 1.5]
BESIDE = {
    "linalg.norm": lambda x, axis: np.linalg.norm(x, 1, axis),  # the others have few squares
    "linalg.vector_norm": lambda x, axis: FUNCTIONS["linalg.vector_norm"](x, axis=axis, ord=1),
    "apply_along_axis": lambda t, axis: np.apply_along_axis(np.cumsum, axis, t),
    "append": lambda t, axis: np.append(t, t, axis=axis),
    "array_split": lambda t, axis: np.array_split(t, 2, axis=axis),
    "argpartition": None,  # its order within the parts is free
    "concatenate": lambda t, axis: np.concatenate([t, t], axis=axis),
    "compress": lambda t, axis: np.compress([True, False], t, axis=axis),
    "cross": None,
    "delete": lambda t, axis: np.delete(t, 0, axis=axis),
    "expand_dims": lambda t, axis: np.expand_dims(t, axis),
    "insert": lambda t, axis: np.insert(t, 0, 1, axis=axis),
    "lexsort": lambda t, axis: np.lexsort((t, t), axis=axis),
    "lib.stride_tricks.sliding_window_view": None,
    "linalg.cross": None,
    "linalg.vecdot": None,  # NumPy gives None for object arrays of no element
    "partition": None,
    "repeat": lambda t, axis: np.repeat(t, 2, axis=axis),
    "roll": lambda t, axis: np.roll(t, 1, axis=axis),
    "rollaxis": lambda t, axis: np.rollaxis(t, axis),
    "split": lambda t, axis: np.split(t, 1, axis=axis),
    "stack": lambda t, axis: np.stack([t, t], axis=axis),
    "take": lambda t, axis: np.take(t, [0], axis=axis),
    "take_along_axis": lambda t, axis: np.take_along_axis(t, np.zeros((1,) * t.ndim, int), axis),
    "trim_zeros": None,
}
WITH_AXIS = sorted({name for name, key in PAIRS if key == "axis"} - {
    name for name, call in BESIDE.items() if call is None
})  # fmt: skip
# NumPy gives NaN, or what it computes of nothing, with a warning.
OF_NOTHING = {"average", "mean", "median", "nanmean", "nanmedian", "nanvar", "var"}
# NumPy takes (0,) for 0, though only one axis is documented.
OF_ONE_AXIS = {"cumulative_prod", "cumulative_sum", "unstack"}
# NumPy rounds a float down to an axis there.
OF_ANY_AXIS = {"linalg.norm", "linalg.vector_norm"}
# NumPy does not do it on object arrays.
BEYOND_NUMPY = {"unique", "median", "nanmedian", *(["size", "linalg.norm"] if OLD else [])}


def along(name):
    """Return a call of a function with an array and an axis."""
    return BESIDE.get(name, lambda x, axis: FUNCTIONS[name](x, axis=axis))


def shown(axis):
    return "a huge axis" if isinstance(axis, int) and abs(axis) > 99 else repr(axis)


def outcome(call, *args):
    try:
        return plain(call(*args)), None
    except (TypeError, ValueError, IndexError, ArithmeticError) as error:
        return None, error


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", WITH_AXIS)
def test_axes_of_every_shape(name):
    twin = name.removeprefix("nan")
    for shape in SHAPES:
        t = ResonantTensor.random_lattice(shape, bound=3, seed=1)
        for axis in ALL_AXES:
            where = f"{name} of shape {shape} along {shown(axis)}"
            result, error = outcome(along(name), t, axis)
            expected, of_numpy = outcome(along(twin), np.asarray(t), axis)
            if error is not None:
                assert not INNER.search(str(error)), f"{where}: {error}"
                of_nothing = name in OF_NOTHING and t.size == 0
                listed = name in OF_ONE_AXIS and axis == (0,)
                listed = listed or (name in OF_ANY_AXIS and isinstance(axis, float))
                assert of_nothing or listed or of_numpy is not None, f"{where}: {error}"
            elif of_numpy is not None:
                none = isinstance(axis, tuple) and not axis
                quirk = shape == () or none or name in BEYOND_NUMPY or name in OF_NOTHING
                assert quirk, f"{where}: NumPy raises {of_numpy}"
            else:
                assert same(result, expected), where


def test_unique_rows_and_columns():
    for seed in range(5):
        t = ResonantTensor.random_lattice((6, 2, 2), bound=1, seed=seed)
        for axis in (0, 1, -1):
            slices = np.moveaxis(np.asarray(t), axis, 0)
            keys = [tuple(x.ravel().tolist()) for x in slices]
            values, index, inverse, counts = np.unique(t, True, True, True, axis=axis)
            distinct = sorted(set(keys))
            got = np.moveaxis(np.asarray(values), axis, 0)
            assert [tuple(x.ravel().tolist()) for x in got] == distinct
            assert index.tolist() == [keys.index(key) for key in distinct]
            assert inverse.ravel().tolist() == [distinct.index(key) for key in keys]
            assert counts.tolist() == [keys.count(key) for key in distinct]
            ranks = np.searchsorted(np.unique(np.asarray(t)), np.asarray(t))
            assert inverse.shape == np.unique(ranks, return_inverse=True, axis=axis)[1].shape


# -- methods of ufuncs --------------------------------------------------------------------

METHOD_OPTIONS = {
    "call": "axes axis casting dtype keepdims order sig signature subok where".split(),
    "reduce": "axis dtype initial keepdims out where".split(),
    "accumulate": "axis dtype out".split(),
    "reduceat": "axis dtype out".split(),
}
BINARY = "add divide floor_divide fmax fmin maximum minimum multiply subtract".split()
LOGICAL = "logical_and logical_or logical_xor".split()


def test_options_of_ufuncs_have_rules():
    for method, keys in METHOD_OPTIONS.items():
        assert [key for key in keys if rule(f"ufunc.{method}", key)[0] is None] == []
    known = {**dict.fromkeys(("call", "outer"), np.vecdot if hasattr(np, "vecdot") else np.add),
             "reduce": np.add.reduce, "accumulate": np.add.accumulate}  # fmt: skip
    for method, function in known.items():
        try:
            signature = inspect.signature(function)
        except ValueError:
            continue  # NumPy has signatures of ufuncs since 2.4
        keys = {p.name for p in signature.parameters.values() if p.default is not p.empty}
        assert keys - {*METHOD_OPTIONS.get(method, METHOD_OPTIONS["call"]), "out"} == set()


@pytest.mark.parametrize("name", [*BINARY, *LOGICAL])
@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_methods_of_ufuncs_over_every_shape(name, method):
    call = getattr(getattr(np, name), method)
    for shape in SHAPES:
        t = 1 + ResonantTensor.random_lattice(shape, bound=3, seed=2)
        t = np.where(t == 0, PHI, t)
        for axis in ALL_AXES:
            where = f"{name}.{method} of shape {shape} along {shown(axis)}"
            result, error = outcome(call, t, axis)
            x = np.asarray(t != 0 if name in LOGICAL else t)
            expected, of_numpy = outcome(call, x, axis)
            if error is not None:
                assert not INNER.search(str(error)), f"{where}: {error}"
            assert (error is None) == (of_numpy is None), f"{where}: {error}, NumPy: {of_numpy}"
            assert error is not None or same(result, expected), where


@pytest.mark.parametrize("name", BINARY)
def test_starts_and_masks_of_reduce(name):
    ufunc = getattr(np, name)
    x = np.asarray(M + 5)
    for axis in (0, 1):
        for keepdims in (False, True):
            given = {"axis": axis, "keepdims": keepdims, "initial": PHI}
            assert same(plain(ufunc.reduce(M + 5, **given)), ufunc.reduce(x, **given))
            given["where"] = MASKS[0]
            assert same(plain(ufunc.reduce(M + 5, **given)), ufunc.reduce(x, **given))
    none = np.zeros((2, 3), bool)
    assert ufunc.reduce(M, axis=1, initial=PHI, where=none).tolist() == [PHI, PHI]
    empty = ResonantTensor.zeros((0, 2))
    assert ufunc.reduce(empty, initial=PHI).tolist() == [PHI, PHI]
    assert ufunc.reduce(M + 5, dtype=object, out=None).equals(ufunc.reduce(M + 5))
    with pytest.raises(TypeError, match=rf"np\.{name}\.reduce: exact tensors have dtype object"):
        ufunc.reduce(M, dtype=float)
    with pytest.raises(TypeError, match=rf"np\.{name}\.reduce, initial"):
        ufunc.reduce(M, initial=0.5)


def test_running_extremes_of_equal_floats():
    near = ResonantTensor([PHI**-80, 0, PHI**-81, PHI**-80]) + PHI**40  # one float for all
    for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
        assert same(plain(ufunc.accumulate(near)), ufunc.accumulate(np.asarray(near)))
        assert same(plain(ufunc.reduce(near)), ufunc.reduce(np.asarray(near)))


def test_logical_methods_by_segments():
    t = ResonantTensor([0, PHI, 0, 0, 1])
    truth = np.asarray(t).astype(bool)
    for name in LOGICAL:
        ufunc = getattr(np, name)
        assert same(ufunc.reduceat(t, [0, 2, 3]), ufunc.reduceat(truth, [0, 2, 3]))
    assert np.logical_and.reduce(t, initial=0) == False  # noqa: E712


def test_options_of_calls():
    assert np.add(V, W, dtype=object, casting="no", order="F", subok=False, where=True).equals(
        V + W
    )
    assert np.add.outer(V, W, dtype=object).equals(V[:, None] + W)
    for options_, words in (
        ({"where": MASK}, "where= is refused, because .*np.where"),
        ({"dtype": float}, "exact tensors have dtype object"),
        ({"signature": "OO->O"}, "signature= is refused"),
        ({"casting": "nonsense"}, "casting must be one of"),
        ({"order": "Z"}, "order must be"),
    ):
        for call in (np.add, np.add.outer):
            with pytest.raises((TypeError, ValueError), match=words):
                call(V, W, **options_)
    if hasattr(np, "vecdot"):
        x = np.asarray(S)
        for axis in (0, 1, -1, np.int64(0)):
            for keepdims in (False, True):
                expected = (x * x[::-1]).sum(axis=axis, keepdims=keepdims)
                assert same(plain(np.vecdot(S, S[::-1], axis=axis, keepdims=keepdims)), expected)
        assert np.linalg.vecdot(M[:0], M[:0], axis=0).tolist() == [0, 0, 0]
    with pytest.raises(TypeError, match=r"axes= is refused, because np\.moveaxis"):
        np.matmul(S, S, axes=[(0, 1), (0, 1), (0, 1)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_flux_takes_exact_numbers_beside_it(dtype):
    flux = ResonantTensor([1, PHI, 0]).wake_flux(dtype=dtype)
    x, phi = flux.flux_array, dtype(PHI)
    for beside, plain_ in ((PHI, phi), ([PHI, 1, 0], np.array([phi, 1, 0], dtype)),
                           (np.array([PHI, 1, 0]), np.array([phi, 1, 0], dtype))):  # fmt: skip
        for call in (
            lambda t, other: np.append(t, other),
            lambda t, other: np.clip(t, 0, other),
            lambda t, other: np.block([t, other]),
            lambda t, other: np.full_like(t, other),
            lambda t, other: np.diff(t, prepend=other),
            lambda t, other: np.dot(t, other),
            lambda t, other: np.isin(t, other),
            lambda t, other: np.where([True, False, True], t, other),
        ):
            result, expected = call(flux, beside), call(x, plain_)
            assert same(plain(result), expected)
            assert np.asarray(result).dtype == expected.dtype
    assert np.sum(flux, initial=PHI).equals(ResonantTensor.from_flux(x.sum(initial=phi)))


def test_masks_of_calls_in_flux():
    flux = V.wake_flux()
    for call in (np.add, np.add.outer, np.multiply):
        with pytest.raises(TypeError, match=r"where= is refused, because .*np\.where"):
            call(flux, flux, where=MASK)
    assert np.add(flux, flux, where=True).equals(2 * flux)


# -- methods of tensors -------------------------------------------------------------------

METHODS = (
    "argmax argmin argsort cumsum dot max mean min prod round sort sum trace unique var"
).split()


@pytest.mark.parametrize("name", METHODS)
def test_methods_take_the_options_of_their_functions(name):
    t = ResonantTensor([[PHI, 1], [1, 2], [PHI, 1]])
    args = (t, t.T) if name == "dot" else (t,)
    for key in options.signature_of(FUNCTIONS[name], name).parameters:
        if key in ("a", "ar", "b", "axis1", "axis2"):
            continue
        value = VALUES[f"{name}:{key}"] if f"{name}:{key}" in VALUES else VALUES[key]
        given = {key: MASKS[0].T if key == "where" else value}
        if key == "where" and name in ("max", "min"):
            given["initial"] = 0
        for each in (args, tuple(x.wake_flux() for x in args)):
            if key in ("dtype", "initial", "mean") and not each[0].is_crystallized:
                continue
            method, function = getattr(each[0], name), FUNCTIONS[name]
            assert same(plain(method(*each[1:], **given)), plain(function(*each, **given)))


def test_orders_of_reading():
    for t in (M, M.T, np.broadcast_to(M, (2, 2, 3)), M / ResonantTensor([1, 2, 3])):
        x = np.ascontiguousarray(np.asarray(t))
        for order in "CFAK":
            assert same(plain(t.ravel(order)), x.ravel(order))
            if order != "K":
                assert same(plain(t.reshape(-1, order=order)), x.reshape(-1, order=order))
    with pytest.raises(ValueError, match=r'np\.reshape: order must be "C", "F" or "A"'):
        M.reshape(-1, order="K")


# -- edges of single functions ------------------------------------------------------------


def test_medians():
    for shape, axis in (((5,), None), ((4,), 0), ((3, 4), None), ((3, 4), (0, 1)), ((3, 4), 1)):
        t = ResonantTensor.random_lattice(shape, bound=5, seed=4)
        for function in (np.median, np.nanmedian):
            assert same(plain(function(t, axis=axis)), np.median(np.asarray(t), axis=axis))
            kept = function(t, axis=axis, keepdims=True)
            assert kept.shape == np.sum(np.asarray(t), axis=axis, keepdims=True).shape
            assert kept.ravel().equals(function(t, axis=axis).ravel())
    for shape, axis in (((0,), None), ((0, 3), 0), ((3, 0), 1), ((0, 3), (0, 1))):
        with pytest.raises(ValueError, match="median: at least one element is needed"):
            np.median(ResonantTensor.zeros(shape), axis=axis)
    assert np.median(ResonantTensor.zeros((0, 3)), axis=1).shape == (0,)


def test_averages():
    x, weights = np.asarray(C), ResonantTensor([[1, PHI], [3, 2]])
    expected = np.average(x, axis=(0, 2), weights=np.asarray(weights))
    assert same(plain(np.average(C, axis=(0, 2), weights=weights)), expected)
    turned = np.average(C, axis=(2, 0), weights=weights)
    assert same(plain(turned), np.average(x, axis=(2, 0), weights=np.asarray(weights)))
    mean, total = np.average(C, axis=1, returned=True, keepdims=True)
    assert same([plain(mean), plain(total)], [x.mean(axis=1, keepdims=True), np.full((2, 1, 2), 2)])
    with pytest.raises(ZeroDivisionError, match="the weights sum to zero"):
        np.average(V, weights=[1, -1, 0, 0])
    for wrong in ({"weights": [1, 2]}, {"weights": [1, 2, 3], "axis": 0}):
        with pytest.raises(ValueError, match=r"average: weights must have the array's shape"):
            np.average(C, **wrong)


def test_tensordot_axes():
    x = np.asarray(C)
    for axes in (0, 1, 2, 3, np.int64(2), (0, 1), ([0, 1], [1, -1]), (np.array([0]), 2), ((), ())):
        assert same(plain(np.tensordot(C, C, axes)), np.tensordot(x, x, axes))
    with pytest.raises(np.exceptions.AxisError, match=r"np\.tensordot: axes must be at most 3"):
        np.tensordot(C, C, 4)
    with pytest.raises(ValueError, match="the summed axes must have one length"):
        np.tensordot(M, M, 1)


@pytest.mark.parametrize(
    "subscripts",
    ["...->", "ij...->ij", "ii->ij", "ij->ijj", "ij->k", "ij->i.", "i$->i", "ij,jk", "i->i", "->",
     "ij->ij->", "ijk->", "...i...->i", "ij...->i..j", "ij->i...", "...j->...j", "", "ij->ji",
     " i j -> j", "ij...->...ji", "Ij->jI", "ii"],
)  # fmt: skip
def test_einsum_refuses_what_numpy_refuses(subscripts):
    for t in (C, M, V, ResonantTensor(3)):
        result, error = outcome(lambda x: np.einsum(subscripts, x), t)
        expected, of_numpy = outcome(lambda x: np.einsum(subscripts, x), np.asarray(t))
        assert (error is None) == (of_numpy is None), f"{t.shape}: {error}, NumPy: {of_numpy}"
        if error is None:
            assert same(result, expected)
        else:
            assert isinstance(error, ValueError)
            assert not INNER.search(str(error)), str(error)


def test_single_edges():
    with pytest.raises(ValueError, match="both given or both left out"):
        np.where(MASK, V)
    if "min" in inspect.signature(np.clip).parameters:  # since NumPy 2.1
        with pytest.raises(ValueError, match="names of one pair"):
            np.clip(V, 0, min=1)
    with pytest.raises(ValueError, match=r"trace: the array must have at least two axes"):
        V.trace()
    with pytest.raises(ValueError, match="kth"):
        np.partition(V, 4)
    assert np.zeros_like(M, shape=()).shape == ()
    for function in (np.reshape, np.resize, np.broadcast_to):
        for shape in (0.5, "3", HUGE, (2, "3")):
            with pytest.raises((TypeError, ValueError), match=r"shape must be an integer"):
                function(M, shape)
    assert np.diff(V, n=10**9).shape == (0,)
    assert np.compress(V, W).equals(W[np.asarray(V != 0)])
    assert np.extract(V, [1, 2, 3, 4]).tolist() == [1, 2, 4]
    assert np.diff(V, prepend=[[0]] if V.ndim == 2 else [0], append=[1, 2]).size == 6
    assert size(ResonantTensor.zeros((2, 3))._lattice("size"), (0, 1)) == 6
