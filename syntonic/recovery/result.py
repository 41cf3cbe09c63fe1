"""`Recovery`: exact coordinates with the evidence for them, told to people and to machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from syntonic.exact.golden import GoldenExact
from syntonic.recovery.certificate import Fit
from syntonic.tensor import ResonantTensor

__all__ = ["Basis", "Recovery", "TokenValue"]

Basis: TypeAlias = Literal["decimals", "literal", "exact"]

_LISTED = 12  # classes told one by one in the summary; the report has them all

_STATEMENTS: dict[Basis, str] = {
    "decimals": "each rounding interval holds exactly one element of (1/D)Z[φ] "
    "with |conjugate| <= C",
    "literal": "all printed values are multiples of 1/2 and are taken literally",
    "exact": "the coordinates were given exactly",
}
_SCALE_OPEN = "exact if the scale is golden; these digits cannot exclude a rescaling"
_SCALE_SETTLED = "these digits also exclude an accident of the common scale"


@dataclass(frozen=True)
class TokenValue:
    """One distinct printed coordinate, what it stands for, and how often it occurs."""

    printed: str
    exact: GoldenExact
    count: int


@dataclass(frozen=True, eq=False)
class Recovery:
    """Exact coordinates and the proof of them, as `recover` found it.

    Attributes
    ----------
    tensor
        The exact vertices, shape (vertices, dimension).
    denominator
        D: all coordinates lie in (1/D)Z[φ].
    window
        C: the largest Galois conjugate of a coordinate, in size.
    separation
        1/(2CD²): two different elements of (1/D)Z[φ] with conjugates up to C differ by at least
        this much. None if C = 0, where 0 is the only element.
    accident
        The chance that unrelated numbers would fit this well; 0 unless the basis is "decimals".
    checks
        Exact geometric facts: counts, classes of squared lengths as {value: count}, and so on.
    basis
        "decimals", if the coordinates are proved from rounded decimals; "literal", if all of them
        are printed multiples of 1/2, which are taken as they stand; "exact", if they were given.
    decimals
        How many decimals were trusted; None unless the basis is "decimals".
    rounding
        Width of the rounding interval, 10^-decimals; 0 unless the basis is "decimals".
    scale_proved
        Whether the digits exclude that the figure is golden only by an accident of its scale.
    fit
        The chosen fit, with κ and the chances; None unless the basis is "decimals".
    fits
        The fits of all denominators that were tried.
    tries
        How many roundings were tried, 1 or 2.
    tokens
        The distinct printed coordinates with their exact values.
    """

    tensor: ResonantTensor
    denominator: int
    window: GoldenExact
    separation: GoldenExact | None
    accident: float
    checks: dict[str, Any]
    basis: Basis
    decimals: int | None = None
    rounding: Fraction = Fraction(0)
    scale_proved: bool = True
    fit: Fit | None = None
    fits: tuple[Fit, ...] = ()
    tries: int = 1
    tokens: tuple[TokenValue, ...] = ()

    def report(self) -> dict[str, Any]:
        """Return all that is needed to verify the result, ready for `json.dumps`.

        Exact numbers are strings that `GoldenExact.parse` reads. Classes are lists of
        [value, count], the smallest value first.
        """
        return {
            "basis": self.basis,
            "statement": _STATEMENTS[self.basis],
            "scale_proved": self.scale_proved,
            "scale_statement": self._scale_statement(),
            "dimension": int(self.tensor.shape[1]),
            "denominator": self.denominator,
            "window": str(self.window),
            "separation": None if self.separation is None else str(self.separation),
            "decimals": self.decimals,
            "roundings_tried": self.tries,
            "rounding_interval": str(self.rounding),
            "kappa": None if self.fit is None else str(self.fit.kappa),
            "evidence": None if self.fit is None else self.fit.evidence,
            "chance": self.accident,
            "chance_scale": None if self.fit is None else self.fit.chance_scale,
            "denominators_tried": [_fit_report(fit) for fit in self.fits],
            "checks": {name: _plain(fact) for name, fact in self.checks.items()},
            "distinct_tokens": len(self.tokens),
            "distinct_values": len({token.exact for token in self.tokens}),
            "tokens": [
                {"printed": token.printed, "exact": str(token.exact), "count": token.count}
                for token in self.tokens
            ],
        }

    def summary(self) -> str:
        """Return the result in a few lines for a reader at a terminal."""
        rows = [
            ("proved" if self.basis == "decimals" else self.basis, _STATEMENTS[self.basis]),
            ("common denominator", f"D = {self.denominator}"),
            ("window", f"C = {_told(self.window)}, the largest |conjugate|"),
            ("separation", self._separation_line()),
        ]
        if self.fit is not None:
            rows += [
                ("accident", self._accident_line(self.fit)),
                ("scale", self._scale_statement() or ""),
            ]
        rows += _fact_lines(self.checks)
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)

    def __repr__(self) -> str:
        vertices, dimension = self.tensor.shape
        return (
            f"<Recovery of {vertices} vertices in dimension {dimension}: basis {self.basis}, "
            f"denominator {self.denominator}, window {self.window}>"
        )

    def _scale_statement(self) -> str | None:
        if self.fit is None:
            return None
        return _SCALE_SETTLED if self.scale_proved else _SCALE_OPEN

    def _separation_line(self) -> str:
        if self.separation is None:
            return "none: 0 is the only such number"
        least = f"1/(2CD^2) = {_told(self.separation)}"
        if self.basis != "decimals":
            return least
        width = str(self.rounding) if self.rounding > Fraction(1, 10**4) else f"1e-{self.decimals}"
        return f"{least} > {width}, the rounding interval ({_decimals(self.decimals)})"

    def _accident_line(self, fit: Fit) -> str:
        values = f"{fit.evidence} unrelated value{'s' * (fit.evidence != 1)}"
        scale = f"{_odds(fit.chance_scale)} for one common scale"
        return f"chance {_odds(fit.chance)} for {values}, {scale}"


def _fact_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    vertices, distinct = facts["vertices"], facts["distinct_vertices"]
    rows = [
        ("vertices", str(vertices) if distinct == vertices else f"{vertices}, {distinct} distinct")
    ]
    rows.append(("squared norms", _classes(facts["squared_norms"])))
    rows.append(("vertex sum", _vector(facts["vertex_sum"])))
    if "edges" in facts:
        lengths = _classes(facts["squared_edge_lengths"])
        rows.append(("edges", f"{facts['edges']}, squared lengths {lengths}"))
    if "faces" in facts:
        sizes = ", ".join(f"{n} of {size} sides" for size, n in facts["face_sizes"].items())
        rows.append(("faces", f"{facts['faces']}: {sizes}"))
        if facts["squared_face_diagonals"]:
            rows.append(("squared diagonals", _classes(facts["squared_face_diagonals"])))
        per_edge = ", ".join(f"{k} ({n} edges)" for k, n in facts["faces_per_edge"].items())
        rows.append(("faces per edge", per_edge))
    if "euler_characteristic" in facts:
        name = "V-E+F-C" if facts["dimension"] == 4 else "V-E+F"
        rows.append((name, str(facts["euler_characteristic"])))
    return rows


def _classes(classes: dict[GoldenExact, int]) -> str:
    items = list(classes.items())
    text = ", ".join(f"{value} ({n})" for value, n in items[:_LISTED])
    return text if len(items) <= _LISTED else f"{text}, and {len(items) - _LISTED} more"


def _vector(values: Iterable[GoldenExact]) -> str:
    return f"({', '.join(map(str, values))})"


def _told(x: GoldenExact) -> str:
    """Return a number exactly, and as a decimal where that helps."""
    return str(x) if x.is_rational() else f"{x} = {x:.6g}"


def _decimals(n: int | None) -> str:
    return f"{n} decimal{'s' * (n != 1)}"


def _odds(chance: float) -> str:
    return "below 1e-300" if chance < 1e-300 else f"{chance:.2g}"


def _fit_report(fit: Fit) -> dict[str, Any]:
    return {
        "denominator": fit.denominator,
        "window": str(fit.window),
        "window_is_lower_bound": not fit.complete,
        "kappa": str(fit.kappa),
        "kappa_below_1": fit.is_certain,
        "evidence": fit.evidence,
        "chance": fit.chance,
        "chance_scale": fit.chance_scale,
    }


def _plain(fact: Any) -> Any:
    """Return a fact as JSON has it."""
    if isinstance(fact, dict):
        return [[_plain(key), count] for key, count in fact.items()]
    if isinstance(fact, tuple):
        return [_plain(each) for each in fact]
    return str(fact) if isinstance(fact, GoldenExact) else fact
