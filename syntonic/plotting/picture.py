"""A figure of Matplotlib that notebooks show; to be imported where Matplotlib is there."""

from __future__ import annotations

from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["Picture"]

_DPI = 72


class Picture(Figure):
    """A figure that is no part of `pyplot`, with a form of itself for notebooks."""

    def __init__(self, size: float, background: str) -> None:
        super().__init__(figsize=(size, size), facecolor=background)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        self.savefig(out, format="png", dpi=_DPI)
        return out.getvalue()
