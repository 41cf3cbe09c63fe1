"""einops on tensors of both phases; flux also through ``einops.array_api``, without this module."""

from __future__ import annotations

from functools import cache

from syntonic.tensor import ResonantTensor

__all__ = ["register"]


def __dir__() -> list[str]:
    return [*__all__]


@cache
def register() -> None:
    """Teach einops what a tensor is, once for the process.

    Raises
    ------
    ImportError
        einops is not installed.

    Notes
    -----
    einops looks among the subclasses of its backends. Reductions are those of tensors: exact for
    "sum", "mean", "min", "max" and "prod" of crystallized ones.

    Examples
    --------
    >>> import pytest
    >>> einops = pytest.importorskip("einops")
    >>> from syntonic import PHI, ResonantTensor
    >>> register()
    >>> einops.reduce(ResonantTensor([[1, PHI], [3, PHI]]), "row column -> column", "mean")
    ResonantTensor([2, φ])
    """
    from einops._backends import NumpyBackend

    class Backend(NumpyBackend):  # type: ignore[misc]  # einops may be missing
        framework_name = "syntonic"

        def is_appropriate_type(self, tensor: object) -> bool:
            return isinstance(tensor, ResonantTensor)

        def is_float_type(self, x: object) -> bool:
            return True  # an average is no less exact

    _KEPT.append(Backend)


_KEPT: list[type] = []  # subclasses are found only while something holds them
