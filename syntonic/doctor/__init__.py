"""The command `syntonic doctor`: what is installed, what works, and what to do about the rest.

It needs nothing but the standard library, so that it also runs as `syntonic doctor` or
`python -m syntonic.doctor` where NumPy, or anything else, does not import.

Every line is OK, WARN or FAIL; each that is not OK has a Fix. A machine without a GPU and without
CuPy has no fault: its flux runs on the CPU.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from syntonic.doctor.probes import gather
from syntonic.doctor.verdicts import FAIL, OK, Verdict, judge

__all__ = ["Verdict", "examine"]

_HEALTHY, _BROKEN = 0, 1


def examine(*, as_json: bool = False) -> tuple[str, int]:
    """Examine the installation.

    Returns
    -------
    tuple of str and int
        The report, as lines or as JSON, and the exit status: 1 where anything is FAIL.
    """
    found = judge(gather())
    broken = any(verdict.status == FAIL for verdict in found)
    status = _BROKEN if broken else _HEALTHY
    if as_json:
        report = {"healthy": not broken, "checks": [asdict(verdict) for verdict in found]}
        return json.dumps(report, indent=2), status
    return "\n".join(map(_lines, found)), status


def _lines(verdict: Verdict) -> str:
    line = f"{verdict.status:<5} {verdict.check:<13} {verdict.found}"
    return line if verdict.status == OK else f"{line}\n      Fix: {verdict.fix}"
