"""Products of vectors of three in one loop against NumPy's own on Python's integers."""

import numpy as np
import pytest

from syntonic.lattice import arithmetic, loops
from syntonic.lattice.array import INT64_MAX, LatticeArray
from syntonic.tensor.exact_products import cross

pytest.importorskip("numba")


@pytest.fixture(params=[3, 1 << 20], ids=["compiled", "plain"], autouse=True)
def least(request, monkeypatch):
    monkeypatch.setattr(loops, "SMALLEST", request.param)
    monkeypatch.setattr(loops, "compiled_pays", lambda size: True)
    return request.param


def check(x, y, **axes):
    a, b, c, d = (part.astype(object) for part in (x.a, x.b, y.a, y.b))
    out = cross(x, y, **axes)
    p, q, over = out.numerators()
    bd = np.cross(b, d, **axes)
    scale = x.denominator * y.denominator
    wanted = np.cross(a, c, **axes) + bd, np.cross(a, d, **axes) + np.cross(b, c, **axes) + bd
    for found, part in zip((p, q), wanted, strict=True):
        assert (found.astype(object) * scale == part * over).all()
    assert out.shape == wanted[0].shape
    if out.is_packed:
        assert out.bound >= max(map(abs, (*out.a.flat, *out.b.flat)), default=0)
    return out


def drawn(shape, bound, seed=0, denominator=1):
    a, b = np.random.default_rng(seed).integers(-bound, bound, (2, *shape), endpoint=True)
    return LatticeArray.packed(a, b, denominator)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (40, 3), (4, 5, 3), (2, 0, 3), (3, 3)])
def test_shapes(shape):
    x, y = drawn(shape, 99, denominator=6), drawn(shape, 99, 1, denominator=5)
    check(x, y)
    check(x, y, axis=len(shape) - 1)
    check(x[..., ::-1], y)
    if shape == (3, 3):
        check(x, y, axis=0)
        check(x, y, axisa=0)
        check(x, y, axisc=0)
    check(x, y[:1] if len(shape) > 1 else y)


@pytest.mark.parametrize("first", [1, 1 << 20, 1 << 31, INT64_MAX // 6])
@pytest.mark.parametrize("more", [0, 1])
def test_the_last_bound_that_int64_holds(first, more, least):
    """All signs of entries as large as can be: sums pass 2^63 and return."""
    second = INT64_MAX // (6 * first) + more
    signs = np.array(np.meshgrid(*[[1, -1]] * 6)).reshape(2, 3, -1).swapaxes(1, 2)
    others = signs[:, np.random.default_rng(0).permutation(64)]
    x, y = (
        LatticeArray.packed(*np.ascontiguousarray(part * size))
        for part, size in ((signs, first), (others, second))
    )
    assert (arithmetic.cross(x, y) is not None) is (least == 3 and not more)
    check(x, y)
