"""The README's examples give what they print."""

import doctest

from pathlib import Path


def test_examples():
    failed, attempted = doctest.testfile(
        str(Path(__file__).parent.parent / "README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert attempted > 10
    assert failed == 0
