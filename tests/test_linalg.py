"""The public functions: shapes, batches, phases, errors, on both engines."""

from pathlib import Path

import numpy as np
import pytest
from effort import thinned

import syntonic
from syntonic import PHI, ResonantTensor, linalg
from syntonic.errors import PhaseError, ShapeError, SingularMatrixError
from syntonic.lattice.linalg import cofactors, quotients
from syntonic.lattice.linalg import solve as lattice_linalg

PACKAGE = Path(syntonic.__file__).parent


def lists(t):
    return np.asarray(t, dtype=object).tolist()


def random(shape, bound=9, seed=0, denominator=1):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-bound, bound, (2, *shape), endpoint=True)
    return ResonantTensor.from_lattice(a, b, denominator=denominator)


@pytest.fixture(params=["compiled", "scalar"], autouse=True)
def engine(request, monkeypatch):
    """Run everything on both engines."""
    for module in (lattice_linalg, cofactors, quotients):
        monkeypatch.setattr(module, "compiled_pays", lambda size: request.param == "compiled")
    return request.param


def test_empty():
    assert linalg.det(np.zeros((0, 0), int)).item() == 1
    assert linalg.det(np.zeros((3, 0, 0), int)).tolist() == [1, 1, 1]
    assert linalg.det(np.zeros((0, 4, 4), int)).shape == (0,)
    assert linalg.inv(np.zeros((0, 0), int)).shape == (0, 0)
    assert linalg.inv(np.zeros((0, 5, 5), int)).shape == (0, 5, 5)
    assert linalg.solve(np.zeros((0, 0), int), np.zeros((0, 3), int)).shape == (0, 3)
    assert linalg.solve(np.eye(4, dtype=int), np.zeros((4, 0), int)).shape == (4, 0)
    assert linalg.rank(np.zeros((0, 5), int)) == 0
    assert linalg.charpoly(np.zeros((0, 0), int)).tolist() == [1]
    assert linalg.charpoly(np.zeros((0, 2, 2), int)).shape == (0, 3)
    assert linalg.nullspace(np.zeros((0, 3), int)).tolist() == lists(np.eye(3, dtype=int))
    assert linalg.nullspace(np.zeros((0, 2, 3), int)).shape == (0, 3, 3)
    assert linalg.echelon(np.zeros((0, 3), int)).shape == (0, 3)
    assert linalg.trace(np.zeros((0, 0), int)).item() == 0


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_solve_has_numpy_shapes(n):
    x = random((3, 1, n, n), seed=n)
    floats = x.to_floats()
    for shape in ((n,), (n, 2), (2, n, 1), (3, 2, n, 3), (1, 1, n, n)):
        y = random(shape, seed=1)
        z = linalg.solve(x, y)
        assert z.shape == np.linalg.solve(floats, y.to_floats()).shape
        np.testing.assert_allclose(
            z.to_floats(), np.linalg.solve(floats, y.to_floats()), rtol=1e-8, atol=1e-9
        )
        assert np.asarray(np.linalg.solve(x, y)).tolist() == z.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_singular_matrices_are_named(n):
    batch = np.array([[random((n, n), seed=i + 2 * j).tolist() for i in range(2)]
                      for j in range(3)], object)  # fmt: skip
    batch[2, 1, -1] = 0 if n == 1 else batch[2, 1, 0] * PHI
    for call in (linalg.inv, lambda x: linalg.solve(x, np.ones(n, int))):
        with pytest.raises(SingularMatrixError, match=r"0 exactly for 1 .* \(2, 1\); "):
            call(batch)
        with pytest.raises(SingularMatrixError, match="determinant 0 exactly; "):
            call(batch[2, 1])
        call(batch[:2])
    with pytest.raises(SingularMatrixError, match="matrix_power"):
        linalg.matrix_power(batch[2, 1], -1)


def test_batches():
    x = random((2, 3, 5, 5), seed=3, denominator=10)
    ranks = linalg.rank(x)
    assert ranks.shape == (2, 3)
    assert (ranks == 5).all()
    for name in ("det", "inv", "charpoly", "trace", "echelon"):
        function = getattr(linalg, name)
        out = function(x)
        for i in np.ndindex(2, 3):
            assert out[i].equals(function(x[i]))
    kernels = linalg.nullspace(x[..., :3, :])
    assert kernels.shape == (2, 3, 5, 2)
    assert (x[..., :3, :] @ kernels).equals(ResonantTensor.zeros((2, 3, 3, 2)))
    with pytest.raises(ShapeError, match="one dimension"):
        linalg.nullspace(np.stack([np.eye(2, dtype=int), np.zeros((2, 2), int)]))


def test_matrix_power():
    x = random((4, 4), bound=3)
    assert linalg.matrix_power(x, 5).equals(x @ x @ x @ x @ x)
    assert linalg.matrix_power(x, -3).equals(linalg.inv(x @ x @ x))
    assert linalg.matrix_power(x, 0).equals(ResonantTensor.eye(4))
    assert linalg.matrix_power(x[None], 2).shape == (1, 4, 4)


@pytest.mark.parametrize("name", ["det", "inv", "charpoly", "trace", "matrix_power", "solve"])
def test_square_matrices_are_demanded(name):
    extra = {"matrix_power": (2,), "solve": (np.ones(2, int),)}.get(name, ())
    for shape in ((2, 3), (3,), (), (2, 2, 3)):
        with pytest.raises(ShapeError, match=name):
            getattr(linalg, name)(ResonantTensor.zeros(shape), *extra)


@pytest.mark.parametrize("name", ["rank", "echelon", "nullspace"])
def test_matrices_are_demanded(name):
    with pytest.raises(ShapeError, match=f"{name}: a matrix has at least two axes"):
        getattr(linalg, name)([1, 2])


def test_shapes_must_fit():
    with pytest.raises(ShapeError, match="solve: the right-hand side must have 2 rows"):
        linalg.solve([[1, 2], [3, 4]], [1, 2, 3])
    with pytest.raises(ShapeError, match="solve: the batches must broadcast"):
        linalg.solve(random((2, 4, 4)), random((3, 4, 4)))
    with pytest.raises(ShapeError, match="matmul"):
        linalg.matmul([[1, 2]], [[1, 2]])


@pytest.mark.parametrize("name", linalg.__all__)
def test_flux_is_refused(name):
    x = random((2, 2)).wake_flux()
    extra = {"matrix_power": (2,), "solve": (x,), "matmul": (x,)}.get(name, ())
    with pytest.raises(PhaseError, match=rf"linalg\.{name}.*crystallize"):
        getattr(linalg, name)(x, *extra)
    extra = [2] if name == "matrix_power" else [[1, 1]] * len(extra)
    with pytest.raises(TypeError, match=rf"linalg\.{name}: the data must be exact"):
        getattr(linalg, name)([[0.5, 1], [1, 1]], *extra)


def test_results_are_tensors_with_the_operands_precision():
    x = ResonantTensor([[1, PHI], [PHI, 3]], precision=1000)
    assert linalg.det(x).precision == 1000
    assert linalg.solve(x, [1, 2]).precision == 1000
    assert linalg.det([[1]]).shape == ()
    assert isinstance(linalg.rank(x), int)


def test_nullspace_where_each_element_has_a_denominator_of_its_own():
    """No int64 holds the common denominator of these echelon forms."""
    p, q = 4294967291, 4294967279
    found = linalg.nullspace(ResonantTensor([[p, 0, 1], [0, q, 1]]))
    assert (p * found[0, 0], q * found[1, 0], found[2, 0]) == (-1, -1, 1)


@pytest.mark.parametrize(("n", "count"), thinned([(10, 10), (43, 1)], every=2))
def test_nullspaces_of_random_denominators(n, count):
    rng = np.random.default_rng(5)
    for _ in range(count):
        columns = np.diag(rng.integers(1, 1000, n)), rng.integers(1, 10, (n, 1))
        x = ResonantTensor(np.hstack(columns))
        kernel = linalg.nullspace(x)
        assert kernel.shape == (n + 1, 1)
        assert kernel[-1, 0] == 1
        assert not np.any(x @ kernel)


def test_products_whose_denominators_pass_int64():
    x = ResonantTensor([[1, 2], [3, 4]]) / 2**32
    once = ResonantTensor([[7, 10], [15, 22]])
    for product in (x @ x, np.dot(x, x), linalg.matrix_power(x, 2)):
        assert (product * 2**64).equals(once)
        assert (product + 1 - 1).equals(product)
        assert np.concatenate([product, product])[:2].equals(product)
        assert linalg.det(product) * 2**128 == 4
        assert product.to_floats().tolist() == [[n / 2**64 for n in r] for r in ((7, 10), (15, 22))]


# -- chains ------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 64, 100])
@pytest.mark.parametrize("make", [
    lambda x: x, lambda x: x / 7, lambda x: x / ResonantTensor([[3, 5], [7, 11]]),
    lambda x: x * 10**30,
])  # fmt: skip
def test_a_chain_is_the_product_one_after_the_other(count, make):
    chain = make(ResonantTensor.random_lattice((count, 3, 2, 2), bound=9, seed=count))
    expected = ResonantTensor([[[1, 0], [0, 1]]] * 3)
    for matrix in chain:
        expected = expected @ matrix
    assert linalg.chain_product(chain).equals(expected)


def test_a_chain_refuses_what_is_none():
    with pytest.raises(ShapeError, match=r"chain_product: x must have shape \(k, ..., n, n\)"):
        linalg.chain_product([[1, 2], [3, 4]])
    with pytest.raises(ShapeError, match="chain_product"):
        linalg.chain_product([[[1, 2]]])
    with pytest.raises(PhaseError, match="chain_product: the tensor must be crystallized"):
        linalg.chain_product(ResonantTensor.eye(2)[None].wake_flux())
