"""Calls under ThreadSanitizer: a process of its own, with libtsan loaded before Python.

    LD_PRELOAD=libtsan.so python -m cuda_host.race '[["softmax_identity_rows", -1], ...]'

runs calls in float32 (exact ones in float64), those with a number after planting that bug of RACES;
what ThreadSanitizer reports of each stands on stderr after a line "JOB" with its place in the list.
"""

from __future__ import annotations

import json
import os
import sys

from cuda_host.build import THREAD_SANITIZER
from cuda_host.calls import CALLS, Place, dtype_for
from cuda_host.devices import HostDevice
from cuda_host.mutants import RACES
from cuda_host.runtime import RUNTIME


def main(jobs: str) -> None:
    """Run the jobs, a JSON list."""
    os.environ.pop("LD_PRELOAD", None)  # compilers must not run with what is loaded here
    for place, (call, number) in enumerate(json.loads(jobs)):
        sys.stderr.write(f"JOB {place}\n")
        sys.stderr.flush()
        edit = RACES[number].edit if number >= 0 else str
        with RUNTIME.edited(edit, THREAD_SANITIZER):
            for _ in CALLS[call](Place(HostDevice(), dtype_for(call))):
                pass


if __name__ == "__main__":
    main(sys.argv[1])
