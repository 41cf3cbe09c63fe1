"""Each supported NumPy function on exact tensors against NumPy's own on object arrays."""

from fractions import Fraction

import numpy as np
import pytest
from numpy_calls import CALLS, FUNCTIONS, MASK, SUPPORTED, C, M, S, T, V, W, plain, same

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.tensor import functions, ufuncs

# What NumPy cannot do on object arrays has its own value here.
DIRECT = {
    "around": lambda: (np.around(W[1:], 1), ResonantTensor([Fraction(8, 5), Fraction(3, 10), 4])),
    "round": lambda: (np.round(W), ResonantTensor([2, 2, 0, 4])),
    "asanyarray": lambda: (functions.call(np.asanyarray, (V,), {}), V),
    "asarray": lambda: (functions.call(np.asarray, (V,), {}), V),
    "empty_like": lambda: (np.empty_like(M).shape, M.shape),
    "fix": lambda: (np.fix(-W), ResonantTensor([-1, -1, 0, -4])),
    "imag": lambda: (np.imag(V), ResonantTensor.zeros(4)),
    "iscomplex": lambda: (np.iscomplex(V).tolist(), [False] * 4),
    "isreal": lambda: (np.isreal(V).tolist(), [True] * 4),
    "digitize": lambda: (
        [
            np.digitize(V, edges, right)
            for edges in (ResonantTensor([0, PHI, 2]), [2, PHI, 0], [GoldenExact(1)], [0, 0])
            for right in (False, True)
        ],
        [[3, 2, 1, 1], [3, 1, 0, 1], [0, 1, 2, 2], [0, 2, 3, 2],
         [1, 1, 0, 0], [1, 1, 0, 0], [2, 2, 2, 2], [2, 2, 0, 2]],
    ),
    "isneginf": lambda: (np.isneginf(V), [False] * 4),
    "isposinf": lambda: (np.isposinf(M), np.zeros((2, 3), bool)),
    "linalg.det": lambda: (np.linalg.det(S), (1 - 3 * PHI) / 2),
    "linalg.inv": lambda: (S @ np.linalg.inv(S), np.eye(3, dtype=int)),
    "linalg.matrix_rank": lambda: (
        [np.linalg.matrix_rank(x) for x in (S, M, S[:, :1] * S[0], S[0], V[2:3])],
        [3, 2, 1, 1, 0],
    ),
    "linalg.solve": lambda: (
        [np.linalg.solve(S, S @ M[0]), np.linalg.solve(S, S @ M.T), np.linalg.solve(S, [0, 0, 0])],
        [M[0], M.T, [0, 0, 0]],
    ),
    "linalg.tensorinv": lambda: (
        [np.tensordot(np.linalg.tensorinv(T), T, 2), np.linalg.tensorinv(M[0, :1], 1)],
        [np.eye(6, dtype=int).reshape(3, 2, 3, 2), M[0, :1]],
    ),
    "linalg.tensorsolve": lambda: (
        [np.linalg.tensorsolve(t, np.tensordot(T, M.T, 2), *axes) for t, *axes in (
            (T,), (np.moveaxis(T, 2, 0), (0, 3)), (T.transpose(3, 0, 2, 1), (2, 0)),
        )],
        [M.T, M.T, M.T],
    ),
    "nan_to_num": lambda: (np.nan_to_num(V), V),
    "partition": lambda: (np.partition(V, 1), np.sort(V)),
    "real_if_close": lambda: (np.real_if_close(V), V),
    "require": lambda: (functions.call(np.require, (V,), {}), V),
    "unique_values": lambda: (np.unique_values(W), np.unique(W)),
    **{
        f"nan{name}": (
            lambda name=name: (getattr(np, f"nan{name}")(M), getattr(np, name)(M))
        )
        for name in (
            "argmax", "argmin", "cumprod", "cumsum", "max", "mean", "median", "min", "prod",
            "sum", "var",
        )
    },
}  # fmt: skip


def test_every_supported_function_is_called_here():
    known = {name for name in SUPPORTED if name in FUNCTIONS}
    assert known - set(CALLS) == set()
    assert {name for name in known if not CALLS[name]} == set(DIRECT) & known


# The rest of NumPy's releases lacks them, hides them, or has them as ufuncs.
OF_SOME_RELEASES = (
    "ascontiguousarray asfortranarray cumulative_prod cumulative_sum real unstack "
    "polynomial.polynomial.polygrid2d polynomial.polynomial.polyval2d "
    "polynomial.polynomial.polyvalnd"
).split()


@pytest.mark.parametrize(
    ("name", "args"), [(name, args) for name, calls in CALLS.items() for args in calls]
)
def test_function_agrees_with_numpy_on_objects(name, args):
    function = FUNCTIONS.get(name)
    if function is None:
        assert name in OF_SOME_RELEASES
        return
    converted = tuple(plain(x) if isinstance(x, (ResonantTensor, list, tuple)) else x for x in args)
    if name in (
        "take",
        "reshape",
        "transpose",
        "resize",
        "broadcast_to",
        "tensordot",
        "sum",
        "min",
    ):
        converted = (
            plain(args[0]),
            *(plain(x) if isinstance(x, ResonantTensor) else x for x in args[1:]),
        )
    result = function(*args)
    assert same(plain(result), plain(function(*converted)))


@pytest.mark.parametrize("name", DIRECT)
def test_function_has_this_value(name):
    result, expected = DIRECT[name]()
    assert same(plain(result), plain(expected))


def test_results_stay_exact_tensors():
    for result in (np.concatenate([V, W]), np.where(MASK, V, 0), np.kron(M, S), np.median(V)):
        assert isinstance(result, ResonantTensor)
        assert result.is_crystallized
    assert isinstance(np.argsort(V), np.ndarray)
    assert np.unique_all(W).values.equals(np.unique(W))


@pytest.mark.parametrize("name", sorted(ufuncs.EXACT))
def test_ufunc_agrees_with_scalars(name):
    ufunc = getattr(np, name, None)
    if ufunc is None or (name in ("imag", "real") and not isinstance(ufunc, np.ufunc)):
        assert name in ("imag", "matvec", "real", "vecmat", "vecdot")  # of newer NumPy releases
        return
    x, y = (
        ResonantTensor([[1, PHI], [-PHI, 3]]),
        ResonantTensor([[2, PHI], [1, GoldenExact(1, -1)]]),
    )
    expected = {
        "ceil": lambda: [[1, 2], [-1, 3]],
        "clip": lambda: [[1, PHI], [0, 2]],
        "conjugate": lambda: x.tolist(),
        "copysign": lambda: [[1, PHI], [PHI, -3]],
        "divmod": lambda: [(x // y).tolist(), (x % y).tolist()],
        "fmod": lambda: [[1, 0], [-PHI + 1, 3 + 4 * GoldenExact(1, -1)]],
        "heaviside": lambda: [[1, 1], [0, 1]],
        "imag": lambda: [[0, 0], [0, 0]],
        "isfinite": lambda: [[True] * 2] * 2,
        "isinf": lambda: [[False] * 2] * 2,
        "isnan": lambda: [[False] * 2] * 2,
        "ldexp": lambda: [[2, 4 * PHI], [-PHI / 2, 3]],
        "logical_not": lambda: [[False] * 2] * 2,
        "logical_xor": lambda: [[False] * 2] * 2,
        "logical_and": lambda: [[True] * 2] * 2,
        "logical_or": lambda: [[True] * 2] * 2,
        "matvec": lambda: (x @ y[0]).tolist(),
        "vecmat": lambda: (x[0] @ y).tolist(),
        "vecdot": lambda: (x * y).sum(axis=1).tolist(),
        "modf": lambda: [[[0, PHI - 1], [1 - PHI, 0]], [[1, 1], [-1, 3]]],
        "power": lambda: [[1, PHI**2], [-(PHI**3), 81]],
        "real": lambda: x.tolist(),
        "reciprocal": lambda: [[1, 1 / PHI], [-1 / PHI, Fraction(1, 3)]],
        "rint": lambda: [[1, 2], [-2, 3]],
        "sign": lambda: [[1, 1], [-1, 1]],
        "signbit": lambda: [[False, False], [True, False]],
        "floor": lambda: [[1, 1], [-2, 3]],
        "trunc": lambda: [[1, 1], [-1, 3]],
        "fabs": lambda: [[1, PHI], [PHI, 3]],
        "sqrt": lambda: [[1, PHI], [PHI, 3]],
        "hypot": lambda: [[5, 5 * PHI], [5 * PHI, 15]],
    }
    extra = {
        "clip": (0, 2),
        "ldexp": (np.array([[1, 2], [-1, 0]]),),
        "matvec": (y[0],),
        "power": (np.array([[1, 2], [3, 4]]),),
    }
    args = (x, *extra[name]) if name in extra else (x, y)[: ufunc.nin]
    args = {"sqrt": (x * x,), "hypot": (3 * x, 4 * x)}.get(name, args)
    if name == "vecmat":
        args = (x[0], y)
    result = ufunc(*args)
    if name in expected:
        got = [r.tolist() for r in result] if isinstance(result, tuple) else result.tolist()
        assert got == expected[name]()
    else:
        assert same(plain(result), plain(ufunc(*map(np.asarray, args))))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.subtract, np.maximum, np.minimum])
def test_ufunc_methods(ufunc):
    for t, options in ((V, {}), (M, {"axis": 1}), (C, {"axis": 0}), (C, {"axis": 2})):
        x = np.asarray(t)
        assert same(plain(ufunc.reduce(t, **options)), ufunc.reduce(x, **options))
        assert same(plain(ufunc.accumulate(t, **options)), ufunc.accumulate(x, **options))
    assert same(plain(ufunc.outer(V, W)), ufunc.outer(np.asarray(V), np.asarray(W)))
    assert same(plain(ufunc.reduceat(V, [0, 2, 1])), ufunc.reduceat(np.asarray(V), [0, 2, 1]))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_positions_of_reduceat(ufunc):
    for outside in ([len(V)], [-1], [0, 10**30]):
        with pytest.raises((IndexError, TypeError), match=r"reduceat: indices must be"):
            ufunc.reduceat(V, outside)
    for wrong in ([[0]], [0.5], 0):
        with pytest.raises(TypeError, match=r"reduceat: indices must be a sequence of integers"):
            ufunc.reduceat(V, wrong)
    assert ufunc.reduceat(V, []).shape == (0,)
    assert ufunc.reduceat(M, [], axis=1).shape == (M.shape[0], 0)


def test_comparisons_have_methods():
    assert np.less.outer(V, W).tolist() == [[v < w for w in W.tolist()] for v in V.tolist()]
    assert np.logical_and.reduce(M, axis=1).tolist() == [True, False]
    with pytest.raises(TypeError, match=r"less\.reduce"):
        np.less.reduce(V)


def test_nothing_is_written_into():
    t = ResonantTensor([1, PHI])
    with pytest.raises(TypeError, match=r"t\.at\[index\]\.set"):
        t[0] = 1
    with pytest.raises(TypeError, match="immutable"):
        np.add(t, t, out=np.empty(2, object))
    with pytest.raises(TypeError, match="immutable"):
        np.add.at(t, [0], 1)
    with pytest.raises(TypeError, match="immutable"):
        np.copyto(t, 1)
    with pytest.raises(TypeError, match="immutable"):
        np.put(t.wake_flux(), [0], 1.0)
    before = t
    t += 1
    assert before.tolist() == [1, PHI]
    with pytest.raises(AttributeError, match="immutable"):
        t.precision = 3
    with pytest.raises(ValueError, match="read-only"):
        t.numerators()[0][0] = 5
