"""Which roundings and denominators are tried, and in which order.

The roundings come in the order of their price; each is tried with the likely denominators first,
and only if none of them all gives a proof, with the others. A denominator has its share of the
chance of its rounding, D(D+1), whenever it is tried.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from syntonic.errors import NotGoldenError
from syntonic.recovery.certificate import LARGEST_DENOMINATOR, LIKELY_DENOMINATOR
from syntonic.recovery.tokens import Tokens

__all__ = ["MOST_RESERVED_TRIES", "Options", "Refusal", "first_proof", "roundings"]

MOST_RESERVED_TRIES = 2
"""Later roundings are accepted only if the digits also exclude an accident of the scale (or shape).

Among few digits there is nearly always a golden scale near any other.
"""

_FEWER = 5  # decimals that may be noise

Found = TypeVar("Found", covariant=True)


class Refusal(ABC):
    """Why an attempt gave no proof."""

    @property
    def is_final(self) -> bool:
        """Whether no other denominator can help."""
        return False

    @property
    def unsettled(self) -> int:
        """How many questions this rounding leaves open before any number is looked for."""
        return 0

    @abstractmethod
    def error(self) -> NotGoldenError:
        """Return the error to raise."""


class Attempt(Protocol[Found]):
    """One rounding."""

    def outcome(self, bound: int, progress: bool) -> Found | Refusal:
        """Return the proof with a denominator up to the bound, or why there is none."""


@dataclass(frozen=True)
class Options:
    """What the caller of `recover` chose.

    Attributes
    ----------
    decimals
        How many decimals are right; None to find out.
    bound
        The largest D to try.
    progress
        Show progress bars on the standard error stream.
    """

    decimals: int | None = None
    bound: int = LARGEST_DENOMINATOR
    progress: bool = False

    @property
    def bounds(self) -> list[int]:
        """The bounds of D, one after the other."""
        return sorted({min(LIKELY_DENOMINATOR, self.bound), self.bound})


def roundings(tokens: Tokens, decimals: int | None, *, scale_free: bool) -> list[int]:
    """Return the numbers of decimals to try, in order.

    Last digits are often off, hence up to five less, and one less where the caller says how many
    are right. With noise beside them, such as 1.2e-16, short tokens are numbers of the shortest
    form, such as 2.0, and are known to as many digits as the noise. Where all values have as many
    significant digits, the largest ones have fewer decimals than the smallest ones.

    Examples
    --------
    >>> roundings(Tokens((("0.80902", "1.30902"),)), None, scale_free=False)
    [5, 4, 3, 2, 1]
    >>> roundings(Tokens((("2.0", "1.2e-16"),)), None, scale_free=False)
    [14, 13, 12, 11, 10, 9, 1, 0]
    """
    if decimals is not None:
        return [decimals, decimals - 1]
    told = tokens.decimals
    first = tokens.cap if tokens.has_noise else told
    tried = [first, first - 1]
    tried += [d for d in range(first - 2, first - _FEWER - 1, -1) if d > 0]
    later = {told, told - 1} - {*tried}
    if scale_free:
        later |= {min(told, tokens.significant_decimals)} - {*tried}
    return tried + sorted(later, reverse=True)


def first_proof(attempts: Sequence[Attempt[Found]], options: Options) -> Found:
    """Return the first proof.

    Raises
    ------
    NotGoldenError
        There is none; it tells the first rounding of those that leave the fewest open questions.
    """
    refusals: dict[int, Refusal] = {}
    for bound in options.bounds:
        for k, attempt in enumerate(attempts):
            if k in refusals and refusals[k].is_final:
                continue
            outcome = attempt.outcome(bound, options.progress)
            if not isinstance(outcome, Refusal):
                return outcome
            refusals[k] = outcome

    raise min(refusals.items(), key=lambda each: (each[1].unsettled, each[0]))[1].error()
