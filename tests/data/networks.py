"""Operations of networks on exact inputs, evaluated by mpmath to thirty digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
from data.answers import number, pair, quad, rational

__all__ = ["network_cases"]

EPSILON = mpmath.mpf(10) ** -5
EXACT = {"mean_1", "var_biased_0", "matmul_2"}
"""What stays in the field."""

Row = list[Any]
Case = dict[str, Any]


def network_cases() -> list[Case]:
    """Return each operation on arrays from a seed, with its result in rows."""
    rng = Random(11)
    return [case(rng, name, operation, shapes) for name, (operation, shapes) in CASES.items()]


def case(rng: Random, name: str, operation: Callable[..., Any], shapes: Any) -> Case:
    arrays = [[drawn(rng, positive) for _ in range(rows * cols)] for rows, cols, positive in shapes]
    out: Case = {
        "name": name,
        "inputs": [described(x, s) for x, s in zip(arrays, shapes, strict=True)],
    }
    flat = applied(operation, number, arrays, shapes)
    out["reference_30_digits"] = [mpmath.nstr(x, 30, min_fixed=-6, max_fixed=40) for x in flat]
    if name in EXACT:
        out["exact_output"] = [pair(x) for x in applied(operation, quad, arrays, shapes)]
    return out


def applied(operation: Callable[..., Any], kind: Any, arrays: Any, shapes: Any) -> Row:
    """Return the entries of a result, computed in mpmath's reals or in PARI's field."""
    rows = [
        [list(map(kind, x[i : i + s[1]])) for i in range(0, len(x), s[1])]
        for x, s in zip(arrays, shapes, strict=True)
    ]
    return [entry for row in operation(*rows) for entry in row]


def drawn(rng: Random, positive: bool) -> list[str]:
    def part(size: int) -> str:
        return str(Fraction(rng.randint(-size, size), rng.choice((1, 2, 3, 4, 5, 8))))

    x = [part(6), part(4)]
    return x if not positive or int(quad(x).sign()) > 0 else drawn(rng, positive)


def described(x: list[list[str]], shape: Any) -> Case:
    exact = [rational(number(each)) for each in x]
    rows, cols, _ = shape
    return {
        "shape": [rows, cols] if rows > 1 else [cols],
        "exact": x,
        "float64_hex": [(v.numerator / v.denominator).hex() for v in exact],
    }


def columns(x: list[Row]) -> list[Row]:
    return [list(column) for column in zip(*x, strict=True)]


def mean(x: Row) -> Any:
    return sum(x) / len(x)


def variance(x: Row) -> Any:
    return mean([(v - mean(x)) ** 2 for v in x])


def normalised(x: Row) -> Row:
    return [(v - mean(x)) / mpmath.sqrt(variance(x) + EPSILON) for v in x]


def softmax(x: Row) -> Row:
    total = sum(map(mpmath.exp, x))
    return [mpmath.exp(v) / total for v in x]


def affine(row: Row, scale: Row, shift: Row) -> Row:
    return [v * g + b for v, g, b in zip(row, scale, shift, strict=True)]


def evaluated(x: list[Row], *of: list[Row]) -> Iterable[Row]:
    (mu,), (var,), scale, shift = of
    for row in x:
        z = [(v - m) / mpmath.sqrt(s + EPSILON) for v, m, s in zip(row, mu, var, strict=True)]
        yield affine(z, scale[0], shift[0])


def product(x: list[Row], y: list[Row]) -> list[Row]:
    return [[sum(a * b for a, b in zip(r, c, strict=True)) for c in columns(y)] for r in x]


def gelu(x: Any) -> Any:
    return x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2


CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, int, bool]]]] = {
    "softmax_0_dim0": (lambda x: columns(map(softmax, columns(x))), [(3, 4, False)]),
    "softmax_1_dim1": (lambda x: map(softmax, x), [(4, 6, False)]),
    "layer_norm_0": (lambda x: map(normalised, x), [(3, 5, False)]),
    "layer_norm_affine_2": (
        lambda x, g, b: [affine(normalised(row), g[0], b[0]) for row in x],
        [(4, 3, False), (1, 3, False), (1, 3, False)],
    ),
    "batch_norm_train_1": (
        lambda x, g, b: [affine(row, g[0], b[0]) for row in columns(map(normalised, columns(x)))],
        [(5, 4, False), (1, 4, False), (1, 4, False)],
    ),
    "batch_norm_eval_0": (
        evaluated,
        [(3, 4, False), (1, 4, False), (1, 4, True), (1, 4, False), (1, 4, False)],
    ),
    "gelu_2": (lambda x: [[gelu(v) for v in row] for row in x], [(4, 5, False)]),
    "relu_1": (lambda x: [[max(v, mpmath.mpf(0)) for v in row] for row in x], [(3, 6, False)]),
    "mean_1": (lambda x: [[mean(row)] for row in x], [(4, 5, False)]),
    "var_biased_0": (lambda x: [[variance(row)] for row in x], [(3, 7, False)]),
    "matmul_2": (product, [(4, 3, False), (3, 2, False)]),
}
