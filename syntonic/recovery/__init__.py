"""Recover exact golden coordinates from printed decimals, with a proof or a reasoned refusal."""

from syntonic.recovery.recover import recover
from syntonic.recovery.result import Recovery

__all__ = ["Recovery", "recover"]
