"""How tensors look: text, and HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.flux.device import to_host

if TYPE_CHECKING:
    from syntonic.tensor.base import TensorBase

__all__ = ["html", "text"]

_HTML_ROWS = 30


def text(tensor: TensorBase) -> str:
    """Return the repr: the elements as NumPy lays them out, then what the tensor carries."""
    name = type(tensor).__name__
    body = np.array2string(
        _elements(tensor), separator=", ", prefix=f"{name}(", formatter=_formatter(tensor)
    )
    return f"{name}({body}, {_facts(tensor)})"


def html(tensor: TensorBase) -> str:
    """Return an HTML table of a tensor of up to two axes, preformatted text for others."""
    from html import escape  # a large module, for notebooks alone

    caption = f"{type(tensor).__name__} {tensor.shape}, {escape(_facts(tensor))}"
    rows, columns = (1, *tensor.shape)[-2:] if tensor.ndim else (1, 1)
    if tensor.ndim > 2 or rows > _HTML_ROWS or columns > _HTML_ROWS:
        return f"<pre>{escape(text(tensor))}</pre>"
    cells = _elements(tensor).reshape(rows, columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(x))}</td>" for x in row) + "</tr>" for row in cells
    )
    return f"<table><caption>{caption}</caption>{body}</table>"


def _elements(tensor: TensorBase) -> Any:
    return np.asarray(tensor) if tensor.is_crystallized else to_host(tensor.flux_array)


def _formatter(tensor: TensorBase) -> Any:
    return {"object": str} if tensor.is_crystallized else None


def _facts(tensor: TensorBase) -> str:
    if tensor.is_crystallized:
        return f"precision={tensor.precision}"
    return f"flux, dtype={tensor.dtype}, device={tensor.device!r}, precision={tensor.precision}"
