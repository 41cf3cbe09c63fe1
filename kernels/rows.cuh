// Rows held in registers by teams of threads.
//
// A team is a power of two of a warp's lanes, several teams to a block, or, above a warp, the whole
// block. It holds a segment of its row, ITEMS numbers to a thread: the whole row if it is no longer
// than that, else one of several segments, by blockIdx.y.
#ifndef SRT_ROWS_CUH
#define SRT_ROWS_CUH
#include "map.cuh"
#include "statistics.cuh"

#define SRT_TEAMS_BLOCK 256  // threads of a block of several teams, at most
#define SRT_SUM_BLOCK 1024   // and of one that adds up what blocks left for 32 columns

struct Segment {
    index_t row, begin;  // of the array, and the first column
    int team, rank;      // threads, and which of them this is
    int length;          // in columns; 0 beyond the last row, so that a team stays in step

    // Where a thread's unit u of W neighbours begins, counted from the segment's begin.
    template <int W> SRT_INLINE int at(int u) const { return (u * team + rank) * W; }
    SRT_INLINE bool leads() const { return rank == 0 && length > 0; }
};

SRT_INLINE int teams_per_block(int team) { return team > SRT_WARP ? 1 : blockDim.x / team; }

// The segment of this thread's team in the given turn of a block that walks down the rows.
template <int ITEMS>
SRT_INLINE Segment segment_of(index_t turn, index_t rows, index_t cols, int team) {
    Segment s;
    bool block = team > SRT_WARP;
    int mine = block ? 0 : threadIdx.x / team;
    s.row = turn * teams_per_block(team) + mine;
    s.team = team;
    s.rank = threadIdx.x - mine * team;
    s.begin = (index_t)blockIdx.y * (team * ITEMS);
    index_t left = cols - s.begin;
    s.length = s.row < rows ? (int)(left < team * ITEMS ? left : team * ITEMS) : 0;
    return s;
}

// The sum over a block's teams, in the threads of its first; `part` holds a number a thread.
SRT_INLINE acc_t over_teams(acc_t v, int team, acc_t *part) {
    if (team > SRT_WARP) return v;
    for (int by = team; by < SRT_WARP; by <<= 1) v += lane_xor(v, by);
    part[threadIdx.x] = v;
    __syncthreads();
    for (int i = threadIdx.x + SRT_WARP; threadIdx.x < team && i < blockDim.x; i += SRT_WARP)
        v += part[i];
    __syncthreads();
    return v;
}

// dgamma = gain * sum of partial[:, 0] and dbeta = sum of partial[:, 1], from partial,
// (count, 2, cols): 32 columns of the two, side by side, to a block of SRT_SUM_BLOCK threads.
SRT_INLINE void add_partials(acc_t *dgamma, acc_t *dbeta, const acc_t *partial, acc_t gain,
                             index_t count, index_t cols) {
    __shared__ acc_t part[SRT_SUM_BLOCK];
    index_t at = (index_t)blockIdx.x * SRT_WARP + threadIdx.x % SRT_WARP;
    acc_t sum = 0;
    if (at < 2 * cols)
#pragma unroll 8
        for (index_t k = threadIdx.x / SRT_WARP; k < count; k += SRT_SUM_BLOCK / SRT_WARP)
            sum += partial[k * 2 * cols + at];
    part[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x >= SRT_WARP || at >= 2 * cols) return;
    for (int i = threadIdx.x + SRT_WARP; i < SRT_SUM_BLOCK; i += SRT_WARP) sum += part[i];
    if (at < cols)
        dgamma[at] = gain * sum;
    else
        dbeta[at - cols] = sum;
}

// A row's spread, the root of its variance + eps, and whether they have their digits. Corrected
// two-pass: what the rounded mean leaves is measured and subtracted too, and must not exceed what
// it is subtracted from. (T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the
// sample variance", Amer. Statist. 37 (1983), eq. (1.7).)
struct RowStatistics {
    Spread by;
    acc_t deviation;
    bool sound;
};
SRT_INLINE void add_deviation(Sum2 *spread, acc_t d) {
    spread->x += d;
    spread->y = srt_fma(d, d, spread->y);
}
// From the deviations of the rounded mean, of numbers times `power`; weight is 1 / n.
SRT_INLINE RowStatistics statistics_of(acc_t mean, Sum2 spread, acc_t weight, acc_t eps,
                                       acc_t power) {
    acc_t rest = spread.x * weight, var = srt_fma(-rest, spread.x, spread.y) * weight;
    var = var < 0 ? 0 : var;
    acc_t size = srt_fma(eps * power, power, var);
    bool inside = size >= (acc_t)SRT_LEAST_VARIANCE && size <= (acc_t)SRT_LARGEST_VARIANCE;
    RowStatistics row = {{power, mean, rest, var}, srt_sqrt(size),
                         !SRT_SCALED || (inside && rest * rest <= size)};
    return row;
}

// What normalized rows are written to, and what they are multiplied by.
struct Normalized {
    scalar_t *out;
    double *statistics;         // (3, rows): the mean's two numbers and the deviation
    const acc_t *gamma, *beta;  // null: 1 and 0
    index_t rows;
};

// W coefficients; `none` where there are not any.
template <int W, bool PACKED = true>
SRT_INLINE Lanes<acc_t, W> coefficients(const acc_t *from, index_t at, acc_t none) {
    if (from) return load<acc_t, W, PACKED>(from + at);
    Lanes<acc_t, W> c;
#pragma unroll
    for (int k = 0; k < W; ++k) c.v[k] = none;
    return c;
}

// The numbers of a row, one by one, times a power of two.
struct PlainNumbers {
    const scalar_t *x;
    SRT_INLINE acc_t operator()(index_t i, acc_t power) const { return to_acc(x[i]) * power; }
};

// The statistics of a row times a power of two, from memory, in the very order in which a team that
// holds W neighbours to a thread takes them from registers: the same bits, but for the power.
template <int W, typename Numbers>
SRT_INLINE RowStatistics scaled_statistics(const Numbers &at, acc_t eps, int cols, int team,
                                           int rank) {
    acc_t power = safe_power(at, cols, team, rank), weight = (acc_t)1 / (acc_t)cols, sum = 0;
#pragma unroll 1
    for (int i = rank * W; i < cols; i += team * W)
#pragma unroll 1
        for (int k = i; k < i + W && k < cols; ++k) sum = srt_add(sum, at(k, power));
    acc_t mean = srt_mul(team_total(sum, (acc_t)0, team), weight);
    Sum2 spread = no_sum2();
#pragma unroll 1
    for (int i = rank * W; i < cols; i += team * W)
#pragma unroll 1
        for (int k = i; k < i + W && k < cols; ++k)
            add_deviation(&spread, srt_sub(at(k, power), mean));
    return statistics_of(mean, team_total(spread, no_sum2(), team), weight, eps, power);
}

// Writes a row, from memory, and its statistics, the deviation as it is `kept`.
template <typename Numbers>
SRT_INLINE void write_again(const Normalized &to, const Numbers &at, index_t row, acc_t gain,
                          int cols, int team, int rank, const Spread &by,
                          acc_t deviation, double kept) {
    if (rank == 0) store_row(to.statistics, row, to.rows, by, unit_of(by), kept);
    acc_t scale = (acc_t)1 / deviation * gain;
#pragma unroll 1
    for (int i = rank; i < cols; i += team) {
        acc_t d = srt_sub(srt_sub(at(i, by.power), by.mean), by.rest);
        acc_t g = to.gamma ? to.gamma[i] : 1, b = to.beta ? to.beta[i] : 0;
        from_acc(&to.out[row * cols + i], srt_fma(d * scale, g, b));
    }
}

// Normalizes a row whose statistics are not sound, W as above: with a power of two and, if that is
// not enough, with care. Every thread of the block must call it; those of other rows with `mine`
// false.
template <int W, typename Numbers>
SRT_INLINE void normalize_again(const Normalized &to, const Numbers &at, index_t row, acc_t gain,
                                acc_t eps, int cols, int team, int rank, bool mine) {
    RowStatistics known = scaled_statistics<W>(at, eps, mine ? cols : 0, team, rank);
    if (mine && known.sound)
        write_again(to, at, row, gain, cols, team, rank, known.by, known.deviation,
                    (double)known.deviation * unit_of(known.by));
    mine = mine && !known.sound;
    if (!__any_sync(SRT_ALL_LANES, mine)) return;
    Spread by = careful_spread(at, mine ? cols : 0, team, rank);
    if (mine)
        write_again(to, at, row, gain, cols, team, rank, by, deviation_of(by, eps),
                    wide_deviation(by, eps));
}

#endif
