// Syntonic softmax: softmax of logits + scale * log w, along contiguous rows and along a strided
// dimension. `syntonic/flux/cuda/softmax_grids.py` chooses among the variants:
// _odd for rows or columns that are not whole packs, _block for a block a row, and _part and _join
// for slices that several blocks share.
#include "softmax_forward.cuh"
#include "softmax_slices.cuh"

SRT_INLINE Forward<IDENTITY> plain(scalar_t *out, const scalar_t *x, index_t pitch) {
    Forward<IDENTITY> op = {out, x, nullptr, nullptr, 0, 0, pitch};
    return op;
}
SRT_INLINE Forward<LEARNED> by_class(scalar_t *out, const scalar_t *x, const acc_t *classes,
                                     acc_t scale, index_t pitch) {
    Forward<LEARNED> op = {out, x, nullptr, classes, scale, 0, pitch};
    return op;
}
SRT_INLINE Forward<PROVIDED> by_weight(scalar_t *out, const scalar_t *x, const scalar_t *weights,
                                       acc_t scale, acc_t floor, index_t pitch) {
    Forward<PROVIDED> op = {out, x, weights, nullptr, scale, floor, pitch};
    return op;
}

// -- identity -------------------------------------------------------------------------------------

// out = softmax of z = x by rows. out and x are (rows, n). 2^bits lanes of a warp hold a row: n <=
// E * 2^bits, E = 8 for f64, else 16; n a multiple of V, or 2^bits >= 2 V.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity)(scalar_t *out, const scalar_t *x, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(plain(out, x, 1), rows, n, bits);
}

// out = softmax of z = x by rows. out and x are (rows, n). 2^bits lanes of a warp hold a row: n <=
// 4 * 2^bits.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity_odd)(scalar_t *out, const scalar_t *x, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(plain(out, x, 1), rows, n, bits);
}

// out = softmax of z = x by rows, a block to each. out and x are (rows, n).
// Dynamic shared memory: kept * E * block elements, E = 4 for f64, else 16. It keeps that much
// of x, with (kept - 1) * E * block < n - R * block - e: registers
// have R * block columns, R = 8 for f64, else 16; e is 2 V - 2, or 0 where V divides n.
// Launch: grid rows, block a multiple of 32 up to 1024.
extern "C" __global__ void __launch_bounds__(1024)
    SRT_KERNEL(syntonic_softmax_identity_block)(scalar_t *out, const scalar_t *x, index_t n,
                                                int kept) {
    rows_in_blocks<FEW, SRT_VEC>(plain(out, x, 1), n, kept);
}

// Greatest and sum of exp(x - greatest) of the parts of long rows: part is acc_t (rows, parts, 2).
// out and x are (rows, n). out is not touched.
// Launch: grid (rows, parts), block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_part)(scalar_t *out, const scalar_t *x, acc_t *part,
                                               index_t n) {
    rows_shared<FEW, SRT_VEC>(plain(out, x, 1), part, n);
}

// out = softmax of z = x by rows, of which part, acc_t (rows, parts, 2), has what _part made. out
// and x are (rows, n).
// Launch: grid (rows, parts), that of _part, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_join)(scalar_t *out, const scalar_t *x, const acc_t *part,
                                               index_t n) {
    rows_rejoined<FEW, SRT_VEC>(plain(out, x, 1), part, n);
}

// out = softmax of z = x. out and x are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes
// of V columns stand along inner, a multiple of V, and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided)(scalar_t *out, const scalar_t *x, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(plain(out, x, inner), shared, COLUMNS);
}

// out = softmax of z = x. out and x are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes
// stand along inner and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_odd)(scalar_t *out, const scalar_t *x,
                                                      COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(plain(out, x, inner), shared, COLUMNS);
}

// Greatest and sum of exp(x - greatest) of parts of long slices: part is
// acc_t (outer, parts, 2, inner). out and x are (outer, n, inner), softmax along n. out is not
// touched. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits threads along n. parts teams
// share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_part)(scalar_t *out, const scalar_t *x,
                                                       acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(plain(out, x, inner), shared, part, COLUMNS, parts);
}

// out = softmax of z = x, where part, acc_t (outer, parts, 2, inner), has what _part made. out and
// x are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes stand along inner and
// 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_join)(scalar_t *out, const scalar_t *x,
                                                       const acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(plain(out, x, inner), shared, part, COLUMNS, parts);
}

// -- learned --------------------------------------------------------------------------------------

// out = softmax of z = x + scale * classes[j] by rows. out and x are (rows, n), classes acc_t (n).
// 2^bits lanes of a warp hold a row: n <= E * 2^bits, E = 8 for f64, else 16; n a multiple of V, or
// 2^bits >= 2 V.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned)(scalar_t *out, const scalar_t *x, const acc_t *classes,
                                         acc_t scale, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), rows, n, bits);
}

// out = softmax of z = x + scale * classes[j] by rows. out and x are (rows, n), classes acc_t (n).
// 2^bits lanes of a warp hold a row: n <= 4 * 2^bits.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned_odd)(scalar_t *out, const scalar_t *x, const acc_t *classes,
                                             acc_t scale, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(by_class(out, x, classes, scale, 1), rows, n, bits);
}

// out = softmax of z = x + scale * classes[j] by rows, a block to each. out and x are (rows, n),
// classes acc_t (n).
// Dynamic shared memory: kept * E * block elements, E = 4 for f64, else 16. It keeps that much
// of x, with (kept - 1) * E * block < n - R * block - e: registers
// have R * block columns, R = 8 for f64, else 16; e is 2 V - 2, or 0 where V divides n.
// Launch: grid rows, block a multiple of 32 up to 1024.
extern "C" __global__ void __launch_bounds__(1024)
    SRT_KERNEL(syntonic_softmax_learned_block)(scalar_t *out, const scalar_t *x,
                                               const acc_t *classes, acc_t scale, index_t n,
                                               int kept) {
    rows_in_blocks<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), n, kept);
}

// With z = x + scale * classes[j], the greatest z and sum of exp(z - greatest) of the parts of long
// rows: part is acc_t (rows, parts, 2). out and x are (rows, n), classes acc_t (n). out is not
// touched.
// Launch: grid (rows, parts), block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_part)(scalar_t *out, const scalar_t *x,
                                              const acc_t *classes, acc_t scale, acc_t *part,
                                              index_t n) {
    rows_shared<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), part, n);
}

// out = softmax of z = x + scale * classes[j] by rows, of which part, acc_t (rows, parts, 2), has
// what _part made. out and x are (rows, n), classes acc_t (n).
// Launch: grid (rows, parts), that of _part, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_join)(scalar_t *out, const scalar_t *x,
                                              const acc_t *classes, acc_t scale, const acc_t *part,
                                              index_t n) {
    rows_rejoined<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), part, n);
}

// out = softmax of z = x + scale * classes[j]. out and x are (outer, n, inner), softmax along n,
// classes acc_t (n). 2^lane_bits <= 32 lanes of V columns stand along inner, a multiple of V, and
// 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided)(scalar_t *out, const scalar_t *x,
                                                 const acc_t *classes, acc_t scale, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(by_class(out, x, classes, scale, inner), shared, COLUMNS);
}

// out = softmax of z = x + scale * classes[j]. out and x are (outer, n, inner), softmax along n,
// classes acc_t (n). 2^lane_bits <= 32 lanes stand along inner and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_odd)(scalar_t *out, const scalar_t *x,
                                                     const acc_t *classes, acc_t scale,
                                                     COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, COLUMNS);
}

// With z = x + scale * classes[j], the greatest z and sum of exp(z - greatest) of parts of long
// slices: part is acc_t (outer, parts, 2, inner). out and x are (outer, n, inner), softmax along n,
// classes acc_t (n). out is not touched. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits
// threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_part)(scalar_t *out, const scalar_t *x,
                                                      const acc_t *classes, acc_t scale,
                                                      acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, part, COLUMNS, parts);
}

// out = softmax of z = x + scale * classes[j], where part, acc_t (outer, parts, 2, inner), has what
// _part made. out and x are (outer, n, inner), softmax along n, classes acc_t (n). 2^lane_bits <=
// 32 lanes stand along inner and 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_join)(scalar_t *out, const scalar_t *x,
                                                      const acc_t *classes, acc_t scale,
                                                      const acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, part, COLUMNS,
                               parts);
}

// -- provided -------------------------------------------------------------------------------------
// Blocks at once of rows in lanes: eight leave 64 registers, not 93, for short rows wait for memory
// more than for logarithms. From Blackwell on the compiler needs more.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#define SRT_PROVIDED_BLOCKS 5
#else
#define SRT_PROVIDED_BLOCKS 8
#endif
// And of a block a row: two of 512 threads leave 64 registers, not 94, where the compiler needs no
// more. Halves need fewer unasked.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 800 || __CUDA_ARCH__ == 900) && \
    (SRT_DTYPE == SRT_F64 || SRT_DTYPE == SRT_F32)
#define SRT_PROVIDED_BOUNDS 512, 2
#else
#define SRT_PROVIDED_BOUNDS 512, 1
#endif
// Of a part of a long row three leave 80 registers, which are enough unasked but for bf16.
#define SRT_PROVIDED_PARTS (SRT_DTYPE == SRT_BF16 ? 3 : 1)

// out = softmax of z = x + scale * log(max(weights, floor)) by rows. out, x and weights
// are (rows, n). 2^bits lanes of a warp hold a row: n <= E * 2^bits, E = 8 for f64, else 16; n a
// multiple of V, or 2^bits >= 2 V.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, SRT_PROVIDED_BLOCKS)
    SRT_KERNEL(syntonic_softmax_provided)(scalar_t *out, const scalar_t *x, const scalar_t *weights,
                                          acc_t scale, acc_t floor, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), rows, n, bits);
}

// out = softmax of z = x + scale * log(max(weights, floor)) by rows. out, x and weights
// are (rows, n). 2^bits lanes of a warp hold a row: n <= 4 * 2^bits.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_provided_odd)(scalar_t *out, const scalar_t *x,
                                              const scalar_t *weights, acc_t scale, acc_t floor,
                                              ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(by_weight(out, x, weights, scale, floor, 1), rows, n, bits);
}

// out = softmax of z = x + scale * log(max(weights, floor)) by rows, a block to each. out, x and
// weights are (rows, n).
// Dynamic shared memory: 2 * kept * E * block elements, E = 4 for f64, else 8. It keeps half of
// that of x and half of weights, (kept - 1) * E * block < n - R * block - e: registers have R *
// block columns, R = 8 for f64, else 16; e is 2 V - 2, or 0 where V divides n.
// Launch: grid rows, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(SRT_PROVIDED_BOUNDS)
    SRT_KERNEL(syntonic_softmax_provided_block)(scalar_t *out, const scalar_t *x,
                                                const scalar_t *weights, acc_t scale, acc_t floor,
                                                index_t n, int kept) {
    rows_in_blocks<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), n, kept);
}

// With z = x + scale * log(max(weights, floor)), the greatest z and sum of exp(z - greatest) of the
// parts of long rows: part is acc_t (rows, parts, 2). out, x and weights are (rows, n). out is not
// touched.
// Launch: grid (rows, parts), block 256.
extern "C" __global__ void __launch_bounds__(256, SRT_PROVIDED_PARTS)
    SRT_KERNEL(syntonic_softmax_provided_part)(scalar_t *out, const scalar_t *x,
                                               const scalar_t *weights, acc_t scale, acc_t floor,
                                               acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), part, n);
}

// out = softmax of z = x + scale * log(max(weights, floor)) by rows, of which part,
// acc_t (rows, parts, 2), has what _part made. out, x and weights are (rows, n).
// Launch: grid (rows, parts), that of _part, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_provided_join)(scalar_t *out, const scalar_t *x,
                                               const scalar_t *weights, acc_t scale, acc_t floor,
                                               const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), part, n);
}

// out = softmax of z = x + scale * log(max(weights, floor)). out, x and weights
// are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes of V columns stand along inner, a
// multiple of V, and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided)(scalar_t *out, const scalar_t *x,
                                                  const scalar_t *weights, acc_t scale, acc_t floor,
                                                  COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, inner), shared, COLUMNS);
}

// out = softmax of z = x + scale * log(max(weights, floor)). out, x and weights
// are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits
// threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_odd)(scalar_t *out, const scalar_t *x,
                                                      const scalar_t *weights, acc_t scale,
                                                      acc_t floor, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, COLUMNS);
}

// With z = x + scale * log(max(weights, floor)), the greatest z and sum of exp(z - greatest) of
// parts of long slices: part is acc_t (outer, parts, 2, inner). out, x and weights
// are (outer, n, inner), softmax along n. out is not touched. 2^lane_bits <= 32 lanes stand along
// inner and 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_part)(scalar_t *out, const scalar_t *x,
                                                       const scalar_t *weights, acc_t scale,
                                                       acc_t floor, acc_t *part, COLUMN_SIZES,
                                                       int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, part, COLUMNS,
                             parts);
}

// out = softmax of z = x + scale * log(max(weights, floor)), where part,
// acc_t (outer, parts, 2, inner), has what _part made. out, x and weights are (outer, n, inner),
// softmax along n. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits threads along n. parts
// teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_join)(scalar_t *out, const scalar_t *x,
                                                       const scalar_t *weights, acc_t scale,
                                                       acc_t floor, const acc_t *part, COLUMN_SIZES,
                                                       int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, part,
                               COLUMNS, parts);
}

// -- weights (n,) ---------------------------------------------------------------------------------

// out = scale * log(max(weights, floor)), -inf for a weight of 0: classes for the kernels of
// learned weights with scale 1. out and weights are acc_t (n).
// Launch: grid ceil(n / 256), block 256.
extern "C" __global__ void SRT_KERNEL(syntonic_softmax_log_weights)(acc_t *out,
                                                                    const acc_t *weights,
                                                                    acc_t scale, acc_t floor,
                                                                    index_t n) {
    index_t j = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (j < n) out[j] = log_weight(weights[j], scale, floor);
}
