// The moments of a channel's numbers, along planes and down columns.
//
// They are of x - pivot, the pivot being one of the channel's numbers: where the mean is far above
// the deviation its digits would leave none for the deviation.
#ifndef SRT_BATCH_NORM_MOMENTS_CUH
#define SRT_BATCH_NORM_MOMENTS_CUH
#include "norm.cuh"

// -- along planes -------------------------------------------------------------------------------
// Whether a thread's numbers differ from the pivot: read again, for this is asked where no square
// of their differences is left, which is rare, and so costs nothing where there is one.
template <bool ALIGNED>
SRT_INLINE unsigned plane_bits(const scalar_t *x, acc_t pivot, const Share &share, index_t c,
                               index_t s, int lanes) {
    unsigned bits = 0;
    walk_planes<1, false>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack pack = load_pack<ALIGNED>(x + at[0], valid[0]);
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) bits |= differing(to_acc(pack.v[j]), pivot);
    });
    return bits;
}

template <bool ALIGNED>
SRT_INLINE Moments plane_moments(const scalar_t *x, acc_t pivot, const Share &share, index_t c,
                                 index_t s, int lanes) {
    Moments total = no_moments();
    walk_planes<SRT_FLIGHT, false>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; u += SRT_CHUNK) {
            acc_t v[SRT_CHUNK * SRT_VEC];
            unsigned mask = 0;
#pragma unroll
            for (int k = 0; k < SRT_CHUNK; ++k) {
                mask |= ((1u << valid[u + k]) - 1) << k * SRT_VEC;
#pragma unroll
                for (int j = 0; j < SRT_VEC; ++j)
                    v[k * SRT_VEC + j] = to_acc(packs[u + k].v[j]) - pivot;
            }
            total = total + moments_of(v, mask);
        }
    });
    if (SRT_SCALED && total.m2 == (acc_t)0)
        note_squares(total, plane_bits<ALIGNED>(x, pivot, share, c, s, lanes));
    return total;
}

// The block's, in every thread.
SRT_INLINE Moments share_moments(const scalar_t *x, acc_t pivot, const Share &share, index_t c,
                                 index_t s, int lanes) {
    Moments own = packs_allowed(bits_of(x) | s * sizeof(scalar_t))
                      ? plane_moments<true>(x, pivot, share, c, s, lanes)
                      : plane_moments<false>(x, pivot, share, c, s, lanes);
    return block_total(own, no_moments());
}

// -- down columns -------------------------------------------------------------------------------
// plane_bits of each column, for those whose squares are 0.
template <bool ALIGNED>
SRT_INLINE void note_columns(Moments (&total)[SRT_VEC], const scalar_t *x,
                             const acc_t (&pivot)[SRT_VEC], const Columns &own, index_t begin,
                             index_t end, index_t c) {
    unsigned bits[SRT_VEC] = {};
    walk_rows<1, false>(own, begin, end, c, [&](const index_t *at, const index_t *, unsigned) {
        Pack pack = load_pack<ALIGNED>(x + at[0], own.valid);
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) bits[j] |= differing(to_acc(pack.v[j]), pivot[j]);
    });
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) note_squares(total[j], bits[j]);
}

template <bool ALIGNED>
SRT_INLINE void load_pivots(acc_t (&pivot)[SRT_VEC], const scalar_t *x, const Columns &own,
                            index_t n, index_t c) {
    const scalar_t *at = x + (own.valid ? own.column : 0);
    Pack first = load_pack<ALIGNED>(at, own.valid);
    Pack middle = load_pack<ALIGNED>(at + (n >> 1) * c, own.valid);
    Pack last = load_pack<ALIGNED>(at + (n - 1) * c, own.valid);
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        pivot[j] = median(to_acc(first.v[j]), to_acc(middle.v[j]), to_acc(last.v[j]));
}

template <bool ALIGNED>
SRT_INLINE void row_moments(Moments (&total)[SRT_VEC], acc_t (&pivot)[SRT_VEC], const scalar_t *x,
                            const Columns &own, index_t begin, index_t end, index_t n,
                            index_t c) {
    load_pivots<ALIGNED>(pivot, x, own, n, c);
    walk_rows<SRT_DEPTH, false>(own, begin, end, c, [&](const index_t *at, const index_t *, unsigned mask) {
        Pack packs[SRT_DEPTH];
#pragma unroll
        for (int u = 0; u < SRT_DEPTH; ++u)
            packs[u] = load_pack<ALIGNED>(x + at[u], own.valid);
        Moments chunk[SRT_VEC];
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) {
            acc_t v[SRT_DEPTH];
#pragma unroll
            for (int u = 0; u < SRT_DEPTH; ++u) v[u] = to_acc(packs[u].v[j]) - pivot[j];
            chunk[j] = moments_of(v, mask);
        }
        add_columns(total, chunk);
    });
    bool vanished = false;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) vanished |= total[j].m2 == (acc_t)0;
    if (SRT_SCALED && vanished) note_columns<ALIGNED>(total, x, pivot, own, begin, end, c);
}

// The block's, in the threads of row 0, and the pivots.
SRT_INLINE void column_moments(Moments (&total)[SRT_VEC], acc_t (&pivot)[SRT_VEC],
                               const scalar_t *x, const Columns &own, index_t begin, index_t end,
                               index_t n, index_t c) {
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) total[j] = no_moments();
    if (packs_allowed(bits_of(x) | c * sizeof(scalar_t)))
        row_moments<true>(total, pivot, x, own, begin, end, n, c);
    else
        row_moments<false>(total, pivot, x, own, begin, end, n, c);
    column_totals(total, own);
}

#endif
