"""Operands for tests of the wide layout: object arrays of integers, and lattice arrays of them."""

import random

import numpy as np

from syntonic.lattice import limbs
from syntonic.lattice.array import LatticeArray

EDGES = [
    s * ((1 << k) + e)
    for k in (0, 1, 31, 62, 63, 64, 65, 127, 128, 191, 192, 255, 256, 319)
    for e in (-1, 0, 1)
    for s in (1, -1)
]
ALL_ONES = [(1 << 64 * k) - 1 for k in range(1, 6)]


def of(a, b, d=1):
    """Return the elements in the wide layout, of object arrays."""
    count = limbs.limbs_for(max([1, *(abs(int(n)) for part in (a, b) for n in part.flat)]))
    parts = (limbs.from_objects(part, count) for part in (a, b))
    return LatticeArray(*parts, d, None)


def ints(x, shape=None):
    out = np.empty(len(x), object)
    out[:] = x
    return out if shape is None else out.reshape(shape)


def drawn(rng, n, bits):
    return ints(
        [
            rng.choice((1, -1)) * rng.getrandbits(rng.choice((bits, bits, 5, bits // 2)))
            for _ in range(n)
        ]
    )


def values(x):
    """Return the parts over one denominator, of any layout."""
    a, b, d = x.numerators()
    return a.astype(object), b.astype(object), d


def pairs_of_edges():
    rng = random.Random(2)
    chosen = [*EDGES, *ALL_ONES, *(-n for n in ALL_ONES)]
    a, b, c, d = (ints([rng.choice(chosen) for _ in range(600)]) for _ in range(4))
    a[:9], b[:9] = 1 << 319, 1 << 319
    c[:9], d[:9] = -(1 << 319), 1 << 319
    return a, b, c, d


OPERANDS = {
    "edges": pairs_of_edges,
    **{
        str(bits): lambda bits=bits: tuple(
            drawn(random.Random(bits + k), 300, bits) for k in range(4)
        )
        for bits in (63, 64, 100, 128, 192, 256, 300, 400, 500)
    },
    "unequal": lambda: tuple(drawn(random.Random(k), 300, (64, 64, 256, 250)[k]) for k in range(4)),
}
