"""The ways to build a tensor from data: exact numbers, numerators, floats, arrays."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np

from syntonic.errors import ShapeError, shown
from syntonic.flux.device import as_flux_array, is_flux_dtype
from syntonic.foreign import require_unmasked
from syntonic.lattice import arithmetic, order
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.base import TensorBase
from syntonic.tensor.checked import combine, reshaped
from syntonic.tensor.filled import Filled
from syntonic.tensor.nearest import (
    Bounds,
    checked_maximum,
    judged,
    over_least_denominator,
    snapped,
)
from syntonic.tensor.phases import flux_carried
from syntonic.tensor.specification import carried_with
from syntonic.typing import ComparableScalar, ExactArrayLike, RealArrayLike, Shape

__all__ = ["Constructors"]


class Constructors(Filled):
    """Adds the constructors from data."""

    __slots__ = ()

    def __new__(
        cls,
        data: ExactArrayLike,
        *,
        precision: int | None = None,
        mode_norm_sq: RealArrayLike | None = None,
    ) -> Self:
        if isinstance(data, TensorBase):
            x = data._lattice(cls.__name__)
        else:
            x = as_lattice(data, cls.__name__)
        return cls._crystallized(x, precision, mode_norm_sq, cls.__name__)

    @classmethod
    def from_lattice(
        cls,
        a: ExactArrayLike,
        b: ExactArrayLike,
        *,
        denominator: int = 1,
        shape: Shape | None = None,
        precision: int | None = None,
        mode_norm_sq: RealArrayLike | None = None,
    ) -> Self:
        """Build the tensor of (a + bφ)/denominator.

        Parameters
        ----------
        a, b : array_like of rational numbers
            Rational numbers of one shape: nested sequences or arrays.
        denominator : int, default 1
            A positive integer.
        shape : int or tuple of int, optional
            The tensor's shape, if not that of a and b.
        precision, mode_norm_sq : optional
            As for `ResonantTensor`.

        Returns
        -------
        ResonantTensor
            Crystallized.

        Raises
        ------
        ShapeError
            a and b differ in shape, or do not fill `shape`.
        ValueError
            The denominator is not positive, or a or b holds a number with φ.

        See Also
        --------
        numerators : the way back.
        from_floats : from floats, to the nearest of bounded height.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor.from_lattice([1, 0], [1, 3], denominator=2)
        ResonantTensor([1/2 + 1/2φ, 3/2φ])
        """
        where = "from_lattice"
        left, right = as_lattice(a, where), as_lattice(b, where)
        if left.shape != right.shape:
            raise ShapeError(
                f"{where}: a and b must have one shape, got {left.shape} and {right.shape}"
            )
        for name, x in (("a", left), ("b", right)):
            if not order.equal(x, arithmetic.conjugate(x)).all():
                raise ValueError(
                    f"{where}: {name} must hold rational numbers, got one with a φ-part; a list of "
                    "elements is ResonantTensor(list)"
                )
        if isinstance(denominator, bool) or not isinstance(denominator, (int, np.integer)):
            raise TypeError(
                f"{where}: denominator must be a positive integer, got "
                f"{type(denominator).__name__}; write fractions into a and b"
            )
        if denominator <= 0:
            raise ValueError(f"{where}: denominator must be positive, got {shown(denominator)}")
        x = combine(left, right, int(denominator))
        return cls._crystallized(reshaped(x, shape, where), precision, mode_norm_sq, where)

    @classmethod
    def from_floats(
        cls,
        data: RealArrayLike,
        shape: Shape | None = None,
        mode_norm_sq: RealArrayLike | None = None,
        precision: int | None = None,
        *,
        denominator: int | Literal["auto"] | None = None,
        window: ComparableScalar | None = None,
        max_denominator: int | None = None,
    ) -> Self:
        """Build the crystallized tensor of the lattice points nearest to floats.

        Parameters
        ----------
        data : array_like of real numbers
            Real numbers, an array or nested sequence.
        shape : int or tuple of int, optional
            The tensor's shape, if not that of the data.
        mode_norm_sq : array_like of real numbers, optional
            As for `ResonantTensor`.
        precision : int, default 100
            Bound on the numerators of the φ-coefficients, by default 100; ignored by the snap
            when `window` is given.
        denominator : int or "auto", default 1
            Snap to (1/denominator)ℤ[φ], by default ℤ[φ]. "auto": the least common denominator,
            up to `max_denominator`, under which rounding explains all that the snap changes; the
            default precision then grows with it.
        window : real number, optional
            Bound the Galois conjugates instead.
        max_denominator : int, default 12
            How far "auto" looks.

        Returns
        -------
        ResonantTensor
            Crystallized.

        Raises
        ------
        ValueError
            NaN or infinity is among the data; the message counts them and names the first.

        Warns
        -----
        SnapWarning
            No bound is given, or "auto" finds no denominator, and lattice points are farther from
            the floats than the rounding of their dtype explains; see `crystallize`.

        See Also
        --------
        syntonic.snap : the same with residuals and certificates.
        crystallize : the same for a flux tensor.
        to_floats : the way back.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor.from_floats([0.5, 1.618], precision=5)
        ResonantTensor([-6 + 4φ, φ], precision=5)
        >>> ResonantTensor.from_floats([0.5, 0.809016994374947], denominator="auto")
        ResonantTensor([1/2, 1/2φ])
        """
        where = "from_floats"
        carried = carried_with(precision, where)
        require_unmasked(data, where)
        maximum = checked_maximum(denominator, max_denominator, where)
        bounds = Bounds(
            carried.precision if window is None else None,
            window,
            1 if denominator is None or maximum else denominator,
        )
        numbers = np.asarray(data)
        if maximum:
            x, _ = over_least_denominator(numbers, bounds, maximum, precision is None, where)
        elif (precision, window, denominator) == (None, None, None):
            x = judged(numbers, bounds, where)
        else:
            x = snapped(numbers, bounds)
        return cls._crystallized(reshaped(x, shape, where), precision, mode_norm_sq, where)

    @classmethod
    def from_f64_vec(cls, data: RealArrayLike, shape: Shape, precision: int | None = None) -> Self:
        """Build the crystallized tensor of a flat vector of floats.

        Parameters
        ----------
        data : array_like of float
            As for `from_floats`.
        shape : int or tuple of int
            The lengths of the axes, which the data fill.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            The data do not fill the shape.
        ValueError
            NaN or infinity is among the data.

        See Also
        --------
        from_floats : the same with all bounds.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor.from_f64_vec([1.0, 1.618, 2.618, 0.0], (2, 2), precision=5)
        ResonantTensor([[1, φ],
                        [1 + φ, 0]], precision=5)
        """
        return cls.from_floats(data, shape, precision=precision)

    @classmethod
    def from_flux(cls, array: RealArrayLike, *, precision: int | None = None) -> Self:
        """Build a flux tensor that aliases an array, without a copy.

        An array of another byte order than this machine's is copied into it.

        Parameters
        ----------
        array : array of floats
            A NumPy or CuPy array of float64, float32, float16 or (through ml_dtypes) bfloat16,
            or one of another library, on the CPU or a CUDA device, that exports DLPack or has
            `__cuda_array_interface__`: PyTorch, JAX, numba.
        precision : int, default 100
            The precision a later `crystallize` uses, by default 100.

        Returns
        -------
        ResonantTensor
            Flux, of the array's shape, dtype and device.

        Raises
        ------
        TypeError
            The array is not floating point, or it is masked.
        DeviceError
            The array is neither on the CPU nor on a CUDA device.
        BackendUnavailableError
            The array is on a CUDA device, and CuPy does not work.

        See Also
        --------
        from_floats : lattice points nearest to floats.
        flux_array : the array again.

        Examples
        --------
        >>> import numpy as np
        >>> from syntonic import ResonantTensor
        >>> t = ResonantTensor.from_flux(np.array([1.0, 1.618]))
        >>> t.phase, t.flux_array
        (<ResonantPhase.FLUX: 'flux'>, array([1.   , 1.618]))
        """
        where = "from_flux"
        flux = as_flux_array(array, where)
        if not is_flux_dtype(flux.dtype):
            raise TypeError(
                f"{where}: flux is float64, float32, float16 or bfloat16, got {flux.dtype}; "
                "convert the array with .astype(np.float64)"
            )
        return cls._of(flux, flux_carried(precision, where))
