// The layer normalisation of a phi-residual connection: joined as it is loaded, rows in registers.
#ifndef SRT_RESIDUAL_LAYER_NORM_CUH
#define SRT_RESIDUAL_LAYER_NORM_CUH
#include "residual_mode.cuh"
#include "rows.cuh"

// What a thread holds of a row, in numbers; the launcher counts on it.
#define SRT_FORWARD_ITEMS (64 / (int)sizeof(acc_t))
#define SRT_BACKWARD_ITEMS (32 / (int)sizeof(acc_t))

// Where two blocks a multiprocessor would make the compiler spill it is told of one.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 900
#define SRT_SEGMENT_BOUNDS 512
#else
#define SRT_SEGMENT_BOUNDS 512, 1
#endif

// The joined numbers of a row, one by one, times a power of two: joined as such, for the operands
// may be finite where what they make is not.
struct JoinedNumbers {
    const scalar_t *identity, *residual;
    Mode mode;

    SRT_INLINE acc_t operator()(index_t i, acc_t power) const {
        return mode(to_acc(identity[i]), to_acc(residual[i]), power);
    }
    // Long rows are summed less one of their numbers: far from zero nothing is lost then.
    SRT_INLINE acc_t pivot(index_t cols) const {
        return median((*this)(0, 1), (*this)(cols >> 1, 1), (*this)(cols - 1, 1));
    }
};
SRT_INLINE JoinedNumbers joined_numbers(index_t row, const scalar_t *identity,
                                        const scalar_t *residual, index_t cols, Mode mode) {
    return {identity + row * cols, residual + row * cols, mode};
}

// The joined numbers of a segment, times a power of two, W neighbours at a time; 0 beyond its end.
// Loads precede uses: all of them, or four if W is 1, which is as far as registers reach.
template <int W, int ITEMS>
SRT_INLINE void load_joined(acc_t (&s)[ITEMS], const Segment &at, const scalar_t *identity,
                            const scalar_t *residual, index_t cols, Mode mode, acc_t power) {
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
                                            ? mode(to_acc(x[u].v[e]), to_acc(y[u].v[e]), power)
                                            : (acc_t)0;
    }
}

// Subtracts from s its mean, of the segment; returns what is known of the rest. `moments` gets
// count, mean and centred sum of squares.
template <int W, int ITEMS>
SRT_INLINE RowStatistics centre(acc_t (&s)[ITEMS], const Segment &at, acc_t eps, Moments *moments) {
    acc_t sum = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) sum += s[i];
    acc_t n = (acc_t)at.length, weight = (acc_t)1 / n;
    acc_t mean = srt_mul(team_total(sum, (acc_t)0, at.team), weight);
    Sum2 rest = no_sum2();
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u)
        if (at.at<W>(u) < at.length)
#pragma unroll
            for (int e = 0; e < W; ++e) add_deviation(&rest, s[u * W + e] -= mean);
    rest = team_total(rest, no_sum2(), at.team);
    RowStatistics row = statistics_of(mean, rest, weight, eps, 1);
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) s[i] -= row.by.rest;
    if (moments) *moments = {n, mean + row.by.rest, row.by.var * n};
    return row;
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
        Lanes<acc_t, W> gamma = coefficients<W>(affine.gamma, col, 1);
        Lanes<acc_t, W> beta = coefficients<W>(affine.beta, col, 0);
        Lanes<scalar_t, W> y;
#pragma unroll
        for (int e = 0; e < W; ++e) {
            from_acc(&y.v[e], srt_fma(d[u * W + e] * rstd, gamma.v[e], beta.v[e]));
        }
        store(out + at.row * cols + col, y);
    }
}

template <int W>
SRT_INLINE void layernorm(const Normalized &to, const scalar_t *identity, const scalar_t *residual,
                          acc_t eps, Mode mode, index_t cols, const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    load_joined<W>(s, at, identity, residual, cols, mode, 1);
    RowStatistics row = centre<W>(s, at, eps, 0);
    bool again = at.length && !row.sound;
    if (!again) {
        if (at.leads()) store_row(to.statistics, at.row, to.rows, row.by, 1, row.deviation);
        store_normalised<W>(to.out, s, at, (acc_t)1 / row.deviation, {to.gamma, to.beta}, cols);
    }
    if (SRT_SCALED && __any_sync(SRT_ALL_LANES, again))
        normalize_again<W>(to, joined_numbers(at.row, identity, residual, cols, mode), at.row,
                               1, eps, cols, at.team, at.rank, again);
}

// out = (s - mean) / deviation * gamma + beta by rows of s = outer * (identity + inner * residual),
// deviation = sqrt(var + eps). out, identity and residual are (rows, cols), gamma and beta
// acc_t (cols) or null. statistics is double (3, rows): mean, what the mean has beyond a double,
// and deviation, all written.
// A team of threads, a power of two up to 512, holds a row: cols is at most I * team, I being 8 for
// f64, else 16.
// Launch: grid ceil(rows * team / block), block 256 for a team up to 32, else team.
extern "C" __global__ void __launch_bounds__(SRT_SEGMENT_BOUNDS)
SRT_KERNEL(phi_residual_layernorm)(scalar_t *out, double *statistics, const scalar_t *identity,
                                   const scalar_t *residual, const acc_t *gamma, const acc_t *beta,
                                   acc_t eps, acc_t inner, acc_t outer, index_t rows, index_t cols,
                                   int team) {
    Segment at = segment_of<SRT_FORWARD_ITEMS>(blockIdx.x, rows, cols, team);
    Mode mode = {inner, outer};
    Normalized to = {out, statistics, gamma, beta, rows};
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(out) | bits_of(identity) | bits_of(residual) |
                                             bits_of(gamma) | bits_of(beta)))
        layernorm<SRT_VEC>(to, identity, residual, eps, mode, cols, at);
    else
        layernorm<1>(to, identity, residual, eps, mode, cols, at);
}

// A segment of a row whose statistics are known.
template <int W>
SRT_INLINE void layernorm_apply(scalar_t *out, const Centre &by, const scalar_t *identity,
                                const scalar_t *residual, Affine affine, Mode mode, index_t cols,
                                const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    load_joined<W>(s, at, identity, residual, cols, mode, SRT_SCALED ? by.power : (acc_t)1);
#pragma unroll
    for (int i = 0; i < SRT_FORWARD_ITEMS; ++i)
        s[i] = srt_fma(s[i] - by.mean, by.scale, by.shift);
    store_normalised<W>(out, s, at, 1, affine, cols);
}

// phi_residual_layernorm by given statistics, double (3, rows): out, identity and residual are
// (rows, cols), gamma and beta acc_t (cols) or null, inner and outer as there.
// A segment has I * team columns, team a power of two from 64 to 512; I is 8 for f64, else 16.
// Launch: grid (rows, ceil(cols / (I * team))), block team.
extern "C" __global__ void __launch_bounds__(SRT_SEGMENT_BOUNDS)
SRT_KERNEL(phi_residual_layernorm_apply)(scalar_t *out, const double *statistics,
                                         const scalar_t *identity, const scalar_t *residual,
                                         const acc_t *gamma, const acc_t *beta, acc_t inner,
                                         acc_t outer, index_t rows, index_t cols, int team) {
    Segment at = segment_of<SRT_FORWARD_ITEMS>(blockIdx.x, rows, cols, team);
    __shared__ Centre by;
    if (threadIdx.x == 0) by = load_centre(statistics, at.row, rows);
    __syncthreads();
    Affine affine = {gamma, beta};
    Mode mode = {inner, outer};
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(out) | bits_of(identity) | bits_of(residual) |
                                             bits_of(gamma) | bits_of(beta)))
        layernorm_apply<SRT_VEC>(out, by, identity, residual, affine, mode, cols, at);
    else
        layernorm_apply<1>(out, by, identity, residual, affine, mode, cols, at);
}

// The moments of each segment of long rows, for the finalize kernel: partial (rows, segments).
template <int W>
SRT_INLINE void layernorm_partial(Moments *partial, const scalar_t *identity,
                                  const scalar_t *residual, Mode mode, index_t cols,
                                  const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    acc_t pivot = joined_numbers(at.row, identity, residual, cols, mode).pivot(cols);
    load_joined<W>(s, at, identity, residual, cols, mode, 1);
    unsigned bits = 0;
#pragma unroll
    for (int u = 0; u < SRT_FORWARD_ITEMS / W; ++u)
#pragma unroll
        for (int e = 0; e < W; ++e)
            if (at.at<W>(u) < at.length) {
                bits |= differing(s[u * W + e], pivot);
                s[u * W + e] -= pivot;
            }
    Moments m;
    centre<W>(s, at, 0, &m);
    if (SRT_SCALED && m.m2 == (acc_t)0) note_squares(m, __syncthreads_or(bits != 0));
    if (at.leads()) partial[at.row * gridDim.y + blockIdx.y] = m;
}

// Count, mean and sum of squared deviations of s less its row's pivot, as of
// phi_residual_layernorm, by segments: partial is acc_t (rows, segments, 3), identity and residual
// (rows, cols); inner and outer as there. The pivot is the median of the first, the middle and the
// last.
// A segment has I * team columns, team a power of two from 64 to 512; I is 8 for f64, else 16.
// Launch: grid (rows, segments = ceil(cols / (I * team))), block team.
extern "C" __global__ void __launch_bounds__(512)
SRT_KERNEL(phi_residual_layernorm_partial)(Moments *partial, const scalar_t *identity,
                                           const scalar_t *residual, acc_t inner, acc_t outer,
                                           index_t rows, index_t cols, int team) {
    Segment at = segment_of<SRT_FORWARD_ITEMS>(blockIdx.x, rows, cols, team);
    Mode mode = {inner, outer};
    if (cols % SRT_VEC == 0 && packs_allowed(bits_of(identity) | bits_of(residual)))
        layernorm_partial<SRT_VEC>(partial, identity, residual, mode, cols, at);
    else
        layernorm_partial<1>(partial, identity, residual, mode, cols, at);
}

// statistics, double (3, rows), as of phi_residual_layernorm, from partial,
// acc_t (rows, segments, 3); identity, residual (rows, cols), eps, inner and outer as there. No
// column: NaN. A row whose numbers or their squares leave acc_t's range is read again, by its warp,
// four times: right, and slow.
// Launch: grid rows, block 32.
extern "C" __global__ void __launch_bounds__(SRT_WARP)
SRT_KERNEL(phi_residual_layernorm_finalize)(double *statistics, const Moments *partial,
                                            const scalar_t *identity, const scalar_t *residual,
                                            acc_t eps, acc_t inner, acc_t outer, index_t rows,
                                            index_t cols, index_t segments) {
    index_t row = blockIdx.x;
    JoinedNumbers at = joined_numbers(row, identity, residual, cols, {inner, outer});
    Moments m = no_moments();
    for (index_t i = threadIdx.x; i < segments; i += SRT_WARP)
        m = m + partial[row * segments + i];
    m = lane_zero(warp_total(m));
    acc_t pivot = cols ? at.pivot(cols) : SRT_NAN;
    Spread by = spread_of(m, pivot, m.m2 / m.n);
    if (doubtful(m, pivot, by.var, eps)) by = careful_spread(at, cols, SRT_WARP, threadIdx.x);
    if (threadIdx.x == 0) store_row(statistics, row, rows, by, unit_of(by), wide_deviation(by, eps));
}

// -- its gradient ---------------------------------------------------------------------------
// With xhat = (s - mean) / deviation, h = grad * gamma and <> the mean of a row, the gradient of s
// is (h - <h> - xhat * <h xhat>) / deviation.
struct Normalised {
    const scalar_t *grad, *identity, *residual;
    const acc_t *gamma;
    const double *statistics;
    Mode mode;
    index_t rows, cols;
};

// xhat and grad of a segment; 0 beyond its end. The centre first, one operand after the other.
template <int W, int ITEMS>
SRT_INLINE Centre load_in_turn(acc_t (&xhat)[ITEMS], acc_t (&g)[ITEMS], const Normalised &k,
                               const Segment &at) {
    Centre by = load_centre(k.statistics, at.length ? at.row : 0, k.rows);
    index_t first = at.row * k.cols + at.begin;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        Lanes<scalar_t, W> x;
        bool held = at.at<W>(u) < at.length;
        if (held) x = load<scalar_t, W>(k.grad + first + at.at<W>(u));
#pragma unroll
        for (int e = 0; e < W; ++e) g[u * W + e] = held ? to_acc(x.v[e]) : (acc_t)0;
    }
    load_joined<W>(xhat, at, k.identity, k.residual, k.cols, k.mode,
                   SRT_SCALED ? by.power : (acc_t)1);
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {
        acc_t x = srt_fma(xhat[i] - by.mean, by.scale, by.shift);
        xhat[i] = at.at<W>(i / W) < at.length ? x : (acc_t)0;
    }
    return by;
}

// The same, and returns the row's centre. That is long in the making: what it is made of and what
// registers can hold of the segment are on their way before. Doubles leave too few for that.
template <int W, int ITEMS>
SRT_INLINE Centre load_normalised(acc_t (&xhat)[ITEMS], acc_t (&g)[ITEMS], const Normalised &k,
                                  const Segment &at) {
    if (SRT_DTYPE == SRT_F64) return load_in_turn<W>(xhat, g, k, at);
    const int units = ITEMS / W, group = W == 1 ? 4 : units;
    const double *known = k.statistics + (at.length ? at.row : 0);
    double mean = known[0], low = known[k.rows], deviation = known[2 * k.rows];
    index_t first = at.row * k.cols + at.begin;
    Lanes<scalar_t, W> grad[group], x[group], y[group];
    Centre by;
#pragma unroll
    for (int from = 0; from < units; from += group) {
#pragma unroll
        for (int u = 0; u < group; ++u) {
            int offset = at.at<W>(from + u);
            if (offset >= at.length) continue;
            grad[u] = load<scalar_t, W>(k.grad + first + offset);
            x[u] = load<scalar_t, W>(k.identity + first + offset);
            y[u] = load<scalar_t, W>(k.residual + first + offset);
        }
        if (from == 0) by = centre_of(mean, low, deviation);
        acc_t power = SRT_SCALED ? by.power : (acc_t)1;
#pragma unroll
        for (int u = 0; u < group; ++u)
#pragma unroll
            for (int e = 0; e < W; ++e) {
                int i = (from + u) * W + e;
                bool held = at.at<W>(from + u) < at.length;
                acc_t s = k.mode(to_acc(x[u].v[e]), to_acc(y[u].v[e]), power);
                xhat[i] = held ? srt_fma(s - by.mean, by.scale, by.shift) : (acc_t)0;
                g[i] = held ? to_acc(grad[u].v[e]) : (acc_t)0;
            }
    }
    return by;
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
                                Sum2 means, const Normalised &k, const Centre &by,
                                const Segment &at) {
    Mode mode = {k.mode.inner, k.mode.outer * (SRT_SCALED ? by.power : (acc_t)1)};
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) return;
        Lanes<scalar_t, W> x, y;
#pragma unroll
        for (int e = 0; e < W; ++e) {
            int i = u * W + e;
            acc_t g = by.scale * srt_fma(-xhat[i], means.y, h[i] - means.x);
            from_acc(&x.v[e], mode.identity(g));
            from_acc(&y.v[e], mode.residual(g));
        }
        index_t to = at.row * k.cols + at.begin + at.at<W>(u);
        store(grad_identity + to, x);
        if (grad_residual) store(grad_residual + to, y);
    }
}

// Adds up v over the teams of a block, for column `offset` of the segment.
SRT_INLINE void store_column(acc_t *to, acc_t v, const Segment &at, int offset, index_t cols,
                             acc_t *part) {
    v = over_teams(v, at.team, part);
    if (threadIdx.x < at.team && at.begin + offset < cols) to[at.begin + offset] = v;
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
        Centre by = load_normalised<W>(xhat, h, k, at);
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
        store_gradients<W>(grad_identity, grad_residual, h, xhat, mean, k, by, at);
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
// (s - mean) / deviation, g = (h - <h> - xhat * <h xhat>) / deviation, <> is the mean of a row, and
// s, inner and outer are those of phi_residual_layernorm. grad_identity, grad_residual, grad,
// identity and residual are (rows, cols); grad_residual is null where it equals grad_identity.
// gamma is acc_t (cols) or null, statistics double (3, rows). partial is acc_t (blocks, 2, cols):
// each block's sums for dgamma and dbeta. means is acc_t (rows, 2), <h> and <h xhat>, for rows
// longer than a segment, else null. A segment has I * team columns, team a power of two up to 512;
// I is 4 for f64, else 8.
// Launch: grid (blocks, ceil(cols / (I * team))) with any number of blocks, which walk down the
// rows; block 256 for a team up to 32, else team.
extern "C" __global__ void __launch_bounds__(SRT_BACKWARD_THREADS)
SRT_KERNEL(phi_residual_layernorm_backward)(
    scalar_t *grad_identity, scalar_t *grad_residual, acc_t *partial, const scalar_t *grad,
    const scalar_t *identity, const scalar_t *residual, const acc_t *gamma,
    const double *statistics, const acc_t *means, acc_t inner, acc_t outer, index_t rows,
    index_t cols, int team) {
    Normalised k = {grad, identity, residual, gamma, statistics, {inner, outer}, rows, cols};
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
// statistics double (3, rows); inner and outer as there.
// A segment has I * team columns, team a power of two from 64 to 512; I is 4 for f64, else 8.
// The 1 stops NVRTC 13 from spilling on sm_120 for the sake of more blocks.
// Launch: grid (rows, segments = ceil(cols / (I * team))), block team.
extern "C" __global__ void __launch_bounds__(512, 1)
SRT_KERNEL(phi_residual_layernorm_backward_partial)(
    acc_t *partial, const scalar_t *grad, const scalar_t *identity, const scalar_t *residual,
    const acc_t *gamma, const double *statistics, acc_t inner, acc_t outer, index_t rows,
    index_t cols, int team) {
    Normalised k = {grad, identity, residual, gamma, statistics, {inner, outer}, rows, cols};
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
    add_partials(dgamma, dbeta, partial, 1, count, cols);
}

#endif
