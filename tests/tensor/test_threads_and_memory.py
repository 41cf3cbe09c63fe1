"""One tensor in many threads; memory under control; sums whatever their order."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from syntonic import PHI, ResonantTensor

LONG = pytest.mark.campaign


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")
@pytest.mark.parametrize(
    "divisor",
    [1, 6, np.arange(6000) % 97 + 1, pytest.param(np.arange(1, 6001), marks=LONG)],
    ids=["one", "six", "few", "all different"],
)
def test_one_tensor_in_eight_threads(divisor):
    def make():
        return ResonantTensor.random_lattice(6000, bound=10**6, seed=1) / ResonantTensor(divisor)

    def work(t):
        return (
            t.numerators()[2],
            (t * t).sum().item() if t.numerators()[2] < 100 else None,
            (t + t).max().item(),
            t.floor()[:9].tolist(),
            t.wake_flux().tolist()[:9],
        )

    expected = work(make())
    shared = make()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: work(shared), range(8))) == [expected] * 8


def test_multiplying_ten_million_elements_takes_little_memory():
    x = ResonantTensor.random_lattice(10**7, bound=1000, seed=2)
    y = x[::-1] + 0
    tracemalloc.start()
    product = x * y
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = sum(part.nbytes for part in product.numerators()[:2])
    assert peak <= 2.5 * size


@pytest.mark.parametrize("bound", [9, 2**40, 2**62, 2**70])
def test_sums_do_not_depend_on_order(bound):
    if bound < 2**63:
        t = ResonantTensor.random_lattice(1001, bound=bound, seed=3)
    else:
        t = ResonantTensor.random_lattice(1001, bound=9, seed=3) * bound
    t = t / 7 + PHI * Fraction(1, 3)
    total = t.sum()
    for chunks in (2, 7, 100):
        parts = [part.sum() for part in np.array_split(t, chunks)]
        assert np.stack(parts).sum().equals(total)
    assert t[np.random.default_rng(4).permutation(1001)].sum().equals(total)
    assert t[::-1].dot(t[::-1]).equals(t.dot(t))
