"""Exact tensors in HDF5, through h5py: two datasets of integers in a group.

A group holds `a` and `b` in the tensor's shape, for (a + bφ)/denominator: int64, or decimal texts
where 64 bits are too few. Its attributes are `format` ("syntonic tensor"), `version` (1), `field`
("Q(phi)"), `denominator` (a decimal text) and, where it was chosen, `precision`. The squared mode
norms are a dataset `mode_norm_sq`, if they are set. So any program that reads
HDF5 has the integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.errors import FormatError
from syntonic.interop.parts import as_exact, carried, decimal, rebuilt, required
from syntonic.tensor import ResonantTensor
from syntonic.typing import ExactArrayLike

if TYPE_CHECKING:
    from h5py import Group

__all__ = ["from_hdf5", "to_hdf5"]


def __dir__() -> list[str]:
    return [*__all__]


_FORMAT, _VERSION, _FIELD = "syntonic tensor", 1, "Q(phi)"


def to_hdf5(t: ResonantTensor | ExactArrayLike, group: Group) -> None:
    """Write an exact tensor into a group of HDF5.

    Parameters
    ----------
    t : ResonantTensor or exact array-like
        Crystallized, of any shape.
    group : h5py.Group
        An empty group, such as ``file.create_group("x")``, or a new file.

    Raises
    ------
    BackendUnavailableError
        h5py is not installed.
    PhaseError
        t is in flux.
    ValueError
        The group has members of these names already.

    See Also
    --------
    from_hdf5 : the way back.
    """
    h5py = required("h5py", "to_hdf5")
    x = as_exact(t, "to_hdf5")
    a, b, denominator = x.numerators()
    for name, part in (("a", a), ("b", b)):
        if part.dtype == object:
            texts = np.array([decimal(n) for n in part.ravel()], dtype=object)
            data = texts.reshape(part.shape)
            group.create_dataset(name, data=data, dtype=h5py.string_dtype())
        else:
            group.create_dataset(name, data=part)
    if x.mode_norm_sq is not None:
        group.create_dataset("mode_norm_sq", data=x.mode_norm_sq)
    header = {"format": _FORMAT, "version": _VERSION, "field": _FIELD}
    group.attrs.update({**header, "denominator": decimal(denominator), **carried(x)})


def from_hdf5(group: Group) -> ResonantTensor:
    """Read an exact tensor from a group of HDF5.

    Parameters
    ----------
    group : h5py.Group
        As `to_hdf5` writes it.

    Returns
    -------
    ResonantTensor
        Crystallized.

    Raises
    ------
    FormatError
        It is no such group, or of a newer version.

    See Also
    --------
    to_hdf5 : the way there.
    """
    where = "from_hdf5"
    header = {name: _text(value) for name, value in group.attrs.items()}
    if header.get("format") != _FORMAT or not {"a", "b"} <= {*group}:
        raise FormatError(f'{where}: the group must have the format "{_FORMAT}", with a and b')
    if header.get("version") != _VERSION:
        raise FormatError(
            f"{where}: the version is {header.get('version')}, newer than {_VERSION}; upgrade "
            "syntonic"
        )
    a, b = (np.asarray(group[name][()]) for name in ("a", "b"))
    if a.shape != b.shape:
        raise FormatError(f"{where}: a and b must have one shape, got {a.shape} and {b.shape}")
    out = rebuilt(a.ravel(), b.ravel(), header, a.shape, where)
    if "mode_norm_sq" not in group:
        return out
    return ResonantTensor(
        out,
        precision=out.precision if "precision" in header else None,
        mode_norm_sq=group["mode_norm_sq"][()],
    )


def _text(value: Any) -> Any:
    return value.decode("utf-8") if isinstance(value, bytes) else value
