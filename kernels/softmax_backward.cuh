// The gradient of softmax as an operation on slices, for the drivers of softmax_slices.cuh.
#ifndef SRT_SOFTMAX_BACKWARD_CUH
#define SRT_SOFTMAX_BACKWARD_CUH
#include "softmax_forward.cuh"

// The sum of x[0] y[0], x[C] y[C], ... by a tree.
template <int N, int C> SRT_INLINE acc_t dot_of(const acc_t *x, const acc_t *y) {
    if constexpr (N == 1)
        return x[0] * y[0];
    else
        return dot_of<N - N / 2, C>(x, y) +
               dot_of<N / 2, C>(x + (N - N / 2) * C, y + (N - N / 2) * C);
}

// dx = out * (grad - sum of grad * out). With PROVIDED weights of x's shape also
// dweights = scale * dx / weight, where the weight is above the floor. With LEARNED ones, for
// strided slices only, sums[j] is the sum of dx over the team's columns.
template <int WEIGHING> struct Backward {
    scalar_t *dx, *dweights;
    const scalar_t *grad, *out, *weights;
    acc_t scale, floor;
    index_t pitch;
    acc_t *sums;
    int lanes;  // of the team, along the columns

    template <int N> struct Tile {
        acc_t g[N], y[N], w[WEIGHING == PROVIDED ? N : 1];
    };
    typedef Compensated State;
    struct Result {
        acc_t dot;
    };

    SRT_INLINE void move(index_t by) {
        dx += by, grad += by, out += by;
        if (WEIGHING == PROVIDED) weights += by, dweights += by;
    }
    SRT_INLINE void join_team(index_t row) {
        if (WEIGHING == LEARNED) sums += row;
    }
    SRT_INLINE const scalar_t *anchor() const { return grad; }
    SRT_INLINE State none() const {
        State s = {0, 0};
        return s;
    }

    // As Forward::load; zeros beyond.
    template <int K, int V, int C>
    SRT_INLINE void load(Tile<K * V> &t, index_t j, index_t end, int step) const {
        Raw<V> g[K], y[K], w[K];
        int room = room_from(j, end);
        index_t at = j * pitch, apart = step * pitch;
        bool packed = in_packs<V>(grad + at) && in_packs<V>(out + at);
        if (WEIGHING == PROVIDED) packed = packed && in_packs<V>(weights + at);
#pragma unroll
        for (int k = 0; k < K; ++k) {
            if (k * step >= room) continue;
            g[k] = load_raw<V>(grad + (at + k * apart), packed);
            y[k] = load_raw<V>(out + (at + k * apart), packed);
            if (WEIGHING == PROVIDED) w[k] = load_raw<V>(weights + (at + k * apart), packed);
        }
#pragma unroll
        for (int k = 0; k < K; ++k) {
            bool in = k * step < room;
#pragma unroll
            for (int u = 0; u < V; ++u) {
                t.g[k * V + u] = in ? to_acc(g[k].v[u]) : (acc_t)0;
                t.y[k * V + u] = in ? to_acc(y[k].v[u]) : (acc_t)0;
                if (WEIGHING == PROVIDED) t.w[k * V + u] = in ? to_acc(w[k].v[u]) : (acc_t)0;
            }
        }
    }

    // A tile from class j on, copied to shared memory: grad, out, and the weights.
    static const int KEPT = WEIGHING == PROVIDED ? 3 : 2;
    template <int K, int V> SRT_INLINE void keep(scalar_t *room, index_t j, int step) const {
        keep_packs<K, V>(room, grad + j, step);
        keep_packs<K, V>(room + K * step, out + j, step);
        if (WEIGHING == PROVIDED) keep_packs<K, V>(room + 2 * K * step, weights + j, step);
    }
    // The operation on what was kept, to be loaded from.
    SRT_INLINE Backward held(scalar_t *room, index_t, int tile) const {
        Backward op = *this;
        op.grad = room, op.out = room + tile, op.weights = room + 2 * tile;
        return op;
    }

    template <int N, int C> SRT_INLINE void absorb(State (&s)[C], Tile<N> &t) const {
#pragma unroll
        for (int c = 0; c < C; ++c) s[c].add(dot_of<N / C, C>(t.g + c, t.y + c));
    }

    template <int N, int C, typename Team>
    SRT_INLINE void finish(const Team &team, const State (&s)[C], Tile<N> &t, Tile<1> &edge,
                           Result (&r)[C]) const {
        acc_t dot[C];
#pragma unroll
        for (int c = 0; c < C; ++c) dot[c] = dot_of<N / C, C>(t.g + c, t.y + c) + s[c].value();
        dot[0] += edge.g[0] * edge.y[0];
        team.total(dot);
#pragma unroll
        for (int c = 0; c < C; ++c) r[c].dot = dot[c];
    }

    template <int N, int C> SRT_INLINE void again(Tile<N> &, const Result (&)[C]) const {}

    // Leaves dx, not rounded, in g.
    template <int K, int V, int C> SRT_INLINE void store(Tile<K * V> &t, const Result (&r)[C],
                                                         index_t j, index_t end, int step) const {
        int room = room_from(j, end);
        index_t at = j * pitch, apart = step * pitch;
        bool packed = in_packs<V>(dx + at);
#pragma unroll
        for (int k = 0; k < K; ++k) {
            bool in = k * step < room;
#pragma unroll
            for (int i = k * V; i < (k + 1) * V; ++i)
                t.g[i] = t.y[i] * (t.g[i] - r[C == 1 ? 0 : i % V].dot);
            if (in) store_raw<V>(dx + (at + k * apart), t.g + k * V, packed);
            if (WEIGHING == LEARNED) add_up<V>(t.g + k * V, in ? sums + (j + k * step) : nullptr);
        }
        if (WEIGHING == PROVIDED) store_dweights<K, V>(t, at, apart, step, room);
    }

    template <int K, int V> SRT_INLINE void store_dweights(Tile<K * V> &t, index_t at,
                                                           index_t apart, int step,
                                                           int room) const {
        bool packed = in_packs<V>(dweights + at);
#pragma unroll
        for (int k = 0; k < K; ++k) {
#pragma unroll
            for (int i = k * V; i < (k + 1) * V; ++i)
                t.w[i] = t.w[i] > floor ? scale * t.g[i] / t.w[i] : (acc_t)0;
            if (k * step < room) store_raw<V>(dweights + (at + k * apart), t.w + k * V, packed);
        }
    }

    // The sum over the lanes of the team and V columns each; idle lanes have zeros.
    template <int V> SRT_INLINE void add_up(const acc_t *d, acc_t *to) const {
        acc_t sum = sum_of<V, 1>(d);
        for (int by = lanes >> 1; by; by >>= 1) sum += lane_xor(sum, by);
        if (to && (threadIdx.x & (lanes - 1)) == 0) *to = sum;
    }

    static const int PARTS = 1;
    template <int C> SRT_INLINE void leave(acc_t *part, index_t, const Result (&r)[C]) const {
#pragma unroll
        for (int c = 0; c < C; ++c) part[c] = r[c].dot;
    }
    template <int C, typename Team> SRT_INLINE void collect(const Team &team, const acc_t *part,
                                                            index_t apart, int first, int step,
                                                            int parts, Result (&r)[C]) const {
        acc_t dot[C];
#pragma unroll
        for (int c = 0; c < C; ++c) {
            dot[c] = 0;
            for (int b = first; b < parts; b += step) dot[c] += part[b * apart + c];
        }
        team.total(dot);
#pragma unroll
        for (int c = 0; c < C; ++c) r[c].dot = dot[c];
    }
};

// -- rows, and the sums of dx over all rows ------------------------------------------------------
// Every team takes rows first, first + teams, ... and keeps its sums in registers. Rows are cut at
// the same places: V = 1, or rows of whole packs. `sums` has a row of n for each warp or block.
template <int K, int V, typename Team>
SRT_INLINE void rows_and_sums(Backward<IDENTITY> op, const Team &team, index_t row, index_t teams,
                              index_t rounds, index_t rows, index_t n, int thread, int size,
                              acc_t (&sums)[K * V]) {
    Backward<IDENTITY>::Tile<K * V> t;
    Backward<IDENTITY>::Tile<1> no_edge = {{0}, {0}, {0}};
    Backward<IDENTITY>::State none[1] = {{0, 0}};
    Backward<IDENTITY>::Result r[1];
#pragma unroll
    for (int i = 0; i < K * V; ++i) sums[i] = 0;
    op.move(row * n);
    for (; rounds;
         --rounds, row += teams, op.move(teams * n)) {  // as many for every lane of a warp
        index_t end = row < rows ? n : 0;
        op.template load<K, V, 1>(t, thread * V, end, size * V);
        op.template finish<K * V, 1>(team, none, t, no_edge, r);
        op.template store<K, V, 1>(t, r, thread * V, end, size * V);
#pragma unroll
        for (int i = 0; i < K * V; ++i) sums[i] += t.g[i];
    }
}

template <int K, int V>
SRT_INLINE void put_sums(acc_t *to, const acc_t (&sums)[K * V], index_t n, int thread, int size) {
#pragma unroll
    for (int k = 0; k < K; ++k)
#pragma unroll
        for (int u = 0; u < V; ++u) {
            index_t j = (index_t)(thread + k * size) * V + u;
            if (j < n) to[j] = sums[k * V + u];
        }
}

template <int K, int V> SRT_INLINE void sums_in_lanes(Backward<IDENTITY> op, acc_t *sums,
                                                      index_t rows, index_t n, int bits) {
    int size = 1 << bits, lane = threadIdx.x & (size - 1);
    index_t thread = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    index_t teams = ((index_t)gridDim.x * blockDim.x) >> bits;
    index_t rounds = (index_t)((unsigned long long)(rows + teams - 1) / teams);
    LaneTeam team = {size};
    acc_t mine[K * V];
    rows_and_sums<K, V>(op, team, thread >> bits, teams, rounds, rows, n, lane, size, mine);
#pragma unroll
    for (int i = 0; i < K * V; ++i)
        for (int by = SRT_WARP / 2; by >= size; by >>= 1) mine[i] += lane_xor(mine[i], by);
    if ((threadIdx.x & (SRT_WARP - 1)) < size)
        put_sums<K, V>(sums + thread / SRT_WARP * n, mine, n, lane, size);
}

template <int K, int V>
SRT_INLINE void sums_in_blocks(Backward<IDENTITY> op, acc_t *sums, index_t rows, index_t n) {
    acc_t mine[K * V];
    index_t row = blockIdx.x, teams = gridDim.x;
    index_t rounds = (index_t)((unsigned long long)(rows - row + teams - 1) / teams);
    rows_and_sums<K, V>(op, BlockTeam(), row, teams, rounds, rows, n, threadIdx.x, blockDim.x,
                        mine);
    put_sums<K, V>(sums + row * n, mine, n, threadIdx.x, blockDim.x);
}

// Rows too long for that: the products are known, `parts` for each row. Block (tile, group) has
// V columns for each thread, and the rows group, group + groups, ...
template <int K, int V> SRT_INLINE void sums_of_columns(Backward<IDENTITY> op, const acc_t *part,
                                                        acc_t *sums, index_t rows, index_t n,
                                                        int parts) {
    index_t column = ((index_t)blockIdx.x * blockDim.x + threadIdx.x) * V;
    int first = blockIdx.y, groups = gridDim.y;
    acc_t mine[V] = {0};
    op.pitch = n;
    op.move(column);
    for (index_t row = first; row < rows; row += (index_t)K * groups) {
        Backward<IDENTITY>::Tile<K * V> t;
        op.template load<K, V, V>(t, row, column < n ? rows : row, groups);
#pragma unroll
        for (int k = 0; k < K; ++k) {
            index_t at = row + (index_t)k * groups;
            if (at >= rows) continue;  // the same for all of the block
            Backward<IDENTITY>::Result r[1];
            op.template collect<1>(BlockTeam(), part + at * parts, 1, threadIdx.x, blockDim.x,
                                   parts, r);
#pragma unroll
            for (int u = 0; u < V; ++u) {
                t.g[k * V + u] = t.y[k * V + u] * (t.g[k * V + u] - r[0].dot);
                mine[u] += t.g[k * V + u];
            }
            scalar_t *to = op.dx + at * n;
            if (column < n) store_raw<V>(to, t.g + k * V, in_packs<V>(to));
        }
    }
    for (int u = 0; u < V && column < n; ++u) sums[first * n + column + u] = mine[u];
}

#endif
