"""`recover`: from printed decimals to exact golden coordinates with a proof, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Literal, overload

from syntonic.errors import NotGoldenError, shown
from syntonic.io.model import Model
from syntonic.recovery.certificate import LARGEST_DENOMINATOR
from syntonic.recovery.given import in_ratios, literal, measured
from syntonic.recovery.in_place import recover_in_place
from syntonic.recovery.result import Recovery
from syntonic.recovery.scale_free import recover_scale_free
from syntonic.recovery.scale_free_result import ScaleFreeRecovery
from syntonic.recovery.tokens import Tokens, printed_rows
from syntonic.recovery.trials import Options, roundings
from syntonic.recovery.unused import refused_without, unused_vertices, without
from syntonic.typing import RealArrayLike

__all__ = ["recover"]

_MOST_DECIMALS = 1000
_MOST_DENOMINATOR = 1_000_000


@overload
def recover(
    model_or_tokens: Model | RealArrayLike,
    *,
    decimals: int | None = ...,
    scale_free: Literal[False] = ...,
    progress: bool = ...,
    max_denominator: int | None = ...,
) -> Recovery: ...


@overload
def recover(
    model_or_tokens: Model | RealArrayLike,
    *,
    decimals: int | None = ...,
    scale_free: Literal[True],
    progress: bool = ...,
    max_denominator: int | None = ...,
) -> ScaleFreeRecovery: ...


@overload
def recover(
    model_or_tokens: Model | RealArrayLike,
    *,
    decimals: int | None = ...,
    scale_free: bool,
    progress: bool = ...,
    max_denominator: int | None = ...,
) -> Recovery | ScaleFreeRecovery: ...


def recover(
    model_or_tokens: Model | RealArrayLike,
    *,
    decimals: int | None = None,
    scale_free: bool = False,
    progress: bool = False,
    max_denominator: int | None = None,
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
        coordinate has, capped at 15 significant digits of the largest one, and fewer of them
        where the last ones turn out to be noise.
    scale_free
        Recover the figure up to scale and position, from the ratios of squared distances: for
        solids of a size that is not golden, or turned out of their golden frame.
    progress
        Show a progress bar on the standard error stream.
    max_denominator
        The largest common denominator to try, from 1 to 1,000,000; by default 1000.

    Returns
    -------
    Recovery or ScaleFreeRecovery
        The exact vertices with the proof; with `scale_free` the exact ratios of squared distances
        and exact coordinates along axes of the figure's own. If all coordinates are multiples of
        1/2, they are taken literally (basis "literal"); a model that has exact vertices is only
        measured (basis "exact"). Its `model` has the edges, faces and cells of the input.

    Raises
    ------
    NotGoldenError
        The decimals do not prove golden coordinates. The best fit and its chances are attributes.
    FormatError
        A coordinate is not a finite decimal number.
    ShapeError
        There are no vertices, or they differ in dimension.
    ValueError
        `decimals` or `max_denominator` is out of range.

    See Also
    --------
    syntonic.snap, syntonic.ResonantTensor.crystallize : the nearest elements, without a proof.
    syntonic.identify : the simplest element near one float.

    Notes
    -----
    For each denominator D up to 1000, C is the least window such that every interval
    [t - h, t + h] holds an element v of (1/D)Z[φ] with |v'| <= C. With κ = 4hCD² < 1 it holds
    exactly one. The chance that n unrelated values fit is at most D(D+1)(κ/√5)ⁿ; the D of least
    chance is chosen, first among those up to 12; others must have a chance of at most 0.001 for
    n = 1. It is accepted if κ < 1, the chance is at most
    0.02, edges whose lengths the digits cannot tell apart are exactly equal, and the chance for
    n = 1 is at most 0.001 or CD² at most 20. In the last case `scale_proved` is False: all the
    values share one scale, and these few digits cannot exclude that it is golden by accident only.

    Last digits are often off. What fails is tried again with one decimal less, and so on to five
    less (but one, where `decimals` is given). In files that have noise such as 1.2e-16 beside
    short numbers such as 2.0, these are taken for doubles of 15 digits first. The chances of the
    trial number t are multiplied by t², so of all sets of unrelated reals at most 3.3 in 100 are
    accepted, and far fewer with many digits. From the third trial on, the chance for n = 1 must
    be at most 0.001.

    If all that fails, vertices that no edge and no face uses are left out, and the trials go on
    without them; `left_out` of the result names them.

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
    options = Options(
        _whole(decimals, "decimals", 0, _MOST_DECIMALS),
        _whole(max_denominator, "max_denominator", 1, _MOST_DENOMINATOR) or LARGEST_DENOMINATOR,
        progress,
    )
    if isinstance(model_or_tokens, Model):
        model = model_or_tokens
    else:
        model = Model(printed_rows(model_or_tokens))
    if model.tensor is not None or not model.vertices:
        given = measured(model)
        return in_ratios(given, model) if scale_free else given
    try:
        return _proved(model, options, scale_free)
    except NotGoldenError as refusal:
        return _proved_in_part(model, options, scale_free, refusal)


def _proved(
    model: Model, options: Options, scale_free: bool, tried: int = 0
) -> Recovery | ScaleFreeRecovery:
    """Recover a printed model; some roundings may have been tried before."""
    tokens = Tokens(model.vertices)
    if tokens.are_halves:
        given = literal(model, tokens)
        return in_ratios(given, model) if scale_free else given
    prove = recover_scale_free if scale_free else recover_in_place
    return prove(model, tokens, options, tried)


def _proved_in_part(
    model: Model, options: Options, scale_free: bool, refusal: NotGoldenError
) -> Recovery | ScaleFreeRecovery:
    """Recover what the edges and faces use of a refused model, if that is not all of it."""
    unused = unused_vertices(model)
    if not unused:
        raise refusal
    tried = len(roundings(Tokens(model.vertices), options.decimals, scale_free=scale_free))
    try:
        found = _proved(without(model, unused), options, scale_free, tried)
    except NotGoldenError:
        raise refused_without(refusal, unused) from None
    return replace(found, left_out=unused)


def _whole(number: int | None, name: str, least: int, most: int) -> int | None:
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise TypeError(f"recover: {name} must be an int, got {type(number).__name__}")
    if not least <= number <= most:
        raise ValueError(f"recover: {name} must be from {least} to {most}, got {shown(number)}")
    return int(number)
