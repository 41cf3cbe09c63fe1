"""What compiled loops stand on: numba and its cache, floats, threads, and when they pay."""
