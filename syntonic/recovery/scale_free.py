"""Recovery at an unknown scale and in an unknown position: from the ratios of squared distances.

Turning and scaling change the coordinates, but not the ratios of squared distances. Each ratio is
known to lie in an interval, which follows from the rounding of the coordinates, and is recognised
in (1/D)Z[φ] with the certificate of `syntonic.recovery.certificate`. Distances that the digits
cannot tell apart are taken as equal. Then the exact ratios have to belong together: one unit of
length for all, one figure of the right dimension, all its distances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from syntonic.errors import NotGoldenError
from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.certificate import MOST_CHANCE, Fit
from syntonic.recovery.distances import Distances, PairChoice, axis_parallel, far_apart
from syntonic.recovery.frames import Frame, Vector, gram_schmidt, orthonormal
from syntonic.recovery.geometry import Figure
from syntonic.recovery.ratios import Ratios
from syntonic.recovery.scale_free_result import RatioValue, ScaleFreeRecovery
from syntonic.recovery.tokens import Tokens
from syntonic.recovery.trials import (
    MOST_RESERVED_TRIES,
    Options,
    Refusal,
    first_proof,
    roundings,
)
from syntonic.recovery.wording import (
    FEW_DIGITS,
    NO_UNIT,
    OPTIONS,
    exact_model,
    told_decimals,
    told_root,
)
from syntonic.tensor import ResonantTensor

__all__ = ["recover_scale_free"]

_MOST_CHANCE_SHAPE = 1e-3
# CD² and the chance up to which one free parameter of the shape is accepted with reservation.
_SIMPLE, _MOST_CHANCE_SIMPLE = 6, 0.1


def recover_scale_free(
    model: Model, tokens: Tokens, options: Options, tried: int = 0
) -> ScaleFreeRecovery:
    """Recover a figure up to scale and position from its printed vertices.

    Parameters
    ----------
    model
        The edges, faces and cells.
    tokens
        The printed vertices.
    options
        What the caller chose.
    tried
        How many roundings have been tried before.

    Raises
    ------
    NotGoldenError
        The decimals do not prove golden ratios.
    """
    base = far_apart(tokens)
    pairs = PairChoice.of(len(tokens.rows), base, model.edges)
    numbers = roundings(tokens, options.decimals, scale_free=True)
    attempts = [
        _Attempt(model, tokens, d, tries, base, pairs, options.decimals is not None)
        for tries, d in enumerate(numbers, start=tried + 1)
    ]
    return first_proof(attempts, options)


@dataclass(frozen=True)
class _Refusal(Refusal):
    """What one rounding gave, and the reasons to refuse it."""

    decimals: int
    bound: int
    reasons: tuple[str, ...]
    mixed: int = 0
    ratios: Ratios | None = None
    fit: Fit | None = None

    @property
    def is_final(self) -> bool:
        """Whether no other denominator can help."""
        return bool(self.mixed) or self.ratios is None

    @property
    def unsettled(self) -> int:
        """How many classes of distances run into one another."""
        return self.mixed

    def error(self) -> NotGoldenError:
        text = (
            "recover: the ratios of squared distances are not provably golden. With "
            f"{told_decimals(self.decimals)} {'; and '.join(self.reasons)}"
        )
        if self.ratios is None or self.fit is None:
            return NotGoldenError(f"{text}. {OPTIONS}")
        fit, about = self.fit, "" if self.fit.complete else "at least "
        part = self.ratios.golden_part(MOST_CHANCE)
        return NotGoldenError(
            f"{text}. The best common denominator up to {self.bound} is D = "
            f"{fit.denominator}, with the window C = {about}{fit.window:.6g}, kappa = 2WCD^2 = "
            f"{about}{fit.kappa:.4g} (W is the widest interval of a ratio), chance "
            f"{fit.chance:.3g}, and {fit.chance_scale:.3g} for a single ratio. With the unit at "
            f"{told_root(self.ratios.classes[self.ratios.unit].low)}, {part.told()}{self._hint()}. "
            f"{OPTIONS}",
            denominator=fit.denominator,
            window=fit.window,
            kappa=fit.kappa,
            chance=fit.chance,
            chance_scale=fit.chance_scale,
            golden_part=part.ratios,
        )

    def _hint(self) -> str:
        spoiler = None if self.ratios is None else self.ratios.spoiler(MOST_CHANCE)
        if spoiler is None:
            return ""
        return (
            f". Without vertices[{spoiler}] all of them would be golden each by itself; leave it "
            "out if it is no part of the figure"
        )


@dataclass(frozen=True)
class _Attempt:
    """One trial with one rounding."""

    model: Model
    tokens: Tokens
    decimals: int
    tries: int
    base: list[int]
    pairs: PairChoice
    told: bool  # the decimals, by the caller

    @cached_property
    def distances(self) -> Distances:
        """The squared distances, as far as this rounding tells them."""
        return Distances(self.tokens, Fraction(10) ** -self.decimals / 2, self.pairs)

    @cached_property
    def ratios(self) -> Ratios | None:
        """Their ratios to the unit, if there is one."""
        return Ratios.of(self.distances, self._edge_classes(self.distances))

    def outcome(self, bound: int, progress: bool) -> ScaleFreeRecovery | Refusal:
        """Return the recovery, or why there is none."""
        ratios = self.ratios
        unsettled = sum(not one.is_single for one in self.distances.classes)
        if ratios is None:
            return _Refusal(self.decimals, bound, (NO_UNIT,), unsettled)
        freedom = self._freedom(self.distances)
        fit, fits = ratios.best_fit(self.tries, freedom, bound, progress)
        reasons = tuple(_doubts(fit, unsettled, self.tries))
        rational = not self.told and not any(b for _, b in fit.points.values())
        if rational and self.tokens.are_literal(self.decimals, fit.denominator):
            reasons = (*reasons, FEW_DIGITS)
        if reasons:
            return _Refusal(self.decimals, bound, reasons, unsettled, ratios, fit)
        found = self._figure(ratios, ratios.values(fit))
        if isinstance(found, str):
            return _Refusal(self.decimals, bound, (found,), unsettled, ratios, fit)
        return self._recovery(ratios, found, fit, fits)

    def _edge_classes(self, distances: Distances) -> list[int]:
        edges = set(self.model.edges)
        pairs = zip(self.pairs.i.tolist(), self.pairs.j.tolist(), strict=True)
        labels = distances.labels.tolist()
        return [label for pair, label in zip(pairs, labels, strict=True) if pair in edges]

    def _freedom(self, distances: Distances) -> int:
        """Return how many ratios of points in general position are independent of each other."""
        coincide = [one.low == 0 for one in distances.classes]
        again = set(self.pairs.j[np.array(coincide)[distances.labels]].tolist())
        count, dimension = len(self.tokens.rows) - len(again), self.model.dimension
        if count <= dimension:
            return count * (count - 1) // 2 - 1
        return dimension * count - dimension * (dimension + 1) // 2 - 1

    def _figure(self, ratios: Ratios, values: list[GoldenExact]) -> Frame | str:
        """Return exact coordinates with these distances, or why there are none."""
        low, high = ratios.unit_square(values)
        if low > high:
            return "no one unit of length fits all the exact ratios"
        frame = gram_schmidt(self._rows(ratios, values), self.base)
        if frame is None or not self._has_distances(frame, ratios, values):
            dimension = self.model.dimension
            return f"no figure of dimension {dimension} has all the exact ratios as distances"
        return frame.centred()

    def _rows(self, ratios: Ratios, values: list[GoldenExact]) -> list[list[GoldenExact]]:
        """Return the squared distances of each base point from all points."""
        i, j, labels = self.pairs.i, self.pairs.j, ratios.distances.labels
        rows = []
        for p in self.base:
            row = [GoldenExact(0)] * len(self.tokens.rows)
            for k in np.flatnonzero((i == p) | (j == p)).tolist():
                row[int(i[k] + j[k]) - p] = values[labels[k]]
            rows.append(row)
        return rows

    def _has_distances(self, frame: Frame, ratios: Ratios, values: list[GoldenExact]) -> bool:
        """Tell whether all the pairs are as far apart as the ratios have it, exactly."""
        figure = _figure_of(frame, self.model)
        p, q = figure.distances(self.pairs.i, self.pairs.j)
        labels = ratios.distances.labels.tolist()
        found = set(zip(labels, p.tolist(), q.tolist(), strict=True))
        return len(found) == len(values) and all(
            GoldenExact.from_numerators(a, b, figure.square) == values[k] for k, a, b in found
        )

    def _recovery(
        self, ratios: Ratios, frame: Frame, fit: Fit, fits: tuple[Fit, ...]
    ) -> ScaleFreeRecovery:
        values = ratios.values(fit)
        chosen, kind = self._choose_frame(frame, ratios.distances.h)
        chosen, oriented = self._oriented(chosen, ratios.distances.h)
        facts = _figure_of(chosen, self.model).facts()
        del facts["vertex_sum"]  # which is 0: the centroid is the origin
        counts = {value: one.count for one, value in zip(ratios.classes, values, strict=True)}
        classes = (
            RatioValue(value, *ratios.interval(k), ratios.classes[k].count)
            for k, value in enumerate(values)
        )
        coordinates = _tensor(chosen)
        golden = chosen.is_orthonormal
        return ScaleFreeRecovery(
            coordinates=coordinates,
            axes=chosen.axes,
            frame=kind,
            oriented=oriented,
            unit="edge" if self.model.edges else "distance",
            unit_square=ratios.unit_square(values),
            ratios={value: counts[value] for value in sorted(counts)},
            all_pairs=self.pairs.complete,
            denominator=fit.denominator,
            window=fit.window,
            separation=(2 * fit.denominator**2 * fit.window).inverse(),
            accident=fit.chance,
            checks=facts,
            basis="decimals",
            decimals=self.decimals,
            rounding=2 * ratios.distances.h,
            shape_proved=fit.chance_scale <= _MOST_CHANCE_SHAPE,
            fit=fit,
            fits=fits,
            tries=self.tries,
            classes=tuple(classes),
            notes=self.model.notes,
            model=exact_model(self.model, coordinates) if golden else None,
        )

    def _choose_frame(self, frame: Frame, h: Fraction) -> tuple[Frame, str]:
        """Return the best axes there are: golden ones, if possible those that are printed."""
        printed = self._printed_frame(frame, h)
        if printed is not None:
            lengths = [axis / printed.axes[0] for axis in printed.axes]
            if all(length.is_square() for length in lengths):
                return _neat(printed.scaled([length.sqrt() for length in lengths])), "printed"
        golden = orthonormal(frame)
        if golden is not None:
            return _neat(golden), "own"
        return (frame, "own") if printed is None else (printed, "printed")

    def _printed_frame(self, frame: Frame, h: Fraction) -> Frame | None:
        """Return the coordinates along the printed axes, if all of them but one can be seen."""
        dimension = self.model.dimension
        if len(frame.axes) < dimension:
            return None
        found = axis_parallel(self.tokens, h, self.pairs.i, self.pairs.j)
        seen = {k: _difference(frame.points[i], frame.points[j]) for k, (i, j) in found.items()}
        known = list(seen.values())
        if len(known) < dimension - 1 or any(
            frame.inner(x, y) for n, x in enumerate(known) for y in known[:n]
        ):
            return None
        whole = frame.completed(known)
        columns = [*seen, *(k for k in range(dimension) if k not in seen)]
        return frame.along([whole[columns.index(k)] for k in range(dimension)])

    def _oriented(self, frame: Frame, h: Fraction) -> tuple[Frame, bool]:
        """Return the frame, mirrored if need be, with the handedness of the printed points."""
        if len(frame.axes) < self.model.dimension:
            return frame, True  # what is flat can be turned over
        values = self.tokens.values
        rows = [[values[token] for token in self.tokens.rows[p]] for p in self.base]
        edges = [
            [(x - y - 2 * h, x - y + 2 * h) for x, y in zip(row, rows[0], strict=True)]
            for row in rows[1:]
        ]
        low, high = _determinant(edges)
        if low <= 0 <= high:
            return frame, False
        points = [frame.points[p] for p in self.base]
        exact = [[(x, x) for x in _difference(point, points[0])] for point in points[1:]]
        if (_determinant(exact)[0] > 0) == (low > 0):
            return frame, True
        factors = [GoldenExact(1)] * (len(frame.axes) - 1) + [GoldenExact(-1)]
        return frame.scaled(factors), True


def _doubts(fit: Fit, unsettled: int, tries: int) -> Iterator[str]:
    if unsettled:
        yield (
            f"{unsettled} classes of distances run into one another: the digits do not tell which "
            "are equal"
        )
    if not fit.is_certain:
        yield "kappa is not below 1, so the interval of a ratio can hold several elements"
        return
    if fit.chance > MOST_CHANCE:
        yield f"the chance of an accident is above {MOST_CHANCE}"
    if fit.chance_scale > _MOST_CHANCE_SIMPLE:
        yield (
            "a shape with one free parameter may be golden by accident: its chance is above "
            f"{_MOST_CHANCE_SIMPLE}"
        )
    elif fit.chance_scale > _MOST_CHANCE_SHAPE and tries > MOST_RESERVED_TRIES:
        yield (
            "a shape with one free parameter may be golden by accident: its chance is above "
            f"{_MOST_CHANCE_SHAPE}, and more than the last decimal is left out"
        )
    elif fit.chance_scale > _MOST_CHANCE_SHAPE and fit.window * fit.denominator**2 > _SIMPLE:
        yield (
            "a shape with one free parameter may be golden by accident: its chance is above "
            f"{_MOST_CHANCE_SHAPE}, and CD^2 is above {_SIMPLE}"
        )


def _difference(x: Vector, y: Vector) -> Vector:
    return tuple(p - q for p, q in zip(x, y, strict=True))


def _determinant(rows: list[list[Any]]) -> Any:
    """Return bounds of the determinant of a matrix of intervals, by expansion row after row."""
    # For each set of columns (a bit mask), the minor of the rows so far.
    minors: dict[int, Any] = {0: (1, 1)}
    for row in rows:
        longer: dict[int, Any] = {}
        for used, minor in minors.items():
            for k, entry in enumerate(row):
                if used >> k & 1:
                    continue
                ends = sorted(p * q for p in minor for q in entry)
                low, high = ends[0], ends[-1]
                if (used >> k).bit_count() % 2:  # the columns that come too late
                    low, high = -high, -low
                before = longer.get(used | 1 << k, (0, 0))
                longer[used | 1 << k] = before[0] + low, before[1] + high
        minors = longer
    return minors[(1 << len(rows)) - 1]


def _neat(frame: Frame) -> Frame:
    """Scale coordinates along axes of one length: the unit to length 1, or to whole numbers."""
    length = frame.axes[0]
    if length.is_square():
        factor = length.sqrt()
    else:
        factor = GoldenExact(lcm(*(x.numerators()[2] for p in frame.points for x in p)))
    return frame.scaled([factor] * len(frame.axes))


def _lattice(frame: Frame) -> tuple[Any, Any, int]:
    """Return the numerators of the coordinates and their common denominator."""
    triples = [[tuple(map(int, x.numerators())) for x in point] for point in frame.points]
    denominator = lcm(*(d for row in triples for _, _, d in row))
    a, b = (
        np.array([[t[k] * (denominator // t[2]) for t in row] for row in triples], dtype=object)
        for k in (0, 1)
    )
    return a, b, denominator


def _figure_of(frame: Frame, model: Model) -> Figure:
    return Figure(*_lattice(frame), model, frame.axes)


def _tensor(frame: Frame) -> ResonantTensor:
    a, b, denominator = _lattice(frame)
    return ResonantTensor.from_lattice(a, b, denominator=denominator)
