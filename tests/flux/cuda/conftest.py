"""Let CuPy choose its NVRTC before a test loads another: it takes any that is already loaded."""

from contextlib import suppress

with suppress(Exception):
    import cupy

    cupy.cuda.nvrtc.getVersion()
