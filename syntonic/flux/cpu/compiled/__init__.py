"""The CPU backend in compiled loops; importing a module of this package imports numba."""
