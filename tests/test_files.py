"""What holds of the source files."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
"""A file is about one idea, and a reader takes it in at once."""


def test_no_source_file_is_long():
    folders = ("syntonic", "kernels", "benchmarks", "examples")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.*")]
    lines = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in files
        if file.suffix in (".py", ".cu", ".cuh")
    }
    assert len(lines) > 300
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
