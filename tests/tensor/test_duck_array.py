"""What libraries ask of any array, in both phases: dtypes, memory, like=, and NumPy's methods."""

import operator as operators
import pickle
import sys
import tracemalloc
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from numpy_calls import FUNCTIONS

from syntonic import PHI, DeviceError, GoldenExact, PhaseError, ResonantTensor
from syntonic.tensor import functions, options

T = ResonantTensor([[1, PHI], [2, -PHI]])
F = T.wake_flux()
A = F.flux_array
OBJECT = np.dtype(object)
FLOATS = (float, np.float32, "f2")


def same(x, y):
    """Equal in kind as in values: a tensor of the phase, or what NumPy gives."""
    if isinstance(y, ResonantTensor):
        return isinstance(x, ResonantTensor) and x.dtype == y.dtype and x.equals(y)
    if isinstance(y, np.ndarray):
        return type(x) is np.ndarray and x.dtype == y.dtype and np.array_equal(x, y)
    return type(x) is type(y) and x == y


def flux(array):
    return ResonantTensor.from_flux(np.asarray(array))


# -- dtype= echoed, or another one -------------------------------------------------------------
WITH_DTYPE = {
    **{name: lambda x, d, name=name: getattr(np, name)(x, dtype=d)
       for name in "sum prod mean var cumsum cumprod trace zeros_like ones_like".split()},
    "einsum": lambda x, d: np.einsum("ij,jk", x, x, dtype=d),
    "full_like": lambda x, d: np.full_like(x, 1, dtype=d),
    "concatenate": lambda x, d: np.concatenate([x, x], dtype=d),
    "stack": lambda x, d: np.stack([x, x], dtype=d),
    "call": lambda x, d: np.add(x, x, dtype=d),
    "reduce": lambda x, d: np.add.reduce(x, dtype=d),
    "accumulate": lambda x, d: np.add.accumulate(x, dtype=d),
    "outer": lambda x, d: np.multiply.outer(x, x, dtype=d),
    "sum method": lambda x, d: x.sum(dtype=d),
}  # fmt: skip


@pytest.mark.parametrize("name", WITH_DTYPE)
def test_the_own_dtype_is_echoed(name):
    call = WITH_DTYPE[name]
    for dtype in (object, "O", T.dtype):
        assert same(call(T, dtype), call(T, None))
    assert same(call(F, F.dtype), call(F, None))


@pytest.mark.parametrize("name", WITH_DTYPE)
def test_another_dtype_is_refused_exactly_and_numpys_in_flux(name):
    call = WITH_DTYPE[name]
    for dtype in (*FLOATS, int, complex):
        with pytest.raises(TypeError, match=r"dtype object, got dtype \w+; wake_flux\(dtype=...\)"):
            call(T, dtype)
    if name == "einsum":  # NumPy's casts safely only
        call = lambda x, d: np.einsum("ij,jk", x, x, dtype=d, casting="same_kind")  # noqa: E731
    assert call(F, np.float32).dtype == np.float32
    assert isinstance(call(F, np.float32), ResonantTensor)


# -- questions ---------------------------------------------------------------------------------
QUESTIONS = [
    (lambda x: np.result_type(x), OBJECT, np.dtype(float)),
    (lambda x: np.result_type(x, np.float32), OBJECT, np.dtype(float)),
    (lambda x: np.result_type(x, 1.5, x.dtype), OBJECT, np.dtype(float)),
    (lambda x: np.result_type(x, T), OBJECT, OBJECT),
    (lambda x: np.can_cast(x, object), True, True),
    (lambda x: np.can_cast(x, float), False, True),
    (lambda x: np.can_cast(x, np.float32, casting="unsafe"), True, True),
    (lambda x: np.can_cast(x, int), False, False),
    (lambda x: np.common_type(x) == OBJECT, True, False),
    (lambda x: np.common_type(x, F) == OBJECT, True, False),
    (lambda x: np.min_scalar_type(x), OBJECT, np.dtype(float)),
    (lambda x: np.may_share_memory(x, x), True, True),
    (lambda x: np.may_share_memory(x, np.ones(3)), False, False),
    (lambda x: np.shares_memory(x, x[0]), True, True),
    (lambda x: np.shares_memory(x[0], x[1]), False, False),
    (lambda x: np.shares_memory(x, 2 * x), False, False),
    (lambda x: np.shares_memory(x, A), False, True),
    (lambda x: np.shares_memory(T.numerators()[1], x), True, False),
    (lambda x: np.may_share_memory(x, 3), False, False),
]


@pytest.mark.parametrize(("question", "exact", "floats"), QUESTIONS)
def test_questions(question, exact, floats):
    assert question(T) == exact
    assert question(F) == floats


def test_the_least_type_of_one_float_looks_at_it_as_numpy_does():
    for value in (1.0, 1e300):
        assert np.min_scalar_type(flux(value)) == np.min_scalar_type(np.array(value))


# -- like= -------------------------------------------------------------------------------------
LIKE = [
    (lambda **o: np.asarray([1, 2], **o), ResonantTensor([1, 2]), np.array([1, 2])),
    (lambda **o: np.array([1, PHI], ndmin=2, **o), ResonantTensor([[1, PHI]]),
     flux([[1, float(PHI)]])),
    (lambda **o: np.array(T if o["like"] is T else F, **o), T, F),
    (lambda **o: np.asanyarray(T if o["like"] is T else F, None, "C", **o), T, F),
    (lambda **o: np.ascontiguousarray([3], **o), ResonantTensor([3]), np.array([3])),
    (lambda **o: np.require([[3]], None, ["C"], **o), ResonantTensor([[3]]), np.array([[3]])),
    (lambda **o: np.zeros(3, **o), ResonantTensor([0, 0, 0]), flux([0.0, 0, 0])),
    (lambda **o: np.zeros((1, 2), None, "F", **o), ResonantTensor([[0, 0]]), flux([[0.0, 0]])),
    (lambda **o: np.ones((2, 1), **o), ResonantTensor([[1], [1]]), flux([[1.0], [1]])),
    (lambda **o: np.empty((0, 3), **o), ResonantTensor.zeros((0, 3)), flux(np.empty((0, 3)))),
    (lambda **o: np.full((2,), PHI, **o), ResonantTensor([PHI, PHI]), flux([float(PHI)] * 2)),
    (lambda **o: np.eye(2, 3, 1, **o), ResonantTensor(np.eye(2, 3, 1, int)), flux(np.eye(2, 3, 1))),
    (lambda **o: np.identity(2, **o), ResonantTensor([[1, 0], [0, 1]]), flux(np.identity(2))),
    (lambda **o: np.tri(2, **o), ResonantTensor([[1, 0], [1, 1]]), flux(np.tri(2))),
    (lambda **o: np.arange(3, **o), ResonantTensor([0, 1, 2]), np.arange(3)),
    (lambda **o: np.arange(5, 0, -2, **o), ResonantTensor([5, 3, 1]), np.arange(5, 0, -2)),
]  # fmt: skip


@pytest.mark.parametrize(("call", "exact", "floats"), LIKE)
def test_like(call, exact, floats):
    assert same(call(like=T), exact)
    assert same(call(like=F), floats)


@pytest.mark.parametrize("step", [PHI, Fraction(1, 3), -PHI, 10**30])
def test_an_exact_range(step):
    made = np.arange(1, 1 + 5 * step, step, like=T)
    assert made.equals([1 + k * step for k in range(5)])
    assert np.arange(1, 1 + 5 * step + step * Fraction(1, 7), step, like=T).shape == (6,)
    assert np.arange(1, 1 - step, step, like=T).shape == (0,)


@pytest.mark.parametrize("dtype", [int, bool, np.uint8])
def test_like_an_exact_tensor_with_integers_asked_for_is_a_plain_array(dtype):
    for make in (np.zeros, np.ones, np.arange):
        assert same(make(2, dtype=dtype, like=T), make(2, dtype=dtype))
    if dtype is not bool:
        given = ResonantTensor([1, 0])
        assert same(np.asarray(given, dtype=dtype, like=T), np.array([1, 0], dtype))


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.asarray([0.5], like=T),
        lambda: np.array(np.ones(2), like=T),
        lambda: np.full(2, 0.5, like=T),
        lambda: np.arange(0, 1, 0.5, like=T),
        lambda: np.zeros(2, np.float32, like=T),
        lambda: np.asarray([1], dtype=float, like=T),
        lambda: np.fromiter([1, 2], float, like=T),
        lambda: np.asarray(F, like=T),
        lambda: np.asarray(T, like=F),
    ],
)
def test_floats_are_refused_where_an_exact_tensor_is_the_model(call):
    with pytest.raises(TypeError, match=r"from_floats|wake_flux|crystallize"):
        call()


def test_every_constructor_with_like_is_known():
    parameters = {n: options.signature_of(f, n).parameters for n, f in FUNCTIONS.items()}
    takers = {name for name, known in parameters.items() if "like" in known}
    assert takers - functions.CREATED == set()


# -- types of elements -------------------------------------------------------------------------
def test_astype():
    integral = ResonantTensor([[1, 2], [PHI**2 - PHI, -(10**30)]])
    assert T.astype(object).equals(T)
    assert T.astype("O", copy=False, order="K", casting="safe").equals(T)
    assert same(integral[0].astype(int), np.array([1, 2]))
    assert same(ResonantTensor([0, PHI]).astype(bool), np.array([False, True]))
    assert same(F.astype(np.float32), flux(A.astype(np.float32)))
    assert same(F.astype(int), A.astype(int))
    for dtype in FLOATS:
        with pytest.raises(TypeError, match=r"astype: .*wake_flux"):
            T.astype(dtype)
    with pytest.raises(ValueError, match="holds integers only"):
        T.astype(int)
    with pytest.raises(OverflowError):
        integral.astype(int)
    with pytest.raises(TypeError, match="there is no argument"):
        T.astype(object, sideways=1)


@pytest.mark.skipif(not hasattr(np, "astype"), reason="this NumPy has no such function")
def test_the_function_astype():
    assert np.astype(T, object).equals(T)
    assert same(np.astype(T[:, 0], int), np.array([1, 2]))
    assert same(np.astype(F, np.float32), F.astype(np.float32))


@pytest.mark.campaign
# -- memory ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "make",
    [
        lambda: ResonantTensor.random_lattice(40_000, bound=9, seed=1),
        lambda: ResonantTensor.random_lattice(40_000, bound=9, seed=1).wake_flux(),
        lambda: 1 / ResonantTensor(np.arange(1, 30_000)),
    ],
)
def test_sizes_tell_what_a_copy_takes(make):
    x = make()
    blob = pickle.dumps(x)
    pickle.loads(blob)  # once before, for what is loaded but once
    tracemalloc.start()
    again = pickle.loads(blob)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert again.equals(x)
    assert x.nbytes <= sys.getsizeof(x) <= x.nbytes + 200
    assert 0.4 * held <= x.nbytes <= 1.6 * held  # layouts of files and of arithmetic differ


def test_sizes_count_the_digits_of_long_integers():
    for x in (ResonantTensor([PHI * 10**400 + k for k in range(300)]),
              ResonantTensor.random_lattice(20_000, bound=10**15, seed=1) * 10**40):  # fmt: skip
        a, b, _ = x.numerators()
        digits = sum(int(n).bit_length() // 8 for part in (a, b) for n in part)
        assert digits <= x.nbytes <= sys.getsizeof(x) <= 10 * digits


def test_sizes_of_elements():
    assert (T.itemsize, F.itemsize, (F.astype("f4")).itemsize) == (16, 8, 4)
    assert T.nbytes == T.size * T.itemsize
    assert F.strides == A.strides


def test_flat_reads():
    assert list(T.flat) == [1, PHI, 2, -PHI]
    assert all(type(x) is GoldenExact for x in T.flat)
    assert list(F.flat) == A.ravel().tolist()
    with pytest.raises(ValueError, match="read-only"):
        F.flat[0] = 7
    with pytest.raises(TypeError):
        T.flat[0] = 7


def test_views_share_memory_and_do_not_write():
    view = F.view(np.uint64)
    assert np.shares_memory(view, A)
    assert not view.flags.writeable
    assert F.tobytes() == A.tobytes()
    assert memoryview(F.view("u1")).nbytes == A.nbytes


ONLY_FLUX = "strides view tobytes __dlpack__ __dlpack_device__ __array_namespace__".split()


@pytest.mark.parametrize("name", ONLY_FLUX)
def test_attributes_of_flux_alone(name):
    assert not hasattr(T, name)
    assert hasattr(F, name)
    for error in (AttributeError, PhaseError):
        with pytest.raises(error, match=r"wake_flux\(\)"):
            getattr(T, name)


def test_dlpack_takes_all_of_the_protocol():
    shared = np.from_dlpack(F)
    assert np.shares_memory(shared, A)
    assert F.__dlpack__(stream=None, max_version=None, dl_device=None, copy=None)
    assert F.__dlpack_device__() == type(F).__dlpack_device__(F) == (1, 0)
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # before, NumPy's arrays take no more
        assert np.from_dlpack(F, copy=True).base is not A
        assert F.__dlpack__(stream=None, max_version=(1, 0), dl_device=(1, 0), copy=None)


def test_priority():
    assert T.__array_priority__ == F.__array_priority__ == 1000


# -- NumPy's methods ---------------------------------------------------------------------------
METHODS = {
    "copy": ((), ("F",)),
    "flatten": ((), ("F",)),
    "ravel": ((), ("F",)),
    "any": ((), (0,)),
    "all": ((), (1,)),
    "clip": ((0, 1), (None, 1)),
    "take": (([0, 2],), ([1], 1)),
    "repeat": ((2,), ([1, 2], 0)),
    "swapaxes": ((0, 1),),
    "diagonal": ((), (1,)),
    "nonzero": ((),),
    "ptp": ((), (0,)),
    "cumprod": ((), (1,)),
    "argpartition": ((1,), (0, 0)),
    "conj": ((),),
    "conjugate": ((),),
    "std": ((), (0,)),
    "var": ((), (0,)),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_numpys(name):
    for args in METHODS[name]:
        expected = [numpys(x, name)(*args) for x in (A, np.asarray(T))] if name != "std" else [
            A.std(*args)
        ]  # fmt: skip
        assert plain(getattr(F, name)(*args)) == plain(expected[0])
        if name == "std":
            with pytest.raises(TypeError, match=r"np\.std: .*leave the field.*wake_flux"):
                T.std(*args)
        else:
            assert plain(getattr(T, name)(*args)) == plain(expected[1])


def numpys(array, name):
    """Its method, or the function where NumPy has none any more."""
    return getattr(array, name, None) or partial(getattr(np, name), array)


def plain(x):
    if isinstance(x, tuple):
        return [plain(each) for each in x]
    return (np.shape(x), x.tolist() if hasattr(x, "tolist") else x)


def test_searchsorted_real_and_imag():
    sorted_ = ResonantTensor([0, PHI, 2])
    for x in (sorted_, sorted_.wake_flux()):
        assert x.searchsorted(x).tolist() == [0, 1, 2]
        assert x.searchsorted(x[1:], side="right").tolist() == [2, 3]
    assert T.real is T
    assert F.imag.equals(flux(np.zeros((2, 2))))
    assert T.imag.equals(ResonantTensor.zeros((2, 2)))


def test_copies_of_flux_have_their_own_memory():
    for made in (F.copy(), F.flatten(), F.astype(float)):
        assert not np.shares_memory(made, F)
    assert np.shares_memory(F.ravel(), F)


def test_no_tensor_is_an_index():
    for x in (ResonantTensor(2), ResonantTensor(2).wake_flux()):
        with pytest.raises(TypeError, match=r"index: a tensor is no integer.*int\(t\)"):
            range(x)


@pytest.mark.parametrize("operator", "and or xor lshift rshift".split())
def test_bits_are_refused_with_a_reason(operator):
    for x, words in ((T, "integers: their bits"), (F, "not supported")):
        for name in (f"__{operator}__", f"__r{operator}__"):
            with pytest.raises(TypeError, match=words):
                getattr(x, name)(x if name[2] != "r" or operator == "rshift" else 1)
        with pytest.raises(TypeError, match=words):
            operators.invert(x)


def test_streams_are_refused():
    assert F.to_device("cpu", stream=None) is F
    with pytest.raises(ValueError, match="stream must be None"):
        F.to_device("cpu", stream=1)
    with pytest.raises(DeviceError):
        F.to_device("nowhere", stream=None)
    with pytest.raises(ValueError, match=r'api_version must be None or "2021.12"'):
        F.__array_namespace__(api_version="1999.12")
