// φ-residual connections: out = identity + residual/φ, and its relatives.
#include "reduce.cuh"

extern "C" __global__ void SRT_KERNEL(phi_residual_mode_phi)(scalar_t *out, const scalar_t *identity,
                                                             const scalar_t *residual, index_t n) {
    index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) from_acc(&out[i], srt_fma(to_acc(residual[i]), (acc_t)SRT_PHI_INV, to_acc(identity[i])));
}
