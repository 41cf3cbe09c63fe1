// The layer normalisation of phi-residual connections in rows that one block holds, joined, with
// all its registers, or with these and shared memory: read once.
#ifndef SRT_RESIDUAL_LAYER_NORM_WIDE_CUH
#define SRT_RESIDUAL_LAYER_NORM_WIDE_CUH
#include "residual_layer_norm.cuh"
#include "wide_rows.cuh"

// Threads, and what each holds in registers: of whole rows, and beside shared memory, where of one
// pack more some compilers spill. The launcher counts on these.
#define SRT_JOINED_TEAM 512
#define SRT_JOINED_PACKS (128 / (SRT_VEC * (int)sizeof(acc_t)))
#define SRT_HEADED_PACKS (SRT_JOINED_PACKS - 1)

template <bool ALIGNED, int PACKS>
struct JoinedRow : WidePart<ALIGNED, SRT_JOINED_TEAM, PACKS> {
    typedef WidePart<ALIGNED, SRT_JOINED_TEAM, PACKS> Part;
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

// What a head of a row is made of, this thread's part: kept joined, 16 bytes of a thread beside
// those of its neighbours.
template <bool ALIGNED> struct JoinedSource {
    struct Raw {
        Lanes<scalar_t, SRT_VEC> identity, residual;
    };
    typedef Lanes<acc_t, SRT_VEC> Numbers;
    typedef Lanes<acc_t, 16 / sizeof(acc_t)> Quad;
    static const bool aligned = ALIGNED;
    static const int GROUP = 2, STEP = SRT_JOINED_TEAM * SRT_VEC;
    static const int W = 16 / sizeof(acc_t), QUADS = SRT_VEC / W;
    const scalar_t *identity, *residual;
    Mode mode;

    SRT_INLINE Raw load(int t) const {
        return {::load<scalar_t, SRT_VEC, ALIGNED>(identity + t * STEP),
                ::load<scalar_t, SRT_VEC, ALIGNED>(residual + t * STEP)};
    }
    SRT_INLINE Numbers numbers(const Raw &raw) const {
        Numbers n;
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j)
            n.v[j] = mode(to_acc(raw.identity.v[j]), to_acc(raw.residual.v[j]));
        return n;
    }
    SRT_INLINE Quad *room(int t, int q) const {
        return dynamic_shared<Quad>() + ((t * QUADS + q) * SRT_JOINED_TEAM + threadIdx.x);
    }
    SRT_INLINE void keep(int t, const Raw &, const Numbers &n) const {
#pragma unroll
        for (int q = 0; q < QUADS; ++q) {
            Quad some;
#pragma unroll
            for (int i = 0; i < W; ++i) some.v[i] = n.v[q * W + i];
            *room(t, q) = some;
        }
    }
    SRT_INLINE Numbers kept(int t) const {
        Numbers n;
#pragma unroll
        for (int q = 0; q < QUADS; ++q) {
            Quad some = *room(t, q);
#pragma unroll
            for (int i = 0; i < W; ++i) n.v[q * W + i] = some.v[i];
        }
        return n;
    }
};

template <bool ALIGNED>
SRT_INLINE void normalize_joined(const Normalized &to, const JoinedNumbers &at, acc_t eps,
                                 index_t cols) {
    JoinedRow<ALIGNED, SRT_JOINED_PACKS> row(at.identity, at.residual, at.mode, cols);
    normalize_wide_row(row, NoHead(), to, at, 1, eps, cols);
}

template <bool ALIGNED>
SRT_INLINE void normalize_headed(const Normalized &to, const JoinedNumbers &at, acc_t eps,
                                 index_t cols, int kept) {
    typedef JoinedSource<ALIGNED> Source;
    int packs = ((int)cols + Source::STEP - 1) / Source::STEP - SRT_HEADED_PACKS;
    int col = threadIdx.x * SRT_VEC;
    Head<Source> head({at.identity + col, at.residual + col, at.mode}, packs, kept);
    index_t rest = head.columns();
    JoinedRow<ALIGNED, SRT_HEADED_PACKS> row(at.identity + rest, at.residual + rest, at.mode,
                                             cols - rest);
    normalize_wide_row(row, head, to, at, 1, eps, cols);
}

SRT_INLINE bool rows_in_packs(const Normalized &to, const scalar_t *identity,
                              const scalar_t *residual, index_t cols) {
    return packs_allowed(bits_of(to.out) | bits_of(identity) | bits_of(residual) |
                         bits_of(to.gamma) | bits_of(to.beta) | cols * sizeof(scalar_t));
}

// phi_residual_layernorm for rows that a block holds: out, identity and residual are (rows, cols),
// statistics (written) double (3, rows), gamma and beta acc_t (cols) or null; eps, inner and outer
// as there. cols is at most 8192 for f64, else 16384.
// Launch: grid rows, block 512, two blocks a multiprocessor.
extern "C" __global__ void __launch_bounds__(SRT_JOINED_TEAM, SRT_WIDE_BLOCKS)
SRT_KERNEL(phi_residual_layernorm_wide)(
    scalar_t *out, double *statistics, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const acc_t *beta, acc_t eps, acc_t inner, acc_t outer, index_t cols) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    JoinedNumbers at = joined_numbers(blockIdx.x, identity, residual, cols, {inner, outer});
    if (rows_in_packs(to, identity, residual, cols))
        normalize_joined<true>(to, at, eps, cols);
    else
        normalize_joined<false>(to, at, eps, cols);
}

// phi_residual_layernorm for rows longer than a block's registers hold: out, identity and residual
// are (rows, cols), statistics (written) double (3, rows), gamma and beta acc_t (cols) or null;
// eps, inner and outer as there. cols is above 7168 for f64, else 14336. Of what registers do not
// hold the first kept * 512 V columns stay in shared memory, joined; others are read again: the
// same bits.
// Dynamic shared memory: kept * 512 V numbers of acc_t.
// Launch: grid rows, block 512, two blocks to a multiprocessor if they find room.
extern "C" __global__ void __launch_bounds__(SRT_JOINED_TEAM, SRT_WIDE_BLOCKS)
SRT_KERNEL(phi_residual_layernorm_widest)(
    scalar_t *out, double *statistics, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const acc_t *beta, acc_t eps, acc_t inner, acc_t outer, index_t cols,
    int kept) {
    Normalized to = {out, statistics, gamma, beta, gridDim.x};
    JoinedNumbers at = joined_numbers(blockIdx.x, identity, residual, cols, {inner, outer});
    if (rows_in_packs(to, identity, residual, cols))
        normalize_headed<true>(to, at, eps, cols, kept);
    else
        normalize_headed<false>(to, at, eps, cols, kept);
}

#endif
