"""One result on a GPU: on every stream, and whether a kernel is cold or warm."""

from __future__ import annotations

import pytest
from cuda_host.calls import FAMILIES, Place
from cuda_host.devices import device_for, dtype_of
from effort import thinned

from syntonic.flux.cuda import compile as cuda_compile
from syntonic.flux.cuda import plan


def results(device, family, dtype):
    """The bytes of whatever the calls of a family return, by name, from numbers drawn anew."""
    return {
        name: [device.numpy(got).tobytes() for got, _ in call(Place(device, dtype))]
        for name, call in FAMILIES[family].items()
    }


def forget_the_kernels() -> None:
    """Let the next launch load its module anew."""
    plan.forget()
    for cached in (cuda_compile._module, cuda_compile._kernel):
        cached.cache_clear()


@pytest.mark.gpu
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["f32", "bf16"])
def test_streams_and_warmth_change_no_bit(family, name):
    device, dtype = device_for("cuda"), dtype_of(name)
    import cupy

    forget_the_kernels()
    cold = results(device, family, dtype)
    assert cold
    assert results(device, family, dtype) == cold, "cold and warm differ"
    for non_blocking in (True, False):
        with cupy.cuda.Stream(non_blocking=non_blocking) as stream:
            found = results(device, family, dtype)
            stream.synchronize()
        assert found == cold, f"a stream differs from the default one; {non_blocking=}"


@pytest.mark.gpu
@pytest.mark.parametrize("family", FAMILIES)
def test_two_streams_at_once_change_no_bit(family):
    """Launches of both are in flight together, and neither takes the other's scratch."""
    device, dtype = device_for("cuda"), dtype_of("f32")
    import cupy

    alone = results(device, family, dtype)
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(2)]
    for name, call in FAMILIES[family].items():
        kept = []
        for stream in (*streams, *streams):
            with stream:
                kept.append((stream, [got for got, _ in call(Place(device, dtype))]))
        for stream, arrays in kept:
            with stream:
                assert [device.numpy(each).tobytes() for each in arrays] == alone[name], name


@pytest.mark.campaign
@pytest.mark.parametrize("family", thinned(FAMILIES, every=len(FAMILIES)))
def test_on_the_host_calls_repeat_themselves(family):
    device, dtype = device_for("natural"), dtype_of("f32")
    assert results(device, family, dtype) == results(device, family, dtype)
