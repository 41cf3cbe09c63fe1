"""`python -m syntonic` is the command `syntonic`."""

import sys

from syntonic.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
