"""The CPU backend in plain NumPy, for arrays too small to wait for numba."""
