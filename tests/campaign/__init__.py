"""Every exact operation on equal arrays in unequal layouts, against oracles of other make.

    pytest tests/campaign                                   # a bounded part of it
    python -m tests.campaign --seconds 600 --seed 1000      # on from a seed, for as long as wanted

A seed determines the arrays (`draws`); an operation (`operations`) takes them in each layout of a
lattice array (`layouts`). All results must be equal, equal to those of the oracles (`pairs`,
`oracles`), and sound inside (`invariants`). What failed is printed with its seed.
"""
