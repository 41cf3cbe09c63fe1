"""Tensors on CUDA devices: moves, arithmetic, what they share and what they refuse."""

import pickle
import warnings

import numpy as np
import pytest

from syntonic import (
    PHI,
    BackendUnavailableError,
    DeviceError,
    PhaseError,
    PrecisionError,
    ResonantTensor,
    SnapWarning,
)


@pytest.fixture
def woken(cupy):
    return ResonantTensor([[1, PHI], [PHI**2, -PHI]]).wake_flux("cuda")


def exact():
    return ResonantTensor([[1, PHI], [PHI**2, -PHI]])


def on_host(t):
    return t.to_device("cpu").flux_array


def test_waking_there_and_crystallizing_back(cupy, woken):
    assert isinstance(woken.flux_array, cupy.ndarray)
    assert woken.device == "cuda:0"
    assert woken.crystallize().equals(exact())
    assert exact().toggle("cuda").toggle().equals(exact())


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_the_floats_are_those_of_the_cpu(cupy, dtype):
    t = ResonantTensor.random_lattice((57, 3), bound=10**4, seed=1)
    there = t.wake_flux("cuda:0", dtype)
    assert there.dtype == dtype
    assert np.array_equal(on_host(there), t.wake_flux(dtype=dtype).flux_array)


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
def test_elements_that_doubles_do_not_decide(cupy):
    near = ResonantTensor.from_lattice([2**62, 165580141], [-(2**61), -102334155], denominator=7)
    assert np.array_equal(on_host(near.wake_flux("cuda")), near.wake_flux().flux_array)
    big = ResonantTensor([10**30, PHI])
    assert np.array_equal(on_host(big.wake_flux("cuda")), big.wake_flux().flux_array)
    ties = ResonantTensor.from_flux(np.array([0.5, -2.5, 1e300, 0.1])).to_device("cuda")
    for bounds in (
        {},
        {"precision": 100},
        {"precision": 0},
        {"window": 2},
        {"precision": 10**9, "denominator": 3},
    ):
        there, here = ties.crystallize(**bounds), ties.to_device("cpu").crystallize(**bounds)
        assert there.equals(here)
    with pytest.raises(ValueError, match="finite"):
        ResonantTensor.from_flux(np.array([1.0, np.nan])).to_device("cuda").crystallize()


def test_certificates_of_flux_on_a_device(cupy, woken):
    assert woken.crystallize(error_bound=1e-9).equals(exact())
    with pytest.raises(PrecisionError, match="unproved of 4"):
        woken.crystallize(10**9, error_bound=1e-3)


def test_halves_that_overflow_warn(cupy):
    with pytest.warns(RuntimeWarning, match="beyond the range of float16"):
        t = ResonantTensor([10**6, 1]).wake_flux("cuda", np.float16)
    assert on_host(t).tolist() == [np.inf, 1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_misses_are_warned_of_as_on_the_cpu(cupy, dtype):
    rng = np.random.default_rng(5)
    t = ResonantTensor.from_lattice(*rng.integers(-9, 10, (2, 40)))
    flux = t.wake_flux(dtype=dtype) if dtype != np.float16 else t[:1].wake_flux(dtype=dtype) * 0
    for make in (
        lambda x: x,
        lambda x: x * 1,
        lambda x: x / 2,
        lambda x: x + 0.5,
        lambda x: x * 4e4,
        lambda x: x * 2.0**36 if x.dtype != np.float16 else x,
        lambda x: x / 2 / 3 + x,
    ):
        said = []
        for x in (flux, flux.to_device("cuda")):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", SnapWarning)
                out = make(x).crystallize()
            said.append([(w.message.count, w.message.residual) for w in caught])
        assert said[0] == said[1]
        assert make(flux).crystallize(100).equals(out)
    with pytest.warns(SnapWarning, match="way back") as caught:
        ResonantTensor([10**10 * PHI, 1, 10**10 + PHI]).wake_flux("cuda")
    assert caught[0].message.count == 2
    halves = (t.wake_flux() / 2).to_device("cuda")
    assert halves.crystallize(denominator="auto").equals(t / 2)


def test_floats_without_misses_stay_on_the_device(cupy, woken, monkeypatch):
    from syntonic.flux.cuda import lattice

    monkeypatch.setattr(lattice, "_doubles", lambda x: pytest.fail("the floats travel"))
    assert (woken * 2).crystallize().equals(exact() * 2)
    with pytest.raises(pytest.fail.Exception, match="travel"):
        (woken / 3).crystallize()


def test_arithmetic_stays_on_the_device(cupy, woken):
    host = exact().wake_flux()
    for f in (
        lambda t: t + t,
        lambda t: 2 * t - 1,
        lambda t: t @ t,
        lambda t: t * PHI,
        lambda t: np.exp(t),
        lambda t: t.relu(),
        lambda t: t.T[0],
        lambda t: t.sum(axis=0),
        lambda t: t.mean(),
        lambda t: np.concatenate([t, t]),
        lambda t: np.where(t > 0, t, 0.0),
        lambda t: t.sort(),
        lambda t: t.at[0, 0].set(PHI),
        lambda t: t.reshape(4).at[1:].add(1),
        lambda t: t[0, 0],
    ):
        out = f(woken)
        assert out.device == "cuda:0"
        np.testing.assert_allclose(on_host(out), f(host).flux_array, rtol=1e-15)


def test_plain_answers(cupy, woken):
    assert woken.equals(woken)
    assert not woken.equals(woken + 1)
    assert float(woken[0, 0]) == 1.0
    assert woken[0].tolist() == [1.0, float(PHI)]
    assert woken[1, 0].item() == float(PHI**2)
    assert woken.syntony == exact().syntony
    assert "cuda:0" in repr(woken)
    assert "1.618" in repr(woken)
    assert woken.to_floats().tolist() == exact().to_floats().tolist()


def test_mode_norms_travel_with_the_elements(cupy):
    t = ResonantTensor([3, 1, 2], mode_norm_sq=[0, 1, 4]).wake_flux("cuda")
    assert t.sort().mode_norm_sq.tolist() == [1, 4, 0]
    assert t[::-1].mode_norm_sq.tolist() == [4, 1, 0]


def test_mixed_devices_are_refused(cupy, woken):
    host = exact().wake_flux()
    for f in (
        lambda: woken + host,
        lambda: host + woken,
        lambda: woken + host.flux_array,
        lambda: np.concatenate([woken, host]),
        lambda: woken.at[0].set(host[0]),
        lambda: host.at[0].set(woken[0]),
    ):
        with pytest.raises(DeviceError, match=r"on one device, got .*to_device"):
            f()
    with pytest.raises(PhaseError, match="one phase"):
        woken + exact()


def test_implicit_copies_are_refused(cupy, woken):
    with pytest.raises(DeviceError, match=r'on the CPU, got cuda:0; call .to_device\("cpu"\)'):
        np.asarray(woken)


def test_moves(cupy, woken):
    assert woken.to_device("cuda") is woken
    back = woken.to_device("cpu")
    assert back.device == "cpu"
    assert back.crystallize().equals(exact())
    assert back.to_device("cpu") is back
    assert back.to_device("cuda").equals(woken)


def test_a_second_device(cupy, woken):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two devices")
    other = woken.to_device("cuda:1")
    assert other.device == "cuda:1"
    assert (other * 2).device == "cuda:1"
    with pytest.raises(DeviceError, match="on one device"):
        woken + other


@pytest.mark.parametrize("name", ["cuda:7", "gpu", "cuda:-1", "cuda:x", "CUDA", 0, None])
def test_unknown_devices(cupy, name):
    with pytest.raises(DeviceError, match=r"wake_flux: device must be"):
        exact().wake_flux(name)


def test_from_flux_aliases(cupy):
    array = cupy.asarray(np.array([1.0, 2.0]))
    t = ResonantTensor.from_flux(array)
    assert t.device == "cuda:0"
    array[0] = 5.0
    assert on_host(t).tolist() == [5.0, 2.0]
    with pytest.raises(TypeError, match="flux is float64"):
        ResonantTensor.from_flux(cupy.asarray(np.array([1, 2])))


def test_dlpack_shares_memory_both_ways(cupy):
    array = cupy.asarray(np.array([1.0, 2.0]))
    t = ResonantTensor.from_flux(array)
    again = cupy.from_dlpack(t)
    array[0] = 7.0
    assert again.tolist() == [7.0, 2.0]
    assert t.__dlpack_device__() == array.__dlpack_device__()

    class Exporter:  # as PyTorch's or JAX's arrays
        def __dlpack__(self, **options):
            return array.__dlpack__(**options)

        def __dlpack_device__(self):
            return array.__dlpack_device__()

    imported = ResonantTensor.from_flux(Exporter())
    assert imported.device == "cuda:0"
    array[1] = 8.0
    assert on_host(imported).tolist() == [7.0, 8.0]


def test_the_cuda_array_interface_shares_memory_both_ways(cupy):
    array = cupy.asarray(np.array([1.0, 2.0]))
    t = ResonantTensor.from_flux(array)
    assert t.__cuda_array_interface__["data"] == array.__cuda_array_interface__["data"]

    class Exporter:  # as numba's device arrays
        __cuda_array_interface__ = array.__cuda_array_interface__

    imported = ResonantTensor.from_flux(Exporter())
    array[0] = 9.0
    assert on_host(imported).tolist() == [9.0, 2.0]


def test_pickles(cupy, woken):
    if cupy.__name__ == "cupy" and hasattr(cupy, "__version__"):
        assert pickle.loads(pickle.dumps(woken)).equals(woken)


def test_host_tensors_have_no_cuda_interface():
    assert not hasattr(exact(), "__cuda_array_interface__")
    assert not hasattr(exact().wake_flux(), "__cuda_array_interface__")


def test_host_flux_shares_memory_with_other_libraries():
    t = exact().wake_flux()
    assert np.shares_memory(np.from_dlpack(t), t.flux_array)
    with pytest.raises(PhaseError, match="__dlpack__"):
        np.from_dlpack(exact())


def test_other_accelerators_are_refused():
    class Elsewhere:
        def __dlpack__(self, **options):
            raise AssertionError

        def __dlpack_device__(self):
            return (8, 0)  # Metal

    with pytest.raises(DeviceError, match="DLPack device type 8"):
        ResonantTensor.from_flux(Elsewhere())


def test_without_cupy_nothing_falls_back(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    with pytest.raises(BackendUnavailableError, match=r"cupy-cuda12x.*syntonic doctor"):
        exact().wake_flux("cuda")
    for t in (exact(), exact().wake_flux()):
        with pytest.raises(BackendUnavailableError):
            t.to_device("cuda:0")


def test_without_a_driver_nothing_falls_back(monkeypatch, cupy):
    def fail():
        raise RuntimeError("cudaErrorInsufficientDriver: driver version is insufficient")

    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", fail)
    with pytest.raises(BackendUnavailableError, match="no NVIDIA driver is visible"):
        exact().wake_flux("cuda")


def test_cpu_bfloat16_is_flux():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    t = ResonantTensor.from_flux(np.array([1.0, 1.5, 2.0], bfloat16))
    assert (t + t).dtype == bfloat16
    assert (t + t).crystallize(0).tolist() == [2, 3, 4]
