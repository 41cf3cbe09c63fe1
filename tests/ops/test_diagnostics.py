"""Statistics and norms: exact, and safe from cancellation and overflow in flux."""

import math

import numpy as np
import pytest

from syntonic import (
    PHI,
    ComponentNorms,
    GoldenExact,
    OutputStats,
    ResonantTensor,
    component_norms,
    output_stats,
)


def test_exact_statistics():
    assert output_stats(ResonantTensor([[1, PHI]])) == OutputStats(
        GoldenExact("1/2", "1/2"), GoldenExact("1/2", "-1/4")
    )


@pytest.mark.parametrize("shape", [(1,), (33,), (7, 11), (3, 5, 1031)])
@pytest.mark.parametrize("offset", [0, 1e8])
def test_statistics_in_flux(flux, shape, offset):
    x = offset + np.random.default_rng(0).standard_normal(shape)
    found = output_stats(flux(x))
    mean = math.fsum(x.flat) / x.size
    spread = np.asarray(x, np.longdouble) - np.longdouble(x.flat[0])
    assert found.mean == pytest.approx(mean, rel=1e-15, abs=1e-15)
    assert found.variance == pytest.approx(float(spread.var()), rel=1e-9, abs=1e-20)
    assert isinstance(found.mean, float)


def test_nothing_has_no_statistics(flux):
    for x in (flux([]), ResonantTensor(np.zeros((0, 2), np.int64))):
        with pytest.raises(ValueError, match="at least one element"):
            output_stats(x)


def test_exact_norms():
    x = ResonantTensor([3, 4])
    found = component_norms(x, x)
    assert found == ComponentNorms(5.0, 5.0, float(5 * PHI))
    assert component_norms(x, x, "standard").output == 10.0
    # a - bφ near 0: float64 sums of squares of the floats would lose it
    tiny = ResonantTensor([PHI**-40])
    assert component_norms(tiny, tiny).identity == pytest.approx(float(PHI**-40), rel=1e-15)


@pytest.mark.parametrize("power", [-1500, -700, -1, 0, 1, 2, 699, 1400])
def test_exact_norms_whose_squares_are_no_floats(power):
    x = ResonantTensor([3 * PHI**power, 4 * PHI**power])
    found = component_norms(x, x, "standard")
    wanted = float(5 * PHI**power)
    assert abs(found.identity - wanted) <= math.ulp(wanted)
    assert abs(found.output - 2 * wanted) <= math.ulp(2 * wanted)


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
def test_norms_in_flux(flux, mode, scale):
    rng = np.random.default_rng(1)
    x, y = (scale * rng.standard_normal(2049) for _ in range(2))
    found = component_norms(flux(x), flux(y), mode)
    inverse = float(1 / PHI)
    out = {
        "phi": x + y * inverse,
        "phi_symmetric": (x + y) * inverse,
        "standard": x + y,
    }[mode]
    for got, array in zip(found, (x, y, out), strict=True):
        exact = math.sqrt(math.fsum((array / scale) ** 2)) * scale
        assert got == pytest.approx(exact, rel=1e-14)


def test_norms_of_nothing(flux):
    assert component_norms(flux([]), flux([])) == (0.0, 0.0, 0.0)
