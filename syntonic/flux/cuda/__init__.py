"""Flux operations on CUDA arrays, by the kernels of `kernels/*.cu`.

Float32 and bfloat16 compute without subnormal numbers there (CuPy compiles with -ftz=true): an
operand or a result below 2^-126 is taken for 0, which the CPU's loops keep. Float64 and float16
have their subnormal numbers, and so has what `golden_wake` rounds to.
"""
