// Syntonic softmax: softmax of logits + scale * log w, along contiguous rows and along a strided
// dimension, and the gradients.
#include "softmax_forward.cuh"
#include "softmax_slices.cuh"

#define FEW (SRT_TILE / SRT_VEC / 2)  // packs of a thread
#define SINGLE 4                      // elements of a lane, in rows that are not whole packs
#define ALONE (SRT_TILE / 4)          // elements of a thread, strided
#define COLUMN_THREADS 512

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

// -- identity ---------------------------------------------------------------------------------

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_identity)(
    scalar_t *out, const scalar_t *x, index_t rows, index_t n, int bits) {
    rows_in_lanes<FEW, SRT_VEC>(plain(out, x, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_identity_odd)(
    scalar_t *out, const scalar_t *x, index_t rows, index_t n, int bits) {
    rows_in_lanes<SINGLE, 1>(plain(out, x, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(1024) SRT_KERNEL(syntonic_softmax_identity_block)(
    scalar_t *out, const scalar_t *x, index_t n) {
    rows_in_blocks<FEW, SRT_VEC>(plain(out, x, 1), n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_identity_part)(
    scalar_t *out, const scalar_t *x, acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(plain(out, x, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_identity_join)(
    scalar_t *out, const scalar_t *x, const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(plain(out, x, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_identity_strided)(
    scalar_t *out, const scalar_t *x, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(plain(out, x, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_identity_strided_odd)(
    scalar_t *out, const scalar_t *x, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * 1];
    columns<ALONE, 1>(plain(out, x, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_identity_strided_part)(
    scalar_t *out, const scalar_t *x, acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(plain(out, x, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_identity_strided_join)(
    scalar_t *out, const scalar_t *x, const acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(plain(out, x, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

// -- learned ---------------------------------------------------------------------------------

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_learned)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, index_t rows, index_t n, int bits) {
    rows_in_lanes<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_learned_odd)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, index_t rows, index_t n, int bits) {
    rows_in_lanes<SINGLE, 1>(by_class(out, x, classes, scale, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(1024) SRT_KERNEL(syntonic_softmax_learned_block)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, index_t n) {
    rows_in_blocks<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_learned_part)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_learned_join)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(by_class(out, x, classes, scale, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_learned_strided)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(by_class(out, x, classes, scale, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_learned_strided_odd)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * 1];
    columns<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_learned_strided_part)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_learned_strided_join)(
    scalar_t *out, const scalar_t *x, const acc_t *classes, acc_t scale, const acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(by_class(out, x, classes, scale, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

// -- provided ---------------------------------------------------------------------------------

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_provided)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, index_t rows, index_t n, int bits) {
    rows_in_lanes<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128) SRT_KERNEL(syntonic_softmax_provided_odd)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, index_t rows, index_t n, int bits) {
    rows_in_lanes<SINGLE, 1>(by_weight(out, x, weights, scale, floor, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_provided_block)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, index_t n) {
    rows_in_blocks<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_provided_part)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(512) SRT_KERNEL(syntonic_softmax_provided_join)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_provided_strided)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(by_weight(out, x, weights, scale, floor, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_provided_strided_odd)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits) {
    __shared__ acc_t shared[COLUMN_THREADS * 1];
    columns<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, outer, n, inner, lane_bits, way_bits);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_provided_strided_part)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1) SRT_KERNEL(syntonic_softmax_provided_strided_join)(
    scalar_t *out, const scalar_t *x, const scalar_t *weights, acc_t scale, acc_t floor, const acc_t *part, index_t outer, index_t n, index_t inner, int lane_bits, int way_bits, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(by_weight(out, x, weights, scale, floor, inner), shared, part, outer, n, inner, lane_bits, way_bits, parts);
}

// -- weights (n,): their logarithms, for the kernels of learned weights with scale 1 ----------------
extern "C" __global__ void SRT_KERNEL(syntonic_softmax_log_weights)(acc_t *out, const acc_t *weights,
                                                                   acc_t scale, acc_t floor, index_t n) {
    index_t j = (index_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (j < n) out[j] = log_weight(weights[j], scale, floor);
}
