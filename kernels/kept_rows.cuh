// The gradients of normalized rows longer than registers hold: kept in shared memory, while the
// next row is on its way.
//
// What they are of is an operation, `Op`: it has grad, gamma, statistics, rows and cols, and in
// Unit what a thread loads of a row. xhat(unit, j, at, by) is a normalized number, element j of the
// unit, which lies at `at`; Out makes of h and xhat what is written for a pack.
#ifndef SRT_KEPT_ROWS_CUH
#define SRT_KEPT_ROWS_CUH
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

// Else a compiler holds what it has converted, for later; two halves fit into one register.
SRT_INLINE void refresh_pack(Pack &pack) {
#pragma unroll
    for (int k = 0; sizeof(scalar_t) == 2 && k < 4; ++k)
        asm volatile("" : "+r"(((unsigned *)&pack)[k]));
}

// A block's rows, one after another: a thread's part. Element i of quad q of a unit is its j-th,
// j = q * SRT_QUAD + i.
template <typename Op> struct KeptRows : WidePart<Op::aligned, SRT_KEPT_TEAM, 0> {
    static const bool ALIGNED = Op::aligned;
    static const int W = ALIGNED ? SRT_QUAD : 1;
    typedef typename Op::Unit Unit;
    const Op &k;
    acc_t *partial;  // of this block, from this thread's first column on

    SRT_INLINE KeptRows(const Op &of, acc_t *to)
        : WidePart<ALIGNED, SRT_KEPT_TEAM, 0>(of.cols), k(of),
          partial(to + (2 * blockIdx.x * of.cols + threadIdx.x * SRT_VEC)) {}

    SRT_INLINE index_t place(index_t row, int u) const {
        return row * k.cols + (threadIdx.x * SRT_VEC + this->first(u));
    }

    SRT_INLINE void load(Unit &unit, index_t row, int u) const {
        if (ALIGNED) k.load(unit, place(row, u));
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
    SRT_INLINE void numbers(Quads &c, const Unit &unit, index_t row, int u, int q,
                            const Centre &by) const {
        index_t first = place(row, u);
#pragma unroll
        for (int i = 0; i < SRT_QUAD; ++i) {
            int j = q * SRT_QUAD + i;
            bool held = this->has(u, j);
            index_t at = first + (held ? j : 0);
            acc_t g = to_acc(ALIGNED ? unit.grad.v[j] : k.grad[at]), xhat = k.xhat(unit, j, at, by);
            c.x[i] = held ? g : (acc_t)0;
            c.y[i] = held ? xhat : (acc_t)0;
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
    SRT_INLINE void begin(Quads &c, const Unit &unit, index_t row, int u, int q,
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
        typename Op::Out out(k, by, means);
#pragma unroll
        for (int q = 0; q < SRT_QUADS; ++q) {
            Quads c;
            numbers_of(c, q);
#pragma unroll
            for (int i = 0; i < SRT_QUAD; ++i) out.make(q * SRT_QUAD + i, c.x[i], c.y[i]);
        }
        out.put(place(row, u), [&](scalar_t *to, const Pack &x) { store(to, x, u); });
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
        Unit unit;
        load(unit, row, u);
        end(row, u, by, means, [&](Quads &c, int q) {
            numbers(c, unit, row, u, q, by);
            weigh(c, u, q);
        });
    }
    SRT_INLINE void begin_again(index_t row, int u, const Centre &by, Sum2 &sum) const {
        Unit unit;
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

template <typename Op>
SRT_INLINE void gradients_of_kept_rows(acc_t *partial, const Op &k, int kept) {
    const bool ALIGNED = Op::aligned;
    KeptRows<Op> block(k, partial);
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
            typename Op::Unit unit[SRT_KEPT_GROUP];
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
                typename Op::Unit &here = unit[n / SRT_QUADS];
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

#endif
