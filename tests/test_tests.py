"""What holds of the tests themselves."""

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from effort import thinned
from hypothesis import given, settings
from hypothesis import strategies as st

CLOCKS = re.compile(r"perf_counter|process_time|thread_time|deadline=\d|timedelta")


def test_no_test_looks_at_a_clock():
    """It would measure the machine; `effort.at_most` counts calls."""
    here = Path(__file__)
    files = [file for file in here.parent.rglob("test_*.py") if file != here]
    assert len(files) > 100
    assert [f.name for f in files if CLOCKS.search(f.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("every", [2, 3, 5])
def test_what_is_thinned_is_run_by_the_campaign(every):
    cases = [*product(range(every + 1), range(every + 2)), pytest.param(1, 2, id="named")]
    for k, (case, kept) in enumerate(zip(cases, thinned(cases, every), strict=True)):
        marks = [mark.name for mark in getattr(kept, "marks", ())]
        assert marks == ["campaign"] * (k % every > 0)
        assert getattr(kept, "values", kept) == getattr(case, "values", case)


def test_of_a_product_each_value_stays():
    """And what has a mark, or stands alone, keeps both."""
    for sizes, every in (((15, 7), 4), ((3, 3), 4), ((9, 3), 2), ((3, 3, 5), 7)):
        cases = thinned(product(*map(range, sizes)), every)
        kept = [case for case in cases if not hasattr(case, "marks")]
        assert [len({*column}) for column in zip(*kept, strict=True)] == [*sizes]
    other = thinned([1, pytest.param(2, marks=pytest.mark.gpu)], 2)[1]
    assert ([mark.name for mark in other.marks], other.values) == (["gpu", "campaign"], (2,))
    assert thinned("ab", 2)[1].values == ("b",)


@pytest.mark.parametrize(
    ("expression", "marks"),
    [("campaign", ["campaign"]), ("gpu or campaign", ["campaign"]), ("not campaign", []), ("", [])],
)
def test_a_campaign_takes_properties(pytestconfig, expression, marks):
    """With all their examples: the profile is loaded by the same expression."""
    (ours,) = (p for p in pytestconfig.pluginmanager.get_plugins() if hasattr(p, "LEFT_OUT"))
    config = SimpleNamespace(option=SimpleNamespace(markexpr=expression))
    found = []
    item = SimpleNamespace(
        obj=given(st.none())(lambda x: None),
        add_marker=found.append,
        get_closest_marker=lambda name: None,
    )
    ours.pytest_collection_modifyitems(config, [item])
    assert found == marks
    drawn = settings.default.max_examples
    assert (
        drawn
        == settings.get_profile(
            "campaign" if ours._is_campaign(pytestconfig) else "syntonic"
        ).max_examples
    )
    assert (
        settings.get_profile("syntonic").max_examples
        < settings.get_profile("campaign").max_examples
    )
