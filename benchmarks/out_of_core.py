"""A snap from disk to disk beside a copy of the same file, both brought to the disk.

    python -m benchmarks.out_of_core [--elements N] [--memory 300MB] [--kill K] [--folder DIR]

Prints the ratio of the copy's time to the snap's: 1 is the speed of a copy. The copy reads the file
and writes as many bytes, in blocks of the same size, and fsyncs; the snap fsyncs each block. Before
each run the file is dropped from the page cache where the system lets a user do that. With --kill
the snap is killed with SIGKILL K times at random and resumed, in processes of its own, and then
compared with `syntonic.snap` element by element.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from syntonic import snap
from syntonic.io.out_of_core import bytes_of
from syntonic.io.stores import Store

BLOCK = 1 << 23


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=16 << 20)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--precision", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        source, target = Path(folder, "x.npy"), Path(folder, "x.zarr")
        make(source, given.elements)
        size = source.stat().st_size
        limit = bytes_of(given.memory)
        print(f"{size} bytes, {size / limit:.2f} of the limit of memory, {os.cpu_count()} cores")
        print_ratios(source, target, given)
        if given.kill:
            peak = killed(source, target, given)
            print(f"killed {given.kill} times: peak {peak} bytes, {peak / limit:.3f} of the limit")
            print(f"compared: {compare(source, target, given.precision)} elements differ")


def make(path: Path, elements: int) -> None:
    """Write random floats, a part at a time."""
    array = np.lib.format.open_memmap(path, "w+", np.float64, (elements,))
    generator = np.random.default_rng(1)
    for k in range(0, elements, BLOCK):
        part = array[k : k + BLOCK]
        part[:] = generator.standard_normal(part.size)
    array.flush()


def print_ratios(source: Path, target: Path, given: argparse.Namespace) -> None:
    """Print medians of the ratio to a copy, the two in turns; the first pair warms up."""
    ratios = []
    for k in range(given.repeats + 1):
        copied, snapped = copy(source, target.with_name("copy")), run(source, target, given)
        if k:
            ratios.append(copied / snapped)
        shutil.rmtree(target)
    print(f"copy/snap: {statistics.median(ratios):.2f} ({', '.join(f'{r:.2f}' for r in ratios)})")


def copy(source: Path, target: Path) -> float:
    cold(source)
    began = time.perf_counter()
    with source.open("rb") as file, target.open("wb") as out:
        while part := file.read(BLOCK):
            out.write(part)
        out.flush()
        os.fsync(out.fileno())
    took = time.perf_counter() - began
    target.unlink()
    return took


def run(source: Path, target: Path, given: argparse.Namespace) -> float:
    from syntonic.io import snap_file

    cold(source)
    began = time.perf_counter()
    snap_file(source, target, precision=given.precision, memory=given.memory)
    return time.perf_counter() - began


def cold(path: Path) -> None:
    """Ask the system to forget a file."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def killed(source: Path, target: Path, given: argparse.Namespace) -> int:
    """Snap in processes that are killed at random, and in one that is not; return the peak."""
    command = [sys.executable, "-m", "syntonic", "snap", str(source), str(target), "--resume",
               "--memory", given.memory, "--precision", str(given.precision)]  # fmt: skip
    peak = 0
    for k in range(given.kill + 1):
        process, wanted = subprocess.Popen(command), done(target) + random.randint(1, 12)
        while process.poll() is None and (k == given.kill or done(target) < wanted):
            peak = max(peak, most_resident(process.pid))
            time.sleep(0.05)
        if k < given.kill:
            time.sleep(random.random() / 10)
            process.send_signal(signal.SIGKILL)
            print(f"killed after {done(target)} blocks")
        process.wait()
    return peak


def most_resident(pid: int) -> int:
    """Return the most memory that a process has had since it began its program, on Linux."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(text.partition("VmHWM:")[2].split()[0]) << 10 if "VmHWM" in text else 0


def done(target: Path) -> int:
    return int((Store.open(target).done > 0).sum()) if target.exists() else 0


def compare(source: Path, target: Path, precision: int) -> int:
    """Return how many elements differ from `snap` of their part of the file."""
    store, wrong = Store.open(target), 0
    array = np.load(source, mmap_mode="r")
    for block in store.blocks():
        found, expected = store.read(block), snap(array[block[1]], precision=precision)
        a, b, _ = found.numerators()
        wrong += int(((a != expected.a) | (b != expected.b)).sum())
    return wrong


if __name__ == "__main__":
    main()
