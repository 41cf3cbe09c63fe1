"""Polynomials over the golden field: greatest common divisors, factors, roots in the field.

A polynomial is a sequence of its coefficients, the highest power first, as `linalg.charpoly`,
`GoldenExact.minpoly` and `numpy.polymul` have it.

Examples
--------
>>> from syntonic import PHI, linalg, polynomials
>>> polynomials.roots([1, -1, -1])  # x² - x - 1
[(GoldenExact(1, -1), 1), (GoldenExact(0, 1), 1)]
>>> polynomials.roots(linalg.charpoly([[0, 1, 0], [0, 0, 1], [-1, 0, 2]]))
[(GoldenExact(1, -1), 1), (GoldenExact(1), 1), (GoldenExact(0, 1), 1)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syntonic.errors import PhaseError, ShapeError
from syntonic.exact.golden import GoldenExact
from syntonic.lattice.convert import as_lattice
from syntonic.tensor import ResonantTensor
from syntonic.tensor.base import TensorBase
from syntonic.typing import ExactArrayLike

if TYPE_CHECKING:
    from syntonic.exact.polynomials import Poly

__all__ = ["factor", "gcd", "roots"]


def __dir__() -> list[str]:
    return [*__all__]


def gcd(p: ExactArrayLike, q: ExactArrayLike) -> ResonantTensor:
    """Return the monic greatest common divisor of two polynomials.

    Parameters
    ----------
    p, q : ResonantTensor or sequence of exact numbers, shape (n,)
        Coefficients, the highest power first.

    Returns
    -------
    ResonantTensor, shape (m,)
        Coefficients, the first one 1; [0] if p and q are 0.

    Raises
    ------
    ShapeError
        Coefficients are not in one row, or there are none.
    TypeError
        A coefficient is not an exact number.
    PhaseError
        A tensor is in flux.

    See Also
    --------
    factor : the irreducible factors of one polynomial.
    integers.gcd : of elements of Z[φ].

    Notes
    -----
    Euclid's algorithm with monic remainders.

    Examples
    --------
    >>> from syntonic import PHI
    >>> gcd([1, -1, -1], [1, 0, -PHI - 1])  # (x - φ)(x + 1/φ), (x - φ)(x + φ)
    ResonantTensor([1, -φ])
    """
    from syntonic.exact import polynomials

    return _tensor(polynomials.gcd(_poly(p, "gcd: p"), _poly(q, "gcd: q")))


def factor(p: ExactArrayLike) -> tuple[GoldenExact, list[tuple[ResonantTensor, int]]]:
    """Return the factorisation of a polynomial over Q(φ).

    Parameters
    ----------
    p : ResonantTensor or sequence of exact numbers, shape (n,)
        Coefficients, the highest power first; not all 0.

    Returns
    -------
    leading : GoldenExact
        The coefficient of the highest power.
    factors : list of (ResonantTensor, int)
        Monic polynomials that are irreducible over Q(φ), and their multiplicities; p is the product
        of all with `leading`. By degree, then by their coefficients from the highest power on.

    Raises
    ------
    ShapeError
        Coefficients are not in one row, or there are none.
    TypeError
        A coefficient is not an exact number.
    PhaseError
        The tensor is in flux.
    ValueError
        All coefficients are 0.

    See Also
    --------
    roots : the factors of degree 1.
    integers.factor : of an element of Z[φ].

    Notes
    -----
    The norm of p, a polynomial over Q of twice the degree, is factored by FLINT (Trager [1]_). That
    takes most of the time, and Ctrl-C does not end it.

    References
    ----------
    .. [1] B. M. Trager, "Algebraic factoring and rational function integration", SYMSAC 1976.

    Examples
    --------
    >>> factor([2, 0, -2, 0, -2])  # 2(x⁴ - x² - 1)
    (GoldenExact(2), [(ResonantTensor([1, 0, -φ]), 1), (ResonantTensor([1, 0, -1 + φ]), 1)])
    """
    from syntonic.exact import polynomials

    f = _nonzero(p, "factor: p")
    found = [(_tensor(g), times) for g, times in polynomials.factors(f)]
    found.sort(key=lambda item: (item[0].size, item[0].tolist()))
    return GoldenExact(*polynomials.coefficients(f)[-1]), found


def roots(p: ExactArrayLike) -> list[tuple[GoldenExact, int]]:
    """Return the roots of a polynomial that lie in Q(φ).

    Parameters
    ----------
    p : ResonantTensor or sequence of exact numbers, shape (n,)
        Coefficients, the highest power first; not all 0.

    Returns
    -------
    list of (GoldenExact, int)
        Roots, ascending, with multiplicities. Roots outside the field are not told.

    Raises
    ------
    ShapeError
        Coefficients are not in one row, or there are none.
    TypeError
        A coefficient is not an exact number.
    PhaseError
        The tensor is in flux.
    ValueError
        All coefficients are 0.

    See Also
    --------
    factor : the other factors too.
    GoldenExact.sqrt : the roots of x² - a.

    Examples
    --------
    >>> roots([1, -2, 0, 2, -1]), roots([1, 0, -2])  # (x - 1)³(x + 1), x² - 2
    ([(GoldenExact(-1), 1), (GoldenExact(1), 3)], [])
    """
    from syntonic.exact import polynomials

    found = polynomials.factors(_nonzero(p, "roots: p"))
    linear = [(polynomials.coefficients(f)[0], n) for f, n in found if polynomials.degree(f) == 1]
    return sorted((-GoldenExact(*root), times) for root, times in linear)


def _poly(p: Any, where: str) -> Poly:
    from syntonic.exact import polynomials

    if isinstance(p, TensorBase):
        if not p.is_crystallized:
            raise PhaseError(
                f"polynomials.{where} must be crystallized, got flux; call .crystallize()"
            )
        values = p._data
    else:
        values = as_lattice(p, f"polynomials.{where}")
    if values.ndim != 1 or not values.size:
        raise ShapeError(
            f"polynomials.{where} must be one row of coefficients, got shape {values.shape}"
        )
    return polynomials.from_triples([x.numerators() for x in reversed(values.scalars().tolist())])


def _nonzero(p: Any, where: str) -> Poly:
    f = _poly(p, where)
    if not (f[0] or f[1]):
        raise ValueError(f"polynomials.{where} must not be 0, which every polynomial divides")
    return f


def _tensor(f: Poly) -> ResonantTensor:
    from syntonic.exact import polynomials

    found = [GoldenExact(a, b) for a, b in reversed(polynomials.coefficients(f))]
    return ResonantTensor(found or [0])
