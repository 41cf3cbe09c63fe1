// The gradients of syntonic softmax; the variants are those of syntonic_softmax.cu.
#include "softmax_backward.cuh"
#include "softmax_slices.cuh"

SRT_INLINE Backward<IDENTITY> back(scalar_t *dx, const scalar_t *grad, const scalar_t *out,
                                   index_t pitch) {
    Backward<IDENTITY> op = {dx, nullptr, grad, out, nullptr, 0, 0, pitch, nullptr, 0};
    return op;
}
SRT_INLINE Backward<LEARNED> back_and_sums(scalar_t *dx, acc_t *sums, const scalar_t *grad,
                                           const scalar_t *out, index_t pitch, int lane_bits) {
    Backward<LEARNED> op = {dx, nullptr, grad, out, nullptr, 0, 0, pitch, sums, 1 << lane_bits};
    return op;
}
SRT_INLINE Backward<PROVIDED> back_weighed(scalar_t *dx, scalar_t *dweights, const scalar_t *grad,
                                           const scalar_t *out, const scalar_t *weights,
                                           acc_t scale, acc_t floor, index_t pitch) {
    Backward<PROVIDED> op = {dx, dweights, grad, out, weights, scale, floor, pitch, nullptr, 0};
    return op;
}

// -- by the logits alone --------------------------------------------------------------------------

// dx = out * (grad - sum grad * out) by rows. dx, grad and out are (rows, n). 2^bits lanes of a
// warp hold a row: n <= E * 2^bits, E = 8 for f64, else 16; n a multiple of V, or 2^bits >= 2 V.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward)(scalar_t *dx, const scalar_t *grad,
                                                   const scalar_t *out, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(back(dx, grad, out, 1), rows, n, bits);
}

// dx = out * (grad - sum grad * out) by rows. dx, grad and out are (rows, n). 2^bits lanes of a
// warp hold a row: n <= 4 * 2^bits.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_odd)(scalar_t *dx, const scalar_t *grad,
                                                       const scalar_t *out, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(back(dx, grad, out, 1), rows, n, bits);
}

// dx = out * (grad - sum grad * out) by rows, a block to each. dx, grad and out are (rows, n).
// Dynamic shared memory: 2 * kept * E * block elements, E = 4 for f64, else 8. It keeps half of
// that of grad and half of out, (kept - 1) * E * block < n - R * block - e: registers have R *
// block columns, R = 8 for f64, else 16; e is 2 V - 2, or 0 where V divides n.
// Launch: grid rows, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_block)(scalar_t *dx, const scalar_t *grad,
                                                         const scalar_t *out, index_t n, int kept) {
    rows_in_blocks<FEW, SRT_VEC>(back(dx, grad, out, 1), n, kept);
}

// sum grad * out of the parts of long rows: part is acc_t (rows, parts). dx, grad and out
// are (rows, n). dx is not touched.
// Launch: grid (rows, parts), block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_part)(scalar_t *dx, const scalar_t *grad,
                                                        const scalar_t *out, acc_t *part,
                                                        index_t n) {
    rows_shared<FEW, SRT_VEC>(back(dx, grad, out, 1), part, n);
}

// dx = out * (grad - sum grad * out) by rows, of which part, acc_t (rows, parts), has what _part
// made. dx, grad and out are (rows, n).
// Launch: grid (rows, parts), that of _part, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_join)(scalar_t *dx, const scalar_t *grad,
                                                        const scalar_t *out, const acc_t *part,
                                                        index_t n) {
    rows_rejoined<FEW, SRT_VEC>(back(dx, grad, out, 1), part, n);
}

// dx = out * (grad - sum grad * out). dx, grad and out are (outer, n, inner), softmax along n.
// 2^lane_bits <= 32 lanes of V columns stand along inner, a multiple of V, and 2^way_bits threads
// along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward)(scalar_t *dx, const scalar_t *grad,
                                                           const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(back(dx, grad, out, inner), shared, COLUMNS);
}

// dx = out * (grad - sum grad * out). dx, grad and out are (outer, n, inner), softmax along n.
// 2^lane_bits <= 32 lanes stand along inner and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_odd)(scalar_t *dx, const scalar_t *grad,
                                                               const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(back(dx, grad, out, inner), shared, COLUMNS);
}

// sum grad * out of parts of long slices: part is acc_t (outer, parts, inner). dx, grad and out
// are (outer, n, inner), softmax along n. dx is not touched. 2^lane_bits <= 32 lanes stand along
// inner and 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_part)(scalar_t *dx, const scalar_t *grad,
                                                                const scalar_t *out, acc_t *part,
                                                                COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back(dx, grad, out, inner), shared, part, COLUMNS, parts);
}

// dx = out * (grad - sum grad * out), where part, acc_t (outer, parts, inner), has what _part made.
// dx, grad and out are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes stand along
// inner and 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_join)(scalar_t *dx, const scalar_t *grad,
                                                                const scalar_t *out,
                                                                const acc_t *part, COLUMN_SIZES,
                                                                int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(back(dx, grad, out, inner), shared, part, COLUMNS, parts);
}

// -- with the sums of dx over all slices, for mode norms or weights (n,) --------------------------

// dx = out * (grad - sum grad * out) by rows, and each warp's sums of dx over the rows it takes:
// dx, grad and out are (rows, n), sums acc_t (4 blocks, n). n is a multiple of V and at most E *
// 2^bits, 2^bits lanes of a warp to a row; E = 8 for f64, else 16.
// Launch: grid any number of blocks, block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward)(scalar_t *dx, acc_t *sums, const scalar_t *grad,
                                                  const scalar_t *out, ROW_SIZES) {
    sums_in_lanes<FEW, SRT_VEC>(back(dx, grad, out, 1), sums, rows, n, bits);
}

// dx = out * (grad - sum grad * out) by rows, and each warp's sums of dx over the rows it takes:
// dx, grad and out are (rows, n), sums acc_t (4 blocks, n). n <= 4 * 2^bits, 2^bits lanes of a warp
// to a row.
// Launch: grid any number of blocks, block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_odd)(scalar_t *dx, acc_t *sums,
                                                      const scalar_t *grad, const scalar_t *out,
                                                      ROW_SIZES) {
    sums_in_lanes<SINGLE, 1>(back(dx, grad, out, 1), sums, rows, n, bits);
}

// dx = out * (grad - sum grad * out) by rows, and each block's sums of dx over every `blocks`-th
// row: dx, grad and out are (rows, n), sums acc_t (blocks, n). n is a multiple of V and at most E *
// block, E = 8 for f64, else 16.
// Launch: grid any number of blocks, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_block)(scalar_t *dx, acc_t *sums,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        index_t rows, index_t n) {
    sums_in_blocks<FEW, SRT_VEC>(back(dx, grad, out, 1), sums, rows, n);
}

// dx = out * (grad - sum grad * out) by rows, and each block's sums of dx over every `blocks`-th
// row: dx, grad and out are (rows, n), sums acc_t (blocks, n). n is at most E * block, E = 4 for
// f64, else 8.
// Launch: grid any number of blocks, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_block_odd)(scalar_t *dx, acc_t *sums,
                                                            const scalar_t *grad,
                                                            const scalar_t *out, index_t rows,
                                                            index_t n) {
    sums_in_blocks<ALONE, 1>(back(dx, grad, out, 1), sums, rows, n);
}

// dx = out * (grad - sum grad * out) by rows, by the sums that
// syntonic_softmax_identity_backward_part left in part, acc_t (rows, parts); and the sums of dx
// over every `groups`-th row: dx, grad and out are (rows, n), sums acc_t (groups, n). n is a
// multiple of V.
// Launch: grid (ceil(n / (256 V)), groups) with any number of groups, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_long)(scalar_t *dx, acc_t *sums,
                                                       const scalar_t *grad, const scalar_t *out,
                                                       const acc_t *part, index_t rows, index_t n,
                                                       int parts) {
    sums_of_columns<FEW / 2, SRT_VEC>(back(dx, grad, out, 1), part, sums, rows, n, parts);
}

// dx = out * (grad - sum grad * out) by rows, by the sums that
// syntonic_softmax_identity_backward_part left in part, acc_t (rows, parts); and the sums of dx
// over every `groups`-th row: dx, grad and out are (rows, n), sums acc_t (groups, n).
// Launch: grid (ceil(n / 256), groups) with any number of groups, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_long_odd)(scalar_t *dx, acc_t *sums,
                                                           const scalar_t *grad,
                                                           const scalar_t *out, const acc_t *part,
                                                           index_t rows, index_t n, int parts) {
    sums_of_columns<SINGLE, 1>(back(dx, grad, out, 1), part, sums, rows, n, parts);
}

// dx = out * (grad - sum grad * out). dx, grad and out are (outer, n, inner), softmax along n, and
// sums acc_t (outer * tiles, n) the sums of dx over a team's columns. 2^lane_bits <= 32 lanes of V
// columns stand along inner, a multiple of V, and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward)(scalar_t *dx, acc_t *sums,
                                                          const scalar_t *grad, const scalar_t *out,
                                                          COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, COLUMNS);
}

// dx = out * (grad - sum grad * out). dx, grad and out are (outer, n, inner), softmax along n, and
// sums acc_t (outer * tiles, n) the sums of dx over a team's columns. 2^lane_bits <= 32 lanes stand
// along inner and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward_odd)(scalar_t *dx, acc_t *sums,
                                                              const scalar_t *grad,
                                                              const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, COLUMNS);
}

// sum grad * out of parts of long slices: part is acc_t (outer, parts, inner). dx, grad and out
// are (outer, n, inner), softmax along n, and sums acc_t (outer * tiles, n) the sums of dx over a
// team's columns. dx and sums are not touched. 2^lane_bits <= 32 lanes stand along inner and
// 2^way_bits threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward_part)(scalar_t *dx, acc_t *sums,
                                                               const scalar_t *grad,
                                                               const scalar_t *out, acc_t *part,
                                                               COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, part,
                             COLUMNS, parts);
}

// dx = out * (grad - sum grad * out), where part, acc_t (outer, parts, inner), has what _part made.
// dx, grad and out are (outer, n, inner), softmax along n, and sums acc_t (outer * tiles, n) the
// sums of dx over a team's columns. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits
// threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward_join)(scalar_t *dx, acc_t *sums,
                                                               const scalar_t *grad,
                                                               const scalar_t *out,
                                                               const acc_t *part, COLUMN_SIZES,
                                                               int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, part,
                               COLUMNS, parts);
}

// -- with weights of the shape of x ---------------------------------------------------------------

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor,
// by rows. dx, dweights, grad, out and weights are (rows, n). 2^bits lanes of a warp hold a row: n
// <= E * 2^bits, E = 8 for f64, else 16; n a multiple of V, or 2^bits >= 2 V.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward)(scalar_t *dx, scalar_t *dweights,
                                                   const scalar_t *grad, const scalar_t *out,
                                                   const scalar_t *weights, acc_t scale,
                                                   acc_t floor, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                rows, n, bits);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor,
// by rows. dx, dweights, grad, out and weights are (rows, n). 2^bits lanes of a warp hold a row: n
// <= 4 * 2^bits.
// Launch: grid ceil(rows * 2^bits / 128), block 128.
extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_odd)(scalar_t *dx, scalar_t *dweights,
                                                       const scalar_t *grad, const scalar_t *out,
                                                       const scalar_t *weights, acc_t scale,
                                                       acc_t floor, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1), rows,
                             n, bits);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor,
// by rows, a block to each. dx, dweights, grad, out and weights are (rows, n).
// Dynamic shared memory: 3 * kept * E * block elements, E = 4 for f64, else 8. It keeps a third
// of that of grad, out and weights each, (kept - 1) * E * block < n - R * block - e: registers have
// R * block columns, R = 8 for f64, else 16; e is 2 V - 2, or 0 where V divides n.
// Launch: grid rows, block a multiple of 32 up to 512.
extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_block)(scalar_t *dx, scalar_t *dweights,
                                                         const scalar_t *grad, const scalar_t *out,
                                                         const scalar_t *weights, acc_t scale,
                                                         acc_t floor, index_t n, int kept) {
    rows_in_blocks<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                 n, kept);
}

// sum grad * out of the parts of long rows: part is acc_t (rows, parts). dx, dweights, grad, out
// and weights are (rows, n). dx and dweights are not touched, scale and floor do not matter.
// Launch: grid (rows, parts), block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_part)(scalar_t *dx, scalar_t *dweights,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        const scalar_t *weights, acc_t scale,
                                                        acc_t floor, acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1), part,
                              n);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor,
// by rows, of which part, acc_t (rows, parts), has what _part made. dx, dweights, grad, out and
// weights are (rows, n).
// Launch: grid (rows, parts), that of _part, block 256.
extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_join)(scalar_t *dx, scalar_t *dweights,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        const scalar_t *weights, acc_t scale,
                                                        acc_t floor, const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                part, n);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor.
// dx, dweights, grad, out and weights are (outer, n, inner), softmax along n. 2^lane_bits <= 32
// lanes of V columns stand along inner, a multiple of V, and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / (V * 2^lane_bits)), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward)(scalar_t *dx, scalar_t *dweights,
                                                           const scalar_t *grad,
                                                           const scalar_t *out,
                                                           const scalar_t *weights, acc_t scale,
                                                           acc_t floor, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner),
                          shared, COLUMNS);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor.
// dx, dweights, grad, out and weights are (outer, n, inner), softmax along n. 2^lane_bits <= 32
// lanes stand along inner and 2^way_bits threads along n.
// Launch: grid ceil(outer * tiles * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward_odd)(scalar_t *dx, scalar_t *dweights,
                                                               const scalar_t *grad,
                                                               const scalar_t *out,
                                                               const scalar_t *weights, acc_t scale,
                                                               acc_t floor, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner), shared,
                      COLUMNS);
}

// sum grad * out of parts of long slices: part is acc_t (outer, parts, inner). dx, dweights, grad,
// out and weights are (outer, n, inner), softmax along n. dx and dweights are not touched, scale
// and floor do not matter. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits threads along
// n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward_part)(
        scalar_t *dx, scalar_t *dweights, const scalar_t *grad, const scalar_t *out,
        const scalar_t *weights, acc_t scale, acc_t floor, acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner),
                             shared, part, COLUMNS, parts);
}

// dx = out * (grad - sum grad * out) and dweights = scale * dx / weights, 0 for weights <= floor,
// where part, acc_t (outer, parts, inner), has what _part made. dx, dweights, grad, out and weights
// are (outer, n, inner), softmax along n. 2^lane_bits <= 32 lanes stand along inner and 2^way_bits
// threads along n. parts teams share a slice.
// Launch: grid ceil(outer * tiles * parts * T / block), tiles = ceil(inner / 2^lane_bits), T =
// 2^(lane_bits + way_bits), block up to 512, a multiple of T and of 32.
extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward_join)(
        scalar_t *dx, scalar_t *dweights, const scalar_t *grad, const scalar_t *out,
        const scalar_t *weights, acc_t scale, acc_t floor, const acc_t *part, COLUMN_SIZES,
        int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner),
                               shared, part, COLUMNS, parts);
}

#include "softmax_wide_sums.cuh"
#include "softmax_class_sums.cuh"
