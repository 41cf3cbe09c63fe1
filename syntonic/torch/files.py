"""Crystallized tensors in safetensors files: plain integers that any loader sees, never a pickle.

A tensor `name` is two int64 tensors, `name.a` and `name.b`, and one entry of the metadata under its
name, JSON: the field, the denominator as a decimal string, the precision (null where nobody chose
one), and `limbs`. Where int64
cannot hold the numerators, `limbs` is how many 64-bit words each takes, along a last axis, least
word first, in two's complement; else it is 0.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from syntonic.errors import BackendUnavailableError, FormatError, PhaseError
from syntonic.io.files import replacing
from syntonic.tensor import ResonantTensor

__all__ = ["load", "save"]

_FIELD = "Q(sqrt5), a + b*phi"


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise BackendUnavailableError(
            f"syntonic.torch: safetensors does not import ({error}); pip install safetensors"
        ) from error
    return safetensors


def save(tensors: dict[str, ResonantTensor], path: str | os.PathLike[str]) -> None:
    """Write crystallized tensors to a safetensors file.

    Parameters
    ----------
    tensors : dict of str to ResonantTensor
        By name, as `crystallize_module` gives them.
    path : path-like
        The file; what was there is replaced whole or not at all.

    Raises
    ------
    PhaseError
        A tensor is in flux.
    BackendUnavailableError
        safetensors is not installed.

    See Also
    --------
    load : the other way.
    syntonic.io.save : one tensor, as npz.

    Examples
    --------
    >>> import tempfile
    >>> from syntonic import PHI, ResonantTensor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"weight": ResonantTensor([1, PHI / 3])}, f"{folder}/x.safetensors")
    ...     load(f"{folder}/x.safetensors")["weight"]
    ResonantTensor([1, 1/3φ])
    """
    arrays, metadata = {}, {}
    for name, tensor in tensors.items():
        if not tensor.is_crystallized:
            raise PhaseError(f"save: {name} must be crystallized; call .crystallize()")
        a, b, denominator = tensor.numerators()
        limbs = max(map(_limbs_needed, (a, b)))
        arrays[f"{name}.a"], arrays[f"{name}.b"] = (_words(part, limbs) for part in (a, b))
        header = {"field": _FIELD, "denominator": str(denominator)}
        chosen = tensor.precision if tensor._carried.named else None
        metadata[name] = json.dumps(header | {"precision": chosen, "limbs": limbs})
    data = _safetensors().numpy.save(arrays, metadata)
    with replacing(path) as file:
        file.write(data)


def load(path: str | os.PathLike[str]) -> dict[str, ResonantTensor]:
    """Return the crystallized tensors of a safetensors file by name.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote.

    Returns
    -------
    dict of str to ResonantTensor
        The very numbers, with their precision, in the order of the names.

    Raises
    ------
    FormatError
        The file is no safetensors file, or not one of `save`.
    FileNotFoundError, OSError
        It cannot be read.

    See Also
    --------
    save : the other way.

    Examples
    --------
    >>> import tempfile
    >>> from syntonic import PHI, ResonantTensor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"bias": ResonantTensor([PHI])}, f"{folder}/x.safetensors")
    ...     list(load(f"{folder}/x.safetensors"))
    ['bias']
    """
    library = _safetensors()
    with open(path, "rb"):
        pass  # Python's own error, where there is nothing to be read
    try:
        with library.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except library.SafetensorError as error:
        raise FormatError(f"a safetensors file must be whole, got {error}", path=path) from error
    return {name: _tensor(name, text, arrays, path) for name, text in sorted(metadata.items())}


def _tensor(name: str, text: str, arrays: dict[str, Any], path: Any) -> ResonantTensor:
    try:
        header = json.loads(text)
        if header["field"] != _FIELD:
            raise ValueError(header["field"])
        a, b = (_integers(arrays[f"{name}.{part}"], int(header["limbs"])) for part in "ab")
        precision, denominator = header["precision"], int(header["denominator"])
        return ResonantTensor.from_lattice(a, b, denominator=denominator, precision=precision)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{name} must have int64 tensors {name}.a and {name}.b and metadata of "
            f"syntonic.torch.save, got {type(error).__name__}: {error}",
            path=path,
        ) from error


def _limbs_needed(values: Any) -> int:
    """Return how many words two's complement takes, 0 where int64 holds all."""
    if values.dtype == np.int64:
        return 0
    bits = max((int(v).bit_length() for v in values.ravel().tolist()), default=0)
    return 0 if bits < 64 else bits // 64 + 1


def _words(values: Any, limbs: int) -> Any:
    if not limbs:
        return np.array(values, "<i8", order="C")
    flat = values.ravel().tolist()
    data = b"".join(int(v).to_bytes(8 * limbs, "little", signed=True) for v in flat)
    return np.frombuffer(data, "<i8").reshape(*values.shape, limbs)


def _integers(words: Any, limbs: int) -> Any:
    if words.dtype != np.int64:
        raise ValueError(words.dtype)
    if not limbs:
        return words
    if words.ndim == 0 or words.shape[-1] != limbs:
        raise ValueError(words.shape)
    rows = words.reshape(-1, limbs)
    out = np.empty(len(rows), object)
    out[:] = [int.from_bytes(row.tobytes(), "little", signed=True) for row in rows]
    return out.reshape(words.shape[:-1])
