"""The facts beside this file are what its script makes, and others agree with its oracles."""

import json

import pytest
from data import make


def test_the_files_are_those_that_the_script_makes():
    for name, text in make.texts().items():
        assert (make.HERE / name).read_text("utf-8") == text, "run tests/data/make.py"


def test_published_facts_agree(shared_data):
    others = json.loads((shared_data / "golden_facts.json").read_text("utf-8"))["facts"]
    assert make.differences(others) == []


@pytest.mark.parametrize("name", ["facts.json", "networks.json"])
def test_names_are_used_once(name):
    items = json.loads((make.HERE / name).read_text("utf-8"))
    names = [item.get("id", item.get("name")) for item in items]
    assert len(names) == len(set(names)) > 10
