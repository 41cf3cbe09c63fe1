"""Warnings that PyTorch gives of itself, wherever it happens to be asked first."""

from __future__ import annotations

from pathlib import Path

import pytest

ITS_OWN = (
    "ignore:.*torch.jit.*is (deprecated|not supported):DeprecationWarning",
    "ignore:Please use `torch.vmap`:FutureWarning",  # gradcheck of 2.6
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(*ITS_OWN))
