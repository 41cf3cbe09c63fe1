// Rows longer than the registers of a block hold, and the sums of dx over all rows: a part of
// syntonic_softmax_backward.cu, which alone includes it.
//
// A block takes one row after the other, and reads it once. What registers hold comes last in a
// row; before it lie tiles of half as many packs. Of the first `kept` of them grad and out stay in
// shared memory, of the first `summed` the sums; what finds no room there is read again, or added
// up in memory. Where a number lies changes no bit: products are absorbed, and sums added without
// contraction, in one place for all.

struct BlockTiles {
    int step, tile, kept, summed;  // values of a pack of all threads, of a tile; and tiles

    // Tile i of the row of op; `first` brings it to where it is kept.
    template <int H, int V>
    SRT_INLINE void load(Backward<IDENTITY>::Tile<H * V> &t, const Backward<IDENTITY> &op, int i,
                         bool first) const {
        index_t from = (index_t)i * tile + threadIdx.x * V;
        if (i < kept) {
            scalar_t *room = kept_tiles() + i * (2 * tile) + threadIdx.x * V;
            if (first) op.template keep<H, V>(room, from, step);
            op.held(room, from, tile).template load<H, V, 1>(t, 0, tile, step);
        } else {
            op.template load<H, V, 1>(t, from, from + tile, step);
        }
    }
    SRT_INLINE acc_t *sums_kept(int i) const {
        return (acc_t *)(kept_tiles() + kept * (2 * tile)) + i * tile;
    }
    // Adds dx of tile i to the sums of its columns, whose row in memory is `own`.
    template <int H, int V>
    SRT_INLINE void add(acc_t *own, const acc_t *dx, int i, bool first) const {
        acc_t *at = (i < summed ? sums_kept(i) : own + (index_t)i * tile) + threadIdx.x * V;
#pragma unroll
        for (int k = 0; k < H; ++k) {
            acc_t sum[V];
            if (!first) load_classes<V>(sum, at + k * step);
#pragma unroll
            for (int u = 0; u < V; ++u) sum[u] = srt_add(first ? (acc_t)0 : sum[u], dx[k * V + u]);
            store_classes<V>(at + k * step, sum);
        }
    }
};

template <int K, int V>
SRT_INLINE void sums_in_tiles(const Backward<IDENTITY> &all, acc_t *sums, index_t rows, index_t n,
                              int kept, int summed) {
    const int H = K / 2;
    Backward<IDENTITY>::Tile<1> no_edge = {{0}, {0}, {0}};
    acc_t mine[K * V] = {0}, *own = sums + blockIdx.x * n;
    const int step = blockDim.x * V;
    const BlockTiles tiles = {step, H * step, kept, summed};
    const int before = (int)((n - K * step + tiles.tile - 1) / tiles.tile);
    const index_t last = (index_t)before * tiles.tile;
    for (index_t row = blockIdx.x; row < rows; row += gridDim.x) {
        Backward<IDENTITY> op = all;
        Backward<IDENTITY>::Tile<K * V> t;
        Backward<IDENTITY>::Tile<H * V> h;
        Backward<IDENTITY>::State s[1] = {op.none()};
        Backward<IDENTITY>::Result r[1];
        op.move(row * n);
#pragma unroll 1
        for (int i = 0; i < before; ++i) {
            tiles.load<H, V>(h, op, i, true);
            op.template absorb<H * V, 1>(s, h);
        }
        op.template load<K, V, 1>(t, last + threadIdx.x * V, n, step);
        op.template finish<K * V, 1>(BlockTeam(), s, t, no_edge, r);
        op.template store<K, V, 1>(t, r, last + threadIdx.x * V, n, step);
#pragma unroll
        for (int i = 0; i < K * V; ++i) mine[i] = srt_add(mine[i], t.g[i]);
#pragma unroll 1
        for (int i = before - 1; i >= 0; --i) {
            tiles.load<H, V>(h, op, i, false);
            op.template store<H, V, 1>(h, r, (index_t)i * tiles.tile + threadIdx.x * V, n, step);
            tiles.add<H, V>(own, h.g, i, row == blockIdx.x);
        }
    }
    put_sums<K, V>(own + last, mine, n - last, threadIdx.x, blockDim.x);
    for (int i = 0; i < summed; ++i)  // a thread brings what it has added up itself: no barrier
#pragma unroll
        for (int k = 0; k < H; ++k) {
            acc_t sum[V];
            int at = k * step + threadIdx.x * V;
            load_classes<V>(sum, tiles.sums_kept(i) + at);
            store_classes<V>(own + (index_t)i * tiles.tile + at, sum);
        }
}

// dx = out * (grad - sum grad * out) by rows, and each block's sums of dx over every `blocks`-th
// row: dx, grad and out are (rows, n), sums acc_t (blocks, n). n is a multiple of V. Registers hold
// 2 E * block columns; before them are t > 0 tiles of E * block, E = 4 for f64, else 8; kept and
// summed are at most t.
// Dynamic shared memory: 2 * kept * E * block elements, and summed * E * block of acc_t. Of kept
// tiles it has grad and out, of summed ones the sums.
// Launch: grid blocks <= rows, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_wide)(scalar_t *dx, acc_t *sums,
                                                       const scalar_t *grad, const scalar_t *out,
                                                       index_t rows, index_t n, int kept,
                                                       int summed) {
    sums_in_tiles<FEW, SRT_VEC>(back(dx, grad, out, 1), sums, rows, n, kept, summed);
}

// dx = out * (grad - sum grad * out) by rows, and each block's sums of dx over every `blocks`-th
// row: dx, grad and out are (rows, n), sums acc_t (blocks, n). Registers hold 2 E * block columns;
// before them are t > 0 tiles of E * block, E = 2 for f64, else 4; kept and summed are at most t.
// Dynamic shared memory: 2 * kept * E * block elements, and summed * E * block of acc_t. Of kept
// tiles it has grad and out, of summed ones the sums.
// Launch: grid blocks <= rows, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_wide_odd)(scalar_t *dx, acc_t *sums,
                                                           const scalar_t *grad,
                                                           const scalar_t *out, index_t rows,
                                                           index_t n, int kept, int summed) {
    sums_in_tiles<ALONE, 1>(back(dx, grad, out, 1), sums, rows, n, kept, summed);
}
