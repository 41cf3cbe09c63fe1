"""The methods of ufuncs on every layout, against NumPy on object arrays."""

import numpy as np
import pytest
from numpy_calls import plain, same

from syntonic import PHI, GoldenExact, ResonantTensor
from syntonic.lattice import scans

BINARY = (
    "add divide floor_divide fmax fmin fmod maximum minimum multiply remainder subtract"
).split()
N = 40


def golden(seed, shape=N, bound=3):
    """Random elements, none of which is zero."""
    t = ResonantTensor.random_lattice(shape, bound=bound, seed=seed)
    return np.where(t == 0, PHI, t)


LAYOUTS = {
    "one denominator": golden(1) / 3,
    "ones": ResonantTensor.ones(N) * np.where(golden(2) > 0, 1, -1),
    "units": ResonantTensor(np.where(golden(3) > 0, PHI, PHI - 1)),
    "denominators": golden(4) / ResonantTensor([*range(1, N + 1)]),
    "long": golden(5) * 10**20,
    "one float": 10**15 + golden(6) * PHI**-50,
}
STARTS = [[0], [N - 1], [0, 7, 7, 3, 39, 0, 20], [*range(N)], [5, 4, 3], []]


@pytest.fixture(params=[3, 16])
def few(request, monkeypatch):
    monkeypatch.setattr(scans, "_FEW", request.param)


def both(call, t):
    return same(plain(call(t)), call(np.asarray(t)))


def plain_ufunc(name):
    """NumPy has neither fmax nor fmod of objects."""
    twins = {"fmax": np.maximum, "fmin": np.minimum}
    if name == "fmod":
        return np.frompyfunc(lambda x, y: x - y * int(x / y), 2, 1)
    return twins.get(name, getattr(np, name))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat"])
def test_methods(name, method, layout, few):
    t = LAYOUTS[layout]
    if name in ("floor_divide", "remainder", "fmod"):
        t = t[:3]  # then comes zero
    x, ufunc, twin = np.asarray(t), getattr(np, name), plain_ufunc(name)
    for starts in STARTS if method == "reduceat" else [None]:
        given = () if starts is None else ([i for i in starts if i < t.size],)
        expected = getattr(twin, method)(x, *given)
        assert same(plain(getattr(ufunc, method)(t, *given)), expected)


@pytest.mark.parametrize("name", "add divide maximum multiply subtract".split())
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_axes(name, axis, few):
    t = golden(7, (5, 4, 6))
    ufunc = getattr(np, name)
    assert both(lambda x: ufunc.reduce(x, axis), t)
    assert both(lambda x: ufunc.reduce(x, axis, keepdims=True), t)
    assert both(lambda x: ufunc.accumulate(x, axis), t)
    assert both(lambda x: ufunc.reduceat(x, [2, 0, 3, 1], axis), t)


@pytest.mark.parametrize("count", range(30))
def test_running_products_of_any_length(count, few):
    t = golden(8, count)
    assert both(np.cumprod, t)
    assert same(plain(np.cumprod(t.reshape(count, 1), axis=0)), np.cumprod(t).reshape(count, 1))


def test_zeros_among_the_factors(few):
    t = np.where(golden(9) > 2, 0, golden(9))
    for method in ("reduce", "accumulate"):
        assert both(getattr(np.multiply, method), t)
        with pytest.raises(ZeroDivisionError, match="divide: no element of the divisor"):
            getattr(np.divide, method)(t)
    first = ResonantTensor([0, PHI, 2, GoldenExact("1/3")])
    for method in ("reduce", "accumulate"):
        assert both(getattr(np.divide, method), first)
    assert both(lambda x: np.divide.reduceat(x, [0, 2]), first)


def test_long_products_by_segments():
    t = ResonantTensor([3] * 3000 + [PHI] * 5)
    out = np.multiply.reduceat(t, [0, 3000, 2999])
    assert out.tolist() == [3**3000, PHI, 3 * PHI**5]
    with pytest.raises(OverflowError, match="limit"):
        np.multiply.reduceat(ResonantTensor.full(200, 2) ** 2000000, [0])
