// The gradient of the layer normalisation of a phi-residual connection, of rows longer than
// registers hold: kept in shared memory, while the next row is on its way.
#ifndef SRT_RESIDUAL_LAYER_NORM_BACKWARD_WIDE_CUH
#define SRT_RESIDUAL_LAYER_NORM_BACKWARD_WIDE_CUH
#include "residual_layer_norm.cuh"
#include "wide_rows.cuh"

// A block takes a pack of a row to a thread, and then the next: a unit. Their numbers are in acc_t,
// and move 16 bytes at a time: a quad. The launcher counts on the first two and on SRT_QUADS.
#define SRT_KEPT_TEAM 512
#define SRT_KEPT_SUMS 2  // quads of a row whose sums by column lie in registers
#define SRT_QUAD (16 / (int)sizeof(acc_t))
#define SRT_QUADS (SRT_VEC / SRT_QUAD)
#define SRT_KEPT_GROUP (SRT_KEPT_SUMS / SRT_QUADS)  // units whose loads are on their way at once

// Two numbers for each of some columns: h and xhat, or what is added up for dgamma and dbeta.
struct Quads {
    acc_t x[SRT_QUAD], y[SRT_QUAD];
};

// Shared memory by rooms, of a quad for each thread. A thread reads what it has written itself: no
// barrier.
struct Rooms {
    typedef Lanes<acc_t, SRT_QUAD> Quad;
    Quad *own;

    SRT_INLINE Rooms() : own(dynamic_shared<Quad>() + threadIdx.x) {}
    SRT_INLINE void put(int r, const Quads &c) const {
        Quad x, y;
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) x.v[i] = c.x[i], y.v[i] = c.y[i];
        own[r * SRT_KEPT_TEAM] = x, own[(r + 1) * SRT_KEPT_TEAM] = y;
    }
    SRT_INLINE void take(int r, Quads &c) const {
        Quad x = own[r * SRT_KEPT_TEAM], y = own[(r + 1) * SRT_KEPT_TEAM];
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) c.x[i] = x.v[i], c.y[i] = y.v[i];
    }
};

// A unit as it is loaded, if it is aligned; else it is read where it is used.
struct JoinedUnit {
    Pack grad, identity, residual;

    // Else a compiler holds what it has converted, for later; two halves fit into one register.
    SRT_INLINE void refresh() {
#pragma unroll
        for (int k = 0; sizeof(scalar_t) == 2 && k < 4; ++k) {
            asm volatile("" : "+r"(((unsigned *)&grad)[k]));
            asm volatile("" : "+r"(((unsigned *)&identity)[k]));
            asm volatile("" : "+r"(((unsigned *)&residual)[k]));
        }
    }
};

// A block's rows, one after another: a thread's part. Element i of quad q of a unit is its j-th,
// j = q * SRT_QUAD + i.
template <bool ALIGNED> struct KeptRows : WidePart<ALIGNED, SRT_KEPT_TEAM, 0> {
    static const int W = ALIGNED ? SRT_QUAD : 1;
    const Normalised &k;
    scalar_t *grad_identity, *grad_residual;
    acc_t *partial;  // of this block, from this thread's first column on

    SRT_INLINE KeptRows(const Normalised &of, scalar_t *one, scalar_t *other, acc_t *to)
        : WidePart<ALIGNED, SRT_KEPT_TEAM, 0>(of.cols), k(of), grad_identity(one),
          grad_residual(other), partial(to + (2 * blockIdx.x * of.cols + threadIdx.x * SRT_VEC)) {}

    SRT_INLINE index_t place(index_t row, int u) const {
        return row * k.cols + (threadIdx.x * SRT_VEC + this->first(u));
    }

    SRT_INLINE void load(JoinedUnit &unit, index_t row, int u) const {
        if (!ALIGNED) return;
        index_t at = place(row, u);
        unit.grad = *(const Pack *)(k.grad + at);
        unit.identity = *(const Pack *)(k.identity + at);
        unit.residual = *(const Pack *)(k.residual + at);
    }
    SRT_INLINE void store(scalar_t *to, const Pack &x, int u) const {
        if (ALIGNED) {
            *(Pack *)to = x;
            return;
        }
#pragma unroll
        for (int j = 0; j < SRT_VEC; ++j)
            if (this->has(u, j)) to[j] = x.v[j];
    }

    // grad and xhat; 0 beyond the row's end.
    SRT_INLINE void numbers(Quads &c, const JoinedUnit &unit, index_t row, int u, int q,
                            const Centre &by) const {
        acc_t power = SRT_SCALED ? by.power : (acc_t)1;
        index_t first = place(row, u);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) {
            int j = q * SRT_QUAD + i;
            bool held = this->has(u, j);
            index_t at = first + (held ? j : 0);
            acc_t g = to_acc(ALIGNED ? unit.grad.v[j] : k.grad[at]);
            acc_t one = to_acc(ALIGNED ? unit.identity.v[j] : k.identity[at]);
            acc_t other = to_acc(ALIGNED ? unit.residual.v[j] : k.residual[at]);
            acc_t s = k.mode(one, other, power);
            c.x[i] = held ? g : (acc_t)0;
            c.y[i] = held ? srt_fma(s - by.mean, by.scale, by.shift) : (acc_t)0;
        }
    }
    // Makes h of grad.
    SRT_INLINE void weigh(Quads &c, int u, int q) const {
        if (!k.gamma) return;
        const acc_t *gamma = k.gamma + (threadIdx.x * SRT_VEC + this->first(u) + q * SRT_QUAD);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; i += W) {
            if (!this->has(u, q * SRT_QUAD + i)) continue;
            Lanes<acc_t, W> weight = ::load<acc_t, W>(gamma + i);
#pragma unroll
            for (int j = 0; j < W; ++j) c.x[i + j] *= weight.v[j];
        }
    }

    // Takes in a quad of the next row: what it is to be written from later is left in c.
    SRT_INLINE void begin(Quads &c, const JoinedUnit &unit, index_t row, int u, int q,
                          const Centre &by, Quads &sums, Sum2 &sum) const {
        numbers(c, unit, row, u, q, by);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) {
            sums.x[i] = srt_fma(c.x[i], c.y[i], sums.x[i]);
            sums.y[i] += c.x[i];
        }
        weigh(c, u, q);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) {
            sum.x += c.x[i];
            sum.y = srt_fma(c.x[i], c.y[i], sum.y);
        }
    }

    // Writes a unit of this row, of which numbers_of(c, q) gives h and xhat.
    template <typename Numbers>
    SRT_INLINE void end(index_t row, int u, const Centre &by, Sum2 means,
                        Numbers numbers_of) const {
        Mode mode = {k.mode.inner, k.mode.outer * (SRT_SCALED ? by.power : (acc_t)1)};
        Pack x, y;
#pragma unroll
        for (int q = 0; q < SRT_QUADS; ++q) {
            Quads c;
            numbers_of(c, q);
#pragma unroll
            for (int i = 0; i < SRT_QUAD; ++i) {
                acc_t g = by.scale * srt_fma(-c.y[i], means.y, c.x[i] - means.x);
                from_acc(&x.v[q * SRT_QUAD + i], mode.identity(g));
                from_acc(&y.v[q * SRT_QUAD + i], mode.residual(g));
            }
        }
        index_t at = place(row, u);
        store(grad_identity + at, x, u);
        if (grad_residual) store(grad_residual + at, y, u);
    }

    // Sums by column in partial.
    SRT_INLINE void read_sums(Quads &sums, int u, int q) const {
        const acc_t *from = partial + (this->first(u) + q * SRT_QUAD);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; i += W) {
            if (!this->has(u, q * SRT_QUAD + i)) continue;
            Lanes<acc_t, W> x = ::load<acc_t, W>(from + i), y = ::load<acc_t, W>(from + k.cols + i);
#pragma unroll
            for (int j = 0; j < W; ++j) sums.x[i + j] = x.v[j], sums.y[i + j] = y.v[j];
        }
    }
    SRT_INLINE void write_sums(const Quads &sums, int u, int q) const {
        acc_t *to = partial + (this->first(u) + q * SRT_QUAD);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; i += W) {
            if (!this->has(u, q * SRT_QUAD + i)) continue;
            Lanes<acc_t, W> x, y;
#pragma unroll
            for (int j = 0; j < W; ++j) x.v[j] = sums.x[i + j], y.v[j] = sums.y[i + j];
            ::store(to + i, x);
            ::store(to + k.cols + i, y);
        }
    }

    // A unit that is not kept: its row is read again, and its sums lie in partial.
    SRT_INLINE void end_again(index_t row, int u, const Centre &by, Sum2 means) const {
        JoinedUnit unit;
        load(unit, row, u);
        end(row, u, by, means, [&](Quads &c, int q) {
            numbers(c, unit, row, u, q, by);
            weigh(c, u, q);
        });
    }
    SRT_INLINE void begin_again(index_t row, int u, const Centre &by, Sum2 &sum) const {
        JoinedUnit unit;
        load(unit, row, u);
#pragma unroll(ALIGNED ? SRT_QUADS : 1)
        for (int q = 0; q < SRT_QUADS; ++q) {
            Quads c, sums;
            read_sums(sums, u, q);
            begin(c, unit, row, u, q, by, sums, sum);
            write_sums(sums, u, q);
        }
    }
};

template <bool ALIGNED>
SRT_INLINE void layernorm_backward_kept(scalar_t *grad_identity, scalar_t *grad_residual,
                                        acc_t *partial, const Normalised &k, int kept) {
    KeptRows<ALIGNED> block(k, grad_identity, grad_residual, partial);
    Rooms rooms;
    Quads held[SRT_KEPT_SUMS] = {};
    // A quad of number n has rooms 2 n and 2 n + 1; its sums are held or have these.
    int sums_of = 2 * kept * SRT_QUADS - 2 * SRT_KEPT_SUMS;
    for (int n = SRT_KEPT_SUMS; n < kept * SRT_QUADS; ++n) rooms.put(sums_of + 2 * n, held[0]);
    for (int u = kept; block.has(u, 0); ++u)
#pragma unroll
        for (int q = 0; q < SRT_QUADS; ++q) block.write_sums(held[0], u, q);
    // The centres of three rows: that which ends, the next and, made by one thread, the one after.
    __shared__ Centre centres[3];
    auto make_centre = [&](int turn, index_t row) {
        if (threadIdx.x == 0 && row < k.rows)
            centres[turn % 3] = load_centre(k.statistics, row, k.rows);
    };
    make_centre(0, blockIdx.x);
    __syncthreads();
    Sum2 sum = no_sum2(), means = no_sum2();
    // In each turn a row ends, but in the first, and the next begins, but in the last.
    index_t row = (index_t)blockIdx.x - gridDim.x;
    for (int turn = 0; row < k.rows; row += gridDim.x, turn = turn % 3 + 1) {
        index_t next = row + gridDim.x;
        bool ends = row >= 0, begins = next < k.rows;
        if (ends) {
            means = block_total(sum, no_sum2());
            means.x /= (acc_t)k.cols, means.y /= (acc_t)k.cols;
            sum = no_sum2();
        }
        make_centre(turn + 1, next + gridDim.x);
        const Centre &by = centres[(turn + 2) % 3], &then = centres[turn % 3];
        auto there = [&](int u) { return u < kept && block.has(u, 0); };
        auto meet = [&](int first, Quads *sums) {
            JoinedUnit unit[SRT_KEPT_GROUP];
#pragma unroll
            for (int g = 0; g < SRT_KEPT_GROUP; ++g)
                if (begins && there(first + g)) block.load(unit[g], next, first + g);
#pragma unroll
            for (int g = 0; g < SRT_KEPT_GROUP; ++g)
                if (ends && there(first + g))
                    block.end(row, first + g, by, means, [&](Quads &c, int q) {
                        rooms.take(2 * ((first + g) * SRT_QUADS + q), c);
                    });
#pragma unroll
            for (int n = 0; n < SRT_KEPT_GROUP * SRT_QUADS; ++n) {
                int u = first + n / SRT_QUADS, at = first * SRT_QUADS + n;
                if (!begins || !there(u)) continue;
                Quads c, own;
                if (!sums) rooms.take(sums_of + 2 * at, own);
                JoinedUnit &here = unit[n / SRT_QUADS];
                if (ALIGNED) here.refresh();
                block.begin(c, here, next, u, n % SRT_QUADS, then, sums ? sums[n] : own, sum);
                if (!sums) rooms.put(sums_of + 2 * at, own);
                rooms.put(2 * at, c);
            }
        };
#pragma unroll
        for (int u = 0; u < SRT_KEPT_SUMS / SRT_QUADS; u += SRT_KEPT_GROUP)
            meet(u, held + u * SRT_QUADS);
#pragma unroll 1
        for (int u = SRT_KEPT_SUMS / SRT_QUADS; there(u); u += SRT_KEPT_GROUP) meet(u, 0);
#pragma unroll 1
        for (int u = kept; block.has(u, 0); ++u) {
            if (ends) block.end_again(row, u, by, means);
            if (begins) block.begin_again(next, u, then, sum);
        }
    }
#pragma unroll
    for (int n = 0; n < SRT_KEPT_SUMS; ++n)
        if (n < kept * SRT_QUADS) block.write_sums(held[n], n / SRT_QUADS, n % SRT_QUADS);
    for (int n = SRT_KEPT_SUMS; n < kept * SRT_QUADS; ++n) {
        rooms.take(sums_of + 2 * n, held[0]);
        block.write_sums(held[0], n / SRT_QUADS, n % SRT_QUADS);
    }
}

// phi_residual_layernorm_backward for rows that a block keeps in shared memory. grad_identity,
// grad_residual, grad, identity and residual are (rows, cols), grad_residual null where it equals
// grad_identity; gamma is acc_t (cols) or null, statistics double (3, rows), partial
// acc_t (blocks, 2, cols); inner and outer as there. Of a row the first kept * 512 V columns
// are kept, and others read twice: the same bits.
// Dynamic shared memory: 2 * kept * 512 V + 2 * max(0, kept * 512 V - R) numbers of acc_t, R = 2048
// for f64, else 4096.
// Launch: grid any number of blocks, which walk down the rows; block 512.
extern "C" __global__ void __launch_bounds__(SRT_KEPT_TEAM, 1)
SRT_KERNEL(phi_residual_layernorm_backward_kept)(
    scalar_t *grad_identity, scalar_t *grad_residual, acc_t *partial, const scalar_t *grad,
    const scalar_t *identity, const scalar_t *residual, const acc_t *gamma,
    const double *statistics, acc_t inner, acc_t outer, index_t rows, index_t cols, int kept) {
    Normalised k = {grad, identity, residual, gamma, statistics, {inner, outer}, rows, cols};
    if (cols % SRT_VEC == 0 &&
        packs_allowed(bits_of(grad_identity) | bits_of(grad_residual) | bits_of(partial) |
                      bits_of(grad) | bits_of(identity) | bits_of(residual) | bits_of(gamma)))
        layernorm_backward_kept<true>(grad_identity, grad_residual, partial, k, kept);
    else
        layernorm_backward_kept<false>(grad_identity, grad_residual, partial, k, kept);
}

#endif
