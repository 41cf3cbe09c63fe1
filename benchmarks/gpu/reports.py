"""What a session's record says of its tests and its headlines."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from benchmarks.gpu.stages import MOST_FAILURES, Session

__all__ = ["headlines", "tests_of"]

_RUNS = ("every kernel", "failed before", "suite")


def headlines(cases: dict[str, Any]) -> dict[str, Any]:
    """Return of every headline case its seconds, its share of a copy, the goal and the peers."""
    return {
        entry["case"]: {
            "seconds": entry["seconds"].get("syntonic"),
            "of_copy": entry["of_copy"],
            "goal": entry["goal"],
            "peers": entry["ratios"],
        }
        for entry in cases.get("results", ())
        if entry["headline"]
    }


def tests_of(session: Session, whole: bool) -> dict[str, Any]:
    """Return the counts of the tests that ran, and the id and first line of each that failed.

    `whole` tells whether the suite ran to its end; one that stopped at its most failures did not.
    """
    counts: dict[str, int] = {}
    failures: dict[str, str] = {}
    for run in _RUNS:
        if (suite := _suite(session.junit(run))) is None:
            continue
        for case in suite.iter("testcase"):
            outcome, line = _outcome(case)
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome in ("failure", "error"):
                failures[_id(case)] = line
    if not counts:
        return {}
    listed = [{"id": name, "line": line} for name, line in failures.items()]
    complete = session.settled or (whole and len(listed) < MOST_FAILURES)
    return {"counts": counts, "complete": complete, "failures": listed}


def _suite(path: Path) -> ElementTree.Element | None:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None


def _outcome(case: ElementTree.Element) -> tuple[str, str]:
    for found in case:
        if found.tag in ("failure", "error", "skipped"):
            text = found.get("message") or found.text or ""
            return found.tag, (text.strip().splitlines() or [""])[0][:300]
    return "passed", ""


def _id(case: ElementTree.Element) -> str:
    """Return what pytest runs a test again by; our tests stand in no classes."""
    where = case.get("classname", "").replace(".", "/")
    return f"{where}.py::{case.get('name')}"
