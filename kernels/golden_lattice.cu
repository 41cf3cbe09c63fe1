// Between floats and the golden lattice: snap to the nearest a + b phi, wake to the nearest float.
// Both give the bits that the CPU gives. What doubles cannot decide is marked for the host's
// integers, and `doubtful[blockIdx.x]` counts the threads of a block that met such a value. To be
// compiled with -fmad=false.
#include "lattice_snap.cuh"
#include "lattice_wake.cuh"

#define SRT_LATTICE_BLOCK 256
#define SRT_LATTICE_TILE 1024  // values of a block; the launcher's grid counts on it
#define SRT_VALUES 2           // that a thread treats side by side
// Blocks that a multiprocessor is to hold at once of a wake: 64 registers a thread, where the
// compiler needs no more.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#define SRT_WAKE_BLOCKS 3
#else
#define SRT_WAKE_BLOCKS 4
#endif

// -- stores: as int64, or as int32 where a value that does not fit counts as undecided -------
SRT_INLINE bool store_element(long long *a, long long *b, Element v) {
    *a = v.a, *b = v.b;
    return v.b == SRT_UNDECIDED;
}
SRT_INLINE bool store_element(int *a, int *b, Element v) {
    int low_a = (int)v.a, low_b = (int)v.b;  // not read back: that would wait for memory
    *a = low_a, *b = low_b;
    return v.a != low_a || v.b != low_b;
}

// The values of a thread VALUES at a time, the next ones on their way while those are treated.
template <int VALUES, typename Integer, typename Plan>
SRT_INLINE void snap(Integer *a, Integer *b, int *doubtful, const scalar_t *x, index_t n, double d,
                     const Plan &plan) {
    bool doubt = false;
    index_t tile = (index_t)blockIdx.x * SRT_LATTICE_TILE;
    index_t end = tile + SRT_LATTICE_TILE < n ? tile + SRT_LATTICE_TILE : n;
    index_t i = tile + threadIdx.x;
    scalar_t next[VALUES];
#pragma unroll
    for (int k = 0; k < VALUES; ++k) {
        index_t at = i + k * SRT_LATTICE_BLOCK;
        next[k] = x[at < end ? at : tile];
    }
    for (; i < end; i += VALUES * SRT_LATTICE_BLOCK) {
        Guess found[VALUES];
        double now[VALUES];
#pragma unroll
        for (int k = 0; k < VALUES; ++k) {
            index_t at = i + (VALUES + k) * SRT_LATTICE_BLOCK;
            now[k] = (double)to_acc(next[k]);
            if (at < end) next[k] = x[at];
        }
#pragma unroll
        for (int k = 0; k < VALUES; ++k) found[k] = nearest(now[k], d, plan);
#pragma unroll
        for (int k = 0; k < VALUES; ++k)
            if (!found[k].sure) found[k].element = resolve(now[k], d, plan);
#pragma unroll
        for (int k = 0; k < VALUES; ++k) {
            index_t at = i + k * SRT_LATTICE_BLOCK;
            if (at < end) doubt |= store_element(a + at, b + at, found[k].element);
        }
    }
    int count = __syncthreads_count(doubt);
    if (threadIdx.x == 0) doubtful[blockIdx.x] = count;
}

#define SRT_BOUNDED_PLAN                                                                           \
    double limit, double first, double second, double third, double value1, double value2,         \
        double value3, double direction, double margin, double tie_a, double tie_b
#define SRT_BOUNDED_NAMES                                                                          \
    limit, first, second, third, value1, value2, value3, direction, margin, tie_a, tie_b
#define SRT_WINDOW_PLAN                                                                            \
    double limit, double sure, double reach, double near, double coordinate1, double coordinate2,  \
        double a1, double b1, double a2, double b2, double value1, double value2, double value3,   \
        double conjugate1, double conjugate2, double conjugate3, double bound, double bound_low,   \
        double bound_rest, double edge_a, double edge_b
#define SRT_WINDOW_NAMES                                                                           \
    limit, sure, reach, near, coordinate1, coordinate2, a1, b1, a2, b2, value1, value2, value3,    \
        conjugate1, conjugate2, conjugate3, bound, bound_low, bound_rest, edge_a, edge_b

// -- |b| <= P -------------------------------------------------------------------------------

// (a + b phi) / d nearest to x, |b| <= P. a and b are int64 (n), x is (n), doubtful int32 (blocks):
// how many threads of a block met an undecided value. Undecided: b = -2^63. limit, first, second,
// third, value1, value2, value3, direction, margin, tie_a and tie_b are what
// syntonic.rounding.snap_loops.bounded_constants makes of the plan for P.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK, 3)
SRT_KERNEL(golden_snap)(long long *a, long long *b, int *doubtful, const scalar_t *x, index_t n,
                        double d, SRT_BOUNDED_PLAN) {
    Bounded plan = {SRT_BOUNDED_NAMES};
    snap<SRT_VALUES>(a, b, doubtful, x, n, d, plan);
}

// (a + b phi) / d nearest to x, |b| <= P. a and b are int32 (n), x is (n), doubtful int32 (blocks):
// how many threads of a block met an undecided value. Undecided is also what does not fit int32.
// limit, first, second, third, value1, value2, value3, direction, margin, tie_a and tie_b are what
// syntonic.rounding.snap_loops.bounded_constants makes of the plan for P.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK, 3)
SRT_KERNEL(golden_snap_narrow)(int *a, int *b, int *doubtful, const scalar_t *x, index_t n,
                               double d, SRT_BOUNDED_PLAN) {
    Bounded plan = {SRT_BOUNDED_NAMES};
    snap<SRT_VALUES>(a, b, doubtful, x, n, d, plan);
}

// -- P = 0 ----------------------------------------------------------------------------------

// a / d nearest to x, half-way toward zero, and b = 0. a and b are int64 (n), x is (n), doubtful
// int32 (blocks): how many threads of a block met an undecided value. Undecided: b = -2^63.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK)
SRT_KERNEL(golden_snap_integers)(long long *a, long long *b, int *doubtful, const scalar_t *x,
                                 index_t n, double d) {
    snap<SRT_VALUES>(a, b, doubtful, x, n, d, Integers());
}

// a / d nearest to x, half-way toward zero, and b = 0. a and b are int32 (n), x is (n), doubtful
// int32 (blocks): how many threads of a block met an undecided value. Undecided is also what does
// not fit int32.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK)
SRT_KERNEL(golden_snap_integers_narrow)(int *a, int *b, int *doubtful, const scalar_t *x,
                                        index_t n, double d) {
    snap<SRT_VALUES>(a, b, doubtful, x, n, d, Integers());
}

// -- |v'| <= K ------------------------------------------------------------------------------

// (a + b phi) / d nearest to x, |a + b phi'| <= K. a and b are int64 (n), x is (n), doubtful
// int32 (blocks): how many threads of a block met an undecided value. Undecided: b = -2^63. limit,
// sure, reach, near, coordinate1, coordinate2, a1, b1, a2, b2, value1, value2, value3, conjugate1,
// conjugate2, conjugate3, bound, bound_low, bound_rest, edge_a and edge_b are what
// syntonic.rounding.window_loops.window_constants makes of the plan for K.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK)
SRT_KERNEL(golden_snap_window)(long long *a, long long *b, int *doubtful, const scalar_t *x,
                               index_t n, double d, SRT_WINDOW_PLAN) {
    Window plan = {SRT_WINDOW_NAMES};
    snap<1>(a, b, doubtful, x, n, d, plan);
}

// (a + b phi) / d nearest to x, |a + b phi'| <= K. a and b are int32 (n), x is (n), doubtful
// int32 (blocks): how many threads of a block met an undecided value. Undecided is also what does
// not fit int32. limit, sure, reach, near, coordinate1, coordinate2, a1, b1, a2, b2, value1,
// value2, value3, conjugate1, conjugate2, conjugate3, bound, bound_low, bound_rest, edge_a and
// edge_b are what syntonic.rounding.window_loops.window_constants makes of the plan for K.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK)
SRT_KERNEL(golden_snap_window_narrow)(int *a, int *b, int *doubtful, const scalar_t *x, index_t n,
                                      double d, SRT_WINDOW_PLAN) {
    Window plan = {SRT_WINDOW_NAMES};
    snap<1>(a, b, doubtful, x, n, d, plan);
}

// -- wake: NaN where undecided --------------------------------------------------------------

// out = (a + b phi) * scale / odd, rounded once; NaN where undecided. out is (n), a and b
// int64 (n), doubtful int32 (blocks): how many threads of a block met an undecided value. 1 / d =
// scale / odd, scale a power of two, odd below 2^53.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_LATTICE_BLOCK, SRT_WAKE_BLOCKS)
SRT_KERNEL(golden_wake)(scalar_t *out, int *doubtful, const long long *a, const long long *b,
                        index_t n, double odd, double scale) {
    bool doubt = false;
    index_t tile = (index_t)blockIdx.x * SRT_LATTICE_TILE;
    index_t end = tile + SRT_LATTICE_TILE < n ? tile + SRT_LATTICE_TILE : n;
    index_t i = tile + threadIdx.x, first = i < end ? i : tile;
    long long a_next = a[first], b_next = b[first];
    for (; i < end; i += SRT_LATTICE_BLOCK) {
        long long a_now = a_next, b_now = b_next;
        if (i + SRT_LATTICE_BLOCK < end)
            a_next = a[i + SRT_LATTICE_BLOCK], b_next = b[i + SRT_LATTICE_BLOCK];
        double v = waken(a_now, b_now, odd);
        doubt |= v != v;
        store_rounded(out + i, v * scale);
    }
    int count = __syncthreads_count(doubt);
    if (threadIdx.x == 0) doubtful[blockIdx.x] = count;
}
