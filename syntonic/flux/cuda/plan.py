"""Launches that are found out once for each shape, and then repeated: the plan of a call.

A launcher looks at shapes, dtypes and scalars, never at a value, so that its choices can be noted:
`planned` lets it run on stand-ins for its arrays, and what it allocates and launches there is the
plan. Every later call with the same shapes, dtypes and scalars follows that plan: it allocates the
results, one array for all scratch, and launches.

Results may be given (`out`) and so may the scratch (`workspace`): such a call allocates nothing.
That is what a CUDA graph needs, which is replayed on the very memory that it was captured with::

    plan = norm.layer_norm.plan(x, 1.0, 1e-5, gamma, beta)
    workspace = cupy.empty(plan.workspace, cupy.uint8)
    norm.layer_norm(x, 1.0, 1e-5, gamma, beta, out=(y, statistics), workspace=workspace)

The first such call compiles and loads the kernels; it comes before the capture. Results and
workspace must outlive the graph, and overlap neither each other nor the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import update_wrapper
from inspect import signature
from math import prod
from operator import itemgetter
from typing import Any

import numpy as np

from syntonic.errors import DeviceError, ShapeError
from syntonic.flux.cuda.launch import (
    SHARED,
    Array,
    check_geometry,
    register_runtime,
    runtime_of,
    shared_of,
)

__all__ = ["Launch", "Plan", "Slot", "described", "forget", "planned"]

_MOST = 4096
"""Plans that a launcher remembers; then it forgets them all."""

_ALIGNED = 256
"""Bytes to which scratch arrays begin, as CUDA's allocator has it."""

_SCALARS = frozenset((float, int, bool, str, type(None), np.float64, np.float32, np.int64))

_DTYPES: dict[Any, Any] = {}
"""Dtypes of other libraries, and what the launchers take for them."""


def described(theirs: dict[Any, Any]) -> None:
    """Say what the launchers may take for another library's dtypes: with `name` and `itemsize`."""
    _DTYPES.update(theirs)


@dataclass(frozen=True)
class Spec:
    """An array to be allocated; `offset` is its first byte in the workspace, if it is scratch."""

    shape: tuple[int, ...]
    dtype: Any
    offset: int = 0

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * int(self.dtype.itemsize)


@dataclass(frozen=True)
class Launch:
    """A launch, but for the arguments, which `pick` takes from a call's values."""

    family: str
    symbol: str
    dtype: str
    grid: tuple[int, ...]
    block: tuple[int, ...]
    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    shared: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What a call allocates and launches.

    A call's values are its arrays, the outputs, the scratch arrays and the constants, in a row.

    Parameters
    ----------
    name
        The launcher's.
    outputs, scratch
        What is allocated: for the caller, and for the call.
    constants
        Scalars of exactly the kernels' types, and None for null pointers.
    launches
        One after another on a stream.
    results
        Takes what the launcher returns from the values.
    workspace
        Bytes that hold all scratch.
    bound
        What a runtime makes of the plan: kernels that are loaded, dtypes of its library.
    """

    name: str
    outputs: tuple[Spec, ...]
    scratch: tuple[Spec, ...]
    constants: tuple[Any, ...]
    launches: tuple[Launch, ...]
    results: Callable[[Sequence[Any]], Any]
    workspace: int
    bound: dict[Any, Any] = field(default_factory=dict)

    def given(self, out: Any) -> tuple[Array, ...]:
        """Return the caller's arrays for the results, or raise."""
        arrays = out if isinstance(out, tuple) else (out,)
        if len(arrays) != len(self.outputs):
            raise ShapeError(
                f"{self.name}: out must be {len(self.outputs)} arrays, got {len(arrays)}"
            )
        for place, (array, spec) in enumerate(zip(arrays, self.outputs, strict=True)):
            dtype = _DTYPES.get(array.dtype, array.dtype)
            if tuple(array.shape) != spec.shape or dtype != spec.dtype:
                raise ShapeError(
                    f"{self.name}: array {place} of out must be {spec.dtype.name} of shape "
                    f"{spec.shape}, got {dtype.name} of shape {tuple(array.shape)}"
                )
        return arrays

    def room(self, workspace: Array, address: int) -> None:
        """Refuse a workspace at an address if it is too small or not aligned."""
        if workspace.nbytes < self.workspace or (self.workspace and address % _ALIGNED):
            raise DeviceError(
                f"{self.name}: workspace must be {self.workspace} bytes at a multiple of "
                f"{_ALIGNED}, got {workspace.nbytes} at {address}; ask .plan(...).workspace"
            )


# -- stand-ins --------------------------------------------------------------------------------


class Slot:
    """What stands for an array while a launcher is looked at: a shape and a dtype, no memory."""

    __slots__ = ("dtype", "place", "shape", "sketch")

    def __init__(self, sketch: _Sketch, place: int, shape: tuple[int, ...], dtype: Any) -> None:
        self.sketch, self.place = sketch, place
        self.shape, self.dtype = tuple(shape), dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * int(self.dtype.itemsize)

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, *shape: Any) -> Slot:
        """Return the same array in another shape."""
        wanted = shape[0] if isinstance(shape[0], tuple) else shape
        return Slot(self.sketch, self.place, wanted, self.dtype)


class _Sketch:
    """The runtime of stand-ins: it notes what a launcher wants."""

    def __init__(self, shared: int) -> None:
        self.shared = shared
        self._slots: list[Slot] = []
        self._taken = 0
        self._launches: list[tuple[Launch, tuple[Any, ...]]] = []

    def take(self, array: Array) -> Slot:
        """Return what stands for an argument."""
        self._taken += 1
        return self._slot(array.shape, _DTYPES.get(array.dtype, array.dtype))

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Slot:
        return self._slot(shape, dtype if hasattr(dtype, "itemsize") else np.dtype(dtype))

    def _slot(self, shape: tuple[int, ...], dtype: Any) -> Slot:
        dtype = np.dtype(dtype) if isinstance(dtype, type) else dtype  # np.float64 has an itemsize
        self._slots.append(Slot(self, len(self._slots), shape, dtype))
        return self._slots[-1]

    def launch(
        self,
        family: str,
        symbol: str,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        arguments: tuple[Any, ...],
        shared: int = 0,
    ) -> None:
        check_geometry(symbol, grid, block)
        this = Launch(family, symbol, dtype, grid, block, tuple, shared)
        self._launches.append((this, arguments))

    def plan(self, name: str, result: Any) -> Plan:
        """Return what was noted, of a launcher that returned this."""
        several = result if isinstance(result, tuple) else (result,)
        made = self._slots[self._taken :]
        returned = {slot.place: slot for slot in several}
        outputs = [returned[slot.place] for slot in made if slot.place in returned]
        scratch = [slot for slot in made if slot.place not in returned]
        order = [*range(self._taken), *(slot.place for slot in (*outputs, *scratch))]
        places = {place: at for at, place in enumerate(order)}
        constants: list[Any] = []
        launches = tuple(
            replace(this, pick=_picking(self._places(arguments, places, constants)))
            for this, arguments in self._launches
        )
        picked = [places[slot.place] for slot in several]
        results = _picking(picked) if isinstance(result, tuple) else itemgetter(picked[0])
        specs, workspace = _laid_out(scratch)
        return Plan(
            name,
            tuple(Spec(slot.shape, slot.dtype) for slot in outputs),
            specs,
            tuple(constants),
            launches,
            results,
            workspace,
        )

    @staticmethod
    def _places(arguments: Any, places: dict[int, int], constants: list[Any]) -> list[int]:
        """Return where a launch's arguments are among the values; scalars join the constants."""
        found = []
        for argument in arguments:
            if isinstance(argument, Slot):
                found.append(places[argument.place])
            else:
                found.append(len(places) + len(constants))
                constants.append(argument)
        return found


register_runtime(Slot, lambda slot: slot.sketch)


def _laid_out(scratch: Sequence[Slot]) -> tuple[tuple[Spec, ...], int]:
    """Return scratch arrays side by side in a workspace, and its bytes."""
    specs, end = [], 0
    for slot in scratch:
        specs.append(Spec(slot.shape, slot.dtype, end))
        end += -(-slot.nbytes // _ALIGNED) * _ALIGNED
    return tuple(specs), end


def _picking(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what takes the values at these places, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


# -- launchers --------------------------------------------------------------------------------


class _Planned:
    """A launcher that repeats what it did for the same shapes, dtypes and scalars."""

    def __init__(self, launcher: Callable[..., Any]) -> None:
        update_wrapper(self, launcher)
        self._launcher = launcher
        self.plans: dict[tuple[Any, ...], Plan] = {}

    def __call__(
        self, *arguments: Any, out: Any = None, workspace: Array = None, **named: Any
    ) -> Any:
        if named:
            arguments = signature(self._launcher).bind(*arguments, **named).args
        arrays, key = [], []
        for each in arguments:
            if type(each) in _SCALARS:
                key.append(each)
            else:
                arrays.append(each)
                key += each.shape, each.dtype
        runtime = runtime_of(arrays[0])
        key.append(getattr(runtime, "shared", SHARED))
        plan = self.plans.get(tuple(key)) or self._noted(tuple(key), arguments)
        follow = getattr(runtime, "follow", None)
        if follow is None:
            return _follow(runtime, plan, arrays, out, workspace)
        return follow(plan, arrays, out, workspace)

    def plan(self, *arguments: Any) -> Plan:
        """Return the plan of a call with these arguments, of which nothing is done."""
        sketch = _Sketch(shared_of(next(x for x in arguments if type(x) not in _SCALARS)))
        stand_ins = [x if type(x) in _SCALARS else sketch.take(x) for x in arguments]
        return sketch.plan(self.__name__, self._launcher(*stand_ins))  # type: ignore[attr-defined]

    def _noted(self, key: tuple[Any, ...], arguments: tuple[Any, ...]) -> Plan:
        if len(self.plans) >= _MOST:
            self.plans.clear()
        plan = self.plans[key] = self.plan(*arguments)
        return plan


_ALL: list[_Planned] = []


def planned(launcher: Callable[..., Any]) -> _Planned:
    """Let a launcher repeat its plans. It looks at shapes, dtypes and scalars alone."""
    _ALL.append(_Planned(launcher))
    return _ALL[-1]


def forget() -> None:
    """Forget all plans, and with them the kernels that they hold."""
    for each in _ALL:
        each.plans.clear()


def _follow(runtime: Any, plan: Plan, arrays: list[Array], out: Any, workspace: Array) -> Any:
    """Follow a plan on a runtime that allocates and launches, and no more."""
    outputs = (
        [runtime.empty(spec.shape, spec.dtype) for spec in plan.outputs]
        if out is None
        else plan.given(out)
    )
    if workspace is None:  # apart from each other, so that a test sees who leaves his own
        scratch = [runtime.empty(spec.shape, spec.dtype) for spec in plan.scratch]
    else:
        plan.room(workspace, workspace.ctypes.data)
        scratch = [
            workspace[spec.offset :][: spec.nbytes].view(spec.dtype).reshape(spec.shape)
            for spec in plan.scratch
        ]
    values = (*arrays, *outputs, *scratch, *plan.constants)
    for each in plan.launches:
        runtime.launch(
            each.family,
            each.symbol,
            each.dtype,
            each.grid,
            each.block,
            each.pick(values),
            each.shared,
        )
    return plan.results(values)
