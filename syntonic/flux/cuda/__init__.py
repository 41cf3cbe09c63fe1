"""Flux operations on CUDA arrays, by the kernels of `kernels/*.cu`."""
