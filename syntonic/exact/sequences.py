"""The powers of φ and what is counted in them: Fibonacci and Lucas numbers, expansions in base φ.

Public as members of `syntonic.integers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from re import fullmatch

from syntonic.errors import shown
from syntonic.exact import expansions, pairs, ring
from syntonic.exact.golden import GoldenExact
from syntonic.exact.limits import require_bits
from syntonic.typing import ExactScalar

__all__ = [
    "base_phi",
    "fibonacci",
    "from_base_phi",
    "from_zeckendorf",
    "lucas",
    "phi_power",
    "zeckendorf",
]


def fibonacci(n: ExactScalar) -> int:
    """Return the Fibonacci number F_n for any integer n; F_-n = (-1)^(n+1) F_n.

    Parameters
    ----------
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer of either sign.

    Returns
    -------
    int
        F_n, with F_0 = 0 and F_1 = 1.

    Raises
    ------
    TypeError
        n is not an exact number.
    ValueError
        n is not a rational integer.
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    See Also
    --------
    lucas : the companion sequence.
    zeckendorf : sums of Fibonacci numbers.
    phi_power : φⁿ = F_(n-1) + F_n φ.

    Notes
    -----
    Fast doubling: F_2k = F_k(2F_(k-1) + F_k) and F_(2k-1) = F_k² + F_(k-1)².

    Examples
    --------
    >>> [fibonacci(n) for n in range(-4, 9)]
    [-3, 2, -1, 1, 0, 1, 1, 2, 3, 5, 8, 13, 21]
    """
    return int(pairs.fibonacci(int(ring.integer(n, "fibonacci: n")), "fibonacci"))


def lucas(n: ExactScalar) -> int:
    """Return the Lucas number L_n, the trace of φⁿ, for any integer n; L_-n = (-1)^n L_n.

    Parameters
    ----------
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer of either sign.

    Returns
    -------
    int
        L_n, with L_0 = 2 and L_1 = 1.

    Raises
    ------
    TypeError
        n is not an exact number.
    ValueError
        n is not a rational integer.
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    See Also
    --------
    fibonacci : the companion sequence.
    GoldenExact.trace : of any element.

    Notes
    -----
    L_n = F_(n-1) + F_(n+1) = φⁿ + (-1/φ)ⁿ.

    Examples
    --------
    >>> [lucas(n) for n in range(-4, 9)]
    [7, -4, 3, -1, 2, 1, 3, 4, 7, 11, 18, 29, 47]
    """
    p, q = pairs.phi_power(int(ring.integer(n, "lucas: n")), "lucas")
    return int(2 * p + q)


def phi_power(n: ExactScalar) -> GoldenExact:
    """Return φⁿ = F_(n-1) + F_n φ for any integer n, by fast doubling.

    Parameters
    ----------
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer of either sign.

    Returns
    -------
    GoldenExact
        A unit of Z[φ].

    Raises
    ------
    TypeError
        n is not an exact number.
    ValueError
        n is not a rational integer.
    OverflowError
        |n| is above 2^28: a number may take 2^28 bits.

    See Also
    --------
    unit_log : the way back.
    fibonacci : the coefficients.

    Notes
    -----
    The same as ``PHI**n``.

    Examples
    --------
    >>> phi_power(10), phi_power(-2)
    (GoldenExact(34, 55), GoldenExact(2, -1))
    """
    return ring.golden(pairs.phi_power(int(ring.integer(n, "phi_power: n")), "phi_power"))


def zeckendorf(n: ExactScalar) -> list[int]:
    """Return the Fibonacci numbers, no two consecutive, that sum to n.

    Parameters
    ----------
    n : int, mpz, NumPy integer or GoldenExact
        A rational integer, not negative.

    Returns
    -------
    list of int
        Descending; empty for 0. There is one such list (Zeckendorf's theorem).

    Raises
    ------
    TypeError
        n is not an exact number.
    ValueError
        n is negative or not a rational integer.
    OverflowError
        n has more than 27 thousand bits: the numbers could take 2^28 together.

    See Also
    --------
    from_zeckendorf : the way back.
    fibonacci : the numbers that are summed.
    base_phi : the like for φⁿ.

    References
    ----------
    .. [1] E. Zeckendorf, "Représentation des nombres naturels par une somme de nombres de
       Fibonacci ou de nombres de Lucas", Bulletin de la Société Royale des Sciences de Liège 41
       (1972).

    Examples
    --------
    >>> zeckendorf(100)
    [89, 8, 3]
    """
    total = ring.integer(n, "zeckendorf: n")
    if total < 0:
        raise ValueError(f"zeckendorf: n must not be negative, got {shown(total)}; expand -n")
    # Of n < 2^bits at most the 0.72 bits Fibonacci numbers of odd index, half as long on average.
    require_bits(9 * total.bit_length() ** 2 // 25, "zeckendorf", "numbers")
    return [int(number) for _, number in expansions.zeckendorf(total)]


def base_phi(x: ExactScalar) -> str:
    """Return the digits of x in base φ, without two adjacent ones.

    Parameters
    ----------
    x : GoldenExact, int, mpz or NumPy integer
        An element of Z[φ], of either sign. Each has a finite expansion.

    Returns
    -------
    str
        Digits 0 and 1; those after a point belong to φ⁻¹, φ⁻², ... A negative element gives the
        digits of -x after a minus sign.

    Raises
    ------
    TypeError
        x is not an exact number.
    ValueError
        x has a denominator.

    See Also
    --------
    from_base_phi : the way back.
    zeckendorf : the like for Fibonacci numbers.

    References
    ----------
    .. [1] G. Bergman, "A number system with an irrational base", Mathematics Magazine 31 (1957).

    Examples
    --------
    >>> base_phi(4), base_phi(GoldenExact(2, -1)), base_phi(-2)
    ('101.01', '0.01', '-10.01')
    """
    p, q = ring.element(x, "base_phi: x")
    if pairs.sign(p, q) < 0:
        return "-" + expansions.digits(expansions.phi_exponents(-p, -q))
    return expansions.digits(expansions.phi_exponents(p, q))


def from_base_phi(digits: str) -> GoldenExact:
    """Return the number that digits in base φ stand for.

    Parameters
    ----------
    digits : str
        Digits 0 and 1 with at most one point, and a minus sign where it is negative. Ones may be
        adjacent: "0.11" is 1.

    Returns
    -------
    GoldenExact
        An element of Z[φ].

    Raises
    ------
    TypeError
        digits is no string.
    ValueError
        It holds something else.

    See Also
    --------
    base_phi : the digits of a number.

    Examples
    --------
    >>> from_base_phi("101.01"), from_base_phi("-0.01")
    (GoldenExact(4), GoldenExact(-2, 1))
    """
    if not isinstance(digits, str):
        raise TypeError(f"from_base_phi: digits must be a str, got {type(digits).__name__}")
    found = fullmatch(r"(-?)([01]*)\.?([01]*)", digits)
    if not found or not (found[2] or found[3]):
        raise ValueError(
            f"from_base_phi: digits must be 0 and 1 with at most one point, got {shown(digits)}"
        )
    x = ring.golden(expansions.value(found[2] + found[3], len(found[3])))
    return -x if found[1] else x


def from_zeckendorf(numbers: Iterable[ExactScalar]) -> int:
    """Return the integer whose Zeckendorf expansion is given.

    Parameters
    ----------
    numbers : iterable of int, mpz or NumPy integers
        Fibonacci numbers of which no two are consecutive, in any order.

    Returns
    -------
    int
        Their sum; 0 for none.

    Raises
    ------
    TypeError
        A number is not exact.
    ValueError
        They are not the Zeckendorf expansion of their sum.

    See Also
    --------
    zeckendorf : the expansion of an integer.

    Examples
    --------
    >>> from_zeckendorf([89, 8, 3])
    100
    """
    given = sorted(
        (int(ring.integer(n, "from_zeckendorf: numbers")) for n in numbers), reverse=True
    )
    total = sum(given)
    if total < 0 or (right := zeckendorf(total)) != given:
        hint = "" if total < 0 else f"; that of their sum is {shown(right)}"
        raise ValueError(
            f"from_zeckendorf: numbers must be Fibonacci numbers, no two equal or consecutive{hint}"
        )
    return total
