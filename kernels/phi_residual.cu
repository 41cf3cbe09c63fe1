// φ-residual connections, alone and followed by relu or gelu, and their gradients. Followed by layer
// normalisation, and the norms of what is joined: the last two headers.
#include "map.cuh"
#include "residual_mode.cuh"
#include "residual_layer_norm.cuh"
#include "residual_layer_norm_wide.cuh"
#include "residual_norms.cuh"

#define SRT_SQRT_HALF (0x1.6a09e667f3bcdp-1)
#define SRT_INV_SQRT_2PI (0x1.9884533d43651p-2)

struct Join {
    Mode mode;
    SRT_INLINE void operator()(const acc_t *x, acc_t *y) const { y[0] = mode(x[0], x[1]); }
};

// -- the connection -------------------------------------------------------------------------
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_phi)(scalar_t *out, const scalar_t *identity,
                                  const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_symmetric)(scalar_t *out, const scalar_t *identity,
                                        const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_SYMMETRIC});
}
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_standard)(scalar_t *out, const scalar_t *identity,
                                       const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_STANDARD});
}

// The same for pointers that the caller knows to be aligned to 16 bytes. The launchers do not know,
// and use the kernels above, which ask: these are for who launches kernels by their symbols.
#if SRT_DTYPE == SRT_F32
extern "C" __global__ void __launch_bounds__(256)
phi_residual_mode_phi_vec4_f32(float *out, const float *identity, const float *residual,
                               index_t n) {
    map_packs<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}
#elif SRT_DTYPE == SRT_F64
extern "C" __global__ void __launch_bounds__(256)
phi_residual_mode_phi_vec2_f64(double *out, const double *identity, const double *residual,
                               index_t n) {
    map_packs<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}
#endif

// The gradient of an operand whose gradient is not `grad` itself: phi's residual, both of
// symmetric. Standard hands `grad` on, as its launcher does; its kernel makes the copy, for who
// launches by symbols, one for every mode, and may not share an array.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_phi_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    Mode mode = SRT_MODE_PHI;
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = mode.residual(x[0]); });
}
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_symmetric_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    Mode mode = SRT_MODE_SYMMETRIC;
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = mode.residual(x[0]); });
}
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_standard_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = x[0]; });
}

// -- relu and gelu --------------------------------------------------------------------------
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_relu)(scalar_t *out, const scalar_t *identity, const scalar_t *residual,
                              acc_t inner, acc_t outer, index_t n) {
    Mode mode = {inner, outer};
    map<2, 1>({{identity, residual}, {out}}, n,
              [=](const acc_t *x, acc_t *y) { y[0] = nan_relu(mode(x[0], x[1])); });
}

// grad_residual is null where it equals grad_identity.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_relu_backward)(scalar_t *grad_identity, scalar_t *grad_residual,
                                       const scalar_t *grad, const scalar_t *out, acc_t inner,
                                       acc_t outer, index_t n) {
    Mode mode = {inner, outer};
    map<2, 2>({{grad, out}, {grad_identity, grad_residual}}, n, [=](const acc_t *x, acc_t *y) {
        acc_t g = x[1] <= (acc_t)0 ? (acc_t)0 : x[0];
        y[0] = mode.identity(g);
        y[1] = mode.residual(g);
    });
}

// The normal distribution's Φ(s) = (1 + erf(s/√2))/2, by erfc: 1 + erf cancels for negative s.
SRT_INLINE acc_t normal_cdf(acc_t s) {
    return (acc_t)0.5 * srt_erfc(s * (acc_t)-SRT_SQRT_HALF);
}

extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_gelu)(scalar_t *out, const scalar_t *identity, const scalar_t *residual,
                              acc_t inner, acc_t outer, index_t n) {
    Mode mode = {inner, outer};
    map<2, 1>({{identity, residual}, {out}}, n, [=](const acc_t *x, acc_t *y) {
        acc_t s = mode(x[0], x[1]);
        y[0] = s * normal_cdf(s);
    });
}

// gelu' = Φ(s) + s·exp(-s²/2)/√(2π). Three blocks at once leave 80 registers: without the bound the
// compiler stops at 64 and spills.
extern "C" __global__ void __launch_bounds__(256, 3)
SRT_KERNEL(phi_residual_gelu_backward)(scalar_t *grad_identity, scalar_t *grad_residual,
                                       const scalar_t *grad, const scalar_t *identity,
                                       const scalar_t *residual, acc_t inner, acc_t outer,
                                       index_t n) {
    Mode mode = {inner, outer};
    map<3, 2>({{grad, identity, residual}, {grad_identity, grad_residual}}, n,
              [=](const acc_t *x, acc_t *y) {
                  acc_t s = mode(x[1], x[2]);
                  acc_t density = (acc_t)SRT_INV_SQRT_2PI * srt_exp((acc_t)-0.5 * s * s);
                  acc_t g = x[0] * srt_fma(s, density, normal_cdf(s));
                  y[0] = mode.identity(g);
                  y[1] = mode.residual(g);
              });
}
