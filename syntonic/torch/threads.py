"""PyTorch's own threads, for loops that run in place of its operations."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

import torch

from syntonic.jit.thread_count import get_num_threads

if TYPE_CHECKING:
    from syntonic.jit.team import Team

__all__ = ["own_team"]

_FORKED = Event()


def own_team() -> Team | None:
    """Return PyTorch's threads, or None where loops are to run in ours.

    That is where PyTorch has no OpenMP library with GCC's calls, in a process that was forked after
    this module was imported, for the threads are the parent's, and where fewer threads are allowed
    than PyTorch has: it would make its threads anew each time.
    """
    if _FORKED.is_set() or get_num_threads() < torch.get_num_threads():
        return None
    return _team()


@cache
def _team() -> Team | None:
    if (
        os.name != "posix"
        or "ATen parallel backend: OpenMP" not in torch.__config__.parallel_info()
    ):
        return None
    for name in (None, torch._C.__file__):  # as PyTorch's own calls find it: loaded before, or its
        try:
            parallel = ctypes.CDLL(name).GOMP_parallel
        except (OSError, AttributeError):
            continue
        from syntonic.jit.team import Team  # with numba, which not all need

        return Team(ctypes.cast(parallel, ctypes.c_void_p).value or 0)
    return None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_FORKED.set)
