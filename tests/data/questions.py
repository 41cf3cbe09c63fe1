"""The questions whose answers `facts.json` holds: hard ones by hand, the rest drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

__all__ = ["questions"]

Question = dict[str, Any]


def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def near_zero(n: int) -> list[str]:
    """F(n+1) - F(n)φ = (1 - φ)^n: two long numbers that all but cancel."""
    return [str(fibonacci(n + 1)), str(-fibonacci(n))]


HARD = [
    ["0", "0"], ["0", "1"], ["0", "-1"], ["1", "-1"], ["1", "0"], ["-7", "0"], ["1/2", "0"],
    ["-5/2", "0"], ["-1/2", "1"], ["2", "-1"], ["4611686018427387904", "4611686018427387904"],
    ["-9223372036854775808", "9223372036854775807"], ["1/9223372036854775837", "-7/3"],
    near_zero(40), near_zero(90), near_zero(91), near_zero(300), ["1/3", str(-fibonacci(100))],
]  # fmt: skip
PRIMES = (2, 3, 5, 7, 11, 13, 19, 29, 41, 61, 71, 73, 89, 97, 199, 521, 9349, 1000033)


class Draws:
    """Elements from a seed, small and long."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)

    def rational(self, size: int = 40, divisor: int = 12) -> str:
        return str(Fraction(self.rng.randint(-size, size), self.rng.randint(1, divisor)))

    def element(self, size: int = 40, divisor: int = 12) -> list[str]:
        return [self.rational(size, divisor), self.rational(size, divisor)]

    def nonzero(self, size: int = 40, divisor: int = 12) -> list[str]:
        return next(x for x in iter(lambda: self.element(size, divisor), None) if x != ["0", "0"])

    def long(self) -> list[str]:
        return self.nonzero(10**30, 10**12)

    def integral(self, size: int = 60) -> list[str]:
        return self.nonzero(size, 1)


def questions() -> Iterator[Question]:
    draw = Draws(5)
    yield from field(draw)
    yield from order(draw)
    yield from floats(draw)
    yield from polynomials(draw)
    yield from integers(draw)
    yield from texts(draw)
    yield from decimals(draw)
    for name in ("cos(pi/5)", "cos(2pi/5)", "sin(pi/10)", "sin(3pi/10)", "cos(pi/3)"):
        yield {"op": "trig_exact", "expr": name}
    for name in ("sin(pi/5)", "sin(2pi/5)", "cos(pi/10)", "tan(pi/5)", "tan(3pi/10)"):
        yield {"op": "trig_square_exact_but_not_in_field", "expr": name}


def field(draw: Draws) -> Iterator[Question]:
    elements = [draw.nonzero() for _ in range(5)] + [draw.long() for _ in range(3)]
    for x, y in zip(elements, [*elements[3:], *elements[:3]], strict=True):
        yield {"op": "mul", "x": x, "y": y}
        yield {"op": "div", "x": x, "y": y}
    for x in elements:
        for op in ("inv", "conj", "norm", "trace"):
            yield {"op": op, "x": x}
        yield {"op": "convert_sqrt5", "x": x}
    for x, n in ((["0", "1"], 7), (["0", "1"], -120), (["2", "-1"], 75), (["1", "0"], -1)):
        yield {"op": "pow", "x": x, "n": n}
    yield {"op": "pow", "x": draw.nonzero(), "n": 9}
    yield {"op": "pow", "x": draw.nonzero(), "n": -4}
    for size in (1, 2, 3, 5):
        columns = [[draw.element() for _ in range(size)] for _ in range(size)]
        yield {"op": "det", "columns": columns}
    twice = [draw.integral(), draw.integral()]
    yield {"op": "det", "columns": [twice, twice]}
    for _ in range(3):
        four = [[draw.element() for _ in range(4)] for _ in range(2)]
        yield {"op": "quaternion_mul", "x": four[0], "y": four[1]}


def order(draw: Draws) -> Iterator[Question]:
    for x in [*HARD, *(draw.element() for _ in range(3)), draw.long()]:
        for op in ("sign", "floor", "ceil", "round_half_even"):
            yield {"op": op, "x": x}
    for x, y in pairwise(HARD):
        yield {"op": "cmp", "x": x, "y": y}
    for x in (near_zero(90), draw.long()):
        yield {"op": "cmp", "x": x, "y": x}
    yield {"op": "sort", "x": [*HARD, draw.element(), draw.long()]}
    yield {"op": "sort", "x": [draw.element() for _ in range(9)]}
    yield {"op": "wythoff_lower", "n": "1..25"}
    for n in (10**6, 10**18 + 9, 10**50):
        yield {"op": "wythoff_lower", "n": n}


def floats(draw: Draws) -> Iterator[Question]:
    ties = [[str(2**53 + 1), "0"], [str(2**53 + 3), "0"], [str(2**54 + 2), near_zero(500)[1]]]
    wide = [[str(10**300), str(10**290)], ["1/" + str(10**300), "0"]]
    for x in [*HARD, *ties, *wide, *(draw.long() for _ in range(4)), draw.element()]:
        yield {"op": "float64", "x": x}
    for x in (near_zero(40), near_zero(7), ["0", "89"]):  # one float for φ cancels
        naive = int(x[0]) + int(x[1]) * 1.618033988749895
        yield {"op": "float64_documented_by_peer", "x": x, "peer_value": repr(naive)}
    for n in (1475, 1500, 1530, 1548):  # φ^-1475 is the first below 2^-1022
        yield {"op": "float64_subnormal", "x": near_zero(n)}


def polynomials(draw: Draws) -> Iterator[Question]:
    for x in ([str(-3), "1"], ["4", "-9"], ["0", "1"]):
        yield {"op": "minpoly", "x": x}
    for x in (["3/4", "0"], draw.nonzero(), draw.nonzero(), draw.long()):
        yield {"op": "minpoly_primitive_integer", "x": x}
    squares = [["1", "1"], ["9", "0"], ["45/4", "0"], ["5", "5"], ["34", "55"], ["0", "0"]]
    others = [["3", "0"], ["0", "1"], ["-4", "0"], ["-1", "-1"], ["3", "-1"], draw.long()]
    for x in squares + others:
        yield {"op": "sqrt", "x": x}
    for x, terms in ((["0", "1"], 12), (["-1", "2"], 20), (["2/7", "-3/5"], 30), (draw.long(), 40)):
        yield {"op": "continued_fraction", "x": x, "terms": terms}


def integers(draw: Draws) -> Iterator[Question]:
    for p in PRIMES:
        yield {"op": "prime_splitting", "p": p}
    for _ in range(6):
        yield {"op": "gcd_up_to_unit", "x": draw.integral(), "y": draw.integral()}
    yield {"op": "gcd_up_to_unit", "x": ["22", "33"], "y": ["-11", "44"]}
    for _ in range(4):
        yield {"op": "euclid_step", "x": draw.integral(900), "y": draw.integral(30)}
    for n in (0, 2, 33, 54, 99, 6764, 10**15 + 7, 3**60):
        yield {"op": "zeckendorf", "n": n}
    for n in (0, 2, 3, 6, 11, 47, 999, 10**9):
        yield {"op": "base_phi", "n": n}
    for x in (["0", "1"], ["2", "-1"], near_zero(91), ["1", "1"], ["2", "0"], ["3", "1"]):
        yield {"op": "is_unit", "x": x}


def texts(draw: Draws) -> Iterator[Question]:
    vef = "vZome VEF (irrational first)"
    for text in ("(1,0)", "(-4,7)", "(2/3,-9/4)", "(0,-5/6)", "(-3/7,0)", "(12,-1/11)"):
        yield {"op": "parse", "format": vef, "text": text}
    for text in ("-2/3 +4φ", "5/2*phi - 1", "(4phi-6)/-4", "phi", "3 - φ"):
        yield {"op": "parse", "format": "expression", "text": text}
    for text in ("phi^3 - 2*phi", "5/(phi+2)", "(phi^12 + (1-phi)^12)/2", "1/phi^9", "-(2-phi)^4"):
        yield {"op": "expr", "expr": text}


def decimals(draw: Draws) -> Iterator[Question]:
    for x in (["0", "1"], ["-4", "9"], ["12/7", "0"], ["354224848179261915075", "7"]):
        yield {"op": "decimal_50", "x": x}
    given = [
        ("0.5", "1e-12"), ("1.61803398875", "1e-11"), ("-2.23606797749979", "1e-12"),
        ("0.1909830056250526", "1e-14"), ("7.354101966249685", "1e-13"), ("0", "1e-12"),
        ("1.4142135623730951", "1e-13"), ("3.141592653589793", "1e-13"), ("-1e-16", "1e-12"),
        ("4.23607", "1e-5"), ("0.7265425", "1e-7"), ("12.7082039325", "1e-9"),
    ]  # fmt: skip
    for x, tol in given:
        yield {"op": "snap", "x": x, "tol": tol, "max_den": 4, "max_coeff": 40}
