// Element-wise kernels at the speed of memory. A thread treats SRT_MAP_UNITS packs of 16 bytes,
// loads all of them before it uses the first, and the block's threads take neighbouring packs.
#ifndef SRT_MAP_CUH
#define SRT_MAP_CUH
#include "scalar.cuh"

#define SRT_MAP_UNITS 2  // the launcher's grid counts on it

// W neighbours that travel as one: 16 bytes at most in one instruction.
template <typename T, int W> struct alignas(W * sizeof(T) < 16 ? W * sizeof(T) : 16) Lanes {
    T v[W];
};

// PACKED: where they lie allows that; else one by one.
template <typename T, int W, bool PACKED = true> SRT_INLINE Lanes<T, W> load(const T *from) {
    if (PACKED) return *(const Lanes<T, W> *)from;
    Lanes<T, W> x;
#pragma unroll
    for (int j = 0; j < W; ++j) x.v[j] = from[j];
    return x;
}
template <bool PACKED = true, typename T, int W>
SRT_INLINE void store(T *to, const Lanes<T, W> &x) {
    if (PACKED) {
        *(Lanes<T, W> *)to = x;
        return;
    }
#pragma unroll
    for (int j = 0; j < W; ++j) to[j] = x.v[j];
}

// What a kernel reads and writes, element by element. Null pointers of `out` are skipped.
template <int IN, int OUT> struct Streams {
    const scalar_t *in[IN];
    scalar_t *out[OUT];

    SRT_INLINE bool packs_allowed() const {
        unsigned long long bits = 0;
#pragma unroll
        for (int k = 0; k < IN; ++k) bits |= bits_of(in[k]);
#pragma unroll
        for (int k = 0; k < OUT; ++k) bits |= bits_of(out[k]);
        return ::packs_allowed(bits);
    }
};

// f(x, y) makes OUT results y of IN operands x, for the units first, first + blockDim.x, ...
template <int W, int UNITS, int IN, int OUT, typename F>
SRT_INLINE void map_units(const Streams<IN, OUT> &s, index_t first, index_t units, F f) {
    Lanes<scalar_t, W> x[UNITS][IN];
#pragma unroll
    for (int u = 0; u < UNITS; ++u) {
        index_t at = first + u * (int)blockDim.x;
#pragma unroll
        for (int k = 0; k < IN; ++k)
            if (at < units) x[u][k] = load<scalar_t, W>(s.in[k] + at * W);
    }
#pragma unroll
    for (int u = 0; u < UNITS; ++u) {
        index_t at = first + u * (int)blockDim.x;
        if (at >= units) return;
        Lanes<scalar_t, W> y[OUT];
#pragma unroll
        for (int e = 0; e < W; ++e) {
            acc_t from[IN], to[OUT];
#pragma unroll
            for (int k = 0; k < IN; ++k) from[k] = to_acc(x[u][k].v[e]);
            f(from, to);
#pragma unroll
            for (int k = 0; k < OUT; ++k) from_acc(&y[k].v[e], to[k]);
        }
#pragma unroll
        for (int k = 0; k < OUT; ++k)
            if (s.out[k]) store(s.out[k] + at * W, y[k]);
    }
}

// All pointers are aligned; the last block also treats the tail that fills no pack.
template <int IN, int OUT, typename F>
SRT_INLINE void map_packs(const Streams<IN, OUT> &s, index_t n, F f) {
    index_t packs = (unsigned long long)n / SRT_VEC;
    index_t first = (index_t)blockIdx.x * (blockDim.x * SRT_MAP_UNITS) + threadIdx.x;
    map_units<SRT_VEC, SRT_MAP_UNITS>(s, first, packs, f);
    if (blockIdx.x == gridDim.x - 1) map_units<1, 1>(s, packs * SRT_VEC + threadIdx.x, n, f);
}

// For n elements in ceil(n / (blockDim.x * SRT_MAP_UNITS * SRT_VEC)) blocks.
template <int IN, int OUT, typename F>
SRT_INLINE void map(const Streams<IN, OUT> &s, index_t n, F f) {
    if (s.packs_allowed()) return map_packs(s, n, f);
    const int singles = 2 * SRT_MAP_UNITS;  // in flight, as elements are small
    index_t first = (index_t)blockIdx.x * (blockDim.x * SRT_MAP_UNITS * SRT_VEC) + threadIdx.x;
#pragma unroll 1
    for (int i = 0; i < SRT_MAP_UNITS * SRT_VEC; i += singles)
        map_units<1, singles>(s, first + i * (int)blockDim.x, n, f);
}

#endif
