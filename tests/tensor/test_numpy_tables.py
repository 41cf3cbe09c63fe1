"""Every NumPy function is either supported or refused with a reason, in disjoint tables."""

import numpy.char  # the functions of these modules are known once they are loaded
import numpy.fft
import numpy.polynomial.polynomial
import numpy.strings  # noqa: F401
import pytest
from numpy.testing import overrides

from syntonic import PHI, ResonantTensor
from syntonic.tensor import functions, ufuncs

EVERY_FUNCTION = {functions.name_of(f) for f in overrides.get_overridable_numpy_array_functions()}
EVERY_FUNCTION -= {"in1d"}  # deprecated, and gone since NumPy 2.4
EVERY_UFUNC = {u.__name__ for u in overrides.get_overridable_numpy_ufuncs()}
FUNCTION_TABLES = {
    "moves": set(functions.MOVES),
    "exact": set(functions.EXACT),
    "objects": set(functions.BY_OBJECTS),
    "refused": set(functions.REFUSED),
    "answered": set(functions.ANSWERS),
}


def test_function_tables_are_disjoint():
    names = [name for table in FUNCTION_TABLES.values() for name in table]
    assert len(names) == len(set(names))


def test_function_tables_cover_numpy():
    missing = EVERY_FUNCTION - functions.CREATED - set().union(*FUNCTION_TABLES.values())
    assert {name for name in missing if module_of(name) not in functions.REFUSED_MODULES} == set()


def module_of(name):
    return name.rpartition(".")[0]


def test_ufunc_tables_are_disjoint_and_cover_numpy():
    assert not set(ufuncs.EXACT) & set(ufuncs.REFUSED)
    assert EVERY_UFUNC - set(ufuncs.EXACT) - set(ufuncs.REFUSED) == set()


@pytest.mark.parametrize("name", sorted(EVERY_UFUNC & set(ufuncs.REFUSED)))
def test_refused_ufuncs_say_why(name):
    ufunc = next(u for u in overrides.get_overridable_numpy_ufuncs() if u.__name__ == name)
    t = ResonantTensor([1, PHI])
    with pytest.raises(TypeError, match=rf"{name}: not defined on crystallized tensors, because"):
        ufunc(*[t] * ufunc.nin)


REFUSED = {
    name
    for name in EVERY_FUNCTION
    if name in functions.REFUSED
    or (module_of(name) in functions.REFUSED_MODULES and name not in functions.MOVES)
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_functions_say_why(name):
    function = next(
        f for f in overrides.get_overridable_numpy_array_functions() if functions.name_of(f) == name
    )
    with pytest.raises(TypeError, match="not defined on crystallized tensors, because"):
        ResonantTensor([1, PHI]).__array_function__(function, (), (ResonantTensor([1, PHI]),), {})
