"""Floating-point work on flux: fused loops on the CPU, kernels on the GPU."""
