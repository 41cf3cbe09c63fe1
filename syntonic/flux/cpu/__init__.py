"""Flux operations on NumPy arrays."""
