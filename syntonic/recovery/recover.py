"""`recover`: from printed decimals to exact golden coordinates with a proof, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Literal, overload

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.errors import NotGoldenError, ShapeError, shown
from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.certificate import LARGEST_DENOMINATOR, MOST_CHANCE, Fit, best_fit
from syntonic.recovery.geometry import Figure, indistinguishable
from syntonic.recovery.result import Basis, Recovery, TokenValue
from syntonic.recovery.scale_free import in_ratios, recover_scale_free
from syntonic.recovery.scale_free_result import ScaleFreeRecovery
from syntonic.recovery.tokens import Tokens, printed_rows
from syntonic.tensor import ResonantTensor
from syntonic.typing import IntArray

__all__ = ["recover"]

_MOST_CHANCE_SCALE = 1e-3
_SIMPLE = 20  # CD² up to here is accepted even if one common scale could be an accident
_MOST_DECIMALS = 1000


@overload
def recover(
    model_or_tokens: Any,
    *,
    decimals: int | None = ...,
    scale_free: Literal[False] = ...,
    progress: bool = ...,
) -> Recovery: ...


@overload
def recover(
    model_or_tokens: Any,
    *,
    decimals: int | None = ...,
    scale_free: Literal[True],
    progress: bool = ...,
) -> ScaleFreeRecovery: ...


@overload
def recover(
    model_or_tokens: Any,
    *,
    decimals: int | None = ...,
    scale_free: bool,
    progress: bool = ...,
) -> Recovery | ScaleFreeRecovery: ...


def recover(
    model_or_tokens: Any,
    *,
    decimals: int | None = None,
    scale_free: bool = False,
    progress: bool = False,
) -> Recovery | ScaleFreeRecovery:
    """Find the exact golden coordinates behind printed decimals, and prove them.

    Parameters
    ----------
    model_or_tokens
        A `syntonic.io.Model`, or the vertices alone: one row per vertex, of decimal strings,
        integers, or floats, which stand for the shortest decimal that gives them back (their
        repr).
    decimals
        How many decimals of every coordinate are right, up to 1000; then the true value is
        within h = 10^-decimals/2 of the printed one. By default the most decimals that any
        coordinate has, capped at 15 significant digits of the largest one.
    scale_free
        Recover the figure up to scale and position, from the ratios of squared distances: for
        solids of a size that is not golden, or turned out of their golden frame.
    progress
        Show a progress bar on the standard error stream.

    Returns
    -------
    Recovery or ScaleFreeRecovery
        The exact vertices with the proof; with `scale_free` the exact ratios of squared distances
        and exact coordinates along axes of the figure's own. If all coordinates are multiples of
        1/2, they are taken literally (basis "literal"); a model that has exact vertices is only
        measured (basis "exact").

    Raises
    ------
    NotGoldenError
        The decimals do not prove golden coordinates. The best fit and its chances are attributes.
    FormatError
        A coordinate is not a finite decimal number.
    ShapeError
        There are no vertices, or they differ in dimension.
    ValueError
        `decimals` is negative or above 1000.

    See Also
    --------
    syntonic.snap, syntonic.ResonantTensor.crystallize : the nearest elements, without a proof.
    syntonic.identify : the simplest element near one float.

    Notes
    -----
    For each denominator D up to 12, C is the least window such that every interval [t - h, t + h]
    holds an element v of (1/D)Z[φ] with |v'| <= C. With κ = 4hCD² < 1 it holds exactly one. The
    chance that n unrelated values fit is at most D(D+1)(κ/√5)ⁿ; the D of least chance is chosen.
    It is accepted if κ < 1, the chance is at most 0.02, edges whose lengths the digits cannot
    tell apart are exactly equal, and the chance for n = 1 is at most 0.001 or CD² at most 20. In
    the last case `scale_proved` is False: all the values share one scale, and these few digits
    cannot exclude that it is golden by accident only. What fails is tried once more with one
    decimal less, because last digits are often off, and the chance is doubled for it: so of
    all sets of unrelated reals at most 3 in 100 are accepted, and far fewer with many digits.

    With `scale_free` the same is done for the ratios of squared distances to that of the shortest
    edge (or the shortest distance, where there are no edges). Distances that the digits cannot
    tell apart are taken as equal. κ is 2WCD², where W is the widest interval of a ratio, n is at
    most the number of ratios that are independent in general position, and for n = 1 the chance
    is at most 0.001, or at most 0.1 with CD² at most 6; in the last case `shape_proved` is False.
    Then the exact ratios must be the squared distances of a figure in the dimension of the
    coordinates, exactly: a Gram matrix that is positive semidefinite and of that rank. There may
    be up to 300,000 pairs; of larger models the edges are taken, and all pairs with one of a few
    base points.

    The cost is one exact search for each distinct size of a coordinate (or ratio) and each D that
    fits.

    Examples
    --------
    A golden rectangle, printed with three decimals:

    >>> from syntonic.recovery import recover
    >>> found = recover([["0.500", "0.809"], ["-0.500", "0.809"], ["-0.500", "-0.809"]])
    >>> found.tensor[0]
    ResonantTensor([1/2, 1/2φ])
    >>> found.denominator, found.window, found.scale_proved
    (2, GoldenExact('1/2'), False)

    A regular pentagon of any size in any position:

    >>> from math import cos, radians, sin
    >>> points = [[f"{3.7 * f(radians(10 + 72 * k)):.5f}" for f in (cos, sin)] for k in range(5)]
    >>> recover(points, scale_free=True).ratios
    {GoldenExact(1): 5, GoldenExact(1, 1): 5}
    """
    _require_decimals(decimals)
    if isinstance(model_or_tokens, Model):
        model = model_or_tokens
    else:
        model = Model(printed_rows(model_or_tokens))
    if model.tensor is not None or not model.vertices:
        given = _measured(model)
        return in_ratios(given, model) if scale_free else given
    tokens = Tokens(model.vertices)
    if tokens.are_halves:
        given = _literal(model, tokens)
        return in_ratios(given, model) if scale_free else given
    if scale_free:
        trusted = None if decimals is None else int(decimals)
        return recover_scale_free(model, tokens, trusted, progress)
    return _in_place(model, tokens, decimals, progress)


def _in_place(model: Model, tokens: Tokens, decimals: int | None, progress: bool) -> Recovery:
    """Recover the coordinates themselves."""
    first = tokens.decimals if decimals is None else int(decimals)
    refusals = []
    for tries, d in enumerate((first, first - 1), start=1):
        outcome = _attempt(model, tokens, d, tries, progress)
        if isinstance(outcome, Recovery):
            return outcome
        refusals.append(outcome)
    raise min(refusals, key=lambda each: each.fit.chance).error()


@dataclass(frozen=True)
class _Refusal:
    """What one rounding gave: its best fit, and the reasons to refuse it."""

    decimals: int
    fit: Fit
    reasons: tuple[str, ...]

    def error(self) -> NotGoldenError:
        fit = self.fit
        about = "" if fit.complete else "at least "
        plural = "decimal" if self.decimals == 1 else "decimals"
        return NotGoldenError(
            f"recover: the coordinates are not provably golden. With {self.decimals} {plural} the "
            f"best common denominator up to {LARGEST_DENOMINATOR} is D = {fit.denominator}, with "
            f"the window C = {about}{fit.window:.6g}, kappa = 4hCD^2 = "
            f"{about}{fit.kappa:.4g}, chance {fit.chance:.3g}, and {fit.chance_scale:.3g} for one "
            f"common scale; but {'; and '.join(self.reasons)}. Give more decimals, or say with "
            "decimals how many are right; or recover the figure up to scale and position, with "
            "scale_free=True (--scale-free)",
            denominator=fit.denominator,
            window=fit.window,
            kappa=fit.kappa,
            chance=fit.chance,
            chance_scale=fit.chance_scale,
        )


def _attempt(
    model: Model, tokens: Tokens, decimals: int, tries: int, progress: bool
) -> Recovery | _Refusal:
    h = Fraction(10) ** -decimals / 2
    fit, fits = best_fit(tokens.sizes, h, tries, progress=progress)
    if doubts := tuple(_doubts(fit)):
        return _Refusal(decimals, fit, doubts)
    values = _token_points(fit, tokens)
    figure = Figure(*_table(values, tokens.index), fit.denominator, model)
    if clash := indistinguishable(figure, tokens, h):
        one, other = clash
        doubt = f"the digits cannot tell edges of squared lengths {one} and {other} apart"
        return _Refusal(decimals, fit, (doubt,))
    return _recovery(
        figure,
        fit.window,
        basis="decimals",
        accident=fit.chance,
        decimals=decimals,
        rounding=2 * h,
        scale_proved=fit.chance_scale <= _MOST_CHANCE_SCALE,
        fit=fit,
        fits=fits,
        tries=tries,
        tokens=_token_values(tokens, values, fit.denominator),
    )


def _doubts(fit: Fit) -> Iterator[str]:
    if not fit.is_certain:
        yield "kappa is not below 1, so a rounding interval can hold several elements"
        return
    if fit.chance > MOST_CHANCE:
        yield f"the chance of an accident is above {MOST_CHANCE}"
    if fit.chance_scale > _MOST_CHANCE_SCALE and fit.window * fit.denominator**2 > _SIMPLE:
        yield (
            "one common scale may be golden by accident: its chance is above "
            f"{_MOST_CHANCE_SCALE}, and CD^2 is above {_SIMPLE}"
        )


def _literal(model: Model, tokens: Tokens) -> Recovery:
    denominator = lcm(*(size.denominator for size in tokens.sizes))
    values = [(int(value * denominator), 0) for value in tokens.values.values()]
    figure = Figure(*_table(values, tokens.index), denominator, model)
    return _recovery(
        figure,
        GoldenExact(max(tokens.sizes)),
        basis="literal",
        tokens=_token_values(tokens, values, denominator),
    )


def _measured(model: Model) -> Recovery:
    """Return the facts of a model whose vertices are exact from the start."""
    if model.tensor is None or not model.tensor.size:
        raise ShapeError("recover: there must be at least one vertex, got none")
    a, b, denominator = model.tensor.numerators()
    conjugates = {
        abs(GoldenExact.from_numerators(p + q, -q, denominator))
        for p, q in set(zip(map(int, a.flat), map(int, b.flat), strict=True))
    }
    return _recovery(Figure(a, b, denominator, model), max(conjugates), basis="exact")


def _recovery(
    figure: Figure, window: GoldenExact, *, basis: Basis, accident: float = 0.0, **evidence: Any
) -> Recovery:
    d = figure.denominator
    return Recovery(
        tensor=ResonantTensor.from_lattice(figure.a, figure.b, denominator=d),
        denominator=d,
        window=window,
        separation=(2 * d**2 * window).inverse() if window else None,
        accident=accident,
        checks=figure.facts(),
        basis=basis,
        notes=figure.model.notes,
        **evidence,
    )


def _require_decimals(decimals: int | None) -> None:
    if decimals is None:
        return
    if isinstance(decimals, bool) or not isinstance(decimals, (int, np.integer)):
        raise TypeError(f"recover: decimals must be an int, got {type(decimals).__name__}")
    if not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(
            f"recover: decimals must be from 0 to {_MOST_DECIMALS}, got {shown(decimals)}"
        )


def _token_points(fit: Fit, tokens: Tokens) -> list[tuple[int, int]]:
    """Return the numerators of each distinct token; the point of -t is minus that of t."""
    points = []
    for value in tokens.values.values():
        a, b = fit.points[abs(value)]
        points.append((a, b) if value >= 0 else (-a, -b))
    return points


def _table(values: list[tuple[int, int]], index: IntArray) -> tuple[Any, Any]:
    fits = all(-INT64_MAX <= x <= INT64_MAX for pair in values for x in pair)
    columns = np.array(values, dtype=np.int64 if fits else object)
    return columns[:, 0][index], columns[:, 1][index]


def _token_values(
    tokens: Tokens, values: list[tuple[int, int]], denominator: int
) -> tuple[TokenValue, ...]:
    return tuple(
        TokenValue(token, GoldenExact.from_numerators(*pair, denominator), count)
        for (token, count), pair in zip(tokens.counts.items(), values, strict=True)
    )
