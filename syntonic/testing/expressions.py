"""The sides of an identity as polynomials or quotients: from text, and from SymPy expressions."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from math import comb
from typing import Any

from syntonic.exact.golden import PHI, SQRT5, GoldenExact
from syntonic.testing.polynomial import Expression, Polynomial, Quotient

__all__ = ["CONSTANTS", "Reader", "from_sympy_expression", "from_text", "is_sympy"]

_MAX_EXPONENT = 10_000  # SymPy holds a coefficient for each exponent
_MAX_TERMS = 2048

CONSTANTS = {"phi": PHI, "φ": PHI, "sqrt5": SQRT5}

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def from_text(text: str, names: Sequence[str]) -> Expression:
    """Read a polynomial such as "x^2 - (phi + 1/phi)*x*y + sqrt(5)/2", or a quotient of them.

    Parameters
    ----------
    text
        Numbers (decimals are exact), the variables, phi or φ, sqrt5 or sqrt(...), + - * /,
        powers as ^ or **, and parentheses. No product sign may be left out.
    names
        The variables, in order.

    Raises
    ------
    ValueError
        The text has another form, or divides by 0.
    """
    return Reader(text, dict(zip(names, Polynomial.variables(len(names)), strict=True))).result()


def _unreadable(source: str, problem: str) -> ValueError:
    return ValueError(f"{Reader.rule}, got {source[:80]!r}: {problem}")


class Reader:
    """Compute with polynomials what a text says; nothing else can happen.

    Parameters
    ----------
    text
        Numbers, names, + - * /, powers and parentheses.
    variables
        What the names stand for.
    """

    rule = "assert_identity: a side must be a polynomial such as 'phi*x^2 - 3*x*y'"

    def __init__(self, text: str, variables: Mapping[str, Polynomial]) -> None:
        self.source = text.strip().replace("^", "**")
        self.arity = max((x.arity for x in variables.values()), default=0)
        self.scope = {name: self.constant(c) for name, c in CONSTANTS.items()} | {**variables}

    def result(self) -> Expression:
        """Return what the text says; ValueError where it says nothing."""
        try:
            return self.read(ast.parse(self.source, mode="eval").body)
        except SyntaxError as error:
            long = "int_max_str_digits" in error.msg or "4300 digits" in error.msg
            problem = "it has a number of too many digits" if long else error.msg
            raise self.unreadable(f"it does not parse: {problem}") from None
        except (TypeError, ZeroDivisionError, OverflowError) as error:
            raise self.unreadable(str(error)) from error
        except (RecursionError, MemoryError):  # MemoryError is what the parser's own stack raises
            raise self.unreadable(
                "it has more terms in one sum or product, or deeper parentheses, than Python reads "
                "(about a thousand); split the identity, or pass callables and their degree",
            ) from None

    def unreadable(self, problem: str) -> ValueError:
        """Return the error that says what a side must be."""
        return ValueError(f"{self.rule}, got {self.source[:80]!r}: {problem}")

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                # From its digits: the float has lost the decimal.
                digits = ast.get_source_segment(self.source, node) or ""
                return self.constant(GoldenExact.parse(digits.replace("_", "")))
            case ast.Name(id=name) if name in self.scope:
                return self.scope[name]
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return self.power(self.read(left), right)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self.read(left), self.read(right))
            case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
                return self.constant(self.number(argument).sqrt())
            case _:
                raise self.not_understood(node)

    def power(self, base: Expression, exponent: ast.expr) -> Any:
        """Return a power."""
        return base ** self.number(exponent)

    def constant(self, c: GoldenExact) -> Polynomial:
        """Return a number as a polynomial."""
        return Polynomial.constant(c, self.arity)

    def number(self, node: ast.expr) -> GoldenExact:
        """Return what must be a number."""
        value: GoldenExact | None = self.read(node).value
        if value is None:
            raise TypeError("an exponent or radicand must be a number")
        return value

    def not_understood(self, node: ast.expr) -> ValueError:
        """Return the error for a part that means nothing here."""
        part = ast.get_source_segment(self.source, node) or self.source
        known = ", ".join(self.scope)
        return self.unreadable(f"{part[:40]!r} is not understood; the names are {known}")


def _is_long(terms: int, n: int) -> bool:
    """Tell whether SymPy would take more than seconds to expand the n-th power of a sum."""
    return n > _MAX_EXPONENT or comb(n + terms - 1, n) > _MAX_TERMS


def is_sympy(side: Any) -> bool:
    """Return whether a side is a SymPy expression, without importing SymPy."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(side, sympy.Expr)


def from_sympy_expression(side: Any, names: Sequence[str]) -> Expression:
    """Expand a SymPy expression; its symbols are known by their names.

    Raises
    ------
    ValueError
        It is no rational function of the variables over Q(φ).
    """
    from sympy import PolynomialError, Pow, Symbol, fraction, together

    from syntonic.interop.sympy import from_sympy

    if not names:  # Poly needs a generator
        return Polynomial.constant(from_sympy(side), 0)
    for power in side.atoms(Pow):
        terms = len(power.base.args) if power.base.is_Add else 1
        if power.exp.is_Integer and power.free_symbols and _is_long(terms, abs(int(power.exp))):
            problem = f"a power of {terms} terms has too large an exponent to be expanded"
            raise _unreadable("a SymPy expression", problem)
    found = {symbol.name: symbol for symbol in side.free_symbols}
    symbols = [found.get(name, Symbol(name)) for name in names]
    try:
        return _from_terms(side, symbols)
    except PolynomialError:
        upper, lower = fraction(together(side))
    try:
        return Quotient(_from_terms(upper, symbols), _from_terms(lower, symbols))
    except PolynomialError as error:
        raise _unreadable(str(side), str(error)) from error


def _from_terms(side: Any, symbols: Sequence[Any]) -> Polynomial:
    from sympy import Poly

    from syntonic.interop.sympy import from_sympy

    terms = Poly(side, *symbols).terms()
    return Polynomial(len(symbols), {exponents: from_sympy(c) for exponents, c in terms})
