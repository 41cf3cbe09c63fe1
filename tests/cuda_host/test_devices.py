"""The fixture `device`: orders, bits, and when a missing GPU is a failure."""

from __future__ import annotations

import numpy as np
import pytest

from cuda_host import devices
from cuda_host.devices import HostDevice, device_for, dtype_of, host_is_missing
from cuda_host.runtime import RUNTIME, HostArray, families_of
from cuda_host.simulator import SimError
from syntonic.flux.cuda import source
from syntonic.flux.cuda.launch import runtime_of

needs_host = pytest.mark.skipif(bool(host_is_missing()), reason=host_is_missing())


def test_arrays_are_contiguous_copies(device, kernel_dtype) -> None:
    values = np.arange(12.0).reshape(3, 4)[:, ::2]
    array = device.array(values, kernel_dtype)
    assert array.dtype == kernel_dtype
    assert array.flags.c_contiguous
    values[...] = -1
    back = device.numpy(array)
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back.astype(float), [[0, 2], [4, 6], [8, 10]])


def test_new_arrays_hold_nothing_to_read() -> None:
    for shape in ((), (0,), (2, 3), (2, 0)):
        for dtype in map(dtype_of, devices.DTYPES):
            out = RUNTIME.empty(shape, dtype)
            assert type(out) is HostArray
            assert out.shape == shape
            assert np.isnan(out.astype(float)).all()
        assert (RUNTIME.empty(shape, np.int32) == -1).all()


def test_the_order_is_set_back() -> None:
    device, before = HostDevice(), RUNTIME.seed
    with pytest.raises(KeyError, match="7"), device.order(7):
        raise KeyError(RUNTIME.seed)
    assert RUNTIME.seed == before


def test_bits_that_depend_on_the_order_are_noticed() -> None:
    device = HostDevice()
    fixed = device.same_bits(lambda: (np.zeros(3), None))
    np.testing.assert_array_equal(fixed[0], 0)
    with pytest.raises(AssertionError, match="thread order"):
        device.same_bits(lambda: np.array([RUNTIME.seed]))
    with pytest.raises(AssertionError, match="thread order"):
        device.same_bits(lambda: np.array([0.0 if RUNTIME.seed else -0.0]))


def test_a_missing_gpu_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpu_is_missing", lambda: "no GPU: none here")
    monkeypatch.delenv("SYNTONIC_REQUIRE_GPU", raising=False)
    with pytest.raises(pytest.skip.Exception, match="none here"):
        device_for("cuda")
    monkeypatch.setenv("SYNTONIC_REQUIRE_GPU", "1")
    with pytest.raises(pytest.fail.Exception, match="none here"):
        device_for("cuda")


def test_a_missing_compiler_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTONIC_REQUIRE_GPU", "1")
    monkeypatch.setattr(devices, "host_is_missing", lambda: "no g++")
    with pytest.raises(pytest.skip.Exception, match="no g"):
        device_for("natural")


def test_symbols_have_families_and_dtypes() -> None:
    found = families_of(["golden_wake_f32", "golden_wake_f64", "golden_layer_norm_bf16"])
    assert found == {"golden_lattice": {"f32", "f64"}, "golden_batch_norm": {"bf16"}}


@needs_host
def test_edited_kernels_run_inside_the_block_alone() -> None:
    device = HostDevice()
    x, out = device.array(np.arange(4.0)), device.array(np.zeros(4))
    name, runtime = "phi_residual_mode_standard_f64", runtime_of(x)

    def launch() -> list[float]:
        arguments = (out, x, x, np.int64(4))
        runtime.launch("phi_residual", name, "f64", (1,), (32,), arguments)
        return device.numpy(out).tolist()

    def edit(text: str) -> str:
        return text.replace("identity), outer)", "identity), outer + outer)", 1)

    assert launch() == [0, 2, 4, 6]
    with RUNTIME.edited(edit, only=(name,)):
        assert launch() == [0, 4, 8, 12]
        with pytest.raises(SimError, match="no kernel"):
            runtime.launch("phi_residual", "phi_residual_relu_f64", "f64", (1,), (32,), ())
    assert launch() == [0, 2, 4, 6]
    assert name in RUNTIME.launched
    assert name in source.symbols("phi_residual")["f64"]
