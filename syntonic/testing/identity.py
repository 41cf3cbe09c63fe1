"""`assert_identity`: identities of polynomials and rational functions over Q(φ), proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from syntonic.errors import shown as integer_shown
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.convert import is_exact_scalar
from syntonic.testing.expressions import CONSTANTS, from_sympy_expression, from_text, is_sympy
from syntonic.testing.points import Degree, Point, beyond
from syntonic.testing.polynomial import Exponents, Expression, Polynomial, Quotient
from syntonic.testing.report import Lines, approximately, on_failure, shown, where

__all__ = ["NO_POLE", "IdentityProof", "assert_identity", "fraction", "names_of"]

__tracebackhide__ = on_failure

NO_POLE = "where no denominator is 0"
_MAX_EVALUATED = 10_000  # of a degree: beyond, a counterexample would be unreadable

_Function = Callable[..., Any]
_Side = Polynomial | Quotient | _Function


@dataclass(frozen=True)
class IdentityProof:
    """Say how an identity was proved.

    Attributes
    ----------
    method
        "expansion" or "evaluation".
    points
        How many evaluations the proof rests on; 0 for an expansion.
    assumption
        What was taken on trust: for an evaluation, that the callables are polynomials of at most
        the stated degree; where there are denominators, that none is 0; else empty.

    See Also
    --------
    assert_identity, assert_sequence_identity : what return it.

    Examples
    --------
    >>> from syntonic.testing import assert_identity
    >>> print(assert_identity("(x + phi)^2", "x^2 + 2*phi*x + phi + 1", "x"))
    proved by expansion
    """

    method: str
    points: int = 0
    assumption: str = ""

    def __str__(self) -> str:
        if not self.points:
            return ", ".join(filter(None, (f"proved by {self.method}", self.assumption)))
        plural = "s" * (self.points > 1)
        return f"proved by evaluation at {self.points} point{plural}, {self.assumption}"


def assert_identity(
    lhs: Any,
    rhs: Any,
    variables: str | Iterable[object],
    degree: int | Sequence[int] | Mapping[str, int] | None = None,
) -> IdentityProof:
    """Prove an identity of polynomials or rational functions over Q(φ), or show a counterexample.

    Parameters
    ----------
    lhs, rhs
        Each a string in the variables, phi (or φ) and sqrt5, such as "x^2 - phi*x*y" or
        "x/(x + phi)"; a SymPy expression; or a callable that takes the variables in order and
        returns a number, or an array or nested sequence of numbers, which are compared one by one.
    variables
        The names, as a sequence or in one string, "x y" or "x, y"; SymPy symbols will do.
    degree
        For callables: a bound of the degree of both sides, as an integer (total degree), or as a
        sequence or mapping with one for each variable. Without it callables are expanded.

    Returns
    -------
    IdentityProof
        Its text is "proved by expansion" or "proved by evaluation at 35 points, ...".

    Raises
    ------
    AssertionError
        The identity is false. The message has a point where it fails, both sides there, and
        their difference, all exact.
    TypeError
        A callable cannot be expanded and no degree is given, or it returns no exact numbers.
    ValueError
        A string or expression is no rational function of the variables, or has a denominator or a
        term beyond the stated degree where a callable is evaluated; or the variables or the degree
        are not well formed. Or it is too large: an expansion may take 2^18 products of terms at
        one sign and coefficients of 2^19 bits, an evaluation 10^6 points, a text about a thousand
        terms in one sum.

    See Also
    --------
    assert_exact_equal : of numbers and arrays.

    Notes
    -----
    *Expansion.* Strings and SymPy expressions are expanded; so is a callable without a degree: it
    is called once, with polynomials in place of numbers. These know + - * / and whole powers, and
    refuse comparison, so that a callable that gives a result has computed a rational function by
    field operations alone, and equal coefficients prove the identity: of two polynomials their
    own, of quotients a/b and c/d those of ad and bc. It holds where no denominator is 0.

    *Evaluation.* A callable with a degree is called with GoldenExact numbers, at (d_1+1)...(d_n+1)
    points if the degree in the i-th variable is at most d_i, at binomial(n+d, n) points if the
    total degree is at most d. If it *is* a polynomial over Q(φ) within the stated degree, its
    values there determine it (`syntonic.testing.points` has the proof). That it is one, is your
    statement: one further point is tried, which finds most slips, but proves nothing.

    References
    ----------
    .. [1] N. Alon, "Combinatorial Nullstellensatz", Combinatorics, Probability and Computing 8
       (1999), Lemma 2.1.

    Examples
    --------
    >>> print(assert_identity("x^2 - x*y - y^2", "(x - phi*y)*(x + y/phi)", "x y"))
    proved by expansion
    >>> print(assert_identity("1/(x - phi) - 1/(x - 1 + phi)", "sqrt5/(x^2 - x - 1)", "x"))
    proved by expansion, where no denominator is 0
    >>> from syntonic import PHI
    >>> print(assert_identity(lambda x: x**5 - 1, lambda x: (x - 1) *
    ...     (x**2 + PHI*x + 1) * (x**2 + (1 - PHI)*x + 1), "x", degree=5))
    proved by evaluation at 6 points, for polynomials of total degree <= 5
    >>> assert_identity("(x + y)^2", "x^2 + y^2", "x y")
    Traceback (most recent call last):
        ...
    AssertionError: assert_identity: the sides differ
      counterexample:
        x         = φ
        y         = φ
        lhs       = 4 + 4φ
        rhs       = 2 + 2φ
        lhs - rhs = 2 + 2φ ≈ 5.23607
    """
    names = names_of(variables, "assert_identity")
    left, right = (_read(side, names, name) for side, name in ((lhs, "lhs"), (rhs, "rhs")))
    stated = None if degree is None else Degree.stated(degree, names)
    known = (Polynomial, Quotient)
    if stated is None or (isinstance(left, known) and isinstance(right, known)):
        return _by_expansion(_expanded(left, "lhs", names), _expanded(right, "rhs", names), names)
    return _by_evaluation(left, right, stated, names)


def names_of(variables: Any, caller: str, reserved: Sequence[str] = ()) -> list[str]:
    """Return the names in a string or sequence; ValueError if they cannot be variables."""
    taken = (*CONSTANTS, *reserved)
    listed = variables.replace(",", " ").split() if isinstance(variables, str) else variables
    names = [str(v) for v in (listed if isinstance(listed, Iterable) else [listed])]
    wrong = [n for n in names if not n.isidentifier() or n in taken or names.count(n) > 1]
    if wrong:
        raise ValueError(
            f"{caller}: variables must be different names, none of them {', '.join(taken)}, got "
            f"{wrong[0]!r}"
        )
    return names


def _read(side: Any, names: Sequence[str], name: str) -> _Side:
    if isinstance(side, str):
        return from_text(side, names)
    if is_sympy(side):
        return from_sympy_expression(side, names)
    if is_exact_scalar(side):
        return Polynomial.constant(side, len(names))
    if callable(side):
        return side
    raise TypeError(
        f"assert_identity: {name} must be a string, a SymPy expression, an exact number or a "
        f"callable, got {type(side).__name__}"
    )


# -- expansion ------------------------------------------------------------------------------


def _expanded(side: _Side, name: str, names: Sequence[str]) -> Any:
    """Return an object array of polynomials and quotients: 0-d for one."""
    result: Any = side
    if not isinstance(side, (Polynomial, Quotient)):
        try:
            result = side(*Polynomial.variables(len(names)))
        except (TypeError, AttributeError, ValueError, OverflowError) as error:
            raise TypeError(
                f"assert_identity: {name} cannot be expanded: {error}; state the degree, and it "
                "is evaluated instead"
            ) from error
    out = np.array(result, dtype=object)
    for index in np.ndindex(out.shape):
        if not isinstance(out[index], (Polynomial, Quotient)):
            out[index] = Polynomial.constant(_exact(out[index], name), len(names))
    return out


def _by_expansion(left: Any, right: Any, names: Sequence[str]) -> IdentityProof:
    _require_one_shape(left, right)
    divided = False
    for index in np.ndindex(left.shape):
        (a, b), (c, d) = map(fraction, (left[index], right[index]))
        x, y = (a, c) if b.terms == d.terms else (a * d, b * c)
        difference = x - y
        if difference.terms:
            if (highest := max(difference.terms, key=sum)) and sum(highest) > _MAX_EVALUATED:
                raise AssertionError(_other_coefficient(x, y, highest, names))
            # Not zero, nor are the denominators, so it fails at one of these points.
            whole = difference * b * d
            point = next(p for p in Degree.of(whole).points() if whole(p))
            values = left[index](point), right[index](point)
            raise AssertionError(_counterexample(point, index, values, names))
        divided = divided or b.value is None or d.value is None
    return IdentityProof("expansion", 0, NO_POLE if divided else "")


def fraction(x: Expression) -> tuple[Polynomial, Polynomial]:
    """Return numerator and denominator."""
    if isinstance(x, Quotient):
        return x.upper, x.lower
    return x, Polynomial.constant(1, x.arity)


# -- evaluation -----------------------------------------------------------------------------


def _by_evaluation(
    left: _Side, right: _Side, degree: Degree, names: Sequence[str]
) -> IdentityProof:
    degree.require_few_points()
    for side, name in ((left, "lhs"), (right, "rhs")):
        if isinstance(side, Quotient):
            raise ValueError(
                f"assert_identity: {name} must have no denominator where a degree is stated; "
                "multiply both sides with it, or leave the degree out"
            )
        if isinstance(side, Polynomial) and not all(map(degree.allows, side.terms)):
            raise ValueError(
                f"assert_identity: {name} has a term beyond {degree}; state a larger degree"
            )
    for point in degree.points():
        _compare(left, right, point, names)
    _compare(left, right, beyond(len(names)), names)
    return IdentityProof("evaluation", degree.count, f"for polynomials of {degree}")


def _compare(left: _Side, right: _Side, point: Point, names: Sequence[str]) -> None:
    x, y = (_value(side, point, n) for side, n in ((left, "lhs"), (right, "rhs")))
    _require_one_shape(x, y)
    for index in np.ndindex(x.shape):
        values = _exact(x[index], "lhs"), _exact(y[index], "rhs")
        if values[0] != values[1]:
            raise AssertionError(_counterexample(point, index, values, names))


def _value(side: _Side, point: Point, name: str) -> Any:
    try:
        result = side(point) if isinstance(side, (Polynomial, Quotient)) else side(*point)
    except Exception as error:
        error.add_note(f"assert_identity: {name} was called at ({', '.join(map(str, point))})")
        raise
    return np.array(result, dtype=object)


# -- both -----------------------------------------------------------------------------------


def _exact(x: Any, name: str) -> GoldenExact:
    if is_exact_scalar(x):
        return GoldenExact(x)
    raise TypeError(
        f"assert_identity: {name} must give exact numbers, got {type(x).__name__}; "
        "use GoldenExact, PHI and SQRT5 in place of floats"
    )


def _require_one_shape(x: Any, y: Any) -> None:
    if x.shape != y.shape:
        raise AssertionError(
            f"assert_identity: both sides must have one shape, got {x.shape} and {y.shape}"
        )


def _other_coefficient(
    left: Polynomial, right: Polynomial, exponents: Exponents, names: Sequence[str]
) -> str:
    term = "*".join(f"{n}^{integer_shown(e)}" for n, e in zip(names, exponents, strict=True) if e)
    x, y = (shown(side.terms.get(exponents, GoldenExact(0))) for side in (left, right))
    return f"assert_identity: the sides differ in the coefficient of {term}: {x} and {y}"


def _counterexample(
    point: Point,
    index: tuple[int, ...],
    values: tuple[GoldenExact, GoldenExact],
    names: Sequence[str],
) -> str:
    lines: Lines = [
        *((name, shown(x)) for name, x in zip(names, point, strict=True)),
        ("lhs", shown(values[0])),
        ("rhs", shown(values[1])),
        ("lhs - rhs", approximately(values[0] - values[1])),
    ]
    label = "counterexample, for the element" if index else "counterexample"
    return f"assert_identity: the sides differ\n{where(label, index, lines)}"
