"""What PARI, mpmath and Fraction say of questions about the golden field; none of our own code.

A question is a dict as in `facts.json`: "op", and what the operation takes. An element a + bφ is a
pair of rational strings, ["a", "b"]. `ANSWERS[op](question)` is the dict of what is to come out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import gcd, lcm
from typing import Any

import mpmath
from cypari import pari

__all__ = ["ANSWERS", "number", "pair", "quad", "rational"]

W = pari("quadgen(5)")  # PARI's φ
NF = pari("nfinit(y^2-y-1)")
BNF = pari("bnfinit(y^2-y-1)")
DIGITS = 2000  # of mpmath: more than enough to tell any two numbers here apart

Fact = dict[str, Any]
Pair = list[str]


def quad(x: Pair) -> Any:
    """An element as PARI's t_QUAD."""
    return pari(f"({x[0]})") + pari(f"({x[1]})") * W


def pair(x: Any) -> Pair:
    """An element of PARI as a pair."""
    return [str((x + 0 * W).real()), str((x + 0 * W).imag())]


def number(x: Pair) -> Any:
    """An element as a real number of many digits."""
    a, b = map(Fraction, x)
    phi = (1 + mpmath.sqrt(5)) / 2
    return mpmath.mpf(a.numerator) / a.denominator + phi * b.numerator / b.denominator


def rational(x: Any) -> Fraction:
    """The binary number that mpmath holds, exactly."""
    sign, mantissa, exponent, _ = x._mpf_
    return Fraction((-1) ** sign * int(mantissa)) * Fraction(2) ** int(exponent)


def value(x: Any) -> Fact:
    return {"expected": pair(x)}


def compared(f: Fact) -> Fact:
    return {"expected": "<=>"[int((quad(f["x"]) - quad(f["y"])).sign()) + 1]}


def rounded(f: Fact) -> Fact:
    """Half to even: a tie is a rational number."""
    x = quad(f["x"])
    below = x.floor()
    above = int((2 * (x - below) - 1).sign()) > 0
    tie = int((2 * (x - below) - 1).sign()) == 0
    return {"expected": int(below) + (int(below) % 2 if tie else above)}


def in_order(f: Fact) -> Fact:
    return {"expected": [pair(x) for x in pari.vecsort([quad(x) for x in f["x"]])]}


def nearest_float(f: Fact) -> Fact:
    """A quotient of two integers is rounded once, to subnormal numbers as well."""
    x = rational(number(f["x"]))
    return {"expected_hex": (x.numerator / x.denominator).hex()}


def decimals(f: Fact) -> Fact:
    return {"expected": mpmath.nstr(number(f["x"]), 50, strip_zeros=False, max_fixed=60)}


def root(f: Fact) -> Fact:
    a, b = f["x"]
    found = pari.nfroots(NF, pari(f"x^2-(({a})+({b})*y)"))
    if len(found) == 0:
        return {"expected": None}
    lifted = found[0].lift()
    x = pari(lifted).polcoef(0) + pari(lifted).polcoef(1) * W
    return value(x if int(x.sign()) >= 0 else -x)


def minimal(x: Any) -> list[int]:
    """The primitive integral polynomial, constant coefficient first."""
    coefficients = [Fraction(str(c)) for c in x.minpoly().Vecrev()]
    scale = lcm(*(c.denominator for c in coefficients))
    integers = [int(c * scale) for c in coefficients]
    content = gcd(*integers)
    return [c // content for c in integers]


def determinant(f: Fact) -> Fact:
    columns = [[quad(x) for x in column] for column in f["columns"]]
    size = len(columns)
    entries = [columns[j][i] for i in range(size) for j in range(size)]
    return value(pari.matrix(size, size, entries).matdet())


def quaternion(f: Fact) -> Fact:
    """By real matrices of 4×4, a quaternion's being of its products with 1, i, j, k."""
    a, b, c, d = map(quad, f["x"])
    rows = [a, -b, -c, -d, b, a, -d, c, c, d, a, -b, d, -c, b, a]
    y = pari.matrix(4, 1, [quad(x) for x in f["y"]])
    out = pari.matrix(4, 4, rows) * y
    return {"expected": [pair(out[k, 0]) for k in range(4)]}


def evaluated(f: Fact) -> Fact:
    pari("phi = quadgen(5)")
    return value(pari(f["expr"]))


def continued(f: Fact) -> Fact:
    x, terms = quad(f["x"]), []
    for _ in range(f["terms"]):
        terms.append(int(x.floor()))
        x = 1 / (x - x.floor())
    return {"expected": terms}


def greatest_divisor(f: Fact) -> Fact:
    ideals = [pari.idealhnf(NF, pari(f"({a})+({b})*y")) for a, b in (f["x"], f["y"])]
    ideal = pari.idealadd(NF, *ideals)
    generator = pari.bnfisprincipal(BNF, ideal)[1]
    one = pari.nfbasistoalg(NF, generator).lift()
    x = pari(one).polcoef(0) + pari(one).polcoef(1) * W
    return {"expected_ideal_norm": int(ideal.matdet()), "one_representative": pair(x)}


def splitting(f: Fact) -> Fact:
    above = pari.idealprimedec(NF, f["p"])
    if len(above) == 1:
        return {"expected": "ramified" if int(above[0].pr_get_e()) == 2 else "inert"}
    norms = (pari.bnfisintnorm(BNF, sign * f["p"]) for sign in (1, -1))
    one = next(found[0] for found in norms if len(found))
    x = pari(one).polcoef(0) + pari(one).polcoef(1) * W
    return {"expected": "split", "an_element_of_norm_pm_p": pair(x)}


def greedy(f: Fact) -> Fact:
    """The largest Fibonacci number that fits, again and again."""
    rest, k, out = f["n"], 2, []
    while int(pari.fibonacci(k)) <= rest:
        k += 1
    for number in (int(pari.fibonacci(j)) for j in range(k, 1, -1)):
        if number <= rest:
            out.append(number)
            rest -= number
    return {"expected": out}


def in_base_phi(f: Fact) -> Fact:
    """The largest power of φ that fits, again and again, until nothing is left."""
    rest, exponents, k = f["n"] + 0 * W, set(), 0
    while int((rest - W**k).sign()) >= 0:
        k += 1
    while int(rest.sign()):
        if int((rest - W**k).sign()) >= 0:
            exponents.add(k)
            rest -= W**k
        k -= 1
    first, last = max(exponents | {0}), min(exponents | {0})
    digits = "".join("01"[j in exponents] for j in range(first, last - 1, -1))
    return {"expected": f"{digits[: len(digits) + last]}.{digits[last:]}" if last else digits}


def near(f: Fact) -> Fact:
    """The element within the tolerance, if there is one: all of them are tried."""
    denominators = f.get("denominators", [f.get("max_den")])
    bound = f.get("max_abs_coeff_after_scaling", f.get("max_coeff"))
    scale, tol = max(denominators), Fraction(f["tol"])
    x = Fraction(f.get("value_20", f["x"]))
    found = [
        [str(Fraction(a, scale)), str(Fraction(b, scale))]
        for a, b in product(range(-bound, bound + 1), repeat=2)
        if abs(a + 1.618033988749895 * b - scale * float(x)) < 1e-3
        and abs(rational(number([str(a), str(b)])) / scale - x) <= tol
    ]
    (only,) = found or [None]
    return {"expected": only}


TRIGONOMETRY = {"cos": mpmath.cos, "sin": mpmath.sin, "tan": mpmath.tan}


def angle(f: Fact) -> Any:
    name, times, over = re.fullmatch(r"(\w+)\((\d*)pi/(\d+)\)", f["expr"]).groups()
    with mpmath.workdps(100):
        return TRIGONOMETRY[name](mpmath.pi * int(times or 1) / int(over))


def identified(x: Any) -> Pair | None:
    """The element with small coefficients that agrees to 90 digits."""
    with mpmath.workdps(90):
        relation = mpmath.pslq([x, 1, (1 + mpmath.sqrt(5)) / 2], maxcoeff=1000, maxsteps=1000)
    if relation is None or relation[0] == 0:
        return None
    return [str(Fraction(-c, relation[0])) for c in relation[1:]]


def exact_angle(f: Fact) -> Fact:
    return {"expected": identified(angle(f))}


def square_of_angle(f: Fact) -> Fact:
    if identified(angle(f)) is not None:
        raise ValueError(f"{f['expr']} is in the field")
    return {"expected_square": identified(angle(f) ** 2)}


def lower_wythoff(f: Fact) -> Fact:
    if f["n"] == "1..25":
        return {"expected": [int((n * W).floor()) for n in range(1, 26)]}
    return {"expected": int((f["n"] * W).floor())}


def by_root_of_5(f: Fact) -> Fact:
    a, b = map(Fraction, f["x"])
    return {"expected_rational_and_sqrt5": [str(a + b / 2), str(b / 2)]}


def read(f: Fact) -> Fact:
    """By PARI, after the pairs of VEF, which have the coefficient of φ first, are written out."""
    text = re.sub(r"^\((.*),(.*)\)$", r"\2+(\1)*phi", f["text"])
    text = re.sub(r"(?<=[0-9])(?=phi)", "*", text.replace("φ", "phi"))
    return evaluated({"expr": text})


def peer(f: Fact) -> Fact:
    correct = nearest_float(f)["expected_hex"]
    right = float(f["peer_value"]) == float.fromhex(correct)
    return {"correct_hex": correct, "peer_is_correctly_rounded": right}


ANSWERS: dict[str, Callable[[Fact], Fact]] = {
    "pow": lambda f: value(quad(f["x"]) ** f["n"]),
    "mul": lambda f: value(quad(f["x"]) * quad(f["y"])),
    "div": lambda f: value(quad(f["x"]) / quad(f["y"])),
    "inv": lambda f: value(1 / quad(f["x"])),
    "conj": lambda f: value(quad(f["x"]).conj()),
    "norm": lambda f: {"expected": str(quad(f["x"]).norm())},
    "trace": lambda f: {"expected": str(quad(f["x"]).trace())},
    "sign": lambda f: {"expected": int(quad(f["x"]).sign())},
    "cmp": compared,
    "sort": in_order,
    "floor": lambda f: {"expected": int(quad(f["x"]).floor())},
    "ceil": lambda f: {"expected": -int((-quad(f["x"])).floor())},
    "round_half_even": rounded,
    "float64": nearest_float,
    "float64_subnormal": nearest_float,
    "float64_documented_by_peer": peer,
    "decimal_50": decimals,
    "sqrt": root,
    "minpoly": lambda f: {"expected": minimal(quad(f["x"]))},
    "minpoly_primitive_integer": lambda f: {"expected": minimal(quad(f["x"]))},
    "det": determinant,
    "quaternion_mul": quaternion,
    "expr": evaluated,
    "parse": read,
    "convert_sqrt5": by_root_of_5,
    "is_unit": lambda f: {"expected": str(quad(f["x"]).norm()) in ("1", "-1")},
    "continued_fraction": continued,
    "wythoff_lower": lower_wythoff,
    "gcd_up_to_unit": greatest_divisor,
    "prime_splitting": splitting,
    "euclid_step": lambda f: {},  # what is asked is a law
    "zeckendorf": greedy,
    "base_phi": in_base_phi,
    "snap": near,
    "trig_exact": exact_angle,
    "trig_square_exact_but_not_in_field": square_of_angle,
}

mpmath.mp.dps = DIGITS
