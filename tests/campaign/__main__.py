"""The campaign as a program: seeds without end, what fails is printed with its seed.

python -m tests.campaign [--seconds 600] [--seed 0] [--only NAME]
"""

from __future__ import annotations

import argparse
import sys
import time

from .check import check
from .operations import OPERATIONS


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600, help="how long; 0: one seed")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="operations whose name holds this")
    args = parser.parse_args()
    names = [name for name in OPERATIONS if args.only in name]
    end = time.monotonic() + args.seconds
    seed, failed = args.seed, 0
    while seed == args.seed or time.monotonic() < end:
        for name in names:
            failed += not _passes(name, seed)
        seed += 1
    seeds = seed - args.seed
    sys.stdout.write(f"{len(names)} operations, {seeds} seeds from {args.seed}: {failed} failed\n")
    return 1 if failed else 0


def _passes(name: str, seed: int) -> bool:
    try:
        check(name, seed)
    except Exception as error:  # whatever a fault raises: report it, go on
        sys.stdout.write(f"--seconds 0 --seed {seed} --only '{name}'\n  {error!r}\n")
        sys.stdout.flush()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
