"""Snap and wake on one thread, beside what NumPy, PARI, gmpy2 and mpmath offer for it.

    python -m benchmarks.snap [--json PATH] [--quick]

Arrays of four million doubles. Before anything is timed the results are checked: snap against
the search in integers and against the NumPy scan over all b, wake against mpfr. "inexact" marks a
contender that is wrong in some last bits or near ties; it shows what correctness costs.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
import numpy as np

import syntonic
from benchmarks.measure import Result, machine, side_by_side, table, write
from syntonic.constants import PHI_FLOAT as PHI
from syntonic.rounding.plans import bounded_plan
from syntonic.rounding.search import residuals_exact, search_exact
from syntonic.rounding.snap import snap
from syntonic.rounding.wake import wake, wake_exact

try:
    from cypari import pari
except ImportError:
    pari = None

RNG = np.random.default_rng(10)
BLOCK = 2048  # doubles of a scan's block: its four arrays stay in the level-1 and 2 caches
SNAP_GOAL = 1e-8
WAKE_GOAL = 1 / 8e7


def scan(x: np.ndarray, precision: int) -> tuple[np.ndarray, np.ndarray]:
    """Try every |b| <= precision in NumPy, block by block, in plain doubles."""
    a, b = np.empty(x.size), np.empty(x.size)
    rest, distance = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, x.size, BLOCK):
        part = x[start : start + BLOCK]
        r, d = rest[: part.size], distance[: part.size]
        best, b_best = np.full(part.size, np.inf), np.zeros(part.size)
        for k in sorted(range(-precision, precision + 1), key=abs):
            np.subtract(part, k * PHI, out=r)
            np.subtract(r, np.rint(r), out=d)
            np.abs(d, out=d)
            nearer = d < best
            np.copyto(best, d, where=nearer)
            np.copyto(b_best, float(k), where=nearer)
        b[start : start + BLOCK] = b_best
        a[start : start + BLOCK] = np.rint(part - b_best * PHI)
    return a.astype(np.int64), b.astype(np.int64)


def require(equal: Any, what: str) -> None:
    if not np.all(equal):
        raise SystemExit(f"{what}: the contenders disagree")


def sample(x: np.ndarray, size: int = 2000) -> np.ndarray:
    return x[RNG.integers(0, x.size, size)]


def checked(x: np.ndarray, precision: int, d: int = 1) -> None:
    """Compare snap with the search in integers on a sample."""
    part = np.tile(sample(x), 2)
    found = snap(part, precision=precision, denominator=d)
    a, b = search_exact(part, bounded_plan(precision), d)
    require((found.a == a) & (found.b == b), f"snap at precision {precision}")


def against_the_scan(precision: int, n: int, n_scan: int) -> Result:
    x = RNG.uniform(-3, 3, n)
    part = x[:n_scan]
    checked(x, precision)
    result, (a, b) = snap(part, precision=precision), scan(part, precision)
    differ = np.flatnonzero((result.a != a) | (result.b != b))
    # In doubles the scan mistakes near ties; there the integers have the last word.
    a, b = search_exact(part[differ], bounded_plan(precision), 1)
    require((result.a[differ] == a) & (result.b[differ] == b), "scan")
    contenders = {
        "syntonic": (lambda: snap(x, precision=precision), n),
        "NumPy scan over b (inexact)": (lambda: scan(part, precision), n_scan),
    }
    return side_by_side(
        f"snap, |b| <= {precision:.0e}", contenders, unit="value", goal=SNAP_GOAL, rounds=9
    )


def alone(task: str, call: Callable[[], Any], n: int, goal: float | None = None) -> Result:
    return side_by_side(task, {"syntonic": (call, n)}, unit="value", goal=goal, rounds=9)


def ordinary(n: int) -> list[Result]:
    x = RNG.uniform(-3, 3, n)
    checked(x, 10**9)
    checked(x, 100, 12)
    half = Fraction(1, 2)
    return [
        alone("snap, |b| <= 1e9", lambda: snap(x, precision=10**9), n, SNAP_GOAL),
        alone("snap, |b| <= 100, denominator 12", lambda: snap(x, denominator=12), n),
        alone("snap, |v'| <= 100", lambda: snap(x, window=100), n),
        alone("snap, |v'| <= 1/2, denominator 2", lambda: snap(x, window=half, denominator=2), n),
        alone("snap, |b| <= 100, with unique", lambda: snap(x, error_bound=1e-4), n),
    ]


def adversarial(n: int) -> list[Result]:
    """Time arrays made of nothing but the inputs on which doubles alone are in doubt."""
    a, b = RNG.integers(-100, 101, (2, n))
    c = np.where(b > 0, b - 89, b + 89)  # a neighbour's b: 89 is a Fibonacci number
    middle = (b + c) * (PHI / 2)
    arrays = {
        "elements": a + b * PHI,
        "half-odd ties": a + 0.5,
        "middles of neighbours": middle - np.rint(middle),
        "integers": a.astype(np.float64),
        "beyond 2^50": np.ldexp(RNG.uniform(-1, 1, n), 60),
    }
    out = []
    for name, x in arrays.items():
        checked(x, 100)
        out.append(alone(f"snap, |b| <= 100, all {name}", lambda x=x: snap(x), n))
    return out


def waking(n: int) -> list[Result]:
    out = []
    for task, bound, d, dtype, goal in (
        ("wake, |a|, |b| < 2^50", 2**50, 1, np.float64, WAKE_GOAL),
        ("wake, |a|, |b| < 2^50, denominator 12", 2**50, 12, np.float64, WAKE_GOAL),
        ("wake to float32, |a|, |b| < 2^50", 2**50, 1, np.float32, WAKE_GOAL),
        ("wake, |a|, |b| < 2^63", 2**63, 1, np.float64, None),
    ):
        a, b = RNG.integers(-bound, bound, (2, n))
        p, q = a[:2000], b[:2000]
        exact = wake_exact(p, q, d, np.dtype(dtype))
        require(wake(a, b, d, dtype)[:2000] == exact, task)
        contenders = {"syntonic": (lambda a=a, b=b, d=d, t=dtype: wake(a, b, d, t), n)}
        if d == 1 and bound == 2**50 and dtype == np.float64:
            require(by_mpfr(p, q) == exact, "mpfr")
            contenders["gmpy2 mpfr"] = (lambda p=p, q=q: by_mpfr(p, q), p.size)
            contenders["NumPy a + b*phi (inexact)"] = (lambda a=a, b=b: a + b * PHI, n)
        out.append(side_by_side(task, contenders, unit="value", goal=goal, rounds=9))
    return out


def by_mpfr(a: np.ndarray, b: np.ndarray) -> list[float]:
    with gmpy2.context(precision=200):
        phi = (1 + gmpy2.sqrt(gmpy2.mpfr(5))) / 2
        return [float(p + q * phi) for p, q in zip(a.tolist(), b.tolist(), strict=True)]


def residuals(n: int) -> Result:
    x = RNG.uniform(-3, 3, n)
    part = x[:2000]
    found = snap(part)
    require(found.residual == residuals_exact(part, found.a, found.b, 1), "residual")
    x_seen = snap(x)

    def residual() -> Any:
        x_seen.__dict__.pop("residual", None)  # computed once, then kept
        return x_seen.residual

    return alone("residual, correctly rounded", residual, n)


def single_values() -> list[Result]:
    """Time one value at a time, as found by integers: no compiled code takes part."""
    out, x = [], 0.7390851332151607
    for precision in (100, 10**6, 10**9):
        plan = bounded_plan(precision)
        expected = plan.nearest(*x.as_integer_ratio())
        result = snap(x, precision=precision)
        require((int(result.a), int(result.b)) == expected, "single value")
        contenders = {
            "syntonic": (lambda plan=plan: plan.nearest(*x.as_integer_ratio()), 1),
            "syntonic snap(x)": (lambda p=precision: snap(x, precision=p), 1),
        }
        if pari is not None:
            # lindep finds small integer relations of 1, phi and x: near, not the nearest.
            numbers = pari(f"[1.0, (1+sqrt(5))/2, {x!r}]")
            digits = len(str(precision)) + 1
            contenders["PARI lindep (inexact)"] = (lambda v=numbers, n=digits: v.lindep(n), 1)
        numbers = [mpmath.mpf(1), mpmath.phi(), mpmath.mpf(x)]
        contenders["mpmath pslq (inexact)"] = (
            lambda v=numbers, p=precision: mpmath.pslq(v, tol=1 / p, maxcoeff=p, maxsteps=1000),
            1,
        )
        out.append(side_by_side(f"one value, |b| <= {precision:.0e}", contenders, unit="value"))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", metavar="PATH", help="write the medians there as well")
    parser.add_argument("--quick", action="store_true", help="arrays ten times smaller")
    options = parser.parse_args()
    n = 400_000 if options.quick else 4_000_000
    print(machine())
    print(f"threads: {syntonic.get_num_threads()}\n")
    results = [against_the_scan(100, n, n // 20), against_the_scan(10**4, n, 10 * BLOCK)]
    results += [*ordinary(n), *adversarial(n), *waking(n), residuals(n), *single_values()]
    print(table(results))
    for result, goal in zip(results, (40, 2000), strict=False):
        ratio = result.ratios["NumPy scan over b (inexact)"]
        verdict = "met" if ratio >= goal else "missed"
        print(f"{result.task}: {ratio:.0f} times the scan, goal {goal}: {verdict}")
    rate = {r.task: f"{1e-6 / r.seconds['syntonic']:.3g}e6/s" for r in results}
    write(options.json, results, rates=rate)


if __name__ == "__main__":
    main()
