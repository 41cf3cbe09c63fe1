// phi-residual connections, alone and followed by relu or gelu, and their gradients. Followed by
// layer normalisation, and the norms of what is joined: the last headers.
#include "map.cuh"
#include "residual_mode.cuh"
#include "residual_layer_norm.cuh"
#include "residual_layer_norm_backward_wide.cuh"
#include "residual_layer_norm_wide.cuh"
#include "residual_norms.cuh"

#define SRT_SQRT_HALF (0x1.6a09e667f3bcdp-1)
#define SRT_INV_SQRT_2PI (0x1.9884533d43651p-2)

struct Join {
    Mode mode;
    SRT_INLINE void operator()(const acc_t *x, acc_t *y) const { y[0] = mode(x[0], x[1]); }
};

// -- the connection -------------------------------------------------------------------------

// out = identity + residual / phi. out, identity and residual are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_phi)(scalar_t *out, const scalar_t *identity,
                                  const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}

// out = (identity + residual) / phi. out, identity and residual are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_symmetric)(scalar_t *out, const scalar_t *identity,
                                        const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_SYMMETRIC});
}

// out = identity + residual. out, identity and residual are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_standard)(scalar_t *out, const scalar_t *identity,
                                       const scalar_t *residual, index_t n) {
    map<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_STANDARD});
}

// The same for pointers that the caller knows to be aligned to 16 bytes. The launchers do not know,
// and use the kernels above, which ask: these are for who launches kernels by their symbols.
#if SRT_DTYPE == SRT_F32
// out = identity + residual / phi. out, identity and residual are (n), all aligned to 16 bytes.
// Launch: grid ceil(n / 2048), block 256.
extern "C" __global__ void __launch_bounds__(256)
phi_residual_mode_phi_vec4_f32(float *out, const float *identity, const float *residual,
                               index_t n) {
    map_packs<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}
#elif SRT_DTYPE == SRT_F64
// out = identity + residual / phi. out, identity and residual are (n), all aligned to 16 bytes.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(256)
phi_residual_mode_phi_vec2_f64(double *out, const double *identity, const double *residual,
                               index_t n) {
    map_packs<2, 1>({{identity, residual}, {out}}, n, Join{SRT_MODE_PHI});
}
#endif

// out = grad / phi: the gradient of the residual; that of the identity is grad itself. out and grad
// are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_phi_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    Mode mode = SRT_MODE_PHI;
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = mode.residual(x[0]); });
}

// out = grad / phi: the gradient of either operand. out and grad are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_symmetric_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    Mode mode = SRT_MODE_SYMMETRIC;
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = mode.residual(x[0]); });
}

// out = grad: either gradient is grad itself; a copy, for who may not share it. out and grad
// are (n).
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_mode_standard_backward)(scalar_t *out, const scalar_t *grad, index_t n) {
    map<1, 1>({{grad}, {out}}, n, [=](const acc_t *x, acc_t *y) { y[0] = x[0]; });
}

// -- relu and gelu --------------------------------------------------------------------------

// out = max(outer * (identity + inner * residual), 0), and NaN stays NaN. out, identity and
// residual are (n); (inner, outer) is (1 / phi, 1), (1, 1 / phi) or (1, 1): mode phi, symmetric or
// standard.
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_relu)(scalar_t *out, const scalar_t *identity, const scalar_t *residual,
                              acc_t inner, acc_t outer, index_t n) {
    Mode mode = {inner, outer};
    map<2, 1>({{identity, residual}, {out}}, n,
              [=](const acc_t *x, acc_t *y) { y[0] = nan_relu(mode(x[0], x[1])); });
}

// grad_identity = outer * g and grad_residual = inner * outer * g, where g is 0 for out <= 0, else
// grad. grad_identity, grad_residual, grad and out are (n), out what phi_residual_relu made;
// grad_residual is null where it equals grad_identity. inner and outer as there.
// Launch: grid ceil(n / (512 V)), block 256.
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

// The normal distribution function (1 + erf(s / sqrt 2)) / 2, with `bell` exp(-s^2 / 2).
#if SRT_DTYPE == SRT_F16 || SRT_DTYPE == SRT_BF16
// For s < 0 it is bell * (c1 t + ... + c7 t^7), t = 1 / (1 + 0.33 |s|); fitted to an absolute error
// of 2^-24 and a relative one of 2^-16 for |s| <= 13.5, which is past the least subnormal of f16
// and of floats. (C. Hastings, "Approximations for digital computers", 1955, sheet 45, has five.)
SRT_INLINE acc_t normal_cdf(acc_t s, acc_t bell) {
    float t = __fdividef(1.0f, srt_fma(0.33f, fabsf(s), 1.0f));
    float sum = srt_fma(0.039529920678956755f, t, -0.19475169098399867f);
    sum = srt_fma(sum, t, 0.28608087083550815f);
    sum = srt_fma(sum, t, -0.04834934154103703f);
    sum = srt_fma(sum, t, 0.16083414381915415f);
    sum = srt_fma(sum, t, 0.1245444061969323f);
    sum = srt_fma(sum, t, 0.132111643891222f);
    float tail = bell * (t * sum);
    return s < 0.0f ? tail : 1.0f - tail;
}
#else
// By erfc: 1 + erf cancels for s < 0.
SRT_INLINE acc_t normal_cdf(acc_t s, acc_t) {
    return (acc_t)0.5 * srt_erfc(s * (acc_t)-SRT_SQRT_HALF);
}
#endif
SRT_INLINE acc_t bell_of(acc_t s) { return srt_exp((acc_t)-0.5 * s * s); }

// out = s * (1 + erf(s / sqrt 2)) / 2 with s = outer * (identity + inner * residual). out, identity
// and residual are (n); inner and outer as for phi_residual_relu.
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256)
SRT_KERNEL(phi_residual_gelu)(scalar_t *out, const scalar_t *identity, const scalar_t *residual,
                              acc_t inner, acc_t outer, index_t n) {
    Mode mode = {inner, outer};
    map<2, 1>({{identity, residual}, {out}}, n, [=](const acc_t *x, acc_t *y) {
        acc_t s = mode(x[0], x[1]);
        y[0] = s * normal_cdf(s, bell_of(s));
    });
}

// grad_identity = outer * g and grad_residual = inner * outer * g with g = grad * gelu'(s), gelu' =
// cdf(s) + s * exp(-s^2 / 2) / sqrt(2 pi). grad_identity, grad_residual, grad, identity and
// residual are (n), the last two what phi_residual_gelu was given; grad_residual is null where it
// equals grad_identity. inner and outer as there.
// Three blocks at once leave 80 registers: without the bound the compiler stops at 64 and spills.
// Launch: grid ceil(n / (512 V)), block 256.
extern "C" __global__ void __launch_bounds__(256, 3)
SRT_KERNEL(phi_residual_gelu_backward)(scalar_t *grad_identity, scalar_t *grad_residual,
                                       const scalar_t *grad, const scalar_t *identity,
                                       const scalar_t *residual, acc_t inner, acc_t outer,
                                       index_t n) {
    Mode mode = {inner, outer};
    map<3, 2>({{grad, identity, residual}, {grad_identity, grad_residual}}, n,
              [=](const acc_t *x, acc_t *y) {
                  acc_t s = mode(x[1], x[2]);
                  acc_t bell = bell_of(s), density = (acc_t)SRT_INV_SQRT_2PI * bell;
                  acc_t g = x[0] * srt_fma(s, density, normal_cdf(s, bell));
                  y[0] = mode.identity(g);
                  y[1] = mode.residual(g);
              });
}
