"""To a device and back: every layout of the CPU, numbers of every length, elements one by one."""

import numpy as np
import pytest
from effort import thinned
from exact_arrays import BITS, array, of, same

from syntonic import DeviceError
from syntonic.device import arithmetic, moves
from syntonic.jit.policy import compiled_pays
from syntonic.lattice import arithmetic as host


@pytest.mark.parametrize("bits", BITS)
def test_there_and_back(place, bits):
    for shape in ((), (3,), (2, 0), (2, 3)):
        for d in (1, 6, 2**63, 10**40):
            x = array(1, shape, bits, d)
            assert same(place.fetch(place.send(x)), x), (shape, d)


@pytest.mark.parametrize("bits", [1000, 1023, 1024, 1025])
def test_long_numbers(place, bits):
    x = array(1, (3,), bits, 6)
    assert same(place.fetch(place.send(x)), x)


@pytest.mark.campaign
@pytest.mark.parametrize("bits", thinned([40, 300, 64, 100, 127, 128, 191], every=2))
def test_many_numbers_as_limbs(place, bits):
    compiled_pays(1 << 30)
    x = array(2, (40, 50), bits)
    ends = of(
        [[2**bits, -(2**bits), 2**bits - 1, 1 - 2**bits, -1, 0, 1]], [[-1, 2**bits, 0, 5, 6, 7, 8]]
    )
    for y in (x, ends, x[::2, ::-1]):
        there = place.send(y)
        assert same(place.fetch(there), y)
        again = place.send(place.fetch(there))
        assert same(place.fetch(arithmetic.multiply(again, there)), host.square(y))


def test_halves_hold_the_ends_of_their_range(place, monkeypatch):
    monkeypatch.setattr(moves, "compiled_pays", lambda size: True)
    for bits in (63, 64, 127, 128, 191, 192, 255):
        for n in (2**bits - 1, 1 - 2**bits, -(2**bits), 2**bits):
            x = of([n, 2**70], [0, n])
            assert same(place.fetch(place.send(x)), x)


@pytest.mark.campaign
def test_long_numbers_stay_on_the_cpu(place):
    with pytest.raises(DeviceError, match=r"^to_device: .* 4096 bits"):
        place.send(of([2**4096], [0]))
    assert same(place.fetch(place.send(of([2**4095], [1]))), of([2**4095], [1]))


@pytest.mark.parametrize("bits", [10, 100])
def test_one_element(place, bits):
    x = array(3, (2, 3), bits, 6)
    there = place.send(x)
    for index in ((0, 1), (1, -1), (4,), (-1,), ((1, 2),)):
        assert moves.one_element(there, index).scalars().item() == np.asarray(x.scalars()).item(
            *index
        )
    for index in ((), (0, 1, 2), (6,), (2, 0)):
        with pytest.raises((ValueError, IndexError)):
            moves.one_element(there, index)


def test_extents(place):
    for a, b, d in (
        ([6, 12], [-4, 10], 8),
        ([0, 0], [0, 0], 6),
        ([-(2**63), 2], [-(2**63), 4], 2**62),
    ):
        x = of(a, b, d)
        assert moves.extent(place.send(x)) == x.extent()
    assert moves.extent(place.send(of([], []))) == of([], []).extent()
