"""Kernels under ThreadSanitizer: none has a race, and a lost barrier is one.

Only threads of one block are compared: blocks run one after another.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cuda_host.devices import host_is_missing
from cuda_host.mutants import RACES

pytestmark = pytest.mark.campaign

CALLS = (
    "batch_norm_backward_columns",
    "batch_norm_columns",
    "batch_norm_planes",
    "component_norms",
    "golden_exact_det",
    "golden_exact_solve",
    "layer_norm",
    "output_stats",
    "residual_layer_norm",
    "residual_layer_norm_kept",
    "softmax_identity_backward_columns",
    "softmax_identity_columns",
    "softmax_identity_rows",
    "softmax_learned_backward_columns",
    "softmax_learned_backward_wide_rows",
)
"""Calls that take every kind of barrier, and little time."""

JOBS = [(call, -1) for call in CALLS] + [(bug.call, i) for i, bug in enumerate(RACES)]
NAMES = [*CALLS, *(bug.name for bug in RACES)]


def _library() -> Path:
    asked = ("g++", "-print-file-name=libtsan.so")
    return Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())


@pytest.fixture(scope="module")
def reports() -> dict[str, str]:
    """What ThreadSanitizer says of every job."""
    if host_is_missing():
        pytest.skip(host_is_missing())
    library = _library()
    if not library.is_absolute():
        pytest.skip("ThreadSanitizer needs libtsan")
    # Its shadow wants the addresses of an unrandomised process.
    fixed = ("setarch", platform.machine(), "-R") if shutil.which("setarch") else ()
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "TSAN_OPTIONS": "exitcode=0",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": path,
    }
    command = (*fixed, sys.executable, "-m", "cuda_host.race", json.dumps(JOBS))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    parts = done.stderr.split("JOB ")[1:]
    return dict(zip(NAMES, parts, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_barrier_is_a_race_and_the_kernels_have_none(
    name: str, reports: dict[str, str]
) -> None:
    report = reports[name]
    assert ("data race" in report) == (name not in CALLS), report
