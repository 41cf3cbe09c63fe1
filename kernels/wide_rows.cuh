// Rows that a block holds with all its registers. `Row` is a thread's part of one: at(u, j) is
// element j of its pack u, and which exist is a comparison with constants, for packs leave few
// registers. Where a row is not aligned it is read anew each time, mostly from the cache.
#ifndef SRT_WIDE_ROWS_CUH
#define SRT_WIDE_ROWS_CUH
#include "rows.cuh"

// Blocks of 512 threads to a multiprocessor: two, but where the compiler would spill for it.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#define SRT_WIDE_BLOCKS 1
#else
#define SRT_WIDE_BLOCKS 2
#endif

template <bool ALIGNED, int TEAM, int PACKS> struct WidePart {
    static const bool aligned = ALIGNED;
    static const int packs = PACKS, held = ALIGNED ? PACKS : 1;
    int left;  // columns from this thread's first to the row's end

    SRT_INLINE WidePart(index_t cols) : left((int)cols - (int)threadIdx.x * SRT_VEC) {}
    static SRT_INLINE int first(int u) { return u * TEAM * SRT_VEC; }
    SRT_INLINE bool has(int u, int j) const { return first(u) + (ALIGNED ? 0 : j) < left; }
};

// What a row has before those packs, the same for every thread of the block: nothing.
struct NoHead {
    static SRT_INLINE int columns() { return 0; }
    SRT_INLINE acc_t sum() const { return 0; }
    SRT_INLINE Sum2 deviations(acc_t) const { return no_sum2(); }
    SRT_INLINE void write(const Normalized &, const Spread &, acc_t) const {}
};

// Or whole packs, read before what registers hold: the first `room` of them are kept in shared
// memory, others read again each time. `Source` loads a pack, makes numbers of it, and keeps it. A
// thread reads there what it has written itself: no barrier.
template <typename Source> struct Head {
    typedef Lanes<acc_t, SRT_VEC> Numbers;
    Source source;
    int packs, kept;
    acc_t total;

    SRT_INLINE Head(const Source &from, int count, int room)
        : source(from), packs(count), kept(room), total(0) {
        const int group = Source::GROUP;  // loads at once
#pragma unroll 1
        for (int t = 0; t < packs; t += group) {
            typename Source::Raw raw[group];
#pragma unroll
            for (int k = 0; k < group; ++k)
                if (t + k < packs) raw[k] = source.load(t + k);
#pragma unroll
            for (int k = 0; k < group; ++k) {
                if (t + k >= packs) continue;
                Numbers x = source.numbers(raw[k]);
#pragma unroll
                for (int j = 0; j < SRT_VEC; ++j) total += x.v[j];
                if (t + k < kept) source.keep(t + k, raw[k], x);
            }
        }
    }

    SRT_INLINE Numbers at(int t) const {
        return t < kept ? source.kept(t) : source.numbers(source.load(t));
    }
    SRT_INLINE int columns() const { return packs * Source::STEP; }
    SRT_INLINE acc_t sum() const { return total; }
    SRT_INLINE Sum2 deviations(acc_t mean) const {
        Sum2 spread = no_sum2();
#pragma unroll 1
        for (int t = 0; t < packs; ++t) {
            Numbers x = at(t);
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) add_deviation(&spread, x.v[j] - mean);
        }
        return spread;
    }
    // `to` begins at this thread's first column beyond the head.
    SRT_INLINE void write(const Normalized &to, const Spread &by, acc_t scale) const {
        const int W = Source::aligned ? 16 / sizeof(acc_t) : 1;
#pragma unroll 1
        for (int t = 0; t < packs; ++t) {
            Numbers x = at(t);
            Lanes<scalar_t, SRT_VEC> y;
            int first = (t - packs) * Source::STEP;
#pragma unroll
            for (int j = 0; j < SRT_VEC; j += W) {
                Lanes<acc_t, W> g = coefficients<W>(to.gamma, first + j, 1);
                Lanes<acc_t, W> b = coefficients<W>(to.beta, first + j, 0);
#pragma unroll
                for (int k = 0; k < W; ++k) {
                    acc_t d = (x.v[j + k] - by.mean) - by.rest;
                    from_acc(&y.v[j + k], srt_fma(d * scale, g.v[k], b.v[k]));
                }
                if (!Source::aligned) to.out[first + j] = y.v[j];
            }
            if (Source::aligned) store(to.out + first, y);
        }
    }
};

template <typename Row, typename Before>
SRT_INLINE RowStatistics wide_statistics(Row &row, const Before &head, acc_t weight, acc_t eps) {
    acc_t sum = head.sum();
#pragma unroll(Row::held)
    for (int u = 0; u < Row::packs; ++u)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j)
            if (row.has(u, j)) sum += row.at(u, j);
    acc_t mean = srt_mul(block_total(sum, (acc_t)0), weight);  // what `rest` is measured from
    row.refresh();
    Sum2 spread = head.deviations(mean);
#pragma unroll(Row::held)
    for (int u = 0; u < Row::packs; ++u)
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j)
            if (row.has(u, j)) add_deviation(&spread, row.at(u, j) - mean);
    row.refresh();
    return statistics_of(mean, block_total(spread, no_sum2()), weight, eps, 1);
}

template <typename Row>
SRT_INLINE void write_wide_row(const Normalized &to, const Row &row, const Spread &by,
                               acc_t scale) {
    const int W = Row::aligned ? 16 / sizeof(acc_t) : 1;
#pragma unroll(Row::held)
    for (int u = 0; u < Row::packs; ++u) {
        Pack y;
#pragma unroll
        for (int j = 0; j < SRT_VEC; j += W) {
            if (!row.has(u, j)) return;
            int at = row.first(u) + j;
            Lanes<acc_t, W> g = coefficients<W>(to.gamma, at, 1);
            Lanes<acc_t, W> b = coefficients<W>(to.beta, at, 0);
#pragma unroll
            for (int k = 0; k < W; ++k) {
                acc_t d = (row.at(u, j + k) - by.mean) - by.rest;
                from_acc(&y.v[j + k], srt_fma(d * scale, g.v[k], b.v[k]));
            }
            if (!Row::aligned) to.out[at] = y.v[j];
        }
        if (Row::aligned) *(Pack *)(to.out + row.first(u)) = y;
    }
}

// Apart, so that what it needs takes no registers from the row.
template <typename Numbers>
__noinline__ __device__ static void normalize_wide_row_again(Normalized to, Numbers at, acc_t gain,
                                                             acc_t eps, index_t cols) {
    normalize_again<SRT_VEC>(to, at, blockIdx.x, gain, eps, cols, blockDim.x, threadIdx.x, true);
}

// The row of this block, whose numbers in memory are `at`: a head, and what registers hold.
template <typename Row, typename Before, typename Numbers>
SRT_INLINE void normalize_wide_row(Row &row, const Before &head, Normalized to, const Numbers &at,
                                   acc_t gain, acc_t eps, index_t cols) {
    RowStatistics own = wide_statistics(row, head, (acc_t)1 / (acc_t)(int)cols, eps);
    if (!own.sound)
        return normalize_wide_row_again(to, at, gain, eps, cols);
    const bool late = SRT_DTYPE == SRT_F32;  // which order spills is a compiler's whim
    if (!late && threadIdx.x == 0)
        store_row(to.statistics, blockIdx.x, to.rows, own.by, 1, own.deviation);
    int col = head.columns() + threadIdx.x * SRT_VEC;
    to.out += blockIdx.x * cols + col;
    if (to.gamma) to.gamma += col;
    if (to.beta) to.beta += col;
    acc_t scale = (acc_t)1 / own.deviation * gain;
    write_wide_row(to, row, own.by, scale);
    head.write(to, own.by, scale);
    if (late && threadIdx.x == 0)
        store_row(to.statistics, blockIdx.x, to.rows, own.by, 1, own.deviation);
}

#endif
