"""A limit stands on every way to a number too large: no abort, no hang, no text of Python's own.

GMP ends the process when memory runs out. So each call runs in a process with one gigabyte of
address space, many of them in one: what it printed last is what killed it.
"""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from syntonic import PHI, GoldenExact, ResonantTensor, identify, linalg, snap
from syntonic.errors import shown
from syntonic.exact import limits
from syntonic.lattice import sorting
from syntonic.testing import assert_identity

SIZES = ["10**6", "2**33", "10**12", "10**30", "-(2**33)", "-(10**30)"]
FEW = ["10**6", "10**30", "-(2**33)"]

SCALARS = [
    "PHI**n", "G(2, 3)**n", "(G(1) / 3)**n", "G(-1)**n", "2**G(n)", "round(PHI, n)",
    "round(G(1) / 3, n)", "PHI.to_decimal(n)", "PHI.continued_fraction(n)", "G(n, n)",
    "G(8, 5).continued_fraction(n)", "format(PHI, f'.{n}f')", "format(PHI, f'{n}')",
    "integers.fibonacci(n)", "integers.lucas(n)", "integers.phi_power(n)",
    "integers.zeckendorf(n)", "integers.base_phi(n)", "integers.gcd(n, 12)",
    "integers.xgcd(n, G(3, 1))", "integers.divmod_euclid(n, G(3, 1))", "integers.factor(n)",
    "integers.is_prime(n)", "integers.primes_above(n)", "integers.unit_log(n)",
    "integers.canonical_associate(n)", "PHI < Decimal(f'1e{min(n, 10**17)}')",
]  # fmt: skip

TENSORS = [
    "T([1, 2])**n", "T([PHI, 1, 0])**n", "T([G(1) / 3, G(1, 2) / 7])**n", "T([1, 0, -1])**abs(n)",
    "T([2])**T([n])", "T([2, 3])**T([n, 1])", "2**T([n])", "np.power(T([PHI]), n)",
    "T([PHI]).round(n)", "np.round(T([G(1) / 3]), n)", "round(T([PHI]), n)",
    "linalg.matrix_power(T([[1, 1], [1, 0]]), n)", "linalg.matrix_power(T([[1, 1], [0, 1]]), n)",
    "linalg.matrix_power(T([[PHI, 1], [1, 3]]) / 2, n)",
    "linalg.matrix_power(T([[0, 1, 0], [0, 0, 1], [1, 0, 0]]), n)",
    "np.linalg.matrix_power(T([[2, 1], [1, 0]]), n)",
    "T.from_lattice([1], [1], denominator=n)", "T([1], precision=n)",
    "snap(0.3, precision=n)", "snap(0.3, window=n)", "snap(0.3, denominator=n)",
    "T.from_floats([0.3], precision=n)", "T([PHI]).wake_flux().crystallize(precision=n)",
    "T.random_lattice((2,), bound=n)", "identify(0.3, tol=1e-3, max_coefficient=n)",
]  # fmt: skip

WITHOUT_ONE = [
    "np.prod(np.array([PHI**(2**26)] * 99, dtype=object))",
    "np.multiply.reduce(np.array([G(1) / G(3)**(2**25)] * 99, dtype=object))",
    "np.prod(T([PHI**(10**6)] * 999))",
    "np.cumprod(T([PHI**(10**6)] * 99))",
    "np.multiply.accumulate(T([2**40] * 10**5))",
    "PHI < mul_2exp(mpfr(1), 2**29)",
    "G.from_float_exact(mul_2exp(mpfr(1), 2**29))",
]

IDENTITIES = [
    "(x+1)**{n}", "x**({n})", "phi**({n})*x", "({n})**9*x", "(x+y)**({n})", "9**9**9**9",
    "(x + y + 1)**40 * (x - y - 1)**40", "+".join("x" * 50_000), "(" * 5000 + "x" + ")" * 5000,
    "9" * 5000, "-" * 50_000 + "x",
]  # fmt: skip

CHILD = """
import resource, sys
from decimal import Decimal
import numpy as np
from gmpy2 import mpfr, mul_2exp
from syntonic import PHI, GoldenExact as G, ResonantTensor as T, identify, integers, linalg, snap
from syntonic.testing import assert_identity
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))  # a hang dies of it
for line in sys.stdin.read().splitlines():
    print(line[:100], flush=True)
    try:
        exec(line)
    except (ArithmeticError, ValueError, TypeError, MemoryError, AssertionError) as error:
        text = str(error)
        assert not any(word in text for word in ("4300", "outrageous", "recursion")), text
"""


def survive(calls):
    """Run the calls in a process with little memory, which must come to its end."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input="\n".join(calls),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.splitlines()[-1:]
    assert done.returncode == 0, f"{last}, status {done.returncode}: {done.stderr[-600:]}"


linux = pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")


@linux
@pytest.mark.parametrize("sizes", [FEW, pytest.param(SIZES, marks=pytest.mark.campaign)])
def test_integer_arguments_of_any_size(sizes):
    survive(f"n = {n}; {call}" for n in sizes for call in SCALARS + TENSORS)


@linux
@pytest.mark.campaign
def test_products_and_floats_of_any_size():
    survive(WITHOUT_ONE)


@linux
@pytest.mark.campaign
def test_identities_of_any_size():
    sides = {side.format(n=n.replace("**", "^")) for side in IDENTITIES for n in SIZES}
    calls = [f'assert_identity({side!r}, "x", "x y")' for side in sorted(sides)]
    survive([*calls, *(f'assert_identity(abs, abs, "x", degree={n})' for n in SIZES)])


@linux
@pytest.mark.campaign
def test_at_the_limit_there_is_room():
    """The largest that is allowed, in the memory that is there, with its intermediate numbers."""
    survive(
        [
            "x = PHI**(2**28)",
            "x = G(1, 3)**(2**28 // 3)",
            "x = (G(1, 3) / 3)**(2**28 // 3 // 4)",
            "x = T([PHI] * 100)**(2**28 // 200)",
            "x = linalg.matrix_power(T([[1, 1], [1, 0]]), 2**24)",
        ]
    )


def test_what_is_large_all_together_is_refused():
    hundred = ResonantTensor([3] * 100)
    for many in (lambda: hundred ** (2**22), lambda: hundred.round(2**22)):
        with pytest.raises(OverflowError, match="numbers of about"):
            many()
    assert limits.require_all_bits([4096] * 10**6, "f") is False


def test_powers_that_stay_small_have_any_exponent():
    n = 10**30
    assert (ResonantTensor([1, 0, -1]) ** (n + 1)).tolist() == [1, 0, -1]
    assert (ResonantTensor([1, -1]) ** n).tolist() == [1, 1]
    turn = ResonantTensor([[PHI, -1], [1, 0]])  # of order 10
    for k in (n, n + 1, n + 7, -n - 3):
        assert linalg.matrix_power(turn, k).equals(linalg.matrix_power(turn, k % 10))
    shear, nilpotent = ResonantTensor([[1, PHI], [0, 1]]), ResonantTensor([[0, 2**999], [0, 0]])
    assert linalg.matrix_power(shear, n).tolist() == [[1, n * PHI], [0, 1]]
    assert not np.any(linalg.matrix_power(nilpotent, n) != 0)


@pytest.mark.parametrize("n", [2, 3, 7, 24, 200, 4000])
def test_long_results_are_those_of_scalars(n):
    values = [GoldenExact(2, -1), GoldenExact("1/3", "2/7"), GoldenExact(-5), PHI, GoldenExact(0)]
    tensor = ResonantTensor(values)
    assert (tensor**n).tolist() == [x**n for x in values]
    assert tensor.round(n).tolist() == [round(x, n) for x in values]
    assert tensor.round(-n).tolist() == [round(x, -n) for x in values]
    product, running = GoldenExact(1), []
    for x in values[:-1] * min(n, 60):
        product *= x
        running.append(product)
    repeated = ResonantTensor(values[:-1] * min(n, 60))
    assert repeated.prod().item() == product
    assert np.cumprod(repeated).tolist() == running
    matrix = ResonantTensor([[PHI, 1], [2, 0]])
    power = linalg.matrix_power(matrix, n)
    assert linalg.det(power).item() == GoldenExact(-2) ** n
    assert (power @ matrix).equals(matrix @ power)


@pytest.mark.filterwarnings("ignore::syntonic.SnapWarning")  # of a precision of 5000 digits
def test_long_integers_are_shown_by_their_size():
    long, size = 10**5000, "an integer of 16610 bits"
    assert (shown(long), shown((1, -long)), shown([5])) == (size, f"(1, {size})", "[5]")
    assert shown(Fraction(long, 3)) == "a Fraction of long integers"
    t = ResonantTensor([PHI], precision=long)
    assert size in repr(t)
    assert size in repr(t.wake_flux())
    for refused in (
        lambda: ResonantTensor([1], precision=-long),
        lambda: ResonantTensor.from_lattice([1], [1], denominator=-long),
        lambda: ResonantTensor.from_lattice([1], [1], shape=(long,)),
        lambda: snap(0.5, precision=-long),
        lambda: snap(0.5, denominator=-long),
        lambda: snap(0.5, window=-long),
        lambda: snap(0.5, error_bound=-long),
        lambda: identify(0.5, tol=-long),
        lambda: identify(0.5, tol=0, max_denominator=-long),
        lambda: PHI.to_decimal(long),
        lambda: PHI.continued_fraction(-long),
        lambda: round(PHI, long),
        lambda: assert_identity("x", "x", "x", degree=-long),
    ):
        with pytest.raises(ValueError, match=size):
            refused()


def test_a_sort_in_blocks_is_stable(monkeypatch):
    keys = np.random.default_rng(11).integers(-3, 4, (3, 4, 50)) / 2
    monkeypatch.setattr(sorting, "_SORTED_AT_ONCE", 7)
    for x in (keys, keys[..., :7], keys[..., :0], keys[0, 0]):
        assert np.array_equal(sorting._order_of_floats(x)[0], np.argsort(x, axis=-1, kind="stable"))
