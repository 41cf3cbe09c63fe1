// What the parts of the machine need of each other. machine.cpp runs threads, memory.cpp guards
// and poisons memory, sanitizer.cpp hears of undefined behaviour.
#pragma once
#include <stddef.h>

// Reports what went wrong in the running CUDA thread, which is never resumed.
extern "C" void sim_fail(const char *what);

// Fills memory with 0xff: NaN for floats, -1 for integers.
void poison(void *at, size_t bytes);

// The __shared__ variables of the kernel at `call`, as this thread has them.
struct Span {
    void *at;
    size_t bytes;
};
Span shared_variables_of(void (*call)(void **));

// Runs `run` to its end or to a fault; `report` hears of the address that was touched.
void catch_faults(void (*run)(), void (*report)(void *address));
