"""The share of a copy's bandwidth that a case aims at, and the reason where it is a smaller one.

What moves every byte once, 16 at a time, can come to nine tenths of a copy. A kernel that reads
again what it could not keep has that share of its floor only; one that computes much is bound by
the instructions that the device issues. A goal is of the kernels as they are: it is raised with
the change that makes it reachable, and never lowered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LARGE", "MOST", "Goal", "goal_of"]

LARGE = 64 << 20  # bytes of x from which on there are goals: below, a launch is bound by Python
MOST = 0.9
ISSUED = 0.85  # of the issue slots, what code that waits for memory now and then can use

_FULL = "a row fills the registers of a multiprocessor: loads and stores do not overlap"


@dataclass(frozen=True)
class Goal:
    """A share of the bandwidth of a copy.

    Parameters
    ----------
    share
        What the memory accesses allow.
    reason
        Why it is below MOST.
    slots, lanes
        Instructions an element takes, and how many of them a multiprocessor starts in a clock:
        128, or 64 in float64. 0 where memory alone bounds.
    """

    share: float
    reason: str = ""
    slots: int = 0
    lanes: int = 128

    def on(self, case: Any, processors: int, clock: float, copy: float) -> tuple[float, str]:
        """Return the share on a device, and what bounds it.

        Parameters
        ----------
        processors, clock, copy
            Multiprocessors, cycles per second, and the bytes a second that a copy moves.
        """
        if self.slots:
            elements = processors * self.lanes * clock / self.slots  # a second
            issued = ISSUED * elements * case.passes * case.size / copy
            if issued < self.share:
                return issued, f"{self.slots} instructions an element"
        return self.share, self.reason


def goal_of(case: Any) -> Goal | None:
    """Return the goal of a case; small arrays have none."""
    if case.nbytes < LARGE:
        return None
    if (made := _passes_made(case)) > case.passes:
        share = round(MOST * case.passes / made, 2)
        return Goal(share, f"{made:g} passes over x where {case.passes:g} would do")
    return _bounded_by_registers(case) or _bounded_by_instructions(case) or Goal(MOST)


def _passes_made(case: Any) -> float:
    """Return how often x is read or written by the kernels as they are."""
    row = case.shape[-1] * max(case.size, 4)  # halves are kept as float32
    match case.operation:
        case "layer norm backward":
            return 5 if row > 16384 * 4 else 3
        case "residual layer norm backward":
            return 8 if row > 16384 * 4 else 5
        case "softmax learned backward":
            return 5 if row > 36864 * 4 else 3
        case "layer norm":
            return 3 if row > 71680 * 4 else 2  # of 64 rows and more; halves are kept as such
        case "softmax" | "softmax learned":
            return 2.5 if row > 65536 * 4 else 2  # less, of halves
        case "softmax backward":
            return 4.5 if row > 36864 * 4 else 3
    return case.passes


def _bounded_by_registers(case: Any) -> Goal | None:
    row, rows = case.shape[-1] * max(case.size, 4), len(case.shape) == 2
    if case.operation == "layer norm" and row >= 8192 * 4:
        return Goal(0.8, _FULL)
    if case.operation.startswith("softmax") and rows and row >= 16384 * 4:
        return Goal(0.75, _FULL)
    if case.operation.startswith("softmax") and not rows:
        return Goal(0.7, "128 blocks, fewer than multiprocessors")
    if case.operation in ("batch norm", "batch norm backward") and rows:
        return Goal(0.8, "rows are read in pieces of 128 bytes")
    if case.operation.startswith("snap") or case.operation == "wake":
        return Goal(0.8, "8 bytes a load")
    return None


def _bounded_by_instructions(case: Any) -> Goal | None:
    if case.operation == "gelu" and case.size == 8:
        return Goal(MOST, "", 66, 64)
    if case.operation == "gelu" and case.size == 4:
        return Goal(MOST, "", 55, 128)
    return None  # halves take a short polynomial
