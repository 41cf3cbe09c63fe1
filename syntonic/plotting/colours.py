"""The colours of pictures and pages, on dark and on light backgrounds."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["DUSK_TO_GOLD", "NIGHT", "against"]

NIGHT = "#0b1020"
DUSK_TO_GOLD = ("#1b2a49", "#2f5d8a", "#4fa3a5", "#e9c46a", "#fff3c4")
_MIST_TO_INK = ("#dbe3ea", "#a9c3d1", "#5d9bb0", "#2a6286", "#12233f")

_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _is_light(colour: str) -> bool:
    """Say whether a background is light: white, or a bright one in hexadecimal."""
    if not _HEX.fullmatch(colour):
        return colour in ("white", "w")
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (int(digits[k : k + 2], 16) for k in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue > 140


def against(background: str, colours: Sequence[str]) -> tuple[str, ...]:
    """Return the colours of lines: on a light background others than the default ones."""
    if tuple(colours) == DUSK_TO_GOLD and _is_light(background):
        return _MIST_TO_INK
    return (*colours,)
