"""Exact tensors and flux in Dask arrays: what is larger than memory, or than one machine.

Nothing imports it unasked: `syntonic.dask`, or ``import syntonic.dask``, does. It needs Dask
(``pip install dask``).

A Dask array of tensors is ``da.from_array(tensor, chunks)``, or comes from the functions here; its
blocks are tensors of one phase. What means the same in a block as in the whole needs nothing of
this package: arithmetic, comparisons, indexing, ``sum mean prod max min cumsum argmax matmul
tensordot einsum concatenate stack rechunk map_blocks`` are Dask's own, and exact where the blocks
are. Exact results do not depend on the chunks, on the number of workers, or on which of them died.

What a block cannot know by itself is here: variances, syntony (the modes of a block start at 0),
normalizations and softmax over axes that are cut. ``x.map_blocks(syntonic.golden_layer_norm)`` over
such an axis normalizes each piece by itself, and nothing can notice. Dask's own `var`, `std` and
`linalg.norm` ask for float64, which exact tensors refuse.
"""

from syntonic.errors import BackendUnavailableError

try:
    import dask.array as _array  # noqa: F401
except ImportError as error:
    raise BackendUnavailableError(
        f"syntonic.dask: Dask does not import ({error}); pip install dask"
    ) from error

from syntonic.dask.arrays import (
    Snapped,
    crystallize,
    from_floats,
    from_lattice,
    snap,
    wake,
)
from syntonic.dask.operations import (
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    syntonic_softmax,
)
from syntonic.dask.reductions import syntony, var
from syntonic.dask.stores import from_zarr, to_zarr

__all__ = [
    "Snapped",
    "crystallize",
    "from_floats",
    "from_lattice",
    "from_zarr",
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "snap",
    "syntonic_softmax",
    "syntony",
    "to_zarr",
    "var",
    "wake",
]


def __dir__() -> list[str]:
    return [*__all__]
