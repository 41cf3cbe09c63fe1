"""What a release is made of: one version, and workflows that run stages there are."""

import re
from pathlib import Path

import pytest

import syntonic

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_one_version():
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"(?m)^## \[(\d.*?)\] - \d{4}-\d\d-\d\d$", changes)[0] == syntonic.__version__
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"(?m)^version: (.*)$", citation) == [syntonic.__version__]


def test_nobody_is_sent_to_the_package_index_for_this_package():
    """Until it is there: a copy of the repository, or the other packages by their names."""
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    texts += [file for room in ("syntonic", "examples") for file in ROOT.glob(f"{room}/**/*.py")]
    texts.remove(ROOT / "CHANGELOG.md")
    advice = re.compile(r"pip install (?:-\S+ )?[\"']?syntonic")
    assert [file.name for file in texts if advice.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_stages(workflow):
    script = (ROOT / ".ci/run").read_text("utf-8")
    stages = set(re.findall(r"(?m)^(\w+)\(\) \{", script))
    for named in re.findall(r"\.ci/run ([a-z ]+)$", workflow.read_text("utf-8"), re.MULTILINE):
        assert set(named.split()) <= stages


def test_every_stage_is_explained_and_run():
    script = (ROOT / ".ci/run").read_text("utf-8")
    explained = re.findall(r"(?m)^#   (\w+)  ", script)
    accepted = re.search(r"(?m)^    ([\w| ]+)\) ;;", script)[1].split(" | ")
    everything = re.search(r"set -- ([\w ]+)$", script, re.MULTILINE)[1].split()
    assert explained == accepted == [name for name in explained if f"\n{name}() {{" in script]
    assert set(explained) - set(everything) == {"fast", "kernels"}
