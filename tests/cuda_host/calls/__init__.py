"""A call of every launcher, beside its definition in float64: what the suite's last nets run.

`test_every_kernel_runs` asserts that these calls reach every symbol in every dtype;
`test_mutants` breaks the kernels and asserts that one of these calls tells. Each call yields pairs
of what a launcher returned and what is right; the precise bounds are in the families' own tests.
"""

from collections.abc import Callable

from cuda_host.calls import lattice, norm, residual, softmax
from cuda_host.calls.place import Pairs, Place, wrong

__all__ = ["CALLS", "Pairs", "Place", "wrong"]

CALLS: dict[str, Callable[[Place], Pairs]] = {
    **{
        name: getattr(family, name)
        for family in (residual, norm, lattice)
        for name in family.__all__
    },
    **softmax.CALLS,
}
"""By name."""
