// The gradients of golden layer normalization. With g the gradient of out, xhat = (x - mean) /
// deviation and h = g * gamma, means over a row's columns:
//   dx = gain / deviation * (h - <h> - xhat * <h xhat>),
//   dgamma = gain * sum g xhat, dbeta = sum g, over the rows.
#ifndef SRT_LAYER_NORM_BACKWARD_CUH
#define SRT_LAYER_NORM_BACKWARD_CUH
#include "layer_norm.cuh"

// What a thread holds of a row of grad and of x, beside its columns' sums; the launcher counts on
// it.
#define SRT_BACK_PACKS (SRT_VEC < 8 ? 4 : 2)
#define SRT_BACK_TEAM 512
#define SRT_BACK_BLOCK 256  // of teams within a warp

struct RowNumbers {
    Centre by;
    Sum2 means;  // <h> and <h xhat>
};

// dx but for gain; the power by itself, for their product may be no normal number.
SRT_INLINE acc_t row_gradient(acc_t h, acc_t xhat, const RowNumbers &row, acc_t gain) {
    acc_t dx = gain * row.by.scale * (h - srt_fma(xhat, row.means.y, row.means.x));
    return SRT_SCALED ? dx * row.by.power : dx;
}

// -- a team a row, blocks walking down the rows --------------------------------------------------
template <bool ALIGNED>
SRT_INLINE void backward_rows(scalar_t *dx, acc_t *partial, const scalar_t *grad, const scalar_t *x,
                              const acc_t *gamma, const double *statistics, acc_t gain,
                              index_t rows, index_t cols, int team) {
    __shared__ acc_t part[SRT_BACK_BLOCK];
    acc_t dgamma[SRT_BACK_PACKS][SRT_VEC] = {}, dbeta[SRT_BACK_PACKS][SRT_VEC] = {};
    int teams = teams_per_block(team);
    for (index_t turn = blockIdx.x; turn * teams < rows; turn += gridDim.x) {
        Place<SRT_BACK_PACKS> place(turn, rows, cols, team);
        RowPart<ALIGNED, SRT_BACK_PACKS> g, v;
        index_t first = place.live ? place.row * cols : 0;
        g.load(grad + first, place.valid, team, place.rank);
        v.load(x + first, place.valid, team, place.rank);
        RowNumbers row = {load_centre(statistics, place.live ? place.row : 0, rows)};
        Sum2 sums = no_sum2();
#pragma unroll
        for (int u = 0; u < SRT_BACK_PACKS; ++u) {
            int col = (u * team + place.rank) * SRT_VEC;
            AccPack weight = load_weights<ALIGNED>(gamma, col, place.valid[u], 1);
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                if (!has_element<ALIGNED>(place.valid[u], j)) continue;
                acc_t xhat = normalized(v.at(u, j), row.by), h = g.at(u, j) * weight.v[j];
                dgamma[u][j] = srt_fma(g.at(u, j), xhat, dgamma[u][j]);
                dbeta[u][j] += g.at(u, j);
                sums.x += h;
                sums.y = srt_fma(h, xhat, sums.y);
            }
        }
        sums = team_total(sums, no_sum2(), team);
        row.means.x = sums.x / (acc_t)cols;
        row.means.y = sums.y / (acc_t)cols;
#pragma unroll
        for (int u = 0; u < SRT_BACK_PACKS; ++u) {
            if (place.valid[u] == 0) continue;
            int col = (u * team + place.rank) * SRT_VEC;
            AccPack weight = load_weights<ALIGNED>(gamma, col, place.valid[u], 1);
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                acc_t xhat = normalized(v.at(u, j), row.by);
                from_acc(&g.packs[u].v[j],
                         row_gradient(g.at(u, j) * weight.v[j], xhat, row, gain));
            }
            store_pack<ALIGNED>(dx + first + col, g.packs[u], place.valid[u]);
        }
    }
    acc_t *to = partial + (index_t)blockIdx.x * 2 * cols;
#pragma unroll
    for (int u = 0; u < SRT_BACK_PACKS; ++u)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) {
            acc_t a = over_teams(dgamma[u][j], team, part), b = over_teams(dbeta[u][j], team, part);
            index_t col = (index_t)(u * team + threadIdx.x) * SRT_VEC + j;
            if (threadIdx.x < team && col < cols) to[col] = a, to[cols + col] = b;
        }
}

// dx = gain / deviation * (h - <h> - xhat * <h xhat>), h = grad * gamma, xhat = (x - mean) /
// deviation, <> the mean of a row; and sum grad * xhat and sum grad of a block's rows: partial is
// acc_t (blocks, 2, cols). dx, grad and x are (rows, cols), gamma acc_t (cols) or null, statistics
// double (3, rows): the mean's two numbers and the deviation.
// A team, a power of two up to 512 of threads, holds a row of grad and x: cols <= 8 * team for f64,
// else 16 * team.
// Launch: grid any number of blocks, which walk down the rows; block 256 for a team up to 32, else
// team.
extern "C" __global__ void __launch_bounds__(SRT_BACK_TEAM)
    SRT_KERNEL(golden_layer_norm_backward)(scalar_t *dx, acc_t *partial, const scalar_t *grad,
                                           const scalar_t *x, const acc_t *gamma,
                                           const double *statistics, acc_t gain, index_t rows,
                                           index_t cols, int team) {
    if (packs_allowed(bits_of(dx) | bits_of(grad) | bits_of(x) | bits_of(gamma) |
                      cols * sizeof(scalar_t)))
        backward_rows<true>(dx, partial, grad, x, gamma, statistics, gain, rows, cols, team);
    else
        backward_rows<false>(dx, partial, grad, x, gamma, statistics, gain, rows, cols, team);
}

// dgamma = gain * sum of partial[:, 0] and dbeta = sum of partial[:, 1], both acc_t (cols), from
// partial, acc_t (count, 2, cols). 32 columns of the two, side by side, to a block.
// Launch: grid ceil(2 * cols / 32), block 1024.
extern "C" __global__ void __launch_bounds__(SRT_SUM_BLOCK)
    SRT_KERNEL(golden_layer_norm_backward_finalize)(acc_t *dgamma, acc_t *dbeta,
                                                    const acc_t *partial, acc_t gain, index_t count,
                                                    index_t cols) {
    add_partials(dgamma, dbeta, partial, gain, count, cols);
}

// -- rows longer than a team holds ----------------------------------------------------------------
struct LongRows {
    const scalar_t *grad, *x;
    const acc_t *gamma;
};

template <bool ALIGNED>
SRT_INLINE Sum2 long_row_sums(const LongRows &in, const RowNumbers &row, const Share &share,
                              index_t rows, index_t cols, int lanes) {
    Sum2 total = no_sum2();
    index_t first = share.channel * cols;
    walk_planes<SRT_PAIRS, false>(share, rows, cols, lanes, [&](const index_t *at, const int *valid) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(in.grad + at[u], valid[u]);
            v[u] = load_pack<ALIGNED>(in.x + at[u], valid[u]);
        }
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            AccPack weight = load_acc(in.gamma ? in.gamma + (at[u] - first) : 0, valid[u], 1);
            Sum2 part = no_sum2();
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                if (!has_element<ALIGNED>(valid[u], j)) continue;
                acc_t h = to_acc(g[u].v[j]) * weight.v[j];
                part.x += h;
                part.y = srt_fma(h, normalized(to_acc(v[u].v[j]), row.by), part.y);
            }
            total = total + part;
        }
    });
    return total;
}

// sum h and sum h xhat, as of golden_layer_norm_backward, of shares of long rows: partial is
// acc_t (rows, splits, 2), grad and x (rows, cols), gamma acc_t (cols) or null, statistics double
// (3, rows). A block has `packs` packs of V elements of a row, `lanes` threads side by side.
// Launch: grid (rows, splits = ceil(ceil(cols / V) / packs)), block a multiple of 32 from lanes to
// 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_layer_norm_backward_sums)(Sum2 *partial, const scalar_t *grad,
                                                const scalar_t *x, const acc_t *gamma,
                                                const double *statistics, index_t rows,
                                                index_t cols, int lanes, index_t packs) {
    Share share = share_of(blockIdx.x, blockIdx.y, 1, cols, 1, packs, gridDim.y);
    LongRows in = {grad, x, gamma};
    RowNumbers row = {load_centre(statistics, share.channel, rows)};
    Sum2 own = packs_allowed(bits_of(grad) | bits_of(x) | cols * sizeof(scalar_t))
                   ? long_row_sums<true>(in, row, share, rows, cols, lanes)
                   : long_row_sums<false>(in, row, share, rows, cols, lanes);
    own = block_total(own, no_sum2());
    if (threadIdx.x == 0) partial[share.channel * gridDim.y + blockIdx.y] = own;
}

// means = <h> and <h xhat> of rows of cols numbers, acc_t (rows, 2), from partial,
// acc_t (rows, splits, 2).
// Launch: grid rows, block 32.
extern "C" __global__ void __launch_bounds__(SRT_WARP)
    SRT_KERNEL(golden_layer_norm_backward_means)(Sum2 *means, const Sum2 *partial, index_t cols,
                                                 int splits) {
    Sum2 sum = no_sum2();
    for (int k = threadIdx.x; k < splits; k += SRT_WARP)
        sum = sum + partial[blockIdx.x * (index_t)splits + k];
    sum = warp_total(sum);
    if (threadIdx.x == 0) means[blockIdx.x] = {sum.x / (acc_t)cols, sum.y / (acc_t)cols};
}

// Writes dx of a block's columns and rows, and adds up what its columns' gradients need.
template <bool ALIGNED>
SRT_INLINE void write_columns(scalar_t *dx, Sum2 (&total)[SRT_VEC], const LongRows &in,
                              const double *statistics, const Sum2 *means, acc_t gain, index_t rows,
                              const Columns &own, index_t begin, index_t end, index_t cols) {
    AccPack weight = load_acc(in.gamma ? in.gamma + own.column : 0, own.valid, 1);
    walk_rows<SRT_PAIRS, true>(own, begin, end, cols,
                               [&](const index_t *at, const index_t *r, unsigned mask) {
        Pack g[SRT_PAIRS], v[SRT_PAIRS];
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            g[u] = load_pack<ALIGNED>(in.grad + at[u], own.valid);
            v[u] = load_pack<ALIGNED>(in.x + at[u], own.valid);
        }
#pragma unroll
        for (int u = 0; u < SRT_PAIRS; ++u) {
            if (!(mask >> u & 1)) continue;
            RowNumbers row = {load_centre(statistics, r[u], rows), means[r[u]]};
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                acc_t xhat = normalized(to_acc(v[u].v[j]), row.by), grad = to_acc(g[u].v[j]);
                total[j].x = srt_fma(grad, xhat, total[j].x);
                total[j].y += grad;
                from_acc(&g[u].v[j], row_gradient(grad * weight.v[j], xhat, row, gain));
            }
            store_pack<ALIGNED>(dx + at[u], g[u], own.valid);
        }
    });
}

// dx as of golden_layer_norm_backward, by the rows' means, acc_t (rows, 2), and for shares of
// columns sum grad * (x - mean) / deviation and sum grad: partial is acc_t (splits, 2, cols), dx,
// grad and x (rows, cols), gamma acc_t (cols) or null, statistics double (3, rows); gain as there.
// `lanes`, a power of two up to 32, times V columns and `share` rows are a block's. Walked backward
// against the sums.
// Launch: grid (ceil(cols / (lanes * V)), splits = ceil(rows / share)), block 256.
extern "C" __global__ void __launch_bounds__(256, 2)
    SRT_KERNEL(golden_layer_norm_backward_columns)(scalar_t *dx, acc_t *partial,
                                                   const scalar_t *grad, const scalar_t *x,
                                                   const acc_t *gamma, const double *statistics,
                                                   const Sum2 *means, acc_t gain, index_t rows,
                                                   index_t cols, int lanes, index_t share) {
    Columns own = columns_of(blockIdx.x, cols, lanes);
    index_t split = gridDim.y - 1 - blockIdx.y, begin = split * share;
    index_t end = min(rows, begin + share);
    LongRows in = {grad, x, gamma};
    Sum2 total[SRT_VEC];
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) total[j] = no_sum2();
    if (packs_allowed(bits_of(dx) | bits_of(grad) | bits_of(x) | cols * sizeof(scalar_t)))
        write_columns<true>(dx, total, in, statistics, means, gain, rows, own, begin, end, cols);
    else
        write_columns<false>(dx, total, in, statistics, means, gain, rows, own, begin, end, cols);
    column_totals(total, own);
    if (own.row) return;
    acc_t *to = partial + split * 2 * cols + own.column;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < own.valid) to[j] = total[j].x, to[cols + j] = total[j].y;
}

#endif
