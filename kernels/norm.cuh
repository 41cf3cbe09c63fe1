// What the normalizations share: packs with a tail, moments of a chunk, and the two walks.
//
// A thread always owns whole packs of adjacent elements. Where pointers or rows do not allow
// 16-byte loads the same elements are loaded one by one, so alignment never changes a result.
#ifndef SRT_NORM_CUH
#define SRT_NORM_CUH
#include "statistics.cuh"

#define SRT_FLIGHT 4                     // packs a thread has in flight, of one array
#define SRT_PAIRS 2                      // or of each of two
#define SRT_DEPTH (SRT_VEC < 8 ? 8 : 4)  // rows of a chunk down a column
#define SRT_CHUNK (SRT_VEC < 8 ? 4 : 2)  // packs of a chunk: 8 doubles, or 16 narrower elements

// -- packs with a tail ------------------------------------------------------------------------
// Elements past `valid` repeat the first, which a walk keeps readable: no load waits for a branch.
template <bool ALIGNED> SRT_INLINE Pack load_pack(const scalar_t *from, int valid) {
    if (ALIGNED) return *(const Pack *)from;
    Pack pack;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) pack.v[j] = from[j < valid ? j : 0];
    return pack;
}

template <bool ALIGNED> SRT_INLINE void store_pack(scalar_t *to, const Pack &pack, int valid) {
    if (ALIGNED) {
        if (valid) *(Pack *)to = pack;
        return;
    }
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j)
        if (j < valid) to[j] = pack.v[j];
}

// The values of acc_t that belong to a pack's elements; `other` where there are none.
struct __align__(16) AccPack {
    acc_t v[SRT_VEC];
};
SRT_INLINE AccPack load_acc(const acc_t *from, int valid, acc_t other) {
    if (from && valid == SRT_VEC && packs_allowed(bits_of(from))) return *(const AccPack *)from;
    AccPack pack;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) pack.v[j] = from && j < valid ? from[j] : other;
    return pack;
}

// The same without a branch where `from` is known to allow packs, and so x, so that packs are whole
// or none: `at` elements on, or the first again.
template <bool ALIGNED>
SRT_INLINE AccPack load_weights(const acc_t *from, index_t at, int valid, acc_t other) {
    if (!ALIGNED) return load_acc(from ? from + at : 0, valid, other);
    AccPack pack;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) pack.v[j] = other;
    return from ? *(const AccPack *)(from + (valid ? at : 0)) : pack;
}

// Whether element j of a pack exists; where packs are aligned they are whole.
template <bool ALIGNED> SRT_INLINE bool has_element(int valid, int j) {
    return ALIGNED ? valid != 0 : j < valid;
}

SRT_INLINE int clamp_valid(index_t left) {
    return left >= SRT_VEC ? SRT_VEC : left > 0 ? (int)left : 0;
}

// -- moments of a chunk -----------------------------------------------------------------------
// Two passes over registers; bit j of the mask says whether v[j] takes part.
template <int K, bool FULL> SRT_INLINE Moments chunk_moments(const acc_t (&v)[K], unsigned mask) {
    acc_t n = FULL ? (acc_t)K : (acc_t)__popc(mask), sum = 0, m2 = 0;
#pragma unroll
    for (int j = 0; j < K; ++j) sum += FULL || mask >> j & 1 ? v[j] : (acc_t)0;
    acc_t mean = FULL ? sum * (acc_t)(1.0 / K) : sum / n;
#pragma unroll
    for (int j = 0; j < K; ++j) {
        acc_t d = FULL || mask >> j & 1 ? v[j] - mean : (acc_t)0;
        m2 = srt_fma(d, d, m2);
    }
    Moments chunk = {n, mean, m2};
    return chunk;
}

template <int K> SRT_INLINE Moments moments_of(const acc_t (&v)[K], unsigned mask) {
    if (mask == (1u << K) - 1) return chunk_moments<K, true>(v, mask);
    return mask ? chunk_moments<K, false>(v, mask) : no_moments();
}

// -- the walk along planes: x is (n, c, s), one block a share of one channel --------------------
// Threads stand in rows of `lanes`: a row of threads takes a plane's packs, lane by lane.
struct Share {
    index_t channel;             // its first element lies at channel * s
    index_t plane, planes_end;   // the planes of the share
    index_t pack, packs_end;     // and the packs of each
};

SRT_INLINE Share share_of(index_t channel, unsigned split, index_t n, index_t s, index_t planes,
                          index_t packs, int segments) {
    index_t all = (s + SRT_VEC - 1) / SRT_VEC, y = split / segments, z = split % segments;
    Share share = {channel, y * planes, min(n, (y + 1) * planes), z * packs,
                   min(all, (z + 1) * packs)};
    return share;
}

// What a channel's numbers are taken relative to: of three of them the middle one.
SRT_INLINE acc_t pivot_of(const scalar_t *x, index_t channel, index_t n, index_t c, index_t s) {
    return median(to_acc(x[channel * s]), to_acc(x[((n >> 1) * c + channel) * s + (s >> 1)]),
                  to_acc(x[((n - 1) * c + channel) * s + s - 1]));
}

// A channel's numbers, one by one, times a power of two.
struct ChannelNumbers {
    const scalar_t *x;
    index_t channel, c, s;
    SRT_INLINE acc_t operator()(index_t i, acc_t power) const {
        return to_acc(x[(i / s * c + channel) * s + i % s]) * power;
    }
};

// Call body(at, valid) with the offsets of FLIGHT packs and how many elements each has; a pack that
// is not there lies at the first's offset.
// Backward: mirrored, so that what was read last is read first, from the cache.
template <int FLIGHT, bool BACKWARD, typename Body>
SRT_INLINE void walk_planes(const Share &share, index_t c, index_t s, int lanes, Body body) {
    int rows = blockDim.x / lanes, row = threadIdx.x / lanes, lane = threadIdx.x - row * lanes;
    index_t plane = share.plane + row, first = share.pack + lane, pack = first;
    if (row >= rows || first >= share.packs_end) plane = share.planes_end;
    index_t mirror = share.plane + share.planes_end - 1, step = c * s * rows;
    index_t base = ((BACKWARD ? mirror - plane : plane) * c + share.channel) * s;
    while (plane < share.planes_end) {
        index_t at[FLIGHT];
        int valid[FLIGHT];
#pragma unroll
        for (int u = 0; u < FLIGHT; ++u) {
            index_t from = BACKWARD ? share.pack + share.packs_end - 1 - pack : pack;
            bool inside = plane < share.planes_end;
            at[u] = inside ? base + from * SRT_VEC : at[0];
            valid[u] = inside ? clamp_valid(s - from * SRT_VEC) : 0;
            pack += lanes;
            if (pack >= share.packs_end) {
                pack = first;
                plane += rows;
                base += BACKWARD ? -step : step;
            }
        }
        body(at, valid);
    }
}

// -- the walk down columns: x is (n, c), one block a share of the rows of some columns -----------
// A lane owns SRT_VEC adjacent columns; threads of equal lane take every `rows`-th row.
struct Columns {
    index_t column;  // the first of this thread's
    int valid;       // how many of them exist
    int lane, row, rows;
};

SRT_INLINE Columns columns_of(index_t block, index_t c, int lanes) {
    int row = threadIdx.x / lanes, lane = threadIdx.x - row * lanes;
    index_t column = (block * lanes + lane) * SRT_VEC;
    Columns columns = {column, clamp_valid(c - column), lane, row, (int)blockDim.x / lanes};
    return columns;
}

// What belongs to each of a block's columns, for it in order: shared, so that neighbours read and
// write neighbours. A thread takes on columns thread, thread + threads, ...
template <typename T> struct Slab {
    T of[SRT_VEC][SRT_WARP];

    SRT_INLINE T &operator[](int k) { return of[k % SRT_VEC][k / SRT_VEC]; }
    SRT_INLINE void take(T (&own)[SRT_VEC], const Columns &columns) const {
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j)
            if (j < columns.valid) own[j] = of[j][columns.lane];
    }
};
// Calls body(k, column) for column k of the block's, in one thread each.
template <typename Body>
SRT_INLINE void each_column(const Columns &own, index_t c, Body body) {
    int lanes = blockDim.x / own.rows;
    index_t first = own.column - own.lane * SRT_VEC;
    for (int k = threadIdx.x; k < lanes * SRT_VEC && first + k < c; k += blockDim.x)
        body(k, first + k);
}
// What an array has for each of a thread's columns. A thread that read it by itself would meet as
// many lines as it has columns.
template <typename T>
SRT_INLINE void hand_out(T (&own)[SRT_VEC], const T *from, const Columns &columns, index_t c) {
    __shared__ Slab<T> slab;
    each_column(columns, c, [&](int k, index_t column) { slab[k] = from[column]; });
    __syncthreads();
    slab.take(own, columns);
}

// Call body(at, row, mask) with DEPTH rows and the offsets of this thread's columns in them; the
// rows of the mask are inside [begin, end), and where one is not the first stands in its place.
template <int DEPTH, bool BACKWARD, typename Body>
SRT_INLINE void walk_rows(const Columns &own, index_t begin, index_t end, index_t c, Body body) {
    if (own.valid == 0) return;
    for (index_t r = begin + own.row; r < end; r += (index_t)DEPTH * own.rows) {
        index_t at[DEPTH], row[DEPTH];
        unsigned mask = 0;
#pragma unroll
        for (int u = 0; u < DEPTH; ++u) {
            index_t from = r + (index_t)u * own.rows;
            if (from < end) mask |= 1u << u;
            row[u] = from >= end ? row[0] : BACKWARD ? begin + end - 1 - from : from;
            at[u] = row[u] * c + own.column;
        }
        body(at, row, mask);
    }
}

// The columns' sums so far and others. The moments of a thread's columns have one count, and so
// their merges one branch and one division.
template <typename T> SRT_INLINE void add_columns(T (&own)[SRT_VEC], const T (&other)[SRT_VEC]) {
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) own[j] = own[j] + other[j];
}
SRT_INLINE void add_columns(Moments (&own)[SRT_VEC], const Moments (&other)[SRT_VEC]) {
    if (other[0].n == (acc_t)0) return;
    acc_t a = own[0].n, n = a + other[0].n, part = other[0].n / n;
#pragma unroll
    for (int j = 0; j < SRT_VEC; ++j) {
        acc_t d = other[j].mean - own[j].mean;
        acc_t m2 = own[j].m2 + other[j].m2 + d * d * a * part;
        own[j].mean = a == (acc_t)0 ? other[j].mean : srt_fma(d, part, own[j].mean);
        own[j].m2 = a == (acc_t)0 ? other[j].m2 : m2;
        own[j].n = n;
    }
}

// The totals of a block's columns, in the threads of row 0. The rows are a power of two and the
// threads at most 256. May be called again at once.
template <typename T> SRT_INLINE void column_totals(T (&own)[SRT_VEC], const Columns &columns) {
    __shared__ T part[SRT_VEC][128];
    int lanes = blockDim.x / columns.rows;
    for (int half = columns.rows / 2; half; half >>= 1) {
        int slot = (columns.row & (half - 1)) * lanes + columns.lane;
        if (columns.row >= half && columns.row < 2 * half) {
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) part[j][slot] = own[j];
        }
        __syncthreads();
        if (columns.row < half) {
            T other[SRT_VEC];
#pragma unroll
            for (int j = 0; j < SRT_VEC; ++j) other[j] = part[j][slot];
            add_columns(own, other);
        }
        __syncthreads();
    }
}

#endif
