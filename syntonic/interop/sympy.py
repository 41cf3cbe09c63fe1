"""To and from SymPy: expressions, matrices and arrays, the domain QQ<sqrt(5)>.

Nothing on the way is a float. An expression enters only if it provably lies in Q(φ): by exact
evaluation where its parts lie there, else by its minimal polynomial.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.errors import NotGoldenError, PhaseError, ShapeError
from syntonic.exact.golden import PHI, GoldenExact
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactScalar

if TYPE_CHECKING:
    from sympy import Basic

__all__ = ["from_domain", "from_sympy", "golden_domain", "lambdify", "to_domain",
           "to_domain_matrix", "to_sympy"]  # fmt: skip


def __dir__() -> list[str]:
    return [*__all__]


_FORMS, _SHOWN = ("sqrt5", "phi"), 80


def to_sympy(x: ResonantTensor | ExactScalar, *, form: str = "sqrt5") -> Basic:
    """Return an exact number or tensor as a SymPy object.

    Parameters
    ----------
    x
        An exact scalar or a crystallized tensor.
    form
        "sqrt5" writes numbers as r + s·sqrt(5), the normal form of SymPy's own simplifications;
        "phi" as a + b·GoldenRatio.

    Returns
    -------
    sympy object
        An expression for a scalar or a 0-d tensor, a Matrix for two axes, else an
        ImmutableDenseNDimArray.

    Raises
    ------
    PhaseError
        The tensor is in flux.
    ValueError
        There is no such form.

    See Also
    --------
    from_sympy : the other way.
    to_domain, to_domain_matrix : elements of SymPy's polynomial ring, which compute faster.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> to_sympy(PHI / 3), to_sympy(PHI / 3, form="phi")
    (1/6 + sqrt(5)/6, GoldenRatio/3)
    >>> to_sympy(ResonantTensor([[1, PHI], [0, 2]]), form="phi").det()
    2
    """
    import sympy

    if form not in _FORMS:
        raise ValueError(f"to_sympy: form must be one of {', '.join(_FORMS)}, got {form!r}")
    if not isinstance(x, ResonantTensor):
        return _expression(GoldenExact(x), form)
    values = _scalars(x, "to_sympy")
    entries = [_expression(v, form) for v in values.flat]
    if x.ndim == 0:
        return entries[0]
    if x.ndim == 2:
        return sympy.Matrix(*x.shape, entries)
    return sympy.ImmutableDenseNDimArray(entries, x.shape)


def _expression(x: GoldenExact, form: str) -> Any:
    from sympy import GoldenRatio, Rational, sympify

    if form == "sqrt5":
        return sympify(x)
    p, q, d = (int(n) for n in x.numerators())
    return Rational(p, d) + Rational(q, d) * GoldenRatio


def _scalars(x: ResonantTensor, caller: str) -> Any:
    if not x.is_crystallized:
        raise PhaseError(
            f"{caller}: the tensor must be crystallized, got flux; call .crystallize() first"
        )
    return np.asarray(x)


def from_sympy(x: Any) -> Any:
    """Return the exact golden value of a SymPy object.

    Parameters
    ----------
    x
        An expression without free symbols (or what `sympify` makes one of); a Matrix, an
        N-dimensional array or a DomainMatrix of such. A domain element goes to `from_domain`.

    Returns
    -------
    GoldenExact or ResonantTensor
        A scalar for an expression, else a tensor of the same shape.

    Raises
    ------
    NotGoldenError
        An expression is not in Q(φ), or is not algebraic: a ValueError.
    TypeError
        It has free symbols or floating-point numbers, or is no number at all.
    ZeroDivisionError
        It divides by what is zero after all.

    See Also
    --------
    to_sympy : the other way.

    Notes
    -----
    Integers, fractions, GoldenRatio, sums, products, integer powers, and square roots of squares
    of the field are evaluated in the field. Where a part is not in it, as in
    cbrt(2 + sqrt(5)) = φ, SymPy computes the minimal polynomial of the whole over Q: the value
    is in Q(φ) exactly if that is linear, or quadratic with a discriminant of 5 times a square.
    Which of its two roots it is, the sign of 2x - trace says, for which SymPy's interval
    bounds are refined until they exclude 0. Deep nests of radicals can take long.

    Examples
    --------
    >>> from sympy import GoldenRatio, cbrt, cos, pi, sqrt
    >>> from_sympy(cos(pi / 5)), from_sympy(3 / GoldenRatio), from_sympy(cbrt(2 + sqrt(5)))
    (GoldenExact(0, '1/2'), GoldenExact(-3, 3), GoldenExact(0, 1))
    >>> from_sympy(cos(pi / 7))
    Traceback (most recent call last):
        ...
    syntonic.errors.NotGoldenError: from_sympy: the value must lie in Q(φ), got cos(pi/7), which
    has degree 3 over Q
    """
    import sympy
    from sympy.polys.matrices import DomainMatrix

    if isinstance(x, DomainMatrix):
        rows = x.to_Matrix()
        return _tensor([from_sympy(e) for e in rows], x.shape)
    if isinstance(x, (sympy.MatrixBase, sympy.NDimArray)):
        return _tensor([from_sympy(e) for e in sympy.flatten(x)], x.shape)
    expression = None if isinstance(x, str) else sympy.sympify(x)
    if not isinstance(expression, sympy.Expr):
        raise TypeError(
            f"from_sympy: x must be an expression, a matrix or an array, got {type(x).__name__}"
            "; GoldenExact.parse reads text"
        )
    if expression.free_symbols:
        names = ", ".join(sorted(map(str, expression.free_symbols)))
        raise TypeError(f"from_sympy: a number has no free symbols, got {names}; substitute them")
    if expression.has(sympy.Float):
        raise TypeError(
            "from_sympy: the numbers must be exact, got a Float; use sympy.Rational, or "
            "syntonic.identify to guess what it stands for"
        )
    value = _evaluated(expression)
    return _recognised(expression) if value is None else value


def _tensor(values: list[Any], shape: tuple[int, ...]) -> ResonantTensor:
    data = np.empty(len(values), dtype=object)
    data[:] = values
    return ResonantTensor(data.reshape(shape))


def _evaluated(e: Any) -> GoldenExact | None:
    """Return the value of an expression all parts of which lie in the field, else None."""
    import sympy

    if e.is_Rational:
        return GoldenExact(Fraction(int(e.p), int(e.q)))
    if e == sympy.GoldenRatio:
        return PHI
    if not (e.is_Add or e.is_Mul or e.is_Pow):
        return None
    if e.is_Pow:
        return _power(e.base, e.exp)
    total = GoldenExact(0 if e.is_Add else 1)
    for argument in e.args:
        value = _evaluated(argument)
        if value is None:
            return None
        total = total + value if e.is_Add else total * value
    return total


def _power(base: Any, exponent: Any) -> GoldenExact | None:
    """Return base^exponent for a whole or half exponent, None where it is not in the field."""
    value = _evaluated(base)
    if value is None or not (2 * exponent).is_Integer:
        return None
    if exponent.is_Integer:
        return value ** int(exponent)
    # The principal root: SymPy's, too, is the positive one.
    return value.sqrt() ** int(2 * exponent) if value.is_square() else None


def _recognised(e: Any) -> GoldenExact:
    """Return the value of an algebraic expression by its minimal polynomial."""
    import sympy

    try:
        polynomial = sympy.minimal_polynomial(e, sympy.Dummy("x"), polys=True)
    except (sympy.polys.polyerrors.NotAlgebraic, NotImplementedError) as error:
        raise _not_golden(e, "which is not recognised as an algebraic number") from error
    coefficients = [int(c) for c in polynomial.all_coeffs()]
    if len(coefficients) == 2:
        return GoldenExact(Fraction(-coefficients[1], coefficients[0]))
    if len(coefficients) > 3:
        raise _not_golden(e, f"which has degree {len(coefficients) - 1} over Q")
    a, b, c = coefficients
    discriminant = GoldenExact(b * b - 4 * a * c)  # no rational square: x would be rational
    if not discriminant.is_square():
        raise _not_golden(e, f"which has discriminant {discriminant}, not 5 times a square")
    # x = (-b ± √discriminant)/2a with a > 0: the sign is that of 2ax + b, which is not 0.
    sign = 1 if sympy.re(2 * a * e + b).evalf(30, strict=True) > 0 else -1
    return (sign * discriminant.sqrt() - b) / (2 * a)


def _not_golden(e: Any, reason: str) -> NotGoldenError:
    text = str(e)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return NotGoldenError(f"from_sympy: the value must lie in Q(φ), got {text}, {reason}")


# -- functions ------------------------------------------------------------------------------


def lambdify(args: Any, expression: Any) -> Callable[..., Any]:
    """Return an expression as a function of exact numbers and tensors, as `sympy.lambdify`.

    Parameters
    ----------
    args : Symbol or sequence of Symbol
        The arguments of the function, in order.
    expression
        An expression, or a matrix or sequence of them.

    Returns
    -------
    callable
        Exact for GoldenExact numbers and crystallized tensors. Flux tensors do as well.

    Raises
    ------
    NotGoldenError
        A number in the expression does not lie in Q(φ).
    TypeError
        There is a floating-point number in it.

    See Also
    --------
    to_sympy, from_sympy : the numbers themselves.

    Notes
    -----
    `sympy.lambdify` writes 1/2 as a division of two integers, which Python rounds, and sqrt(5) as a
    call of NumPy's. Here each number is written as the exact one that it is.

    Examples
    --------
    >>> from sympy import GoldenRatio, symbols
    >>> from syntonic import PHI, ResonantTensor
    >>> x = symbols("x")
    >>> f = lambdify(x, 3 * x / 2 + x**2 / GoldenRatio)
    >>> f(PHI), f(ResonantTensor([2, PHI]))
    (GoldenExact(0, '5/2'), ResonantTensor([-1 + 4φ, 5/2φ]))
    """
    import sympy
    from sympy.printing.numpy import NumPyPrinter

    base: Any = NumPyPrinter

    class Printer(base):  # type: ignore[misc]
        def _print(self, expr: Any, **settings: Any) -> Any:
            number = isinstance(expr, sympy.Expr) and expr.is_number and not expr.is_Integer
            return repr(from_sympy(expr)) if number else super()._print(expr, **settings)

    settings = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}
    modules = [{"GoldenExact": GoldenExact}, "numpy"]
    return sympy.lambdify(args, expression, modules, printer=Printer(settings))


# -- domains --------------------------------------------------------------------------------


def golden_domain() -> Any:
    """Return SymPy's domain QQ<sqrt(5)>, the field Q(φ) for its polynomials and matrices.

    See Also
    --------
    to_domain, from_domain, to_domain_matrix : its elements, and matrices over it.

    Examples
    --------
    >>> golden_domain()
    QQ<sqrt(5)>
    """
    from sympy import QQ, sqrt

    return QQ.algebraic_field(sqrt(5))


def to_domain(x: ExactScalar) -> Any:
    """Return an exact scalar as an element of `golden_domain()`.

    See Also
    --------
    from_domain, golden_domain : the other way, and the domain.

    Examples
    --------
    >>> from syntonic import PHI
    >>> golden_domain().to_sympy(to_domain(PHI)**2)
    sqrt(5)/2 + 3/2
    """
    from sympy import QQ

    p, q, d = (int(n) for n in GoldenExact(x).numerators())
    return golden_domain()([QQ(q, 2 * d), QQ(2 * p + q, 2 * d)])


def from_domain(element: Any, domain: Any = None) -> GoldenExact:
    """Return the exact golden value of a domain element.

    Parameters
    ----------
    element, domain
        The element and its domain: `golden_domain()` by default, or any whose elements are numbers
        of Q(φ), such as ZZ, QQ or another presentation of the field.

    Raises
    ------
    NotGoldenError
        The element is not in Q(φ).
    TypeError
        Without a domain: the element does not belong to QQ<sqrt(5)>.

    See Also
    --------
    to_domain : the other way.

    Examples
    --------
    >>> from_domain(golden_domain().one)
    GoldenExact(1)
    """
    if domain is not None and domain != golden_domain():
        return from_sympy(domain.to_sympy(element))
    field = golden_domain()
    if not field.of_type(element) or element.mod != field.one.mod:
        raise TypeError(
            f"from_domain: element must belong to QQ<sqrt(5)>, got {type(element).__name__}; "
            "pass its domain"
        )
    return from_sympy(field.to_sympy(element))


def to_domain_matrix(x: ResonantTensor) -> Any:
    """Return a crystallized tensor of two axes as a DomainMatrix over QQ<sqrt(5)>.

    Raises
    ------
    PhaseError, ShapeError
        The tensor is in flux, or has not two axes.

    See Also
    --------
    to_domain, golden_domain : one element, and the domain.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> to_domain_matrix(ResonantTensor([[PHI, 1], [1, PHI]])).rank()
    2
    """
    from sympy.polys.matrices import DomainMatrix

    values = _scalars(x, "to_domain_matrix")
    if x.ndim != 2:
        raise ShapeError(f"to_domain_matrix: x must have two axes, got shape {x.shape}")
    return DomainMatrix([[to_domain(v) for v in row] for row in values], x.shape, golden_domain())
