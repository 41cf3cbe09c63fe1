"""What Hypothesis calls when it is imported: its entry point for other packages' types."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def _hypothesis_setup_hook() -> None:
    """Register the strategies of GoldenExact and ResonantTensor for `from_type`.

    Hypothesis finds this function through the "hypothesis" entry point of the installed package.
    The strategies are imported when one is asked for: Hypothesis may be in the middle of its own
    import here.
    """
    from hypothesis.strategies import register_type_strategy

    from syntonic.exact.golden import GoldenExact
    from syntonic.tensor import ResonantTensor

    register_type_strategy(GoldenExact, lambda _: _strategy("golden_numbers"))
    register_type_strategy(ResonantTensor, lambda _: _strategy("resonant_tensors"))


def _strategy(name: str) -> Any:
    from syntonic.testing import strategies

    return getattr(strategies, name)()
