"""How models look in notebooks: their facts as a table, and a picture."""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from syntonic.errors import BackendUnavailableError

if TYPE_CHECKING:
    from syntonic.io.model import Model

__all__ = ["facts_html", "model_html"]

_MOST_DRAWN = 20_000
_INCHES = 4.0


def model_html(model: Model) -> str:
    """Return the HTML form of a model."""
    counts = ((model.vertex_count, "vertices"), (len(model.edges), "edges"),
              (len(model.faces), "faces"), (model.cell_count or 0, "cells"))  # fmt: skip
    told = ", ".join(f"{n} {what}" for n, what in counts if n) or "no vertices"
    exact = "no" if model.tensor is None else "yes"
    rows = [("dimension", str(model.dimension)), ("exact", exact)]
    if model.path is not None:
        rows.append(("file", model.path))
    rows += [("note", note) for note in model.notes]
    return facts_html(f"Model: {told}", rows, model)


def facts_html(caption: str, rows: Iterable[tuple[str, str]], model: Model | None) -> str:
    """Return a table of names and texts, escaped, beside a picture of a model.

    There is no picture where Matplotlib is not installed, and of what cannot be drawn or would
    take long.
    """
    from html import escape  # a large module, for notebooks alone

    left = 'style="text-align: left; vertical-align: top"'
    body = "".join(
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>"
        for name, text in rows
    )
    picture = "" if model is None else _picture(model)
    return f"<div><table><caption>{escape(caption)}</caption>{body}</table>{picture}</div>"


def _picture(model: Model) -> str:
    from syntonic.plotting import plot_model

    if not model.vertex_count or model.vertex_count + len(model.edges) > _MOST_DRAWN:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of coordinates beyond floats
            figure: Any = plot_model(model, size=_INCHES)
    except (BackendUnavailableError, ValueError):
        return ""
    data = b64encode(figure._repr_png_()).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'
