// How threads walk through slices: rows in lanes of a warp, rows in a block, strided columns, and
// slices over several blocks. What is done on the way is an operation: Forward or Backward.
//
// A slice has classes `from` to `end`; this thread takes the packs of V values at `first`,
// first + step, ... in tiles of K packs. The last tile stays in registers, so a short slice is read
// once; what came before it is met again, backwards, while it may still be in the cache.
#ifndef SRT_SOFTMAX_SLICES_CUH
#define SRT_SOFTMAX_SLICES_CUH
#include "softmax.cuh"

#define FEW (SRT_TILE / SRT_VEC / 2)  // packs of a thread
#define SINGLE 4                      // elements of a lane, in rows that are not whole packs
#define ALONE (SRT_TILE / 4)          // elements of a thread in strided slices that are not
#define COLUMN_THREADS 512

// How the parameters of kernels end.
#define ROW_SIZES index_t rows, index_t n, int bits
#define COLUMN_SIZES index_t outer, index_t n, index_t inner, int lane_bits, int way_bits
#define COLUMNS outer, n, inner, lane_bits, way_bits

struct Walk {
    index_t from, end;  // classes
    int first, step;    // `first` counted from `from`
    index_t edge, n;    // one class besides, or n or more: none
};

// How far an array begins after a boundary of 16 bytes.
SRT_INLINE unsigned skew_of(const scalar_t *x) { return (unsigned)bits_of(x) & 15; }

// The part of a row at x that would lie in whole packs if its array began without a skew; at most
// 2 (V - 1) edge elements go to the first threads of a team of at least that many. Smaller teams
// leave no edge: their rows are in packs.
template <int V>
SRT_INLINE Walk row_walk(const scalar_t *x, unsigned skew, index_t n, int thread, int team) {
    index_t head = (index_t)((16 - ((bits_of(x) - skew) & 15)) & 15) / (index_t)sizeof(scalar_t);
    if (V == 1 || team < 2 * V) head = 0;
    if (head > n) head = n;
    Walk w = {head, head + (n - head) / V * V, thread * V, team * V, 0, n};
    w.edge = thread < head ? thread : w.end + (thread - head);
    return w;
}

// Sum up what the tiles before the last make; returns where the last begins.
template <int K, int V, int C, typename Op>
SRT_INLINE index_t sum_before_last(const Op &op, const Walk &w,
                                   typename Op::template Tile<K * V> &t,
                                   typename Op::State (&s)[C]) {
    index_t base = w.from, tile = (index_t)K * w.step;
    for (; w.end - base > tile; base += tile) {
        op.template load<K, V, C>(t, base + w.first, w.end, w.step);
        op.template absorb<K * V, C>(s, t);
    }
    return base;
}

// Meet the tiles before `base` again, the last first, and store their outputs.
template <int K, int V, int C, typename Op>
SRT_INLINE void put_out_before(const Op &op, const Walk &w, index_t base,
                               const typename Op::Result (&r)[C]) {
    typename Op::template Tile<K * V> t;
    index_t tile = (index_t)K * w.step;
    for (base -= tile; base >= w.from; base -= tile) {
        op.template load<K, V, C>(t, base + w.first, w.end, w.step);
        op.template again<K * V, C>(t, r);
        op.template store<K, V, C>(t, r, base + w.first, w.end, w.step);
    }
}

// One slice (C = 1) or V adjacent columns (C = V), whole, by one team; with ONCE in one tile.
template <int K, int V, int C, bool ONCE, typename Op, typename Team>
SRT_INLINE void whole(const Op &op, const Team &team, const Walk &w) {
    typename Op::template Tile<K * V> t;
    typename Op::template Tile<1> edge;
    typename Op::State s[C];
    typename Op::Result r[C];
#pragma unroll
    for (int c = 0; c < C; ++c) s[c] = op.none();
    index_t base = ONCE ? w.from : sum_before_last<K, V, C>(op, w, t, s);
    op.template load<K, V, C>(t, base + w.first, w.end, w.step);
    op.template load<1, 1, 1>(edge, w.edge, w.n, 0);
    op.template finish<K * V, C>(team, s, t, edge, r);
    op.template store<K, V, C>(t, r, base + w.first, w.end, w.step);
    if constexpr (C == 1 && V > 1) op.template store<1, 1, 1>(edge, r, w.edge, w.n, 0);
    if (!ONCE) put_out_before<K, V, C>(op, w, base, r);
}

// The first half of it: what a slice adds up to.
template <int K, int V, int C, typename Op, typename Team>
SRT_INLINE void sum_up(const Op &op, const Team &team, const Walk &w, typename Op::Result (&r)[C]) {
    typename Op::template Tile<K * V> t;
    typename Op::template Tile<1> edge;
    typename Op::State s[C];
#pragma unroll
    for (int c = 0; c < C; ++c) s[c] = op.none();
    index_t base = sum_before_last<K, V, C>(op, w, t, s);
    op.template load<K, V, C>(t, base + w.first, w.end, w.step);
    op.template load<1, 1, 1>(edge, w.edge, w.n, 0);
    op.template finish<K * V, C>(team, s, t, edge, r);
}

// And the second: its outputs.
template <int K, int V, int C, typename Op>
SRT_INLINE void put_out(const Op &op, const Walk &w, const typename Op::Result (&r)[C]) {
    index_t tile = (index_t)K * w.step, tiles = (w.end - w.from + tile - 1) / tile;
    put_out_before<K, V, C>(op, w, w.from + tiles * tile, r);
    typename Op::template Tile<1> edge;
    if constexpr (C == 1 && V > 1) {
        op.template load<1, 1, 1>(edge, w.edge, w.n, 0);
        op.template again<1, 1>(edge, r);
        op.template store<1, 1, 1>(edge, r, w.edge, w.n, 0);
    }
}

// -- rows ---------------------------------------------------------------------------------------
// 2^bits lanes for a row of at most K * V * 2^bits elements.
template <int K, int V, typename Op>
SRT_INLINE void rows_in_lanes(Op op, index_t rows, index_t n, int bits) {
    index_t row = ((index_t)blockIdx.x * blockDim.x + threadIdx.x) >> bits;
    int lane = threadIdx.x & ((1 << bits) - 1);
    unsigned skew = skew_of(op.anchor());
    if (row < rows) op.move(row * n);
    LaneTeam team = {1 << bits};
    index_t end = row < rows ? n : 0;
    whole<K, V, 1, true>(op, team, row_walk<V>(op.anchor(), skew, end, lane, 1 << bits));
}

// What a block keeps of its row in dynamic shared memory: tiles of Op::KEPT arrays. A thread reads
// there what it has written itself: no barrier.
SRT_INLINE scalar_t *kept_tiles() { return dynamic_shared<scalar_t>(); }

// A block for each row. The first `kept` tiles stay in shared memory, the last in registers; those
// between, of a row that is longer, are read again. Tiles but the last are of half as many packs
// where there are several arrays, or doubles: their copies take registers. How many are kept
// changes no bit, for none is that registers have room for.
template <int K, int V, typename Op> SRT_INLINE void rows_in_blocks(Op op, index_t n, int kept) {
    const int H = Op::KEPT > 1 || sizeof(acc_t) == 8 ? K / 2 : K;
    op.move(blockIdx.x * n);
    // Of the array, from the row back: asked before it moves, some compilers spill.
    unsigned before = blockIdx.x * (unsigned)n * (unsigned)sizeof(scalar_t);
    unsigned skew = (unsigned)bits_of(op.anchor()) - before;
    Walk w = row_walk<V>(op.anchor(), skew, n, threadIdx.x, blockDim.x);
    typename Op::template Tile<K * V> t;
    typename Op::template Tile<H * V> h;
    typename Op::template Tile<1> edge;
    typename Op::State s[1] = {op.none()};
    typename Op::Result r[1];
    const int tile = H * w.step;
#pragma unroll 1
    for (int i = 0; i < kept; ++i) {
        scalar_t *room = kept_tiles() + i * (Op::KEPT * tile) + w.first;
        op.template keep<H, V>(room, w.from + i * tile + w.first, w.step);
        op.held(room, w.from + i * tile + w.first, tile).template load<H, V, 1>(h, 0, tile, w.step);
        op.template absorb<H * V, 1>(s, h);
    }
    Walk rest = w;
    rest.from += kept * tile;
    index_t base = rest.from;
    for (; w.end - base > K * w.step; base += tile) {
        op.template load<H, V, 1>(h, base + w.first, w.end, w.step);
        op.template absorb<H * V, 1>(s, h);
    }
    op.template load<K, V, 1>(t, base + w.first, w.end, w.step);
    op.template load<1, 1, 1>(edge, w.edge, w.n, 0);
    op.template finish<K * V, 1>(BlockTeam(), s, t, edge, r);
    op.template store<K, V, 1>(t, r, base + w.first, w.end, w.step);
    if constexpr (V > 1) op.template store<1, 1, 1>(edge, r, w.edge, w.n, 0);
    put_out_before<H, V, 1>(op, rest, base, r);
#pragma unroll 1
    for (int i = 0; i < kept; ++i) {
        scalar_t *room = kept_tiles() + i * (Op::KEPT * tile) + w.first;
        index_t from = w.from + i * tile + w.first;
        op.held(room, from, tile).template load<H, V, 1>(h, 0, tile, w.step);
        op.template again<H * V, 1>(h, r);
        op.template store<H, V, 1>(h, r, from, w.end, w.step);
    }
}

// -- long rows over several blocks ----------------------------------------------------------------
// Block (row, b) of a grid (rows, parts) has the b-th share of the row; the first also its edge.
template <int V, typename Op>
SRT_INLINE Walk share_walk(Op &op, index_t row, int b, int parts, index_t n) {
    unsigned skew = skew_of(op.anchor());
    op.move(row * n);
    Walk w = row_walk<V>(op.anchor(), skew, n, threadIdx.x, blockDim.x);
    index_t packs = (unsigned long long)(w.end - w.from) / V;
    index_t share = (index_t)((unsigned long long)(packs + parts - 1) / parts) * V;
    index_t from = w.from + b * share, end = from + share;
    w.from = from < w.end ? from : w.end, w.end = end < w.end ? end : w.end;
    if (b) w.edge = n;
    return w;
}

// What a share of a row adds up to, for `collect`. `part` has Op::PARTS values a block.
template <int K, int V, typename Op> SRT_INLINE void rows_shared(Op op, acc_t *part, index_t n) {
    Walk w = share_walk<V>(op, blockIdx.x, blockIdx.y, gridDim.y, n);
    typename Op::Result r[1];
    sum_up<K, V, 1>(op, BlockTeam(), w, r);
    part += ((index_t)blockIdx.x * gridDim.y + blockIdx.y) * Op::PARTS;
    if (threadIdx.x == 0) op.template leave<1>(part, 1, r);
}

// The outputs; blocks go backwards, to what was read last.
template <int K, int V, typename Op>
SRT_INLINE void rows_rejoined(Op op, const acc_t *part, index_t n) {
    int parts = gridDim.y, b = parts - 1 - blockIdx.y;
    index_t row = gridDim.x - 1 - blockIdx.x;
    Walk w = share_walk<V>(op, row, b, parts, n);
    typename Op::Result r[1];
    op.template collect<1>(BlockTeam(), part + row * parts * Op::PARTS, 1, threadIdx.x, blockDim.x,
                           parts, r);
    put_out<K, V, 1>(op, w, r);
}

// -- strided slices -------------------------------------------------------------------------------
// The columns of (outer, n, inner): a team of 2^lane_bits lanes along `inner`, V columns each, and
// 2^way_bits ways along n. `parts` teams share a column's classes; part b is of this team.
template <int V> struct Column {
    Walk walk;
    ColumnTeam<V> team;
    index_t outer, column;  // column >= inner: nothing to do, but to wait with the block
    int part, way;
    index_t tile;  // of the team, over all outer
};
template <int V> SRT_INLINE Column<V> column_of(acc_t *shared, index_t outers, index_t n,
                                                index_t inner, int lane_bits, int way_bits,
                                                int parts) {
    int lane = threadIdx.x & ((1 << lane_bits) - 1);
    int way = (threadIdx.x >> lane_bits) & ((1 << way_bits) - 1);
    unsigned long long team =
        ((unsigned long long)blockIdx.x * blockDim.x + threadIdx.x) >> (lane_bits + way_bits);
    unsigned long long tiles =
        (unsigned long long)(inner + ((index_t)V << lane_bits) - 1) >> lane_bits;
    tiles /= V;
    Column<V> c;
    c.part = (int)(team % parts), team /= parts;
    c.outer = team / tiles, c.way = way, c.tile = team;
    c.column = ((index_t)(team % tiles) << lane_bits) * V + lane * V;
    bool idle = c.outer >= outers || c.column >= inner;
    if (c.outer >= outers) c.outer = outers - 1, c.column = inner;
    index_t share = (index_t)((unsigned long long)(n + parts - 1) / parts);
    index_t from = c.part * share, end = from + share < n ? from + share : n;
    if (from > end) from = end;
    // An idle thread goes the way of its team, far behind the end: the team may shuffle.
    Walk w = {from, end, idle ? 1 << 30 : way, 1 << way_bits, n, n};
    c.walk = w;
    ColumnTeam<V> shares = {shared, 1 << lane_bits, 1 << way_bits};
    c.team = shares;
    return c;
}

template <int K, int V, typename Op> SRT_INLINE void columns(Op op, acc_t *shared, index_t outers,
                                                             index_t n, index_t inner,
                                                             int lane_bits, int way_bits) {
    Column<V> c = column_of<V>(shared, outers, n, inner, lane_bits, way_bits, 1);
    op.move(c.outer * n * inner + c.column);
    op.join_team(c.tile * n);
    whole<K, V, V, false>(op, c.team, c.walk);
}

template <int K, int V, typename Op>
SRT_INLINE void columns_shared(Op op, acc_t *shared, acc_t *part, index_t outers, index_t n,
                               index_t inner, int lane_bits, int way_bits, int parts) {
    Column<V> c = column_of<V>(shared, outers, n, inner, lane_bits, way_bits, parts);
    op.move(c.outer * n * inner + c.column);
    op.join_team(c.tile * n);
    typename Op::Result r[V];
    sum_up<K, V, V>(op, c.team, c.walk, r);
    part += (c.outer * parts + c.part) * Op::PARTS * inner + c.column;
    if (c.way == 0 && c.column < inner) op.template leave<V>(part, inner, r);
}

template <int K, int V, typename Op>
SRT_INLINE void columns_rejoined(Op op, acc_t *shared, const acc_t *part, index_t outers, index_t n,
                                 index_t inner, int lane_bits, int way_bits, int parts) {
    Column<V> c = column_of<V>(shared, outers, n, inner, lane_bits, way_bits, parts);
    op.move(c.outer * n * inner + c.column);
    op.join_team(c.tile * n);
    part += c.outer * parts * Op::PARTS * inner + c.column;
    typename Op::Result r[V];
    int mine = c.column < inner ? parts : 0;
    op.template collect<V>(c.team, part, inner, c.way, 1 << way_bits, mine, r);
    put_out<K, V, V>(op, c.walk, r);
}

#endif
