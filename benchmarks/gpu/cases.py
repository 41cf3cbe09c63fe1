"""What is measured: every operation at its shapes and dtypes, in the order of measurement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from types import SimpleNamespace
from typing import Any

from benchmarks.gpu.device import dtype_of
from benchmarks.gpu.goals import Goal, goal_of
from benchmarks.gpu.operations import FAMILIES, OPERATIONS, Operation
from syntonic.flux.cuda.source import acc_dtype

__all__ = ["DTYPES", "Case", "plan", "small"]

DTYPES = ("f32", "bf16", "f64")
ARRAY = 256 << 20  # bytes of x where the shape follows from a width
COMPILED = ("phi", "gelu", "residual layer norm", "batch norm", "layer norm", "softmax")


@dataclass(frozen=True)
class Case:
    """An operation at one shape, as PyTorch would see it, and dtype.

    `headline` marks the shapes that stand for the others: the first to be measured.
    """

    family: str
    operation: str
    dtype: str
    shape: tuple[int, ...]
    headline: bool = False

    @property
    def backward(self) -> bool:
        return self.operation.endswith(" backward")

    @property
    def does(self) -> Operation:
        return OPERATIONS[self.family][self.operation]

    @property
    def forward(self) -> str:
        """The operation, or the one whose gradient it is."""
        return self.operation.removesuffix(" backward")

    @property
    def compiled(self) -> bool:
        """Whether torch.compile is tried: it takes seconds, so on what stands for others."""
        return self.headline and self.dtype in ("f32", "bf16") and self.forward in COMPILED

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return 2 if self.dtype in ("f16", "bf16") else int(self.dtype[1:]) // 8

    @property
    def nbytes(self) -> int:
        """Bytes of x."""
        return prod(self.shape) * self.size

    @property
    def passes(self) -> float:
        passes = self.does.passes
        return passes(self) if callable(passes) else passes

    @property
    def floor(self) -> int:
        """Bytes that the operation must move."""
        return int(self.passes * self.nbytes)

    @property
    def goal(self) -> Goal | None:
        """What is aimed at, and why; small arrays have none."""
        return goal_of(self)

    @property
    def key(self) -> str:
        return f"{self.family}: {self.operation} {self.dtype} {'x'.join(map(str, self.shape))}"

    def inputs(self, gpu: Any, arrays: Iterable[Any]) -> SimpleNamespace:
        """Return an input set from random arrays of the case's shape."""
        d = SimpleNamespace(**dict(zip(self.does.arrays.split(), arrays, strict=True)))
        d.vector = lambda n: gpu.normal(n, acc_dtype(dtype_of(self.dtype)))
        self.does.prepare(d)
        return d

    def launch(self, d: SimpleNamespace) -> Any:
        """Call the launcher on an input set."""
        return self.does.launch(d)


# -- the shapes ----------------------------------------------------------------------------------
# Each is (shape, headline, quick). A number alone is a width: rows to fill ARRAY.

Shapes = tuple[tuple[Any, bool, bool], ...]

_FLAT: Shapes = (
    ((100_000_000,), True, False),
    ((1 << 20,), True, False),
    ((1 << 10,), True, False),
    ((1 << 24,), False, True),
    ((1 << 16,), False, True),
)
_SHAPES: dict[str, Shapes] = {
    "residual layer norm": tuple(
        ((prod(shape) // 1024, 1024), headline, quick) for shape, headline, quick in _FLAT
    ),
    "batch norm": (
        ((128, 256, 56, 56), True, True),
        ((256, 100_000), True, False),
        ((32, 64, 28, 28), True, False),
        ((1024, 1000), True, True),
    ),
    "layer norm": (
        (4096, True, True),
        (1024, True, True),
        (768, False, False),
        (8192, False, False),
        (32768, True, False),
        ((128, 768), False, False),
    ),
    "softmax": (
        (1024, True, True),
        (16384, True, True),
        (128, False, False),
        (4096, False, False),
        (32768, True, False),
        (131072, False, False),
        ((4, 131072), False, False),
        ((64, 1024, 64), False, True),
    ),
    "output stats": _FLAT[3:4],
    "snap": _FLAT[3:4],
    "wake": _FLAT[3:4],
    "": _FLAT,
}
_SMALL: dict[str, Shapes] = {
    "residual layer norm": (((5, 33), True, True), ((2, 9000), True, True)),
    "batch norm": tuple((s, True, True) for s in ((6, 5), (700, 9), (3, 4, 2, 3), (2, 2, 90, 90))),
    "layer norm": (((5, 33), True, True), ((2, 9000), True, True)),
    "softmax": tuple((s, True, True) for s in ((3, 17), (3, 3000), (2, 20000), (2, 9, 4))),
    "": (((37,), True, True), ((5000,), True, True)),
}


def plan(
    families: Iterable[str] = FAMILIES, dtypes: Iterable[str] = DTYPES, quick: bool = False
) -> list[Case]:
    """Return the cases in the order of their measurement: what stands for others comes first."""
    cases = [c for c, chosen in _cases(families, dtypes, _SHAPES) if chosen or not quick]
    return sorted(cases, key=lambda case: not case.headline)  # stable


def small(families: Iterable[str] = FAMILIES, dtypes: Iterable[str] = DTYPES) -> list[Case]:
    """Return every operation at shapes that a sanitizer, or a CPU, gets through."""
    return [case for case, _ in _cases(families, dtypes, _SMALL)]


def _cases(
    families: Iterable[str], dtypes: Iterable[str], shapes: dict[str, Shapes]
) -> Iterator[tuple[Case, bool]]:
    for dtype, family in product(dtypes, families):
        for operation in OPERATIONS[family]:
            known = next(s for name, s in shapes.items() if operation.startswith(name))
            for shape, headline, quick in known:
                case = Case(family, operation, dtype, shape, headline)
                if not isinstance(shape, tuple):
                    case = replace(case, shape=(ARRAY // (shape * case.size), shape))
                yield case, quick
