"""`assert_sequence_identity`: identities of φⁿ, (-1)ⁿ, F(n) and L(n), proved for all integers n.

With u = φⁿ and e = (-1)ⁿ, Binet's formulas are F(n) = (u - e/u)/√5 and L(n) = u + e/u. So for n
even, and for n odd, a side is a rational function of n and u. If two such functions agree for all
n of one parity, they are equal: their difference, cleared of denominators, is Σ p_k(n) u^k with
polynomials p_k, and the sum that grows fastest, that of the largest k, is not outgrown by the
others, whose bases φ^k are smaller. In several indices this holds for one after the other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from syntonic.errors import shown as integer_shown
from syntonic.exact.golden import PHI, SQRT5, GoldenExact
from syntonic.testing.expressions import Reader
from syntonic.testing.identity import NO_POLE, IdentityProof, fraction, names_of
from syntonic.testing.polynomial import Exponents, Expression, Polynomial
from syntonic.testing.report import Lines, approximately, on_failure, shown, where

__all__ = ["assert_sequence_identity"]

__tracebackhide__ = on_failure

_WHERE = "assert_sequence_identity"
_MAX_MULTIPLE = 10_000  # of an index, and the constant beside it
_MAX_INDICES = 6  # 64 parities

Parities = tuple[int, ...]
Linear = tuple[int, list[int]]


def assert_sequence_identity(
    lhs: str, rhs: str, indices: str | Iterable[object] = "n"
) -> IdentityProof:
    """Prove an identity of powers, Fibonacci and Lucas numbers for all integers n.

    Parameters
    ----------
    lhs, rhs
        Strings in the indices: F(...) and L(...) of sums of them with integers, such as
        F(2*n - m + 1); powers of φ, of -1 and of other units of Z[φ], such as (-1/phi)^n; the
        indices themselves; phi, sqrt5, numbers, + - * / and whole powers.
    indices
        The names, at most six, as a sequence or in one string, "m n" or "m, n".

    Returns
    -------
    IdentityProof
        Its text is "proved by expansion in φ^n for n even and odd".

    Raises
    ------
    AssertionError
        The identity is false. The message has integers for which it fails, both sides there, and
        their difference, all exact.
    TypeError
        A side is no string.
    ValueError
        A string is not built of these; or an exponent or argument is no sum of multiples of
        indices and an integer, of at most 10^4 each.

    See Also
    --------
    assert_identity : of polynomials and rational functions.

    Notes
    -----
    F(-n) = -(-1)ⁿF(n) and L(-n) = (-1)ⁿL(n), so that an identity holds for negative n, too. For
    each parity of each index the difference is expanded as a polynomial in the indices and in
    u = φⁿ, v = φᵐ, ...; it must vanish, and if it does not, the identity fails somewhere.

    References
    ----------
    .. [1] R. L. Graham, D. E. Knuth, O. Patashnik, *Concrete Mathematics*, 2nd ed., 1994,
       section 6.6.

    Examples
    --------
    >>> print(assert_sequence_identity("F(n-1)*F(n+1) - F(n)^2", "(-1)^n"))  # Cassini
    proved by expansion in φ^n for n even and odd
    >>> print(assert_sequence_identity(  # d'Ocagne
    ...     "F(m)*F(n+1) - F(m+1)*F(n)", "(-1)^n * F(m-n)", "m n"))
    proved by expansion in φ^m, φ^n for m, n even and odd
    >>> assert_sequence_identity("F(2*n)", "F(n)^2")
    Traceback (most recent call last):
        ...
    AssertionError: assert_sequence_identity: the sides differ
      counterexample:
        n         = -1
        lhs       = -1
        rhs       = 1
        lhs - rhs = -2
    """
    names = names_of(indices, _WHERE, reserved=("F", "L"))
    for name, side in (("lhs", lhs), ("rhs", rhs)):
        if not isinstance(side, str):
            raise TypeError(
                f"{_WHERE}: {name} must be a string such as 'F(n)^2', got {type(side).__name__}"
            )
    if not 1 <= len(names) <= _MAX_INDICES:
        raise ValueError(f"{_WHERE}: there must be 1 to {_MAX_INDICES} indices, got {len(names)}")
    wrong: dict[Parities, tuple[Expression, ...]] = {}
    divided = False
    for parities in product((0, 1), repeat=len(names)):
        sides = tuple(_Reader(side, names, parities).result() for side in (lhs, rhs))
        (a, b), (c, d) = map(fraction, sides)
        if (a * d - b * c).terms:
            wrong[parities] = sides
        divided = divided or any(_has_poles(x, len(names)) for x in (b, d))
    if wrong:
        raise AssertionError(_counterexample(wrong, names))
    powers, listed = ", ".join(f"φ^{name}" for name in names), ", ".join(names)
    method = f"expansion in {powers} for {listed} even and odd"
    return IdentityProof(method, 0, NO_POLE if divided else "")


def _has_poles(denominator: Polynomial, n: int) -> bool:
    """Return whether a denominator can be 0: it is not a power of φⁿ, φᵐ, ... alone."""
    exponents = list(denominator.terms)
    return len(exponents) != 1 or any(exponents[0][:n])


class _Reader(Reader):
    """Reads a side, for indices of given parities, in the indices n, m, ... and φⁿ, φᵐ, ..."""

    rule = f"{_WHERE}: a side must be built of F, L, powers and indices such as 'F(n)*L(n + 1)'"

    def __init__(self, text: str, names: list[str], parities: Parities) -> None:
        self.indices = len(names)
        self.parities = parities
        variables = Polynomial.variables(2 * self.indices)
        self.units = variables[self.indices :]
        super().__init__(text, dict(zip(names, variables, strict=False)))

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Call(func=ast.Name(id="F"), args=[argument], keywords=[]):
                power, conjugate = self._powers(argument)
                return (power - conjugate) / SQRT5
            case ast.Call(func=ast.Name(id="L"), args=[argument], keywords=[]):
                power, conjugate = self._powers(argument)
                return power + conjugate
        return super().read(node)

    def power(self, base: Expression, exponent: ast.expr) -> Any:
        if self.read(exponent).value is not None:
            return super().power(base, exponent)
        from syntonic.integers import unit_log

        value = base.value
        if value is None or not value.is_unit():
            raise TypeError(
                "only units of Z[φ], such as phi, -1 and -1/phi, may have an index in the exponent"
            )
        sign, k = unit_log(value)
        form = self._linear(exponent)
        return (1 if sign > 0 else self._sign(form)) * self._phi_power(form, k)

    def _powers(self, argument: ast.expr) -> tuple[Any, Any]:
        """Return φ^k and its conjugate (-1/φ)^k."""
        form = self._linear(argument)
        return self._phi_power(form), self._sign(form) * self._phi_power(form, -1)

    def _linear(self, node: ast.expr) -> Linear:
        """Return an exponent as an integer and the multiples of the indices added to it."""
        value = self.read(node)
        polynomial = isinstance(value, Polynomial)
        terms: dict[Exponents, GoldenExact] = {**value.terms} if polynomial else {(2,): PHI}
        linear = all(sum(e) <= 1 and not any(e[self.indices :]) for e in terms)
        if not (linear and all(c.is_integral() and c.is_rational() for c in terms.values())):
            raise TypeError("an exponent or argument must be a sum of indices and integers")
        if (largest := max(map(abs, terms.values()), default=GoldenExact(0))) > _MAX_MULTIPLE:
            raise TypeError(
                f"an exponent or argument must have multiples of at most {_MAX_MULTIPLE}, got "
                f"{integer_shown(int(largest))}"
            )
        multiples = [0] * self.indices
        constant = int(terms.pop((0,) * self.arity, GoldenExact(0)))
        for exponents, c in terms.items():
            multiples[exponents.index(1)] = int(c)
        return constant, multiples

    def _sign(self, form: Linear) -> int:
        constant, multiples = form
        pairs = zip(multiples, self.parities, strict=True)
        return -1 if (constant + sum(c * parity for c, parity in pairs)) % 2 else 1

    def _phi_power(self, form: Linear, k: int = 1) -> Any:
        """Return φ to k times an exponent."""
        constant, multiples = form
        out: Any = self.constant(PHI ** (k * constant))
        for unit, c in zip(self.units, multiples, strict=True):
            out = out * unit ** (k * c)
        return out


def _counterexample(wrong: Mapping[Parities, Any], names: list[str]) -> str:
    for numbers in _near_zero(len(names)):
        sides = wrong.get(tuple(n % 2 for n in numbers))
        point = [*map(GoldenExact, numbers), *(PHI**n for n in numbers)]
        try:
            values = [side(point) for side in sides or ()]
        except ZeroDivisionError:
            continue
        if values and values[0] != values[1]:
            break
    x, y = values
    lines: Lines = [
        *((name, str(n)) for name, n in zip(names, numbers, strict=True)),
        ("lhs", shown(x)),
        ("rhs", shown(y)),
        ("lhs - rhs", approximately(x - y)),
    ]
    return f"{_WHERE}: the sides differ\n{where('counterexample', (), lines)}"


def _near_zero(count: int) -> Iterator[tuple[int, ...]]:
    """Yield all tuples of integers, by the largest in size."""
    size = 0
    while True:
        near = [0, *(sign * k for k in range(1, size + 1) for sign in (1, -1))]
        yield from (each for each in product(near, repeat=count) if max(map(abs, each)) == size)
        size += 1
