"""The ways to build a tensor."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

from syntonic.errors import ShapeError, shown
from syntonic.flux.device import as_flux_array, is_flux_dtype
from syntonic.foreign import require_unmasked
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.base import TensorBase
from syntonic.tensor.checked import checked_bound, checked_shape, combine, reshaped
from syntonic.tensor.nearest import (
    Bounds,
    checked_maximum,
    judged,
    over_least_denominator,
    snapped,
)
from syntonic.tensor.phases import flux_carried
from syntonic.tensor.specification import carried_with, check_mode_norms
from syntonic.typing import ExactArrayLike, ExactScalar, Shape

__all__ = ["Constructors"]


class Constructors(TensorBase):
    """Adds the constructors."""

    __slots__ = ()

    def __new__(
        cls, data: ExactArrayLike, *, precision: int | None = None, mode_norm_sq: Any = None
    ) -> Self:
        if isinstance(data, TensorBase):
            x = data._lattice(cls.__name__)
        else:
            x = as_lattice(data, cls.__name__)
        return cls._crystallized(x, precision, mode_norm_sq, cls.__name__)

    @classmethod
    def _crystallized(cls, x: LatticeArray, precision: Any, mode_norm_sq: Any, where: str) -> Self:
        norms = check_mode_norms(mode_norm_sq, x.shape, where)
        return cls._of(x, carried_with(precision, where, norms))

    @classmethod
    def from_lattice(
        cls,
        a: Any,
        b: Any,
        *,
        denominator: int = 1,
        shape: Shape | None = None,
        precision: int | None = None,
        mode_norm_sq: Any = None,
    ) -> Self:
        """Build the tensor of (a + bφ)/denominator.

        Parameters
        ----------
        a, b
            Rational numbers of one shape: nested sequences or arrays.
        denominator
            A positive integer.
        shape
            The tensor's shape, if not that of a and b.
        precision, mode_norm_sq
            As for `ResonantTensor`.

        Raises
        ------
        ShapeError
            a and b differ in shape, or do not fill `shape`.
        ValueError
            The denominator is not positive, or a or b holds a number with φ.

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
            if x.b.any():
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
        data: Any,
        shape: Shape | None = None,
        mode_norm_sq: Any = None,
        precision: int | None = None,
        *,
        denominator: int | Literal["auto"] | None = None,
        window: Any = None,
        max_denominator: int | None = None,
    ) -> Self:
        """Build the crystallized tensor of the lattice points nearest to floats.

        Parameters
        ----------
        data
            Real numbers, an array or nested sequence.
        shape
            The tensor's shape, if not that of the data.
        precision
            Bound on the numerators of the φ-coefficients, by default 100; ignored by the snap
            when `window` is given.
        denominator
            Snap to (1/denominator)ℤ[φ], by default ℤ[φ]. "auto": the least common denominator,
            up to `max_denominator`, under which rounding explains all that the snap changes; the
            default precision then grows with it.
        window
            Bound the Galois conjugates instead.
        max_denominator
            How far "auto" looks, by default 12.

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
    def from_f64_vec(cls, data: Any, shape: Shape, precision: int | None = None) -> Self:
        """Build the crystallized tensor of a flat vector of floats; see `from_floats`."""
        return cls.from_floats(data, shape, precision=precision)

    @classmethod
    def from_flux(cls, array: Any, *, precision: int | None = None) -> Self:
        """Build a flux tensor that aliases an array, without a copy.

        An array of another byte order than this machine's is copied into it.

        Parameters
        ----------
        array
            A NumPy or CuPy array of float64, float32, float16 or (through ml_dtypes) bfloat16,
            or one of another library, on the CPU or a CUDA device, that exports DLPack or has
            `__cuda_array_interface__`: PyTorch, JAX, numba.
        precision
            The precision a later `crystallize` uses, by default 100.

        Raises
        ------
        TypeError
            The array is not floating point, or it is masked.
        DeviceError
            The array is neither on the CPU nor on a CUDA device.
        BackendUnavailableError
            The array is on a CUDA device, and CuPy does not work.
        """
        where = "from_flux"
        array = as_flux_array(array, where)
        if not is_flux_dtype(array.dtype):
            raise TypeError(
                f"{where}: flux is float64, float32, float16 or bfloat16, got {array.dtype}; "
                "convert the array with .astype(np.float64)"
            )
        return cls._of(array, flux_carried(precision, where))

    @classmethod
    def zeros(cls, shape: Shape, precision: int | None = None) -> Self:
        """Build a crystallized tensor of zeros."""
        return cls._filled(shape, 0, precision, "zeros")

    @classmethod
    def ones(cls, shape: Shape, precision: int | None = None) -> Self:
        """Build a crystallized tensor of ones."""
        return cls._filled(shape, 1, precision, "ones")

    @classmethod
    def full(cls, shape: Shape, value: ExactScalar, precision: int | None = None) -> Self:
        """Build a crystallized tensor of one exact number."""
        return cls._filled(shape, value, precision, "full")

    @classmethod
    def _filled(cls, shape: Shape, value: ExactScalar, precision: Any, where: str) -> Self:
        x, lengths = as_lattice(value, where), checked_shape(shape, where)
        out = x.map(lambda part: np.array(np.broadcast_to(part, lengths)))
        return cls._crystallized(out, precision, None, where)

    @classmethod
    def eye(cls, n: int, m: int | None = None, k: int = 0, *, precision: int | None = None) -> Self:
        """Build the crystallized n×m matrix with ones on the k-th diagonal."""
        return cls._crystallized(
            as_lattice(np.eye(n, m, k, dtype=np.int64)), precision, None, "eye"
        )

    @classmethod
    def randn(cls, shape: Shape, precision: int | None = None, seed: Any = None) -> Self:
        """Build a crystallized tensor of standard normal numbers snapped at `precision`.

        `seed` is anything `numpy.random.default_rng` takes.
        """
        draws = np.random.default_rng(seed).standard_normal(checked_shape(shape, "randn"))
        carried = carried_with(precision, "randn")
        return cls._of(snapped(np.asarray(draws), Bounds(carried.precision, None, 1)), carried)

    @classmethod
    def random_lattice(
        cls, shape: Shape, *, bound: int, seed: Any = None, precision: int | None = None
    ) -> Self:
        """Build a crystallized tensor of a + bφ with a, b uniform in [-bound, bound]."""
        where = "random_lattice"
        lengths, largest = checked_shape(shape, where), checked_bound(bound, where)
        rng = np.random.default_rng(seed)
        a, b = (rng.integers(-largest, largest, lengths, np.int64, endpoint=True) for _ in "ab")
        x = LatticeArray.packed(np.asarray(a), np.asarray(b), bound=largest)
        return cls._crystallized(x, precision, None, where)
