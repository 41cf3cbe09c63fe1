"""To and from PARI, through cypari: quadratic numbers (t_QUAD) and residues modulo y² - y - 1.

What `syntonic` writes is text that PARI evaluates, and so is PARI's answer: no version of cypari is
asked for more than that. cypari is imported when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from syntonic.errors import NotGoldenError, PhaseError, shown
from syntonic.exact.golden import PHI, SQRT5, GoldenExact
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactScalar

if TYPE_CHECKING:
    from cypari import Gen

__all__ = ["from_pari", "to_pari"]


def __dir__() -> list[str]:
    return [*__all__]


_FORMS = {"quadgen": "quadgen(5,'w)", "mod": "Mod(y,y^2-y-1)"}
_ROOTS = (([1, -1, -1], PHI), ([1, 0, -5], SQRT5))
"""By the modulus of a residue: the number that its variable stands for."""


def to_pari(x: ResonantTensor | ExactScalar, *, form: Literal["quadgen", "mod"] = "quadgen") -> Gen:
    """Return an exact number, vector or matrix as PARI's.

    Parameters
    ----------
    x : GoldenExact, exact number or ResonantTensor of at most two axes
    form : {"quadgen", "mod"}, default "quadgen"
        A quadratic number in w = (1 + √5)/2, or a residue of y modulo y² - y - 1.

    Returns
    -------
    cypari.Gen
        A number, a row (t_VEC) or a matrix (t_MAT).

    Raises
    ------
    ImportError
        cypari is not installed.
    ValueError
        form is another word, or x has more than two axes.
    PhaseError
        x is in flux.

    See Also
    --------
    from_pari : the way back.

    Examples
    --------
    >>> from syntonic import PHI
    >>> to_pari(PHI / 2 + 3) ** 2
    37/4 + 13/4*w
    """
    from cypari import pari

    if form not in _FORMS:
        raise ValueError(f'to_pari: form must be "quadgen" or "mod", got {shown(form)}')
    unit = pari(_FORMS[form])
    if not isinstance(x, ResonantTensor):
        return _number(pari, unit, GoldenExact(x))
    if not x.is_crystallized:
        raise PhaseError("to_pari: the tensor must be crystallized, got flux; call .crystallize()")
    if x.ndim > 2:
        raise ValueError(f"to_pari: x must have at most two axes, got shape {x.shape}; reshape it")
    if x.ndim == 0:
        return _number(pari, unit, x.tolist())
    values = [_number(pari, unit, v) for v in x.ravel().tolist()]
    return pari(values) if x.ndim == 1 else pari.matrix(*x.shape, values)


def _number(pari: Any, unit: Any, x: Any) -> Any:
    return pari(str(x.a)) + pari(str(x.b)) * unit


def from_pari(x: Gen) -> GoldenExact | ResonantTensor:
    """Return what PARI holds as an exact number or tensor.

    Parameters
    ----------
    x : cypari.Gen
        An integer, a fraction, a quadratic number of discriminant 5, a residue modulo y² - y - 1
        or y² - 5 in any variable, or a vector or matrix of these.

    Returns
    -------
    GoldenExact or ResonantTensor
        A tensor of one axis for a row or column, of two for a matrix.

    Raises
    ------
    NotGoldenError
        A quadratic number of another discriminant, or a residue modulo another polynomial.
    TypeError
        Anything else, such as a real number of PARI's.

    See Also
    --------
    to_pari : the way there.
    syntonic.identify : what a real number may stand for.

    Examples
    --------
    >>> from cypari import pari
    >>> from_pari(pari("quadgen(5)^2")), from_pari(pari("Mod(x, x^2 - 5)"))
    (GoldenExact(1, 1), GoldenExact(-1, 2))
    """
    kind = x.type()
    if kind in ("t_VEC", "t_COL"):
        return ResonantTensor([from_pari(each) for each in x])
    if kind == "t_MAT":
        n, m = map(int, x.matsize())
        rows = [[from_pari(x[i, j]) for j in range(m)] for i in range(n)]
        return ResonantTensor(rows) if n and m else ResonantTensor.zeros((n, m))
    if kind in ("t_INT", "t_FRAC"):
        return GoldenExact(str(x))
    if kind == "t_QUAD":
        return _quadratic(x)
    if kind == "t_POLMOD":
        return _residue(x)
    raise TypeError(
        f"from_pari: x must be an exact number of Q(√5), a vector or a matrix of them, got {kind}; "
        "identify finds what a real number may stand for"
    )


def _quadratic(x: Any) -> GoldenExact:
    """Return p + qw for w = quadgen(5), which is φ."""
    polynomial = x.component(1)
    if _coefficients(polynomial) != [1, -1, -1]:
        raise NotGoldenError(
            f"from_pari: a quadratic number must have discriminant 5, got a root of {polynomial}"
        )
    return GoldenExact(str(x.real()), str(x.imag()))


def _residue(x: Any) -> GoldenExact:
    root = next((r for p, r in _ROOTS if _coefficients(x.mod()) == p), None)
    if root is None:
        raise NotGoldenError(
            f"from_pari: a residue must be modulo y^2 - y - 1 or y^2 - 5, got one modulo {x.mod()}"
        )
    value = GoldenExact(0)
    for c in _coefficients(x.lift()):
        value = value * root + c
    return value


def _coefficients(polynomial: Any) -> list[GoldenExact]:
    """Return rational coefficients, highest power first; those of a constant too."""
    kinds = ("t_INT", "t_FRAC")
    terms = [polynomial] if polynomial.type() in kinds else list(polynomial.Vec())
    if any(c.type() not in kinds for c in terms):
        raise TypeError(f"from_pari: coefficients must be rational, got those of {polynomial}")
    return [GoldenExact(str(c)) for c in terms]
