"""Arrays as a kernel sees them: copies between inaccessible pages.

Every step past an array faults, or lands in a pattern that is looked at afterwards. A copy keeps
its address modulo 16, so that what is misaligned stays so; arrays that overlap share one copy, so
that a kernel sees them as one memory; what a kernel promises not to write, it cannot write.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Argument", "Region", "describe", "guarded"]

PAGE = 4096
ALIGNMENT = 16
PATTERN = 0xA5


@dataclass(frozen=True)
class Argument:
    """An array given for a pointer, what to call it, and whether the kernel's pointer is const."""

    name: str
    array: np.ndarray[Any, Any]
    constant: bool

    @property
    def low(self) -> int:
        """The first address."""
        return int(self.array.ctypes.data)

    @property
    def high(self) -> int:
        """The address after the last."""
        return self.low + self.array.nbytes


class Region:
    """One copy for the arrays that overlap, flush with the end of its pages or with the start."""

    def __init__(self, machine: ctypes.CDLL, arguments: Sequence[Argument], at_end: bool) -> None:
        self.arguments = arguments
        self.low = min(a.low for a in arguments)
        self.bytes = max(a.high for a in arguments) - self.low
        self.constant = all(a.constant for a in arguments)
        self._machine = machine
        self._pages = (self.bytes + ALIGNMENT + PAGE - 1) // PAGE * PAGE
        self._start = machine.sim_map(self._pages)
        if not self._start:
            raise MemoryError(f"no room for {self._pages} bytes between guard pages")
        slack = self._pages - self.bytes
        last = slack - (slack - self.low) % ALIGNMENT  # the highest offset of the right alignment
        self.copy = self._start + (last if at_end else self.low % ALIGNMENT)
        ctypes.memset(self._start, PATTERN, self._pages)
        ctypes.memmove(self.copy, self.low, self.bytes)
        if self.constant:
            machine.sim_make_constant(self._start, self._pages)

    def address(self, argument: Argument) -> int:
        """Return where the kernel sees an array of this region."""
        return self.copy + argument.low - self.low

    def take_back(self) -> None:
        """Copy what the kernel wrote into the arrays."""
        if not self.constant:
            ctypes.memmove(self.low, self.copy, self.bytes)

    def strayed(self) -> bool:
        """Say whether the kernel wrote beside the arrays."""
        before = self.copy - self._start
        pages = np.ctypeslib.as_array((ctypes.c_uint8 * self._pages).from_address(self._start))
        beside = (pages[:before], pages[before + self.bytes :])
        return any(bool((part != PATTERN).any()) for part in beside)

    def free(self) -> None:
        """Give the pages back."""
        self._machine.sim_unmap(self._start, self._pages)


@contextmanager
def guarded(
    machine: ctypes.CDLL, arguments: Sequence[Argument], at_end: bool
) -> Iterator[list[Region]]:
    """Hold copies of arrays; empty ones have none."""
    regions: list[Region] = []
    try:
        for group in _overlapping([a for a in arguments if a.array.nbytes]):
            regions.append(Region(machine, group, at_end))
        yield regions
    finally:
        for region in regions:
            region.free()


def _overlapping(arguments: Sequence[Argument]) -> list[list[Argument]]:
    """Group arrays that share memory."""
    groups: list[list[Argument]] = []
    end = 0
    for argument in sorted(arguments, key=lambda a: a.low):
        if groups and argument.low < end:
            groups[-1].append(argument)
        else:
            groups.append([argument])
        end = max(end, argument.high)
    return groups


def describe(address: int, regions: Sequence[Region]) -> str:
    """Say where an address lies, seen from the nearest array."""

    def distance(region: Region) -> int:
        return max(region.copy - address, address - (region.copy + region.bytes - 1), 0)

    near = min(regions, key=distance, default=None)
    if address < PAGE:
        return "a null pointer"
    if near is None or distance(near) > 1 << 20:
        return "far from every array"
    name = " and ".join(a.name for a in near.arguments)
    promise = ", which is const" if distance(near) == 0 else ""
    return f"byte {address - near.copy} of the {near.bytes} of {name}{promise}"
