"""Make the facts beside this file anew: `python tests/data/make.py`.

Facts are answers of PARI and mpmath to the questions of `questions.py`; network cases are
evaluated by mpmath. `python tests/data/make.py --check FOLDER` asks the same of questions that
others have published, in a folder with a golden_facts.json, and says where answers differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from data.answers import ANSWERS  # noqa: E402
from data.networks import network_cases  # noqa: E402
from data.questions import questions  # noqa: E402

# What is right up to a unit, or has more than one right answer.
FREE = {"one_representative", "an_element_of_norm_pm_p"}


def facts() -> list[dict[str, Any]]:
    """Return every question with its answer and a name."""
    count: dict[str, int] = {}
    out = []
    for question in questions():
        op = question["op"]
        count[op] = count.get(op, 0) + 1
        out.append({"id": f"{op}-own-{count[op]}", **question, **ANSWERS[op](question)})
    return out


def differences(others: list[dict[str, Any]]) -> list[str]:
    """Return the facts of others that do not agree with the answers here."""
    return [
        f"{fact['id']}: {key} is {fact.get(key)} there and {answer} here"
        for fact in others
        for key, answer in ANSWERS[fact["op"]](fact).items()
        if key not in FREE and not same(key, fact.get(key), answer)
    ]


def same(key: str, x: Any, y: Any) -> bool:
    return float.fromhex(x) == float.fromhex(y) if key.endswith("_hex") else x == y


def texts() -> dict[str, str]:
    """Return the files beside this one that are made, with their text."""
    return {"facts.json": lines(facts()), "networks.json": lines(network_cases())}


def lines(items: list[dict[str, Any]]) -> str:
    """JSON with one item a line."""
    return "[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in items) + "\n]\n"


def main() -> int:
    if sys.argv[1:2] == ["--check"]:
        others = json.loads((Path(sys.argv[2]) / "golden_facts.json").read_text("utf-8"))["facts"]
        found = differences(others)
        print(*found, f"{len(others)} facts, {len(found)} differences", sep="\n")  # noqa: T201
        return bool(found)
    for name, text in texts().items():
        (HERE / name).write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
