"""What tensors can do: operators, methods, and changed copies at an index."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from syntonic.lattice import joining
from syntonic.tensor.base import plain_index
from syntonic.tensor.copies import Copies
from syntonic.tensor.elementwise import Elementwise
from syntonic.tensor.operands import exact_operand, flux_operand
from syntonic.tensor.ordering import Ordering
from syntonic.tensor.shapes import Shapes

__all__ = ["At", "Methods"]


class Methods(Elementwise, Ordering, Shapes, Copies):
    """Adds all methods to the operators."""

    __slots__ = ()

    @property
    def at(self) -> At[Self]:
        """Changed copies: ``t.at[index].set(value)`` returns a new tensor.

        Returns
        -------
        At
            Takes an index of NumPy's; then `set`, `add` or `multiply` takes the value, broadcast.

        See Also
        --------
        take : elements by their positions.
        clip : all elements changed by one rule.

        Examples
        --------
        >>> from syntonic import PHI, ResonantTensor
        >>> t = ResonantTensor([1, 2, 3])
        >>> t.at[0].set(PHI), t.at[1:].add(1), t.at[-1].multiply(PHI)
        (ResonantTensor([φ, 2, 3]), ResonantTensor([1, 3, 4]), ResonantTensor([1, 2, 3φ]))
        """
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
        changed = joining.assign(tensor._lattice("at.set"), index, new)
        return tensor._of(changed, tensor._carried)

    def add(self, value: Any) -> T:
        """Return a tensor with value added to the elements at the index."""
        return self.set(self._tensor[self._index] + value)

    def multiply(self, value: Any) -> T:
        """Return a tensor with the elements at the index multiplied by value."""
        return self.set(self._tensor[self._index] * value)
