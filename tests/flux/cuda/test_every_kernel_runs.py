"""Every kernel of every dtype is run by some launcher, and what it leaves is right."""

from __future__ import annotations

import pytest
from cuda_host.calls import FAMILIES, Place, wrong
from cuda_host.devices import CudaDevice
from cuda_host.runtime import RUNTIME

from syntonic.flux.cuda import source


@pytest.mark.campaign
@pytest.mark.parametrize("family", FAMILIES)
def test_the_calls_reach_every_symbol_and_are_right(device, kernel_dtype, family) -> None:
    RUNTIME.launched.clear()
    place = Place(device, kernel_dtype)
    errors = {
        f"{name} {index}": error
        for name, call in FAMILIES[family].items()
        for index, (got, expected) in enumerate(call(place))
        if (error := wrong(place, got, expected))
    }
    assert errors == {}
    if isinstance(device, CudaDevice):
        return  # nothing records what ran there
    suffix = source.suffix(kernel_dtype)
    files = [file for file in source.families() if file in (family, f"{family}_backward")]
    symbols = {name for file in files for name in source.symbols(file)[suffix]}
    assert symbols - RUNTIME.launched == set(), "no launcher, or no call of it here, runs these"
    assert RUNTIME.launched <= symbols


def test_every_family_is_called() -> None:
    files = {file for family in FAMILIES for file in (family, f"{family}_backward")}
    assert set(source.families()) <= files


def test_no_symbol_has_two_families() -> None:
    names = [
        name
        for family in source.families()
        for symbols in source.symbols(family).values()
        for name in symbols
    ]
    assert len(names) == len(set(names)) > 0
