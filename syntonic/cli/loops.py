"""The compiled loops of the CPU, compiled ahead of their first use.

numba compiles a loop at its first call for the types it is given, and keeps the code on disk. The
calls below are those first calls, for all types; they use the library as anyone does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import product
from multiprocessing import get_context

import numpy as np

from syntonic.constants import RESIDUAL_MODES
from syntonic.jit.thread_count import num_threads
from syntonic.kernels import available_cores

__all__ = ["JOBS", "warm"]

_SIZE = 1 << 16  # enough for every loop on one thread; a few take longer arrays
_SIZES = (_SIZE, 1 << 18)  # the latter for two threads


def warm(*, cores: int | None = None) -> Iterator[str]:
    """Compile every loop into numba's cache, in as many processes as there are cores.

    What is there already is not compiled again; the cache is beside the package, or where
    NUMBA_CACHE_DIR says. The processes are spawned: a script calls this below
    `if __name__ == "__main__":`.

    Parameters
    ----------
    cores
        How many processes; by default one for each core that this process may use.

    Yields
    ------
    str
        The name of a group of loops, as soon as it is compiled: one of JOBS.
    """
    where = get_context("spawn")
    with ProcessPoolExecutor(cores or available_cores(), mp_context=where) as pool:
        running = {pool.submit(_run, name): name for name in JOBS}
        try:
            for done in as_completed(running):
                done.result()
                yield running[done]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _run(name: str) -> None:
    import numba  # noqa: F401 - what is loaded serves small arrays, too

    with num_threads(2):
        JOBS[name]()


def _floats(dtype: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(dtype)


def _residual(dtype: str) -> None:
    from syntonic.flux.cpu import residual

    x, y, grad = (_floats(dtype, 16, 64) for _ in range(3))
    vector = _floats(dtype, 64)
    for mode in RESIDUAL_MODES:
        residual.residual(x, y, mode)
        residual.residual_backward(grad, mode)
        residual.residual_relu_backward(grad, residual.residual_relu(x, y, mode), mode)
        residual.residual_gelu(x, y, mode)
        residual.residual_gelu_backward(grad, x, y, mode)
        residual.component_norms(x, y, mode)
        for gamma, beta in product((vector, None), repeat=2):
            _, found = residual.residual_layer_norm(x, y, gamma, beta, 1e-5, mode)
            residual.residual_layer_norm_backward(grad, x, y, gamma, found, mode)


def _norm(dtype: str) -> None:
    from syntonic.flux.cpu import norm

    norm.output_stats(_floats(dtype, _SIZE))
    huge = _floats(dtype, _SIZE, 1, 1) * np.finfo(dtype).max ** 0.75
    norm.batch_norm_stats(huge)  # the squares leave the range
    for shape in ((32, 32, 1), (4, 8, 64), (4, 2, 1 << 15)):
        x, grad, vector = _floats(dtype, *shape), _floats(dtype, *shape), _floats(dtype, shape[1])
        for gamma, beta in product((vector, None), repeat=2):
            _, found = norm.batch_norm(x, 1.0, 1e-5, gamma, beta)
            norm.batch_norm_apply(x, norm.batch_norm_stats(x), 1.0, 1e-5, gamma, beta)
            for training in (True, False):
                norm.batch_norm_backward(grad, x, found, 1.0, 1e-5, gamma, training)
    x, grad, vector = _floats(dtype, 16, 64), _floats(dtype, 16, 64), _floats(dtype, 64)
    for gamma, beta in product((vector, None), repeat=2):
        _, found = norm.layer_norm(x, 1.0, 1e-5, gamma, beta)
        norm.layer_norm_backward(grad, x, 1.0, gamma, found)


def _softmax(dtype: str) -> None:
    from syntonic.flux.cpu import softmax

    for shape in ((16, 64, 1), (4, 16, 32), (1, 16, 1 << 12), (2, 1 << 17, 1)):
        x, grad = _floats(dtype, *shape), _floats(dtype, *shape)
        softmax.softmax_backward(grad, softmax.softmax_identity(x))
        out = softmax.softmax_learned(x, _floats(dtype, shape[1]) ** 2, 1.0)
        softmax.softmax_learned_backward(grad, out, 1.0)
        for weights in (_floats(dtype, *shape) ** 2, _floats(dtype, shape[1]) ** 2):
            out = softmax.softmax_provided(x, weights, 1.0, 1e-10)
            softmax.softmax_provided_backward(grad, out, weights, 1.0, 1e-10)


def _snap() -> None:
    from syntonic.rounding.snap import snap

    bounds = ({"precision": 100}, {"precision": 0}, {"window": 100})
    for size, bound, denominator in product(_SIZES, bounds, (1, 6)):
        x = _floats("float64", size)
        _ = snap(x, denominator=denominator, error_bound=1e-9, **bound).residual


def _wake() -> None:
    from syntonic.tensor import ResonantTensor

    for size, denominator in product(_SIZES, (1, 3)):
        t = ResonantTensor.from_lattice(*_pairs(size), denominator=denominator)
        for x in (t, t / (2 * t + 1)):  # the quotients have denominators of their own
            for dtype in ("float64", "float32", "float16"):
                np.asarray(x, dtype)  # wakes without a word about the way back


def _arithmetic() -> None:
    from syntonic.exact.golden import PHI
    from syntonic.tensor import ResonantTensor

    for size in _SIZES:
        s, t = (ResonantTensor.from_lattice(*_pairs(size, seed)) for seed in (1, 2))
        _ = s + t, s - t, s * t, s * PHI, s < t, abs(s), np.floor(s), np.dot(s, t), s.sum()
        quotients = (s / (2 * t + 1))[:9999] * (t / (2 * s + 1))[:9999]
        _ = quotients + quotients[::-1], quotients * quotients
    _ = np.cross(s[:9999].reshape(-1, 3), t[:9999].reshape(-1, 3))
    few = ResonantTensor.from_lattice(*_pairs(400)) / ResonantTensor(np.arange(400) % 99 + 1)
    _ = few.sum(), few[:99].sum(), few.reshape(20, 20) @ few.reshape(20, 20)
    long = few[:99] / ResonantTensor([10**25 + k for k in range(99)])
    _ = long < long[::-1], *(np.asarray(long, f"float{bits}") for bits in (64, 32, 16))


def _wide() -> None:
    from syntonic.tensor import ResonantTensor

    for bits in (60, 63, 124, 127, 188, 191, 252, 255):
        a, b = (n.astype(object) << bits - 10 for n in _pairs(64))
        s = ResonantTensor.from_lattice(a, b)
        _ = s + s[::-1], s * s[::-1], 3 * s, abs(s), s < s[::-1], s.sum(), np.cumsum(s)
        for dtype in ("float64", "float32", "float16"):
            np.asarray(s * s / (1 << 2 * bits), dtype)


def _linear_algebra() -> None:
    import syntonic.linalg as linalg
    from syntonic.tensor import ResonantTensor

    a, b = (ResonantTensor.from_lattice(*_pairs(20 * 20, seed)).reshape(20, 20) for seed in (1, 2))
    batch = ResonantTensor.from_lattice(*_pairs(64 * 4 * 4)).reshape(64, 4, 4)
    for m in (a, batch):
        linalg.det(m)
        linalg.inv(m)
        linalg.rank(m)
        linalg.solve(m, m)
    linalg.solve(a, b)
    linalg.charpoly(a)
    for n in range(2, 9):
        m = ResonantTensor.from_lattice(*_pairs(64 * n * n)).reshape(64, n, n)
        _ = m @ m, m @ m[..., :1], (2**31 * m) @ m


def _pairs(size: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(-999, 999, size), rng.integers(-999, 999, size)


JOBS: dict[str, Callable[[], None]] = {
    **{
        f"{family.__name__[1:]} {dtype}": partial(family, dtype)
        for family in (_norm, _softmax, _residual)
        for dtype in ("float64", "float32")
    },
    "wide": _wide,
    "snap": _snap,
    "wake": _wake,
    "arithmetic": _arithmetic,
    "linear algebra": _linear_algebra,
}
"""The groups of loops by name, each with the calls that compile it; the longest come first."""
