"""Small kernels for the tests of the harness."""

from __future__ import annotations

from cuda_host.simulator import SimModule

__all__ = ["kernels", "run"]


def kernels(text: str, seed: int = 0) -> SimModule:
    """Compile kernels; `K(name)` begins one and `t` is the thread."""
    short = '#define K(name) extern "C" __global__ void name\n#define t threadIdx.x\n'
    return SimModule(f'{short}#line 1 "planted.cu"\n{text}', seed=seed)


def run(module: SimModule, name: str, *arguments, grid=1, block=64, shared=0) -> None:
    module.get_function(name)((grid,), (block,), arguments, shared_mem=shared)
