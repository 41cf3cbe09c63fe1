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

// How a thread takes the numbers of its row: N neighbours at a time, PACKED or one by one. What is
// added to what follows from N, which columns decide alone; addresses decide only how it is loaded.
template <int N, bool PACKED> struct Units {
    static const int W = N;
    static const bool packed = PACKED;
};
// Calls body(units) for rows of arrays whose addresses are or'ed into `bits`.
template <typename Body>
SRT_INLINE void by_units(index_t cols, unsigned long long bits, Body body) {
    if (cols % SRT_VEC)
        body(Units<1, true>());
    else if (packs_allowed(bits))
        body(Units<SRT_VEC, true>());
    else
        body(Units<SRT_VEC, false>());
}

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

// The joined numbers of a segment, times a power of two; 0 beyond its end. Loads precede uses: all
// of them, or four if W is 1, which is as far as registers reach.
template <typename U, int ITEMS>
SRT_INLINE void load_joined(U, acc_t (&s)[ITEMS], const Segment &at, const scalar_t *identity,
                            const scalar_t *residual, index_t cols, Mode mode, acc_t power) {
    const int W = U::W, units = ITEMS / W, group = W == 1 ? 4 : units;
    index_t first = at.row * cols + at.begin;
    Lanes<scalar_t, W> x[group], y[group];
#pragma unroll
    for (int from = 0; from < units; from += group) {
#pragma unroll
        for (int u = 0; u < group; ++u)
            if (at.at<W>(from + u) < at.length) {
                x[u] = load<scalar_t, W, U::packed>(identity + first + at.at<W>(from + u));
                y[u] = load<scalar_t, W, U::packed>(residual + first + at.at<W>(from + u));
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
template <typename U, int ITEMS>
SRT_INLINE void store_normalised(U, scalar_t *out, const acc_t (&d)[ITEMS], const Segment &at,
                                 acc_t rstd, Affine affine, index_t cols) {
    const int W = U::W;
#pragma unroll
    for (int u = 0; u < ITEMS / W; ++u) {
        if (at.at<W>(u) >= at.length) return;
        index_t col = at.begin + at.at<W>(u);
        Lanes<acc_t, W> gamma = coefficients<W, U::packed>(affine.gamma, col, 1);
        Lanes<acc_t, W> beta = coefficients<W, U::packed>(affine.beta, col, 0);
        Lanes<scalar_t, W> y;
#pragma unroll
        for (int e = 0; e < W; ++e) {
            from_acc(&y.v[e], srt_fma(d[u * W + e] * rstd, gamma.v[e], beta.v[e]));
        }
        store<U::packed>(out + at.row * cols + col, y);
    }
}

template <typename U>
SRT_INLINE void layernorm(U units, const Normalized &to, const scalar_t *identity,
                          const scalar_t *residual, acc_t eps, Mode mode, index_t cols,
                          const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    load_joined(units, s, at, identity, residual, cols, mode, 1);
    RowStatistics row = centre<U::W>(s, at, eps, 0);
    bool again = at.length && !row.sound;
    if (!again) {
        if (at.leads()) store_row(to.statistics, at.row, to.rows, row.by, 1, row.deviation);
        acc_t scale = (acc_t)1 / row.deviation;
        store_normalised(units, to.out, s, at, scale, {to.gamma, to.beta}, cols);
    }
    if (SRT_SCALED && __any_sync(SRT_ALL_LANES, again))
        normalize_again<U::W>(to, joined_numbers(at.row, identity, residual, cols, mode), at.row,
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
    by_units(
        cols, bits_of(out) | bits_of(identity) | bits_of(residual) | bits_of(gamma) | bits_of(beta),
        [&](auto units) { layernorm(units, to, identity, residual, eps, mode, cols, at); });
}

// A segment of a row whose statistics are known.
template <typename U>
SRT_INLINE void layernorm_apply(U units, scalar_t *out, const Centre &by, const scalar_t *identity,
                                const scalar_t *residual, Affine affine, Mode mode, index_t cols,
                                const Segment &at) {
    acc_t s[SRT_FORWARD_ITEMS];
    load_joined(units, s, at, identity, residual, cols, mode, SRT_SCALED ? by.power : (acc_t)1);
#pragma unroll
    for (int i = 0; i < SRT_FORWARD_ITEMS; ++i)
        s[i] = srt_fma(s[i] - by.mean, by.scale, by.shift);
    store_normalised(units, out, s, at, 1, affine, cols);
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
    by_units(
        cols, bits_of(out) | bits_of(identity) | bits_of(residual) | bits_of(gamma) | bits_of(beta),
        [&](auto units) {
            layernorm_apply(units, out, by, identity, residual, affine, mode, cols, at);
        });
}

// The moments of each segment of long rows, for the finalize kernel: partial (rows, segments).
template <typename U>
SRT_INLINE void layernorm_partial(U units, Moments *partial, const scalar_t *identity,
                                  const scalar_t *residual, Mode mode, index_t cols,
                                  const Segment &at) {
    const int W = U::W;
    acc_t s[SRT_FORWARD_ITEMS];
    acc_t pivot = joined_numbers(at.row, identity, residual, cols, mode).pivot(cols);
    load_joined(units, s, at, identity, residual, cols, mode, 1);
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
    by_units(cols, bits_of(identity) | bits_of(residual), [&](auto units) {
        layernorm_partial(units, partial, identity, residual, mode, cols, at);
    });
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

#include "residual_layer_norm_backward.cuh"

#endif
