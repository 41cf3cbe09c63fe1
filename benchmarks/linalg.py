"""Exact linear algebra over Q(φ) beside the exact systems of the field.

    python -m benchmarks.linalg [--json PATH] [--quick]

The same random matrices for all, results checked equal before anything is timed; tensors in and
out for syntonic, the peer's own objects for the others, which spares them the conversion. FLINT
has no Q(φ): it gets the rational matrix of order 2n in which φ is a companion matrix, and for
determinants gives the norm alone. float64 NumPy is the inexact limit.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import argparse
from collections.abc import Callable
from copy import copy
from typing import Any

import flint
import numba  # noqa: F401  # loaded first: compiled loops then serve small arrays too
import numpy as np
from sympy.polys.matrices import DomainMatrix

from benchmarks.measure import Result, machine, side_by_side, table, write
from benchmarks.peers import SYMPY_FIELD, lattice, pari, require, sage, to_pari, to_sage, to_sympy
from syntonic import ResonantTensor, linalg

GOALS = {
    ("det", 16): 0.25e-3,
    ("det", 32): 1.2e-3,
    ("inverse", 16): 1.2e-3,
    ("inverse", 32): 12e-3,
}
SYMPY_ORDER = 16
PARI_ORDER = 32


def companion(t: ResonantTensor) -> Any:
    """Return FLINT's rational matrix of order 2n."""
    a, b, _ = t.numerators()
    blocks = np.kron(a, [[1, 0], [0, 1]]) + np.kron(b, [[0, 1], [1, 1]])
    return flint.fmpq_mat(flint.fmpz_mat(blocks.tolist()))


def domain_matrix(t: ResonantTensor) -> Any:
    entries = to_sympy(t)
    n = t.shape[0]
    rows = [entries[i * n : (i + 1) * n] for i in range(n)]
    return DomainMatrix(rows, (n, n), SYMPY_FIELD)


def text(x: Any) -> list[str]:
    return [str(v) for v in x]


def det(n: int) -> Result:
    x = lattice((n, n), 9)
    value = linalg.det(x).item()
    rational = companion(x)
    require(str(value.norm()) == str(rational.det()), "det")
    floats = x.to_floats()
    contenders: dict[str, Callable[[], Any]] = {
        "syntonic": lambda: linalg.det(x),
        "python-flint, the norm alone": rational.det,
        "NumPy float64 (inexact)": lambda: np.linalg.det(floats),
    }
    if pari is not None and n <= PARI_ORDER:
        m = to_pari(x)
        require(str(m.matdet()) == str(to_pari(linalg.det(x).reshape(1))[0]), "det by PARI")
        contenders["PARI"] = m.matdet
    if sage is not None and n <= PARI_ORDER:
        s = to_sage(x)
        require(s.det() == to_sage(linalg.det(x).reshape(1))[0], "det by Sage")
        contenders["Sage"] = lambda: copy(s).det()  # of the same matrix it is remembered
    if n <= SYMPY_ORDER:
        contenders["SymPy DomainMatrix"] = domain_matrix(x).det
    return compared("det", n, contenders)


def inverse(n: int) -> Result:
    x = lattice((n, n), 9)
    y = linalg.inv(x)
    require((x @ y).equals(ResonantTensor.eye(n)), "inverse")
    rational = companion(x)
    by_flint = rational.inv()
    for i in range(n):
        require(text(by_flint[2 * i, 2 * j] for j in range(n)) == text(y.a[i]), "inverse by FLINT")
    floats = x.to_floats()
    contenders: dict[str, Callable[[], Any]] = {
        "syntonic": lambda: linalg.inv(x),
        "python-flint": rational.inv,
        "NumPy float64 (inexact)": lambda: np.linalg.inv(floats),
    }
    if pari is not None and n <= SYMPY_ORDER:
        m = to_pari(x)
        contenders["PARI"] = lambda: m ** (-1)
    if sage is not None and n <= SYMPY_ORDER:
        s = to_sage(x)
        require(s.inverse() == to_sage(y), "inverse by Sage")
        contenders["Sage"] = s.inverse
    if n <= SYMPY_ORDER:
        contenders["SymPy DomainMatrix"] = domain_matrix(x).inv
    return compared("inverse", n, contenders)


def solve(n: int) -> Result:
    x, y = lattice((n, n), 9), lattice((n, 1), 9)
    z = linalg.solve(x, y)
    require((x @ z).equals(y), "solve")
    rational, right = companion(x), companion(y)
    floats, float_right = x.to_floats(), y.to_floats()
    contenders: dict[str, Callable[[], Any]] = {
        "syntonic": lambda: linalg.solve(x, y),
        "python-flint": lambda: rational.solve(right),
        "NumPy float64 (inexact)": lambda: np.linalg.solve(floats, float_right),
    }
    if pari is not None and n <= PARI_ORDER:
        m, v = to_pari(x), to_pari(y)
        contenders["PARI"] = lambda: m.matsolve(v)
    return compared("solve", n, contenders)


def charpoly(n: int) -> Result:
    x = lattice((n, n), 9)
    f = linalg.charpoly(x)
    require(-f[1].item() == linalg.trace(x).item(), "charpoly")
    contenders: dict[str, Callable[[], Any]] = {"syntonic": lambda: linalg.charpoly(x)}
    if n <= SYMPY_ORDER:
        m = domain_matrix(x)
        require(to_sympy(f) == m.charpoly(), "charpoly by SymPy")
        contenders["SymPy DomainMatrix"] = m.charpoly
    if pari is not None and n <= PARI_ORDER:
        p = to_pari(x)
        contenders["PARI"] = p.charpoly
    return compared("charpoly", n, contenders)


def rank(n: int) -> Result:
    x = lattice((n, n // 2), 9) @ lattice((n // 2, n), 9)
    require(linalg.rank(x) == n // 2 == companion(x).rref()[1] // 2, "rank")
    rational = companion(x)
    contenders: dict[str, Callable[[], Any]] = {
        "syntonic": lambda: linalg.rank(x),
        "python-flint rref": rational.rref,
    }
    if pari is not None and n <= PARI_ORDER:
        m = to_pari(x)
        contenders["PARI"] = m.matrank
    return compared("rank n/2", n, contenders)


def batches(n: int, count: int) -> list[Result]:
    x = lattice((count, n, n), 9)
    floats = x.to_floats()
    rationals = [companion(m) for m in x[:20]]
    tasks = (
        ("det", linalg.det, lambda: [m.det() for m in rationals], np.linalg.det),
        ("inverse", linalg.inv, lambda: [m.inv() for m in rationals], np.linalg.inv),
    )
    return [
        side_by_side(
            f"{name} of {count} matrices {n} x {n}",
            {
                "syntonic": (lambda ours=ours: ours(x), count),
                "python-flint": (theirs, len(rationals)),
                "NumPy float64 (inexact)": (lambda limit=limit: limit(floats), count),
            },
            unit="matrix",
        )
        for name, ours, theirs, limit in tasks
    ]


def compared(name: str, n: int, contenders: dict[str, Callable[[], Any]]) -> Result:
    calls = {who: (call, 1.0) for who, call in contenders.items()}
    return side_by_side(f"{name} {n} x {n}", calls, goal=GOALS.get((name, n)), rounds=5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="PATH", help="write the results there")
    parser.add_argument("--quick", action="store_true", help="the small sizes, for a first look")
    args = parser.parse_args()
    print(f"{machine()['processor']}, {machine()['cores']} cores\n")
    orders = (4, 16) if args.quick else (4, 16, 32)
    results = [task(n) for task in (det, inverse, solve, charpoly, rank) for n in orders]
    results += [*batches(3, 1000), *batches(4, 1000)]
    print(table(results))
    write(args.json, results)


if __name__ == "__main__":
    main()
