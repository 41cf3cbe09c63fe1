"""Exact arithmetic over Q(φ) beside the exact systems of the field.

    python -m benchmarks.exact [--json PATH] [--quick]

The same inputs for all, results checked equal before anything is timed, NumPy arrays (or the
peer's own objects, which spares it the conversion) in and out. Peers run on fewer elements where
they are slow; times are per element. float64 NumPy is the inexact limit.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
import operator
from functools import partial
from typing import Any

import flint
import gmpy2
import numba  # loaded first: compiled loops serve small arrays too
import numpy as np

from benchmarks.linalg import det, inverse
from benchmarks.measure import Result, machine, pretty, side_by_side, table, write
from benchmarks.peers import (
    RNG,
    fmpq_multiply,
    lattice,
    mpq_multiply,
    pari,
    require,
    sage,
    to_fmpq,
    to_int,
    to_mpq,
    to_pari,
    to_sage,
    to_sympy,
)
from syntonic import GoldenExact, ResonantTensor, integers
from syntonic.constants import PHI_FLOAT

PARI_MULTIPLY = None if pari is None else pari("(x,y)->vector(#x,i,x[i]*y[i])")
PARI_DOT = None if pari is None else pari("(x,y)->sum(i=1,#x,x[i]*y[i])")
PARI_LESS = None if pari is None else pari("(x,y)->vector(#x,i,x[i]<y[i])")


def fmpz_matmul(x: ResonantTensor, y: ResonantTensor) -> tuple[Any, Any]:
    """Multiply through FLINT integer matrices, int64 arrays in and object arrays out."""
    a, b, c, d = (flint.fmpz_mat(part.tolist()) for t in (x, y) for part in t.numerators()[:2])
    bd = b * d
    return (
        np.array((a * c + bd).tolist(), dtype=object),
        np.array((a * d + b * c + bd).tolist(), dtype=object),
    )


# -- tasks --------------------------------------------------------------------------------


def multiply_integers(n: int) -> Result:
    x, y = lattice(n, 1000), lattice(n, 1000)
    small_x, small_y = x[:1000], y[:1000]
    fx, fy = to_fmpq(small_x), to_fmpq(small_y)
    mx, my = to_mpq(small_x), to_mpq(small_y)
    sx, sy = to_sympy(small_x[:100]), to_sympy(small_y[:100])
    float_x, float_y = x.to_floats(), y.to_floats()
    product = (small_x * small_y).numerators()
    require((mpq_multiply(mx, my)[0] == product[0]).all(), "multiply")
    contenders = {
        "syntonic": (lambda: x * y, n),
        "python-flint fmpq pairs": (lambda: fmpq_multiply(fx, fy), 1000),
        "gmpy2 object arrays": (lambda: mpq_multiply(mx, my), 1000),
        "SymPy QQ<sqrt(5)>": (lambda: [p * q for p, q in zip(sx, sy, strict=True)], 100),
        "NumPy float64 (inexact)": (lambda: float_x * float_y, n),
    }
    if pari is not None:
        px, py = to_pari(small_x), to_pari(small_y)
        contenders["PARI"] = (lambda: PARI_MULTIPLY(px, py), 1000)
    if sage is not None:
        gx, gy = to_sage(small_x), to_sage(small_y)
        contenders["Sage"] = (lambda: [p * q for p, q in zip(gx, gy, strict=True)], 1000)
    return side_by_side(f"multiply, integers, {n:.0e}", contenders, unit="element", goal=5e-9)


def multiply_rationals(n: int) -> Result:
    x, y = (lattice(n, 100, RNG.integers(1, 101, n)) for _ in "xy")
    small_x, small_y = x[:1000], y[:1000]
    fx, fy = to_fmpq(small_x), to_fmpq(small_y)
    mx, my = to_mpq(small_x), to_mpq(small_y)
    product = small_x * small_y
    require((mpq_multiply(mx, my)[0] == product.a).all(), "multiply rationals")
    contenders = {
        "syntonic": (lambda: x * y, n),
        "python-flint fmpq pairs": (lambda: fmpq_multiply(fx, fy), 1000),
        "gmpy2 object arrays": (lambda: mpq_multiply(mx, my), 1000),
    }
    if pari is not None:
        px, py = to_pari(small_x), to_pari(small_y)
        contenders["PARI"] = (lambda: PARI_MULTIPLY(px, py), 1000)
    task = f"multiply, denominators <= 100, {n:.0e}"
    return side_by_side(task, contenders, unit="element", goal=100e-9)


def inverses(n: int) -> Result:
    x = lattice(n, 1000) + 2000
    small = to_fmpq(x[:1000])

    def by_fmpq() -> list[Any]:
        out = []
        for a, b in small:
            norm = a * a + a * b - b * b
            out.append(((a + b) / norm, -b / norm))
        return out

    ours = (1 / x[:1000]).a
    require(all(str(p[0]) == str(q) for p, q in zip(by_fmpq(), ours, strict=True)), "inverse")
    return side_by_side(
        f"element-wise inverse, {n:.0e}",
        {"syntonic": (lambda: 1 / x, n), "python-flint fmpq pairs": (by_fmpq, 1000)},
        unit="element",
    )


def matmul(n: int, bound: int, goal: float) -> Result:
    x, y = lattice((n, n), bound), lattice((n, n), bound)
    p, q, _ = (x @ y).numerators()
    expected = fmpz_matmul(x, y)
    agree = ((to_int(ours) == theirs).all() for ours, theirs in zip((p, q), expected, strict=True))
    require(all(agree), "matmul")
    float_x, float_y = x.to_floats(), y.to_floats()
    contenders = {
        "syntonic": (lambda: x @ y, 1),
        "python-flint, NumPy in/out": (lambda: fmpz_matmul(x, y), 1),
        "NumPy float64 (inexact)": (lambda: float_x @ float_y, 1),
    }
    if pari is not None and n <= 64:
        px, py = to_pari(x), to_pari(y)
        contenders["PARI"] = (lambda: px * py, 1)
    if sage is not None and n <= 64:
        gx, gy = to_sage(x), to_sage(y)
        require(gx * gy == to_sage(x @ y), "matmul by Sage")
        contenders["Sage"] = (lambda: gx * gy, 1)
    if n <= 16:
        mx, my = to_mpq(x), to_mpq(y)
        contenders["gmpy2 object arrays"] = (
            lambda: (mx[0] @ my[0] + mx[1] @ my[1], (mx[0] + mx[1]) @ (my[0] + my[1])),
            1,
        )
    bits = bound.bit_length()
    return side_by_side(f"matmul {n} x {n}, {bits}-bit entries", contenders, goal=goal)


def dot(n: int) -> Result:
    x, y = lattice(n, 1000), lattice(n, 1000)
    fx, fy = (to_fmpq(t[:1000]) for t in (x, y))
    contenders = {
        "syntonic": (lambda: x.dot(y), n),
        "python-flint fmpq pairs": (lambda: sum(a for a, _ in fmpq_multiply(fx, fy)), 1000),
    }
    a, b, c, d = (flint.fmpz_mat([part.tolist()]) for t in (x, y) for part in t.numerators()[:2])
    c, d = c.transpose(), d.transpose()
    require(int((a * c + b * d)[0, 0]) == x.dot(y).numerators()[0], "dot")
    contenders["python-flint fmpz_mat"] = (lambda: (a * c + b * d, a * d + b * c), n)
    if pari is not None:
        px, py = to_pari(x[:1000]), to_pari(y[:1000])
        contenders["PARI"] = (lambda: PARI_DOT(px, py), 1000)
    return side_by_side(f"dot product, {n:.0e}", contenders, unit="element", goal=6e-9)


def compare(n: int) -> Result:
    x, y = lattice(n, 10**6), lattice(n, 10**6)
    sx, sy = x[:1000].tolist(), y[:1000].tolist()
    require((x < y)[:1000].tolist() == list(map(operator.lt, sx, sy)), "compare")
    float_x, float_y = x.to_floats(), y.to_floats()
    return side_by_side(
        f"comparison x < y, {n:.0e}",
        {
            "syntonic": (lambda: x < y, n),
            "GoldenExact, one by one": (lambda: list(map(operator.lt, sx, sy)), 1000),
            "NumPy float64 (inexact)": (lambda: float_x < float_y, n),
        },
        unit="pair",
        goal=5e-9,
    )


def rounding(n: int) -> Result:
    x = lattice(n, 2**40)
    a, b = (part[:1000] for part in to_mpq(x))

    def by_mpfr() -> list[float]:
        with gmpy2.context(precision=200):
            phi = (1 + gmpy2.sqrt(gmpy2.mpfr(5))) / 2
            return [float(p + q * phi) for p, q in zip(a, b, strict=True)]

    require(by_mpfr() == x[:1000].to_floats().tolist(), "rounding")
    p, q, _ = x.numerators()
    return side_by_side(
        f"correctly rounded float64, {n:.0e}",
        {
            "syntonic": (lambda: x.to_floats(), n),
            "gmpy2 mpfr": (by_mpfr, 1000),
            "NumPy a + b*phi (inexact)": (lambda: p + q * PHI_FLOAT, n),
        },
        unit="element",
        goal=10e-9,
    )


def small_tensors() -> list[Result]:
    x, y = lattice((4, 4), 9), lattice((4, 4), 9)
    p, q = x.to_floats(), y.to_floats()
    return [
        side_by_side(
            f"4 x 4 {name}",
            {
                "syntonic": (partial(op, x, y), 1),
                "NumPy float64 (inexact)": (partial(op, p, q), 1),
            },
            goal=8e-6,
        )
        for name, op in (("add", operator.add), ("multiply", operator.mul))
    ]


def scalars() -> list[Result]:
    x, y = GoldenExact("3/7", 5), GoldenExact(2, "-5/3")
    fx, fy = to_fmpq(ResonantTensor([x, y]))
    sx, sy = to_sympy(ResonantTensor([x, y]))
    out = []
    for name, op in (("add", operator.add), ("multiply", operator.mul)):
        contenders = {
            "syntonic": (partial(op, x, y), 1),
            "SymPy QQ<sqrt(5)>": (partial(op, sx, sy), 1),
        }
        if name == "multiply":
            contenders["python-flint fmpq pair"] = (lambda: fmpq_multiply([fx], [fy]), 1)
        if pari is not None:
            px, py = to_pari(ResonantTensor([x, y]))
            contenders["PARI"] = (partial(op, px, py), 1)
        if sage is not None:
            contenders["Sage"] = (partial(op, *to_sage(ResonantTensor([x, y]))), 1)
        out.append(side_by_side(f"scalar {name}", contenders, goal=1.2e-6))
    contenders = {"syntonic": (lambda: integers.phi_power(1000), 1)}
    if pari is not None:
        w = pari("quadgen(5)")
        contenders["PARI"] = (lambda: w**1000, 1)
    out.append(side_by_side("phi^1000", contenders, goal=3e-6))
    return out


# -- growth -------------------------------------------------------------------------------


def growth(quick: bool) -> dict[str, Any]:
    """Return times over size and the exponents fitted to them (log time over log size)."""
    lengths = [10**k for k in range(3, 6 if quick else 8)]
    orders = [16, 32, 64, 128] if quick else [16, 32, 64, 128, 256, 512]
    bits = [8, 16, 32, 64, 256, 1024] if quick else [8, 16, 32, 64, 256, 1024, 4096]
    series = {
        "multiply over length": {n: _multiply_time(n, 1000) for n in lengths},
        "matmul over order": {n: _matmul_time(n) for n in orders},
        "det over order": {n: _det_time(n) for n in orders[: 4 if quick else 5]},
        "multiply 1000 elements over bits": {n: _multiply_time(1000, 2**n) for n in bits},
    }
    return {
        name: {"seconds": times, "exponent": _exponent(times)} for name, times in series.items()
    }


def _once(call: Any) -> float:
    return side_by_side("", {"syntonic": (call, 1)}, rounds=3).seconds["syntonic"]


def _multiply_time(n: int, bound: int) -> float:
    if bound < 2**63:
        x = lattice(n, bound)
    else:
        draws = [int.from_bytes(RNG.bytes(bound.bit_length() // 8)) for _ in range(2 * n)]
        x = ResonantTensor.from_lattice(draws[:n], draws[n:])
    return _once(lambda: x * x)


def _matmul_time(n: int) -> float:
    x = lattice((n, n), 9)
    return _once(lambda: x @ x)


def _det_time(n: int) -> float:
    x = lattice((n, n), 9)
    return _once(lambda: np.linalg.det(x))


def _exponent(times: dict[int, float]) -> float:
    sizes, seconds = zip(*times.items(), strict=True)
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="PATH", help="write the results there")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a first look")
    args = parser.parse_args()
    n = 10**5 if args.quick else 10**6
    print(f"{machine()['processor']}, {machine()['cores']} cores; numba {numba.__version__}\n")
    results = [multiply_integers(n), multiply_rationals(n // 10), inverses(n // 10)]
    results += [matmul(16, 9, 25e-6), matmul(64, 9, 0.12e-3), matmul(128, 9, 0.6e-3)]
    results += [matmul(128, 2**40 - 1, 4e-3), dot(10**5), compare(n), rounding(n)]
    results += [det(16), det(32), inverse(16), inverse(32)]
    results += [*small_tensors(), *scalars()]
    print(table(results))
    grown = growth(args.quick)
    print("\ngrowth: time ~ size^exponent")
    for name, series in grown.items():
        times = ", ".join(f"{size}: {pretty(t)}" for size, t in series["seconds"].items())
        print(f"  {name}: {series['exponent']:.2f}  ({times})")
    write(args.json, results, growth=grown)


if __name__ == "__main__":
    main()
