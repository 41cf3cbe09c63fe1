// Golden batch normalization: out = (x - mean) * gamma * sqrt(target / (var + eps)) + beta with
// one mean and one variance a channel; x is (n, c, s), which for s = 1 is walked down columns.
//
// Moments are taken of x - shift, shift being the channel's first element: where the mean is far
// above the deviation its digits would leave none for the deviation. The mean is kept in two
// words, mean + rest, and subtracted as such.
#include "batch_norm_backward.cuh"
#include "layer_norm.cuh"
#include "layer_norm_backward.cuh"
#include "layer_norm_wide.cuh"
#include "norm.cuh"

// -- one channel's coefficients -----------------------------------------------------------------
struct Affine {
    acc_t mean, rest, scale;
};

// mean + rest = shift + total.mean exactly.
SRT_INLINE Affine affine_of(Moments total, acc_t shift, acc_t var, acc_t gamma, acc_t target,
                            acc_t eps) {
    Two mean = two_sum(shift, total.mean);
    Affine affine = {mean.high, mean.low, golden_scale(var, gamma, target, eps)};
    return affine;
}

SRT_INLINE acc_t normalized(acc_t x, const Affine &affine, acc_t beta) {
    return srt_fma((x - affine.mean) - affine.rest, affine.scale, beta);
}

// -- along planes -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE Moments plane_moments(const scalar_t *x, acc_t shift, const Share &share, index_t c,
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
                    v[k * SRT_VEC + j] = to_acc(packs[u + k].v[j]) - shift;
            }
            total = total + moments_of(v, mask);
        }
    });
    return total;
}

// The block's, in every thread.
SRT_INLINE Moments share_moments(const scalar_t *x, acc_t shift, const Share &share, index_t c,
                                 index_t s, int lanes) {
    Moments own = packs_allowed(bits_of(x) | s * sizeof(scalar_t))
                      ? plane_moments<true>(x, shift, share, c, s, lanes)
                      : plane_moments<false>(x, shift, share, c, s, lanes);
    return block_total(own, no_moments());
}

template <bool ALIGNED>
SRT_INLINE void write_planes(scalar_t *out, const scalar_t *x, const Affine &affine, acc_t beta,
                                 const Share &share, index_t c, index_t s, int lanes) {
    walk_planes<SRT_FLIGHT, true>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&packs[u].v[j], normalized(to_acc(packs[u].v[j]), affine, beta));
            store_pack<ALIGNED>(out + at[u], packs[u], valid[u]);
        }
    });
}

SRT_INLINE void normalize_planes(scalar_t *out, const scalar_t *x, const Affine &affine, acc_t beta,
                                 const Share &share, index_t c, index_t s, int lanes) {
    if (packs_allowed(bits_of(x) | bits_of(out) | s * sizeof(scalar_t)))
        write_planes<true>(out, x, affine, beta, share, c, s, lanes);
    else
        write_planes<false>(out, x, affine, beta, share, c, s, lanes);
}

// Count, mean and sum of squared deviations of x less the channel's first element, by shares:
// partial is acc_t (c, splits, 3), x (n, c, s).
// Share (y, z) of a channel is planes y * planes to (y + 1) * planes - 1, and of each of them packs
// z * packs to (z + 1) * packs - 1 of V elements, segments = ceil(ceil(s / V) / packs) to a plane;
// `lanes` threads stand along a plane.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_compute_stats)(Moments *partial, const scalar_t *x, index_t n, index_t c,
                                           index_t s, int lanes, index_t planes, index_t packs,
                                           int segments) {
    Share share = share_of(blockIdx.x, blockIdx.y, n, s, planes, packs, segments);
    acc_t shift = to_acc(x[share.channel * s]);
    Moments total = share_moments(x, shift, share, c, s, lanes);
    if (threadIdx.x == 0) partial[share.channel * gridDim.y + blockIdx.y] = total;
}

// out = ((x - mean) - rest) * scale + beta. out and x are (n, c, s); mean, rest, scale and beta
// acc_t (c), rest and beta may be null. lanes, planes, packs and segments as for
// golden_bn_2d_compute_stats. Walked backward against the statistics.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_normalize)(scalar_t *out, const scalar_t *x, const acc_t *mean,
                                       const acc_t *rest, const acc_t *scale, const acc_t *beta,
                                       index_t n, index_t c, index_t s, int lanes, index_t planes,
                                       index_t packs, int segments) {
    index_t channel = gridDim.x - 1 - blockIdx.x;
    Share share = share_of(channel, gridDim.y - 1 - blockIdx.y, n, s, planes, packs, segments);
    Affine affine = {mean[channel], rest ? rest[channel] : 0, scale[channel]};
    normalize_planes(out, x, affine, beta ? beta[channel] : 0, share, c, s, lanes);
}

// out = (x - mean) * gamma * sqrt(target / (var + eps)) + beta by each channel's own mean and
// population variance, which are written. out and x are (n, c, s); mean, var, gamma and beta
// acc_t (c), gamma and beta may be null. A block reads a channel that its cache holds, twice,
// `lanes` threads along a plane.
// Launch: grid c, block a multiple of 32 from lanes to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(golden_bn_2d_fused)(scalar_t *out, acc_t *mean, acc_t *var, const scalar_t *x,
                                   const acc_t *gamma, const acc_t *beta, acc_t target, acc_t eps,
                                   index_t n, index_t c, index_t s, int lanes) {
    index_t channel = blockIdx.x, packs = (s + SRT_VEC - 1) / SRT_VEC;
    Share share = share_of(channel, 0, n, s, n, packs, 1);
    acc_t shift = to_acc(x[channel * s]);
    Moments total = share_moments(x, shift, share, c, s, lanes);
    acc_t spread = total.m2 / (acc_t)(n * s);
    Affine affine = affine_of(total, shift, spread, gamma ? gamma[channel] : 1, target, eps);
    if (threadIdx.x == 0) {
        mean[channel] = affine.mean;
        var[channel] = spread;
    }
    normalize_planes(out, x, affine, beta ? beta[channel] : 0, share, c, s, lanes);
}

// golden_layer_norm for long rows, a row so read as a channel of one plane: out and x
// are (rows, cols), mean and rstd (written) acc_t (rows), gamma and beta acc_t (cols) or null; gain
// and eps as there. lanes threads stand along a row.
// Launch: grid rows, block a multiple of 32 from lanes to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(golden_layer_norm_fused)(scalar_t *out, acc_t *mean, acc_t *rstd, const scalar_t *x,
                                        const acc_t *gamma, const acc_t *beta, acc_t gain,
                                        acc_t eps, index_t rows, index_t cols, int lanes) {
    index_t r = blockIdx.x, packs = (cols + SRT_VEC - 1) / SRT_VEC;
    Share share = share_of(r, 0, 1, cols, 1, packs, 1);
    acc_t shift = to_acc(x[r * cols]);
    Moments total = share_moments(x, shift, share, rows, cols, lanes);
    Affine affine = affine_of(total, shift, total.m2 / (acc_t)cols, 1, 1, eps);
    if (threadIdx.x == 0) {
        mean[r] = affine.mean;
        rstd[r] = affine.scale;
    }
    LongRow row = {affine.mean, affine.rest, affine.scale * gain, gamma, beta};
    apply_long_row(out, x, row, share, rows, cols, lanes);
}

// -- down columns -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void row_moments(Moments (&total)[SRT_VEC], const scalar_t *x,
                            const acc_t (&shift)[SRT_VEC], const Columns &own, index_t begin,
                            index_t end, index_t c) {
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
            for (int u = 0; u < SRT_DEPTH; ++u) v[u] = to_acc(packs[u].v[j]) - shift[j];
            chunk[j] = moments_of(v, mask);
        }
        add_columns(total, chunk);
    });
}

// The block's, in the threads of row 0.
SRT_INLINE void column_moments(Moments (&total)[SRT_VEC], const scalar_t *x,
                               const acc_t (&shift)[SRT_VEC], const Columns &own, index_t begin,
                               index_t end, index_t c) {
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) total[j] = no_moments();
    if (packs_allowed(bits_of(x) | c * sizeof(scalar_t)))
        row_moments<true>(total, x, shift, own, begin, end, c);
    else
        row_moments<false>(total, x, shift, own, begin, end, c);
    column_totals(total, own);
}

SRT_INLINE void load_shift(acc_t (&shift)[SRT_VEC], const scalar_t *x, const Columns &own) {
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) shift[j] = j < own.valid ? to_acc(x[own.column + j]) : 0;
}

template <bool ALIGNED>
SRT_INLINE void write_columns(scalar_t *out, const scalar_t *x, const Affine (&affine)[SRT_VEC],
                              const AccPack &beta, const Columns &own, index_t begin, index_t end,
                              index_t c) {
    walk_rows<SRT_FLIGHT, true>(own, begin, end, c, [&](const index_t *at, const index_t *, unsigned mask) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], own.valid);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&packs[u].v[j], normalized(to_acc(packs[u].v[j]), affine[j], beta.v[j]));
            store_pack<ALIGNED>(out + at[u], packs[u], mask >> u & 1 ? own.valid : 0);
        }
    });
}

SRT_INLINE void normalize_columns(scalar_t *out, const scalar_t *x, const Affine (&affine)[SRT_VEC],
                                  const acc_t *beta, const Columns &own, index_t begin,
                                  index_t end, index_t c) {
    AccPack offset = load_acc(beta ? beta + own.column : 0, own.valid, 0);
    if (packs_allowed(bits_of(x) | bits_of(out) | c * sizeof(scalar_t)))
        write_columns<true>(out, x, affine, offset, own, begin, end, c);
    else
        write_columns<false>(out, x, affine, offset, own, begin, end, c);
}

// Count, mean and sum of squared deviations of x less the channel's first element, by shares:
// partial is acc_t (c, splits, 3), x (n, c). `lanes`, a power of two up to 32, times V columns and
// `rows` rows are a block's.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_compute_stats)(Moments *partial, const scalar_t *x, index_t n, index_t c,
                                           int lanes, index_t rows) {
    Columns own = columns_of(blockIdx.x, c, lanes);
    index_t begin = blockIdx.y * rows;
    acc_t shift[SRT_VEC];
    Moments total[SRT_VEC];
    load_shift(shift, x, own);
    column_moments(total, x, shift, own, begin, min(n, begin + rows), c);
    if (own.row) return;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) partial[(own.column + j) * gridDim.y + blockIdx.y] = total[j];
}

// out = ((x - mean) - rest) * scale + beta. out and x are (n, c); mean, rest, scale and beta
// acc_t (c), rest and beta may be null. `lanes`, a power of two up to 32, times V columns and
// `rows` rows are a block's. Walked backward against the statistics.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_1d_normalize)(scalar_t *out, const scalar_t *x, const acc_t *mean,
                                       const acc_t *rest, const acc_t *scale, const acc_t *beta,
                                       index_t n, index_t c, int lanes, index_t rows) {
    Columns own = columns_of(gridDim.x - 1 - blockIdx.x, c, lanes);
    index_t begin = (gridDim.y - 1 - blockIdx.y) * rows, at = own.column;
    Affine affine[SRT_VEC];
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) {
        if (j >= own.valid) break;
        affine[j].mean = mean[at + j];
        affine[j].rest = rest ? rest[at + j] : 0;
        affine[j].scale = scale[at + j];
    }
    normalize_columns(out, x, affine, beta, own, begin, min(n, begin + rows), c);
}

// golden_bn_2d_fused for columns: out and x are (n, c); mean and var (written), gamma and beta (or
// null) acc_t (c); target and eps as there. A block reads a narrow slab of columns, which its cache
// holds, twice. `lanes`, a power of two up to 32, times V columns are a block's.
// Launch: grid ceil(c / (lanes * V)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_fused)(scalar_t *out, acc_t *mean, acc_t *var, const scalar_t *x,
                                   const acc_t *gamma, const acc_t *beta, acc_t target, acc_t eps,
                                   index_t n, index_t c, int lanes) {
    __shared__ Affine slab[SRT_VEC][SRT_WARP];
    Columns own = columns_of(blockIdx.x, c, lanes);
    acc_t shift[SRT_VEC];
    Moments total[SRT_VEC];
    load_shift(shift, x, own);
    column_moments(total, x, shift, own, 0, n, c);
    AccPack gain = load_acc(gamma ? gamma + own.column : 0, own.valid, 1);
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) {
        if (own.row || j >= own.valid) break;
        acc_t spread = total[j].m2 / (acc_t)n;
        slab[j][own.lane] = affine_of(total[j], shift[j], spread, gain.v[j], target, eps);
        mean[own.column + j] = slab[j][own.lane].mean;
        var[own.column + j] = spread;
    }
    __syncthreads();
    Affine affine[SRT_VEC];
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) affine[j] = slab[j][own.lane];
    normalize_columns(out, x, affine, beta, own, 0, n, c);
}

// -- statistics from their parts ------------------------------------------------------------------

// mean, var = m2 / (n s), what the rounded mean misses (rest), and scale = gamma * sqrt(target /
// (var + eps)), from partial, acc_t (c, splits, 3). mean, var, rest, scale and gamma are acc_t (c);
// rest, scale and gamma may be null. x is (n, c, s), s = 1 for columns. No value: NaN. A team, a
// power of two up to 32 of threads, merges a channel's parts.
// Launch: grid ceil(c * team / 128), block 128.
extern "C" __global__ void __launch_bounds__(128)
    SRT_KERNEL(golden_bn_finalize)(acc_t *mean, acc_t *var, acc_t *rest, acc_t *scale,
                                   const Moments *partial, const scalar_t *x, const acc_t *gamma,
                                   acc_t target, acc_t eps, index_t n, index_t c, index_t s,
                                   int splits, int team) {
    int lane = threadIdx.x & (team - 1);
    index_t channel = (index_t)blockIdx.x * (blockDim.x / team) + threadIdx.x / team;
    Moments total = no_moments();
    for (int k = lane; channel < c && k < splits; k += team)
        total = total + partial[channel * splits + k];
    for (int by = team >> 1; by; by >>= 1) total = total + lane_down(total, by);
    if (lane || channel >= c) return;
    acc_t spread = total.m2 / (acc_t)(n * s);
    acc_t shift = n * s ? to_acc(x[channel * s]) : SRT_NAN;
    Affine affine = affine_of(total, shift, spread, gamma ? gamma[channel] : 1, target, eps);
    mean[channel] = affine.mean;
    var[channel] = spread;
    if (rest) rest[channel] = affine.rest;
    if (scale) scale[channel] = affine.scale;
}

// scale = gamma * sqrt(target / (var + eps)). scale, var and gamma are acc_t (c), gamma may be
// null.
// Launch: grid ceil(c / 128), block 128.
extern "C" __global__ void __launch_bounds__(128)
    SRT_KERNEL(golden_bn_scale)(acc_t *scale, const acc_t *var, const acc_t *gamma, acc_t target,
                                acc_t eps, index_t c) {
    index_t channel = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (channel < c)
        scale[channel] = golden_scale(var[channel], gamma ? gamma[channel] : 1, target, eps);
}

// Count, mean and sum of squared deviations of x less its first element, of every `packs` packs of
// V elements: partial is acc_t (splits, 3), x (n) with n > 0.
// Launch: grid (1, splits = ceil(ceil(n / V) / packs)), block 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(compute_output_stats)(Moments *partial, const scalar_t *x, index_t n,
                                     index_t packs) {
    Share share = share_of(0, blockIdx.y, 1, n, 1, packs, gridDim.y);
    Moments own = share_moments(x, to_acc(x[0]), share, 1, n, blockDim.x);
    if (threadIdx.x == 0) partial[blockIdx.y] = own;
}

// Mean and population variance of x: stats is double (2), partial acc_t (splits, 3), x (n). NaN for
// n = 0.
// Launch: grid 1, block 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(compute_output_stats_finalize)(double *stats, const Moments *partial,
                                              const scalar_t *x, index_t n, int splits) {
    Moments total = no_moments();
#pragma unroll 4
    for (int k = threadIdx.x; k < splits; k += 256) total = total + partial[k];
    total = block_total(total, no_moments());
    if (threadIdx.x) return;
    stats[0] = n ? (double)to_acc(x[0]) + (double)total.mean : (double)SRT_NAN;
    stats[1] = (double)total.m2 / (double)n;
}
