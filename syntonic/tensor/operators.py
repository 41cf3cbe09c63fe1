"""Python's operators on tensors, NumPy's two doors, its ufuncs and its functions, and SymPy's."""

from __future__ import annotations

from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from syntonic.exact.golden import GoldenExact
from syntonic.tensor import functions, ufunc_methods, ufuncs
from syntonic.tensor.base import TensorBase
from syntonic.tensor.operands import is_foreign
from syntonic.tensor.option_rules import NO_OUT

__all__ = ["Operators"]

_NUMBERS = (int, GoldenExact)
"""What often meets a tensor, and is known by its type alone."""


class Operators(TensorBase):
    """Adds arithmetic and comparison, exact or in flux by the phase."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise TypeError(NO_OUT.format(where=ufunc.__name__))
        if method != "__call__":
            return ufunc_methods.apply_method(ufunc, method, inputs, kwargs)
        return ufuncs.apply(ufunc, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return functions.call(func, args, kwargs, like=self)

    def _sympy_(self) -> NoReturn:  # without it SymPy would take one element as a float
        from sympy import SympifyError

        class NotSymbolic(SympifyError, TypeError):  # type: ignore[misc]
            __str__ = BaseException.__str__

        raise NotSymbolic(
            "SymPy: a ResonantTensor has no place in an expression; "
            "syntonic.interop.sympy.to_sympy converts it"
        )

    def _binary(self, ufunc: np.ufunc, other: Any) -> Any:
        if type(other) is type(self):
            return ufuncs.apply_pair(ufunc, self, other)
        if type(other) in _NUMBERS:
            return ufuncs.apply_number(ufunc, self, self, other)
        return NotImplemented if is_foreign(other) else ufuncs.apply(ufunc, (self, other))

    def _reflected(self, ufunc: np.ufunc, other: Any) -> Any:
        if type(other) in _NUMBERS:
            return ufuncs.apply_number(ufunc, self, other, self)
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

    def __and__(self, other: Any) -> Any:  # NumPy refuses bits of floats, and so do exact numbers
        return self._binary(np.bitwise_and, other)

    def __rand__(self, other: Any) -> Any:
        return self._reflected(np.bitwise_and, other)

    def __or__(self, other: Any) -> Any:
        return self._binary(np.bitwise_or, other)

    def __ror__(self, other: Any) -> Any:
        return self._reflected(np.bitwise_or, other)

    def __xor__(self, other: Any) -> Any:
        return self._binary(np.bitwise_xor, other)

    def __rxor__(self, other: Any) -> Any:
        return self._reflected(np.bitwise_xor, other)

    def __lshift__(self, other: Any) -> Any:
        return self._binary(np.left_shift, other)

    def __rlshift__(self, other: Any) -> Any:
        return self._reflected(np.left_shift, other)

    def __rshift__(self, other: Any) -> Any:
        return self._binary(np.right_shift, other)

    def __rrshift__(self, other: Any) -> Any:
        return self._reflected(np.right_shift, other)

    def __invert__(self) -> Any:
        return ufuncs.apply(np.invert, (self,))

    def __eq__(  # type: ignore[override]
        self, other: object
    ) -> npt.NDArray[np.bool_]:
        return self._binary(np.equal, other)

    def __ne__(  # type: ignore[override]
        self, other: object
    ) -> npt.NDArray[np.bool_]:
        return self._binary(np.not_equal, other)

    def __lt__(self, other: Any) -> npt.NDArray[np.bool_]:
        return self._binary(np.less, other)

    def __le__(self, other: Any) -> npt.NDArray[np.bool_]:
        return self._binary(np.less_equal, other)

    def __gt__(self, other: Any) -> npt.NDArray[np.bool_]:
        return self._binary(np.greater, other)

    def __ge__(self, other: Any) -> npt.NDArray[np.bool_]:
        return self._binary(np.greater_equal, other)

    __hash__ = None  # type: ignore[assignment]  # comparison is element-wise

    def __round__(self, ndigits: int | None = None) -> Self:
        return functions.call(np.round, (self, ndigits or 0), {})
