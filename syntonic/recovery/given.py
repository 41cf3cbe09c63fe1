"""What `recover` says of vertices that need no proof: exact ones, and multiples of 1/2."""

from __future__ import annotations

from collections import Counter
from math import lcm
from typing import Any

from syntonic.errors import NotGoldenError, ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.distances import PairChoice
from syntonic.recovery.geometry import Figure
from syntonic.recovery.in_place import recovery, table, token_values
from syntonic.recovery.result import Recovery
from syntonic.recovery.scale_free_result import ScaleFreeRecovery
from syntonic.recovery.tokens import Tokens
from syntonic.recovery.wording import NO_UNIT, exact_model

__all__ = ["in_ratios", "literal", "measured"]


def measured(model: Model) -> Recovery:
    """Return the facts of a model whose vertices are exact from the start."""
    if model.tensor is None or not model.tensor.size:
        raise ShapeError("recover: there must be at least one vertex, got none")
    a, b, denominator = model.tensor.numerators()
    conjugates = {
        abs(GoldenExact.from_numerators(p + q, -q, denominator))
        for p, q in set(zip(map(int, a.flat), map(int, b.flat), strict=True))
    }
    return recovery(Figure(a, b, denominator, model), max(conjugates), basis="exact")


def literal(model: Model, tokens: Tokens) -> Recovery:
    """Return multiples of 1/2 as they stand."""
    denominator = lcm(*(size.denominator for size in tokens.sizes))
    values = [(int(value * denominator), 0) for value in tokens.values.values()]
    figure = Figure(*table(values, tokens.index), denominator, model)
    return recovery(
        figure,
        GoldenExact(max(tokens.sizes)),
        basis="literal",
        tokens=token_values(tokens, values, denominator),
    )


def in_ratios(found: Recovery, model: Model) -> ScaleFreeRecovery:
    """Return what the ratios are of coordinates that are exact.

    Raises
    ------
    NotGoldenError
        All the vertices coincide.
    """
    a, b, denominator = found.tensor.numerators()
    count, dimension = a.shape
    pairs = PairChoice.of(count, range(min(count, dimension + 1)), model.edges)
    given = Figure(a, b, denominator, model)
    squares = _counted(given, *given.distances(pairs.i, pairs.j))
    lengths = _counted(given, *given.edge_squares()) if model.edges else squares
    unit = min(filter(None, lengths), default=None)
    if unit is None:
        raise NotGoldenError(f"recover: {NO_UNIT}")
    ratios = {square / unit: squares[square] for square in sorted(squares)}
    window = max(abs(ratio.galois_conjugate()) for ratio in ratios)
    shared = lcm(*(int(ratio.numerators()[2]) for ratio in ratios))
    axes = (unit.inverse(),) * dimension
    return ScaleFreeRecovery(
        coordinates=found.tensor,
        axes=axes,
        frame="printed",
        oriented=True,
        unit="edge" if model.edges else "distance",
        unit_square=(unit, unit),
        ratios=ratios,
        all_pairs=pairs.complete,
        denominator=shared,
        window=window,
        separation=(2 * shared**2 * window).inverse(),
        accident=0.0,
        checks=Figure(a, b, denominator, model, axes).facts(),
        basis=found.basis,
        notes=model.notes,
        model=exact_model(model, found.tensor),
    )


def _counted(figure: Figure, p: Any, q: Any) -> Counter[GoldenExact]:
    counts = Counter(zip(map(int, p), map(int, q), strict=True))
    return Counter(
        {GoldenExact.from_numerators(*pair, figure.square): n for pair, n in counts.items()}
    )
