// Runs one CUDA grid on the CPU. Every thread of a block is a fiber (a stack and a saved stack
// pointer), so that barriers and shuffles can suspend it; blocks run one after another. The seed
// draws two orders: of blocks in the grid, and of threads at every turn of a block.
//
// Found and reported: deadlock, divergent barriers, exits before a barrier, wrong shuffle masks,
// touches of a guard page, and what g++ -fsanitize=undefined sees (sanitizer.cpp). Under
// -fsanitize=thread each CUDA thread is a ThreadSanitizer fiber that barriers alone put in order:
// a missing barrier is then a reported race, whatever the order of this run.
//
// One launch at a time: the caller holds a lock.
#include "machine.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <utility>
#include <vector>

#if !defined(__x86_64__)
#error "sim_switch saves the registers of x86-64; port its eight lines"
#endif

struct Dim {
    unsigned x, y, z;
};

extern "C" {
Dim threadIdx, blockIdx, blockDim, gridDim;

// Saves the callee-saved registers and the stack pointer, and goes on with those saved at `load`.
void sim_switch(void **save, void *load);

// There only in a process that ThreadSanitizer was loaded into.
void *__tsan_create_fiber(unsigned) __attribute__((weak));
void __tsan_destroy_fiber(void *) __attribute__((weak));
void *__tsan_get_current_fiber() __attribute__((weak));
void __tsan_switch_to_fiber(void *, unsigned) __attribute__((weak));
void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));
}
asm(".text\n.type sim_switch,@function\nsim_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");

namespace {
const unsigned WARP = 32, MOST_THREADS = 1024, MOST_MASKS = 16;
const size_t PAGE = 4096, STACK = 128 << 10;
const unsigned TSAN_NO_SYNC = 1;  // a switch of fibers orders nothing

enum State { READY, WAITING, DONE };

struct Fiber {
    void *sp = nullptr, *tsan = nullptr;
    Dim thread;
    State state = READY;
    const char *file = nullptr;  // where it waits
    int line = 0;
};

// The lanes of a warp that meet under one mask. Two generations of results: a lane may arrive at
// the next meeting before the last lane has read what this one gave.
struct Meeting {
    unsigned mask = 0, arrived = 0, took_part[2] = {0, 0}, votes[2] = {0, 0};
    int generation = 0, line = 0;
    uint64_t slot[2][WARP][2];
    char order[2];  // addresses that ThreadSanitizer orders by
};

struct Warp {
    Meeting meetings[MOST_MASKS];
    unsigned count, exited;
};

Fiber fibers[MOST_THREADS];
Warp warps[MOST_THREADS / WARP];
Fiber *self;
void *scheduler_sp, *scheduler_tsan;
char *stacks;

void (*kernel)(void **);
void **kernel_arguments;
unsigned threads, alive;
uint64_t random_state;  // 0: natural order
bool progress;

unsigned at_barrier;
int barrier_generation, barrier_line;
unsigned barrier_votes[2];
char barrier_order[2], start_order, end_order;

Span static_shared, dynamic_shared;

char report[1024];
void *const NOWHERE = (void *)~(uintptr_t)0;
void *fault_address;

// -- orders ---------------------------------------------------------------------------------
uint64_t next_random() {  // xorshift64
    random_state ^= random_state << 13, random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}
void start_random(uint64_t seed) {
    random_state = seed * 0x9e3779b97f4a7c15u;
    if (seed && !random_state) random_state = 1;
}
void shuffle(std::vector<unsigned> &v) {
    for (size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[next_random() % i]);
}
std::vector<unsigned> count_to(unsigned n) {
    std::vector<unsigned> v(n);
    for (unsigned i = 0; i < n; ++i) v[i] = i;
    return v;
}

void release(char *at) {
    if (__tsan_release) __tsan_release(at);
}
void acquire(char *at) {
    if (__tsan_acquire) __tsan_acquire(at);
}

// -- fibers ---------------------------------------------------------------------------------
unsigned index_of(const Fiber *f) { return unsigned(f - fibers); }

void to_scheduler() {
    if (__tsan_switch_to_fiber) __tsan_switch_to_fiber(scheduler_tsan, TSAN_NO_SYNC);
    sim_switch(&self->sp, scheduler_sp);
}
void to_fiber(Fiber &f) {
    self = &f;
    threadIdx = f.thread;
    if (__tsan_switch_to_fiber) __tsan_switch_to_fiber(f.tsan, TSAN_NO_SYNC);
    sim_switch(&scheduler_sp, f.sp);
}
void wait_at(const char *file, int line) {
    self->state = WAITING, self->file = file, self->line = line;
    to_scheduler();
}

__attribute__((format(printf, 1, 2))) void note(const char *format, ...) {  // the first one counts
    if (report[0]) return;
    const Dim &b = blockIdx, &t = self->thread;
    int n = snprintf(report, sizeof report, "block (%u,%u,%u) thread (%u,%u,%u): ", b.x, b.y, b.z,
                     t.x, t.y, t.z);
    va_list list;
    va_start(list, format);
    vsnprintf(report + n, sizeof report - n, format, list);
    va_end(list);
}
#define FAIL(...) (note(__VA_ARGS__), to_scheduler())  // this fiber is never resumed

// -- meetings of lanes ----------------------------------------------------------------------
void open_meeting(Meeting &m, unsigned warp) {
    m.took_part[m.generation & 1] = m.arrived;
    for (unsigned lane = 0; lane < WARP; ++lane)
        if (m.arrived >> lane & 1) fibers[warp * WARP + lane].state = READY;
    m.arrived = 0, ++m.generation, m.votes[m.generation & 1] = 0;
    progress = true;
}

// The meeting under `mask`. Lanes that wait for this one, under another mask, must not be among
// those it is about to wait for.
Meeting &meeting_under(unsigned mask, unsigned lane, Warp &warp, const char *file, int line) {
    Meeting *all = warp.meetings, *end = all + warp.count;
    for (Meeting *other = all; other < end; ++other)
        if (other->mask != mask && other->arrived & mask && other->mask >> lane & 1)
            FAIL("%s:%d: mask 0x%08x overlaps the mask 0x%08x that others wait under", file, line,
                 mask, other->mask);
    for (Meeting *m = all; m < end; ++m)
        if (m->mask == mask) return *m;
    if (warp.count == MOST_MASKS) FAIL("%s:%d: more than %u masks", file, line, MOST_MASKS);
    all[warp.count] = Meeting();
    all[warp.count].mask = mask;
    return all[warp.count++];
}

// Not memcpy, which ThreadSanitizer would take for the kernel's.
void copy(void *to, const void *from, int size) {
    for (int i = 0; i < size; ++i) ((volatile char *)to)[i] = ((const char *)from)[i];
}

struct Met {
    Meeting *meeting;
    int parity;
};

// Arrives with a value and a vote, and returns when every lane of the mask has.
Met meet(unsigned mask, const char *file, int line, const void *value, int size, bool vote,
         bool orders_memory) {
    unsigned t = index_of(self), w = t / WARP, lane = t % WARP;
    Warp &warp = warps[w];
    if (!(mask >> lane & 1))
        FAIL("%s:%d: lane %u is not in the mask 0x%08x it passed", file, line, lane, mask);
    Meeting &m = meeting_under(mask, lane, warp, file, line);
    int parity = m.generation & 1;
    if (!m.arrived) m.line = line;
    if (m.line != line)
        FAIL("%s:%d: lanes of one mask meet here and at line %d", file, line, m.line);
    m.arrived |= 1u << lane;
    if (vote) m.votes[parity] |= 1u << lane;
    m.slot[parity][lane][0] = m.slot[parity][lane][1] = 0;
    copy(m.slot[parity][lane], value, size);
    if (orders_memory) release(&m.order[parity]);
    if (m.arrived == (mask & ~warp.exited)) open_meeting(m, w);
    else wait_at(file, line);
    if (orders_memory) acquire(&m.order[parity]);
    return {&m, parity};
}

// -- barriers of the block ------------------------------------------------------------------
void open_barrier() {
    at_barrier = 0, ++barrier_generation, barrier_votes[barrier_generation & 1] = 0;
    for (unsigned t = 0; t < threads; ++t)
        if (fibers[t].state == WAITING) fibers[t].state = READY;
    progress = true;
}

void leave() {  // a thread returns from the kernel
    unsigned t = index_of(self), w = t / WARP;
    self->state = DONE, --alive, warps[w].exited |= 1u << t % WARP, progress = true;
    if (at_barrier) note("returns while others wait at __syncthreads, line %d", barrier_line);
    for (unsigned i = 0; i < warps[w].count; ++i) {
        Meeting &m = warps[w].meetings[i];
        if (m.arrived && m.arrived == (m.mask & ~warps[w].exited)) open_meeting(m, w);
    }
}

void fiber_main() {
    for (;;) {
        acquire(&start_order);
        kernel(kernel_arguments);
        release(&end_order);
        leave();
        to_scheduler();
    }
}

// Lets a fiber start in fiber_main, above a page that a stack overflow faults on. Stacks begin at
// different cache lines: equal offsets of many stacks would share a few sets of the cache.
void arm(unsigned index) {
    Fiber &f = fibers[index];
    if (__tsan_create_fiber) {
        if (f.tsan) __tsan_destroy_fiber(f.tsan);
        f.tsan = __tsan_create_fiber(0);
    }
    if (!stacks)
        stacks = (char *)mmap(nullptr, MOST_THREADS * STACK, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *bottom = stacks + index * STACK;
    mprotect(bottom, PAGE, PROT_NONE);
    void **sp = (void **)(bottom + STACK - 64 - index % 32 * 128);
    *--sp = nullptr, *--sp = (void *)fiber_main;
    for (int i = 0; i < 6; ++i) *--sp = nullptr;  // the registers that sim_switch pops
    f.sp = sp;
}

// -- one block ------------------------------------------------------------------------------
void start_block() {
    poison(static_shared.at, static_shared.bytes);
    poison(dynamic_shared.at, dynamic_shared.bytes);
    alive = threads, at_barrier = 0, barrier_votes[0] = barrier_votes[1] = 0;
    for (unsigned w = 0; w * WARP < threads; ++w) {
        warps[w].count = 0;
        unsigned lanes = threads - w * WARP;
        warps[w].exited = lanes < WARP ? ~0u << lanes : 0;  // lanes that never were
    }
    for (unsigned t = 0; t < threads; ++t) {
        fibers[t].state = READY;
        fibers[t].thread = {t % blockDim.x, t / blockDim.x % blockDim.y,
                            t / blockDim.x / blockDim.y};
    }
    release(&start_order);
}

void report_deadlock() {
    for (unsigned t = 0; t < threads && !report[0]; ++t)
        if (fibers[t].state == WAITING) {
            self = &fibers[t];
            note("deadlock: waits forever at %s:%d", self->file, self->line);
        }
}

void run_block(std::vector<unsigned> &order) {
    start_block();
    while (alive && !report[0]) {
        if (random_state) shuffle(order);
        progress = false;
        for (unsigned t : order)
            if (fibers[t].state == READY) {
                to_fiber(fibers[t]);
                if (report[0]) return;
            }
        if (!progress && alive) report_deadlock();
    }
    acquire(&end_order);  // the next block follows this one
}

void run_grid() {
    unsigned blocks = gridDim.x * gridDim.y * gridDim.z;
    std::vector<unsigned> order = count_to(threads), todo = count_to(blocks);
    if (random_state) shuffle(todo);
    for (unsigned b : todo) {
        blockIdx = {b % gridDim.x, b / gridDim.x % gridDim.y, b / gridDim.x / gridDim.y};
        run_block(order);
        if (report[0]) return;
    }
}

// -- faults ---------------------------------------------------------------------------------
void report_touch(void *address) {
    fault_address = address;
    bool overflow = (char *)address >= stacks && (char *)address < stacks + MOST_THREADS * STACK;
    note("%s at address %p", overflow ? "stack overflow" : "out-of-bounds access", address);
}
}  // namespace

extern "C" {
void sim_fail(const char *what) { FAIL("%s", what); }

// -- what kernels call (cuda_warp.h) ----------------------------------------------------------
void sim_syncthreads(const char *file, int line) {
    int parity = barrier_generation & 1;
    if (!at_barrier) barrier_line = line;
    if (barrier_line != line)
        FAIL("%s:%d: divergent __syncthreads, others wait at line %d", file, line, barrier_line);
    if (alive < threads)
        FAIL("%s:%d: __syncthreads after %u threads returned", file, line, threads - alive);
    release(&barrier_order[parity]);
    if (++at_barrier == alive) open_barrier();
    else wait_at(file, line);
    acquire(&barrier_order[parity]);
}
int sim_vote_block(bool yes, const char *file, int line) {
    int parity = barrier_generation & 1;
    barrier_votes[parity] += yes;
    sim_syncthreads(file, line);
    return barrier_votes[parity];
}
bool sim_exchange(unsigned mask, const void *mine, void *theirs, int size, int source,
                  const char *file, int line) {
    Met met = meet(mask, file, line, mine, size, false, false);  // a shuffle orders no memory
    if (!(met.meeting->took_part[met.parity] >> source & 1)) return false;
    copy(theirs, met.meeting->slot[met.parity][source], size);
    return true;
}
unsigned sim_ballot(unsigned mask, bool yes, const char *file, int line) {
    Met met = meet(mask, file, line, nullptr, 0, yes, false);
    return met.meeting->votes[met.parity];
}
unsigned sim_match(unsigned mask, const void *mine, int size, int *all, const char *file,
                   int line) {
    Met met = meet(mask, file, line, mine, size, false, false);
    unsigned same = 0, present = met.meeting->took_part[met.parity];
    const uint64_t(*slot)[2] = met.meeting->slot[met.parity], *own = slot[index_of(self) % WARP];
    for (unsigned l = 0; l < WARP; ++l)
        same |= (unsigned)(slot[l][0] == own[0] && slot[l][1] == own[1]) << l;
    *all = (same & present) == present;
    return same & present;
}
void sim_syncwarp(unsigned mask, const char *file, int line) {
    meet(mask, file, line, nullptr, 0, false, true);
}
void *sim_dynamic_shared() { return dynamic_shared.at; }
int sim_lane() { return index_of(self) % WARP; }
unsigned sim_live_mask() { return ~warps[index_of(self) / WARP].exited; }

// -- what simulator.py calls ------------------------------------------------------------------
struct Launch {
    void (*call)(void **);
    void **arguments;
    unsigned grid[3], block[3];
    void *shared;
    size_t shared_bytes;
    uint64_t seed;
};

// Returns null, or what went wrong; *fault is the address that was touched, or NOWHERE.
const char *sim_launch(const Launch *launch, void **fault) {
    report[0] = 0, fault_address = NOWHERE;
    kernel = launch->call, kernel_arguments = launch->arguments;
    gridDim = {launch->grid[0], launch->grid[1], launch->grid[2]};
    blockDim = {launch->block[0], launch->block[1], launch->block[2]};
    threads = blockDim.x * blockDim.y * blockDim.z;
    static_shared = shared_variables_of(launch->call);
    dynamic_shared = {launch->shared, launch->shared_bytes};
    start_random(launch->seed);
    for (unsigned t = 0; t < threads; ++t)
        if (!fibers[t].sp) arm(t);
    if (__tsan_get_current_fiber) scheduler_tsan = __tsan_get_current_fiber();
    if (__tsan_get_current_fiber) run_grid();  // faults are ThreadSanitizer's to report
    else catch_faults(run_grid, report_touch);
    if (report[0])
        for (Fiber &f : fibers) f.sp = nullptr;  // some were left in the middle of the kernel
    *fault = fault_address;
    return report[0] ? report : nullptr;
}
}
