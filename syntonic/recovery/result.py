"""`Recovery`: exact coordinates with the evidence for them, told to people and to machines."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from syntonic.exact.golden import GoldenExact
from syntonic.io.model import Model
from syntonic.io.notebook import facts_html
from syntonic.recovery.certificate import Fit
from syntonic.recovery.wording import (
    fact_lines,
    fit_report,
    note_lines,
    odds,
    plain,
    table,
    told,
    told_decimals,
)
from syntonic.tensor import ResonantTensor

__all__ = ["Basis", "Recovery", "TokenValue"]

Basis: TypeAlias = Literal["decimals", "literal", "exact"]

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
        How many roundings were tried.
    tokens
        The distinct printed coordinates with their exact values.
    notes
        What the reader of the file left out of it, or took for granted.
    model
        The edges, faces and cells of the input with the exact vertices.
    left_out
        The numbers of the vertices of the input that are not part of this, because no edge and no
        face uses them, and the proof fails with them.

    See Also
    --------
    recover : what returns it.
    syntonic.recovery.ScaleFreeRecovery : where only the shape is golden.

    Examples
    --------
    >>> from syntonic import recover
    >>> found = recover([["1.618034", "0"], ["0", "0.618034"]])
    >>> found.basis, found.tensor.tolist()[0]
    ('decimals', [GoldenExact(0, 1), GoldenExact(0)])
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
    notes: tuple[str, ...] = ()
    model: Model | None = None
    left_out: tuple[int, ...] = ()

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
        >>> report = recover([["1.618034", "0"], ["0", "0.618034"]]).report()
        >>> report["basis"], report["denominator"], report["decimals"]
        ('decimals', 1, 6)
        """
        return {
            "basis": self.basis,
            "notes": list(self.notes),
            "left_out": list(self.left_out),
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
            "denominators_tried": [fit_report(fit) for fit in self.fits],
            "checks": {name: plain(fact) for name, fact in self.checks.items()},
            "distinct_tokens": len(self.tokens),
            "distinct_values": len({token.exact for token in self.tokens}),
            "tokens": [
                {"printed": token.printed, "exact": str(token.exact), "count": token.count}
                for token in self.tokens
            ],
        }

    def summary(self) -> str:
        """Return the result in a few lines for a reader at a terminal.

        See Also
        --------
        report : all of it, for a program.

        Examples
        --------
        >>> from syntonic import recover
        >>> "decimals" in recover([["1.618034", "0"], ["0", "0.618034"]]).summary()
        True
        """
        return table(self._rows())

    def __repr__(self) -> str:
        vertices, dimension = self.tensor.shape
        return (
            f"<Recovery of {vertices} vertices in dimension {dimension}: basis {self.basis}, "
            f"denominator {self.denominator}, window {self.window}>"
        )

    def _repr_html_(self) -> str:
        return facts_html(repr(self).strip("<>"), self._rows(), self.model)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("proved" if self.basis == "decimals" else self.basis, _STATEMENTS[self.basis]),
            ("common denominator", f"D = {self.denominator}"),
            ("window", f"C = {told(self.window)}, the largest |conjugate|"),
            ("separation", self._separation_line()),
        ]
        if self.fit is not None:
            rows += [
                ("accident", self._accident_line(self.fit)),
                ("scale", self._scale_statement() or ""),
            ]
        rows += note_lines(self.notes, self.left_out) + fact_lines(self.checks)
        return rows

    def _scale_statement(self) -> str | None:
        if self.fit is None:
            return None
        return _SCALE_SETTLED if self.scale_proved else _SCALE_OPEN

    def _separation_line(self) -> str:
        if self.separation is None:
            return "none: 0 is the only such number"
        least = f"1/(2CD^2) = {told(self.separation)}"
        if self.basis != "decimals":
            return least
        width = str(self.rounding) if self.rounding > Fraction(1, 10**4) else f"1e-{self.decimals}"
        return f"{least} > {width}, the rounding interval ({told_decimals(self.decimals)})"

    def _accident_line(self, fit: Fit) -> str:
        values = f"{fit.evidence} unrelated value{'s' * (fit.evidence != 1)}"
        scale = f"{odds(fit.chance_scale)} for one common scale"
        return f"chance {odds(fit.chance)} for {values}, {scale}"
