// Functions and bit casts of CUDA. Those named _rn round once and are never contracted: g++ is
// told -ffp-contract=off, and fma is the C library's, correctly rounded.
#pragma once

// -- bits -----------------------------------------------------------------------------------
inline float __int_as_float(int x) { return sim_bits<float>(x); }
inline float __uint_as_float(unsigned x) { return sim_bits<float>(x); }
inline int __float_as_int(float x) { return sim_bits<int>(x); }
inline unsigned __float_as_uint(float x) { return sim_bits<unsigned>(x); }
inline double __longlong_as_double(long long x) { return sim_bits<double>(x); }
inline long long __double_as_longlong(double x) { return sim_bits<long long>(x); }
inline int __double2hiint(double x) { return int(sim_bits<unsigned long long>(x) >> 32); }
inline int __double2loint(double x) { return int(sim_bits<unsigned long long>(x)); }
inline double __hiloint2double(int high, int low) {
    return sim_bits<double>((unsigned long long)(unsigned)high << 32 | (unsigned)low);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
inline unsigned __brev(unsigned x) {
    unsigned r = 0;
    for (int i = 0; i < 32; ++i) r |= (x >> i & 1) << (31 - i);
    return r;
}
inline int __mulhi(int x, int y) { return int((long long)x * y >> 32); }
inline unsigned __umulhi(unsigned x, unsigned y) {
    return unsigned((unsigned long long)x * y >> 32);
}
inline long long __mul64hi(long long x, long long y) { return (long long)((__int128)x * y >> 64); }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return (unsigned long long)((unsigned __int128)x * y >> 64);
}

// -- float and double, rounded once ---------------------------------------------------------
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __frsqrt_rn(float x) { return (float)(1.0L / sqrtl(x)); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dsub_rn(double x, double y) { return x - y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __ddiv_rn(double x, double y) { return x / y; }
inline double __drcp_rn(double x) { return 1.0 / x; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }

// -- conversions: saturating, NaN to zero (to the least value in 64 bits), as the hardware's -----
template <class I, class F> inline I sim_to_integer(F x, I nan) {
    const F past = (F)((unsigned long long)1 << (8 * sizeof(I) - 1));  // one above the greatest
    if (x != x) return nan;
    if (x >= past) return I(~((unsigned long long)1 << (8 * sizeof(I) - 1)));
    if (x < -past) return I((unsigned long long)1 << (8 * sizeof(I) - 1));
    return (I)x;
}
const long long SIM_LEAST = (long long)((unsigned long long)1 << 63);
inline int __float2int_rn(float x) { return sim_to_integer(rintf(x), 0); }
inline int __float2int_rz(float x) { return sim_to_integer(truncf(x), 0); }
inline int __float2int_rd(float x) { return sim_to_integer(floorf(x), 0); }
inline int __double2int_rn(double x) { return sim_to_integer(rint(x), 0); }
inline int __double2int_rz(double x) { return sim_to_integer(trunc(x), 0); }
inline long long __float2ll_rn(float x) { return sim_to_integer(rintf(x), SIM_LEAST); }
inline long long __double2ll_rn(double x) { return sim_to_integer(rint(x), SIM_LEAST); }
inline long long __double2ll_rz(double x) { return sim_to_integer(trunc(x), SIM_LEAST); }
inline long long __double2ll_rd(double x) { return sim_to_integer(floor(x), SIM_LEAST); }
inline float __int2float_rn(int x) { return (float)x; }
inline float __ll2float_rn(long long x) { return (float)x; }
inline float __double2float_rn(double x) { return (float)x; }
inline double __int2double_rn(int x) { return x; }
inline double __ll2double_rn(long long x) { return (double)x; }

// -- functions the C library lacks, and fast ones -------------------------------------------
inline double rsqrt(double x) { return (double)(1.0L / sqrtl(x)); }
inline float rsqrtf(float x) { return __frsqrt_rn(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return powf(10.0f, x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }

template <class A, class B> inline std::common_type_t<A, B> min(A x, B y) {
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point<T>::value) return std::fmin((T)x, (T)y);
    else return (T)y < (T)x ? (T)y : (T)x;
}
template <class A, class B> inline std::common_type_t<A, B> max(A x, B y) {
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point<T>::value) return std::fmax((T)x, (T)y);
    else return (T)x < (T)y ? (T)y : (T)x;
}
// Overloads for float, where C's names take a double.
using std::abs;
using std::ceil;
using std::copysign;
using std::erf;
using std::exp;
using std::exp2;
using std::expm1;
using std::floor;
using std::fma;
using std::fmax;
using std::fmin;
using std::isfinite;
using std::isinf;
using std::isnan;
using std::ldexp;
using std::log;
using std::log1p;
using std::log2;
using std::pow;
using std::rint;
using std::round;
using std::signbit;
using std::sqrt;
using std::tanh;
using std::trunc;
