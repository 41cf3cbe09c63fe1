// What the softmax kernels share: packs of V values, the running sum of exponentials, and teams of
// threads that reduce together.
#ifndef SRT_SOFTMAX_CUH
#define SRT_SOFTMAX_CUH
#include "reduce.cuh"

// Registers that a tile of values may fill, in values of acc_t.
#define SRT_TILE (128 / (int)sizeof(acc_t))

// -- V values in one transaction --------------------------------------------------------------
template <int V> struct alignas(V * sizeof(scalar_t)) Raw {
    scalar_t v[V];
};

// How many elements are left between j and end, as far as a tile can reach.
SRT_INLINE int room_from(index_t j, index_t end) {
    index_t left = end - j;
    return left > (1 << 30) ? 1 << 30 : (int)left;
}

// Whether V values at p may be read or written at once.
template <int V> SRT_INLINE bool in_packs(const scalar_t *p) {
    return V == 1 || packs_allowed(bits_of(p));
}

template <int V> SRT_INLINE Raw<V> load_raw(const scalar_t *p, bool packed) {
    if (packed) return *(const Raw<V> *)p;
    Raw<V> r;
#pragma unroll
    for (int u = 0; u < V; ++u) r.v[u] = p[u];
    return r;
}

// K packs of V values, `step` apart, copied as they are; all loads at once.
template <int K, int V>
SRT_INLINE void keep_packs(scalar_t *to, const scalar_t *from, int step) {
    Raw<V> raw[K];
    bool packed = in_packs<V>(from);
#pragma unroll
    for (int k = 0; k < K; ++k) raw[k] = load_raw<V>(from + (index_t)k * step, packed);
#pragma unroll
    for (int k = 0; k < K; ++k) *(Raw<V> *)(to + k * step) = raw[k];
}

template <int V> SRT_INLINE void store_raw(scalar_t *p, const acc_t *from, bool packed) {
    Raw<V> r;
#pragma unroll
    for (int u = 0; u < V; ++u) from_acc(&r.v[u], from[u]);
    if (V > 1 && packed) {
        __stcs((uint4 *)p, *(const uint4 *)&r);  // a plain store would be split, half of it shared
    } else {
#pragma unroll
        for (int u = 0; u < V; ++u) p[u] = r.v[u];
    }
}

// V values of acc_t: parameters of adjacent classes.
#define SRT_ACC_VEC (16 / (int)sizeof(acc_t))
struct alignas(16) AccPack {
    acc_t v[SRT_ACC_VEC];
};
template <int V> SRT_INLINE void load_classes(acc_t *to, const acc_t *p) {
    if (V >= SRT_ACC_VEC && packs_allowed(bits_of(p))) {
#pragma unroll
        for (int u = 0; u < V; u += SRT_ACC_VEC) {
            AccPack a = *(const AccPack *)(p + u);
#pragma unroll
            for (int i = 0; i < SRT_ACC_VEC && u + i < V; ++i) to[u + i] = a.v[i];
        }
    } else {
#pragma unroll
        for (int u = 0; u < V; ++u) to[u] = p[u];
    }
}
template <int V> SRT_INLINE void store_classes(acc_t *p, const acc_t *from) {
    if (V >= SRT_ACC_VEC && packs_allowed(bits_of(p))) {
#pragma unroll
        for (int u = 0; u < V; u += SRT_ACC_VEC) {
            AccPack a;
#pragma unroll
            for (int i = 0; i < SRT_ACC_VEC && u + i < V; ++i) a.v[i] = from[u + i];
            *(AccPack *)(p + u) = a;
        }
    } else {
#pragma unroll
        for (int u = 0; u < V; ++u) p[u] = from[u];
    }
}

// -- the greater, dropping a NaN: the sum of exponentials keeps it -----------------------------
SRT_INLINE float greater(float x, float y) { return fmaxf(x, y); }
SRT_INLINE double greater(double x, double y) { return x > y ? x : y; }

// Values whose "sum" is the greatest, for the reductions by +.
struct Top {
    acc_t x;
};
SRT_INLINE Top operator+(Top a, Top b) {
    Top r = {greater(a.x, b.x)};
    return r;
}
SRT_INLINE Top lane_down(Top a, int by) {
    Top r = {lane_down(a.x, by)};
    return r;
}
SRT_INLINE Top lane_zero(Top a) {
    Top r = {lane_zero(a.x)};
    return r;
}

// N values x[0], x[C], x[2 C], ... joined by a tree.
template <int N, int C> SRT_INLINE acc_t sum_of(const acc_t *x) {
    if constexpr (N == 1)
        return x[0];
    else
        return sum_of<N - N / 2, C>(x) + sum_of<N / 2, C>(x + (N - N / 2) * C);
}
template <int N, int C> SRT_INLINE acc_t greatest_of(const acc_t *x) {
    if constexpr (N == 1)
        return x[0];
    else
        return greater(greatest_of<N - N / 2, C>(x), greatest_of<N / 2, C>(x + (N - N / 2) * C));
}

// What to subtract before exp: -inf - -inf is no number.
SRT_INLINE acc_t origin(acc_t top) { return top == -SRT_INFINITY ? (acc_t)0 : top; }

// A sum whose error does not grow with the number of terms.
struct Compensated {
    acc_t sum, rest;
    SRT_INLINE void add(acc_t x) {
        Two all = two_sum(sum, x);
        sum = all.high, rest += all.low;
    }
// The rest of an infinite sum is no number.
    SRT_INLINE acc_t value() const { return rest == rest ? sum + rest : sum; }
};

// -- sum of exp(z - top), met online ------------------------------------------------------------
// `top` is the value of some element, at most SRT_SLACK below the greatest so far. So a rescaling
// shrinks what was summed by exp(-SRT_SLACK) at least, and the errors of all rescalings together
// stay below a geometric series; with the compensated sum the bound does not grow with n.
#define SRT_SLACK ((acc_t)8)
struct Running {
    acc_t top;
    Compensated total;

    // Take in z[0], z[C], ... N of them, and spoil them.
    template <int N, int C> SRT_INLINE void add(acc_t *z) {
        acc_t best = greatest_of<N, C>(z);
        if (best > top + SRT_SLACK) {
            acc_t shrink = srt_exp(top - best);
            total.sum *= shrink, total.rest *= shrink, top = best;
        }
        acc_t base = origin(top);
#pragma unroll
        for (int i = 0; i < N; ++i) z[i * C] = srt_exp(z[i * C] - base);
        total.add(sum_of<N, C>(z));
    }
    // The sum relative to a top as great as this one.
    SRT_INLINE acc_t from(acc_t other) const {
        return total.value() * srt_exp(top - origin(other));
    }
};
SRT_INLINE Running none_yet() {
    Running r = {-SRT_INFINITY, {0, 0}};
    return r;
}

// -- teams: threads that share a slice ------------------------------------------------------------
// `size` adjacent lanes of a warp, a power of two.
struct LaneTeam {
    int size;
    SRT_INLINE void top(acc_t (&x)[1]) const {
        for (int by = size >> 1; by; by >>= 1) x[0] = greater(x[0], lane_xor(x[0], by));
    }
    SRT_INLINE void total(acc_t (&x)[1]) const {
        for (int by = size >> 1; by; by >>= 1) x[0] += lane_xor(x[0], by);
    }
};

// A block.
struct BlockTeam {
    SRT_INLINE void top(acc_t (&x)[1]) const {
        Top mine = {x[0]}, none = {-SRT_INFINITY};
        x[0] = block_total(mine, none).x;
    }
    SRT_INLINE void total(acc_t (&x)[1]) const { x[0] = block_total(x[0], (acc_t)0); }
};

// `ways` threads of a block that are `lanes` apart, for C adjacent columns each. A block's threads
// are all here at once, for several teams; both numbers are powers of two.
template <int C> struct ColumnTeam {
    acc_t *shared;  // C for each thread of the block
    int lanes, ways;
    template <typename Join> SRT_INLINE void join(acc_t (&x)[C], Join with) const {
        if (ways == 1) return;
        int me = threadIdx.x, way = (me / lanes) & (ways - 1), threads = blockDim.x;
#pragma unroll
        for (int u = 0; u < C; ++u) shared[u * threads + me] = x[u];
        for (int by = ways >> 1; by; by >>= 1) {
            __syncthreads();
#pragma unroll
            for (int u = 0; u < C && way < by; ++u) {
                acc_t *at = shared + u * threads + me;
                at[0] = with(at[0], at[by * lanes]);
            }
        }
        __syncthreads();
#pragma unroll
        for (int u = 0; u < C; ++u) x[u] = shared[u * threads + me - way * lanes];
        __syncthreads();
    }
    SRT_INLINE void top(acc_t (&x)[C]) const {
        join(x, [](acc_t a, acc_t b) { return greater(a, b); });
    }
    SRT_INLINE void total(acc_t (&x)[C]) const {
        join(x, [](acc_t a, acc_t b) { return a + b; });
    }
};

#endif
