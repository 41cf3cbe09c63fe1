"""Nothing that a tensor hands out can be written into, and nothing it was given is frozen."""

import numpy as np
import pytest

from syntonic import PHI, ResonantTensor, snap

BIG = 10**30
TENSORS = {
    "list": lambda: ResonantTensor([1, 2, PHI]),
    "slice": lambda: ResonantTensor([1, 2, PHI])[1:],
    "scalar": lambda: ResonantTensor(5),
    "reshaped": lambda: ResonantTensor([[1, 2], [3, PHI]]).reshape(4),
    "transposed": lambda: ResonantTensor([[1, 2], [3, PHI]]).T,
    "product": lambda: ResonantTensor([[1, 2], [3, PHI]]) @ ResonantTensor([[1, 2], [3, PHI]]),
    "fractions": lambda: ResonantTensor([1, 2]) / ResonantTensor([4294967291, 4294967279]),
    "rationals": lambda: ResonantTensor([BIG, PHI]),
    "woken and snapped": lambda: ResonantTensor([1, PHI]).wake_flux().crystallize(),
    "stacked": lambda: np.stack([ResonantTensor([1, 2]), ResonantTensor([3, PHI])]),
}


@pytest.mark.parametrize("name", TENSORS)
def test_numerators_and_their_owners_are_read_only(name):
    tensor = TENSORS[name]()
    before = tensor.tolist()
    for part in tensor.numerators()[:2]:
        owner = part
        while isinstance(owner, np.ndarray):
            assert not owner.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                owner[...] = 7
            owner = owner.base
    assert tensor.tolist() == before


@pytest.mark.parametrize("shape", [(4,), (2, 2), ()])
def test_arrays_that_were_given_stay_writable(shape):
    given = np.arange(4).reshape(2, 2) if shape else np.array(3)
    a = given.reshape(shape)
    tensors = [
        ResonantTensor(a),
        ResonantTensor.from_lattice(a, a),
        ResonantTensor(a.astype(object)),
        ResonantTensor.from_lattice(a, a, denominator=3),
    ]
    before = [t.tolist() for t in tensors]
    given[...] = 9
    assert a.flags.writeable
    assert given.flags.writeable
    assert [t.tolist() for t in tensors] == before


def test_what_snap_found_is_read_only():
    x = np.array([0.5, 1.618])
    for found in (snap(x), snap(x, error_bound=1e-9), snap([1e25, 0.5], precision=10**30)):
        for part in (found.a, found.b, found.unique):
            if part is not None:
                with pytest.raises(ValueError, match="read-only"):
                    part[0] = 7
    x[...] = 0  # and the array that was snapped is its owner's
