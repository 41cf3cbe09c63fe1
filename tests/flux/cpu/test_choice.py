"""Which form serves an array: small ones do not wait for numba."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from itertools import count
from types import ModuleType

import numpy as np
import pytest

from syntonic.flux.cpu import choice, norm, residual, softmax
from syntonic.flux.cpu.choice import implementation
from syntonic.lattice.compiled import COLD_SIZE

COLD = """
import sys
import numpy as np
from syntonic.flux.cpu import norm, residual, softmax
x = np.linspace(-2, 2, 60).reshape(3, 4, 5)
residual.residual_gelu(x, x, "phi")
norm.batch_norm(x, 1.0, 1e-5, None, None)
softmax.softmax_backward(x, softmax.softmax_identity(x))
assert "numba" not in sys.modules
residual.residual(np.zeros(1 << 17), np.zeros(1 << 17), "phi")
assert "numba" in sys.modules
"""


def test_small_arrays_do_not_load_numba() -> None:
    subprocess.run([sys.executable, "-c", COLD], check=True, timeout=120)


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert implementation("norm", 1).__name__.endswith("compiled.norm")
    monkeypatch.delitem(sys.modules, "numba")
    assert implementation("norm", COLD_SIZE - 1).__name__.endswith("plain.norm")
    assert implementation("norm", COLD_SIZE).__name__.endswith("compiled.norm")


def test_many_small_arrays_are_worth_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numba")
    monkeypatch.setattr(choice, "_cold_calls", count(choice.COLD_CALLS - 1))
    assert implementation("norm", 1).__name__.endswith("plain.norm")
    assert implementation("norm", 1).__name__.endswith("compiled.norm")


@pytest.mark.parametrize("module", [norm, residual, softmax])
@pytest.mark.parametrize("form", ["plain", "compiled"])
def test_both_forms_have_the_whole_contract(module: ModuleType, form: str) -> None:
    family = module.__name__.rpartition(".")[2]
    there = import_module(f"syntonic.flux.cpu.{form}.{family}")
    for name in set(module.__all__) - {"residual_backward"}:  # has one form: a multiplication
        assert callable(getattr(there, name))


def test_the_public_functions_delegate() -> None:
    """Each argument in its place: equal to the compiled form."""
    rng = np.random.default_rng(0)
    x, y, g = rng.normal(size=(3, 4, 6))
    a, b = rng.normal(size=(2, 6))
    cube, w = x.reshape(4, 6, 1), rng.uniform(1, 2, size=6)
    mean, var, rows = rng.normal(size=6), w, rng.normal(size=4)
    calls = {
        residual: [
            ("residual", x, y, "phi"), ("residual_relu", x, y, "phi"),
            ("residual_relu_backward", g, x, "phi"), ("residual_gelu", x, y, "phi"),
            ("residual_gelu_backward", g, x, y, "phi"),
            ("residual_layer_norm", x, y, a, b, 0.1, "phi"),
            ("residual_layer_norm_backward", g, x, y, a, rows, rows, "phi"),
            ("component_norms", x, y, "phi"),
        ],
        norm: [
            ("batch_norm", cube, 0.5, 0.1, a, b), ("batch_norm_stats", cube),
            ("batch_norm_apply", cube, mean, var, 0.5, 0.1, a, b),
            ("batch_norm_backward", cube, cube, mean, var, 0.5, 0.1, a, False),
            ("layer_norm", x, 0.5, 0.1, a, b), ("output_stats", x),
            ("layer_norm_backward", g, x, 0.5, a, rows, rows),
        ],
        softmax: [
            ("softmax_identity", cube), ("softmax_learned", cube, w, 0.7),
            ("softmax_provided", cube, w, 0.7, 0.1), ("softmax_backward", cube, cube),
            ("softmax_learned_backward", cube, cube, 0.7),
            ("softmax_provided_backward", cube, cube, w, 0.7, 0.1),
        ],
    }  # fmt: skip
    for module, cases in calls.items():
        there = implementation(module.__name__.rpartition(".")[2], 1 << 20)
        for name, *arguments in cases:
            ours, theirs = (getattr(m, name)(*arguments) for m in (module, there))
            ours, theirs = (v if isinstance(v, tuple) else (v,) for v in (ours, theirs))
            for u, v in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(u, v)
