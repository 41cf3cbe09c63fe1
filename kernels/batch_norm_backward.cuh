// The gradients of golden batch normalization, out = (x - mean) * scale + beta. With g the gradient
// of out, d = x - mean and m values a channel:
//   dbeta = sum g, dgamma = sqrt(target / (var + eps)) * sum g d,
//   dx = scale * (g - sum g / m - d / (var + eps) * sum g d / m), or scale * g where mean and
//   variance are constants.
#ifndef SRT_BATCH_NORM_BACKWARD_CUH
#define SRT_BATCH_NORM_BACKWARD_CUH
#include "norm.cuh"

// dx = scale * g + (offset + slope * (x - mean)), the second part in training only.
struct Gradient {
    acc_t mean, scale, offset, slope;
};

SRT_INLINE Gradient gradient_of(Sum2 sums, acc_t mean, acc_t var, acc_t gamma, acc_t target,
                                acc_t eps, index_t m) {
    acc_t scale = golden_scale(var, gamma, target, eps), each = -scale / (acc_t)m;
    Gradient gradient = {mean, scale, each * sums.x, each * sums.y / (var + eps)};
    return gradient;
}

SRT_INLINE acc_t gradient_at(acc_t g, acc_t x, const Gradient &by, bool training) {
    acc_t rest = training ? srt_fma(x - by.mean, by.slope, by.offset) : (acc_t)0;
    return srt_fma(g, by.scale, rest);
}

// -- along planes -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE Sum2 plane_sums(const scalar_t *grad, const scalar_t *x, acc_t mean, const Share &share,
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
                part.x += to_acc(g[u].v[j]);
                part.y = srt_fma(to_acc(g[u].v[j]), to_acc(v[u].v[j]) - mean, part.y);
            }
            total = total + part;
        }
    });
    return total;
}

// The block's, in every thread.
SRT_INLINE Sum2 share_sums(const scalar_t *grad, const scalar_t *x, acc_t mean, const Share &share,
                           index_t c, index_t s, int lanes) {
    Sum2 own = packs_allowed(bits_of(grad) | bits_of(x) | s * sizeof(scalar_t))
                   ? plane_sums<true>(grad, x, mean, share, c, s, lanes)
                   : plane_sums<false>(grad, x, mean, share, c, s, lanes);
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

// sum grad and sum grad * (x - mean) by shares: partial is acc_t (c, splits, 2), grad and x
// (n, c, s), mean acc_t (c). lanes, planes, packs and segments as for golden_bn_2d_compute_stats.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_backward_reduce)(Sum2 *partial, const scalar_t *grad, const scalar_t *x,
                                             const acc_t *mean, index_t n, index_t c, index_t s,
                                             int lanes, index_t planes, index_t packs,
                                             int segments) {
    Share share = share_of(blockIdx.x, blockIdx.y, n, s, planes, packs, segments);
    Sum2 total = share_sums(grad, x, mean[share.channel], share, c, s, lanes);
    if (threadIdx.x == 0) partial[share.channel * gridDim.y + blockIdx.y] = total;
}

// dx = scale * grad, and if training (not 0) + offset + slope * (x - mean). dx, grad and x
// are (n, c, s), gradient acc_t (c, 4): mean, scale, offset, slope. lanes, planes, packs and
// segments as for golden_bn_2d_compute_stats. Walked backward against the sums.
// Launch: grid (c, splits = ceil(n / planes) * segments), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_2d_backward)(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                      const Gradient *gradient, int training, index_t n, index_t c,
                                      index_t s, int lanes, index_t planes, index_t packs,
                                      int segments) {
    index_t channel = gridDim.x - 1 - blockIdx.x;
    Share share = share_of(channel, gridDim.y - 1 - blockIdx.y, n, s, planes, packs, segments);
    plane_gradients(dx, grad, x, gradient[channel], training, share, c, s, lanes);
}

// dx, dgamma and dbeta at once, as of golden_bn_backward_finalize and golden_bn_2d_backward, mean
// and var constants where training is 0. dx, grad and x are (n, c, s); dgamma, dbeta, mean, var and
// gamma (or null) acc_t (c); target and eps as forward. A block reads a channel of both that its
// cache holds, twice, `lanes` threads along a plane.
// Launch: grid c, block a multiple of 32 from lanes to 512.
extern "C" __global__ void __launch_bounds__(512)
    SRT_KERNEL(golden_bn_2d_backward_fused)(scalar_t *dx, acc_t *dgamma, acc_t *dbeta,
                                            const scalar_t *grad, const scalar_t *x,
                                            const acc_t *mean, const acc_t *var, const acc_t *gamma,
                                            acc_t target, acc_t eps, int training, index_t n,
                                            index_t c, index_t s, int lanes) {
    index_t channel = blockIdx.x;
    Share share = share_of(channel, 0, n, s, n, (s + SRT_VEC - 1) / SRT_VEC, 1);
    Sum2 sums = share_sums(grad, x, mean[channel], share, c, s, lanes);
    acc_t spread = var[channel];
    if (threadIdx.x == 0) {
        dgamma[channel] = golden_scale(spread, 1, target, eps) * sums.y;
        dbeta[channel] = sums.x;
    }
    Gradient by = gradient_of(sums, mean[channel], spread, gamma ? gamma[channel] : 1, target, eps,
                              n * s);
    plane_gradients(dx, grad, x, by, training, share, c, s, lanes);
}

// -- down columns -------------------------------------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void row_sums(Sum2 (&total)[SRT_VEC], const scalar_t *grad, const scalar_t *x,
                         const AccPack &mean, const Columns &own, index_t begin, index_t end,
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
                part.x += to_acc(g[u].v[j]);
                part.y = srt_fma(to_acc(g[u].v[j]), to_acc(v[u].v[j]) - mean.v[j], part.y);
            }
            total[j] = total[j] + part;
        }
    });
}

// The block's, in the threads of row 0.
SRT_INLINE void column_sums(Sum2 (&total)[SRT_VEC], const scalar_t *grad, const scalar_t *x,
                            const AccPack &mean, const Columns &own, index_t begin, index_t end,
                            index_t c) {
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) total[j] = no_sum2();
    if (packs_allowed(bits_of(grad) | bits_of(x) | c * sizeof(scalar_t)))
        row_sums<true>(total, grad, x, mean, own, begin, end, c);
    else
        row_sums<false>(total, grad, x, mean, own, begin, end, c);
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

// sum grad and sum grad * (x - mean) by shares: partial is acc_t (c, splits, 2), grad and x (n, c),
// mean acc_t (c). `lanes`, a power of two up to 32, times V columns and `rows` rows are a block's.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_backward_reduce)(Sum2 *partial, const scalar_t *grad, const scalar_t *x,
                                             const acc_t *mean, index_t n, index_t c, int lanes,
                                             index_t rows) {
    Columns own = columns_of(blockIdx.x, c, lanes);
    index_t begin = blockIdx.y * rows;
    Sum2 total[SRT_VEC];
    AccPack centre = load_acc(mean + own.column, own.valid, 0);
    column_sums(total, grad, x, centre, own, begin, min(n, begin + rows), c);
    if (own.row) return;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) partial[(own.column + j) * gridDim.y + blockIdx.y] = total[j];
}

// dx = scale * grad, and if training (not 0) + offset + slope * (x - mean). dx, grad and x
// are (n, c), gradient acc_t (c, 4): mean, scale, offset, slope. `lanes`, a power of two up to 32,
// times V columns and `rows` rows are a block's. Walked backward against the sums.
// Launch: grid (ceil(c / (lanes * V)), splits = ceil(n / rows)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_bn_1d_backward)(scalar_t *dx, const scalar_t *grad, const scalar_t *x,
                                      const Gradient *gradient, int training, index_t n, index_t c,
                                      int lanes, index_t rows) {
    Columns own = columns_of(gridDim.x - 1 - blockIdx.x, c, lanes);
    index_t begin = (gridDim.y - 1 - blockIdx.y) * rows;
    Gradient by[SRT_VEC];
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) by[j] = gradient[own.column + j];
    column_gradients(dx, grad, x, by, training, own, begin, min(n, begin + rows), c);
}

// golden_bn_2d_backward_fused for columns: dx, grad and x are (n, c); dgamma, dbeta, mean, var and
// gamma (or null) acc_t (c); target, eps and training as there. Narrow slabs, which the block's
// cache holds, are read twice. `lanes`, a power of two up to 32, times V columns are a block's.
// Launch: grid ceil(c / (lanes * V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_bn_1d_backward_fused)(scalar_t *dx, acc_t *dgamma, acc_t *dbeta,
                                            const scalar_t *grad, const scalar_t *x,
                                            const acc_t *mean, const acc_t *var, const acc_t *gamma,
                                            acc_t target, acc_t eps, int training, index_t n,
                                            index_t c, int lanes) {
    __shared__ Gradient slab[SRT_VEC][SRT_WARP];
    Columns own = columns_of(blockIdx.x, c, lanes);
    Sum2 total[SRT_VEC];
    column_sums(total, grad, x, load_acc(mean + own.column, own.valid, 0), own, 0, n, c);
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) {
        index_t k = own.column + j;
        if (own.row || j >= own.valid) break;
        slab[j][own.lane] =
            gradient_of(total[j], mean[k], var[k], gamma ? gamma[k] : 1, target, eps, n);
        dgamma[k] = golden_scale(var[k], 1, target, eps) * total[j].y;
        dbeta[k] = total[j].x;
    }
    __syncthreads();
    Gradient by[SRT_VEC];
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) by[j] = slab[j][own.lane];
    column_gradients(dx, grad, x, by, training, own, 0, n, c);
}

// -- from parts ---------------------------------------------------------------------------------

// dbeta = sum g, dgamma = r * sum g d, r = sqrt(target / (var + eps)), and gradient, acc_t (c, 4),
// for dx: mean, scale = gamma * r, -scale * sum g / m and -scale * sum g d / (m * (var + eps)), m =
// n s; from partial, acc_t (c, splits, 2), the sums. dgamma, dbeta, mean, var and gamma (or null)
// are acc_t (c); s is 1 for columns. A team, a power of two up to 32 of threads, merges a channel's
// parts.
// Launch: grid ceil(c * team / 128), block 128.
extern "C" __global__ void __launch_bounds__(128)
    SRT_KERNEL(golden_bn_backward_finalize)(acc_t *dgamma, acc_t *dbeta, Gradient *gradient,
                                            const Sum2 *partial, const acc_t *mean,
                                            const acc_t *var, const acc_t *gamma, acc_t target,
                                            acc_t eps, index_t n, index_t c, index_t s,
                                            int splits, int team) {
    int lane = threadIdx.x & (team - 1);
    index_t channel = (index_t)blockIdx.x * (blockDim.x / team) + threadIdx.x / team;
    Sum2 sums = no_sum2();
    for (int k = lane; channel < c && k < splits; k += team)
        sums = sums + partial[channel * splits + k];
    for (int by = team >> 1; by; by >>= 1) sums = sums + lane_down(sums, by);
    if (lane || channel >= c) return;
    acc_t spread = var[channel];
    gradient[channel] = gradient_of(sums, mean[channel], spread, gamma ? gamma[channel] : 1, target,
                                    eps, n * s);
    dgamma[channel] = splits ? golden_scale(spread, 1, target, eps) * sums.y : 0;
    dbeta[channel] = sums.x;
}

#endif
