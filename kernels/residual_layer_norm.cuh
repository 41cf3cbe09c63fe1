// The layer normalisation of a phi-residual connection: joined as it is loaded, rows in registers.
#ifndef SRT_RESIDUAL_LAYER_NORM_CUH
#define SRT_RESIDUAL_LAYER_NORM_CUH
#include "residual_mode.cuh"
#include "rows.cuh"

// What a thread holds of a row, in numbers; the launcher counts on it.
#define SRT_FORWARD_ITEMS (64 / (int)sizeof(acc_t))
#define SRT_BACKWARD_ITEMS (32 / (int)sizeof(acc_t))

// The joined numbers of a segment, W neighbours at a time; 0 beyond its end. Loads precede uses:
// all of them, or four if W is 1, which is as far as registers reach.
template <int W, int ITEMS>
SRT_INLINE void load_joined(acc_t (&s)[ITEMS], const Segment &at, const scalar_t *identity,
                            const scalar_t *residual, index_t cols, Mode mode) {
    const int units = ITEMS / W, group = W == 1 ? 4 : units;
    index_t first = at.row * cols + at.begin;
    Lanes<scalar_t, W> x[group], y[group];
#pragma unroll
    for (int from = 0; from < units; from += group) {
#pragma unroll
        for (int u = 0; u < group; ++u)
            if (at.at<W>(from + u) < at.length) {
                x[u] = load<scalar_t, W>(identity + first + at.at<W>(from + u));
                y[u] = load<scalar_t, W>(residual + first + at.at<W>(from + u));
            }
#pragma unroll
        for (int u = 0; u < group; ++u)
#pragma unroll
            for (int e = 0; e < W; ++e)
                s[(from + u) * W + e] = at.at<W>(from + u) < at.length
                                            ? mode(to_acc(x[u].v[e]), to_acc(y[u].v[e]))
                                            : (acc_t)0;
    }
}

// Subtracts the mean from s; returns count, mean and centred sum of squares of the segment. The
// corrected two-pass algorithm: what the rounded mean leaves is subtracted too. (T. F. Chan,
// G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", Amer. Statist. 37
// (1983), eq. (1.7).)
template <int W, int ITEMS>
SRT_INLINE Moments centre(acc_t (&s)[ITEMS], const Segment &at) {
    acc_t sum = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) sum += s[i];
    acc_t n = (acc_t)at.length, mean = team_total(sum, (acc_t)0, at.team) / n;
    Sum2 rest = no_sum2();
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u)
        if (at.at<W>(u) < at.length)
#pragma unroll
            for (int e = 0; e < W; ++e) {
                acc_t d = s[u * W + e] -= mean;
                rest.x += d;
                rest.y = srt_fma(d, d, rest.y);
            }
    rest = team_total(rest, no_sum2(), at.team);
    acc_t missed = rest.x / n;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) s[i] -= missed;
    Moments r = {n, mean + missed, rest.y - missed * rest.x};
    return r;
}
SRT_INLINE acc_t inverse_deviation(acc_t m2, acc_t n, acc_t eps) {
    return (acc_t)1 / srt_sqrt(m2 / n + eps);
}

struct Affine {
    const acc_t *gamma, *beta;  // null: 1 and 0
};
template <int W, int ITEMS>
SRT_INLINE void store_normalised(scalar_t *out, const acc_t (&d)[ITEMS], const Segment &at,
                                 acc_t rstd, Affine affine, index_t cols) {
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) return;
        index_t col = at.begin + at.at<W>(u);
        Lanes<acc_t, W> gamma, beta;
        if (affine.gamma) gamma = load<acc_t, W>(affine.gamma + col);
        if (affine.beta) beta = load<acc_t, W>(affine.beta + col);
        Lanes<scalar_t, W> y;
#pragma unroll
        for (int e = 0; e < W; ++e) {
            acc_t x = d[u * W + e] * rstd;
            if (affine.gamma) x *= gamma.v[e];
            if (affine.beta) x += beta.v[e];
            from_acc(&y.v[e], x);
        }
        store(out + at.row * cols + col, y);
    }
}

template <int W>
SRT_INLINE void layernorm(scalar_t *out, acc_t *mean, acc_t *rstd, const acc_t *rest,
                          const scalar_t *identity, const scalar_t *residual, Affine affine,
                          acc_t eps, Mode mode, index_t cols, const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    load_joined<W>(s, at, identity, residual, cols, mode);
    acc_t r = 0;
    if (!rest) {
        Moments m = centre<W>(s, at);
        r = inverse_deviation(m.m2, m.n, eps);
        if (at.leads()) mean[at.row] = m.mean, rstd[at.row] = r;
    } else if (at.length > 0) {
        acc_t m = mean[at.row], missed = rest[at.row];
        r = rstd[at.row];
#pragma unroll
        for (int i = 0; i < SRT_FORWARD_ITEMS; ++i) s[i] = (s[i] - m) - missed;
    }
    store_normalised<W>(out, s, at, r, affine, cols);
}

// out = (s - mean) * rstd * gamma + beta by rows of s = outer * (identity + inner * residual),
// rstd = 1 / sqrt(var + eps). out, identity and residual are (rows, cols), mean and rstd
// acc_t (rows), gamma and beta acc_t (cols) or null. Makes mean and rstd where rest is null, for
// rows of one segment; else reads them, made by phi_residual_layernorm_finalize, with rest,
// acc_t (rows): what the rounded mean misses.
// A team of threads, a power of two up to 512, holds a segment of I * team columns; I is 8 for f64,
// else 16.
// Launch: grid (ceil(rows * team / block), ceil(cols / (I * team))), block 256 for a team up to 32,
// else team.
extern "C" __global__ void __launch_bounds__(512)
SRT_KERNEL(phi_residual_layernorm)(scalar_t *out, acc_t *mean, acc_t *rstd, const acc_t *rest,
                                   const scalar_t *identity, const scalar_t *residual,
                                   const acc_t *gamma, const acc_t *beta, acc_t eps, acc_t inner,
                                   acc_t outer, index_t rows, index_t cols, int team) {
    Segment at = segment_of<SRT_FORWARD_ITEMS>(blockIdx.x, rows, cols, team);
    Mode mode = {inner, outer};
    Affine affine = {gamma, beta};
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(out) | bits_of(identity) | bits_of(residual) |
                                             bits_of(gamma) | bits_of(beta)))
        layernorm<SRT_VEC>(out, mean, rstd, rest, identity, residual, affine, eps, mode, cols, at);
    else
        layernorm<1>(out, mean, rstd, rest, identity, residual, affine, eps, mode, cols, at);
}

// Long rows are summed less their first number: far from zero nothing is lost then.
SRT_INLINE acc_t pivot_of(index_t row, const scalar_t *identity, const scalar_t *residual,
                          index_t cols, Mode mode) {
    return mode(to_acc(identity[row * cols]), to_acc(residual[row * cols]));
}

// The moments of each segment of long rows, for the finalize kernel: partial (rows, segments, 3).
template <int W>
SRT_INLINE void layernorm_partial(acc_t *partial, const scalar_t *identity,
                                  const scalar_t *residual, Mode mode, index_t cols,
                                  const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS], pivot = pivot_of(at.row, identity, residual, cols, mode);
    load_joined<W>(s, at, identity, residual, cols, mode);
#pragma unroll
    for (int u = 0; u < SRT_FORWARD_ITEMS / W; ++u)
#pragma unroll
        for (int e = 0; e < W; ++e)
            if (at.at<W>(u) < at.length) s[u * W + e] -= pivot;
    Moments m = centre<W>(s, at);
    if (!at.leads()) return;
    acc_t *to = partial + 3 * (at.row * gridDim.y + blockIdx.y);
    to[0] = m.n, to[1] = m.mean, to[2] = m.m2;
}

// Count, mean and sum of squared deviations of s less its row's first, as of
// phi_residual_layernorm, by segments: partial is acc_t (rows, segments, 3), identity and residual
// (rows, cols); inner and outer as there.
// A segment has I * team columns, team a power of two from 64 to 512; I is 8 for f64, else 16.
// Launch: grid (rows, segments = ceil(cols / (I * team))), block team.
extern "C" __global__ void __launch_bounds__(512)
SRT_KERNEL(phi_residual_layernorm_partial)(acc_t *partial, const scalar_t *identity,
                                           const scalar_t *residual, acc_t inner, acc_t outer,
                                           index_t rows, index_t cols, int team) {
    Segment at = segment_of<SRT_FORWARD_ITEMS>(blockIdx.x, rows, cols, team);
    Mode mode = {inner, outer};
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(identity) | bits_of(residual)))
        layernorm_partial<SRT_VEC>(partial, identity, residual, mode, cols, at);
    else
        layernorm_partial<1>(partial, identity, residual, mode, cols, at);
}

// mean, rstd and rest, acc_t (rows), from the partial, acc_t (rows, segments, 3): mean + rest is
// the mean in two words, rstd = 1 / sqrt(var + eps). identity, residual (rows, cols), inner and
// outer as for phi_residual_layernorm.
// Launch: grid rows, block 32.
extern "C" __global__ void __launch_bounds__(SRT_WARP)
SRT_KERNEL(phi_residual_layernorm_finalize)(acc_t *mean, acc_t *rstd, acc_t *rest,
                                            const acc_t *partial, const scalar_t *identity,
                                            const scalar_t *residual, acc_t eps, acc_t inner,
                                            acc_t outer, index_t cols, index_t segments) {
    index_t row = blockIdx.x;
    Moments m = no_moments();
    for (index_t i = threadIdx.x; i < segments; i += SRT_WARP) {
        const acc_t *from = partial + 3 * (row * segments + i);
        Moments next = {from[0], from[1], from[2]};
        m = m + next;
    }
    m = warp_total(m);
    if (threadIdx.x > 0) return;
    Mode mode = {inner, outer};
    Two whole = two_sum(pivot_of(row, identity, residual, cols, mode), m.mean);
    mean[row] = whole.high;
    rest[row] = whole.low;
    rstd[row] = inverse_deviation(m.m2, m.n, eps);
}

// -- its gradient ---------------------------------------------------------------------------
// With xhat = (s - mean) * rstd, h = grad * gamma and <> the mean of a row, the gradient of s is
// rstd * (h - <h> - xhat * <h xhat>).
struct Normalised {
    const scalar_t *grad, *identity, *residual;
    const acc_t *gamma, *mean, *rstd;
    Mode mode;
    index_t cols;
};

// xhat and grad of a segment; 0 beyond its end.
template <int W, int ITEMS>
SRT_INLINE void load_normalised(acc_t (&xhat)[ITEMS], acc_t (&g)[ITEMS],
                                const Normalised &k, const Segment &at) {
    index_t first = at.row * k.cols + at.begin;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        Lanes<scalar_t, W> x;
        bool held = at.at<W>(u) < at.length;
        if (held) x = load<scalar_t, W>(k.grad + first + at.at<W>(u));
#pragma unroll
        for (int e = 0; e < W; ++e) g[u * W + e] = held ? to_acc(x.v[e]) : (acc_t)0;
    }
    load_joined<W>(xhat, at, k.identity, k.residual, k.cols, k.mode);
    acc_t mean = at.length ? k.mean[at.row] : (acc_t)0;
    acc_t rstd = at.length ? k.rstd[at.row] : (acc_t)0;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u)
#pragma unroll
        for (int e = 0; e < W; ++e) {
            int i = u * W + e;
            xhat[i] = at.at<W>(u) < at.length ? (xhat[i] - mean) * rstd : (acc_t)0;
        }
}

// Multiplies g by gamma; returns this thread's part of sum h and sum h xhat.
template <int W, int ITEMS>
SRT_INLINE Sum2 scale_and_sum(acc_t (&g)[ITEMS], const acc_t (&xhat)[ITEMS],
                              const acc_t *gamma, const Segment &at) {
    Sum2 sum = no_sum2();
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) break;
        Lanes<acc_t, W> scale;
        if (gamma) scale = load<acc_t, W>(gamma + at.begin + at.at<W>(u));
#pragma unroll
        for (int e = 0; e < W; ++e) {
            acc_t h = g[u * W + e];
            if (gamma) g[u * W + e] = h *= scale.v[e];
            sum.x += h;
            sum.y = srt_fma(h, xhat[u * W + e], sum.y);
        }
    }
    return sum;
}

template <int W, int ITEMS>
SRT_INLINE void store_gradients(scalar_t *grad_identity, scalar_t *grad_residual,
                                const acc_t (&h)[ITEMS], const acc_t (&xhat)[ITEMS],
                                Sum2 means, const Normalised &k, const Segment &at) {
    acc_t rstd = at.length ? k.rstd[at.row] : (acc_t)0;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) return;
        Lanes<scalar_t, W> x, y;
#pragma unroll
        for (int e = 0; e < W; ++e) {
            int i = u * W + e;
            acc_t g = rstd * srt_fma(-xhat[i], means.y, h[i] - means.x);
            from_acc(&x.v[e], k.mode.identity(g));
            from_acc(&y.v[e], k.mode.residual(g));
        }
        index_t to = at.row * k.cols + at.begin + at.at<W>(u);
        store(grad_identity + to, x);
        if (grad_residual) store(grad_residual + to, y);
    }
}

// Adds up v over the teams of a block, for column `offset` of the segment.
SRT_INLINE void store_column(acc_t *to, acc_t v, const Segment &at, int offset, index_t cols,
                             acc_t *part) {
    int team = at.team;
    if (team <= SRT_WARP) {
        for (int by = team; by < SRT_WARP; by <<= 1) v = v + lane_xor(v, by);
        part[threadIdx.x] = v;
        __syncthreads();
        for (int i = at.rank + SRT_WARP; i < blockDim.x; i += SRT_WARP) v += part[i];
        __syncthreads();
    }
    if (threadIdx.x < team && at.begin + offset < cols) to[at.begin + offset] = v;
}

template <int W>
SRT_INLINE void layernorm_backward(scalar_t *grad_identity, scalar_t *grad_residual,
                                   acc_t *partial, const Normalised &k, const acc_t *means,
                                   index_t rows, int team) {
    __shared__ acc_t part[SRT_TEAMS_BLOCK];
    acc_t dgamma[SRT_BACKWARD_ITEMS] = {0}, dbeta[SRT_BACKWARD_ITEMS] = {0};
    index_t turns = (rows + teams_per_block(team) - 1) / teams_per_block(team);
    for (index_t turn = blockIdx.x; turn < turns; turn += gridDim.x) {
        Segment at = segment_of<SRT_BACKWARD_ITEMS>(turn, rows, k.cols, team);
        acc_t xhat[SRT_BACKWARD_ITEMS], h[SRT_BACKWARD_ITEMS];
        load_normalised<W>(xhat, h, k, at);
#pragma unroll
        for (int i = 0; i < SRT_BACKWARD_ITEMS; ++i) {
            dgamma[i] = srt_fma(h[i], xhat[i], dgamma[i]);
            dbeta[i] += h[i];
        }
        Sum2 mean = scale_and_sum<W>(h, xhat, k.gamma, at);
        if (!means) {
            mean = team_total(mean, no_sum2(), team);
            mean.x /= (acc_t)k.cols, mean.y /= (acc_t)k.cols;
        } else if (at.length) {
            mean.x = means[2 * at.row], mean.y = means[2 * at.row + 1];
        }
        store_gradients<W>(grad_identity, grad_residual, h, xhat, mean, k, at);
    }
    acc_t *to = partial + 2 * blockIdx.x * k.cols;
    Segment at = segment_of<SRT_BACKWARD_ITEMS>(0, rows, k.cols, team);
#pragma unroll
    for (int u = 0; u < SRT_BACKWARD_ITEMS / W; ++u)
#pragma unroll
        for (int e = 0; e < W; ++e) {
            store_column(to, dgamma[u * W + e], at, at.at<W>(u) + e, k.cols, part);
            store_column(to + k.cols, dbeta[u * W + e], at, at.at<W>(u) + e, k.cols, part);
        }
}

// Threads at once of a multiprocessor: with 96 registers each, where the compiler needs no more.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
#define SRT_BACKWARD_THREADS 512
#else
#define SRT_BACKWARD_THREADS 640
#endif

// grad_identity = outer * g and grad_residual = inner * outer * g, where h = grad * gamma, xhat =
// (s - mean) * rstd, g = rstd * (h - <h> - xhat * <h xhat>), <> is the mean of a row, and s, inner
// and outer are those of phi_residual_layernorm. grad_identity, grad_residual, grad, identity and
// residual are (rows, cols); grad_residual is null where it equals grad_identity. gamma is
// acc_t (cols) or null, mean and rstd acc_t (rows). partial is acc_t (blocks, 2, cols): each
// block's sums for dgamma and dbeta. means is acc_t (rows, 2), <h> and <h xhat>, for rows longer
// than a segment, else null. A segment has I * team columns, team a power of two up to 512; I is 4
// for f64, else 8.
// Launch: grid (blocks, ceil(cols / (I * team))) with any number of blocks, which walk down the
// rows; block 256 for a team up to 32, else team.
extern "C" __global__ void __launch_bounds__(SRT_BACKWARD_THREADS)
SRT_KERNEL(phi_residual_layernorm_backward)(
    scalar_t *grad_identity, scalar_t *grad_residual, acc_t *partial, const scalar_t *grad,
    const scalar_t *identity, const scalar_t *residual, const acc_t *gamma, const acc_t *mean,
    const acc_t *rstd, const acc_t *means, acc_t inner, acc_t outer, index_t rows, index_t cols,
    int team) {
    Normalised k = {grad, identity, residual, gamma, mean, rstd, {inner, outer}, cols};
    if (cols % SRT_VEC == 0 &&
        packs_allowed(bits_of(grad_identity) | bits_of(grad_residual) | bits_of(grad) |
                      bits_of(identity) | bits_of(residual) | bits_of(gamma)))
        layernorm_backward<SRT_VEC>(grad_identity, grad_residual, partial, k, means, rows, team);
    else
        layernorm_backward<1>(grad_identity, grad_residual, partial, k, means, rows, team);
}

// sum h and sum h xhat of each segment of long rows: partial (rows, segments, 2).
template <int W>
SRT_INLINE void layernorm_backward_partial(acc_t *partial, const Normalised &k,
                                           const Segment &at) {
    acc_t xhat[SRT_BACKWARD_ITEMS], h[SRT_BACKWARD_ITEMS];
    load_normalised<W>(xhat, h, k, at);
    Sum2 sum = team_total(scale_and_sum<W>(h, xhat, k.gamma, at), no_sum2(), at.team);
    acc_t *to = partial + 2 * (at.row * gridDim.y + blockIdx.y);
    if (at.leads()) to[0] = sum.x, to[1] = sum.y;
}

// sum h and sum h xhat by segments, as of phi_residual_layernorm_backward: partial is
// acc_t (rows, segments, 2), grad, identity and residual (rows, cols), gamma acc_t (cols) or null,
// mean and rstd acc_t (rows); inner and outer as there.
// A segment has I * team columns, team a power of two from 64 to 512; I is 4 for f64, else 8.
// The 1 stops NVRTC 13 from spilling on sm_120 for the sake of more blocks.
// Launch: grid (rows, segments = ceil(cols / (I * team))), block team.
extern "C" __global__ void __launch_bounds__(512, 1)
SRT_KERNEL(phi_residual_layernorm_backward_partial)(
    acc_t *partial, const scalar_t *grad, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const acc_t *mean, const acc_t *rstd, acc_t inner, acc_t outer,
    index_t rows, index_t cols, int team) {
    Normalised k = {grad, identity, residual, gamma, mean, rstd, {inner, outer}, cols};
    Segment at = segment_of<SRT_BACKWARD_ITEMS>(blockIdx.x, rows, cols, team);
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(grad) | bits_of(identity) |
                                             bits_of(residual) | bits_of(gamma)))
        layernorm_backward_partial<SRT_VEC>(partial, k, at);
    else
        layernorm_backward_partial<1>(partial, k, at);
}

// means = <h> and <h xhat> of rows of cols numbers, acc_t (rows, 2), from partial,
// acc_t (rows, segments, 2).
// Launch: grid rows, block 32.
extern "C" __global__ void __launch_bounds__(SRT_WARP)
SRT_KERNEL(phi_residual_layernorm_backward_means)(acc_t *means, const acc_t *partial,
                                                  index_t cols, index_t segments) {
    index_t row = blockIdx.x;
    Sum2 sum = no_sum2();
    for (index_t i = threadIdx.x; i < segments; i += SRT_WARP) {
        const acc_t *from = partial + 2 * (row * segments + i);
        Sum2 next = {from[0], from[1]};
        sum = sum + next;
    }
    sum = warp_total(sum);
    if (threadIdx.x == 0) means[2 * row] = sum.x / (acc_t)cols, means[2 * row + 1] = sum.y / (acc_t)cols;
}

// dgamma and dbeta, acc_t (cols), are the sums of partial, acc_t (count, 2, cols), over count; 32
// columns of the two, side by side, to a block.
// Launch: grid ceil(2 * cols / 32), block 1024.
extern "C" __global__ void __launch_bounds__(SRT_SUM_BLOCK)
SRT_KERNEL(phi_residual_layernorm_backward_finalize)(acc_t *dgamma, acc_t *dbeta,
                                                     const acc_t *partial, index_t count,
                                                     index_t cols) {
    __shared__ acc_t part[SRT_SUM_BLOCK];
    index_t at = (index_t)blockIdx.x * SRT_WARP + threadIdx.x % SRT_WARP;
    acc_t sum = 0;
    if (at < 2 * cols)
#pragma unroll 8
        for (index_t i = threadIdx.x / SRT_WARP; i < count; i += SRT_SUM_BLOCK / SRT_WARP)
            sum += partial[i * 2 * cols + at];
    part[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x >= SRT_WARP || at >= 2 * cols) return;
    for (int i = threadIdx.x + SRT_WARP; i < SRT_SUM_BLOCK; i += SRT_WARP) sum += part[i];
    (at < cols ? dgamma : dbeta - cols)[at] = sum;
}

#endif
