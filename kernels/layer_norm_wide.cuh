// Golden layer normalization of rows that one block holds with all its registers: read once.
#ifndef SRT_LAYER_NORM_WIDE_CUH
#define SRT_LAYER_NORM_WIDE_CUH
#include "layer_norm.cuh"
#include "wide_rows.cuh"

#define SRT_WIDE_PACKS 8  // of a thread; the launcher counts on it

template <bool ALIGNED> struct WideRow : WidePart<ALIGNED, SRT_ROW_TEAM, SRT_WIDE_PACKS> {
    typedef WidePart<ALIGNED, SRT_ROW_TEAM, SRT_WIDE_PACKS> Part;
    const scalar_t *x;
    Pack own[Part::held];

    SRT_INLINE WideRow(const scalar_t *array, index_t cols)
        : Part(cols), x(array + (blockIdx.x * cols + threadIdx.x * SRT_VEC)) {
#pragma unroll
        for (int u = 0; ALIGNED && u < SRT_WIDE_PACKS; ++u)
            if (this->has(u, 0)) own[u] = *(const Pack *)(x + this->first(u));
    }

    SRT_INLINE acc_t at(int u, int j) const {
        return to_acc(ALIGNED ? own[u].v[j] : x[this->first(u) + j]);
    }

    // Else a compiler holds what it has converted, for later; two halves fit into one register.
    SRT_INLINE void refresh() {
#pragma unroll
        for (int u = 0; ALIGNED && sizeof(scalar_t) == 2 && u < SRT_WIDE_PACKS; ++u)
#pragma unroll
            for (int k = 0; k < 4; ++k) asm volatile("" : "+r"(((unsigned *)&own[u])[k]));
    }
};

template <bool ALIGNED>
SRT_INLINE void normalize_whole(const Normalized &to, const scalar_t *x, acc_t gain, acc_t eps,
                                index_t cols) {
    WideRow<ALIGNED> row(x, cols);
    normalize_wide_row(row, to, PlainNumbers{x + blockIdx.x * cols}, gain, eps, cols);
}

// golden_layer_norm for rows that a block holds: out and x are (rows, cols), statistics (written)
// double (3, rows), gamma and beta acc_t (cols) or null; gain and eps as there. cols <= 8 V *
// block.
// Of 512 threads, two blocks to a multiprocessor.
// Launch: grid rows, block 1024, or 512 for f16 and bf16.
extern "C" __global__ void __launch_bounds__(SRT_ROW_TEAM, SRT_ROW_TEAM == 512 ? SRT_WIDE_BLOCKS : 1)
    SRT_KERNEL(golden_layer_norm_wide)(scalar_t *out, double *statistics, const scalar_t *x,
                                       const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                       index_t cols) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    if (packs_allowed(bits_of(x) | bits_of(out) | bits_of(gamma) | bits_of(beta) |
                      cols * sizeof(scalar_t)))
        normalize_whole<true>(to, x, gain, eps, cols);
    else
        normalize_whole<false>(to, x, gain, eps, cols);
}

#endif
