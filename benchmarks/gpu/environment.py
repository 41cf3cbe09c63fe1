"""Write what a session measures: the machine, the doctor's report, the card and its copy.

python -m benchmarks.gpu.environment --out FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.gpu.device import Gpu
from benchmarks.measure import machine
from syntonic.doctor import examine
from syntonic.errors import BackendUnavailableError
from syntonic.flux.device import cuda_library


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", required=True, metavar="FILE")
    out = Path(parser.parse_args().out)
    out.write_text(json.dumps(found := {**_card(), "machine": machine()}), encoding="utf-8")
    report, _ = examine(as_json=True)  # a package that is missing is no failure of the GPU
    found["doctor"] = json.loads(report)
    out.write_text(json.dumps(found), encoding="utf-8")
    print(json.dumps(found, indent=1))
    return 0


def _card() -> dict[str, Any]:
    """Return the card, its clock and the bandwidth of a copy within it; or why there is none."""
    try:
        cuda_library("environment")
    except BackendUnavailableError as error:
        return {"gpu": None, "reason": str(error)}
    gpu = Gpu()
    return {
        "gpu": gpu.describe(),
        "clock_hertz": round(gpu.clock),
        "copy_bytes_per_second": round(gpu.copy_bandwidth()),
    }


if __name__ == "__main__":
    sys.exit(main())
