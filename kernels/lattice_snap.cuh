// The element a + b phi nearest to X = d x, under |b| <= P or |v'| <= K: four candidates in doubles
// with a proven error bound, and exact signs where that does not decide. These are the loops of
// syntonic.rounding.snap_loops and window_loops, which have the proofs, operation for operation.
#ifndef SRT_LATTICE_SNAP_CUH
#define SRT_LATTICE_SNAP_CUH
#include "error_free.cuh"

// The answer: a and b. b is SRT_UNDECIDED where the integers of the host must decide.
#define SRT_UNDECIDED (-0x7fffffffffffffffLL - 1)
struct Element {
    long long a, b;
};
SRT_INLINE Element undecided() { return {0, SRT_UNDECIDED}; }

// What the plain way finds, whose steps follow one another slowly: several values go it side by
// side. `resolve` knows where it is not sure.
struct Guess {
    Element element;
    bool sure;
};

SRT_INLINE double smaller(double x, double y) { return y < x ? y : x; }
SRT_INLINE double larger(double x, double y) { return y > x ? y : x; }
// The least of four that is not their minimum `nearest` of the pairs' minima d01 and d23.
SRT_INLINE double second_of(double d0, double d1, double d2, double d3, double d01, double d23) {
    return smaller(larger(d01, d23), smaller(larger(d0, d1), larger(d2, d3)));
}

// -- |b| <= P: the names are those of snap_loops.Bounded ------------------------------------
struct Bounded {
    double limit, first, second, third, value1, value2, value3, direction, margin, tie_a, tie_b;
};

struct Candidate {
    double b, residual;
};
SRT_INLINE Candidate first_candidate(double f, double low, const Bounded &plan) {
    double i = floor(plan.direction * plan.second * f);
    double j = floor(-plan.direction * plan.first * f);
    double product = srt_mul(i, plan.first);
    double b = fma(j, plan.second, product) + fma(i, plan.first, -product);
    Two t = two_product(b, SRT_PHI_WORD_0);
    double a = rint(f - t.high), u = f - a;
    return {b, (u - t.high) + (fma(-b, SRT_PHI_WORD_1, (f - (u + a)) - t.low) + low)};
}

// xd = n + f + low exactly, |f + low| <= 1/2, low below f's ulp; for |xd| < 2^62.
struct Split {
    long long n;
    double f, low;
};
SRT_INLINE Split split(double x, double d) {
    double high = srt_mul(x, d), n = rint(high);
    Two s = two_sum(high - n, fma(x, d, -high));
    double m = rint(s.high);
    s = two_sum(s.high - m, s.low);
    if (fabs(s.high) == 0.5 && s.high * s.low > 0.0) m = m + 2.0 * s.high, s.high = -s.high;
    return {(long long)n + (long long)m, s.high, s.low};
}

SRT_INLINE Element tie(const Split &s, double x, const Bounded &plan) {
    long long a = (long long)plan.tie_a, b = (long long)plan.tie_b;
    if (x > 0) return {(s.f > 0 ? s.n : s.n - 1) + a, b};
    return {(s.f < 0 ? s.n : s.n + 1) - a, -b};
}

SRT_INLINE Element resolve(double x, double d, const Bounded &plan) {
    double high = x * d;
    if (!(fabs(high) < 0x1p62)) return undecided();
    Split s = split(x, d);
    if (s.low == 0.0 && s.f == 0.0) return {s.n, 0};
    if (s.low == 0.0 && fabs(s.f) == 0.5) return tie(s, high, plan);
    Candidate c = first_candidate(s.f, s.low, plan);
    double best = SRT_DOUBLE_INFINITY, rest = SRT_DOUBLE_INFINITY, b_best = 0.0, b_rest = 0.0;
    double steps[4] = {0.0, plan.first, plan.second, plan.third};
    double values[4] = {0.0, plan.value1, plan.value2, plan.value3};
#pragma unroll
    for (int k = 0; k < 4; ++k) {
        double b = c.b + steps[k], r = c.residual - values[k];
        if (!(fabs(b) <= plan.limit)) continue;
        if (fabs(r) < fabs(best)) {
            rest = best, b_rest = b_best;
            best = r, b_best = b;
        } else if (fabs(r) < fabs(rest)) {
            rest = r, b_rest = b;
        }
    }
    if (fabs(rest) - fabs(best) <= plan.margin) {
        double a_sum = rint(fma(-b_best, SRT_PHI_WORD_0, s.f)) +
                       rint(fma(-b_rest, SRT_PHI_WORD_0, s.f));
        int side = exact_sign(2.0 * s.f, 2.0 * s.low, 0.0, -a_sum, -(b_best + b_rest));
        if (side == 0) return undecided();
        // The one with the smaller residual is the larger, the nearest if X is above the midpoint.
        if ((side > 0) != (best < rest)) b_best = b_rest;
    }
    return {(long long)rint(fma(-b_best, SRT_PHI_WORD_0, s.f)) + s.n, (long long)b_best};
}

SRT_INLINE Guess nearest(double x, double d, const Bounded &plan) {
    double high = srt_mul(x, d), n = rint(high);
    Two s = two_sum(high - n, fma(x, d, -high));
    Candidate c = first_candidate(s.high, s.low, plan);
    double b0 = c.b, b1 = b0 + plan.first, b2 = b0 + plan.second, b3 = b0 + plan.third;
    double r = c.residual, none = SRT_DOUBLE_INFINITY;
    double d0 = fabs(b0) <= plan.limit ? fabs(r) : none;
    double d1 = fabs(b1) <= plan.limit ? fabs(r - plan.value1) : none;
    double d2 = fabs(b2) <= plan.limit ? fabs(r - plan.value2) : none;
    double d3 = fabs(b3) <= plan.limit ? fabs(r - plan.value3) : none;
    double b01 = d1 < d0 ? b1 : b0, b23 = d3 < d2 ? b3 : b2;
    double d01 = smaller(d0, d1), d23 = smaller(d2, d3);
    double best = d23 < d01 ? b23 : b01;
    double second = second_of(d0, d1, d2, d3, d01, d23);
    bool sure = second - smaller(d01, d23) > plan.margin && fabs(high) < 0x1p50;
    return {{(long long)(rint(fma(-best, SRT_PHI_WORD_0, s.high)) + n), (long long)best}, sure};
}

// -- P = 0: the nearest integer, half-way toward zero ---------------------------------------
struct Integers {};

SRT_INLINE Element nearest_integer(double x, double d) {
    if (!(fabs(x * d) < 0x1p62)) return undecided();
    Split s = split(x, d);
    bool away = s.low == 0.0 && fabs(s.f) == 0.5 && s.f * (double)s.n < 0.0;
    return {away ? s.n + (long long)(2.0 * s.f) : s.n, 0};
}
SRT_INLINE Guess nearest(double x, double d, const Integers &) {
    return {nearest_integer(x, d), true};
}
SRT_INLINE Element resolve(double, double, const Integers &) { return undecided(); }

// -- |v'| <= K: the names are those of window_loops.Window ----------------------------------
struct Window {
    double limit, sure, reach, near, coordinate1, coordinate2, a1, b1, a2, b2, value1, value2,
        value3, conjugate1, conjugate2, conjugate3, bound, bound_low, bound_rest, edge_a, edge_b;
};

struct Corner {
    double a, b, residual, conjugate, spread;
};
SRT_INLINE Corner first_corner(double high, double low, const Window &plan) {
    double n = rint(high);
    double i = floor(plan.coordinate1 * high), j = floor(plan.coordinate2 * high);
    double product = srt_mul(i, plan.a1);
    double a = fma(j, plan.a2, product) + fma(i, plan.a1, -product);
    product = srt_mul(i, plan.b1);
    double b = fma(j, plan.b2, product) + fma(i, plan.b1, -product);
    Two t = two_product(b, SRT_PHI_WORD_0);
    Two rest = two_sum(n - a, -t.high), residual = two_sum(rest.high, high - n);
    residual.high += fma(-b, SRT_PHI_WORD_1, (rest.low - t.low) + (residual.low + low));
    Two conjugate = two_sum(a + b, -t.high);
    conjugate.high += fma(-b, SRT_PHI_WORD_1, conjugate.low - t.low);
    double spread = (fabs(b) + fabs(n - a) + fabs(high)) * 0x1p-98;
    return {a, b, residual.high, conjugate.high, spread};
}

// Whether |v'| <= K for v' about q: 1, 0, or -1 if even exact sums do not tell.
SRT_INLINE int inside(double a, double b, double q, double spread, const Window &plan) {
    double room = plan.bound - fabs(q);
    if (fabs(room) > 0x1p-48 * plan.bound + spread) return room > 0 ? 1 : 0;
    if ((a == plan.edge_a && b == plan.edge_b) || (a == -plan.edge_a && b == -plan.edge_b))
        return 1;
    double side = q > 0 ? 1.0 : -1.0;
    int sign = exact_sign(plan.bound, plan.bound_low, plan.bound_rest, -side * (a + b), side * b);
    return sign == 0 ? -1 : (sign + 1) / 2;
}

// The sign of 2X - a - b phi, or 2 if it is zero, or 0 if in doubt.
SRT_INLINE int midpoint_sign(double high, double low, double a, double b) {
    if (b == 0.0) {
        Two s = two_sum(2.0 * high - a, 2.0 * low);
        if (s.high == 0.0 && s.low == 0.0) return 2;
    }
    return exact_sign(2.0 * high, 2.0 * low, 0.0, -a, -b);
}

SRT_INLINE Element resolve(double x, double d, const Window &plan) {
    double high = srt_mul(x, d), low = fma(x, d, -high);
    if (!(fabs(high) < plan.limit)) return undecided();
    Corner c = first_corner(high, low, plan);
    double best = SRT_DOUBLE_INFINITY, a_best = 0.0, b_best = 0.0, q_best = 0.0;
    double rest = SRT_DOUBLE_INFINITY, a_rest = 0.0, b_rest = 0.0, q_rest = 0.0;
#pragma unroll 1
    for (int k = 0; k < 4; ++k) {
        bool one = k & 1, two = k & 2;
        double a = c.a + (one ? two ? plan.a1 + plan.a2 : plan.a1 : two ? plan.a2 : 0.0);
        double b = c.b + (one ? two ? plan.b1 + plan.b2 : plan.b1 : two ? plan.b2 : 0.0);
        double r = c.residual - (one ? two ? plan.value3 : plan.value1 : two ? plan.value2 : 0.0);
        double q = c.conjugate +
                   (one ? two ? plan.conjugate3 : plan.conjugate1 : two ? plan.conjugate2 : 0.0);
        int admitted = inside(a, b, q, c.spread, plan);
        if (admitted < 0) return undecided();
        if (admitted && fabs(r) < fabs(best)) {
            rest = best, a_rest = a_best, b_rest = b_best, q_rest = q_best;
            best = r, a_best = a, b_best = b, q_best = q;
        } else if (admitted && fabs(r) < fabs(rest)) {
            rest = r, a_rest = a, b_rest = b, q_rest = q;
        }
    }
    if (fabs(rest) - fabs(best) <= 0x1p-49 * plan.value3 + c.spread) {
        int side = midpoint_sign(high, low, a_best + a_rest, b_best + b_rest);
        if (side == 0) return undecided();
        // A tie goes to the smaller |v'|; otherwise as with |b| <= P.
        bool swap = side == 2 ? (q_rest < q_best) == (high > 0) : (side > 0) != (best < rest);
        if (swap) a_best = a_rest, b_best = b_rest;
    }
    return {(long long)a_best, (long long)b_best};
}

SRT_INLINE Guess nearest(double x, double d, const Window &plan) {
    double high = srt_mul(x, d), none = SRT_DOUBLE_INFINITY;
    Corner c = first_corner(high, fma(x, d, -high), plan);
    double q0 = fabs(c.conjugate), q1 = fabs(c.conjugate + plan.conjugate1);
    double q2 = fabs(c.conjugate + plan.conjugate2), q3 = fabs(c.conjugate + plan.conjugate3);
    double d0 = q0 <= plan.reach ? fabs(c.residual) : none;
    double d1 = q1 <= plan.reach ? fabs(c.residual - plan.value1) : none;
    double d2 = q2 <= plan.reach ? fabs(c.residual - plan.value2) : none;
    double d3 = q3 <= plan.reach ? fabs(c.residual - plan.value3) : none;
    double d01 = smaller(d0, d1), d23 = smaller(d2, d3);
    bool upper = d23 < d01;
    double step1 = (upper ? d3 < d2 : d1 < d0) ? 1.0 : 0.0, step2 = upper ? 1.0 : 0.0;
    double second = second_of(d0, d1, d2, d3, d01, d23);
    // How near to the boundary the four conjugates come.
    double near01 = smaller(fabs(q0 - plan.bound), fabs(q1 - plan.bound));
    double near23 = smaller(fabs(q2 - plan.bound), fabs(q3 - plan.bound));
    bool sure = fabs(high) < plan.sure &&
                second - smaller(d01, d23) > 0x1p-49 * plan.value3 + c.spread &&
                smaller(near01, near23) > plan.near + c.spread;
    return {{(long long)(c.a + step1 * plan.a1 + step2 * plan.a2),
             (long long)(c.b + step1 * plan.b1 + step2 * plan.b2)},
            sure};
}

#endif
