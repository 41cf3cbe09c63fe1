"""Time contenders side by side: warmed up, interleaved, medians, results checked equal."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "numpy",
    "numba",
    "gmpy2",
    "python-flint",
    "cypari",
    "sympy",
    "scipy",
    "mpmath",
    "torch",
)


@dataclass
class Result:
    """The medians of one task, in seconds per unit, and the goal if there is one."""

    task: str
    unit: str
    seconds: dict[str, float]
    goal: float | None = None
    ratios: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ours = self.seconds["syntonic"]
        self.ratios = {name: t / ours for name, t in self.seconds.items() if name != "syntonic"}


def keep_memory() -> None:
    """Let the C library keep what is freed, where it is glibc.

    Else it returns large blocks to the system at some calls and not at others, by where they
    happen to lie, and mapping them anew takes longer than most operations on them.
    """
    try:
        set_option = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    set_option(_MMAP_THRESHOLD, 1 << 25)  # the most that it takes
    set_option(_TRIM_THRESHOLD, 2**31 - 1)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def machine() -> dict[str, Any]:
    """Name the processor, the system and the versions that were measured."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": versions,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def side_by_side(
    task: str,
    contenders: Mapping[str, tuple[Callable[[], Any], float]],
    *,
    unit: str = "call",
    goal: float | None = None,
    rounds: int = 7,
    least: float = 0.02,
) -> Result:
    """Return the median time of each contender per unit of its work.

    Parameters
    ----------
    task
        What is computed.
    contenders
        For each name a call and the number of units (elements, say) it treats.
    goal
        Seconds per unit that syntonic aims at.
    rounds
        How often each is timed; the contenders take turns in each round.
    least
        Seconds that one timing lasts at least, by repeating short calls.
    """
    repeats, samples = {}, {name: [] for name in contenders}
    for name, (call, _) in contenders.items():
        call()
        once = _timed(call, 1)
        repeats[name] = max(1, int(least / max(once, 1e-9)))
    for _ in range(rounds):
        for name, (call, units) in contenders.items():
            samples[name].append(_timed(call, repeats[name]) / units)
    medians = {name: statistics.median(times) for name, times in samples.items()}
    return Result(task, unit, medians, goal)


def _timed(call: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def table(results: list[Result]) -> str:
    """Lay the medians out as text, with each peer's ratio to syntonic."""
    lines = []
    for r in results:
        goal = "" if r.goal is None else f"  goal {pretty(r.goal)}: {_verdict(r)}"
        lines.append(f"{r.task}, per {r.unit}")
        lines.append(f"  {'syntonic':28s}{pretty(r.seconds['syntonic']):>12s}{goal}")
        for name, ratio in r.ratios.items():
            lines.append(f"  {name:28s}{pretty(r.seconds[name]):>12s}  {ratio:10.3g} x syntonic")
    return "\n".join(lines)


def _verdict(r: Result) -> str:
    share = r.seconds["syntonic"] / (r.goal or 1)
    return "met" if share <= 1 else f"missed, {share:.2f} times"


def pretty(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for scale, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def write(path: str | None, results: list[Result], **more: Any) -> None:
    """Write the results with the machine's name as JSON, through a temporary file."""
    if path is None:
        return
    target = Path(path)
    part = target.with_suffix(".part")
    data = {"machine": machine(), "results": [asdict(r) for r in results], **more}
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(target)
