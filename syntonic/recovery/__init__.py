"""Recover exact golden coordinates from printed decimals, with a proof or a reasoned refusal."""

from syntonic.recovery.recover import recover
from syntonic.recovery.result import Recovery
from syntonic.recovery.scale_free_result import ScaleFreeRecovery

__all__ = ["Recovery", "ScaleFreeRecovery", "recover"]


def __dir__() -> list[str]:
    return [*__all__]
