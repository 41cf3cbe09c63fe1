"""Bugs planted in the kernels' text, and the call that must notice each.

Kinds: lost, doubled or misplaced barriers; wrong masks, lanes and strides of reductions; bounds off
by one, at heads, tails and segments; wrong indices into partial results; formulas that cancel or
forget a factor. RACES are for ThreadSanitizer: on the host, threads that no barrier keeps apart
run one after another, and often come out right.
"""

from cuda_host.mutants import exact, lattice, norm, residual, softmax
from cuda_host.mutants.mutant import Mutant
from cuda_host.mutants.races import RACES

__all__ = ["MUTANTS", "RACES", "Mutant"]

MUTANTS = [*norm.MUTANTS, *residual.MUTANTS, *softmax.MUTANTS, *lattice.MUTANTS, *exact.MUTANTS]
