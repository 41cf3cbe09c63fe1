// The layer normalisation of phi-residual connections in rows that one block holds with all its
// registers, joined: read once.
#ifndef SRT_RESIDUAL_LAYER_NORM_WIDE_CUH
#define SRT_RESIDUAL_LAYER_NORM_WIDE_CUH
#include "residual_layer_norm.cuh"
#include "wide_rows.cuh"

#define SRT_WIDE_ITEMS (128 / (int)sizeof(acc_t))  // of a thread; the launcher counts on it

template <bool ALIGNED, int TEAM>
struct JoinedRow : WidePart<ALIGNED, TEAM, SRT_WIDE_ITEMS / SRT_VEC> {
    typedef WidePart<ALIGNED, TEAM, SRT_WIDE_ITEMS / SRT_VEC> Part;
    const scalar_t *identity, *residual;
    Mode mode;
    acc_t own[Part::held][SRT_VEC];

    // Of a row from some column on: `one` and `other` begin there, and cols are left.
    SRT_INLINE JoinedRow(const scalar_t *one, const scalar_t *other, Mode by, index_t cols)
        : Part(cols), identity(one + threadIdx.x * SRT_VEC),
          residual(other + threadIdx.x * SRT_VEC), mode(by) {
#pragma unroll
        for (int u = 0; ALIGNED && u < Part::packs; ++u) {
            if (!this->has(u, 0)) return;
            Pack x = *(const Pack *)(identity + this->first(u));
            Pack y = *(const Pack *)(residual + this->first(u));
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) own[u][j] = mode(to_acc(x.v[j]), to_acc(y.v[j]));
        }
    }

    SRT_INLINE acc_t at(int u, int j) const {
        if (ALIGNED) return own[u][j];
        int i = this->first(u) + j;
        return mode(to_acc(identity[i]), to_acc(residual[i]));
    }
    SRT_INLINE void refresh() {}
};

template <bool ALIGNED, int TEAM>
SRT_INLINE void normalize_joined(const Normalized &to, const scalar_t *identity,
                                 const scalar_t *residual, Mode mode, acc_t eps, index_t cols) {
    JoinedNumbers at = joined_numbers(blockIdx.x, identity, residual, cols, mode);
    JoinedRow<ALIGNED, TEAM> row(at.identity, at.residual, mode, cols);
    normalize_wide_row(row, NoHead(), to, at, 1, eps, cols);
}

template <int TEAM>
SRT_INLINE void normalize_joined(const Normalized &to, const scalar_t *identity,
                                 const scalar_t *residual, Mode mode, acc_t eps, index_t cols) {
    if (packs_allowed(bits_of(to.out) | bits_of(identity) | bits_of(residual) | bits_of(to.gamma) |
                      bits_of(to.beta) | cols * sizeof(scalar_t)))
        normalize_joined<true, TEAM>(to, identity, residual, mode, eps, cols);
    else
        normalize_joined<false, TEAM>(to, identity, residual, mode, eps, cols);
}

// phi_residual_layernorm for rows that a block holds: out, identity and residual are (rows, cols),
// statistics (written) double (3, rows), gamma and beta acc_t (cols) or null; eps, inner and outer
// as there. cols is at most 8192 for f64, else 16384.
// Launch: grid rows, block 512, two blocks a multiprocessor.
extern "C" __global__ void __launch_bounds__(512, SRT_WIDE_BLOCKS)
SRT_KERNEL(phi_residual_layernorm_wide)(
    scalar_t *out, double *statistics, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const acc_t *beta, acc_t eps, acc_t inner, acc_t outer, index_t cols) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    Mode mode = {inner, outer};
    normalize_joined<512>(to, identity, residual, mode, eps, cols);
}

// phi_residual_layernorm for rows that a block holds: out, identity and residual are (rows, cols),
// statistics (written) double (3, rows), gamma and beta acc_t (cols) or null; eps, inner and outer
// as there. cols is at most 16384 for f64, else 32768.
// Launch: grid rows, block 1024.
extern "C" __global__ void __launch_bounds__(1024)
SRT_KERNEL(phi_residual_layernorm_widest)(
    scalar_t *out, double *statistics, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const acc_t *beta, acc_t eps, acc_t inner, acc_t outer, index_t cols) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    Mode mode = {inner, outer};
    normalize_joined<1024>(to, identity, residual, mode, eps, cols);
}

#endif
