"""Families of finite sets as two arrays of integers: who meets whom, in how many members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from syntonic.geometry.rows import distinct as distinct_rows
from syntonic.typing import IntArray

__all__ = ["Sets"]


class Sets:
    """Subsets of range(universe), one after the other, each with its members in order.

    Parameters
    ----------
    owners, members
        Which set has which member, sorted by set and then by member.
    count, universe
        The number of sets, and of possible members.
    """

    def __init__(self, owners: IntArray, members: IntArray, count: int, universe: int) -> None:
        self.owners, self.members, self.universe = owners, members, universe
        self.starts = np.zeros(count + 1, dtype=np.intp)
        np.cumsum(np.bincount(owners, minlength=count), out=self.starts[1:])

    @classmethod
    def of(cls, sets: Sequence[Iterable[int]], universe: int) -> Sets:
        """Take sets of integers."""
        rows = [sorted(each) for each in sets]
        owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        members = np.array([x for row in rows for x in row], dtype=np.intp)
        return cls(owners, members, len(rows), universe)

    @classmethod
    def where(cls, table: npt.NDArray[Any]) -> Sets:
        """Take a table of booleans, one row for each set."""
        owners, members = np.nonzero(table)
        return cls(owners, members, *table.shape)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> IntArray:
        return np.diff(self.starts)

    @cached_property
    def inverse(self) -> Sets:
        """The sets that have each member."""
        order = np.argsort(self.members, kind="stable")
        return Sets(self.members[order], self.owners[order], self.universe, len(self))

    def lists(self) -> list[list[int]]:
        members, starts = self.members.tolist(), self.starts.tolist()
        return [members[i:j] for i, j in pairwise(starts)]

    def take(self, chosen: IntArray) -> Sets:
        """Return some of the sets, in the given order."""
        sizes = self.sizes[chosen]
        owners = np.repeat(np.arange(len(chosen)), sizes)
        offset = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        members = self.members[np.repeat(self.starts[chosen], sizes) + offset]
        return Sets(owners, members, len(chosen), self.universe)

    def _joined(self, other: Sets) -> tuple[IntArray, IntArray]:
        """Return the pairs of sets that share a member, as one number, and this member."""
        holders = other.inverse
        counts = holders.sizes[self.members]
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        second = holders.members[np.repeat(holders.starts[self.members], counts) + offset]
        pairs = np.repeat(self.owners, counts) * len(other) + second
        return pairs, np.repeat(self.members, counts)

    def meetings(self, other: Sets) -> tuple[IntArray, IntArray, IntArray]:
        """Return the pairs (i, j) of sets here and there that meet, and in how many members."""
        pairs, counts = np.unique(self._joined(other)[0], return_counts=True)
        return (*np.divmod(pairs, max(len(other), 1)), counts)

    def within(self, other: Sets) -> tuple[IntArray, IntArray]:
        """Return the pairs (i, j) of which set i here is a subset of set j there."""
        i, j, common = self.meetings(other)
        inside = common == self.sizes[i]
        return i[inside], j[inside]

    def holding(self, other: Sets) -> Sets:
        """Return, for each set here, which sets of the other family it has as subsets."""
        j, i = other.within(self)
        order = np.lexsort((j, i))
        return Sets(i[order], j[order], len(self), len(other))

    def intersections(self, least: int) -> Sets:
        """Return the different intersections of two sets that have at least so many members."""
        pairs, members = self._joined(self)
        order = np.argsort(pairs, kind="stable")
        pairs, members = pairs[order], members[order]
        first = np.flatnonzero(np.diff(pairs, prepend=-1))
        sizes = np.diff(first, append=len(pairs))
        i, j = np.divmod(pairs[first], max(len(self), 1))
        wanted = (sizes >= least) & (i < j)
        owners = np.repeat(np.cumsum(wanted) - 1, sizes)[np.repeat(wanted, sizes)]
        found = Sets(owners, members[np.repeat(wanted, sizes)], int(wanted.sum()), self.universe)
        return found.distinct()

    def distinct(self) -> Sets:
        """Return each set once."""
        if not len(self):
            return self
        table = np.full((len(self), int(self.sizes.max())), -1)
        table[self.owners, np.arange(len(self.owners)) - self.starts[self.owners]] = self.members
        return self.take(distinct_rows(table)[0])

    def maximal(self) -> Sets:
        """Return the sets that are subsets of no other one; they must be different."""
        i, j = self.within(self)
        inner = np.unique(i[i != j])
        return self.take(np.setdiff1d(np.arange(len(self)), inner))
