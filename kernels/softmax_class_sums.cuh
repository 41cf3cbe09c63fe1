// Sums of the classes' gradients: the end of syntonic_softmax_backward.cu, which alone includes it.

#define SUM_WAYS 16

// out[b, j] = scale * the sum of in over a share b of its rows; with weights, divided by the weight
// where it is above the floor, and 0 elsewhere. out is acc_t (shares, n), in acc_t (rows, n),
// weights acc_t (n) or null.
// Launch: grid (ceil(n / 32), shares), block 512.
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
