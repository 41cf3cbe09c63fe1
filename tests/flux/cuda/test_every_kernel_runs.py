"""Every kernel of every dtype is run by some launcher, and what it leaves is right."""

from __future__ import annotations

from cuda_host.calls import CALLS, Place, wrong
from cuda_host.devices import CudaDevice
from cuda_host.runtime import RUNTIME

from syntonic.flux.cuda import source


def test_the_calls_reach_every_symbol_and_are_right(device, kernel_dtype) -> None:
    RUNTIME.launched.clear()
    place = Place(device, kernel_dtype)
    errors = {
        f"{name} {index}": error
        for name, call in CALLS.items()
        for index, (got, expected) in enumerate(call(place))
        if (error := wrong(place, got, expected))
    }
    assert errors == {}
    if isinstance(device, CudaDevice):
        return  # nothing records what ran there
    suffix = source.suffix(kernel_dtype)
    symbols = {name for family in source.families() for name in source.symbols(family)[suffix]}
    assert symbols - RUNTIME.launched == set(), "no launcher, or no call of it here, runs these"
    assert RUNTIME.launched <= symbols


def test_no_symbol_has_two_families() -> None:
    names = [
        name
        for family in source.families()
        for symbols in source.symbols(family).values()
        for name in symbols
    ]
    assert len(names) == len(set(names)) > 0
