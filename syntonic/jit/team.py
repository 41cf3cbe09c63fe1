"""Threads of another library, lent to the loops that run for it.

After an operation the threads of a library like PyTorch look for more work for a while. Helpers of
our own would contend with them for the processors, and both would wait.
"""

from __future__ import annotations

from functools import cache

from syntonic.jit.compile import callback
from syntonic.jit.pool import TEAM, Words, take_pieces
from syntonic.jit.thread_count import get_num_threads

__all__ = ["Team"]


class Team(Words):
    """A pool whose helpers are the threads of an OpenMP library that has GOMP_parallel."""

    def __init__(self, parallel: int) -> None:
        """Take the address of that function."""
        super().__init__(TEAM)
        self.set(TEAM, parallel, _work())

    def helpers(self, wanted: int) -> int:
        """Return how many there are, wanted or not: a smaller team would be made anew."""
        return get_num_threads() - 1


@cache
def _work() -> int:
    return callback(_take_pieces)


def _take_pieces(pool: int) -> None:  # another file on disk than that of the pool's own
    take_pieces(pool)
