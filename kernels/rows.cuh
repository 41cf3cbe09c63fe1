// Rows held in registers by teams of threads.
//
// A team is a power of two of a warp's lanes, several teams to a block, or, above a warp, the whole
// block. It holds a segment of its row, ITEMS numbers to a thread: the whole row if it is no longer
// than that, else one of several segments, by blockIdx.y.
#ifndef SRT_ROWS_CUH
#define SRT_ROWS_CUH
#include "map.cuh"
#include "reduce.cuh"

#define SRT_TEAMS_BLOCK 256  // threads of a block of several teams, at most
#define SRT_SUM_BLOCK 1024   // and of one that adds up what blocks left for 32 columns

SRT_INLINE float lane_xor(float x, int by) { return __shfl_xor_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE double lane_xor(double x, int by) { return __shfl_xor_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE Sum2 lane_xor(Sum2 a, int by) {
    Sum2 r = {lane_xor(a.x, by), lane_xor(a.y, by)};
    return r;
}

// The total of a team, the same bits in all its threads: + commutes. Every thread of the block
// must call it.
template <typename T> SRT_INLINE T team_total(T a, T zero, int team) {
    if (team > SRT_WARP) return block_total(a, zero);
    for (int by = team >> 1; by; by >>= 1) a = a + lane_xor(a, by);
    return a;
}

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

// The mean in two words and 1 / sqrt(var + eps). Corrected two-pass: what the rounded mean leaves
// is measured and subtracted too. (T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for
// computing the sample variance", Amer. Statist. 37 (1983), eq. (1.7).)
struct RowStatistics {
    acc_t mean, rest, rstd;
};
SRT_INLINE void add_deviation(Sum2 *spread, acc_t d) {
    spread->x += d;
    spread->y = srt_fma(d, d, spread->y);
}
// From the deviations of the rounded mean; weight is 1 / n.
SRT_INLINE RowStatistics statistics_of(acc_t mean, Sum2 spread, acc_t weight, acc_t eps) {
    acc_t rest = spread.x * weight, var = srt_fma(-rest, spread.x, spread.y) * weight;
    RowStatistics row = {mean, rest, (acc_t)1 / srt_sqrt((var < 0 ? 0 : var) + eps)};
    return row;
}

#endif
