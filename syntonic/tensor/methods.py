"""Operators and methods: each is a NumPy function or ufunc, exact or in flux by the phase."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

import numpy as np

from syntonic.errors import shown
from syntonic.lattice import arithmetic, joining, order
from syntonic.tensor import functions, ufunc_methods, ufuncs
from syntonic.tensor.base import TensorBase, plain_index
from syntonic.tensor.operands import exact_operand, flux_operand, is_foreign, single_phase
from syntonic.tensor.option_rules import NO_OUT
from syntonic.typing import ExactScalar, Shape

__all__ = ["At", "Indexed", "Methods"]


class Methods(TensorBase):
    """Adds arithmetic, reductions and changes of shape.

    Each method takes the keywords of NumPy's function of its name.
    """

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise TypeError(NO_OUT.format(where=ufunc.__name__))
        if method != "__call__":
            return ufunc_methods.apply_method(ufunc, method, inputs, kwargs)
        return ufuncs.apply(ufunc, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return functions.call(func, args, kwargs)

    # -- operators ------------------------------------------------------------------------

    def _binary(self, ufunc: np.ufunc, other: Any) -> Any:
        if type(other) is type(self):
            return ufuncs.apply_pair(ufunc, self, other)
        return NotImplemented if is_foreign(other) else ufuncs.apply(ufunc, (self, other))

    def _reflected(self, ufunc: np.ufunc, other: Any) -> Any:
        return NotImplemented if is_foreign(other) else ufuncs.apply(ufunc, (other, self))

    def __add__(self, other: Any) -> Self:
        return self._binary(np.add, other)

    def __radd__(self, other: Any) -> Self:
        return self._reflected(np.add, other)

    def __sub__(self, other: Any) -> Self:
        return self._binary(np.subtract, other)

    def __rsub__(self, other: Any) -> Self:
        return self._reflected(np.subtract, other)

    def __mul__(self, other: Any) -> Self:
        return self._binary(np.multiply, other)

    def __rmul__(self, other: Any) -> Self:
        return self._reflected(np.multiply, other)

    def __truediv__(self, other: Any) -> Self:
        return self._binary(np.divide, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._reflected(np.divide, other)

    def __floordiv__(self, other: Any) -> Self:
        return self._binary(np.floor_divide, other)

    def __rfloordiv__(self, other: Any) -> Self:
        return self._reflected(np.floor_divide, other)

    def __mod__(self, other: Any) -> Self:
        return self._binary(np.remainder, other)

    def __rmod__(self, other: Any) -> Self:
        return self._reflected(np.remainder, other)

    def __divmod__(self, other: Any) -> tuple[Self, Self]:
        return self._binary(np.divmod, other)

    def __rdivmod__(self, other: Any) -> tuple[Self, Self]:
        return self._reflected(np.divmod, other)

    def __pow__(self, other: Any) -> Self:
        return self._binary(np.power, other)

    def __rpow__(self, other: Any) -> Self:
        return self._reflected(np.power, other)

    def __matmul__(self, other: Any) -> Self:
        return self._binary(np.matmul, other)

    def __rmatmul__(self, other: Any) -> Self:
        return self._reflected(np.matmul, other)

    def __neg__(self) -> Self:
        return ufuncs.apply(np.negative, (self,))

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return ufuncs.apply(np.absolute, (self,))

    def __eq__(self, other: object) -> Any:
        return self._binary(np.equal, other)

    def __ne__(self, other: object) -> Any:
        return self._binary(np.not_equal, other)

    def __lt__(self, other: Any) -> Any:
        return self._binary(np.less, other)

    def __le__(self, other: Any) -> Any:
        return self._binary(np.less_equal, other)

    def __gt__(self, other: Any) -> Any:
        return self._binary(np.greater, other)

    def __ge__(self, other: Any) -> Any:
        return self._binary(np.greater_equal, other)

    __hash__ = None  # comparison is element-wise

    def __round__(self, ndigits: int | None = None) -> Self:
        return self.round(ndigits or 0)

    def scalar_mul_exact(self, g: ExactScalar) -> Self:
        """Return g times the tensor, for one exact number g."""
        self._lattice("scalar_mul_exact")
        return self * g

    def elementwise_add(self, t: Self) -> Self:
        """Return the sum with a tensor of the same shape."""
        return self + t

    def equals(self, other: Any) -> bool:
        """Return whether the shapes and all elements are equal, as one bool.

        Raises
        ------
        PhaseError
            One tensor is crystallized and the other in flux.
        """
        if isinstance(other, TensorBase):
            if other.shape != self.shape:
                return False
            single_phase((self, other), "equals")
        return bool(np.array_equal(self, other))

    # -- field ----------------------------------------------------------------------------

    def galois_conjugate(self) -> Self:
        """Return the Galois conjugates a + b - bφ. Crystallized only."""
        return self._mapped(arithmetic.conjugate, "galois_conjugate")

    def field_norm(self) -> Self:
        """Return the field norms x·x' = a² + ab - b², rational. Crystallized only."""
        return self._mapped(arithmetic.norm, "field_norm")

    def field_trace(self) -> Self:
        """Return the field traces x + x' = 2a + b, rational. Crystallized only."""
        return self._mapped(arithmetic.trace, "field_trace")

    def _mapped(self, function: Any, where: str) -> Self:
        return self._of(function(self._lattice(where)), self._carried)

    # -- rounding and sign ----------------------------------------------------------------

    def relu(self) -> Self:
        """Return max(x, 0), exactly when crystallized. NaN stays NaN in flux."""
        if self.is_crystallized:
            return self._mapped(order.relu, "relu")
        return self._of(np.maximum(self._data, self._data.dtype.type(0)), self._carried)

    def floor(self) -> Self:
        """Return the largest integers not above the elements."""
        return ufuncs.apply(np.floor, (self,))

    def ceil(self) -> Self:
        """Return the least integers not below the elements."""
        return ufuncs.apply(np.ceil, (self,))

    def round(self, decimals: int = 0, **options: Any) -> Self:
        """Return the nearest multiples of 10^-decimals, ties to even."""
        return functions.call(np.round, (self, decimals), options)

    def sign(self) -> Self:
        """Return the signs -1, 0, 1 of the elements."""
        return ufuncs.apply(np.sign, (self,))

    # -- reductions -----------------------------------------------------------------------

    def sum(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the sum along axes, exact when crystallized, independent of order."""
        return self._reduced(np.sum, axis, keepdims, **options)

    def prod(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the product along axes."""
        return self._reduced(np.prod, axis, keepdims, **options)

    def mean(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the mean along axes; ValueError if nothing is averaged."""
        return self._reduced(np.mean, axis, keepdims, **options)

    def var(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the variance along axes, over n - ddof; ValueError unless n > ddof."""
        return self._reduced(np.var, axis, keepdims, **options)

    def min(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the least elements along axes."""
        return self._reduced(np.min, axis, keepdims, **options)

    def max(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Self:
        """Return the largest elements along axes."""
        return self._reduced(np.max, axis, keepdims, **options)

    def argmin(self, axis: int | None = None, **options: Any) -> Any:
        """Return the integer positions of the least elements, the first among equals."""
        return functions.call(np.argmin, (self, axis), options)

    def argmax(self, axis: int | None = None, **options: Any) -> Any:
        """Return the integer positions of the largest elements, the first among equals."""
        return functions.call(np.argmax, (self, axis), options)

    def cumsum(self, axis: int | None = None, **options: Any) -> Self:
        """Return the running sums along an axis, of the flattened tensor by default."""
        return functions.call(np.cumsum, (self, axis), options)

    def _reduced(self, function: Any, axis: Any, keepdims: bool, **options: Any) -> Self:
        options = {"axis": axis, "keepdims": keepdims, **options}
        if not self.is_crystallized and self.size == 0 and function in (np.mean, np.var):
            raise ValueError(
                f"{function.__name__}: at least one element must be averaged, got shape "
                f"{self.shape} over axis {shown(axis)}"
            )
        return functions.call(function, (self,), options)

    def sort(self, axis: int | None = -1, **options: Any) -> Self:
        """Return the elements in increasing order along an axis, decided exactly."""
        return functions.call(np.sort, (self, axis), options)

    def argsort(self, axis: int | None = -1, **options: Any) -> Any:
        """Return the integer positions that sort along an axis; stable."""
        if options.get("kind") is None:
            options.setdefault("stable", True)
        return functions.call(np.argsort, (self, axis), options)

    def unique(self, **options: Any) -> Any:
        """Return the distinct elements in increasing order."""
        return functions.call(np.unique, (self,), options)

    # -- products -------------------------------------------------------------------------

    def dot(self, other: Any, **options: Any) -> Self:
        """Return the dot product, as `numpy.dot`."""
        return functions.call(np.dot, (self, other), options)

    def matmul(self, other: Any) -> Self:
        """Return the matrix product, as `numpy.matmul`."""
        return ufuncs.apply(np.matmul, (self, other))

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, **options: Any) -> Self:
        """Return the matrix trace: the sum along a diagonal of two axes."""
        return functions.call(np.trace, (self, offset, axis1, axis2), options)

    # -- shape ----------------------------------------------------------------------------

    def reshape(self, *shape: Any, **options: Any) -> Self:
        """Return the elements in another shape, in row-major order or in ``order="F"``."""
        wanted: Shape = shape[0] if len(shape) == 1 else shape
        return functions.call(np.reshape, (self, wanted), options)

    def ravel(self, order: str = "C") -> Self:
        """Return the elements in one axis, in row-major order or in ``order="F"``."""
        return functions.call(np.ravel, (self, order), {})

    def transpose(self, *axes: Any) -> Self:
        """Return the tensor with its axes permuted, reversed by default."""
        order_: Any = (axes[0] if len(axes) == 1 else axes) if axes else None
        return functions.call(np.transpose, (self, order_), {})

    def squeeze(self, axis: Any = None) -> Self:
        """Return the tensor without axes of length 1."""
        return functions.call(np.squeeze, (self, axis), {})

    @property
    def T(self) -> Self:
        """The tensor with its axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Self:
        """The tensor with its last two axes swapped."""
        return functions.call(np.matrix_transpose, (self,), {})

    @property
    def at(self) -> At[Self]:
        """Changed copies: ``t.at[index].set(value)`` returns a new tensor."""
        return At(self)


T = TypeVar("T", bound=Methods)


class At(Generic[T]):
    """The first half of ``t.at[index].set(value)``: a tensor waiting for its index."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: T) -> None:
        self._tensor = tensor

    def __getitem__(self, index: Any) -> Indexed[T]:
        return Indexed(self._tensor, index)


class Indexed(Generic[T]):
    """A tensor and a place in it, ready to give changed copies."""

    __slots__ = ("_index", "_tensor")

    def __init__(self, tensor: T, index: Any) -> None:
        self._tensor = tensor
        self._index = index

    def set(self, value: Any) -> T:
        """Return a tensor with the elements at the index replaced by value, broadcast."""
        tensor, index = self._tensor, plain_index(self._index)
        if not tensor.is_crystallized:
            out = tensor._data.copy()
            out[index] = flux_operand(value, tensor, "at.set")
            return tensor._of(out, tensor._carried)
        new = exact_operand(value, "at.set")
        return tensor._of(joining.assign(tensor._data, index, new), tensor._carried)

    def add(self, value: Any) -> T:
        """Return a tensor with value added to the elements at the index."""
        return self.set(self._tensor[self._index] + value)

    def multiply(self, value: Any) -> T:
        """Return a tensor with the elements at the index multiplied by value."""
        return self.set(self._tensor[self._index] * value)
