// The gradient of the layer normalisation of a phi-residual connection, of rows longer than
// registers hold: kept in shared memory, while the next row is on its way.
#ifndef SRT_RESIDUAL_LAYER_NORM_BACKWARD_WIDE_CUH
#define SRT_RESIDUAL_LAYER_NORM_BACKWARD_WIDE_CUH
#include "kept_rows.cuh"
#include "residual_layer_norm.cuh"

template <bool ALIGNED> struct JoinedGradient : Normalised {
    static const bool aligned = ALIGNED;
    scalar_t *grad_identity, *grad_residual;

    // As it is loaded, if it is aligned; else it is read where it is used.
    struct Unit {
        Pack grad, identity, residual;
        SRT_INLINE void refresh() {
            refresh_pack(grad), refresh_pack(identity), refresh_pack(residual);
        }
    };
    SRT_INLINE void load(Unit &unit, index_t at) const {
        unit.grad = *(const Pack *)(this->grad + at);
        unit.identity = *(const Pack *)(this->identity + at);
        unit.residual = *(const Pack *)(this->residual + at);
    }
    SRT_INLINE acc_t xhat(const Unit &unit, int j, index_t at, const Centre &by) const {
        acc_t one = to_acc(ALIGNED ? unit.identity.v[j] : this->identity[at]);
        acc_t other = to_acc(ALIGNED ? unit.residual.v[j] : this->residual[at]);
        acc_t s = this->mode(one, other, SRT_SCALED ? by.power : (acc_t)1);
        return srt_fma(s - by.mean, by.scale, by.shift);
    }

    struct Out {
        const JoinedGradient &k;
        acc_t scale;
        Sum2 means;
        Mode mode;
        Pack x, y;

        SRT_INLINE Out(const JoinedGradient &of, const Centre &by, Sum2 all)
            : k(of), scale(by.scale), means(all),
              mode{of.mode.inner, of.mode.outer * (SRT_SCALED ? by.power : (acc_t)1)} {}
        SRT_INLINE void make(int j, acc_t h, acc_t xhat) {
            acc_t g = scale * srt_fma(-xhat, means.y, h - means.x);
            from_acc(&x.v[j], mode.identity(g));
            from_acc(&y.v[j], mode.residual(g));
        }
        template <typename Store> SRT_INLINE void put(index_t at, Store store) const {
            store(k.grad_identity + at, x);
            if (k.grad_residual) store(k.grad_residual + at, y);
        }
    };
};

// phi_residual_layernorm_backward for rows that a block keeps in shared memory. grad_identity,
// grad_residual, grad, identity and residual are (rows, cols), grad_residual null where it equals
// grad_identity; gamma is acc_t (cols) or null, statistics double (3, rows), partial
// acc_t (blocks, 2, cols); inner and outer as there. Of a row the first kept * 512 V columns
// are kept, and others read twice: the same bits.
// Dynamic shared memory: 2 * kept * 512 V + 2 * max(0, kept * 512 V - R) numbers of acc_t, R = 2048
// for f64, else 4096.
// Launch: grid any number of blocks, which walk down the rows; block 512.
extern "C" __global__ void __launch_bounds__(SRT_KEPT_TEAM, 1)
SRT_KERNEL(phi_residual_layernorm_backward_kept)(
    scalar_t *grad_identity, scalar_t *grad_residual, acc_t *partial, const scalar_t *grad,
    const scalar_t *identity, const scalar_t *residual, const acc_t *gamma,
    const double *statistics, acc_t inner, acc_t outer, index_t rows, index_t cols, int kept) {
    Normalised k = {grad, identity, residual, gamma, statistics, {inner, outer}, rows, cols};
    if (cols % SRT_VEC == 0 &&
        packs_allowed(bits_of(grad_identity) | bits_of(grad_residual) | bits_of(partial) |
                      bits_of(grad) | bits_of(identity) | bits_of(residual) | bits_of(gamma)))
        gradients_of_kept_rows(partial, JoinedGradient<true>{k, grad_identity, grad_residual}, kept);
    else
        gradients_of_kept_rows(partial, JoinedGradient<false>{k, grad_identity, grad_residual}, kept);
}

#endif
