// (a + b phi) / d rounded once: the loops of syntonic.rounding.wake_loops, which has the proofs,
// operation for operation. 1/d is scale/odd, scale a power of two and odd below 2^53.
#ifndef SRT_LATTICE_WAKE_CUH
#define SRT_LATTICE_WAKE_CUH
#include "error_free.cuh"

#define SRT_ROUND_TO_ODD (SRT_DTYPE != SRT_F64)  // doubles from which narrower formats are rounded

// high + low and a bound on the error.
struct Quotient {
    double high, low, error;
};

// The remainder of the first quotient is exact, the second adds 2^-104 of the value.
// All threads go the same way: by 1 the three divisions change nothing.
SRT_INLINE Quotient divided(double high, double low, double error, double odd) {
    if (odd == 1.0) {
        double sum = high + low;
        return {sum, (high - sum) + low, error};
    }
    double q = high / odd;
    double quotient = q + (fma(-q, odd, high) + low) / odd;
    return {quotient, (q - quotient) + (fma(-q, odd, high) + low) / odd, error / odd};
}

// For |a|, |b| <= 2^50.
SRT_INLINE Quotient quotient(long long a, long long b, double odd) {
    double x = (double)a, y = (double)b;
    Two p = two_product(y, SRT_PHI_WORD_0), q = two_product(y, SRT_PHI_WORD_1);
    Two s1 = two_sum(x, p.high), s2 = two_sum(p.low, q.high), s3 = two_sum(s1.high, s2.high);
    Two s = two_sum(s3.high, (s1.low + s3.low) + (s2.low + (q.low + y * SRT_PHI_WORD_2)));
    return divided(s.high, s.low, fma(fabs(y), 0x1p-150, fabs(s.high) * 0x1p-100), odd);
}

// Cuts high + low, |low| at most half an ulp of high, to 53 bits; odd if anything is cut.
SRT_INLINE double round_to_odd(double high, double low) {
    long long bits = __double_as_longlong(high);
    bool toward_zero = (low < 0.0) != (high < 0.0);
    if (low != 0.0 && !(bits & 1)) bits += toward_zero ? -1 : 1;
    return __longlong_as_double(bits);
}

// Any pair, or NaN where the integers of the host must decide.
SRT_INLINE double careful(long long a, long long b, double odd) {
    if (b == 0 && odd == 1.0 && !SRT_ROUND_TO_ODD) return (double)a;
    const double phi[5] = {SRT_PHI_WORD_0, SRT_PHI_WORD_1, SRT_PHI_WORD_2, SRT_PHI_WORD_3,
                           SRT_PHI_WORD_4};
    const long long cut = 1LL << 32;
    double b_high = (double)(b >> 32) * 0x1p32, b_low = (double)(b - (b >> 32) * cut);
    double terms[22] = {(double)(a >> 32) * 0x1p32, (double)(a - (a >> 32) * cut)};
#pragma unroll
    for (int i = 0; i < 5; ++i) {
        Two p = two_product(b_high, phi[i]), q = two_product(b_low, phi[i]);
        terms[2 + 4 * i] = p.high, terms[3 + 4 * i] = p.low;
        terms[4 + 4 * i] = q.high, terms[5 + 4 * i] = q.low;
    }
    Two s = distill(terms, 4);
    double error = fabs(s.high) * 0x1p-94 + fabs((double)b) * 0x1p-230;
    Quotient v = divided(s.high, s.low, error, odd);
    double up = v.low + v.error, down = v.low - v.error;
    if (SRT_ROUND_TO_ODD) {
        bool known = up * down > 0.0 || (v.low == 0.0 && b == 0);
        return known ? round_to_odd(v.high, v.low) : SRT_DOUBLE_NAN;
    }
    return v.high + up == v.high + down ? v.high + up : SRT_DOUBLE_NAN;
}

// Whether -2^50 <= n < 2^50.
SRT_INLINE bool small(long long n) { return ((unsigned long long)n + (1ULL << 50)) >> 51 == 0; }

SRT_INLINE double waken(long long a, long long b, double odd) {
    if (!(small(a) && small(b))) return careful(a, b, odd);
    Quotient v = quotient(a, b, odd);
    if (SRT_ROUND_TO_ODD) {
        bool known = fabs(v.low) > v.error || (v.low == 0.0 && b == 0);
        return known ? round_to_odd(v.high, v.low) : careful(a, b, odd);
    }
    double value = v.high + (v.low + v.error);
    return value == v.high + (v.low - v.error) ? value : careful(a, b, odd);
}

// -- from a double rounded to odd to the format ---------------------------------------------
// Subnormals are made of integers: the compiler's -ftz would flush them.
SRT_INLINE unsigned subnormal_bits(double v, double units_per_one, unsigned sign_bit) {
    return (unsigned)rint(fabs(v) * units_per_one) | (v < 0.0 ? sign_bit : 0u);
}
#if SRT_DTYPE == SRT_F64
SRT_INLINE void store_rounded(double *to, double v) { *to = v; }
#elif SRT_DTYPE == SRT_F32
SRT_INLINE void store_rounded(float *to, double v) {
    if (fabs(v) < 0x1p-126)
        *(unsigned *)to = subnormal_bits(v, 0x1p149, 0x80000000u);
    else
        *to = (float)v;
}
#else
// Cut to 24 bits, again to odd, so that the float is exact and the next rounding the only one.
SRT_INLINE float odd_float(double v) {
    long long bits = __double_as_longlong(v), rest = bits & 0x1fffffff;
    return (float)__longlong_as_double((bits - rest) | (rest ? 0x20000000 : 0));
}
#if SRT_DTYPE == SRT_F16
SRT_INLINE void store_rounded(__half *to, double v) { from_acc(to, odd_float(v)); }
#else
SRT_INLINE void store_rounded(__nv_bfloat16 *to, double v) {
    if (fabs(v) < 0x1p-126)
        *(unsigned short *)to = (unsigned short)subnormal_bits(v, 0x1p133, 0x8000u);
    else
        from_acc(to, odd_float(v));
}
#endif
#endif

#endif
