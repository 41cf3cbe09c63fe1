"""What holds of the tests themselves."""

import re
from pathlib import Path

CLOCKS = re.compile(r"perf_counter|process_time|thread_time|deadline=\d|timedelta")


def test_no_test_looks_at_a_clock():
    """It would measure the machine; `effort.at_most` counts calls."""
    here = Path(__file__)
    files = [file for file in here.parent.rglob("test_*.py") if file != here]
    assert len(files) > 100
    assert [f.name for f in files if CLOCKS.search(f.read_text(encoding="utf-8"))] == []
