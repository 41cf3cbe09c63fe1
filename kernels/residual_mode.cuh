// How a phi-residual connection joins its operands: outer * (identity + inner * residual).
//
// (inner, outer), SRT_MODE_PHI and so on, is (1 / phi, 1) for mode phi, (1, 1 / phi) for symmetric,
// (1, 1) for standard: no more roundings than the mode's own formula has, since multiplying by 1
// rounds nothing.
#ifndef SRT_RESIDUAL_MODE_CUH
#define SRT_RESIDUAL_MODE_CUH
#include "scalar.cuh"

struct Mode {
    acc_t inner, outer;
    SRT_INLINE acc_t operator()(acc_t identity, acc_t residual) const {
        return srt_mul(srt_fma(residual, inner, identity), outer);  // one number for all its uses
    }
    // Of operands times a power of two, which rounds nothing.
    SRT_INLINE acc_t operator()(acc_t identity, acc_t residual, acc_t power) const {
        return srt_mul(srt_fma(residual, inner * power, identity * power), outer);
    }
    // The gradients of the operands, where that of the result is g.
    SRT_INLINE acc_t identity(acc_t g) const { return g * outer; }
    SRT_INLINE acc_t residual(acc_t g) const { return g * (inner * outer); }
};

#endif
