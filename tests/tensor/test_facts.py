"""The facts about the field again, through tensors in each layout."""

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor

# The operations a tensor answers; scalars, integers, snap and SymPy have the others.
COVERED = {
    "pow", "mul", "div", "cmp", "sort", "sign", "float64", "float64_documented_by_peer",
    "float64_subnormal", "floor", "ceil", "round_half_even", "norm", "trace", "inv", "conj", "det",
    "quaternion_mul", "wythoff_lower",
}  # fmt: skip


def golden(pair):
    return GoldenExact(*pair)


@pytest.fixture(scope="module")
def facts(golden_facts):
    by_op = {}
    for fact in golden_facts:
        by_op.setdefault(fact["op"], []).append(fact)
    return by_op


def column(facts, name):
    """All the values of one field as a tensor, between numbers that leave int64."""
    return ResonantTensor([golden(f[name]) for f in facts])


def test_every_covered_operation_has_facts(facts):
    assert set(facts) >= COVERED


@pytest.mark.parametrize(
    ("op", "compute"),
    [
        ("mul", lambda f: column(f, "x") * column(f, "y")),
        ("div", lambda f: column(f, "x") / column(f, "y")),
        ("inv", lambda f: 1 / column(f, "x")),
        ("conj", lambda f: column(f, "x").galois_conjugate()),
        ("pow", lambda f: column(f, "x") ** np.array([x["n"] for x in f])),
    ],
)
def test_field_operations(facts, op, compute):
    expected = column(facts[op], "expected")
    assert compute(facts[op]).equals(expected)
    for fact, exact in zip(facts[op], expected, strict=True):  # one by one: other layouts
        assert compute([fact]).item() == exact.item()


@pytest.mark.parametrize(
    ("op", "method"),
    [
        ("norm", "field_norm"),
        ("trace", "field_trace"),
        ("floor", "floor"),
        ("ceil", "ceil"),
        ("round_half_even", "round"),
        ("sign", "sign"),
    ],
)
def test_rational_results(facts, op, method):
    result = getattr(column(facts[op], "x"), method)()
    assert result.tolist() == [GoldenExact(f["expected"]) for f in facts[op]]


@pytest.mark.parametrize(
    ("op", "key"),
    [
        ("float64", "expected_hex"),
        ("float64_subnormal", "expected_hex"),
        ("float64_documented_by_peer", "correct_hex"),
    ],
)
@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")  # the numbers are as they come
def test_floats(facts, op, key):
    floats = column(facts[op], "x").wake_flux().tolist()
    assert floats == [float.fromhex(f[key]) for f in facts[op]]


def test_order(facts):
    x, y = column(facts["cmp"], "x"), column(facts["cmp"], "y")
    signs = [{"<": -1, "=": 0, ">": 1}[f["expected"]] for f in facts["cmp"]]
    assert (x < y).tolist() == [s < 0 for s in signs]
    assert (x == y).tolist() == [s == 0 for s in signs]
    assert (x - y).sign().tolist() == signs
    for fact in facts["sort"]:
        t = ResonantTensor([golden(p) for p in fact["x"]])
        assert t.sort().tolist() == [golden(p) for p in fact["expected"]]


def test_determinants(facts):
    for fact in facts["det"]:
        matrix = ResonantTensor([[golden(x) for x in c] for c in fact["columns"]])
        assert np.linalg.det(matrix).item() == golden(fact["expected"])


def test_quaternions(facts):
    # e_i e_j as an exact structure tensor: one contraction multiplies quaternions.
    unit = np.zeros((4, 4, 4), dtype=int)
    for i in range(4):
        unit[0, i, i] = unit[i, 0, i] = 1
    for i, j, k in ((1, 2, 3), (2, 3, 1), (3, 1, 2)):
        unit[i, j, k], unit[j, i, k], unit[i, i, 0] = 1, -1, -1
    for fact in facts["quaternion_mul"]:
        x, y, product = (
            ResonantTensor([golden(p) for p in fact[k]]) for k in ("x", "y", "expected")
        )
        assert np.einsum("i,j,ijk", x, y, ResonantTensor(unit)).equals(product)


def test_wythoff(facts):
    for fact in facts["wythoff_lower"]:
        if fact["n"] == "1..25":
            assert (PHI * ResonantTensor(np.arange(1, 26))).floor().tolist() == fact["expected"]
