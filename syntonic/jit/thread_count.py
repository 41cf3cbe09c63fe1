"""How many threads compiled loops may use, for the whole process.

No result depends on the number. It is at first that of the environment, NUMBA_NUM_THREADS or else
OMP_NUM_THREADS, which Dask sets to 1 for its workers; else that of the cores the process may use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from threading import local
from typing import Any

__all__ = ["at_most", "get_num_threads", "num_threads", "pool_here", "set_num_threads"]


def get_num_threads() -> int:
    """Return how many threads compiled loops may use now.

    Returns
    -------
    int
        The number that was set last, or numba's own for the calling thread if that is smaller:
        `numba.set_num_threads` is obeyed too.

    See Also
    --------
    set_num_threads, num_threads : change it.

    Notes
    -----
    threadpoolctl knows the libraries it was written for, and neither sees nor limits these
    threads.

    Examples
    --------
    >>> import syntonic
    >>> syntonic.get_num_threads() >= 1
    True
    """
    ours = min(_NUMBER["threads"], getattr(_HERE, "most", _UNLIMITED))
    parallel = sys.modules.get("numba.np.ufunc.parallel")
    if ours == 1 or not getattr(parallel, "_is_initialized", False):
        return ours  # asking numba would start its threads
    theirs: int = sys.modules["numba"].get_num_threads()
    return min(ours, theirs)


def set_num_threads(n: int) -> None:
    """Set how many threads compiled loops may use.

    Parameters
    ----------
    n : int
        One or more; 1 starts no thread.

    Raises
    ------
    TypeError
        n is not an integer.
    ValueError
        n is not positive.

    See Also
    --------
    num_threads : for a block.
    get_num_threads : what it is.

    Examples
    --------
    >>> import syntonic
    >>> before = syntonic.get_num_threads()
    >>> syntonic.set_num_threads(1)
    >>> syntonic.get_num_threads()
    1
    >>> syntonic.set_num_threads(before)
    """
    _NUMBER["threads"] = _checked(n, "set_num_threads")


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Limit compiled loops to n threads in a `with` block.

    Parameters
    ----------
    n : int
        As for `set_num_threads`, with the same errors. The number is the process's: other Python
        threads see it as well.

    See Also
    --------
    set_num_threads : for good.

    Examples
    --------
    >>> import syntonic
    >>> with syntonic.num_threads(1):
    ...     syntonic.get_num_threads()
    1
    """
    before, _NUMBER["threads"] = _NUMBER["threads"], _checked(n, "num_threads")
    try:
        yield
    finally:
        _NUMBER["threads"] = before


class at_most:
    """Limit the loops that the calling thread starts in a `with` block to n threads, n >= 1.

    Other threads see nothing of it; `set_num_threads` is obeyed too. A `team` is the pool that
    these loops use in place of ours. (A generator would cost as much as a small loop.)
    """

    __slots__ = ("before", "most", "pool")

    def __init__(self, n: int, team: Any = None) -> None:
        self.most, self.pool = n, team

    def __enter__(self) -> None:
        self.before = most, pool = getattr(_HERE, "most", _UNLIMITED), pool_here()
        _HERE.most, _HERE.pool = min(self.most, most), self.pool or pool

    def __exit__(self, *_: object) -> None:
        _HERE.most, _HERE.pool = self.before


def pool_here() -> Any:
    """Return the pool that loops of the calling thread use, or None for ours."""
    return getattr(_HERE, "pool", None)


def _checked(n: int, where: str) -> int:
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"{where}: n must be an integer, got {type(n).__name__}")
    if n < 1:
        raise ValueError(f"{where}: n must be 1 or more, got {n}; 1 starts no thread")
    return int(n)


def _of_the_environment() -> int:
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP lists levels
        if value.isdecimal() and int(value) >= 1:
            return int(value)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


_NUMBER = {"threads": _of_the_environment()}

_HERE = local()
"""What `at_most` says to the calling thread."""

_UNLIMITED = 1 << 30
