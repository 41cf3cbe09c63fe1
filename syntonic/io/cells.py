"""Coordinates that may be decimals or expressions in Q(φ), such as φ, 1/2 and (1+sqrt5)/2.

One expression makes the whole file exact. Beside it may stand integers, quotients, and decimals
that are multiples of 1/2, which nobody prints for anything else; other decimals are refused, as
they are not the numbers that are meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NoReturn

import numpy as np
from gmpy2 import mpz

from syntonic.errors import FormatError
from syntonic.exact.golden import GoldenExact
from syntonic.io.decimals import Rows, decimal, decimal_fault, plain_minus, sign_remedy
from syntonic.io.exact import common_denominator
from syntonic.tensor import ResonantTensor

__all__ = ["exact_tensor", "expression", "is_decimal", "points"]

_LONGEST = 1000
_LIKE_A_DECIMAL = re.compile(r"[0-9.eE+\-\u2212]+")
_BOTH_SIGNS = ("+-", "-+", "+/-", "-/+")


def is_decimal(token: str) -> bool:
    """Say whether a token is a decimal number, with either minus sign."""
    return decimal_fault(plain_minus(token)) is None


def expression(token: str) -> GoldenExact | None:
    """Return the value of an expression in Q(φ), or None if it is none, as a decimal is.

    Examples
    --------
    >>> expression("(1+√5)/2 - φ"), expression("√2")
    (GoldenExact(0), None)
    """
    if len(token) > _LONGEST or token.startswith(_BOTH_SIGNS) or _LIKE_A_DECIMAL.fullmatch(token):
        return None
    try:
        return GoldenExact.parse(token)
    except ValueError:
        return None


def points(
    rows: Sequence[Sequence[str]], fail: Callable[[int, str], NoReturn]
) -> tuple[Rows, ResonantTensor | None]:
    """Return coordinates as printed, and exactly if one of them is an expression.

    Parameters
    ----------
    rows
        The coordinates of each point, as they stand in the file; rows of one length.
    fail
        Raises FormatError for the row of this number.
    """
    exact = _first_expression(rows, fail)
    if exact is None:
        return tuple(tuple(map(plain_minus, row)) for row in rows), None
    known: dict[str, GoldenExact] = {}
    for k, row in enumerate(rows):
        for token in row:
            if token not in known:
                known[token] = _exact_value(token, exact, k, fail)
    return exact_tensor([[known[token] for token in row] for row in rows], fail)


def exact_tensor(
    values: Sequence[Sequence[GoldenExact]], fail: Callable[[int, str], NoReturn]
) -> tuple[Rows, ResonantTensor]:
    """Return exact points as decimals and as a tensor, if files may hold such numbers."""
    known: dict[GoldenExact, str] = {}
    common = mpz(1)
    for k, row in enumerate(values):
        for x in row:
            if x in known:
                continue
            try:
                known[x] = decimal(x)
                common = common_denominator(common, x.numerators()[2])
            except FormatError as error:
                fail(k, str(error))
    flat = np.array([x for row in values for x in row], dtype=object)
    rows = tuple(tuple(known[x] for x in row) for row in values)
    return rows, ResonantTensor(flat.reshape(len(values), -1))


def _first_expression(
    rows: Sequence[Sequence[str]], fail: Callable[[int, str], NoReturn]
) -> str | None:
    """Return the first token that is no decimal but an expression; fail at what is neither."""
    known: set[str] = set()
    first = None
    for k, row in enumerate(rows):
        for token in row:
            if token in known or is_decimal(token):
                continue
            if expression(token) is None:
                fail(k, _fault(token))
            known.add(token)
            first = first or token
    return first


def _fault(token: str) -> str:
    if len(token) > _LONGEST:
        return f"a number must have at most {_LONGEST} characters, got {len(token)}"
    remedy = sign_remedy(plain_minus(token))
    if token.startswith(_BOTH_SIGNS):
        remedy = "; write ± for both signs"
    return (
        "a coordinate must be a finite decimal number, or one in Q(φ) such as φ, 1/2 or "
        f"(1+sqrt5)/2, got {token[:30]!r}{remedy}"
    )


def _exact_value(
    token: str, beside: str, k: int, fail: Callable[[int, str], NoReturn]
) -> GoldenExact:
    if not is_decimal(token):
        value = expression(token)
        return GoldenExact(0) if value is None else value
    printed = Fraction(plain_minus(token))
    if 2 % printed.denominator:
        fail(
            k,
            f"the file mixes exact and printed numbers, {beside[:30]!r} and {token[:30]!r}; "
            "write all of them one way",
        )
    return GoldenExact(printed)
