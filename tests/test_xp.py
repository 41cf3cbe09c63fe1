"""The array API standard: flux has a namespace, and libraries written for the standard take it."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import syntonic
from syntonic import PHI, ResonantTensor, xp

FLUX = ResonantTensor([[1, PHI], [2, -PHI]]).wake_flux()
EXACT = ResonantTensor([[1, PHI], [2, -PHI]])


def test_the_namespace_of_flux():
    assert FLUX.__array_namespace__() is xp
    assert FLUX.__array_namespace__(api_version="2024.12") is xp
    assert xp.__array_api_version__ == "2024.12"
    assert "xp" in dir(syntonic)


def test_every_name_is_there():
    assert [name for name in xp.__all__ if not hasattr(xp, name)] == []
    for extension in (xp.linalg, xp.fft):
        assert [name for name in extension.__all__ if not hasattr(extension, name)] == []


ONE = [name for name in xp.elementwise.__all__ if len(inspect.signature(
    getattr(xp, name)).parameters) == 1 and name not in ("bitwise_invert",)]  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_functions_of_elements_are_numpys(name):
    x = np.array([0.25, 0.5, 0.75])
    if name == "acosh":
        x = x + 1
    out, expected = getattr(xp, name)(ResonantTensor.from_flux(x)), getattr(np, name)(x)
    assert np.array_equal(out, expected)
    assert isinstance(out, ResonantTensor) == (expected.dtype.kind == "f")


def test_floats_are_flux_and_the_rest_are_arrays():
    for made in (xp.zeros(3), xp.ones((2, 2)), xp.linspace(0, 1, 3), xp.asarray([0.5]), xp.eye(2),
                 xp.full(2, 0.5), xp.empty(2), xp.arange(0.0, 2.0), xp.mean(FLUX),
                 xp.asarray(np.float32(1)), xp.astype(np.arange(3), xp.float64),
                 xp.from_dlpack(np.ones(2)), *xp.linalg.slogdet(FLUX),
                 *xp.meshgrid(FLUX[0])):  # fmt: skip
        assert isinstance(made, ResonantTensor)
        assert not made.is_crystallized
    for made in (xp.zeros(3, dtype=xp.int64), xp.arange(3), FLUX > 0, xp.asarray([True]),
                 xp.argmax(FLUX, axis=0), xp.full(2, 1), xp.fft.fft(FLUX)):  # fmt: skip
        assert isinstance(made, np.ndarray)
    assert xp.asarray(FLUX) is FLUX
    assert not np.shares_memory(xp.asarray(FLUX, copy=True), FLUX)
    assert xp.asarray(FLUX, dtype=xp.float32).dtype == np.float32
    with pytest.raises(ValueError, match="needs a copy"):
        xp.asarray(FLUX, dtype=xp.float32, copy=False)
    assert xp.zeros(2, device="cpu").device == "cpu"


def test_exact_tensors_may_be_passed_and_stay_exact():
    assert xp.concat([EXACT, EXACT]).equals(np.concatenate([EXACT, EXACT]))
    assert xp.concatenate is xp.concat
    assert xp.maximum(EXACT, 1).equals([[1, PHI], [2, 1]])
    assert xp.where(EXACT > 0, EXACT, 0).equals([[1, PHI], [2, 0]])
    assert xp.linalg.det(EXACT).item() == -3 * PHI
    assert xp.asarray([1, PHI]).is_crystallized
    assert xp.sqrt(EXACT * EXACT).equals(abs(EXACT))
    with pytest.raises(ValueError, match="wake_flux"):
        xp.sqrt(EXACT)
    with pytest.raises(TypeError, match="wake_flux"):
        xp.exp(EXACT)


def test_information():
    info = xp.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert "cpu" in info.devices()
    assert info.default_dtypes()["real floating"] == np.float64
    assert info.dtypes(kind="bool") == {"bool": np.dtype(bool)}
    assert xp.finfo(FLUX).bits == 64
    assert xp.iinfo(xp.int8).max == 127


def test_array_api_compat_accepts_flux():
    compat = pytest.importorskip("array_api_compat", reason="needs array-api-compat")
    assert compat.array_namespace(FLUX, FLUX) is xp
    assert compat.is_array_api_obj(FLUX)
    assert compat.device(FLUX) == "cpu"
    assert compat.to_device(FLUX, "cpu") is FLUX
    assert not compat.is_array_api_obj(EXACT)


def test_array_api_extra_accepts_flux():
    extra = pytest.importorskip("array_api_extra", reason="needs array-api-extra")
    assert extra.atleast_nd(FLUX, ndim=3, xp=xp).shape == (1, 2, 2)
    assert np.allclose(extra.cov(FLUX), np.cov(FLUX.flux_array))
    assert isinstance(extra.kron(FLUX, FLUX), ResonantTensor)


def test_einops():
    einops = pytest.importorskip("einops", reason="needs einops")
    array_api = pytest.importorskip("einops.array_api", reason="needs einops")
    from syntonic.interop.einops import register

    assert array_api.rearrange(FLUX, "a b -> b a").equals(FLUX.T)
    assert array_api.reduce(FLUX, "a b -> b", "mean").equals(FLUX.mean(axis=0))
    register()
    for x in (FLUX, EXACT):
        assert einops.rearrange(x, "a b -> (b a)").equals(x.T.ravel())
        assert einops.reduce(x, "a b -> a", "mean").equals(x.mean(axis=1))
        assert einops.repeat(x, "a b -> a c b", c=2).equals(np.stack([x, x], axis=1))
        assert einops.einsum(x, x, "a b, c b -> a c").equals(np.einsum("ab,cb->ac", x, x))


def test_the_list_of_expected_failures_names_tests():
    text = Path(__file__).with_name("array_api_failures.txt").read_text("utf-8")
    names = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(set(names)) == len(names) > 30
    assert all(name.startswith("array_api_tests/test_") for name in names)
