// What lies in memory (scalar_t), what is computed with (acc_t), and how one becomes the other.
//
// A kernel is written once in these terms, its name wrapped in SRT_KERNEL(), and compiled once per
// dtype with -DSRT_DTYPE=SRT_F64 (or F32, F16, BF16): golden_layer_norm is then the symbol
// golden_layer_norm_f64. Half precisions compute in float and round once, on the store. NVRTC has
// none of <float.h>, <math.h>, <stdint.h>: what is needed of them stands here.
//
// The comment above a kernel says what it computes, its arguments, and how it is launched. Arrays
// are C-contiguous, on the device, of scalar_t unless another type is named; (rows, cols) is a
// shape. Any address that suits the type will do where nothing else is said, for the same bits.
// Scalars are passed by value in exactly the type declared: index_t is 8 bytes (np.int64), int 4
// (np.int32), acc_t double for f64 and float for the others; through CuPy null is np.uint64(0), as
// it drops a None. V is SRT_VEC, the elements of 16 bytes: 2 of f64, 4 of f32, 8 of f16 and bf16. A
// block has one side, a grid (x, y), y = 1 unless said; none may be 0, so nothing is launched for
// empty arrays, and y is at most 65535. A kernel takes dynamic shared memory where its comment says
// how much.
#ifndef SRT_SCALAR_CUH
#define SRT_SCALAR_CUH
#include "srt_constants.cuh"

#define SRT_F64 1
#define SRT_F32 2
#define SRT_F16 3
#define SRT_BF16 4
#ifndef SRT_DTYPE
#error "compile with -DSRT_DTYPE=SRT_F64, SRT_F32, SRT_F16 or SRT_BF16"
#endif

#if SRT_DTYPE == SRT_F64
typedef double scalar_t;
typedef double acc_t;
#define SRT_KERNEL(name) name##_f64
#elif SRT_DTYPE == SRT_F32
typedef float scalar_t;
typedef float acc_t;
#define SRT_KERNEL(name) name##_f32
#elif SRT_DTYPE == SRT_F16
#include <cuda_fp16.h>
typedef __half scalar_t;
typedef float acc_t;
#define SRT_KERNEL(name) name##_f16
#elif SRT_DTYPE == SRT_BF16
#include <cuda_bf16.h>
typedef __nv_bfloat16 scalar_t;
typedef float acc_t;
#define SRT_KERNEL(name) name##_bf16
#endif

typedef long long index_t;  // sizes exceed 2^31

#define SRT_INLINE __device__ __forceinline__
#define SRT_INFINITY ((acc_t)__int_as_float(0x7f800000))
#define SRT_NAN ((acc_t)__int_as_float(0x7fffffff))
// The least normal number of acc_t.
#define SRT_LEAST (sizeof(acc_t) == 8 ? (acc_t)0x1p-1022 : (acc_t)0x1p-126)
// Whether squares of scalar_t can leave the range of acc_t.
#define SRT_SCALED (SRT_DTYPE != SRT_F16)

// -- one scalar -----------------------------------------------------------------------------
SRT_INLINE float to_acc(float x) { return x; }
SRT_INLINE double to_acc(double x) { return x; }
SRT_INLINE void from_acc(float *to, float x) { *to = x; }
SRT_INLINE void from_acc(double *to, double x) { *to = x; }
#if SRT_DTYPE == SRT_F16
SRT_INLINE float to_acc(__half x) { return __half2float(x); }
SRT_INLINE void from_acc(__half *to, float x) { *to = __float2half_rn(x); }
#elif SRT_DTYPE == SRT_BF16
SRT_INLINE float to_acc(__nv_bfloat16 x) { return __bfloat162float(x); }
SRT_INLINE void from_acc(__nv_bfloat16 *to, float x) { *to = __float2bfloat16_rn(x); }
#endif

// -- one 16-byte transaction ----------------------------------------------------------------
#define SRT_VEC (16 / (int)sizeof(scalar_t))
struct __align__(16) Pack {
    scalar_t v[SRT_VEC];
};

// Whether every pointer or'ed into `bits` (and every row stride in bytes) allows packs.
SRT_INLINE unsigned long long bits_of(const void *p) { return (unsigned long long)p; }
SRT_INLINE bool packs_allowed(unsigned long long bits) { return (bits & 15) == 0; }

// Dynamic shared memory, of which a launch says how much.
template <typename T> SRT_INLINE T *dynamic_shared() {
    extern __shared__ __align__(16) unsigned char bytes[];
    return (T *)bytes;
}

// -- functions of acc_t ---------------------------------------------------------------------
#if SRT_DTYPE == SRT_F16 || SRT_DTYPE == SRT_BF16
// 2^(x log2 e): 2 instructions for expf's 9; relative error (|x| + 4) 2^-24, for results of 8 or 11
// bits.
SRT_INLINE float srt_exp(float x) { return __expf(x); }
#else
SRT_INLINE float srt_exp(float x) { return expf(x); }
#endif
SRT_INLINE double srt_exp(double x) { return exp(x); }
SRT_INLINE float srt_exp2(float x) { return exp2f(x); }
SRT_INLINE double srt_exp2(double x) { return exp2(x); }
SRT_INLINE float srt_log(float x) { return logf(x); }
SRT_INLINE double srt_log(double x) { return log(x); }
SRT_INLINE float srt_erf(float x) { return erff(x); }
SRT_INLINE double srt_erf(double x) { return erf(x); }
SRT_INLINE float srt_erfc(float x) { return erfcf(x); }
SRT_INLINE double srt_erfc(double x) { return erfc(x); }
SRT_INLINE float srt_sqrt(float x) { return sqrtf(x); }
SRT_INLINE double srt_sqrt(double x) { return sqrt(x); }
SRT_INLINE float srt_abs(float x) { return fabsf(x); }
SRT_INLINE double srt_abs(double x) { return fabs(x); }
SRT_INLINE float srt_hypot(float x, float y) { return hypotf(x, y); }
SRT_INLINE double srt_hypot(double x, double y) { return hypot(x, y); }
SRT_INLINE float srt_fma(float x, float y, float z) { return fmaf(x, y, z); }
SRT_INLINE double srt_fma(double x, double y, double z) { return fma(x, y, z); }
// Rounded by themselves: a compiler may fuse a product and a sum that operators make, not these.
SRT_INLINE float srt_add(float x, float y) { return __fadd_rn(x, y); }
SRT_INLINE double srt_add(double x, double y) { return __dadd_rn(x, y); }
SRT_INLINE float srt_sub(float x, float y) { return __fsub_rn(x, y); }
SRT_INLINE double srt_sub(double x, double y) { return __dsub_rn(x, y); }
SRT_INLINE float srt_mul(float x, float y) { return __fmul_rn(x, y); }
SRT_INLINE double srt_mul(double x, double y) { return __dmul_rn(x, y); }
// The k of 2^k <= |x| < 2^(k+1); less than any for 0 and subnormal numbers.
SRT_INLINE int exponent_of(double x) { return (__double2hiint(x) >> 20 & 0x7ff) - 1023; }
// fmax drops a NaN; these keep it.
template <typename T> SRT_INLINE T nan_max(T x, T y) { return (x > y || x != x) ? x : y; }
template <typename T> SRT_INLINE T nan_relu(T x) { return x > (T)0 || x != x ? x : (T)0; }

// -- error-free -----------------------------------------------------------------------------
// A number and what its rounding lost.
template <typename T> struct Two {
    T high, low;
};
// high + low = x + y exactly. (D. E. Knuth, TAOCP 2, section 4.2.2, theorem B.)
template <typename T> SRT_INLINE Two<T> two_sum(T x, T y) {
    T sum = srt_add(x, y), back = srt_sub(sum, x);
    return {sum, srt_add(srt_sub(x, srt_sub(sum, back)), srt_sub(y, back))};
}
// high + low = x * y exactly, where the product is far from underflow.
template <typename T> SRT_INLINE Two<T> two_product(T x, T y) {
    T product = srt_mul(x, y);
    return {product, srt_fma(x, y, -product)};
}

#endif
