"""`python -m syntonic.doctor` is `syntonic doctor`."""

import sys

from syntonic.doctor import examine

__all__: list[str] = []

if __name__ == "__main__":
    report, status = examine(as_json="--json" in sys.argv[1:])
    sys.stdout.write(f"{report}\n")
    sys.exit(status)
