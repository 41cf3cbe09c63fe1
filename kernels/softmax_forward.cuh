// Softmax as an operation on slices, for the drivers of softmax_slices.cuh.
#ifndef SRT_SOFTMAX_FORWARD_CUH
#define SRT_SOFTMAX_FORWARD_CUH
#include "softmax.cuh"

enum Weighing { IDENTITY, LEARNED, PROVIDED };

// scale * log(max(weight, floor)); a weight of 0 removes its class, whatever the scale. No branch:
// the logarithms of a tile are computed side by side.
SRT_INLINE acc_t log_weight(acc_t weight, acc_t scale, acc_t floor) {
    acc_t w = nan_max(weight, floor), z = scale * srt_log(w);
    return w == (acc_t)0 ? -SRT_INFINITY : z;
}

// Logits z: x (IDENTITY), x + scale * classes[j] (LEARNED), or
// x + scale * log(max(weights, floor)) (PROVIDED). Class j of a slice is j * pitch elements away.
template <int WEIGHING> struct Forward {
    scalar_t *out;
    const scalar_t *x, *weights;
    const acc_t *classes;
    acc_t scale, floor;
    index_t pitch;

    template <int N> struct Tile {
        acc_t z[N];
    };
    typedef Running State;
    struct Result {
        acc_t top, total;
    };

    SRT_INLINE void move(index_t by) {
        out += by, x += by;
        if (WEIGHING == PROVIDED) weights += by;
    }
    SRT_INLINE void join_team(index_t) {}  // a team has nothing of its own to write
    SRT_INLINE const scalar_t *anchor() const { return x; }
    SRT_INLINE State none() const { return none_yet(); }

    // The packs of V values at classes j, j + step, ... below end; -inf beyond.
    // With C = 1 they belong to V adjacent classes, otherwise to one class in C = V columns.
    template <int K, int V, int C>
    SRT_INLINE void load(Tile<K * V> &t, index_t j, index_t end, int step) const {
        Raw<V> raw[K], w[K];
        int room = room_from(j, end);
        index_t at = j * pitch, apart = step * pitch;
        bool packed = in_packs<V>(x + at);
        bool weights_packed = WEIGHING == PROVIDED && in_packs<V>(weights + at);
#pragma unroll
        for (int k = 0; k < K; ++k) {
            if (WEIGHING == PROVIDED) w[k] = Raw<V>();
            if (k * step >= room) continue;
            raw[k] = load_raw<V>(x + (at + k * apart), packed);
            if (WEIGHING == PROVIDED)
                w[k] = load_raw<V>(weights + (at + k * apart), weights_packed);
        }
#pragma unroll
        for (int k = 0; k < K; ++k) {
            acc_t *z = t.z + k * V, of_class[V];
            bool in = k * step < room;
            if (WEIGHING == LEARNED && in)
                load_classes<C == 1 ? V : 1>(of_class, classes + (j + k * step));
#pragma unroll
            for (int u = 0; u < V; ++u) {
                z[u] = in ? to_acc(raw[k].v[u]) : -SRT_INFINITY;
                if (WEIGHING == LEARNED && in)
                    z[u] = srt_fma(scale, of_class[C == 1 ? u : 0], z[u]);
                if (WEIGHING == PROVIDED) {
                    acc_t bias = log_weight(to_acc(w[k].v[u]), scale, floor);
                    z[u] += in ? bias : (acc_t)0;
                }
            }
        }
    }

    // A tile from class j on, copied to shared memory: x, and behind it the weights.
    static const int KEPT = WEIGHING == PROVIDED ? 2 : 1;
    template <int K, int V> SRT_INLINE void keep(scalar_t *room, index_t j, int step) const {
        keep_packs<K, V>(room, x + j, step);
        if (WEIGHING == PROVIDED) keep_packs<K, V>(room + K * step, weights + j, step);
    }
    // The operation on what was kept, to be loaded from: class 0 there is j.
    SRT_INLINE Forward held(scalar_t *room, index_t j, int tile) const {
        Forward op = *this;
        op.x = room, op.weights = room + tile;
        if (WEIGHING == LEARNED) op.classes += j;
        return op;
    }

    template <int N, int C> SRT_INLINE void absorb(State (&s)[C], Tile<N> &t) const {
#pragma unroll
        for (int c = 0; c < C; ++c) s[c].template add<N / C, C>(t.z + c);
    }

    // The greatest and the sum of each of the team's slices; z becomes exp(z - top). What is all
    // -inf sums up to 0: it may be but a part of a slice. A slice that does is divided by it: NaN.
    template <int N, int C, typename Team>
    SRT_INLINE void finish(const Team &team, const State (&s)[C], Tile<N> &t, Tile<1> &edge,
                           Result (&r)[C]) const {
        acc_t top[C], total[C];
#pragma unroll
        for (int c = 0; c < C; ++c) top[c] = greater(greatest_of<N / C, C>(t.z + c), s[c].top);
        top[0] = greater(edge.z[0], top[0]);
        team.top(top);
#pragma unroll
        for (int i = 0; i < N; ++i) t.z[i] = srt_exp(t.z[i] - origin(top[i % C]));
#pragma unroll
        for (int c = 0; c < C; ++c) total[c] = sum_of<N / C, C>(t.z + c) + s[c].from(top[c]);
        total[0] += edge.z[0] = srt_exp(edge.z[0] - origin(top[0]));
        team.total(total);
#pragma unroll
        for (int c = 0; c < C; ++c) r[c].top = top[c], r[c].total = total[c];
    }

    // Make the outputs of a tile that was met again.
    template <int N, int C> SRT_INLINE void again(Tile<N> &t, const Result (&r)[C]) const {
#pragma unroll
        for (int i = 0; i < N; ++i) t.z[i] = srt_exp(t.z[i] - r[i % C].top);
    }

    template <int K, int V, int C> SRT_INLINE void store(Tile<K * V> &t, const Result (&r)[C],
                                                         index_t j, index_t end, int step) const {
        int room = room_from(j, end);
        scalar_t *to = out + j * pitch;
        index_t apart = step * pitch;
        bool packed = in_packs<V>(to);
        acc_t inverse[C];
#pragma unroll
        for (int c = 0; c < C; ++c) inverse[c] = (acc_t)1 / r[c].total;
#pragma unroll
        for (int k = 0; k < K; ++k) {
#pragma unroll
            for (int u = 0; u < V; ++u) t.z[k * V + u] *= inverse[C == 1 ? 0 : u];
            if (k * step < room) store_raw<V>(to + k * apart, t.z + k * V, packed);
        }
    }

    // -- a slice over several blocks: each leaves its top and its sum, `apart` from each other ----
    static const int PARTS = 2;
    template <int C> SRT_INLINE void leave(acc_t *part, index_t apart, const Result (&r)[C]) const {
#pragma unroll
        for (int c = 0; c < C; ++c) part[c] = r[c].top, part[apart + c] = r[c].total;
    }
    // Join the parts first, first + step, ... of `parts` with the team's others.
    template <int C, typename Team> SRT_INLINE void collect(const Team &team, const acc_t *part,
                                                            index_t apart, int first, int step,
                                                            int parts, Result (&r)[C]) const {
        acc_t top[C], total[C];
#pragma unroll
        for (int c = 0; c < C; ++c) {
            top[c] = -SRT_INFINITY, total[c] = 0;
            for (int b = first; b < parts; b += step)
                top[c] = greater(part[2 * b * apart + c], top[c]);
        }
        team.top(top);
#pragma unroll
        for (int c = 0; c < C; ++c)
            for (int b = first; b < parts; b += step)
                total[c] +=
                    part[(2 * b + 1) * apart + c] * srt_exp(part[2 * b * apart + c] - top[c]);
        team.total(total);
#pragma unroll
        for (int c = 0; c < C; ++c) r[c].top = top[c], r[c].total = total[c];
    }
};

#endif
