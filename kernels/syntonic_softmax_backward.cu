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

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward)(scalar_t *dx, const scalar_t *grad,
                                                   const scalar_t *out, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(back(dx, grad, out, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_odd)(scalar_t *dx, const scalar_t *grad,
                                                       const scalar_t *out, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(back(dx, grad, out, 1), rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(512)
    SRT_KERNEL(syntonic_softmax_identity_backward_block)(scalar_t *dx, const scalar_t *grad,
                                                         const scalar_t *out, index_t n) {
    rows_in_blocks<FEW, SRT_VEC>(back(dx, grad, out, 1), n);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_part)(scalar_t *dx, const scalar_t *grad,
                                                        const scalar_t *out, acc_t *part,
                                                        index_t n) {
    rows_shared<FEW, SRT_VEC>(back(dx, grad, out, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_identity_backward_join)(scalar_t *dx, const scalar_t *grad,
                                                        const scalar_t *out, const acc_t *part,
                                                        index_t n) {
    rows_rejoined<FEW, SRT_VEC>(back(dx, grad, out, 1), part, n);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward)(scalar_t *dx, const scalar_t *grad,
                                                           const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(back(dx, grad, out, inner), shared, COLUMNS);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_odd)(scalar_t *dx, const scalar_t *grad,
                                                               const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(back(dx, grad, out, inner), shared, COLUMNS);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_part)(scalar_t *dx, const scalar_t *grad,
                                                                const scalar_t *out, acc_t *part,
                                                                COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back(dx, grad, out, inner), shared, part, COLUMNS, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_identity_strided_backward_join)(scalar_t *dx, const scalar_t *grad,
                                                                const scalar_t *out,
                                                                const acc_t *part, COLUMN_SIZES,
                                                                int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(back(dx, grad, out, inner), shared, part, COLUMNS, parts);
}

// -- with the sums of dx over all slices, for mode norms or weights (n,) --------------------------

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward)(scalar_t *dx, acc_t *sums, const scalar_t *grad,
                                                  const scalar_t *out, ROW_SIZES) {
    sums_in_lanes<FEW, SRT_VEC>(back(dx, grad, out, 1), sums, rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_odd)(scalar_t *dx, acc_t *sums,
                                                      const scalar_t *grad, const scalar_t *out,
                                                      ROW_SIZES) {
    sums_in_lanes<SINGLE, 1>(back(dx, grad, out, 1), sums, rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_block)(scalar_t *dx, acc_t *sums,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        index_t rows, index_t n) {
    sums_in_blocks<FEW, SRT_VEC>(back(dx, grad, out, 1), sums, rows, n);
}

extern "C" __global__ void __launch_bounds__(512, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_block_odd)(scalar_t *dx, acc_t *sums,
                                                            const scalar_t *grad,
                                                            const scalar_t *out, index_t rows,
                                                            index_t n) {
    sums_in_blocks<ALONE, 1>(back(dx, grad, out, 1), sums, rows, n);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_long)(scalar_t *dx, acc_t *sums,
                                                       const scalar_t *grad, const scalar_t *out,
                                                       const acc_t *part, index_t rows, index_t n,
                                                       int parts) {
    sums_of_columns<FEW / 2, SRT_VEC>(back(dx, grad, out, 1), part, sums, rows, n, parts);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_learned_backward_long_odd)(scalar_t *dx, acc_t *sums,
                                                           const scalar_t *grad,
                                                           const scalar_t *out, const acc_t *part,
                                                           index_t rows, index_t n, int parts) {
    sums_of_columns<SINGLE, 1>(back(dx, grad, out, 1), part, sums, rows, n, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward)(scalar_t *dx, acc_t *sums,
                                                          const scalar_t *grad, const scalar_t *out,
                                                          COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS * SRT_VEC];
    columns<FEW, SRT_VEC>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, COLUMNS);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward_odd)(scalar_t *dx, acc_t *sums,
                                                              const scalar_t *grad,
                                                              const scalar_t *out, COLUMN_SIZES) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns<ALONE, 1>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, COLUMNS);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_learned_strided_backward_part)(scalar_t *dx, acc_t *sums,
                                                               const scalar_t *grad,
                                                               const scalar_t *out, acc_t *part,
                                                               COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back_and_sums(dx, sums, grad, out, inner, lane_bits), shared, part,
                             COLUMNS, parts);
}

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

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward)(scalar_t *dx, scalar_t *dweights,
                                                   const scalar_t *grad, const scalar_t *out,
                                                   const scalar_t *weights, acc_t scale,
                                                   acc_t floor, ROW_SIZES) {
    rows_in_lanes<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                rows, n, bits);
}

extern "C" __global__ void __launch_bounds__(128, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_odd)(scalar_t *dx, scalar_t *dweights,
                                                       const scalar_t *grad, const scalar_t *out,
                                                       const scalar_t *weights, acc_t scale,
                                                       acc_t floor, ROW_SIZES) {
    rows_in_lanes<SINGLE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1), rows,
                             n, bits);
}

extern "C" __global__ void __launch_bounds__(512)
    SRT_KERNEL(syntonic_softmax_provided_backward_block)(scalar_t *dx, scalar_t *dweights,
                                                         const scalar_t *grad, const scalar_t *out,
                                                         const scalar_t *weights, acc_t scale,
                                                         acc_t floor, index_t n) {
    rows_in_blocks<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                 n);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_part)(scalar_t *dx, scalar_t *dweights,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        const scalar_t *weights, acc_t scale,
                                                        acc_t floor, acc_t *part, index_t n) {
    rows_shared<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1), part,
                              n);
}

extern "C" __global__ void __launch_bounds__(256, 1)
    SRT_KERNEL(syntonic_softmax_provided_backward_join)(scalar_t *dx, scalar_t *dweights,
                                                        const scalar_t *grad, const scalar_t *out,
                                                        const scalar_t *weights, acc_t scale,
                                                        acc_t floor, const acc_t *part, index_t n) {
    rows_rejoined<FEW, SRT_VEC>(back_weighed(dx, dweights, grad, out, weights, scale, floor, 1),
                                part, n);
}

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

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward_part)(
        scalar_t *dx, scalar_t *dweights, const scalar_t *grad, const scalar_t *out,
        const scalar_t *weights, acc_t scale, acc_t floor, acc_t *part, COLUMN_SIZES, int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_shared<ALONE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner),
                             shared, part, COLUMNS, parts);
}

extern "C" __global__ void __launch_bounds__(COLUMN_THREADS, 1)
    SRT_KERNEL(syntonic_softmax_provided_strided_backward_join)(
        scalar_t *dx, scalar_t *dweights, const scalar_t *grad, const scalar_t *out,
        const scalar_t *weights, acc_t scale, acc_t floor, const acc_t *part, COLUMN_SIZES,
        int parts) {
    __shared__ acc_t shared[COLUMN_THREADS];
    columns_rejoined<ALONE, 1>(back_weighed(dx, dweights, grad, out, weights, scale, floor, inner),
                               shared, part, COLUMNS, parts);
}

// -- classes --------------------------------------------------------------------------------------
// out[b, j] = scale times the sum over a share b of the rows of in (rows, n); with weights, divided
// by the weight where it is above the floor, and 0 elsewhere. Grid (ceil(n / 32), shares).
#define SUM_WAYS 16
extern "C" __global__ void __launch_bounds__(SRT_WARP *SUM_WAYS)
    SRT_KERNEL(syntonic_softmax_backward_class_sums)(acc_t *out, const acc_t *in,
                                                     const acc_t *weights, acc_t scale, acc_t floor,
                                                     index_t rows, index_t n) {
    __shared__ acc_t shared[SRT_WARP * SUM_WAYS];
    int lane = threadIdx.x % SRT_WARP, way = threadIdx.x / SRT_WARP;
    index_t j = (index_t)blockIdx.x * SRT_WARP + lane;
    index_t share = (rows + gridDim.y - 1) / gridDim.y, from = blockIdx.y * share;
    index_t end = from + share < rows ? from + share : rows;
    acc_t sum[1] = {0};
    if (j < n) {
#pragma unroll 4
        for (index_t row = from + way; row < end; row += SUM_WAYS) sum[0] += in[row * n + j];
    }
    ColumnTeam<1> team = {shared, SRT_WARP, SUM_WAYS};
    team.total(sum);
    if (j >= n || way) return;
    sum[0] *= scale;
    if (weights) sum[0] = weights[j] > floor ? sum[0] / weights[j] : (acc_t)0;
    out[blockIdx.y * n + j] = sum[0];
}
