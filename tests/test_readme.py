"""The README's examples give what they print."""

import doctest
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_examples():
    options = doctest.NORMALIZE_WHITESPACE
    failed, attempted = doctest.testfile(str(README), module_relative=False, optionflags=options)
    assert attempted > 10
    assert failed == 0
