"""Methods that reduce equal NumPy's functions: their results, shapes and errors."""

import numpy as np
import pytest

from syntonic import PHI, ResonantTensor

FUNCTIONS = ("sum", "prod", "mean", "var", "min", "max")
TENSORS = {
    "matrix": ResonantTensor([[1, PHI], [2, PHI]]),
    "fractions": ResonantTensor([[1, 2, 3], [4, 5, 6]]) / ResonantTensor([[1, 2, 3], [5, 7, PHI]]),
    "empty": ResonantTensor.zeros((0, 3)),
    "scalar": ResonantTensor(3),
    "flux": ResonantTensor.from_flux([[1.5, 2.0], [0.25, 4.0]]),
}
AXES = (None, 0, 1, -1, -2, 2, -3, (0, 1), (0, 0), (), True, np.int64(1), 1.5, "0")


def outcome(function, *args, **kwargs):
    try:
        out = function(*args, **kwargs)
    except Exception as error:
        return type(error), str(error)
    return type(out), out.shape, out.tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("t", TENSORS.values(), ids=TENSORS)
@pytest.mark.parametrize("keepdims", [False, True, 1, None])
def test_methods_do_what_functions_do(name, t, keepdims):
    for axis in AXES:
        by_method = outcome(getattr(t, name), axis, keepdims=keepdims)
        by_function = outcome(getattr(np, name), t, axis=axis, keepdims=keepdims)
        if not (t.size == 0 and not t.is_crystallized):
            assert by_method == by_function, axis


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_carried(name):
    t = ResonantTensor([[1, PHI]], precision=7, mode_norm_sq=[[1, 2]])
    for axis in (None, 0):
        out, same = getattr(t, name)(axis), getattr(np, name)(t, axis=axis)
        assert out.precision == same.precision == 7
        assert out.mode_norm_sq is same.mode_norm_sq is None
