"""The ways to build a tensor from its shape: of one number, or at random."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np

from syntonic.lattice.array import LatticeArray
from syntonic.lattice.convert import as_lattice
from syntonic.tensor.base import TensorBase
from syntonic.tensor.checked import checked_bound, checked_shape
from syntonic.tensor.nearest import Bounds, snapped
from syntonic.tensor.specification import carried_with, check_mode_norms
from syntonic.typing import ExactScalar, Shape

__all__ = ["Filled"]


Seed: TypeAlias = "int | np.random.Generator | None"


class Filled(TensorBase):
    """Adds the constructors from a shape."""

    __slots__ = ()

    @classmethod
    def _crystallized(cls, x: LatticeArray, precision: Any, mode_norm_sq: Any, where: str) -> Self:
        norms = check_mode_norms(mode_norm_sq, x.shape, where)
        return cls._of(x, carried_with(precision, where, norms))

    @classmethod
    def zeros(cls, shape: Shape, precision: int | None = None) -> Self:
        """Build a crystallized tensor of zeros.

        Parameters
        ----------
        shape : int or tuple of int
            The lengths of the axes.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            A length is negative.

        See Also
        --------
        ones, full : of other numbers.
        eye : ones on a diagonal.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor.zeros(2)
        ResonantTensor([0, 0])
        """
        return cls._filled(shape, 0, precision, "zeros")

    @classmethod
    def ones(cls, shape: Shape, precision: int | None = None) -> Self:
        """Build a crystallized tensor of ones.

        Parameters
        ----------
        shape : int or tuple of int
            The lengths of the axes.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            A length is negative.

        See Also
        --------
        zeros, full : of other numbers.
        eye : on a diagonal.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor.ones((1, 2))
        ResonantTensor([[1, 1]])
        """
        return cls._filled(shape, 1, precision, "ones")

    @classmethod
    def full(cls, shape: Shape, value: ExactScalar, precision: int | None = None) -> Self:
        """Build a crystallized tensor of one exact number.

        Parameters
        ----------
        shape : int or tuple of int
            The lengths of the axes.
        value : exact scalar
            An int, Fraction, mpz, mpq or GoldenExact.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            A length is negative.
        TypeError
            The value is not exact.

        See Also
        --------
        zeros, ones : of the numbers used most.
        from_lattice : of numerators.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> ResonantTensor.full(2, PHI)
        ResonantTensor([φ, φ])
        """
        return cls._filled(shape, value, precision, "full")

    @classmethod
    def _filled(cls, shape: Shape, value: ExactScalar, precision: Any, where: str) -> Self:
        x, lengths = as_lattice(value, where), checked_shape(shape, where)
        out = x.map(lambda part: np.array(np.broadcast_to(part, lengths)))
        return cls._crystallized(out, precision, None, where)

    @classmethod
    def eye(cls, n: int, m: int | None = None, k: int = 0, *, precision: int | None = None) -> Self:
        """Build the crystallized matrix with ones on a diagonal.

        Parameters
        ----------
        n : int
            The number of rows.
        m : int, optional
            The number of columns, by default n.
        k : int, default 0
            Which diagonal: above the main one if positive, below if negative.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor, shape (n, m)
            Crystallized.

        Raises
        ------
        ValueError
            A length is negative.

        See Also
        --------
        zeros, ones, full : other tensors of given shape.
        syntonic.linalg.inv : what gives it, times a matrix.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> ResonantTensor.eye(2)
        ResonantTensor([[1, 0],
                        [0, 1]])
        """
        return cls._crystallized(
            as_lattice(np.eye(n, m, k, dtype=np.int64)), precision, None, "eye"
        )

    @classmethod
    def randn(cls, shape: Shape, precision: int | None = None, seed: Seed = None) -> Self:
        """Build a crystallized tensor of standard normal numbers, snapped.

        Parameters
        ----------
        shape : int or tuple of int
            The lengths of the axes.
        precision : int, optional
            Bound on the φ-coefficients of the lattice points, by default 100.
        seed : optional
            Anything `numpy.random.default_rng` takes.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            A length is negative.

        See Also
        --------
        random_lattice : uniform lattice points.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> t = ResonantTensor.randn((2, 3), seed=1)
        >>> t.shape, t.is_crystallized
        ((2, 3), True)
        """
        draws = np.random.default_rng(seed).standard_normal(checked_shape(shape, "randn"))
        carried = carried_with(precision, "randn")
        return cls._of(snapped(np.asarray(draws), Bounds(carried.precision, None, 1)), carried)

    @classmethod
    def random_lattice(
        cls, shape: Shape, *, bound: int, seed: Seed = None, precision: int | None = None
    ) -> Self:
        """Build a crystallized tensor of a + bφ with random integers a and b.

        Parameters
        ----------
        shape : int or tuple of int
            The lengths of the axes.
        bound : int
            a and b are uniform in [-bound, bound]; from 0 to 2^63 - 1.
        seed : optional
            Anything `numpy.random.default_rng` takes.
        precision : int, optional
            Bound on the φ-coefficient that later snaps obey, by default 100.

        Returns
        -------
        ResonantTensor
            Crystallized, of the given shape.

        Raises
        ------
        ShapeError
            A length is negative.
        TypeError, ValueError
            The bound is no integer, or out of range.

        See Also
        --------
        randn : snapped normal numbers.

        Examples
        --------
        >>> from syntonic import ResonantTensor
        >>> t = ResonantTensor.random_lattice(1000, bound=3, seed=1)
        >>> a, b, _ = t.numerators()
        >>> int(a.min()), int(b.max())
        (-3, 3)
        """
        where = "random_lattice"
        lengths, largest = checked_shape(shape, where), checked_bound(bound, where)
        rng = np.random.default_rng(seed)
        a, b = (rng.integers(-largest, largest, lengths, np.int64, endpoint=True) for _ in "ab")
        x = LatticeArray.packed(np.asarray(a), np.asarray(b), bound=largest)
        return cls._crystallized(x, precision, None, where)
