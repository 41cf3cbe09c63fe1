"""Lists of coordinates as papers print them: "(0, ±1, ±φ) and cyclic permutations".

A line holds one or more vectors in parentheses, or one without. Every ± stands for both signs,
each by itself. The words "cyclic", "even", "odd" or "all permutations" (or just "permutations")
belong to the vectors of their line; on a line without vectors, to those of all lines that follow.
A point that comes out several times is taken once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations, product
from math import factorial, prod

from syntonic.exact.golden import GoldenExact
from syntonic.io.cells import expression, is_decimal
from syntonic.io.decimals import plain_minus
from syntonic.io.files import Line

__all__ = ["expanded", "looks_like_list"]

_BOTH = "±"
_PHRASE = re.compile(
    r"[(\[]?\s*(?:and|with|or|plus)?\s*(?:all|the|their|its)?\s*(?:of\s+)?(?:the|their|its)?\s*"
    r"(?P<kind>cyclic|even|odd|all)?\s*permutations?(?:\s+of)?\s*:?\s*[)\]]?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:and|,|;|\.|:|\s)*", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;\t]")
_LONGEST_LINE = 10_000
_MOST_POINTS = 200_000


def looks_like_list(text: str) -> bool:
    """Say whether a line is more than a row of a table."""
    if len(text) > _LONGEST_LINE:
        return False
    if _BOTH in text or "permutation" in text.lower():
        return True
    return text.lstrip()[:1] in ("(", "[") and bool(_vectors(text)[0])


def expanded(lines: list[Line]) -> list[Line]:
    """Return a line for each of the points; each line given is one token, its text.

    Raises
    ------
    FormatError
        If a line has another form, or there would be more than 200,000 points.
    """
    points: dict[tuple[object, ...], Line] = {}
    kind, count = "", 0
    for line in lines:
        text = line.tokens[0]
        if len(text) > _LONGEST_LINE:
            line.fail(f"a line must have at most {_LONGEST_LINE} characters, got {len(text)}")
        phrases = [(match["kind"] or "all").lower() for match in _PHRASE.finditer(text)]
        text = _PHRASE.sub(" ", text)
        if len(phrases) > 1:
            line.fail("a line must name one kind of permutations, got several")
        vectors = _split(text, line)
        if not vectors:
            kind = phrases[0] if phrases else kind
        for cells in vectors:
            here = phrases[0] if phrases else kind
            count += 2 ** sum(_BOTH in cell for cell in cells) * _orders(here, len(cells))
            if count > _MOST_POINTS:
                line.fail(f"signs and permutations must give at most {_MOST_POINTS} points")
            for key, tokens in _points(cells, here, line):
                points.setdefault(key, Line(tokens, line.number, line.path))
    return list(points.values())


def _split(text: str, line: Line) -> list[list[str]]:
    """Return the cells of the vectors of a line."""
    vectors, rest = _vectors(text)
    if not vectors:
        rest, text = "", text.strip().rstrip(".,;:")
        vectors = [text] if text else []
    if _BETWEEN.fullmatch(rest) is None:
        line.fail(
            "vectors may stand beside cyclic, even, odd or all permutations, and nothing else, "
            f"got {rest.strip()[:40]!r}"
        )
    return [_cells(vector) for vector in vectors]


def _vectors(text: str) -> tuple[list[str], str]:
    """Return what the outer parentheses that hold a separator have inside, and what is outside."""
    inside, outside = [], ""
    depth = start = 0
    for k, character in enumerate(text):
        if character in "([":
            start = k + 1 if depth == 0 else start
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
            if depth == 0 and _SEPARATORS.search(text[start:k]):
                inside.append(text[start:k])
            elif depth == 0:
                outside += text[start - 1 : k + 1]
        elif depth == 0:
            outside += character
    return inside, outside + (text[start:] if depth else "")


def _cells(vector: str) -> list[str]:
    separator = next((each for each in "\t;," if each in vector), None)
    return [cell.strip() for cell in vector.split(separator)]


def _points(
    cells: list[str], kind: str, line: Line
) -> Iterator[tuple[tuple[object, ...], list[str]]]:
    """Yield the values and the tokens of each point, some of them several times."""
    values: dict[str, object] = {}
    choices = []
    for cell in cells:
        plus = cell.removeprefix(_BOTH).strip()
        minus = _negative(plus)
        choices.append([plus] if plus == cell else [plus, minus])
        if _BOTH in plus:
            line.fail(f"± must stand at the beginning of a coordinate, got {cell[:30]!r}")
        for token in choices[-1]:
            values[token] = _value(token)
    for signed in product(*choices):
        for order in _permuted(signed, kind):
            yield tuple(values[token] for token in order), list(order)


def _negative(token: str) -> str:
    if is_decimal(token) and not token.startswith(("+", "-", "\u2212")):
        return f"-{token}"
    return f"-({token})"


def _value(token: str) -> object:
    """Return a number to tell points apart by; what is no number is found later."""
    if is_decimal(token):
        return GoldenExact(Fraction(plain_minus(token)))
    value = expression(token)
    return token if value is None else value


def _orders(kind: str, n: int) -> int:
    if kind == "cyclic":
        return n
    if not kind:
        return 1
    return factorial(n) if n <= 20 else _MOST_POINTS + 1


def _permuted(point: tuple[str, ...], kind: str) -> Iterator[tuple[str, ...]]:
    if not kind:
        yield point
    elif kind == "cyclic":
        for k in range(len(point)):
            yield point[k:] + point[:k]
    else:
        for order in permutations(range(len(point))):
            if kind == "all" or _is_even(order) == (kind == "even"):
                yield tuple(point[k] for k in order)


def _is_even(order: tuple[int, ...]) -> bool:
    pairs = ((j - i) for k, j in enumerate(order) for i in order[:k])
    return prod(1 if gap > 0 else -1 for gap in pairs) > 0
