// Mean and deviation of finite numbers of any range, and deviations from a mean of any size.
//
// A mean is two numbers, mean + rest, for what rounding it loses may exceed the deviation. Sums of
// squares leave acc_t's range for numbers that do not: then the numbers are multiplied by a power
// of two first, which rounds nothing. Kernels take their moments as if that never happened, test
// them (`doubtful`), and in doubt have them taken again, carefully and slowly, from memory.
#ifndef SRT_STATISTICS_CUH
#define SRT_STATISTICS_CUH
#include "reduce.cuh"

// -- ranges -----------------------------------------------------------------------------------
// Variances between these, with eps or alone, have lost nothing by underflow or overflow. Powers
// of two stay within 2^-SRT_POWERS and 2^SRT_POWERS: their products with coefficients are normal.
// A mean is left 2^SRT_ROOM deviations of room.
#if SRT_DTYPE == SRT_F64
#define SRT_LEAST_VARIANCE 0x1p-900
#define SRT_LARGEST_VARIANCE 0x1p1000
#define SRT_POWERS 1000
#define SRT_ROOM 900
#else
#define SRT_LEAST_VARIANCE 0x1p-80f
#define SRT_LARGEST_VARIANCE 0x1p120f
#define SRT_POWERS 120
#define SRT_ROOM 100
#endif

SRT_INLINE int clamp_power(int k) {
    return k < -SRT_POWERS ? -SRT_POWERS : k > SRT_POWERS ? SRT_POWERS : k;
}
// 2^-k for a number of exponent k, which is brought to [1, 2) by it, or near.
SRT_INLINE double power_of(int k) { return __hiloint2double((1023 - clamp_power(k)) << 20, 0); }

// -- moments ----------------------------------------------------------------------------------
// In units of 1 / power: the mean in two numbers, and the variance of the population.
struct Spread {
    acc_t power, mean, rest, var;
};

// Of moments of numbers less a pivot.
SRT_INLINE Spread spread_of(Moments total, acc_t pivot, acc_t var) {
    Two mean = two_sum(pivot, total.mean);
    Spread spread = {1, mean.high, mean.low, var};
    return spread;
}

// A number of the middle, but for rounding nearer to the mean than an outlier may be.
SRT_INLINE acc_t median(acc_t a, acc_t b, acc_t c) {
    acc_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

// The bits in which numbers differ from their pivot, or'ed together, are 0 where all are equal.
// Squares that have vanished from moments show then: the least number stands for them.
SRT_INLINE unsigned differing(float x, float y) { return __float_as_uint(x) ^ __float_as_uint(y); }
SRT_INLINE unsigned differing(double x, double y) {
    return (__double2hiint(x) ^ __double2hiint(y)) | (__double2loint(x) ^ __double2loint(y));
}
SRT_INLINE void note_squares(Moments &total, unsigned bits) {
    if (SRT_SCALED && bits && total.m2 == (acc_t)0) total.m2 = SRT_LEAST;
}

// Whether var + eps, of moments of numbers less a pivot, may have lost digits: beyond range, or
// for a pivot so far away that subtracting it rounded off what counts. Equal numbers have m2 = 0
// exactly, others never (`note_squares`). A pivot that is NaN leaves no doubt.
SRT_INLINE bool doubtful(Moments total, acc_t pivot, acc_t var, acc_t eps) {
    acc_t size = var + eps;
    return SRT_SCALED && pivot == pivot &&
           (!(size <= (acc_t)SRT_LARGEST_VARIANCE) || !(total.mean * total.mean <= 64 * size) ||
            (size < (acc_t)SRT_LEAST_VARIANCE && total.m2 != (acc_t)0));
}

// What is divided by; a root that is not 0 must not become 0 for being scaled.
SRT_INLINE acc_t not_zero(acc_t deviation, bool zero) {
    return deviation < (acc_t)SRT_LEAST && !zero ? (acc_t)SRT_LEAST : deviation;
}

// The root of var + eps, in units of 1 / power.
SRT_INLINE acc_t deviation_of(const Spread &by, acc_t eps) {
    if (!SRT_SCALED || by.power == (acc_t)1) return srt_sqrt(by.var + eps);
    acc_t deviation = srt_hypot(srt_sqrt(by.var), srt_sqrt(eps) * by.power);
    return not_zero(deviation, by.var == (acc_t)0 && eps == (acc_t)0);
}

// -- once more, with care ---------------------------------------------------------------------
struct Largest {
    acc_t size;
};
SRT_INLINE Largest operator+(Largest a, Largest b) {
    Largest r = {nan_max(a.size, b.size)};
    return r;
}
SRT_INLINE Largest lane_down(Largest a, int by) { return {lane_down(a.size, by)}; }
SRT_INLINE Largest lane_xor(Largest a, int by) { return {lane_xor(a.size, by)}; }
SRT_INLINE Largest lane_zero(Largest a) { return {lane_zero(a.size)}; }

// A sum with what its additions lost.
struct LongSum {
    acc_t sum, lost;
    SRT_INLINE void add(acc_t x) {
        Two t = two_sum(sum, x);
        sum = t.high, lost += t.low;
    }
    SRT_INLINE acc_t total() const { return sum + lost; }
};

// A power that makes n numbers, at(i, power) with i < n, and their squares ordinary ones. A team
// reads them side by side. Every thread of the block must call this, n = 0 for those that have
// nothing to do.
template <typename Numbers, typename Index>
SRT_INLINE acc_t safe_power(const Numbers &at, Index n, int team, int rank) {
    Largest largest = {0};
#pragma unroll 1
    for (Index i = rank; i < n; i += team)  // less by 2^4, for what is joined may overflow
        largest = largest + Largest{srt_abs(at(i, (acc_t)0x1p-4))};
    double size = (double)team_total(largest, Largest{0}, team).size;
    return (acc_t)power_of(exponent_of(size) + 4);
}

// The spread of the same, in all of the team's threads, as near as can be: what additions lose is
// added up too, and deviations are taken from one mean after the other.
template <typename Numbers, typename Index>
SRT_INLINE Spread careful_spread(const Numbers &at, Index n, int team, int rank) {
    Spread by = {safe_power(at, n, team, rank), 0, 0, 0};
#pragma unroll 1
    for (int pass = 0; pass < 3; ++pass) {
        LongSum sum = {0, 0}, squares = {0, 0};
#pragma unroll 1
        for (Index i = rank; i < n; i += team) {
            acc_t d = srt_sub(srt_sub(at(i, by.power), by.mean), by.rest);
            sum.add(d);
            squares.add(srt_mul(d, d));
        }
        Sum2 all = {sum.total(), squares.total()};
        all = team_total(all, no_sum2(), team);
        acc_t rest = all.x / (acc_t)n, var = srt_fma(-rest, all.x, all.y) / (acc_t)n;
        Two mean = two_sum(by.mean, by.rest + rest);
        by.mean = mean.high, by.rest = mean.low, by.var = var < (acc_t)0 ? (acc_t)0 : var;
    }
    return by;
}

// -- what is kept of them: doubles, which know no power -------------------------------------------
// The mean's two numbers and the deviation of row r: statistics is double (3, rows). The mean
// counts in units of `unit`, 1 / power.
SRT_INLINE void store_row(double *statistics, index_t r, index_t rows, const Spread &by,
                          double unit, double deviation) {
    Two mean = two_sum((double)by.mean, (double)by.rest);
    statistics[r] = mean.high * unit;
    statistics[rows + r] = mean.low * unit;
    statistics[2 * rows + r] = deviation;
}

SRT_INLINE double unit_of(const Spread &by) { return (double)1 / (double)by.power; }

// The root of var + eps, of variances that no acc_t need be.
SRT_INLINE double wide_deviation(const Spread &by, acc_t eps) {
    return hypot(sqrt((double)by.var) * unit_of(by), sqrt((double)eps));
}

// A row as a kernel has it that knows the statistics: with s = x * power, a deviation is
// (s - mean) - rest, and (x - mean) / deviation = (s - mean) * scale + shift. The power makes all
// of these ordinary numbers; mean and rest are the two numbers of s.
struct Centre {
    acc_t power, mean, rest, scale, shift;
};

// The power of two for numbers with this mean and deviation, and something added to their variance.
SRT_INLINE double power_for(double mean, double deviation, double eps) {
    int k = exponent_of(deviation), most = exponent_of(mean) - SRT_ROOM;
    int added = eps > 0 ? (exponent_of(eps) + 1) >> 1 : -SRT_POWERS;
    k = k > added ? k : added;
    return SRT_SCALED ? power_of(k > most ? k : most) : 1.0;
}

// The deviation in units of 1 / power.
SRT_INLINE acc_t scaled_deviation(double deviation, double power) {
    return not_zero((acc_t)(deviation * power), deviation == 0);
}

SRT_INLINE Two<acc_t> scaled_mean(double mean, double low, double power) {
    double whole = mean * power;
    acc_t high = (acc_t)whole;
    return {high, (acc_t)((whole - (double)high) + low * power)};
}

SRT_INLINE Centre centre_of(double mean, double low, double deviation) {
    double power = power_for(mean, deviation, 0);
    Two<acc_t> two = scaled_mean(mean, low, power);
    acc_t scale = (acc_t)1 / scaled_deviation(deviation, power);
    Centre centre = {(acc_t)power, two.high, two.low, scale, -two.low * scale};
    return centre;
}

// Of row r of statistics, double (3, rows).
SRT_INLINE Centre load_centre(const double *statistics, index_t r, index_t rows) {
    return centre_of(statistics[r], statistics[rows + r], statistics[2 * rows + r]);
}

// The same of a channel, whose deviation has no eps yet: statistics is double (4, c), its rows the
// mean's two numbers, variance and deviation.
struct ChannelCentre {
    acc_t power, mean, rest, deviation;
};
SRT_INLINE ChannelCentre channel_centre(const double *statistics, index_t channel, index_t c,
                                        acc_t eps) {
    double mean = statistics[channel], deviation = statistics[3 * c + channel];
    double power = power_for(mean, deviation, (double)eps);
    Two<acc_t> two = scaled_mean(mean, statistics[c + channel], power);
    acc_t added = srt_sqrt(eps) * (acc_t)power;
    ChannelCentre centre = {(acc_t)power, two.high, two.low,
                            srt_hypot(scaled_deviation(deviation, power), added)};
    return centre;
}

// What sums of x - mean are taken with: x * power - mean, which has yet to lose `rest`.
struct Origin {
    acc_t power, mean;
};
SRT_INLINE Origin origin_of(const double *statistics, index_t channel, index_t c, acc_t eps) {
    double mean = statistics[channel];
    double power = power_for(mean, statistics[3 * c + channel], (double)eps);
    Origin origin = {(acc_t)power, (acc_t)(mean * power)};
    return origin;
}

// x * power - mean: one rounding.
SRT_INLINE acc_t from_mean(acc_t x, acc_t power, acc_t mean) {
    return SRT_SCALED ? srt_fma(x, power, -mean) : x - mean;
}

// (x - mean) / deviation.
SRT_INLINE acc_t normalized(acc_t x, const Centre &by) {
    return srt_fma(from_mean(x, by.power, by.mean), by.scale, by.shift);
}

#endif
