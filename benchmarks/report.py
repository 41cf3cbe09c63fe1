"""Write the README's table of measurements from the committed results.

    python -m benchmarks.report [--check]

The table stands between two comments in README.md; --check fails if it is not what the results
say, and changes nothing.
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
START, END = "<!-- measurements -->\n", "<!-- end of measurements -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    args = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    wanted = before + START + table() + END + after
    if args.check:
        return 0 if text == wanted else "README.md: run python -m benchmarks.report"
    readme.write_text(wanted, encoding="utf-8")
    return 0


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
    return "\n".join(lines) + "\n\n"


def _multiple(ratio: float) -> str:
    return f"×{ratio:.0f}" if ratio >= 10 else f"×{ratio:.2g}"


if __name__ == "__main__":
    sys.exit(main())
