// Reductions over warps and blocks. Trees of fixed shape: the result depends on the shape of the
// launch alone, never on the order in which threads arrive. No float atomics.
#ifndef SRT_REDUCE_CUH
#define SRT_REDUCE_CUH
#include "scalar.cuh"

#define SRT_ALL_LANES 0xffffffffu
#define SRT_WARP 32

// -- sums that travel together --------------------------------------------------------------
struct Sum2 {
    acc_t x, y;
};
SRT_INLINE Sum2 operator+(Sum2 a, Sum2 b) {
    Sum2 r = {a.x + b.x, a.y + b.y};
    return r;
}

// Count, mean and sum of squared deviations; never a sum of squares, which cancels.
struct Moments {
    acc_t n, mean, m2;
};
// T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
// computing sample variances", COMPSTAT 1982, eq. (2.1).
SRT_INLINE Moments operator+(Moments a, Moments b) {
    if (b.n == (acc_t)0) return a;
    if (a.n == (acc_t)0) return b;
    acc_t n = a.n + b.n, d = b.mean - a.mean, part = b.n / n;
    Moments r = {n, srt_fma(d, part, a.mean), a.m2 + b.m2 + d * d * a.n * part};
    return r;
}

// -- shuffles of the types above ------------------------------------------------------------
SRT_INLINE float lane_down(float x, int by) { return __shfl_down_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE double lane_down(double x, int by) { return __shfl_down_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE float lane_xor(float x, int by) { return __shfl_xor_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE double lane_xor(double x, int by) { return __shfl_xor_sync(SRT_ALL_LANES, x, by); }
SRT_INLINE Sum2 lane_down(Sum2 a, int by) {
    Sum2 r = {lane_down(a.x, by), lane_down(a.y, by)};
    return r;
}
SRT_INLINE Sum2 lane_xor(Sum2 a, int by) {
    Sum2 r = {lane_xor(a.x, by), lane_xor(a.y, by)};
    return r;
}
SRT_INLINE Moments lane_down(Moments a, int by) {
    Moments r = {lane_down(a.n, by), lane_down(a.mean, by), lane_down(a.m2, by)};
    return r;
}
SRT_INLINE float lane_zero(float x) { return __shfl_sync(SRT_ALL_LANES, x, 0); }
SRT_INLINE double lane_zero(double x) { return __shfl_sync(SRT_ALL_LANES, x, 0); }
SRT_INLINE Sum2 lane_zero(Sum2 a) {
    Sum2 r = {lane_zero(a.x), lane_zero(a.y)};
    return r;
}
SRT_INLINE Moments lane_zero(Moments a) {
    Moments r = {lane_zero(a.n), lane_zero(a.mean), lane_zero(a.m2)};
    return r;
}

// -- reductions by + ------------------------------------------------------------------------
// The total of a full warp, in lane 0.
template <typename T> SRT_INLINE T warp_total(T a) {
#pragma unroll
    for (int by = SRT_WARP / 2; by; by >>= 1) a = a + lane_down(a, by);
    return a;
}

// The total of a block, in every thread. blockDim.x is a multiple of 32 up to 1024 and the block
// is one-dimensional. May be called again at once: the last barrier frees the scratch.
template <typename T> SRT_INLINE T block_total(T a, T zero) {
    __shared__ T part[SRT_WARP];
    int lane = threadIdx.x & (SRT_WARP - 1), warp = threadIdx.x / SRT_WARP;
    a = warp_total(a);
    if (blockDim.x == SRT_WARP) return lane_zero(a);
    if (lane == 0) part[warp] = a;
    __syncthreads();
    if (warp == 0) {
        a = lane < (int)(blockDim.x / SRT_WARP) ? part[lane] : zero;
        a = warp_total(a);
        if (lane == 0) part[0] = a;
    }
    __syncthreads();
    a = part[0];
    __syncthreads();
    return a;
}

// The total of a team, the same bits in all its threads: + commutes. A team is a power of two of a
// warp's lanes or, above a warp, the whole block. Every thread of the block must call it.
template <typename T> SRT_INLINE T team_total(T a, T zero, int team) {
    if (team > SRT_WARP) return block_total(a, zero);
    for (int by = team >> 1; by; by >>= 1) a = a + lane_xor(a, by);
    return a;
}

SRT_INLINE Sum2 no_sum2() {
    Sum2 r = {0, 0};
    return r;
}
SRT_INLINE Moments no_moments() {
    Moments r = {0, 0, 0};
    return r;
}

#endif
