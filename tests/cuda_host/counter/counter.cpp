// Counts what a kernel reads and writes of each array, in place of ThreadSanitizer's runtime: g++
// -fsanitize=thread calls these functions before every access to memory that may be shared. No
// cache is modelled: what is read twice counts twice.
#include <stddef.h>
#include <stdint.h>

struct Range {
    uintptr_t low, high;
    uint64_t read, written;  // bytes
};

static Range *ranges;
static int count;

static void touch(const void *at, size_t bytes, bool write) {
    uintptr_t address = (uintptr_t)at;
    for (Range *r = ranges; r < ranges + count; ++r)
        if (address >= r->low && address < r->high) {
            (write ? r->written : r->read) += bytes;
            return;
        }
}

extern "C" {
// Counts from now on into these ranges, which the caller keeps; 0 of them for no counting.
void counter_watch(Range *theirs, int many) { ranges = theirs, count = many; }

#define ACCESS(n)                                                          \
    void __tsan_read##n(void *p) { touch(p, n, false); }                   \
    void __tsan_write##n(void *p) { touch(p, n, true); }                   \
    void __tsan_unaligned_read##n(void *p) { touch(p, n, false); }         \
    void __tsan_unaligned_write##n(void *p) { touch(p, n, true); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __tsan_read_range(void *p, size_t bytes) { touch(p, bytes, false); }
void __tsan_write_range(void *p, size_t bytes) { touch(p, bytes, true); }
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
}
