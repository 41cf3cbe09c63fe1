// Golden layer normalization of rows that one block holds with all its registers, or with these and
// shared memory: read once.
#ifndef SRT_LAYER_NORM_WIDE_CUH
#define SRT_LAYER_NORM_WIDE_CUH
#include "layer_norm.cuh"
#include "wide_rows.cuh"

#define SRT_WIDE_PACKS 8  // of a thread; the launcher counts on it

template <bool ALIGNED, int TEAM, int PACKS> struct WideRow : WidePart<ALIGNED, TEAM, PACKS> {
    typedef WidePart<ALIGNED, TEAM, PACKS> Part;
    const scalar_t *x;
    Pack own[Part::held];

    SRT_INLINE WideRow(const scalar_t *row, index_t cols)
        : Part(cols), x(row + threadIdx.x * SRT_VEC) {
#pragma unroll
        for (int u = 0; ALIGNED && u < PACKS; ++u)
            if (this->has(u, 0)) own[u] = *(const Pack *)(x + this->first(u));
    }

    SRT_INLINE acc_t at(int u, int j) const {
        return to_acc(ALIGNED ? own[u].v[j] : x[this->first(u) + j]);
    }

    // Else a compiler holds what it has converted, for later; two halves fit into one register.
    SRT_INLINE void refresh() {
#pragma unroll
        for (int u = 0; ALIGNED && sizeof(scalar_t) == 2 && u < PACKS; ++u)
#pragma unroll
            for (int k = 0; k < 4; ++k) asm volatile("" : "+r"(((unsigned *)&own[u])[k]));
    }
};

template <bool ALIGNED>
SRT_INLINE void normalize_whole(const Normalized &to, const scalar_t *x, acc_t gain, acc_t eps,
                                index_t cols) {
    const scalar_t *from = x + blockIdx.x * cols;
    WideRow<ALIGNED, SRT_ROW_TEAM, SRT_WIDE_PACKS> row(from, cols);
    normalize_wide_row(row, NoHead(), to, PlainNumbers{from}, gain, eps, cols);
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

// -- rows that shared memory helps to hold --------------------------------------------------------
#define SRT_FUSED_TEAM 512  // the launcher counts on both
#define SRT_FUSED_PACKS 7   // in registers; of one more some compilers spill

// What a head of a row is made of, this thread's part.
template <bool ALIGNED> struct PlainSource {
    typedef Lanes<scalar_t, SRT_VEC> Raw;
    static const bool aligned = ALIGNED;
    static const int GROUP = 4, STEP = SRT_FUSED_TEAM * SRT_VEC;
    const scalar_t *x;

    SRT_INLINE Raw load(int t) const {
        return ::load<scalar_t, SRT_VEC, ALIGNED>(x + t * STEP);
    }
    SRT_INLINE Lanes<acc_t, SRT_VEC> numbers(const Raw &raw) const {
        Lanes<acc_t, SRT_VEC> n;
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) n.v[j] = to_acc(raw.v[j]);
        return n;
    }
    SRT_INLINE Raw *room(int t) const {
        return dynamic_shared<Raw>() + (t * SRT_FUSED_TEAM + threadIdx.x);
    }
    SRT_INLINE void keep(int t, const Raw &raw, const Lanes<acc_t, SRT_VEC> &) const {
        *room(t) = raw;
    }
    SRT_INLINE Lanes<acc_t, SRT_VEC> kept(int t) const { return numbers(*room(t)); }
};

template <bool ALIGNED>
SRT_INLINE void normalize_headed(const Normalized &to, const scalar_t *x, acc_t gain, acc_t eps,
                                 index_t cols, int kept) {
    typedef PlainSource<ALIGNED> Source;
    const scalar_t *from = x + blockIdx.x * cols;
    int packs = ((int)cols + Source::STEP - 1) / Source::STEP - SRT_FUSED_PACKS;
    Head<Source> head({from + threadIdx.x * SRT_VEC}, packs, kept);
    WideRow<ALIGNED, SRT_FUSED_TEAM, SRT_FUSED_PACKS> row(from + head.columns(), cols - head.columns());
    normalize_wide_row(row, head, to, PlainNumbers{from}, gain, eps, cols);
}

// golden_layer_norm for rows longer than a block's registers hold: out and x are (rows, cols),
// statistics (written) double (3, rows), gamma and beta acc_t (cols) or null; gain and eps as
// there. cols > 3584 V. Of what registers do not hold the first kept * 512 V columns stay in
// shared memory; others are read again: the same bits.
// Dynamic shared memory: kept * 512 V elements.
// Launch: grid rows, block 512, two blocks to a multiprocessor if they find room.
extern "C" __global__ void __launch_bounds__(SRT_FUSED_TEAM, SRT_WIDE_BLOCKS)
    SRT_KERNEL(golden_layer_norm_fused)(scalar_t *out, double *statistics, const scalar_t *x,
                                        const acc_t *gamma, const acc_t *beta, acc_t gain,
                                        acc_t eps, index_t cols, int kept) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    if (packs_allowed(bits_of(x) | bits_of(out) | bits_of(gamma) | bits_of(beta) |
                      cols * sizeof(scalar_t)))
        normalize_headed<true>(to, x, gain, eps, cols, kept);
    else
        normalize_headed<false>(to, x, gain, eps, cols, kept);
}

#endif
