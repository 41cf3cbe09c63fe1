"""Recovery of the coordinates themselves, at the scale and in the place where they are printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.errors import NotGoldenError
from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.certificate import MOST_CHANCE, Fit, best_fit
from syntonic.recovery.geometry import Figure, indistinguishable
from syntonic.recovery.result import Basis, Recovery, TokenValue
from syntonic.recovery.tokens import Tokens
from syntonic.recovery.trials import (
    MOST_RESERVED_TRIES,
    Options,
    Refusal,
    first_proof,
    roundings,
)
from syntonic.recovery.wording import FEW_DIGITS, OPTIONS, exact_model, told_decimals
from syntonic.tensor import ResonantTensor
from syntonic.typing import IntArray

__all__ = ["recover_in_place", "recovery", "table", "token_values"]

_MOST_CHANCE_SCALE = 1e-3
_SIMPLE = 20  # CD² up to here is accepted even if one common scale could be an accident


def recover_in_place(model: Model, tokens: Tokens, options: Options, tried: int = 0) -> Recovery:
    """Recover the coordinates themselves.

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
        The decimals do not prove golden coordinates.
    """
    numbers = roundings(tokens, options.decimals, scale_free=False)
    told = options.decimals is not None
    attempts = [_Attempt(model, tokens, d, t, told) for t, d in enumerate(numbers, tried + 1)]
    return first_proof(attempts, options)


@dataclass(frozen=True)
class _Refusal(Refusal):
    """What one rounding gave: its best fit, and the reasons to refuse it."""

    decimals: int
    bound: int
    fit: Fit
    reasons: tuple[str, ...]

    def error(self) -> NotGoldenError:
        fit = self.fit
        about = "" if fit.complete else "at least "
        return NotGoldenError(
            "recover: the coordinates are not provably golden. With "
            f"{told_decimals(self.decimals)} the best common denominator up to {self.bound} is "
            f"D = {fit.denominator}, with the window C = {about}{fit.window:.6g}, kappa = 4hCD^2 "
            f"= {about}{fit.kappa:.4g}, chance {fit.chance:.3g}, and {fit.chance_scale:.3g} for "
            f"one common scale; but {'; and '.join(self.reasons)}. {OPTIONS}; or recover the "
            "figure up to scale and position, with scale_free=True (--scale-free)",
            denominator=fit.denominator,
            window=fit.window,
            kappa=fit.kappa,
            chance=fit.chance,
            chance_scale=fit.chance_scale,
        )


@dataclass(frozen=True)
class _Attempt:
    """One trial with one rounding."""

    model: Model
    tokens: Tokens
    decimals: int
    tries: int
    told: bool  # the decimals, by the caller

    def outcome(self, bound: int, progress: bool) -> Recovery | Refusal:
        """Return the recovery, or why there is none."""
        h = Fraction(10) ** -self.decimals / 2
        fit, fits = best_fit(self.tokens.sizes, h, self.tries, bound=bound, progress=progress)
        if doubts := tuple(self._doubts(fit)):
            return _Refusal(self.decimals, bound, fit, doubts)
        values = _token_points(fit, self.tokens)
        figure = Figure(*table(values, self.tokens.index), fit.denominator, self.model)
        if clash := indistinguishable(figure, self.tokens, h):
            one, other = clash
            doubt = f"the digits cannot tell edges of squared lengths {one} and {other} apart"
            return _Refusal(self.decimals, bound, fit, (doubt,))
        return recovery(
            figure,
            fit.window,
            basis="decimals",
            accident=fit.chance,
            decimals=self.decimals,
            rounding=2 * h,
            scale_proved=fit.chance_scale <= _MOST_CHANCE_SCALE,
            fit=fit,
            fits=fits,
            tries=self.tries,
            tokens=token_values(self.tokens, values, fit.denominator),
        )

    def _doubts(self, fit: Fit) -> Iterator[str]:
        if not fit.is_certain:
            yield "kappa is not below 1, so a rounding interval can hold several elements"
            return
        if fit.chance > MOST_CHANCE:
            yield f"the chance of an accident is above {MOST_CHANCE}"
        if self._is_literal(fit):
            yield FEW_DIGITS
        if fit.chance_scale <= _MOST_CHANCE_SCALE:
            return
        if fit.window * fit.denominator**2 > _SIMPLE:
            yield (
                "one common scale may be golden by accident: its chance is above "
                f"{_MOST_CHANCE_SCALE}, and CD^2 is above {_SIMPLE}"
            )
        elif self.tries > MOST_RESERVED_TRIES:
            yield (
                "one common scale may be golden by accident: its chance is above "
                f"{_MOST_CHANCE_SCALE}, and more than the last decimal is left out"
            )

    def _is_literal(self, fit: Fit) -> bool:
        """Whether the values are the printed decimals themselves, and these say too little."""
        decimal = 10 ** fit.denominator.bit_length() % fit.denominator == 0
        rational = not any(b for _, b in fit.points.values())
        literal = not self.told and self.tokens.are_literal(self.decimals, fit.denominator)
        return decimal and rational and literal


def recovery(
    figure: Figure, window: GoldenExact, *, basis: Basis, accident: float = 0.0, **evidence: Any
) -> Recovery:
    """Return the result for an exact figure."""
    d = figure.denominator
    tensor = ResonantTensor.from_lattice(figure.a, figure.b, denominator=d)
    return Recovery(
        tensor=tensor,
        denominator=d,
        window=window,
        separation=(2 * d**2 * window).inverse() if window else None,
        accident=accident,
        checks=figure.facts(),
        basis=basis,
        notes=figure.model.notes,
        model=exact_model(figure.model, tensor),
        **evidence,
    )


def _token_points(fit: Fit, tokens: Tokens) -> list[tuple[int, int]]:
    """Return the numerators of each distinct token; the point of -t is minus that of t."""
    points = []
    for value in tokens.values.values():
        a, b = fit.points[abs(value)]
        points.append((a, b) if value >= 0 else (-a, -b))
    return points


def table(values: list[tuple[int, int]], index: IntArray) -> tuple[Any, Any]:
    """Return the numerators of all coordinates from those of the distinct ones."""
    fits = all(-INT64_MAX <= x <= INT64_MAX for pair in values for x in pair)
    columns = np.array(values, dtype=np.int64 if fits else object)
    return columns[:, 0][index], columns[:, 1][index]


def token_values(
    tokens: Tokens, values: list[tuple[int, int]], denominator: int
) -> tuple[TokenValue, ...]:
    """Return what each distinct token stands for."""
    return tuple(
        TokenValue(token, GoldenExact.from_numerators(*pair, denominator), count)
        for (token, count), pair in zip(tokens.counts.items(), values, strict=True)
    )
