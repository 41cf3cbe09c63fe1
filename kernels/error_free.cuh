// Long sums of doubles and exact signs in Z[phi]: what syntonic.jit.floats is on the CPU,
// operation for operation. To be compiled with -fmad=false.
#ifndef SRT_ERROR_FREE_CUH
#define SRT_ERROR_FREE_CUH
#include "scalar.cuh"

#define SRT_DOUBLE_INFINITY (__longlong_as_double(0x7ff0000000000000LL))
#define SRT_DOUBLE_NAN (__longlong_as_double(0x7ff8000000000000LL))

// The sum of the terms to about twice the precision; overwrites them. Error-free passes, then a
// plain one. (T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput.
// 26 (2005), algorithm 4.8.)
template <int N> SRT_INLINE Two<double> distill(double (&terms)[N], int passes) {
#pragma unroll 1
    for (int pass = 0; pass < passes; ++pass)
#pragma unroll
        for (int i = 0; i < N - 1; ++i) {
            Two s = two_sum(terms[i], terms[i + 1]);
            terms[i + 1] = s.high, terms[i] = s.low;
        }
    double rest = 0.0;
#pragma unroll
    for (int i = 0; i < N - 1; ++i) rest += terms[i];
    return two_sum(terms[N - 1], rest);
}

// The sign of x + y + z + a + b phi, or 0 if it is zero or in doubt, for |a|, |b| and |x + y + z|
// up to 2^52: three words of phi leave |b| 2^-160, the sum 2^-140.
SRT_INLINE int exact_sign(double x, double y, double z, double a, double b) {
    Two p = two_product(b, SRT_PHI_WORD_0), q = two_product(b, SRT_PHI_WORD_1),
        r = two_product(b, SRT_PHI_WORD_2);
    double terms[10] = {x, y, z, a, p.high, p.low, q.high, q.low, r.high, r.low};
    double total = distill(terms, 3).high;
    if (fabs(total) <= (fabs(b) + fabs(x)) * 0x1p-155 + 0x1p-135) return 0;
    return total > 0 ? 1 : -1;
}

#endif
