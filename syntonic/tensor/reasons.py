"""Why exact tensors refuse a function of NumPy: a claim that a test can check, and a remedy."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["Claim", "Reason"]


class Claim(Enum):
    """What is said of a refused function."""

    LEAVES_FIELD = "its values leave the field Q(φ)"
    NOT_WRITTEN = "it has no exact form yet, though its values lie in the field"
    INTEGERS = "it is defined on integers: their bits, counts or positions"
    FLOAT_FORMAT = "it looks into the format of floats"
    COMPLEX = "it gives complex floats"
    TOLERANCE = "it takes a tolerance, and exact numbers are equal or not"
    WRITES = "it writes into its argument, and tensors are immutable"
    FILES = "it would write objects to a file"
    CREATES = "it creates arrays from parameters"
    RECORDS = "it works on structured arrays"
    TEXT = "it works on text"
    DATES = "it works on dates"
    REPLACED = "it is the inner form of another function"


class Reason(NamedTuple):
    """A claim, and what to do instead."""

    claim: Claim
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.claim.value}; {self.remedy}" if self.remedy else self.claim.value
