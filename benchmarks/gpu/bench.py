"""Measure one case: our launcher and its peers in turns, over inputs that no cache holds."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.gpu import peers
from benchmarks.gpu.cases import Case
from benchmarks.gpu.device import dtype_of, optional
from syntonic.flux.cuda import source

__all__ = ["Peers", "Supply", "agreement", "fingerprint", "measure"]

ROUNDS = 10
MOST_LAUNCHES = 32  # of a batch: the device's queue holds about a thousand kernels
MOST_SETS = 256
CACHES = 3  # times the L2 that the input sets exceed
# Of the norms: where a sum nearly cancels, rounding decides whether relu lets a gradient through.
TOLERANCES = {"f64": 1e-7, "f32": 1e-3, "f16": 2e-2, "bf16": 6e-2}

Calls = list[Callable[[], Any]]


@dataclass(frozen=True)
class Peers:
    """Who is measured beside us: modules, or None for those that are not."""

    torch: Any = None
    cupy: Any = None
    triton: Any = None
    compiled: bool = False

    @classmethod
    def found(cls, gpu: Any, compiled: bool) -> Peers:
        """Return what is installed and sees the GPU."""
        torch = optional("torch")
        if torch is None or not torch.cuda.is_available():
            return cls(cupy=gpu.xp)
        if (functorch := optional("torch._functorch.config")) is not None:
            functorch.donated_buffer = False  # or a compiled backward could run once only
        return cls(torch, gpu.xp, optional("triton"), compiled)


class Supply:
    """Hands out random arrays: slices of one buffer, of one dtype at a time, that only grows."""

    def __init__(self, gpu: Any) -> None:
        self._gpu, self._buffer = gpu, None

    def arrays(self, case: Case) -> list[list[Any]]:
        """Return the random arrays of as many input sets as caches cannot hold."""
        names, dtype = case.does.arrays.split(), dtype_of(case.dtype)
        size = math.prod(case.shape)
        step = -(-size // 256) * 256  # every array begins aligned
        enough = -(-CACHES * self._gpu.l2 // (len(names) * max(case.nbytes, 1)))
        sets = min(max(enough, 2), MOST_SETS)
        buffer = self._of(dtype, sets * len(names) * step)
        cut = [buffer[i * step :][:size].reshape(case.shape) for i in range(sets * len(names))]
        return [cut[i : i + len(names)] for i in range(0, len(cut), len(names))]

    def _of(self, dtype: np.dtype[Any], count: int) -> Any:
        if self._buffer is None or self._buffer.dtype != dtype or self._buffer.size < count:
            self._buffer = None
            self._gpu.free()
            self._buffer = self._gpu.normal(count, dtype)
        return self._buffer


class _Rotation:
    """Calls for one input set after the other; as many results live, each in its own memory."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._next = calls, 0
        self.results: list[Any] = [None] * len(calls)

    def __call__(self) -> None:
        here, self._next = self._next, (self._next + 1) % len(self._calls)
        self.results[here] = None
        self.results[here] = self._calls[here]()


def measure(gpu: Any, supply: Supply, case: Case, beside: Peers, copy: float) -> dict[str, Any]:
    """Return the entry of a case; what fails becomes a value of it, and never an exception."""
    failures: dict[str, str] = {}
    turns: dict[str, _Rotation] = {}
    cold = False
    try:
        arrays = supply.arrays(case)
        cold = len(arrays) * len(arrays[0]) * case.nbytes >= CACHES * gpu.l2
        data = [case.inputs(gpu, these) for these in arrays]
        turns["syntonic"] = _warm([lambda d=d: case.launch(d) for d in data])
    except Exception as error:
        failures["syntonic"] = _said(error)
    else:
        for name, calls in _contenders(gpu, case, beside, data).items():
            try:
                turns[name] = _warm(calls())
            except Exception as error:
                failures[name] = _said(error)
    differences = agreement(gpu, case, {name: turn.results[0] for name, turn in turns.items()})
    entry = _entry(gpu, case, _timed(gpu, turns, failures), copy)
    return {**entry, "cold": cold, "differences": differences, "failures": failures}


def _contenders(
    gpu: Any, case: Case, beside: Peers, data: Sequence[SimpleNamespace]
) -> dict[str, Callable[[], Calls]]:
    """Return how each peer that knows the operation makes its calls."""
    out: dict[str, Callable[[], Calls]] = {}
    if (torch := beside.torch) is not None and case.forward in peers.torch_forms(torch):
        sets = cache(lambda: [peers.tensors(gpu, d) for d in data])
        out["torch"] = lambda: peers.contender(torch, case, sets())
        if beside.compiled and case.compiled:
            out["torch.compile"] = lambda: peers.contender(torch, case, sets(), compiled=True)
        if beside.triton is not None and case.operation == "batch norm" and len(case.shape) == 2:
            out["triton"] = lambda: peers.triton_call(sets())
    if beside.cupy is not None and case.operation in peers.CUPY and case.dtype != "bf16":
        out["cupy"] = lambda: peers.cupy_call(beside.cupy, case, data)
    return out


def _warm(calls: Calls) -> _Rotation:
    turn = _Rotation(calls)
    for _ in calls:
        turn()
    return turn


def _timed(
    gpu: Any, turns: dict[str, _Rotation], failures: dict[str, str], least: float = 0.05
) -> dict[str, Any]:
    """Return the median seconds of a launch, and of Python to queue it, the contenders in turns.

    Each is launched at least 20 times, and for `least` seconds if a batch's bound allows.
    """
    batches: dict[str, list[Any]] = {name: [] for name in turns}
    launches, host = {}, {}
    for round_ in range(ROUNDS + 1):
        for name, turn in turns.items():
            if name in failures:
                continue
            try:
                batch = gpu.batch(turn, launches.get(name, 1), host.get(name, 1e-3))
            except Exception as error:
                failures[name] = _said(error)
                continue
            host[name] = batch.host
            if round_:
                batches[name].append(batch)
            else:
                count = math.ceil(least / ROUNDS / max(batch.device, 1e-9))
                launches[name] = min(max(count, 2), MOST_LAUNCHES)
    whole = {name: b for name, b in batches.items() if b and name not in failures}
    return {
        "seconds": {name: _median(x.device for x in b) for name, b in whole.items()},
        "python_seconds": {name: _median(x.host for x in b) for name, b in whole.items()},
        "behind_python": [name for name, b in whole.items() if not all(x.ahead for x in b)],
        "launches": {name: ROUNDS * launches[name] for name in whole},
    }


def _entry(gpu: Any, case: Case, timed: dict[str, Any], copy: float) -> dict[str, Any]:
    seconds = timed["seconds"]
    goal, bound = None, ""
    if case.goal is not None:
        goal, bound = case.goal.on(case, gpu.processors, gpu.clock, copy)
    ours = seconds.get("syntonic")
    rate = case.floor / ours if ours else None
    return {
        "case": case.key,
        "family": case.family,
        "operation": case.operation,
        "dtype": case.dtype,
        "shape": list(case.shape),
        "headline": case.headline,
        "passes": case.passes,
        "bytes": case.floor,
        **timed,
        "bytes_per_second": rate and _rounded(rate),
        "copy_bytes_per_second": _rounded(copy),
        "of_copy": rate and _rounded(rate / copy),
        "goal": goal and _rounded(goal),
        "bound": bound,
        "ratios": {n: _rounded(t / ours) for n, t in seconds.items() if ours and n != "syntonic"},
        "kernels": fingerprint(),
    }


@cache
def fingerprint() -> str:
    """Return the fingerprint of all code, comments aside: which kernels an old result is of."""
    lines = "".join(map(source.assemble, source.families())).splitlines()
    code = (line.partition("//")[0].strip() for line in lines if line[:5] != "#line")
    text = "\n".join(filter(None, code))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def agreement(gpu: Any, case: Case, results: dict[str, Any]) -> dict[str, float | str]:
    """Return how far the peers' first results are from ours, relative to their norm."""
    out: dict[str, float | str] = {}
    for name in ("torch", "torch.compile", "triton"):
        if name in results and "syntonic" in results:
            try:
                worst = _difference(gpu, case, results["syntonic"], results[name])
            except Exception as error:  # out of memory, most likely: nothing to stop for
                out[name] = _said(error)
                continue
            agrees = worst <= TOLERANCES[case.dtype]  # a NaN does not
            out[name] = _rounded(worst) if agrees else f"disagrees: {worst:.3g}"
    return out


def _difference(gpu: Any, case: Case, ours: Any, theirs: Any) -> float:
    worst = 0.0
    for a, b in zip(_several(ours), _several(theirs), strict=False):
        # Sums over a batch of halves cancel: theirs are rounded on the way, and say little.
        if case.size == 2 and a.size != math.prod(case.shape):
            continue
        a, b = gpu.to_torch(a).reshape(-1).double(), b.reshape(-1).double()
        apart = float((a - b).norm() / b.norm())
        worst = apart if math.isnan(apart) else max(worst, apart)
    return worst


def _several(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()[:300]}"


def _median(values: Any) -> float:
    return _rounded(statistics.median(values))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
