"""Every bug planted in the kernels is noticed by a call of `cuda_host.calls`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from cuda_host.build import UNDEFINED
from cuda_host.calls import CALLS, Place, dtype_for, wrong
from cuda_host.devices import HostDevice, host_is_missing
from cuda_host.mutants import MUTANTS, Mutant
from cuda_host.runtime import RUNTIME, families_of
from cuda_host.simulator import SimError
from syntonic.flux.cuda import source

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(bool(host_is_missing()), reason=host_is_missing()),
]

SEEDS = (0, 1, 2)


def verdict(call: str) -> str:
    """Return what tells that a call goes wrong, or nothing."""
    bits = set()
    for seed in SEEDS:
        place = Place(HostDevice(), dtype_for(call))
        try:
            with place.device.order(seed):
                pairs = list(CALLS[call](place))
        except SimError as error:
            return f"diagnosed: {error}"
        for got, expected in pairs:
            if error := wrong(place, got, expected):
                return f"wrong: {error}"
        bits.add(b"".join(place.device.numpy(got).tobytes() for got, _ in pairs))
    return "the order of threads shows" if len(bits) > 1 else ""


@pytest.fixture(scope="module")
def symbols(request: pytest.FixtureRequest) -> Callable[[str], tuple[str, ...]]:
    """Return a function that finds the kernels of a call, which must be right as they are.

    It starts to compile all mutants of that call.
    """
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    mutants = [spec.params["mutant"] for spec in specs if spec and "mutant" in spec.params]

    @cache
    def of(call: str) -> tuple[str, ...]:
        RUNTIME.launched.clear()
        assert verdict(call) == ""
        found = tuple(sorted(RUNTIME.launched))
        for mutant in mutants:
            if mutant.call == call:
                RUNTIME.prebuild_edited(mutant.edit, UNDEFINED, found)
        return found

    return of


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_bug_in_a_kernel_is_noticed(
    mutant: Mutant, symbols: Callable[[str], tuple[str, ...]]
) -> None:
    wanted = symbols(mutant.call)
    texts = [source.assemble(family) for family in families_of(wanted)]
    assert [mutant.places(text) for text in texts] == [1], "planted in no place, or in several"
    with RUNTIME.edited(mutant.edit, UNDEFINED, wanted):
        assert verdict(mutant.call), "nothing tells"
