// Golden batch normalization: out = (x - mean) * gamma * sqrt(target / (var + eps)) + beta with
// one mean and one variance a channel; x is (n, c, s), which for s = 1 is walked down columns.
//
// The mean is kept in two numbers. What comes out in doubt is taken again, see statistics.cuh.
#include "batch_norm_backward.cuh"
#include "batch_norm_moments.cuh"
#include "layer_norm.cuh"
#include "layer_norm_backward.cuh"
#include "layer_norm_backward_wide.cuh"
#include "layer_norm_wide.cuh"
#include "norm.cuh"

#define SRT_MERGE_BLOCK 128  // threads that merge the parts of channels

// -- one channel's coefficients -----------------------------------------------------------------
// out = (x * power - mean) * scale + offset.
struct __align__(16) Affine {
    acc_t power, mean, scale, offset;
};

SRT_INLINE Affine affine_of(const Spread &by, acc_t deviation, acc_t gamma, acc_t beta, acc_t gain) {
    acc_t scale = gamma * (gain / deviation);
    Affine affine = {by.power, by.mean, scale, srt_fma(-by.rest, scale, beta)};
    return affine;
}

SRT_INLINE acc_t normalized(acc_t x, const Affine &by) {
    return srt_fma(from_mean(x, by.power, by.mean), by.scale, by.offset);
}

// The statistics of a channel: double (4, c).
SRT_INLINE void store_channel(double *statistics, index_t channel, index_t c, const Spread &by) {
    double unit = unit_of(by);
    Two mean = two_sum((double)by.mean, (double)by.rest);
    statistics[channel] = mean.high * unit;
    statistics[c + channel] = mean.low * unit;
    statistics[2 * c + channel] = (double)by.var * unit * unit;
    statistics[3 * c + channel] = (double)srt_sqrt(by.var) * unit;
}

// What a block writes of its channels.
struct Channel {
    double *statistics;
    const acc_t *gamma, *beta;  // null: 1 and 0
    acc_t gain, eps;
    index_t c;

    SRT_INLINE Affine finish(index_t channel, const Spread &by, bool leads) const {
        if (leads) store_channel(statistics, channel, c, by);
        return affine_of(by, deviation_of(by, eps), gamma ? gamma[channel] : 1,
                         beta ? beta[channel] : 0, gain);
    }
};

// -- along planes -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void write_planes(scalar_t *out, const scalar_t *x, const Affine &affine,
                             const Share &share, index_t c, index_t s, int lanes) {
    walk_planes<SRT_FLIGHT, true>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&packs[u].v[j], normalized(to_acc(packs[u].v[j]), affine));
            store_pack<ALIGNED>(out + at[u], packs[u], valid[u]);
        }
    });
}

SRT_INLINE void normalize_planes(scalar_t *out, const scalar_t *x, const Affine &affine,
                                 const Share &share, index_t c, index_t s, int lanes) {
    if (packs_allowed(bits_of(x) | bits_of(out) | s * sizeof(scalar_t)))
        write_planes<true>(out, x, affine, share, c, s, lanes);
    else
        write_planes<false>(out, x, affine, share, c, s, lanes);
}

// Count, mean and sum of squared deviations of x less the channel's pivot, by shares: partial is
// acc_t (c, splits, 3), x (n, c, s). The pivot is the median of three numbers: the first, the last
// and that of plane n / 2 at s / 2.
// Share (y, z) of a channel is planes y * planes to (y + 1) * planes - 1, and of each of them packs
// z * packs to (z + 1) * packs - 1 of V elements, segments = ceil(ceil(s / V) / packs) to a plane;
// `lanes` threads stand along a plane.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_compute_stats)(Moments *partial, const scalar_t *x, index_t n, index_t c,
                                           index_t s, int lanes, index_t planes, index_t packs,
                                           int segments) {
    Share share = share_of(blockIdx.x, blockIdx.y, n, s, planes, packs, segments);
    acc_t pivot = pivot_of(x, share.channel, n, c, s);
    Moments total = share_moments(x, pivot, share, c, s, lanes);
    if (threadIdx.x == 0) partial[share.channel * gridDim.y + blockIdx.y] = total;
}

// out = (x * power - mean) * scale + offset. out and x are (n, c, s), affine acc_t (c, 4): power,
// mean, scale, offset. lanes, planes, packs and segments as for golden_bn_2d_compute_stats. Walked
// backward against the statistics.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256, 3)
    SRT_KERNEL(golden_bn_2d_normalize)(scalar_t *out, const scalar_t *x, const Affine *affine,
                                       index_t n, index_t c, index_t s, int lanes, index_t planes,
                                       index_t packs, int segments) {
    index_t channel = gridDim.x - 1 - blockIdx.x;
    Share share = share_of(channel, gridDim.y - 1 - blockIdx.y, n, s, planes, packs, segments);
    Affine own = affine[channel];  // once: a compiler must think that each store may change it
    normalize_planes(out, x, own, share, c, s, lanes);
}

// out = (x - mean) * gamma * gain / sqrt(var + eps) + beta by each channel's own mean and
// population variance, gain = sqrt(target). out and x are (n, c, s), gamma and beta acc_t (c) or
// null.
// statistics is double (4, c): mean, what the mean has beyond a double, variance and its root, all
// written. A block reads a channel that its cache holds, twice, `lanes` threads along a plane.
// Launch: grid c, block a multiple of 32 from lanes to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(golden_bn_2d_fused)(scalar_t *out, double *statistics, const scalar_t *x,
                                   const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                   index_t n, index_t c, index_t s, int lanes) {
    index_t channel = blockIdx.x, packs = (s + SRT_VEC - 1) / SRT_VEC;
    Channel by = {statistics, gamma, beta, gain, eps, c};
    Share share = share_of(channel, 0, n, s, n, packs, 1);
    acc_t pivot = pivot_of(x, channel, n, c, s);
    Moments total = share_moments(x, pivot, share, c, s, lanes);
    Spread spread = spread_of(total, pivot, total.m2 / (acc_t)(n * s));
    if (doubtful(total, pivot, spread.var, 0))
        spread = careful_spread(ChannelNumbers{x, channel, c, s}, n * s, blockDim.x, threadIdx.x);
    Affine affine = by.finish(channel, spread, threadIdx.x == 0);
    normalize_planes(out, x, affine, share, c, s, lanes);
}

// -- down columns -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void write_columns(scalar_t *out, const scalar_t *x, const Affine (&affine)[SRT_VEC],
                              const Columns &own, index_t begin, index_t end, index_t c) {
    walk_rows<SRT_FLIGHT, true>(own, begin, end, c, [&](const index_t *at, const index_t *, unsigned mask) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], own.valid);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&packs[u].v[j], normalized(to_acc(packs[u].v[j]), affine[j]));
            store_pack<ALIGNED>(out + at[u], packs[u], mask >> u & 1 ? own.valid : 0);
        }
    });
}

SRT_INLINE void normalize_columns(scalar_t *out, const scalar_t *x, const Affine (&affine)[SRT_VEC],
                                  const Columns &own, index_t begin, index_t end, index_t c) {
    if (packs_allowed(bits_of(x) | bits_of(out) | c * sizeof(scalar_t)))
        write_columns<true>(out, x, affine, own, begin, end, c);
    else
        write_columns<false>(out, x, affine, own, begin, end, c);
}

// Count, mean and sum of squared deviations of x less the channel's pivot, by shares: partial is
// acc_t (c, splits, 3), x (n, c), the pivot as for golden_bn_2d_compute_stats, s = 1. `lanes`, a
// power of two up to 32, times V columns and `rows` rows are a block's.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_compute_stats)(Moments *partial, const scalar_t *x, index_t n, index_t c,
                                           int lanes, index_t rows) {
    Columns own = columns_of(blockIdx.x, c, lanes);
    index_t begin = blockIdx.y * rows;
    acc_t pivot[SRT_VEC];
    Moments total[SRT_VEC];
    column_moments(total, pivot, x, own, begin, min(n, begin + rows), n, c);
    if (own.row) return;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) partial[(own.column + j) * gridDim.y + blockIdx.y] = total[j];
}

// out = (x * power - mean) * scale + offset. out and x are (n, c), affine acc_t (c, 4): power,
// mean, scale, offset. `lanes`, a power of two up to 32, times V columns and `rows` rows are a
// block's.
// Walked backward against the statistics.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(golden_bn_1d_normalize)(scalar_t *out, const scalar_t *x, const Affine *affine,
                                       index_t n, index_t c, int lanes, index_t rows) {
    Columns own = columns_of(gridDim.x - 1 - blockIdx.x, c, lanes);
    index_t begin = (gridDim.y - 1 - blockIdx.y) * rows;
    Affine by[SRT_VEC];
    hand_out(by, affine, own, c);
    normalize_columns(out, x, by, own, begin, min(n, begin + rows), c);
}

// A column's moments, which are of its numbers less the pivot.
struct Pivoted {
    Moments total;
    acc_t pivot;
};

// golden_bn_2d_fused for columns: out and x are (n, c); statistics (written) double (4, c), gamma
// and beta (or null) acc_t (c); gain and eps as there. A block reads a narrow slab of columns,
// which its cache holds, twice. `lanes`, a power of two up to 32, times V columns are a block's.
// Launch: grid ceil(c / (lanes * V)), block a multiple of 128 up to 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_fused)(scalar_t *out, double *statistics, const scalar_t *x,
                                   const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                   index_t n, index_t c, int lanes) {
    __shared__ Slab<Pivoted> found;
    __shared__ Slab<Affine> slab;
    __shared__ Slab<bool> again;
    Columns own = columns_of(blockIdx.x, c, lanes);
    Channel by = {statistics, gamma, beta, gain, eps, c};
    acc_t pivot[SRT_VEC];
    Moments total[SRT_VEC];
    column_moments(total, pivot, x, own, 0, n, n, c);
    if (own.row == 0)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) found.of[j][own.lane] = {total[j], pivot[j]};
    __syncthreads();
    bool doubt = false;
    each_column(own, c, [&](int k, index_t channel) {
        Pivoted of = found[k];
        Spread spread = spread_of(of.total, of.pivot, of.total.m2 / (acc_t)n);
        slab[k] = by.finish(channel, spread, true);
        again[k] = doubtful(of.total, of.pivot, spread.var, 0);
        doubt |= again[k];
    });
    if (__syncthreads_or(doubt)) {
        index_t first = (index_t)blockIdx.x * lanes * SRT_VEC;
        for (int k = 0; k < lanes * SRT_VEC && first + k < c; ++k) {
            if (!again[k]) continue;
            Spread spread =
                careful_spread(ChannelNumbers{x, first + k, c, 1}, n, blockDim.x, threadIdx.x);
            if (threadIdx.x == 0) slab[k] = by.finish(first + k, spread, true);
        }
        __syncthreads();
    }
    Affine affine[SRT_VEC];
    slab.take(affine, own);
    normalize_columns(out, x, affine, own, 0, n, c);
}

// -- statistics from their parts ------------------------------------------------------------------
// Calls finish(channel, spread) in one thread for each of a block's channels, from partial,
// (c, splits). A team merges the parts of a channel; one in doubt the whole block reads again, x
// being (n, c, s). No value: NaN.
template <typename Finish>
SRT_INLINE void merge_channels(const Moments *partial, const scalar_t *x, acc_t eps, index_t n,
                               index_t c, index_t s, int splits, int team, Finish finish) {
    __shared__ bool again[SRT_MERGE_BLOCK];
    int lane = threadIdx.x & (team - 1), mine = threadIdx.x / team, teams = SRT_MERGE_BLOCK / team;
    index_t first = (index_t)blockIdx.x * teams, channel = first + mine;
    Moments total = no_moments();
    for (int k = lane; channel < c && k < splits; k += team)
        total = total + partial[channel * splits + k];
    for (int by = team >> 1; by; by >>= 1) total = total + lane_down(total, by);
    bool doubt = false;
    if (lane == 0 && channel < c) {
        acc_t pivot = n * s ? pivot_of(x, channel, n, c, s) : SRT_NAN;
        Spread spread = spread_of(total, pivot, total.m2 / (acc_t)(n * s));
        doubt = doubtful(total, pivot, spread.var, eps);
        finish(channel, spread);
    }
    if (lane == 0) again[mine] = doubt;
    if (!SRT_SCALED || !__syncthreads_or(doubt)) return;
    for (int k = 0; k < teams; ++k) {
        if (!again[k]) continue;
        Spread spread = careful_spread(ChannelNumbers{x, first + k, c, s}, n * s, SRT_MERGE_BLOCK,
                                       threadIdx.x);
        if (threadIdx.x == 0) finish(first + k, spread);
    }
}

// statistics, double (4, c), as of golden_bn_2d_fused, and affine, acc_t (c, 4), for
// golden_bn_2d_normalize, or null, from partial, acc_t (c, splits, 3). gamma and beta are acc_t (c)
// or null, gain and eps as there. x is (n, c, s), s = 1 for columns. No value: NaN. A team, a power
// of two up to 32 of threads, merges a channel's parts. A channel whose numbers or their squares
// leave acc_t's range is read again, by its block, four times: right, and slow.
// Launch: grid ceil(c * team / 128), block 128.
extern "C" __global__ void __launch_bounds__(SRT_MERGE_BLOCK, 1)
    SRT_KERNEL(golden_bn_finalize)(double *statistics, Affine *affine, const Moments *partial,
                                   const scalar_t *x, const acc_t *gamma, const acc_t *beta,
                                   acc_t gain, acc_t eps, index_t n, index_t c, index_t s,
                                   int splits, int team) {
    Channel by = {statistics, gamma, beta, gain, eps, c};
    merge_channels(partial, x, 0, n, c, s, splits, team, [&](index_t channel, const Spread &spread) {
        Affine each = by.finish(channel, spread, true);
        if (affine) affine[channel] = each;
    });
}

// statistics, double (3, rows), as of golden_layer_norm, from partial, acc_t (rows, splits, 3),
// made by golden_bn_2d_compute_stats of x, (n, rows, cols) with n = 1; eps as there. splits and
// team as for golden_bn_finalize, and rows in doubt as its channels.
// Launch: grid ceil(rows * team / 128), block 128.
extern "C" __global__ void __launch_bounds__(SRT_MERGE_BLOCK, 1)
    SRT_KERNEL(golden_layer_norm_finalize)(double *statistics, const Moments *partial,
                                           const scalar_t *x, acc_t eps, index_t n, index_t rows,
                                           index_t cols, int splits, int team) {
    merge_channels(partial, x, eps, n, rows, cols, splits, team, [&](index_t row, const Spread &by) {
        store_row(statistics, row, rows, by, unit_of(by), wide_deviation(by, eps));
    });
}

// affine, acc_t (c, 4), for golden_bn_2d_normalize by given statistics, double (4, c): the mean's
// two numbers and, last, the deviation. gamma and beta are acc_t (c) or null, gain and eps as for
// golden_bn_2d_fused.
// Launch: grid ceil(c / 128), block 128.
extern "C" __global__ void __launch_bounds__(128)
    SRT_KERNEL(golden_bn_scale)(Affine *affine, const double *statistics, const acc_t *gamma,
                                const acc_t *beta, acc_t gain, acc_t eps, index_t c) {
    index_t channel = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= c) return;
    ChannelCentre by = channel_centre(statistics, channel, c, eps);
    Spread spread = {by.power, by.mean, by.rest, 0};
    affine[channel] = affine_of(spread, by.deviation, gamma ? gamma[channel] : 1,
                                beta ? beta[channel] : 0, gain);
}

// Count, mean and sum of squared deviations of x less a pivot, of every `packs` packs of V
// elements:
// partial is acc_t (splits, 3), x (n) with n > 0. The pivot is the median of the first number, the
// last and that of n / 2.
// Launch: grid (1, splits = ceil(ceil(n / V) / packs)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(compute_output_stats)(Moments *partial, const scalar_t *x, index_t n,
                                     index_t packs) {
    Share share = share_of(0, blockIdx.y, 1, n, 1, packs, gridDim.y);
    Moments own = share_moments(x, pivot_of(x, 0, 1, 1, n), share, 1, n, blockDim.x);
    if (threadIdx.x == 0) partial[blockIdx.y] = own;
}

// Mean and population variance of x: stats is double (2), partial acc_t (splits, 3), x (n). NaN for
// n = 0. Where x or its squares leave acc_t's range, x is read again, four times: right, and slow.
// Launch: grid 1, block 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(compute_output_stats_finalize)(double *stats, const Moments *partial,
                                              const scalar_t *x, index_t n, int splits) {
    Moments total = no_moments();
#pragma unroll 4
    for (int k = threadIdx.x; k < splits; k += 256) total = total + partial[k];
    total = block_total(total, no_moments());
    acc_t pivot = n ? pivot_of(x, 0, 1, 1, n) : SRT_NAN;
    Spread by = spread_of(total, pivot, total.m2 / (acc_t)n);
    if (doubtful(total, pivot, by.var, 0))
        by = careful_spread(PlainNumbers{x}, n, blockDim.x, threadIdx.x);
    if (threadIdx.x) return;
    double unit = unit_of(by);
    stats[0] = ((double)by.mean + (double)by.rest) * unit;
    stats[1] = (double)by.var * unit * unit;
}
