"""How results are told: in lines for a reader, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.recovery.certificate import Fit
from syntonic.tensor import ResonantTensor

__all__ = [
    "FEW_DIGITS",
    "NO_UNIT",
    "OPTIONS",
    "exact_model",
    "fact_lines",
    "fit_report",
    "note_lines",
    "odds",
    "plain",
    "table",
    "told",
    "told_classes",
    "told_decimals",
    "told_root",
]

NO_UNIT = "there is no distance that could be the unit"
OPTIONS = (
    "Give more decimals, say with decimals (--decimals N) how many are right, or allow larger "
    "denominators with max_denominator (--max-denominator D)"
)
"""What can help where a proof is refused."""

FEW_DIGITS = "all of them would be fractions, which decimals of few digits always are"

_LISTED = 12  # classes told one by one; the report has them all


def exact_model(model: Model, tensor: ResonantTensor) -> Model:
    """Return a model with exact vertices in place of the printed ones."""
    return replace(model, vertices=(), tensor=tensor, path=None)


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Return names and texts in two columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def note_lines(notes: Sequence[str], left_out: Sequence[int] = ()) -> list[tuple[str, str]]:
    """Return what was noted on reading the file, and what was left out, as names and texts."""
    rows = [("" if k else "as read", note) for k, note in enumerate(notes)]
    if left_out:
        shown = ", ".join(map(str, left_out[:_LISTED])) + ", ..." * (len(left_out) > _LISTED)
        what = f"{len(left_out)} vertices, {shown}" if len(left_out) > 1 else f"vertex {shown}"
        rows.append(("left out", f"{what}: used by no edge and no face, and not provable"))
    return rows


def fact_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the geometric facts as names and texts."""
    vertices, distinct = facts["vertices"], facts["distinct_vertices"]
    rows = [
        ("dimension", str(facts["dimension"])),
        ("vertices", str(vertices) if distinct == vertices else f"{vertices}, {distinct} distinct"),
    ]
    rows.append(("squared norms", told_classes(facts["squared_norms"])))
    if "vertex_sum" in facts:
        rows.append(("vertex sum", _vector(facts["vertex_sum"])))
    if "edges" in facts:
        lengths = told_classes(facts["squared_edge_lengths"])
        rows.append(("edges", f"{facts['edges']}, squared lengths {lengths}"))
    if "faces" in facts:
        sizes = ", ".join(f"{n} of {size} sides" for size, n in facts["face_sizes"].items())
        rows.append(("faces", f"{facts['faces']}: {sizes}"))
        if facts["squared_face_diagonals"]:
            rows.append(("squared diagonals", told_classes(facts["squared_face_diagonals"])))
        per_edge = ", ".join(f"{k} ({n} edges)" for k, n in facts["faces_per_edge"].items())
        rows.append(("faces per edge", per_edge))
    if "euler_characteristic" in facts:
        name = "V-E+F-C" if facts["dimension"] == 4 else "V-E+F"
        rows.append((name, str(facts["euler_characteristic"])))
    return rows


def told_classes(classes: dict[GoldenExact, int]) -> str:
    """Return values with their counts, the first dozen of them."""
    items = list(classes.items())
    text = ", ".join(f"{value} ({n})" for value, n in items[:_LISTED])
    return text if len(items) <= _LISTED else f"{text}, and {len(items) - _LISTED} more"


def _vector(values: Iterable[GoldenExact]) -> str:
    return f"({', '.join(map(str, values))})"


def told(x: GoldenExact) -> str:
    """Return a number exactly, and as a decimal where that helps."""
    return str(x) if x.is_rational() else f"{x} = {x:.6g}"


def told_decimals(n: int | None) -> str:
    """Return "1 decimal", "2 decimals" and so on."""
    return f"{n} decimal{'s' * (n != 1)}"


def told_root(square: GoldenExact | Fraction) -> str:
    """Return the square root of a positive number in six digits, whatever its size."""
    return f"{Decimal(GoldenExact(square).to_decimal(12)).sqrt():.6g}"


def odds(chance: float) -> str:
    """Return a chance in two digits."""
    return "below 1e-300" if chance < 1e-300 else f"{chance:.2g}"


def fit_report(fit: Fit) -> dict[str, Any]:
    """Return a fit as JSON has it."""
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


def plain(fact: Any) -> Any:
    """Return a fact as JSON has it."""
    if isinstance(fact, dict):
        return [[plain(key), count] for key, count in fact.items()]
    if isinstance(fact, tuple):
        return [plain(each) for each in fact]
    return str(fact) if isinstance(fact, GoldenExact) else fact
