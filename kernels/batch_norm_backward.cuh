// The gradients of golden batch normalization, out = (x - mean) * scale + beta. With g the gradient
// of out, xhat = (x - mean) / sqrt(var + eps), m values a channel and gain = sqrt(target):
//   dbeta = sum g, dgamma = gain * sum g xhat,
//   dx = gamma * gain / sqrt(var + eps) * (g - sum g / m - xhat * sum g xhat / m), or without the
//   sums where mean and variance are constants.
//
// d = x * power - mean stands for x - mean, with the power of two that makes deviations ordinary
// numbers; the rest of the mean is subtracted from the sums, and so costs nothing by element.
#ifndef SRT_BATCH_NORM_BACKWARD_CUH
#define SRT_BATCH_NORM_BACKWARD_CUH
#include "norm.cuh"

// dx = (scale * g + (offset + slope * d)) * power, the second part in training only.
struct Gradient {
    acc_t power, mean, scale, offset, slope;
};

// What is known of a block's channels: statistics is double (4, c), gamma null for 1.
struct Given {
    const double *statistics;
    const acc_t *gamma;
    acc_t gain, eps;
    index_t c, values;  // of a channel

    SRT_INLINE Origin origin(index_t channel) const {
        return origin_of(statistics, channel, c, eps);
    }
    // From the sums of g and of g d.
    SRT_INLINE Gradient finish(index_t channel, Sum2 sums, acc_t *dgamma, acc_t *dbeta) const {
        ChannelCentre by = channel_centre(statistics, channel, c, eps);
        acc_t rstd = (acc_t)1 / by.deviation, dot = srt_fma(-by.rest, sums.x, sums.y) * rstd;
        acc_t scale = (gamma ? gamma[channel] : 1) * (gain * rstd), each = -scale / (acc_t)values;
        acc_t slope = each * dot * rstd;
        dgamma[channel] = values ? gain * dot : 0;
        dbeta[channel] = sums.x;
        Gradient gradient = {by.power, by.mean, scale,
                             srt_fma(-slope, by.rest, each * sums.x), slope};
        return gradient;
    }
};

SRT_INLINE acc_t gradient_at(acc_t g, acc_t x, const Gradient &by, bool training) {
    acc_t rest = 0;
    if (training) rest = srt_fma(srt_fma(x, by.power, -by.mean), by.slope, by.offset);
    acc_t dx = srt_fma(g, by.scale, rest);
    return SRT_SCALED ? dx * by.power : dx;
}

// -- along planes -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE Sum2 plane_sums(const scalar_t *grad, const scalar_t *x, Origin from, const Share &share,
                           index_t c, index_t s, int lanes) {
    Sum2 total = no_sum2();
    walk_planes<SRT_PAIRS, false>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(grad + at[u], valid[u]);
            v[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
        }
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            Sum2 part = no_sum2();
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                if (!has_element<ALIGNED>(valid[u], j)) continue;
                acc_t d = from_mean(to_acc(v[u].v[j]), from.power, from.mean);
                part.x += to_acc(g[u].v[j]);
                part.y = srt_fma(to_acc(g[u].v[j]), d, part.y);
            }
            total = total + part;
        }
    });
    return total;
}

// The block's, in every thread.
SRT_INLINE Sum2 share_sums(const scalar_t *grad, const scalar_t *x, Origin from, const Share &share,
                           index_t c, index_t s, int lanes) {
    Sum2 own = packs_allowed(bits_of(grad) | bits_of(x) | s * sizeof(scalar_t))
                   ? plane_sums<true>(grad, x, from, share, c, s, lanes)
                   : plane_sums<false>(grad, x, from, share, c, s, lanes);
    return block_total(own, no_sum2());
}

template <bool ALIGNED>
SRT_INLINE void write_plane_gradients(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                      const Gradient &by, bool training, const Share &share,
                                      index_t c, index_t s, int lanes) {
    walk_planes<SRT_PAIRS, true>(share, c, s, lanes, [&](const index_t *at, const int *valid) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(grad + at[u], valid[u]);
            if (training) v[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
        }
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&g[u].v[j],
                         gradient_at(to_acc(g[u].v[j]), to_acc(v[u].v[j]), by, training));
            store_pack<ALIGNED>(dx + at[u], g[u], valid[u]);
        }
    });
}

SRT_INLINE void plane_gradients(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                const Gradient &by, bool training, const Share &share, index_t c,
                                index_t s, int lanes) {
    if (packs_allowed(bits_of(dx) | bits_of(grad) | bits_of(x) | s * sizeof(scalar_t)))
        write_plane_gradients<true>(dx, grad, x, by, training, share, c, s, lanes);
    else
        write_plane_gradients<false>(dx, grad, x, by, training, share, c, s, lanes);
}

// sum grad and sum grad * (x * power - mean * power) by shares, the power of two as of
// golden_bn_backward_finalize: partial is acc_t (c, splits, 2), grad and x (n, c, s), statistics
// double (4, c); eps as forward. lanes, planes, packs and segments as for
// golden_bn_2d_compute_stats.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_backward_reduce)(Sum2 *partial, const scalar_t *grad, const scalar_t *x,
                                             const double *statistics, acc_t eps, index_t n,
                                             index_t c, index_t s, int lanes, index_t planes,
                                             index_t packs, int segments) {
    Share share = share_of(blockIdx.x, blockIdx.y, n, s, planes, packs, segments);
    Origin from = origin_of(statistics, share.channel, c, eps);
    Sum2 total = share_sums(grad, x, from, share, c, s, lanes);
    if (threadIdx.x == 0) partial[share.channel * gridDim.y + blockIdx.y] = total;
}

// dx = scale * grad, and if training (not 0) + offset + slope * (x * power - mean), all times
// power.
// dx, grad and x are (n, c, s), gradient acc_t (c, 5): power, mean, scale, offset, slope. lanes,
// planes, packs and segments as for golden_bn_2d_compute_stats. Walked backward against the sums.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_backward)(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                      const Gradient *gradient, int training, index_t n, index_t c,
                                      index_t s, int lanes, index_t planes, index_t packs,
                                      int segments) {
    index_t channel = gridDim.x - 1 - blockIdx.x;
    Share share = share_of(channel, gridDim.y - 1 - blockIdx.y, n, s, planes, packs, segments);
    Gradient own = gradient[channel];  // once: a compiler must think that each store may change it
    plane_gradients(dx, grad, x, own, training, share, c, s, lanes);
}

// dx, dgamma and dbeta at once, as of golden_bn_backward_finalize and golden_bn_2d_backward, mean
// and variance constants where training is 0. dx, grad and x are (n, c, s); dgamma, dbeta and gamma
// (or null) acc_t (c); statistics double (4, c); gain and eps as forward. A block reads a channel
// of both that its cache holds, twice, `lanes` threads along a plane.
// Launch: grid c, block a multiple of 32 from lanes to 512.
extern "C" __global__ void __launch_bounds__(512)
    SRT_KERNEL(golden_bn_2d_backward_fused)(scalar_t *dx, acc_t *dgamma, acc_t *dbeta,
                                            const scalar_t *grad, const scalar_t *x,
                                            const double *statistics, const acc_t *gamma,
                                            acc_t gain, acc_t eps, int training, index_t n,
                                            index_t c, index_t s, int lanes) {
    __shared__ Gradient by;
    index_t channel = blockIdx.x;
    Given given = {statistics, gamma, gain, eps, c, n * s};
    Share share = share_of(channel, 0, n, s, n, (s + SRT_VEC - 1) / SRT_VEC, 1);
    Sum2 sums = share_sums(grad, x, given.origin(channel), share, c, s, lanes);
    if (threadIdx.x == 0) by = given.finish(channel, sums, dgamma, dbeta);
    __syncthreads();
    plane_gradients(dx, grad, x, by, training, share, c, s, lanes);
}

// -- down columns -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void row_sums(Sum2 (&total)[SRT_VEC], const scalar_t *grad, const scalar_t *x,
                         const Origin (&from)[SRT_VEC], const Columns &own, index_t begin, index_t end,
                         index_t c) {
    walk_rows<SRT_PAIRS, false>(own, begin, end, c,
                                 [&](const index_t *at, const index_t *, unsigned mask) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(grad + at[u], own.valid);
            v[u] = load_pack<ALIGNED>(x + at[u], own.valid);
        }
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) {
            Sum2 part = no_sum2();
#pragma unroll
            for (int u = 0; u < SRT_PAIRS; ++u) {
                if (!(mask >> u & 1)) continue;
                acc_t d = from_mean(to_acc(v[u].v[j]), from[j].power, from[j].mean);
                part.x += to_acc(g[u].v[j]);
                part.y = srt_fma(to_acc(g[u].v[j]), d, part.y);
            }
            total[j] = total[j] + part;
        }
    });
}

// The block's, in the threads of row 0.
SRT_INLINE void column_sums(Sum2 (&total)[SRT_VEC], const scalar_t *grad, const scalar_t *x,
                            const Given &given, const Columns &own, index_t begin, index_t end) {
    __shared__ Slab<Origin> slab;
    Origin from[SRT_VEC];
    index_t c = given.c;
    each_column(own, c, [&](int k, index_t channel) { slab[k] = given.origin(channel); });
    __syncthreads();
    slab.take(from, own);
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) total[j] = no_sum2();
    if (packs_allowed(bits_of(grad) | bits_of(x) | c * sizeof(scalar_t)))
        row_sums<true>(total, grad, x, from, own, begin, end, c);
    else
        row_sums<false>(total, grad, x, from, own, begin, end, c);
    column_totals(total, own);
}

template <bool ALIGNED>
SRT_INLINE void write_column_gradients(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                       const Gradient (&by)[SRT_VEC], bool training,
                                       const Columns &own, index_t begin, index_t end, index_t c) {
    walk_rows<SRT_PAIRS, true>(own, begin, end, c,
                                [&](const index_t *at, const index_t *, unsigned mask) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(grad + at[u], own.valid);
            if (training) v[u] = load_pack<ALIGNED>(x + at[u], own.valid);
        }
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j)
                from_acc(&g[u].v[j],
                         gradient_at(to_acc(g[u].v[j]), to_acc(v[u].v[j]), by[j], training));
            store_pack<ALIGNED>(dx + at[u], g[u], mask >> u & 1 ? own.valid : 0);
        }
    });
}

SRT_INLINE void column_gradients(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                 const Gradient (&by)[SRT_VEC], bool training, const Columns &own,
                                 index_t begin, index_t end, index_t c) {
    if (packs_allowed(bits_of(dx) | bits_of(grad) | bits_of(x) | c * sizeof(scalar_t)))
        write_column_gradients<true>(dx, grad, x, by, training, own, begin, end, c);
    else
        write_column_gradients<false>(dx, grad, x, by, training, own, begin, end, c);
}

// sum grad and sum grad * (x * power - mean * power) by shares, as of golden_bn_2d_backward_reduce:
// partial is acc_t (c, splits, 2), grad and x (n, c), statistics double (4, c); eps as forward.
// `lanes`, a power of two up to 32, times V columns and `rows` rows are a block's.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_backward_reduce)(Sum2 *partial, const scalar_t *grad, const scalar_t *x,
                                             const double *statistics, acc_t eps, index_t n,
                                             index_t c, int lanes, index_t rows) {
    Columns own = columns_of(blockIdx.x, c, lanes);
    Given given = {statistics, 0, 1, eps, c, n};
    index_t begin = blockIdx.y * rows;
    Sum2 total[SRT_VEC];
    column_sums(total, grad, x, given, own, begin, min(n, begin + rows));
    if (own.row) return;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) partial[(own.column + j) * gridDim.y + blockIdx.y] = total[j];
}

// dx = scale * grad, and if training (not 0) + offset + slope * (x * power - mean), all times
// power.
// dx, grad and x are (n, c), gradient acc_t (c, 5): power, mean, scale, offset, slope. `lanes`, a
// power of two up to 32, times V columns and `rows` rows are a block's. Walked backward against the
// sums.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_backward)(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                      const Gradient *gradient, int training, index_t n, index_t c,
                                      int lanes, index_t rows) {
    Columns own = columns_of(gridDim.x - 1 - blockIdx.x, c, lanes);
    index_t begin = (gridDim.y - 1 - blockIdx.y) * rows;
    Gradient by[SRT_VEC];
    hand_out(by, gradient, own, c);
    column_gradients(dx, grad, x, by, training, own, begin, min(n, begin + rows), c);
}

// golden_bn_2d_backward_fused for columns: dx, grad and x are (n, c); dgamma, dbeta and gamma (or
// null) acc_t (c), statistics double (4, c); gain, eps and training as there. Narrow slabs, which
// the block's cache holds, are read twice. `lanes`, a power of two up to 32, times V columns are a
// block's.
// Launch: grid ceil(c / (lanes * V)), block a multiple of 128 up to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_1d_backward_fused)(scalar_t *dx, acc_t *dgamma, acc_t *dbeta,
                                            const scalar_t *grad, const scalar_t *x,
                                            const double *statistics, const acc_t *gamma,
                                            acc_t gain, acc_t eps, int training, index_t n,
                                            index_t c, int lanes) {
    __shared__ Slab<Sum2> sums;
    __shared__ Slab<Gradient> slab;
    Columns own = columns_of(blockIdx.x, c, lanes);
    Given given = {statistics, gamma, gain, eps, c, n};
    Sum2 total[SRT_VEC];
    column_sums(total, grad, x, given, own, 0, n);
    if (own.row == 0)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) sums.of[j][own.lane] = total[j];
    __syncthreads();
    each_column(own, c, [&](int k, index_t channel) {
        slab[k] = given.finish(channel, sums[k], dgamma, dbeta);
    });
    __syncthreads();
    Gradient by[SRT_VEC];
    slab.take(by, own);
    column_gradients(dx, grad, x, by, training, own, 0, n, c);
}

// -- from parts ---------------------------------------------------------------------------------

// dbeta = sum g, dgamma = gain * sum g xhat, and gradient, acc_t (c, 5), for dx: with deviation =
// sqrt(var + eps) and power = 2^-k of about 1 / deviation, power, mean * power, scale = gamma *
// gain / (deviation * power), and offset and slope, which hold -scale * <g> and -scale * <g xhat>,
// <> the mean of a channel's n s values; from partial, acc_t (c, splits, 2), the sums of g and of
// g * (x * power - mean * power). dgamma, dbeta and gamma (or null) are acc_t (c), statistics
// double (4, c); gain and eps as forward; s is 1 for columns. A team, a power of two up to 32 of
// threads, merges a channel's parts.
// Launch: grid ceil(c * team / 128), block 128.
extern "C" __global__ void __launch_bounds__(128)
    SRT_KERNEL(golden_bn_backward_finalize)(acc_t *dgamma, acc_t *dbeta, Gradient *gradient,
                                            const Sum2 *partial, const double *statistics,
                                            const acc_t *gamma, acc_t gain, acc_t eps, index_t n,
                                            index_t c, index_t s, int splits, int team) {
    int lane = threadIdx.x & (team - 1);
    index_t channel = (index_t)blockIdx.x * (blockDim.x / team) + threadIdx.x / team;
    Given given = {statistics, gamma, gain, eps, c, n * s};
    Sum2 sums = no_sum2();
    for (int k = lane; channel < c && k < splits; k += team)
        sums = sums + partial[channel * splits + k];
    for (int by = team >> 1; by; by >>= 1) sums = sums + lane_down(sums, by);
    if (lane || channel >= c) return;
    gradient[channel] = given.finish(channel, sums, dgamma, dbeta);
}

#endif
