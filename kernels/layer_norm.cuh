// Golden layer normalization of x (rows, cols): every row by its own statistics, gamma and beta of
// shape (cols). out = (x - mean) / deviation * gain * gamma + beta with gain = sqrt(target).
//
// A team of threads holds a row in registers: a power of two of a warp's lanes, several teams to a
// block, or, above a warp, the whole block. Rows that a block holds otherwise: layer_norm_wide.cuh.
// Longer or fewer rows are channels of one plane, whose moments come from
// golden_bn_2d_compute_stats and golden_layer_norm_finalize.
#ifndef SRT_LAYER_NORM_CUH
#define SRT_LAYER_NORM_CUH
#include "norm.cuh"
#include "rows.cuh"

// What a thread holds of a row, and the largest team; the launcher counts on both.
#define SRT_ROW_PACKS 4
#if SRT_DTYPE == SRT_F64 || SRT_DTYPE == SRT_F32
#define SRT_ROW_TEAM 1024
#define SRT_ROW_THREADS 1024
#else
#define SRT_ROW_TEAM 512     // twice the numbers to a pack
#define SRT_ROW_THREADS 768  // of a multiprocessor, at once: with 80 registers each
#endif

// One thread's part of a row, all loads at once.
template <bool ALIGNED, int PACKS> struct RowPart {
    Pack packs[PACKS];

    SRT_INLINE void load(const scalar_t *row, const int (&valid)[PACKS], int team, int rank) {
#pragma unroll
        for (int u = 0; u < PACKS; ++u)
            packs[u] = load_pack<ALIGNED>(row + (valid[u] ? (u * team + rank) * SRT_VEC : 0), valid[u]);
    }
    SRT_INLINE acc_t at(int u, int j) const { return to_acc(packs[u].v[j]); }
};

// A thread's place: its team's row, and how many elements of each of its packs exist.
template <int PACKS> struct Place {
    index_t row;
    int rank, valid[PACKS];
    bool live;

    SRT_INLINE Place(index_t turn, index_t rows, index_t cols, int team) {
        int mine = team > SRT_WARP ? 0 : threadIdx.x / team;
        rank = threadIdx.x - mine * team;
        row = turn * teams_per_block(team) + mine;
        live = row < rows;
#pragma unroll
        for (int u = 0; u < PACKS; ++u)
            valid[u] = live ? clamp_valid(cols - (index_t)(u * team + rank) * SRT_VEC) : 0;
    }
};

template <bool ALIGNED>
SRT_INLINE RowStatistics row_statistics(const RowPart<ALIGNED, SRT_ROW_PACKS> &x,
                                        const Place<SRT_ROW_PACKS> &place, index_t cols, int team,
                                        acc_t eps) {
    acc_t weight = (acc_t)1 / (acc_t)cols, sum = 0;
#pragma unroll
    for (int u = 0; u < SRT_ROW_PACKS; ++u)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) sum += has_element<ALIGNED>(place.valid[u], j) ? x.at(u, j) : (acc_t)0;
    acc_t mean = srt_mul(team_total(sum, (acc_t)0, team), weight);  // what `rest` is measured from
    Sum2 spread = no_sum2();
#pragma unroll
    for (int u = 0; u < SRT_ROW_PACKS; ++u)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j) {
            acc_t d = has_element<ALIGNED>(place.valid[u], j) ? x.at(u, j) - mean : (acc_t)0;
            add_deviation(&spread, d);
        }
    return statistics_of(mean, team_total(spread, no_sum2(), team), weight, eps, 1);
}

template <bool ALIGNED>
SRT_INLINE void normalize_rows(const Normalized &to, const scalar_t *x, acc_t gain, acc_t eps,
                               index_t cols, int team) {
    Place<SRT_ROW_PACKS> place(blockIdx.x, to.rows, cols, team);
    RowPart<ALIGNED, SRT_ROW_PACKS> part;
    const scalar_t *from = place.live ? x + place.row * cols : x;
    part.load(from, place.valid, team, place.rank);
    RowStatistics row = row_statistics(part, place, cols, team, eps);
    bool again = place.live && !row.sound;
    if (place.live && row.sound) {
        acc_t scale = (acc_t)1 / row.deviation * gain;
#pragma unroll
        for (int u = 0; u < SRT_ROW_PACKS; ++u) {
            if (place.valid[u] == 0) break;
            index_t col = (index_t)(u * team + place.rank) * SRT_VEC;
            AccPack g = load_weights<ALIGNED>(to.gamma, col, place.valid[u], 1);
            AccPack b = load_weights<ALIGNED>(to.beta, col, place.valid[u], 0);
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                acc_t d = (part.at(u, j) - row.by.mean) - row.by.rest;
                from_acc(&part.packs[u].v[j], srt_fma(d * scale, g.v[j], b.v[j]));
            }
            store_pack<ALIGNED>(to.out + place.row * cols + col, part.packs[u], place.valid[u]);
        }
        // Last: one thread's doubles would keep its warp from writing the row.
        if (place.rank == 0) store_row(to.statistics, place.row, to.rows, row.by, 1, row.deviation);
    }
    if (SRT_SCALED && __any_sync(SRT_ALL_LANES, again))
        normalize_again<SRT_VEC>(to, PlainNumbers{from}, place.row, gain, eps, cols, team,
                                     place.rank, again);
}

// out = (x - mean) / deviation * gain * gamma + beta by rows, deviation = sqrt(var + eps), gain =
// sqrt(target). out and x are (rows, cols); statistics is double (3, rows): mean, what the mean has
// beyond a double, and deviation, all written. gamma and beta are acc_t (cols) or null.
// A team, a power of two of threads, holds a row: cols <= 4 V * team, team <= 1024, or 512 for f16
// and bf16.
// Launch: grid ceil(rows * team / block), block 256 for a team up to 32, else team.
extern "C" __global__ void __launch_bounds__(SRT_ROW_THREADS)
    SRT_KERNEL(golden_layer_norm)(scalar_t *out, double *statistics, const scalar_t *x,
                                  const acc_t *gamma, const acc_t *beta, acc_t gain, acc_t eps,
                                  index_t rows, index_t cols, int team) {
    Normalized to = {out, statistics, gamma, beta, rows};
    if (packs_allowed(bits_of(x) | bits_of(out) | bits_of(gamma) | bits_of(beta) |
                      cols * sizeof(scalar_t)))
        normalize_rows<true>(to, x, gain, eps, cols, team);
    else
        normalize_rows<false>(to, x, gain, eps, cols, team);
}

struct LongRow {
    acc_t power, mean, rest, scale;
    const acc_t *gamma, *beta;
};

template <bool ALIGNED>
SRT_INLINE void write_row(scalar_t *out, const scalar_t *x, const LongRow &row, const Share &share,
                          index_t rows, index_t cols, int lanes) {
    index_t first = share.channel * cols;
    walk_planes<SRT_FLIGHT, true>(share, rows, cols, lanes, [&](const index_t *at, const int *valid) {
        Pack packs[SRT_FLIGHT];
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) packs[u] = load_pack<ALIGNED>(x + at[u], valid[u]);
#pragma unroll
        for (int u = 0; u < SRT_FLIGHT; ++u) {
            index_t col = at[u] - first;
            AccPack g = load_acc(row.gamma ? row.gamma + col : 0, valid[u], 1);
            AccPack b = load_acc(row.beta ? row.beta + col : 0, valid[u], 0);
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) {
                acc_t d = from_mean(to_acc(packs[u].v[j]), row.power, row.mean) - row.rest;
                from_acc(&packs[u].v[j], srt_fma(d * row.scale, g.v[j], b.v[j]));
            }
            store_pack<ALIGNED>(out + at[u], packs[u], valid[u]);
        }
    });
}

SRT_INLINE void apply_long_row(scalar_t *out, const scalar_t *x, const LongRow &row,
                               const Share &share, index_t rows, index_t cols, int lanes) {
    if (packs_allowed(bits_of(x) | bits_of(out) | cols * sizeof(scalar_t)))
        write_row<true>(out, x, row, share, rows, cols, lanes);
    else
        write_row<false>(out, x, row, share, rows, cols, lanes);
}

// golden_layer_norm by given statistics, double (3, rows). out and x are (rows, cols), gamma and
// beta acc_t (cols) or null; gain as there. A block has `packs` packs of V elements of a row,
// `lanes` threads side by side. Walked backward against the statistics.
// Launch: grid (rows, ceil(ceil(cols / V) / packs)), block a multiple of 32 from lanes to 256.
extern "C" __global__ void __launch_bounds__(256)
    SRT_KERNEL(golden_layer_norm_apply)(scalar_t *out, const scalar_t *x, const double *statistics,
                                        const acc_t *gamma, const acc_t *beta, acc_t gain,
                                        index_t rows, index_t cols, int lanes, index_t packs) {
    index_t r = gridDim.x - 1 - blockIdx.x;
    unsigned split = gridDim.y - 1 - blockIdx.y;
    Share share = share_of(r, split, 1, cols, 1, packs, gridDim.y);
    Centre by = load_centre(statistics, r, rows);
    LongRow row = {by.power, by.mean, by.rest, by.scale * gain, gamma, beta};
    apply_long_row(out, x, row, share, rows, cols, lanes);
}

#endif
