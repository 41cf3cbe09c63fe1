"""The stand-in for CuPy refuses what CuPy refuses, in CuPy's and NumPy's own raw words."""

import numpy as np
import pytest

from cuda_host.cupy_on_host import cupy_on_host
from cuda_host.cupy_signatures import TABLE, from_cupy, signature


def test_the_table_is_that_of_cupy():
    cupy = pytest.importorskip("cupy")
    if cupy.__version__ != TABLE["version"]:
        pytest.skip(f"the table is of CuPy {TABLE['version']}, not {cupy.__version__}")
    assert from_cupy(cupy) == TABLE


def test_every_entry_is_a_signature():
    for kind in ("functions", "ufuncs", "methods", "ufunc_methods"):
        for text in TABLE[kind].values():
            assert signature(text).return_annotation is signature(text).empty


@pytest.fixture
def array():
    return cupy_on_host().asarray(np.array([3.0, 1.0, 2.0]))


def test_missing_functions(array):
    with pytest.raises(TypeError, match=r"no implementation found for 'numpy\.insert'"):
        np.insert(array, 0, 1.0)
    with pytest.raises(TypeError, match=r"no implementation found for 'numpy\.linalg\.vecdot'"):
        np.linalg.vecdot(array, array)
    with pytest.raises(TypeError, match="all returned NotImplemented"):
        np.vecdot(array, array)


def test_missing_arguments(array):
    with pytest.raises(TypeError, match="unexpected keyword argument 'initial'"):
        np.sum(array, initial=1)
    with pytest.raises(TypeError, match=r"missing .* argument.*a_min"):
        np.clip(array, min=0)
    with pytest.raises(TypeError, match="too many positional arguments"):
        np.take(array, [0], 0, None, "clip")
    with pytest.raises(TypeError, match="Wrong arguments"):
        np.add(array, array, where=array > 0)
    with pytest.raises(ValueError, match="kind can only be None or 'stable'"):
        np.sort(array, kind="heapsort")


def test_missing_methods(array):
    with pytest.raises(AttributeError, match="newbyteorder"):
        array.newbyteorder()
    with pytest.raises(TypeError, match="where"):
        array.sum(where=array > 0)
    with pytest.raises(ValueError, match="kind can only be None or 'stable'"):
        array.argsort(kind="heapsort")
    with pytest.raises(NotImplementedError, match=r"`cupy_maximum\.reduce` is not supported yet"):
        np.maximum.reduce(array)
    assert array.argsort(kind="stable").tolist() == [1, 2, 0]


def test_host_arrays(array):
    for call in (np.add, np.dot, lambda x, y: np.where(x > 0, x, y), lambda x, y: x * y):
        with pytest.raises(TypeError, match="Unsupported type"):
            call(array, np.ones(3))
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(array)


def test_an_empty_shape_is_none(array):
    assert np.full_like(array, 1.0, shape=()).shape == (3,)


def test_arguments_in_other_places(array):
    host = array.get()
    there = np.histogram2d(array, array, 2, None, array)[0]
    here = np.histogram2d(host, host, 2, weights=host)[0]
    assert there.tolist() == here.tolist()  # NumPy's fifth argument is density
