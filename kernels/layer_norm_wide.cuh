// Golden layer normalization of rows that one block holds with all its registers: read once.
#ifndef SRT_LAYER_NORM_WIDE_CUH
#define SRT_LAYER_NORM_WIDE_CUH
#include "layer_norm.cuh"
#include "map.cuh"

#define SRT_WIDE_PACKS 8  // of a thread; the launcher counts on it

// A thread's part of a row. Which elements exist is a comparison with a constant: the packs leave
// few registers. Where rows are not aligned they are read anew each time, mostly from the cache.
template <bool ALIGNED> struct WideRow {
    const scalar_t *x;
    int left;  // columns from this thread's first to the row's end
    Pack packs[ALIGNED ? SRT_WIDE_PACKS : 1];

    SRT_INLINE WideRow(const scalar_t *from, int columns) : x(from), left(columns) {
#pragma unroll
        for (int u = 0; ALIGNED && u < SRT_WIDE_PACKS; ++u)
            if (has(u, 0)) packs[u] = *(const Pack *)(x + first(u));
    }

    static SRT_INLINE int first(int u) { return u * SRT_ROW_TEAM * SRT_VEC; }
    SRT_INLINE bool has(int u, int j) const { return first(u) + (ALIGNED ? 0 : j) < left; }
    SRT_INLINE acc_t at(int u, int j) const {
        return to_acc(ALIGNED ? packs[u].v[j] : x[first(u) + j]);
    }

    // Else a compiler holds what it has converted, for later; two halves fit into one register.
    SRT_INLINE void unconvert() {
#pragma unroll
        for (int u = 0; ALIGNED && sizeof(scalar_t) == 2 && u < SRT_WIDE_PACKS; ++u)
#pragma unroll
            for (int k = 0; k < 4; ++k) asm volatile("" : "+r"(((unsigned *)&packs[u])[k]));
    }

    SRT_INLINE RowStatistics statistics(acc_t weight, acc_t eps) {
        acc_t sum = 0;
#pragma unroll(ALIGNED ? SRT_WIDE_PACKS : 1)
        for (int u = 0; u < SRT_WIDE_PACKS; ++u)
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                if (has(u, j)) sum += at(u, j);
        acc_t mean = block_total(sum, (acc_t)0) * weight;
        unconvert();
        Sum2 spread = no_sum2();
#pragma unroll(ALIGNED ? SRT_WIDE_PACKS : 1)
        for (int u = 0; u < SRT_WIDE_PACKS; ++u)
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                if (has(u, j)) add_deviation(&spread, at(u, j) - mean);
        unconvert();
        return statistics_of(mean, block_total(spread, no_sum2()), weight, eps);
    }

    // The coefficients of W elements from the j-th of pack u; `none` where there are not any.
    template <int W>
    SRT_INLINE Lanes<acc_t, W> of(const acc_t *from, int u, int j, acc_t none) const {
        if (from) return load<acc_t, W>(from + (first(u) + j));
        Lanes<acc_t, W> c;
#pragma unroll
        for (int k = 0; k < W; ++k) c.v[k] = none;
        return c;
    }

    SRT_INLINE void store(scalar_t *to, const RowStatistics &row, acc_t scale, const acc_t *gamma,
                          const acc_t *beta) const {
        const int W = ALIGNED ? 16 / sizeof(acc_t) : 1;
#pragma unroll(ALIGNED ? SRT_WIDE_PACKS : 1)
        for (int u = 0; u < SRT_WIDE_PACKS; ++u) {
            Pack y;
#pragma unroll
            for (int j = 0; j < SRT_VEC; j += W) {
                if (!has(u, j)) return;
                Lanes<acc_t, W> g = of<W>(gamma, u, j, 1), b = of<W>(beta, u, j, 0);
#pragma unroll
                for (int k = 0; k < W; ++k) {
                    acc_t d = (at(u, j + k) - row.mean) - row.rest;
                    from_acc(&y.v[j + k], srt_fma(d * scale, g.v[k], b.v[k]));
                }
                if (!ALIGNED) to[first(u) + j] = y.v[j];
            }
            if (ALIGNED) *(Pack *)(to + first(u)) = y;
        }
    }
};

template <bool ALIGNED>
SRT_INLINE void normalize_wide_row(scalar_t *out, acc_t *mean, acc_t *rstd, const scalar_t *x,
                                   const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                   index_t cols) {
    int col = threadIdx.x * SRT_VEC;
    index_t first = blockIdx.x * cols + col;
    WideRow<ALIGNED> part(x + first, (int)cols - col);
    RowStatistics row = part.statistics((acc_t)1 / (acc_t)(int)cols, eps);
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = row.mean + row.rest;
        rstd[blockIdx.x] = row.rstd;
    }
    part.store(out + first, row, row.rstd * gain, gamma ? gamma + col : 0, beta ? beta + col : 0);
}

// Grid (rows) of SRT_ROW_TEAM threads, which hold a row; of 512, two blocks a multiprocessor.
extern "C" __global__ void __launch_bounds__(SRT_ROW_TEAM, 1024 / SRT_ROW_TEAM)
    SRT_KERNEL(golden_layer_norm_wide)(scalar_t *out, acc_t *mean, acc_t *rstd, const scalar_t *x,
                                       const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                       index_t cols) {
    if (packs_allowed(bits_of(x) | bits_of(out) | bits_of(gamma) | bits_of(beta) |
                      cols * sizeof(scalar_t)))
        normalize_wide_row<true>(out, mean, rstd, x, gamma, beta, gain, eps, cols);
    else
        normalize_wide_row<false>(out, mean, rstd, x, gamma, beta, gain, eps, cols);
}

#endif
