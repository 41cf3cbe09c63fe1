"""One input, one answer: no result depends on what the process did before, or on its threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

import syntonic

# Every operation that yields floats, and exact ones that pass through floats, by its digest.
CALLS = """
import hashlib, json, os, sys
import numpy as np
import syntonic as s
from syntonic import GoldenBatchNormState, ResonantTensor as T

rng = np.random.default_rng(0)
calls = {}
for kind in (np.float64, np.float32, np.float16):
    def flux(*shape):
        return T.from_flux(rng.standard_normal(shape).astype(kind))
    def add(name, function, *args, **options):
        calls[f"{name} {kind.__name__}"] = lambda: function(*args, **options)
    for rows, cols in ((4, 33), (3, 1025), (130, 70)):
        x, y, size = flux(rows, cols), flux(rows, cols), f"{rows}x{cols}"
        for mode in ("phi", "phi_symmetric", "standard"):
            for f in (s.phi_residual, s.phi_residual_relu, s.phi_residual_gelu,
                      s.phi_residual_layernorm):
                add(f"{f.__name__} {mode} {size}", f, x, y, mode=mode)
        for f in (s.golden_layer_norm, s.golden_batch_norm_1d, s.syntonic_softmax):
            add(f"{f.__name__} {size}", f, x)
        add(f"learned {size}", s.syntonic_softmax, x, mode_norms=rng.random(cols))
        add(f"provided {size}", s.syntonic_softmax, x, syntony=rng.random(cols) + 0.1)
        add(f"along 0 {size}", s.syntonic_softmax, x, 0)
        add(f"norms {size}", s.component_norms, x, y)
        add(f"stats {size}", s.output_stats, x)
    images = flux(5, 3, 7, 9)
    add("2d", s.golden_batch_norm_2d, images)
    add("state", lambda x=images: GoldenBatchNormState(3)(x))
exact = T.random_lattice((6, 40), bound=99, seed=1) / 7
calls |= {
    "exact softmax": lambda: s.syntonic_softmax(T(exact, precision=10**14)),
    "exact layer norm": lambda: s.golden_layer_norm(T(exact, precision=10**12)),
    "exact batch norm": lambda: s.golden_batch_norm_1d(T(exact, precision=10**12)),
    "exact gelu": lambda: s.phi_residual_gelu(exact, exact),
    "wake": lambda: exact.wake_flux(),
    "snap": lambda: s.snap(np.linspace(-3, 3, 300), precision=1000),
    "inverse": lambda: s.linalg.inv(T(exact[:, :6])),
    "det": lambda: s.linalg.det(T(exact[:, :6])),
}
names = list(calls) if sys.argv[1] == "forward" else list(calls)[::-1]

def digest(result):
    if isinstance(result, T):
        parts = result.numerators() if result.is_crystallized else [result.flux_array]
        result = [np.asarray(p).tobytes() if np.asarray(p).dtype != object else str(p)
                  for p in parts]
    elif isinstance(result, s.SnapResult):
        result = [result.a.tobytes(), result.b.tobytes(), result.residual.tobytes()]
    return hashlib.sha256(repr(result).encode()).hexdigest()[:16]

def everything():
    return {name: digest(calls[name]()) for name in names}
"""

HISTORIES = {
    "fresh": "print(json.dumps(everything()))",
    "backward": "print(json.dumps(everything()))",
    "numba is loaded": "import numba\nprint(json.dumps(everything()))",
    "one thread": "s.set_num_threads(1)\nprint(json.dumps(everything()))",
    "numba's one thread": "import numba\nnumba.set_num_threads(1)\nprint(json.dumps(everything()))",
    "5000 calls": """
        x = T.from_flux(np.ones((4, 4)))
        for _ in range(5000):
            s.golden_layer_norm(x)
        print(json.dumps(everything()))""",
    "large arrays": """
        x = T.from_flux(np.ones((2048, 600)))
        s.golden_layer_norm(x), s.syntonic_softmax(x), s.snap(np.linspace(0, 1, 1 << 17))
        print(json.dumps(everything()))""",
    "twice": "everything()\nprint(json.dumps(everything()))",
    "much of it at once": """
        x = T.from_flux(np.ones((2048, 600)))
        s.golden_layer_norm(x), s.syntonic_softmax(x), s.snap(np.linspace(0, 1, 1 << 17))
        names.reverse()
        everything()
        if not hasattr(os, "fork") or os.fork() == 0:
            print(json.dumps(everything()))
            os._exit(sys.stdout.flush() or 0)
        os.wait()""",
    "a fork": """
        everything()
        if os.fork() == 0:
            print(json.dumps(everything()))
            os._exit(sys.stdout.flush() or 0)
        os.wait()""",
}


def answers(history: str) -> dict[str, str]:
    order = "backward" if history == "backward" else "forward"
    code = CALLS + textwrap.dedent(HISTORIES[history])
    done = subprocess.run(
        [sys.executable, "-c", code, order], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return answers("fresh")


OFTEN = ("much of it at once",)  # the others, which tell what it was, are run as a campaign


@pytest.mark.parametrize(
    "history",
    [
        *OFTEN,
        *(
            pytest.param(history, marks=pytest.mark.campaign)
            for history in HISTORIES
            if history not in (*OFTEN, "fresh")
        ),
    ],
)
def test_history(fresh: dict[str, str], history: str) -> None:
    if history == "a fork" and not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    found = answers(history)
    assert {name for name in fresh if found[name] != fresh[name]} == set()


def test_small_exact_work_does_not_load_numba() -> None:
    """Nor do import, construction and small snaps; float operations do, whatever their size."""
    code = """
import sys
import numpy as np
import syntonic as s
x = s.ResonantTensor([[1, s.PHI], [2, 3]])
x @ x, x / 3, s.linalg.inv(x), x.to_floats(), s.snap([0.5]), x.wake_flux().crystallize()
s.ResonantTensor.from_flux(np.ones(3)) + 1
assert "numba" not in sys.modules
s.golden_layer_norm(x.wake_flux())
assert "numba" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_slow_exact_work_loads_numba_in_the_end() -> None:
    """After 0.3 s together; from then on no call takes the slow way."""
    code = """
import sys
from syntonic import ResonantTensor, linalg
from syntonic.jit import policy
x = ResonantTensor.random_lattice((20, 20), bound=9, seed=0)
first = linalg.det(x)
for _ in range(1000):
    assert linalg.det(x).equals(first)
    if "numba" in sys.modules:
        break
else:
    raise AssertionError("never loaded")
assert policy._spent["seconds"] >= policy.PATIENCE
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# -- threads ----------------------------------------------------------------------------------


def test_threads_are_set_and_limited() -> None:
    before = syntonic.get_num_threads()
    with syntonic.num_threads(3):
        assert syntonic.get_num_threads() <= 3
        with pytest.raises(ZeroDivisionError), syntonic.num_threads(1):
            _ = syntonic.get_num_threads() // (syntonic.get_num_threads() - 1)
        assert syntonic.get_num_threads() > 1 or before == 1
    assert syntonic.get_num_threads() == before


@pytest.mark.parametrize("n", [0, -1, 2.0, "2", None, True])
def test_a_number_of_threads_is_a_positive_integer(n: object) -> None:
    with pytest.raises((TypeError, ValueError), match="set_num_threads: n must be"):
        syntonic.set_num_threads(n)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"NUMBA_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
        ({"OMP_NUM_THREADS": "2,4"}, 2),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "many"}, None),
    ],
)
def test_the_first_number_is_the_environment_s(
    environment: dict[str, str], expected: int | None
) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = "import syntonic; print(syntonic.get_num_threads())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, check=True, capture_output=True
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert int(done.stdout) == (expected or cores)


@pytest.mark.campaign
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
@pytest.mark.parametrize("how", ["s.set_num_threads(1)", "import numba; numba.set_num_threads(1)"])
def test_one_thread_starts_none(how: str) -> None:
    code = f"""
import os
import numpy as np
import syntonic as s
{how}
before = len(os.listdir("/proc/self/task"))
s.golden_layer_norm(s.ResonantTensor.from_flux(np.ones((2048, 2048))))
s.snap(np.linspace(0, 1, 1 << 19))
assert len(os.listdir("/proc/self/task")) == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
