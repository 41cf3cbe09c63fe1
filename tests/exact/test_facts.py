"""Facts about the field: every operation a scalar answers."""

import math
from fractions import Fraction

import pytest

from syntonic.exact import pairs
from syntonic.exact.golden import PHI, SQRT5, GoldenExact

# Facts about factorisation and expansions, about snapping floats, and about trigonometry.
ELSEWHERE = {
    "gcd_up_to_unit",
    "prime_splitting",
    "euclid_step",
    "zeckendorf",
    "base_phi",
    "snap",
    "trig_exact",
}


def golden(pair):
    return GoldenExact(*pair)


def ints(x):
    return [int(c) for c in x]


def check_cmp(f):
    x, y = golden(f["x"]), golden(f["y"])
    assert (x < y, x == y, x > y) == tuple(f["expected"] == c for c in "<=>")


def check_parse(f):
    if "VEF (irrational first)" in f["format"]:
        second, first = f["text"].strip("()").split(",")
        assert GoldenExact(first, second) == golden(f["expected"])
    else:
        assert GoldenExact.parse(f["text"]) == golden(f["expected"])


def check_sqrt(f):
    x = golden(f["x"])
    if f["expected"] is None:
        assert not x.is_square()
        with pytest.raises(ValueError, match="not a square"):
            x.sqrt()
    else:
        assert x.sqrt() == abs(golden(f["expected"]))


def determinant(rows):
    """Laplace expansion along the first row."""
    if not rows:
        return GoldenExact(1)
    minors = ([row[:j] + row[j + 1 :] for row in rows[1:]] for j in range(len(rows)))
    signed = (entry * (-1) ** j for j, entry in enumerate(rows[0]))
    return sum(e * determinant(m) for e, m in zip(signed, minors, strict=True))


def check_det(f):
    columns = [[golden(x) for x in column] for column in f["columns"]]
    assert determinant(columns) == golden(f["expected"])


def check_quaternion(f):
    a, b, c, d = map(golden, f["x"])
    e, g, h, i = map(golden, f["y"])
    product = [
        a * e - b * g - c * h - d * i,
        a * g + b * e + c * i - d * h,
        a * h - b * i + c * e + d * g,
        a * i + b * h - c * g + d * e,
    ]
    assert product == [golden(x) for x in f["expected"]]


def check_sqrt5(f):
    rational, irrational = map(Fraction, f["expected_rational_and_sqrt5"])
    assert golden(f["x"]) == rational + irrational * SQRT5


def check_wythoff(f):
    if f["n"] == "1..25":
        assert [math.floor(n * PHI) for n in range(1, 26)] == f["expected"]
    else:
        assert math.floor(f["n"] * PHI) == f["expected"]


def check_peer_float(f):
    assert float(golden(f["x"])).hex() == float.fromhex(f["correct_hex"]).hex()
    agrees = float(golden(f["x"])) == float(f["peer_value"])
    assert agrees == f["peer_is_correctly_rounded"]


def check_float(f):
    assert float(golden(f["x"])).hex() == float.fromhex(f["expected_hex"]).hex()


def check_not_square(f):
    assert not golden(f["expected_square"]).is_square()


CHECKS = {
    "pow": lambda f: golden(f["x"]) ** f["n"] == golden(f["expected"]),
    "mul": lambda f: golden(f["x"]) * golden(f["y"]) == golden(f["expected"]),
    "div": lambda f: golden(f["x"]) / golden(f["y"]) == golden(f["expected"]),
    "inv": lambda f: golden(f["x"]).inverse() == golden(f["expected"]),
    "conj": lambda f: golden(f["x"]).galois_conjugate() == golden(f["expected"]),
    "norm": lambda f: golden(f["x"]).norm() == Fraction(f["expected"]),
    "trace": lambda f: golden(f["x"]).trace() == Fraction(f["expected"]),
    "sign": lambda f: golden(f["x"]).sign() == f["expected"],
    "sort": lambda f: sorted(map(golden, f["x"])) == [golden(x) for x in f["expected"]],
    "floor": lambda f: math.floor(golden(f["x"])) == int(f["expected"]),
    "ceil": lambda f: math.ceil(golden(f["x"])) == int(f["expected"]),
    "round_half_even": lambda f: round(golden(f["x"])) == int(f["expected"]),
    "is_unit": lambda f: golden(f["x"]).is_unit() == f["expected"],
    "expr": lambda f: GoldenExact.parse(f["expr"]) == golden(f["expected"]),
    # These two list the constant coefficient first.
    "minpoly": lambda f: golden(f["x"]).minpoly() == ints(f["expected"])[::-1],
    "minpoly_primitive_integer": lambda f: golden(f["x"]).minpoly() == ints(f["expected"])[::-1],
    "continued_fraction": lambda f: golden(f["x"]).continued_fraction(f["terms"]) == f["expected"],
    "decimal_50": lambda f: golden(f["x"]).to_decimal(50) == f["expected"],
    "cmp": check_cmp,
    "parse": check_parse,
    "sqrt": check_sqrt,
    "det": check_det,
    "quaternion_mul": check_quaternion,
    "convert_sqrt5": check_sqrt5,
    "wythoff_lower": check_wythoff,
    "float64": check_float,
    "float64_subnormal": check_float,
    "float64_documented_by_peer": check_peer_float,
    "trig_square_exact_but_not_in_field": check_not_square,
}


def test_every_operation_is_known(golden_facts):
    operations = {f["op"] for f in golden_facts}
    assert operations == set(CHECKS) | ELSEWHERE
    assert not set(CHECKS) & ELSEWHERE


@pytest.mark.parametrize("operation", CHECKS)
def test_facts(golden_facts, operation):
    mine = [f for f in golden_facts if f["op"] == operation]
    assert mine
    for f in mine:
        assert CHECKS[operation](f) in (None, True), f["id"]


def test_floats_come_from_exact_pairs(golden_facts):
    for f in golden_facts:
        if f["op"] in ("float64", "float64_subnormal"):
            p, q, d = golden(f["x"]).numerators()
            assert pairs.nearest_float(p, q, d) == float.fromhex(f["expected_hex"]), f["id"]
