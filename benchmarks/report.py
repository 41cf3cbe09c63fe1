"""Write the tables of measurements of the pages from the committed results.

    python -m benchmarks.report [--check]

A table stands between two comments in its page; --check fails if it is not what the results say,
and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import pretty

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
GPU_DTYPES = ("f32", "bf16", "f64")
OURS = ("GoldenExact", "syntonic")  # as peers of themselves, called in another way
START, END = "<!-- measurements -->\n", "<!-- end of measurements -->"


def main() -> int | str:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    args = parser.parse_args()
    for page, written in (("performance", table), ("comparison", peers)):
        path = ROOT / "docs" / f"{page}.md"
        text = path.read_text(encoding="utf-8")
        before, _, rest = text.partition(START)
        _, _, after = rest.partition(END)
        wanted = before + START + written() + END + after
        if args.check and text != wanted:
            return f"docs/{page}.md: run python -m benchmarks.report"
        path.write_text(wanted, encoding="utf-8")
    return 0


def peers() -> str:
    """Return the Markdown of each other system: how many tasks, and the ratios at the ends."""
    found: dict[str, list[tuple[float, str]]] = {}
    for program in ("exact", "flux_cpu", "snap"):
        for r in json.loads((RESULTS / f"{program}.json").read_text())["results"]:
            for name, ratio in r["ratios"].items():
                if not name.startswith(OURS):
                    found.setdefault(name, []).append((ratio, r["task"].replace("|", "\\|")))
    lines = ["| other system | tasks | least ratio | greatest ratio |", "|---|---|---|---|"]
    for name, ratios in sorted(found.items(), key=lambda item: item[0].casefold()):
        ends = (f"{_multiple(ratio)}: {task}" for ratio, task in (min(ratios), max(ratios)))
        lines.append(f"| {name} | {len(ratios)} | {' | '.join(ends)} |")
    return "\n".join(lines) + "\n\n"


def table() -> str:
    """Return the Markdown of all result files, in the order of their names."""
    return "".join(
        _section(path.stem, json.loads(path.read_text())) for path in sorted(RESULTS.glob("*.json"))
    )


def _section(program: str, data: dict[str, Any]) -> str:
    return _gpu_section(data) if "gpu" in data else _cpu_section(program, data)


def _gpu_section(data: dict[str, Any]) -> str:
    """Return the table of flux_gpu.py: the shapes that stand for the others, a row an operation."""
    gpu, copy = data["gpu"], data["copy_bytes_per_second"] / 1e9
    versions = ", ".join(f"{name} {number}" for name, number in gpu["packages"].items())
    lines = [
        f"{gpu['name']}, driver {gpu['driver']}, {versions}. Shares are of the bandwidth of a copy "
        f"within the device, {copy:.0f} GB/s read and written:",
        "",
        "| task, in f32 | time | of the copy: f32, bf16, f64 | others in f32, as multiples |",
        "|---|---|---|---|",
    ]
    rows: dict[Any, dict[str, Any]] = {}
    for r in data["results"]:
        # Of large arrays, where bandwidth counts; the number of their rows depends on the dtype.
        if r["headline"] and r["goal"] is not None and r["of_copy"] is not None:
            rows.setdefault((r["operation"], *r["shape"][1:]), {})[r["dtype"]] = r
    for row in rows.values():
        if (r := row.get("f32")) is not None:
            others = ", ".join(f"{name} {_multiple(x)}" for name, x in r["ratios"].items())
            shares = (f"{row[d]['of_copy']:.0%}" if d in row else "-" for d in GPU_DTYPES)
            task = f"{r['operation']}, {' x '.join(map(str, r['shape']))}"
            ours = pretty(r["seconds"]["syntonic"])
            lines.append(f"| {task} | {ours} | {', '.join(shares)} | {others} |")
    return "\n".join(lines) + "\n\n"


def _cpu_section(program: str, data: dict[str, Any]) -> str:
    m = data["machine"]
    lines = [
        f"`{program}.py` on {m['processor']}, {m['cores']} cores, Python {m['python']}, NumPy "
        f"{m['packages']['numpy']}:",
        "",
        "| task | syntonic | others, as multiples of it |",
        "|---|---|---|",
    ]
    for r in data["results"]:
        others = ", ".join(f"{name} {_multiple(x)}" for name, x in r["ratios"].items())
        ours = pretty(r["seconds"]["syntonic"])
        task = r["task"].replace("|", "\\|")
        lines.append(f"| {task}, per {r['unit']} | {ours} | {others} |")
    lines += _growth(data.get("growth", {}))
    return "\n".join(lines) + "\n\n"


def _growth(growth: dict[str, Any]) -> list[str]:
    """Return the table of how times grow with sizes, if there is any."""
    if not growth:
        return []
    lines = ["", "How times grow, and the exponent of the power that fits them best:", ""]
    lines += ["| task | times by size | exponent |", "|---|---|---|"]
    for name, curve in growth.items():
        times = ", ".join(f"{int(n):,}: {pretty(t)}" for n, t in curve["seconds"].items())
        lines.append(f"| {name} | {times} | {curve['exponent']:.2f} |")
    return lines


def _multiple(ratio: float) -> str:
    return f"×{ratio:.0f}" if ratio >= 10 else f"×{ratio:.2g}"


if __name__ == "__main__":
    sys.exit(main())
