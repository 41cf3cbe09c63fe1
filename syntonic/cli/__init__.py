"""The command line: `syntonic`, `python -m syntonic`."""

from syntonic.cli.commands import main

__all__ = ["main"]
