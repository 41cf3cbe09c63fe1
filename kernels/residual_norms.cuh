// The Euclidean norms of identity, residual and output of a phi-residual connection.
#ifndef SRT_RESIDUAL_NORMS_CUH
#define SRT_RESIDUAL_NORMS_CUH
#include "map.cuh"
#include "reduce.cuh"
#include "residual_mode.cuh"

#define SRT_NORM_BLOCK 256  // threads of the kernels below

// A sum of squares without overflow or underflow: large and small numbers are scaled by powers of
// two and summed apart. Blue's algorithm with the constants of LAPACK's dnrm2. (J. L. Blue, "A
// portable Fortran program to find the Euclidean norm of a vector", ACM Trans. Math. Softw. 4
// (1978); E. Anderson, "Algorithm 978: safe scaling in the level 1 BLAS", ibid. 44 (2017).)
struct Squares {
    double small, medium, large;
    SRT_INLINE void add(double x) {
        double size = fabs(x);
        bool above = size > 0x1p486, below = size < 0x1p-511;
        double scaled = size * (above ? 0x1p-538 : below ? 0x1p537 : 1.0);
        double square = scaled * scaled;
        large += above ? square : 0.0;
        small += below ? square : 0.0;
        medium += above || below ? 0.0 : square;  // a NaN is neither
    }
    // No float's square leaves the range of doubles.
    SRT_INLINE void add(float x) { medium = fma((double)x, (double)x, medium); }
    SRT_INLINE double norm() const {
        if (large > 0.0) return sqrt(large + medium * 0x1p-538 * 0x1p-538) * 0x1p538;
        if (small > 0.0) return hypot(sqrt(medium), sqrt(small) * 0x1p-537);
        return sqrt(medium);
    }
};
SRT_INLINE Squares operator+(Squares a, Squares b) {
    Squares r = {a.small + b.small, a.medium + b.medium, a.large + b.large};
    return r;
}
SRT_INLINE Squares lane_down(Squares a, int by) {
    Squares r = {lane_down(a.small, by), lane_down(a.medium, by), lane_down(a.large, by)};
    return r;
}
SRT_INLINE Squares lane_zero(Squares a) {
    Squares r = {lane_zero(a.small), lane_zero(a.medium), lane_zero(a.large)};
    return r;
}

template <int W>
SRT_INLINE void add_pair(Squares (&sum)[3], const Lanes<scalar_t, W> &x,
                         const Lanes<scalar_t, W> &y, Mode mode, bool there) {
#pragma unroll
    for (int e = 0; e < W; ++e) {
        acc_t a = there ? to_acc(x.v[e]) : (acc_t)0, b = there ? to_acc(y.v[e]) : (acc_t)0;
        sum[0].add(a);
        sum[1].add(b);
        sum[2].add(mode(a, b));
    }
}

// Two units of each array at once: a branch around the second would hold back its loads.
template <int W, bool PACKED>
SRT_INLINE void add_squares(Squares (&sum)[3], const scalar_t *identity, const scalar_t *residual,
                            Mode mode, index_t first, index_t units) {
    index_t step = (index_t)gridDim.x * blockDim.x;
    for (index_t i = first; i < units; i += 2 * step) {
        bool both = i + step < units;
        index_t next = both ? i + step : i;
        Lanes<scalar_t, W> x = load<scalar_t, W, PACKED>(identity + i * W);
        Lanes<scalar_t, W> y = load<scalar_t, W, PACKED>(residual + i * W);
        Lanes<scalar_t, W> x_next = load<scalar_t, W, PACKED>(identity + next * W);
        Lanes<scalar_t, W> y_next = load<scalar_t, W, PACKED>(residual + next * W);
        add_pair(sum, x, y, mode, true);
        add_pair(sum, x_next, y_next, mode, both);
    }
}

// Every block's sums of squares, small, medium and large ones apart, of identity, residual and
// outer * (identity + inner * residual): partial is double (blocks, 3, 3), identity and residual
// are (n).
// Launch: grid any number of blocks, block 256.
extern "C" __global__ void __launch_bounds__(SRT_NORM_BLOCK, 4)
SRT_KERNEL(phi_residual_component_norm)(double *partial, const scalar_t *identity,
                                        const scalar_t *residual, acc_t inner, acc_t outer,
                                        index_t n) {
    Mode mode = {inner, outer};
    Squares sum[3] = {};
    index_t thread = (index_t)blockIdx.x * blockDim.x + threadIdx.x, units = n / SRT_VEC;
    if (packs_allowed(bits_of(identity) | bits_of(residual)))
        add_squares<SRT_VEC, true>(sum, identity, residual, mode, thread, units);
    else
        add_squares<SRT_VEC, false>(sum, identity, residual, mode, thread, units);
    add_squares<1, true>(sum, identity, residual, mode, units * SRT_VEC + thread, n);
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        Squares total = block_total(sum[k], Squares());
        if (threadIdx.x == 0) ((Squares *)partial)[3 * blockIdx.x + k] = total;
    }
}

// The Euclidean norms of identity, residual and output, a block's each: norms is double (3),
// partial double (count, 3, 3).
// Launch: grid 3, block 256.
extern "C" __global__ void __launch_bounds__(SRT_NORM_BLOCK)
SRT_KERNEL(phi_residual_component_norm_finalize)(double *norms, const double *partial,
                                                 index_t count) {
    int k = blockIdx.x;
    Squares sum = Squares();
#pragma unroll 4
    for (index_t i = threadIdx.x; i < count; i += SRT_NORM_BLOCK)
        sum = sum + ((const Squares *)partial)[3 * i + k];
    sum = block_total(sum, Squares());
    if (threadIdx.x == 0) norms[k] = sum.norm();
}

#endif
