"""Build, wake, compute, crystallize, verify: what syntonic is for, in five steps.

One matrix shrinks the vector (1, 1/φ) to (1, 1/φ)/φ and stretches everything else by φ. Floats
alone lose the vector after forty steps: each rounding error grows until it is all that is left.
With a snap back to the exact lattice after each step no error survives to grow.

Run:  python examples/quickstart.py
"""

from __future__ import annotations

from math import floor

import numpy as np

from syntonic import PHI, ResonantTensor, snap
from syntonic.testing import assert_exact_equal, assert_on_lattice, assert_ulp_equal

STEPS = 72


def main() -> None:
    print("1. Build exactly.")
    matrix = ResonantTensor([[0, 1], [1, -1]])
    start = ResonantTensor([1, 1 / PHI])
    assert_exact_equal(matrix @ start, start / PHI)
    print(start)

    print("\n2. Wake: each number becomes the nearest float64.")
    flux = start.wake_flux()
    assert_ulp_equal(flux, start, ulps=0.5)
    print(flux)

    print(f"\n3. Compute: {STEPS} steps, with floats alone and with a snap after each of them.")
    step = matrix.wake_flux()
    drifting = healed = flux
    for n in range(STEPS):
        drifting = step @ drifting
        # The φ-coefficients of (1, 1/φ)/φⁿ are Fibonacci numbers, below φⁿ⁺¹.
        healed = (step @ healed).crystallize(floor(PHI ** (n + 2))).wake_flux()
    truth = start / PHI**STEPS
    for name, found in (("exact", truth), ("floats alone", drifting), ("with snaps", healed)):
        first, second = found.to_floats()
        print(f"   {name:12}  {first:22.15e}  {second:22.15e}")

    print("\n4. Crystallize: back to exact numbers.")
    found = healed.crystallize()
    print(found)

    print("\n5. Verify, without a tolerance.")
    assert_on_lattice(found, precision=floor(PHI ** (STEPS + 1)))
    assert_exact_equal(found, truth)
    print(f"   with snaps, the result is (1, 1/φ)/φ^{STEPS}")
    noise = 1e-4 * np.array([0.3, -0.9])
    proof = snap(start.to_floats() + noise, precision=100, error_bound=1e-4)
    assert_exact_equal(ResonantTensor.from_lattice(proof.a, proof.b), start)
    print(f"   under noise of 1e-4, snap proves {proof.unique.sum()} of {start.size} numbers")


if __name__ == "__main__":
    main()
