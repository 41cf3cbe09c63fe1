"""Arrays at the doors: foreign byte orders are computed with, masked arrays are refused."""

import numpy as np
import pytest

from syntonic import (
    DeviceError,
    ResonantTensor,
    component_norms,
    golden_batch_norm_1d,
    golden_layer_norm,
    output_stats,
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
    snap,
    syntonic_softmax,
)

X = np.random.default_rng(1).standard_normal((4, 6))
OPERATIONS = {
    "phi_residual": lambda t: phi_residual(t, t),
    "relu": lambda t: phi_residual_relu(t, t),
    "gelu": lambda t: phi_residual_gelu(t, t),
    "residual layer norm": lambda t: phi_residual_layernorm(t, t),
    "layer norm": golden_layer_norm,
    "batch norm": golden_batch_norm_1d,
    "softmax": syntonic_softmax,
    "sum": lambda t: t + t.sum(),
    "crystallize": lambda t: t.crystallize(100),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("kind", ["f8", "f4", "f2"])
def test_the_other_byte_order_gives_the_same_bits(name, kind):
    given = X.astype(kind)
    results = [OPERATIONS[name](ResonantTensor.from_flux(given.astype(f"{o}{kind}"))) for o in "<>"]
    assert results[0].equals(results[1])


def test_statistics_of_the_other_byte_order():
    t, u = (ResonantTensor.from_flux(X.astype(order)) for order in ("<f8", ">f8"))
    assert output_stats(t) == output_stats(u)
    assert component_norms(t, t) == component_norms(u, u)


@pytest.mark.parametrize("order", [">i8", ">i4", ">u2"])
def test_integers_of_the_other_byte_order(order):
    given = np.arange(6).astype(order)
    assert ResonantTensor(given).equals(ResonantTensor(np.arange(6)))
    assert snap(given).a.tolist() == snap(np.arange(6)).a.tolist()
    x = np.array([0.5, 1.618]).astype(">f8")
    assert snap(x).a.tolist() == snap(x.astype("f8")).a.tolist()


def test_a_native_array_is_not_copied():
    assert np.shares_memory(ResonantTensor.from_flux(X).flux_array, X)


@pytest.mark.parametrize(
    "door", [ResonantTensor, ResonantTensor.from_flux, ResonantTensor.from_floats, snap]
)
@pytest.mark.parametrize("mask", [[0, 1, 0], [0, 0, 0]])
def test_masked_arrays_are_refused(door, mask):
    kind = int if door is ResonantTensor else float
    masked = np.ma.MaskedArray(np.array([1, 2, 3], kind), mask)
    with pytest.raises(TypeError, match=r"a masked array .*x\.filled\(value\)"):
        door(masked)


def test_toggle_checks_its_device():
    flux = ResonantTensor.from_flux(np.ones(2))
    for device in ("nonsense", None, 0):
        with pytest.raises(DeviceError, match="toggle: device must be"):
            flux.toggle(device)
    assert flux.toggle("cpu").is_crystallized


def test_toggle_crystallizes_on_the_cpu_alone(cupy):
    with pytest.raises(DeviceError, match="a crystallized tensor lives on the CPU, got cuda:0"):
        ResonantTensor.from_flux(np.ones(2)).toggle("cuda")
