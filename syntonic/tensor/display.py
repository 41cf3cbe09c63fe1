"""How tensors look: text, and HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.constants import DEFAULT_PRECISION
from syntonic.errors import shown
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
    return f"{name}({', '.join([body, *_facts(tensor)])})"


def html(tensor: TensorBase) -> str:
    """Return an HTML table of a tensor of up to two axes, preformatted text for others."""
    from html import escape  # a large module, for notebooks alone

    name = f"{type(tensor).__name__} {tensor.shape}"
    caption = escape(", ".join([name, *_facts(tensor)]))
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


def _facts(tensor: TensorBase) -> list[str]:
    """Return what to say beside the elements; a precision that nobody chose means nothing there."""
    precision = f"precision={shown(tensor.precision)}"
    if tensor.is_crystallized:
        default = tensor.precision == DEFAULT_PRECISION and not tensor._carried.named
        return [] if default else [precision]
    return ["flux", f"dtype={tensor.dtype}", f"device={tensor.device!r}", precision]
