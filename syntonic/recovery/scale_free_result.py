"""`ScaleFreeRecovery`: a figure exact up to scale and position, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.io.notebook import facts_html
from syntonic.recovery.certificate import Fit
from syntonic.recovery.result import Basis
from syntonic.recovery.wording import (
    fact_lines,
    fit_report,
    note_lines,
    odds,
    plain,
    table,
    told,
    told_classes,
    told_decimals,
    told_root,
)
from syntonic.tensor import ResonantTensor
from syntonic.typing import FloatArray

__all__ = ["RatioValue", "ScaleFreeRecovery"]

_STATEMENTS: dict[Basis, str] = {
    "decimals": "for each ratio of squared distances, the interval that the rounding leaves "
    "holds exactly one element of (1/D)Z[φ] with |conjugate| <= C; the exact ratios are those "
    "of one figure",
    "literal": "all printed values are multiples of 1/2 and are taken literally",
    "exact": "the coordinates were given exactly",
}
_SHAPE_OPEN = (
    "exact if the shape is golden; these digits cannot exclude that a shape with a free parameter "
    "is near a golden one by accident"
)
_SHAPE_SETTLED = "these digits also exclude an accident of one free parameter of the shape"


@dataclass(frozen=True)
class RatioValue:
    """One class of distances: its exact ratio, the interval it is known from, and how many."""

    exact: GoldenExact
    low: Fraction
    high: Fraction
    count: int

    def report(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        ends = {"low": str(self.low), "high": str(self.high)}
        return {"exact": str(self.exact), **ends, "count": self.count}


@dataclass(frozen=True, eq=False)
class ScaleFreeRecovery:
    """A figure known exactly up to scale and position, as `recover` with `scale_free` found it.

    Attributes
    ----------
    coordinates
        Exact coordinates along orthogonal axes of the figure's own, shape (vertices, dimension of
        the figure); about the centroid, unless the basis is "literal" or "exact".
    axes
        The squared lengths of these axes: the squared distance of two vertices x and y, in units
        of `unit`, is the sum of axes[k]·(x[k] - y[k])².
    frame
        "printed" if the axes are parallel to the printed ones, else "own".
    oriented
        Whether it is proved that the coordinates do not show the mirror image of the printed
        figure.
    unit
        What has the length 1: "edge" (the shortest), or "distance" (the shortest).
    unit_square
        Exact bounds of the squared length of the unit as printed.
    ratios
        The exact squared distances in units of the unit, {value: number of pairs}.
    all_pairs
        Whether `ratios` counts all pairs of vertices; else the edges and the pairs with one of
        a few base points.
    denominator
        D: all ratios lie in (1/D)Z[φ].
    window
        C: the largest Galois conjugate of a ratio, in size.
    separation
        1/(2CD²): two different elements of (1/D)Z[φ] with conjugates up to C differ by at least
        this much.
    accident
        The chance that unrelated distances would fit this well; 0 unless the basis is "decimals".
    checks
        Exact geometric facts; lengths are in units of the unit.
    basis, decimals, rounding, fit, fits, tries
        As in `Recovery`. κ is 2WCD² with W the widest interval of a ratio.
    shape_proved
        Whether the digits exclude that a shape with one free parameter is golden by accident.
    classes
        The ratios with the intervals that they are known from, nearest pairs first.
    notes
        What the reader of the file left out of it, or took for granted.
    model
        The edges, faces and cells of the input with the exact vertices;
        None if there are no golden `tensor`.
    left_out
        The numbers of the vertices of the input that are not part of this, because no edge and no
        face uses them, and the proof fails with them.

    See Also
    --------
    recover : what returns it, with scale_free=True.
    Recovery : where the coordinates themselves are golden.

    Examples
    --------
    >>> from syntonic import recover
    >>> square = [["0", "0"], ["2.345", "0"], ["0", "2.345"], ["2.345", "2.345"]]
    >>> found = recover(square, scale_free=True)
    >>> {str(ratio): n for ratio, n in found.ratios.items()}
    {'1': 4, '2': 2}
    """

    coordinates: ResonantTensor
    axes: tuple[GoldenExact, ...]
    frame: str
    oriented: bool
    unit: str
    unit_square: tuple[GoldenExact, GoldenExact]
    ratios: dict[GoldenExact, int]
    all_pairs: bool
    denominator: int
    window: GoldenExact
    separation: GoldenExact
    accident: float
    checks: dict[str, Any]
    basis: Basis
    decimals: int | None = None
    rounding: Fraction = Fraction(0)
    shape_proved: bool = True
    fit: Fit | None = None
    fits: tuple[Fit, ...] = ()
    tries: int = 1
    classes: tuple[RatioValue, ...] = ()
    notes: tuple[str, ...] = ()
    model: Model | None = None
    left_out: tuple[int, ...] = ()

    @property
    def tensor(self) -> ResonantTensor | None:
        """The coordinates, if all axes have one length; else None.

        Then they are golden coordinates of the figure, at the scale where the unit has the
        squared length 1/axes[0]. Where they are None, `coordinates` has other lengths along
        different axes, and `gram` has the scalar products.
        """
        return self.coordinates if len(set(self.axes)) == 1 else None

    @property
    def gram(self) -> ResonantTensor:
        """The exact scalar products of the vertices about their centroid, in units of the unit.

        The shape is (vertices, vertices). The matrix is positive semidefinite, and its rank is
        the dimension of the figure.
        """
        x = self.coordinates - self.coordinates.mean(axis=0)
        return (x * ResonantTensor(list(self.axes))) @ x.T

    def approximate(self) -> FloatArray:
        """Return the vertices as doubles in an ordinary frame, the unit having the length 1.

        Examples
        --------
        >>> from syntonic import recover
        >>> square = [["0", "0"], ["2.345", "0"], ["0", "2.345"], ["2.345", "2.345"]]
        >>> recover(square, scale_free=True).approximate().shape
        (4, 2)
        """
        lengths = np.sqrt([float(axis) for axis in self.axes])
        floats: FloatArray = self.coordinates.to_floats() * lengths
        return floats

    def report(self) -> dict[str, Any]:
        """Return all that is needed to verify the result, ready for `json.dumps`.

        Exact numbers are strings that `GoldenExact.parse` reads. Classes are lists of
        [value, count], the smallest value first.

        See Also
        --------
        summary : for a reader.

        Examples
        --------
        >>> from syntonic import recover
        >>> square = [["0", "0"], ["2.345", "0"], ["0", "2.345"], ["2.345", "2.345"]]
        >>> recover(square, scale_free=True).report()["scale_free"]
        True
        """
        low, high = self.unit_square
        return {
            "scale_free": True,
            "basis": self.basis,
            "notes": list(self.notes),
            "left_out": list(self.left_out),
            "statement": _STATEMENTS[self.basis],
            "shape_proved": self.shape_proved,
            "shape_statement": self._shape_statement(),
            "dimension": len(self.axes),
            "unit": self.unit,
            "unit_square_as_printed": [str(low), str(high)],
            "ratios": plain(self.ratios),
            "ratios_of_all_pairs": self.all_pairs,
            "denominator": self.denominator,
            "window": str(self.window),
            "separation": str(self.separation),
            "decimals": self.decimals,
            "roundings_tried": self.tries,
            "rounding_interval": str(self.rounding),
            "kappa": None if self.fit is None else str(self.fit.kappa),
            "evidence": None if self.fit is None else self.fit.evidence,
            "chance": self.accident,
            "chance_scale": None if self.fit is None else self.fit.chance_scale,
            "denominators_tried": [fit_report(fit) for fit in self.fits],
            "classes": [each.report() for each in self.classes],
            "checks": {name: plain(fact) for name, fact in self.checks.items()},
            "frame": self.frame,
            "oriented": self.oriented,
            "golden_coordinates": self.tensor is not None,
            "squared_axis_lengths": [str(axis) for axis in self.axes],
            "coordinates": [[str(x.item()) for x in row] for row in self.coordinates],
        }

    def summary(self) -> str:
        """Return the result in a few lines for a reader at a terminal.

        See Also
        --------
        report : all of it, for a program.

        Examples
        --------
        >>> from syntonic import recover
        >>> square = [["0", "0"], ["2.345", "0"], ["0", "2.345"], ["2.345", "2.345"]]
        >>> "1 (4), 2 (2)" in recover(square, scale_free=True).summary()
        True
        """
        return table(self._rows())

    def __repr__(self) -> str:
        vertices, dimension = self.coordinates.shape
        return (
            f"<ScaleFreeRecovery of {vertices} vertices in dimension {dimension}: basis "
            f"{self.basis}, denominator {self.denominator}, window {self.window}>"
        )

    def _repr_html_(self) -> str:
        return facts_html(repr(self).strip("<>"), self._rows(), self.model)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("proved" if self.basis == "decimals" else self.basis, _STATEMENTS[self.basis]),
            ("unit", self._unit_line()),
            ("squared distances", told_classes(self.ratios) + ("" if self.all_pairs else _SOME)),
            ("common denominator", f"D = {self.denominator}"),
            ("window", f"C = {told(self.window)}, the largest |conjugate|"),
            ("separation", self._separation_line()),
        ]
        if self.fit is not None:
            rows += [
                ("accident", self._accident_line(self.fit)),
                ("shape", self._shape_statement() or ""),
            ]
        rows.append(("coordinates", self._frame_line()))
        return rows + note_lines(self.notes, self.left_out) + fact_lines(self.checks)

    def _shape_statement(self) -> str | None:
        if self.fit is None:
            return None
        return _SHAPE_SETTLED if self.shape_proved else _SHAPE_OPEN

    def _unit_line(self) -> str:
        low, high = self.unit_square
        return f"the shortest {self.unit}, {told_root((low + high) / 2)} as printed"

    def _separation_line(self) -> str:
        least = f"1/(2CD^2) = {told(self.separation)}"
        if self.fit is None:
            return least
        widest = max(each.high - each.low for each in self.classes)
        rounding = told_decimals(self.decimals)
        return f"{least} > {float(widest):.2g}, the widest interval of a ratio ({rounding})"

    def _accident_line(self, fit: Fit) -> str:
        values = f"{fit.evidence} unrelated ratio{'s' * (fit.evidence != 1)}"
        return f"chance {odds(fit.chance)} for {values}, {odds(fit.chance_scale)} for a single one"

    def _frame_line(self) -> str:
        where = {"printed": "along the printed axes", "own": "along axes of the figure's own"}
        if self.tensor is None:
            lengths = ", ".join(map(str, self.axes))
            return f"golden {where[self.frame]}, whose squared lengths are {lengths}"
        return f"golden {where[self.frame]}, where the squared unit is {told(1 / self.axes[0])}"


_SOME = "; of the edges and the pairs with a base point"
