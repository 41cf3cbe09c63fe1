"""PyTorch's own threads, for loops that run in place of its operations."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from syntonic.jit.team import Team

__all__ = ["own_team"]

_FORKED: list[bool] = []


def own_team() -> Team | None:
    """Return PyTorch's threads; None where they are not GCC's OpenMP, or did not survive a fork."""
    return None if _FORKED else _team()


@cache
def _team() -> Team | None:
    if "ATen parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return None
    try:  # in the library that PyTorch is linked with
        parallel = ctypes.CDLL(torch._C.__file__).GOMP_parallel
    except (OSError, AttributeError):
        return None
    from syntonic.jit.team import Team  # with numba, which not all need

    return Team(ctypes.cast(parallel, ctypes.c_void_p).value or 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _FORKED.append(True))
