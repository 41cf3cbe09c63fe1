// Barriers, votes and shuffles: each meets the other lanes in the machine, with where it stands.
#pragma once

extern "C" {
void sim_syncthreads(const char *file, int line);
int sim_vote_block(bool yes, const char *file, int line);  // how many threads said yes
void sim_syncwarp(unsigned mask, const char *file, int line);
unsigned sim_ballot(unsigned mask, bool yes, const char *file, int line);
// The lanes that brought the same bytes; *all says whether every lane of the mask did.
unsigned sim_match(unsigned mask, const void *mine, int size, int *all, const char *file, int line);
// Exchanges up to 16 bytes among the lanes of `mask`; false where lane `source` took no part.
bool sim_exchange(unsigned mask, const void *mine, void *theirs, int size, int source,
                  const char *file, int line);
int sim_lane();
unsigned sim_live_mask();
}

#define SIM_AT __FILE__, __LINE__
#define SIM_FIRST(a, ...) a
#define __syncthreads() sim_syncthreads(SIM_AT)
#define __syncthreads_count(p) sim_vote_block((p) != 0, SIM_AT)
#define __syncthreads_or(p) (sim_vote_block((p) != 0, SIM_AT) != 0)
#define __syncthreads_and(p) (sim_vote_block((p) == 0, SIM_AT) == 0)
#define __syncwarp(...) sim_syncwarp(SIM_FIRST(__VA_ARGS__ __VA_OPT__(, ) 0xffffffffu, 0), SIM_AT)
#define __ballot_sync(m, p) sim_ballot(m, (p) != 0, SIM_AT)
#define __any_sync(m, p) (sim_ballot(m, (p) != 0, SIM_AT) != 0)
#define __all_sync(m, p) (sim_ballot(m, (p) == 0, SIM_AT) == 0)
#define __match_any_sync(m, v) sim_match_any(SIM_AT, m, v)
#define __match_all_sync(m, v, all) sim_match_all(SIM_AT, m, v, all)
#define __activemask() sim_live_mask()
#define __shfl_sync(m, ...) sim_shfl(SIM_AT, SIM_INDEX, m, __VA_ARGS__)
#define __shfl_up_sync(m, ...) sim_shfl(SIM_AT, SIM_UP, m, __VA_ARGS__)
#define __shfl_down_sync(m, ...) sim_shfl(SIM_AT, SIM_DOWN, m, __VA_ARGS__)
#define __shfl_xor_sync(m, ...) sim_shfl(SIM_AT, SIM_XOR, m, __VA_ARGS__)

enum SimShuffle { SIM_INDEX, SIM_UP, SIM_DOWN, SIM_XOR };

// The lane a shuffle reads; its own where the other is outside of its segment of `width` lanes.
inline int sim_source(SimShuffle kind, int lane, int argument, int width) {
    int first = lane & ~(width - 1), end = first + width;
    if (kind == SIM_INDEX) return first + (argument & (width - 1));
    if (kind == SIM_UP) return lane - argument >= first ? lane - argument : lane;
    if (kind == SIM_DOWN) return lane + argument < end ? lane + argument : lane;
    return (lane ^ argument) < end ? lane ^ argument : lane;
}
template <class T>
inline T sim_shfl(const char *file, int line, SimShuffle kind, unsigned mask, T value, int argument,
                  int width = 32) {
    static_assert(sizeof(T) <= 16, "shuffles at most 16 bytes");
    T got;
    int source = sim_source(kind, sim_lane(), argument, width);
    if (!sim_exchange(mask, &value, &got, sizeof(T), source, file, line))
        memset((void *)&got, 0xff, sizeof got);  // undefined: NaN, or -1
    return got;
}
template <class T>
inline unsigned sim_match_any(const char *file, int line, unsigned mask, T value) {
    int all;
    return sim_match(mask, &value, sizeof value, &all, file, line);
}
template <class T>
inline unsigned sim_match_all(const char *file, int line, unsigned mask, T value, int *all) {
    unsigned same = sim_match(mask, &value, sizeof value, all, file, line);
    return *all ? same : 0;
}
