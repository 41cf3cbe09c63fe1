"""Flux operations on NumPy arrays, in compiled loops: importing a family imports numba."""
