"""The floats of φ, from mpmath; and nobody else writes them down."""

import re
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest

import syntonic
from syntonic import constants

ROOT = Path(__file__).parent.parent


def test_floats_are_correctly_rounded():
    with mpmath.workprec(300):
        assert float(mpmath.phi) == constants.PHI_FLOAT
        assert float(1 / mpmath.phi) == constants.PHI_INV_FLOAT
        assert float(mpmath.sqrt(5)) == constants.SQRT5_FLOAT
        words = mpmath.fsum(map(mpmath.mpf, constants.PHI_WORDS))
        assert abs(words - mpmath.phi) < mpmath.mpf(2) ** -265


@pytest.mark.parametrize("name", ["PHI", "PHI_INV", "SQRT5"])
def test_no_float_has_the_name_of_an_exact_number(name):
    assert isinstance(getattr(syntonic, name), syntonic.GoldenExact)
    with pytest.raises(
        AttributeError, match=rf"{name}_FLOAT here, the exact number syntonic.{name}"
    ):
        getattr(constants, name)
    with pytest.raises(AttributeError, match="no attribute 'SILVER'"):
        constants.SILVER  # noqa: B018


@pytest.mark.parametrize("x", [Fraction(1, 3), Fraction(-7, 10), Fraction(0), Fraction(1, 10**30)])
def test_words_are_nearest_in_turn(x):
    words = constants.multi_double(x, 3)
    for word in words:
        assert word == float(x)
        x -= Fraction(word)


PHI_DIGITS = r"(?<![\d.])(1\.618|0?\.618|2\.236)\d*"
LARGEST_OR_DEFAULT = (
    r"\(1 << 63\) - 1|2\*\*63 - 1|iinfo\([^)]*int64\)\.max|(?i:precision)(: int)? ?= ?100\b"
)


@pytest.mark.parametrize(
    ("folders", "pattern"),
    [
        (("syntonic", "kernels", "benchmarks", "examples"), PHI_DIGITS),
        (("syntonic",), LARGEST_OR_DEFAULT),
    ],
    ids=["the golden ratio in digits", "the greatest int64, the default precision"],
)
def test_no_other_file_writes(folders, pattern):
    written, offenders = re.compile(pattern), []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in (".py", ".cu", ".cuh") and path.name != "constants.py":
                code = re.sub(r'("""|\'\'\')(?s:.*?)\1|#.*', "", path.read_text(encoding="utf-8"))
                offenders += [f"{path.name}: {m[0]}" for m in written.finditer(code)]
    assert offenders == []
