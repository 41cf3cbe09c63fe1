"""`ResonantTensor`: an n-d tensor over Q(φ) in one of two phases."""

from __future__ import annotations

from syntonic.tensor.construct import Constructors
from syntonic.tensor.methods import Methods
from syntonic.tensor.phases import Phases
from syntonic.tensor.residual import phi_residual, phi_residual_relu

__all__ = ["ResonantTensor"]


class ResonantTensor(Constructors, Phases, Methods):
    """An immutable n-d tensor over the golden field Q(φ), exact or floating.

    A tensor is *crystallized* (it holds exact elements a + bφ with rational a and b) or in *flux*
    (it holds floats on a device). `wake_flux` and `crystallize` return a new tensor in the other
    phase. Crystallized with crystallized is exact; flux with flux is floating point; the two
    never mix.

    Parameters
    ----------
    data : array_like of exact numbers
        Exact numbers: an int, Fraction, mpz, mpq or GoldenExact, a nested sequence of them, an
        integer or object array, or a crystallized tensor. Floats are refused: `from_floats`
        snaps them, `from_flux` keeps them.
    precision : int, default 100
        Bound on the numerator of the φ-coefficient that later snaps obey, by default 100; an
        operation keeps the larger of its operands'. Where it is given, snaps warn of no miss.
    mode_norm_sq : array_like of real numbers, optional
        Squared mode norms |n|² for `syntony`, of the tensor's shape; by default the flat index
        squared.

    Raises
    ------
    TypeError
        The data hold a float or another number that is not exact.
    ShapeError
        The data are ragged, or the mode norms do not fit.

    See Also
    --------
    from_floats, from_flux, from_lattice : from floats, and from numerators.
    snap : the nearest lattice points, with residuals and certificates.

    Notes
    -----
    NumPy's functions and ufuncs accept tensors and stay exact wherever the result lies in the
    field; each other one raises TypeError with the reason. Nothing writes into a tensor:
    ``t.at[index].set(value)`` returns a changed one.

    Examples
    --------
    >>> from syntonic import PHI, ResonantTensor
    >>> t = ResonantTensor([[1, PHI], [PHI, 1]])
    >>> t @ t
    ResonantTensor([[2 + φ, 2φ],
                    [2φ, 2 + φ]])
    >>> t.sum().item()
    GoldenExact(2, 2)
    >>> (t - t.wake_flux().crystallize()).equals(ResonantTensor.zeros((2, 2)))
    True
    """

    __slots__ = ()

    phi_residual = staticmethod(phi_residual)
    phi_residual_relu = staticmethod(phi_residual_relu)
