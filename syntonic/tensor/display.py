"""How tensors look: text, and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from syntonic.constants import DEFAULT_PRECISION
from syntonic.device.array import DeviceLattice
from syntonic.device.moves import to_lattice
from syntonic.errors import ShapeError, shown
from syntonic.flux.device import CPU, to_host
from syntonic.lattice.array import LatticeArray

if TYPE_CHECKING:
    from syntonic.tensor.base import TensorBase

__all__ = ["array2string", "array_repr", "array_str", "formatted", "html", "text"]

_HTML_ROWS = 30


def text(tensor: TensorBase) -> str:
    """Return the repr: the elements as NumPy lays them out, then what the tensor carries."""
    name = type(tensor).__name__
    body = np.array2string(
        separator=", ", prefix=f"{name}(", formatter=_formatter(tensor), **_summary(tensor)
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


def formatted(tensor: TensorBase, spec: str) -> str:
    """Return `format(tensor, spec)`: "latex" or nothing; for a 0-d tensor what its number takes."""
    if not spec:
        return str(tensor)
    if tensor.ndim == 0 and spec != "latex":
        return format(tensor.item(), spec)
    if spec != "latex":
        raise TypeError(
            f'format: a tensor of shape {tensor.shape} takes the specification "latex" or none, '
            f"got {shown(spec)}; format its elements one by one"
        )
    if tensor.ndim > 2:
        raise ShapeError(
            f'format: "latex" writes matrices, so the tensor must have at most 2 axes, got shape '
            f"{tensor.shape}; index it first"
        )
    written = _exact_latex if tensor.is_crystallized else _float_latex
    rows = _elements(tensor).reshape((1, 1, *tensor.shape)[-2:])
    body = r" \\ ".join(" & ".join(map(written, row)) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}" if tensor.ndim else body


def _exact_latex(x: Any) -> str:
    return format(x, "latex")


def _float_latex(x: Any) -> str:
    """Return the shortest decimals of a float in LaTeX."""
    if not isfinite(x):
        return r"\mathrm{nan}" if isnan(x) else r"\infty" if x > 0 else r"-\infty"
    digits, _, exponent = str(x).partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits


def array2string(
    a: LatticeArray,
    *args: Any,
    threshold: int | None = None,
    edgeitems: int | None = None,
    **kwargs: Any,
) -> str:
    """Return np.array2string of an exact array."""
    chosen = _chosen(a.shape, threshold, edgeitems)
    if chosen is not None:
        a, threshold = a.map(_taking(chosen)), 0
    return np.array2string(a.scalars(), *args, threshold=threshold, edgeitems=edgeitems, **kwargs)


def array_str(a: LatticeArray, *args: Any, **kwargs: Any) -> str:
    """Return np.array_str of an exact array."""
    if _chosen(a.shape) is None:
        return np.array_str(a.scalars(), *args, **kwargs)
    return array2string(a, *args, **kwargs)


def array_repr(arr: LatticeArray, *args: Any, **kwargs: Any) -> str:
    """Return np.array_repr of an exact array, for which it must have its shape."""
    chosen = _chosen(arr.shape)
    if chosen is None:
        return np.array_repr(arr.scalars(), *args, **kwargs)
    hollow, places = np.empty(arr.shape, dtype=object), np.ix_(*chosen)
    hollow[places] = arr[places].scalars()  # no others are written
    return np.array_repr(hollow, *args, **kwargs)


def _summary(tensor: TensorBase) -> dict[str, Any]:
    """Return what `numpy.array2string` writes like all of the elements: where that leaves out
    most of them, it also leaves out the one that stands in for these here."""
    chosen = _chosen(tensor.shape)
    if not tensor.shape:  # NumPy cannot leave out a part of one object
        return {"a": _elements(tensor), "threshold": 1}
    if chosen is None:
        return {"a": _elements(tensor)}
    shortened = _taking(chosen)
    if tensor.is_crystallized:
        return {"a": _exact(tensor._data.map(shortened)), "threshold": 0}
    return {"a": to_host(shortened(tensor._data)), "threshold": 0}


def _chosen(
    shape: tuple[int, ...], threshold: int | None = None, edgeitems: int | None = None
) -> list[list[int]] | None:
    """Return the places along each axis that a summary shows, and one that it leaves out."""
    options = np.get_printoptions()
    threshold = options["threshold"] if threshold is None else threshold
    edge = options["edgeitems"] if edgeitems is None else edgeitems
    if prod(shape) <= threshold or edge == 0 or not shape:  # of 0 edge items NumPy looks at all
        return None
    return [[*range(edge + 1), *range(n - edge, n)] if n > 2 * edge else [*range(n)] for n in shape]


def _taking(chosen: list[list[int]]) -> Callable[[Any], Any]:
    """Return the function that takes the chosen places along each axis."""

    def taken(part: Any) -> Any:
        for axis, places in enumerate(chosen):
            part = part.take(places, axis)
        return part

    return taken


def _elements(tensor: TensorBase) -> Any:
    return _exact(tensor._data) if tensor.is_crystallized else to_host(tensor.flux_array)


def _exact(x: LatticeArray | DeviceLattice) -> Any:
    """Return elements to show as GoldenExact; those few travel from a device."""
    return (to_lattice(x) if isinstance(x, DeviceLattice) else x).scalars()


def _formatter(tensor: TensorBase) -> Any:
    return {"object": str} if tensor.is_crystallized else None


def _facts(tensor: TensorBase) -> list[str]:
    """Return what to say beside the elements; a precision that nobody chose means nothing there."""
    precision = f"precision={shown(tensor.precision)}"
    if tensor.is_crystallized:
        default = tensor.precision == DEFAULT_PRECISION and not tensor._carried.named
        place = [f"device={tensor.device!r}"] if tensor.device != CPU else []
        return place if default else [*place, precision]
    return ["flux", f"dtype={tensor.dtype}", f"device={tensor.device!r}", precision]
