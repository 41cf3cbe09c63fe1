"""A bug to be planted in the text of a kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Mutant", "planted"]

_PARTS = re.compile(r"^(?=#line )", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """In `file` of the kernels `old` stands once and becomes `new`; `call` is one of CALLS."""

    file: str
    call: str
    what: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """What the test's id says."""
        return f"{self.file}, {self.call}: {self.what}"

    def edit(self, text: str) -> str:
        """Plant the bug in the assembled text of a family."""
        parts = _PARTS.split(text)
        return "".join(p.replace(self.old, self.new) if self._holds(p) else p for p in parts)

    def places(self, text: str) -> int:
        """Count where the bug would be planted."""
        return sum(p.count(self.old) for p in _PARTS.split(text) if self._holds(p))

    def _holds(self, part: str) -> bool:
        return part.partition("\n")[0].endswith(f'/{self.file}"')


def planted(file: str, call: str, *bugs: tuple[str, str, str]) -> list[Mutant]:
    """Return bugs of one file that one call must notice: (what, old, new)."""
    return [Mutant(file, call, *bug) for bug in bugs]
