// The gradient of the layer normalisation of a phi-residual connection: the end of
// residual_layer_norm.cuh, which alone includes it, under its own guard.

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
template <typename U, int ITEMS>
SRT_INLINE Centre load_in_turn(U units, acc_t (&xhat)[ITEMS], acc_t (&g)[ITEMS],
                               const Normalised &k, const Segment &at) {
    const int W = U::W;
    Centre by = load_centre(k.statistics, at.length ? at.row : 0, k.rows);
    index_t first = at.row * k.cols + at.begin;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        Lanes<scalar_t, W> x;
        bool held = at.at<W>(u) < at.length;
        if (held) x = load<scalar_t, W, U::packed>(k.grad + first + at.at<W>(u));
#pragma unroll
        for (int e = 0; e < W; ++e) g[u * W + e] = held ? to_acc(x.v[e]) : (acc_t)0;
    }
    load_joined(units, xhat, at, k.identity, k.residual, k.cols, k.mode,
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
template <typename U, int ITEMS>
SRT_INLINE Centre load_normalised(U how, acc_t (&xhat)[ITEMS], acc_t (&g)[ITEMS],
                                  const Normalised &k, const Segment &at) {
    if (SRT_DTYPE == SRT_F64) return load_in_turn(how, xhat, g, k, at);
    const int W = U::W, units = ITEMS / W, group = W == 1 ? 4 : units;
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
            grad[u] = load<scalar_t, W, U::packed>(k.grad + first + offset);
            x[u] = load<scalar_t, W, U::packed>(k.identity + first + offset);
            y[u] = load<scalar_t, W, U::packed>(k.residual + first + offset);
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
template <typename U, int ITEMS>
SRT_INLINE Sum2 scale_and_sum(U, acc_t (&g)[ITEMS], const acc_t (&xhat)[ITEMS],
                              const acc_t *gamma, const Segment &at) {
    const int W = U::W;
    Sum2 sum = no_sum2();
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) break;
        Lanes<acc_t, W> scale;
        if (gamma) scale = load<acc_t, W, U::packed>(gamma + at.begin + at.at<W>(u));
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

template <typename U, int ITEMS>
SRT_INLINE void store_gradients(U, scalar_t *grad_identity, scalar_t *grad_residual,
                                const acc_t (&h)[ITEMS], const acc_t (&xhat)[ITEMS],
                                Sum2 means, const Normalised &k, const Centre &by,
                                const Segment &at) {
    const int W = U::W;
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
        store<U::packed>(grad_identity + to, x);
        if (grad_residual) store<U::packed>(grad_residual + to, y);
    }
}

// Adds up v over the teams of a block, for column `offset` of the segment.
SRT_INLINE void store_column(acc_t *to, acc_t v, const Segment &at, int offset, index_t cols,
                             acc_t *part) {
    v = over_teams(v, at.team, part);
    if (threadIdx.x < at.team && at.begin + offset < cols) to[at.begin + offset] = v;
}

template <typename U>
SRT_INLINE void layernorm_backward(U units, scalar_t *grad_identity, scalar_t *grad_residual,
                                   acc_t *partial, const Normalised &k, const acc_t *means,
                                   index_t rows, int team, acc_t *part) {
    const int W = U::W;
    acc_t dgamma[SRT_BACKWARD_ITEMS] = {0}, dbeta[SRT_BACKWARD_ITEMS] = {0};
    index_t turns = (rows + teams_per_block(team) - 1) / teams_per_block(team);
    for (index_t turn = blockIdx.x; turn < turns; turn += gridDim.x) {
        Segment at = segment_of<SRT_BACKWARD_ITEMS>(turn, rows, k.cols, team);
        acc_t xhat[SRT_BACKWARD_ITEMS], h[SRT_BACKWARD_ITEMS];
        Centre by = load_normalised(units, xhat, h, k, at);
#pragma unroll
        for (int i = 0; i < SRT_BACKWARD_ITEMS; ++i) {
            dgamma[i] = srt_fma(h[i], xhat[i], dgamma[i]);
            dbeta[i] += h[i];
        }
        Sum2 mean = scale_and_sum(units, h, xhat, k.gamma, at);
        if (!means) {
            mean = team_total(mean, no_sum2(), team);
            mean.x /= (acc_t)k.cols, mean.y /= (acc_t)k.cols;
        } else if (at.length) {
            mean.x = means[2 * at.row], mean.y = means[2 * at.row + 1];
        }
        store_gradients(units, grad_identity, grad_residual, h, xhat, mean, k, by, at);
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
    __shared__ acc_t part[SRT_TEAMS_BLOCK];
    Normalised k = {grad, identity, residual, gamma, statistics, {inner, outer}, rows, cols};
    by_units(cols,
             bits_of(grad_identity) | bits_of(grad_residual) | bits_of(grad) | bits_of(identity) |
                 bits_of(residual) | bits_of(gamma),
             [&](auto units) {
                 layernorm_backward(units, grad_identity, grad_residual, partial, k, means, rows,
                                    team, part);
             });
}

// sum h and sum h xhat of each segment of long rows: partial (rows, segments, 2).
template <typename U>
SRT_INLINE void layernorm_backward_partial(U units, acc_t *partial, const Normalised &k,
                                           const Segment &at) {
    acc_t xhat[SRT_BACKWARD_ITEMS], h[SRT_BACKWARD_ITEMS];
    load_normalised(units, xhat, h, k, at);
    Sum2 sum = team_total(scale_and_sum(units, h, xhat, k.gamma, at), no_sum2(), at.team);
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
    by_units(cols, bits_of(grad) | bits_of(identity) | bits_of(residual) | bits_of(gamma),
             [&](auto units) { layernorm_backward_partial(units, partial, k, at); });
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
