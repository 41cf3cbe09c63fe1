// Exact elements a + b phi: products of int64 pairs, and residues modulo split primes below 2^22,
// of least size. Only integers leave a kernel; doubles guess quotients, which integers mend. There
// are kernels for f64 alone: what lies in memory is int64, int32 and double.
#include "scalar.cuh"

#if SRT_DTYPE == SRT_F64
#define SRT_EXACT_BLOCK 256
#define SRT_EXACT_TILE 1024  // elements of a block; the launchers' grids count on it

// x modulo p, of least size; inverse is 1/p. The quotient is below 2^43, and off by less than 1: by
// 1/2, as it becomes an integer, and by roundings below 2^-8. Where q p leaves int64, it wraps, and
// so does the difference, back.
SRT_INLINE long long least(long long x, long long p, double inverse) {
    unsigned long long q = (unsigned long long)(long long)rint((double)x * inverse);
    long long r = (long long)((unsigned long long)x - q * (unsigned long long)p);
    long long half = p / 2;
    return r > half ? r - p : r < -half ? r + p : r;
}

// (out_a, out_b) = (a + b phi)(c + d phi); int64 must hold the results and their terms. out_a,
// out_b, a, b, c and d are int64 (n).
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_multiply_f64(long long *out_a, long long *out_b, const long long *a,
                          const long long *b, const long long *c, const long long *d, index_t n) {
    index_t tile = (index_t)blockIdx.x * SRT_EXACT_TILE;
    index_t end = tile + SRT_EXACT_TILE < n ? tile + SRT_EXACT_TILE : n;
    index_t i = tile + threadIdx.x;
    if (i + SRT_EXACT_TILE - SRT_EXACT_BLOCK < end) {  // all on their way before the first is used
        long long p[4], q[4], r[4], s[4];
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            index_t at = i + k * SRT_EXACT_BLOCK;
            p[k] = a[at], q[k] = b[at], r[k] = c[at], s[k] = d[at];
        }
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            index_t at = i + k * SRT_EXACT_BLOCK;
            long long bd = q[k] * s[k];
            out_a[at] = p[k] * r[k] + bd;
            out_b[at] = p[k] * s[k] + q[k] * r[k] + bd;
        }
        return;
    }
    for (; i < end; i += SRT_EXACT_BLOCK) {
        long long bd = b[i] * d[i];
        out_a[i] = a[i] * c[i] + bd;
        out_b[i] = a[i] * d[i] + b[i] * c[i] + bd;
    }
}

// out[k, j] = a + b t, t a root of x^2 - x - 1, modulo the k-th prime, of least size. out is int32
// (primes, 2, n), a and b are int64 (n), fields is int64 (primes, 3): each prime and its two roots.
// Launch: grid (ceil(n / 1024), primes), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_images_f64(int *out, const long long *a, const long long *b, const long long *fields,
                        index_t n) {
    const long long *field = fields + 3 * blockIdx.y;
    long long p = field[0], t = field[1], u = field[2];
    double inverse = 1.0 / (double)p;
    int *first = out + (index_t)blockIdx.y * 2 * n, *second = first + n;
    index_t tile = (index_t)blockIdx.x * SRT_EXACT_TILE;
    index_t end = tile + SRT_EXACT_TILE < n ? tile + SRT_EXACT_TILE : n;
    for (index_t i = tile + threadIdx.x; i < end; i += SRT_EXACT_BLOCK) {
        long long x = least(a[i], p, inverse), y = least(b[i], p, inverse);
        first[i] = (int)least(x + y * t, p, inverse);
        second[i] = (int)least(x + y * u, p, inverse);
    }
}

// out = x modulo each prime, of least size. out is int32 (primes, n), x is (primes, n) and holds
// integers below 2^53 in size, fields is int64 (primes, 3), as above.
// Launch: grid (ceil(n / 1024), primes), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_reduce_f64(int *out, const double *x, const long long *fields, index_t n) {
    long long p = fields[3 * blockIdx.y];
    double inverse = 1.0 / (double)p;
    index_t start = (index_t)blockIdx.y * n;
    index_t tile = (index_t)blockIdx.x * SRT_EXACT_TILE;
    index_t end = tile + SRT_EXACT_TILE < n ? tile + SRT_EXACT_TILE : n;
    for (index_t i = tile + threadIdx.x; i < end; i += SRT_EXACT_BLOCK)
        out[start + i] = (int)least((long long)x[start + i], p, inverse);
}

// (out_a, out_b) = the numbers of least size with the residues x, which int64 holds, but for the
// last 2^22 of its range. out_a and out_b are int64 (n), x is int32 (primes, 2, n), count is how
// many primes, at most 8; fields is int64 (primes, 3), slopes is int64 (primes): 1 / (t - u) modulo
// each; inverses is int64 (primes, primes): [i, j] is 1 / p_i modulo p_j where i < j.
// Launch: grid ceil(n / 1024), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_integers_f64(long long *out_a, long long *out_b, const int *x, const long long *fields,
                          const long long *slopes, const long long *inverses, int count,
                          index_t n) {
    index_t tile = (index_t)blockIdx.x * SRT_EXACT_TILE;
    index_t end = tile + SRT_EXACT_TILE < n ? tile + SRT_EXACT_TILE : n;
    for (index_t i = tile + threadIdx.x; i < end; i += SRT_EXACT_BLOCK) {
        long long a[8], b[8];
        for (int k = 0; k < count; ++k) {
            long long p = fields[3 * k], t = fields[3 * k + 1];
            double inverse = 1.0 / (double)p;
            long long v = x[2 * k * n + i], w = x[(2 * k + 1) * n + i];
            long long q = least((v - w) * slopes[k], p, inverse), r = least(v - q * t, p, inverse);
            for (int j = 0; j < k; ++j) {  // Garner's digits, balanced
                long long factor = inverses[j * count + k];
                r = least((r - a[j]) * factor, p, inverse);
                q = least((q - b[j]) * factor, p, inverse);
            }
            a[k] = r, b[k] = q;
        }
        long long r = 0, q = 0;
        for (int k = count - 1; k >= 0; --k) {
            long long p = fields[3 * k];
            r = r * p + a[k], q = q * p + b[k];
        }
        out_a[i] = r, out_b[i] = q;
    }
}

// -- elimination: a block for each matrix, prime and root, in shared memory ------------------
#define SRT_EXACT_ENTRIES 4096  // of a matrix, with its right-hand sides
#define SRT_EXACT_ROWS 64

struct Modulus {
    long long p;
    double inverse;

    SRT_INLINE long long operator()(long long x) const { return least(x, p, inverse); }

    // 1/x = x^(p - 2), and 0 for 0.
    SRT_INLINE long long reciprocal(long long x) const {
        long long out = 1;
        for (long long rest = p - 2; rest; rest >>= 1) {
            if (rest & 1) out = (*this)(out * x);
            x = (*this)(x * x);
        }
        return out;
    }
};

// Eliminates below the diagonal of m (n, width), with EVERYWHERE above it, too, where it leaves the
// diagonal itself in `diagonal`. Returns the determinant of the first n columns; all threads do.
// Rows are multiplied by the pivot e_k instead of divided by it, so that the product of the pivots
// is the determinant times e_0 (e_0 e_1) ... (e_0 ... e_{n-2}). Where a pivot is 0 the first row
// below that has none is added. 0 if there is no such row.
template <bool EVERYWHERE>
SRT_INLINE long long eliminate(int *m, int *diagonal, int n, int width, Modulus modulo) {
    int lane = threadIdx.x % 32, team = threadIdx.x / 32, teams = blockDim.x / 32;
    long long product = 1, excess = 1;
    for (int k = 0; k < n; ++k) {
        int found = k;
        while (found < n && m[found * width + k] == 0) ++found;
        if (found == n) return 0;
        __syncthreads();
        if (found > k) {
            for (int j = k + threadIdx.x; j < width; j += blockDim.x)
                m[k * width + j] = (int)modulo((long long)m[k * width + j] + m[found * width + j]);
            __syncthreads();
        }
        long long pivot = m[k * width + k];
        for (int i = (EVERYWHERE ? 0 : k + 1) + team; i < n; i += teams) {
            if (i == k) continue;
            long long factor = m[i * width + k];
            for (int j = k + 1 + lane; j < width; j += 32)
                m[i * width + j] =
                    (int)modulo(pivot * m[i * width + j] - factor * m[k * width + j]);
        }
        if (EVERYWHERE && (int)threadIdx.x <= k) {
            long long before = (int)threadIdx.x == k ? 1 : diagonal[threadIdx.x];
            diagonal[threadIdx.x] = (int)modulo(before * pivot);
        }
        product = modulo(product * pivot);
        if (k + 1 < n) excess = modulo(excess * product);
        __syncthreads();
    }
    return modulo(product * modulo.reciprocal(excess));
}

// out = the determinants modulo each prime, of least size. out is int32 (primes, 2, batch), x is
// int32 (primes, 2, batch, n, n), fields is int64 (primes, 3); n is from 1 to 64.
// Launch: grid (batch, 2 primes), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_det_f64(int *out, const int *x, const long long *fields, int n) {
    __shared__ int m[SRT_EXACT_ENTRIES];
    long long p = fields[3 * (blockIdx.y / 2)];
    index_t matrix = (index_t)blockIdx.y * gridDim.x + blockIdx.x;
    for (int i = threadIdx.x; i < n * n; i += blockDim.x) m[i] = x[matrix * n * n + i];
    __syncthreads();
    long long det = eliminate<false>(m, nullptr, n, n, Modulus{p, 1.0 / (double)p});
    if (threadIdx.x == 0) out[matrix] = (int)det;
}

// det = the determinant of A and out = adj(A) B for x = [A | B] modulo each prime, of least size;
// where det is 0, so is out. det is int32 (primes, 2, batch), x is int32 (primes, 2, batch, n,
// width), out is int32 (primes, 2, batch, n, right) with right = width - n, fields is int64
// (primes, 3); n is from 1 to 64, n width at most 4096.
// Launch: grid (batch, 2 primes), block 256.
extern "C" __global__ void __launch_bounds__(SRT_EXACT_BLOCK)
golden_exact_solve_f64(int *det, int *out, const int *x, const long long *fields, int n,
                       int width) {
    __shared__ int m[SRT_EXACT_ENTRIES], diagonal[SRT_EXACT_ROWS];
    long long p = fields[3 * (blockIdx.y / 2)];
    Modulus modulo = {p, 1.0 / (double)p};
    index_t matrix = (index_t)blockIdx.y * gridDim.x + blockIdx.x;
    for (int i = threadIdx.x; i < n * width; i += blockDim.x) m[i] = x[matrix * n * width + i];
    __syncthreads();
    long long found = eliminate<true>(m, diagonal, n, width, modulo);
    if (threadIdx.x == 0) det[matrix] = (int)found;
    if ((int)threadIdx.x < n)
        diagonal[threadIdx.x] =
            found ? (int)modulo(modulo.reciprocal(diagonal[threadIdx.x]) * found) : 0;
    __syncthreads();
    int *target = out + matrix * n * (width - n);
    for (int i = threadIdx.x / 32; i < n; i += blockDim.x / 32)
        for (int j = n + threadIdx.x % 32; j < width; j += 32)
            target[i * (width - n) + j - n] =
                (int)modulo((long long)diagonal[i] * m[i * width + j]);
}
#endif
