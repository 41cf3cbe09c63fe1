"""Random chains of operations on tensors, each step against object arrays of scalars."""

import operator
import random
from fractions import Fraction

import numpy as np
import pytest
from campaign.invariants import assert_invariants

from syntonic import GoldenExact, ResonantTensor

EDGES = [0, 1, -1, 2, -3, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63), 2**63, 2**70, -(7**30), 9]
DENOMINATORS = [1, 1, 1, 2, 3, 6, 12, 2**40, 2**62, 2**63 - 1, 3**39]
SHAPES = [(), (1,), (3,), (2, 3), (0,), (2, 0), (2, 2, 2), (5,)]
SCALARS = [GoldenExact(2, -1), 3, Fraction(1, 7), -(2**63), GoldenExact("1/3", 5)]
ZERO = GoldenExact(0)


def objects(x):
    return np.asarray(x, dtype=object)


def on_scalars(function):
    return lambda x: objects(np.frompyfunc(lambda v: GoldenExact(function(v)), 1, 1)(x))


ELEMENTWISE = {
    "neg": (operator.neg, operator.neg),
    "abs": (abs, abs),
    "conjugate": (ResonantTensor.galois_conjugate, GoldenExact.galois_conjugate),
    "norm": (ResonantTensor.field_norm, GoldenExact.norm),
    "floor": (ResonantTensor.floor, GoldenExact.__floor__),
    "ceil": (ResonantTensor.ceil, GoldenExact.__ceil__),
    "round": (ResonantTensor.round, round),
    "relu": (ResonantTensor.relu, lambda v: max(v, ZERO)),
    "square": (lambda t: t**2, lambda v: v * v),
}
STRUCTURE = {
    "reverse": lambda x: x[::-1] if x.ndim else x,
    "every second": lambda x: x[..., ::2] if x.ndim else x,
    "transpose": lambda x: x.T,
    "flatten": lambda x: x.reshape(-1),
    "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape)),
    "twice": lambda x: np.concatenate([x, x]) if x.ndim else x,
    "ends": lambda x: np.take(x, [0, -1], 0) if x.ndim and x.shape[0] else x,
}
REDUCTIONS = {
    "sum": (lambda t: t.sum(0), lambda x: np.sum(x, axis=0, initial=ZERO)),
    "cumsum": (lambda t: t.cumsum(0), lambda x: np.cumsum(x, axis=0)),
    "sort": (lambda t: t.sort(0), lambda x: np.sort(x, axis=0)),
}
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.mod]


def draw(rng, shape):
    pool = rng.choice([EDGES, range(-5, 6), [rng.randint(-(2**31), 2**31) for _ in range(5)]])
    over = DENOMINATORS if rng.random() < 0.5 else [1]
    out = np.empty(shape, dtype=object)
    for i in np.ndindex(shape):
        out[i] = GoldenExact(*(Fraction(rng.choice(pool), rng.choice(over)) for _ in "ab"))
    return ResonantTensor(out), out


def step(rng, t, x):
    """Apply one random operation to the tensor and to the object array."""
    kind = rng.choice(["elementwise", "structure", "binary", "binary", "scalar", "reduce", "mix"])
    if kind == "elementwise":
        ours, theirs = ELEMENTWISE[rng.choice(list(ELEMENTWISE))]
        return ours(t), on_scalars(theirs)(x)
    if kind == "structure":
        move = STRUCTURE[rng.choice(list(STRUCTURE))]
        return move(t), objects(move(x))
    if kind == "scalar":
        g = rng.choice(SCALARS)
        return g * t, objects(x * g)
    if kind == "reduce" and t.ndim:
        ours, theirs = REDUCTIONS[rng.choice(list(REDUCTIONS))]
        return ours(t), objects(theirs(x))
    u, y = draw(rng, rng.choice([t.shape, (), t.shape[-1:]]))
    if kind == "mix" and u.shape == t.shape:
        chosen = np.array([rng.random() < 0.5 for _ in range(t.size)], bool).reshape(t.shape)
        return np.where(chosen, t, u), np.where(chosen, x, y)
    op = rng.choice(BINARY)
    if op in (operator.truediv, operator.mod) and any(v == 0 for v in y.flat):
        return t, x
    return op(t, u), objects(op(x, y))


@pytest.mark.parametrize("seed", range(250))
def test_every_step_is_exact(seed):
    rng = random.Random(seed)
    t, x = draw(rng, rng.choice(SHAPES))
    for _ in range(rng.randint(1, 7)):
        t, x = step(rng, t, x)
        if t.size > 40:
            t, x = t.reshape(-1)[:8], x.reshape(-1)[:8]
        assert_invariants(t)
        assert t.shape == x.shape
        assert np.asarray(t).tolist() == x.tolist()
        a, b, d = t.numerators()
        for p, q, v in zip(a.flat, b.flat, x.flat, strict=True):
            assert GoldenExact.from_numerators(int(p), int(q), d) == v
        u, y = draw(rng, t.shape)
        assert (t < u).tolist() == (x < y).tolist()
        assert (t == u).tolist() == (x == y).tolist()
