// The gradients of golden layer normalization, of rows longer than registers hold: kept in shared
// memory, while the next row is on its way.
#ifndef SRT_LAYER_NORM_BACKWARD_WIDE_CUH
#define SRT_LAYER_NORM_BACKWARD_WIDE_CUH
#include "kept_rows.cuh"
#include "layer_norm_backward.cuh"

template <bool ALIGNED> struct RowGradient {
    static const bool aligned = ALIGNED;
    scalar_t *dx;
    const scalar_t *grad, *x;
    const acc_t *gamma;
    const double *statistics;
    acc_t gain;
    index_t rows, cols;

    // As it is loaded, if it is aligned; else it is read where it is used.
    struct Unit {
        Pack grad, x;
        SRT_INLINE void refresh() { refresh_pack(grad), refresh_pack(x); }
    };
    SRT_INLINE void load(Unit &unit, index_t at) const {
        unit.grad = *(const Pack *)(grad + at);
        unit.x = *(const Pack *)(x + at);
    }
    SRT_INLINE acc_t xhat(const Unit &unit, int j, index_t at, const Centre &by) const {
        return normalized(to_acc(ALIGNED ? unit.x.v[j] : x[at]), by);
    }

    struct Out {
        const RowGradient &k;
        RowNumbers row;
        Pack y;

        SRT_INLINE Out(const RowGradient &of, const Centre &by, Sum2 means)
            : k(of), row{by, means} {}
        SRT_INLINE void make(int j, acc_t h, acc_t xhat) {
            from_acc(&y.v[j], row_gradient(h, xhat, row, k.gain));
        }
        template <typename Store> SRT_INLINE void put(index_t at, Store store) const {
            store(k.dx + at, y);
        }
    };
};

// golden_layer_norm_backward for rows that a block keeps in shared memory. dx, grad and x
// are (rows, cols), gamma acc_t (cols) or null, statistics double (3, rows), partial
// acc_t (blocks, 2, cols); gain as there. Of a row the first kept * 512 V columns are kept, and
// others read twice: the same bits.
// Dynamic shared memory: 2 * kept * 512 V + 2 * max(0, kept * 512 V - R) numbers of acc_t, R = 2048
// for f64, else 4096.
// Launch: grid any number of blocks, which walk down the rows; block 512.
extern "C" __global__ void __launch_bounds__(SRT_KEPT_TEAM, 1)
    SRT_KERNEL(golden_layer_norm_backward_kept)(scalar_t *dx, acc_t *partial, const scalar_t *grad,
                                                const scalar_t *x, const acc_t *gamma,
                                                const double *statistics, acc_t gain, index_t rows,
                                                index_t cols, int kept) {
    if (packs_allowed(bits_of(dx) | bits_of(partial) | bits_of(grad) | bits_of(x) | bits_of(gamma) |
                      cols * sizeof(scalar_t)))
        gradients_of_kept_rows(
            partial, RowGradient<true>{dx, grad, x, gamma, statistics, gain, rows, cols}, kept);
    else
        gradients_of_kept_rows(
            partial, RowGradient<false>{dx, grad, x, gamma, statistics, gain, rows, cols}, kept);
}

#endif
