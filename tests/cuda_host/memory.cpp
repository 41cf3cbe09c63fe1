// Memory between inaccessible pages, so that a step past either end faults; and those faults.
#include "machine.h"
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

namespace {
const size_t GUARD = 1 << 20;  // bytes on either side

struct Search {
    const void *inside;
    Span found;
};
int find_thread_locals(dl_phdr_info *info, size_t, void *out) {
    Search &s = *(Search *)out;
    size_t bytes = 0;
    bool ours = false;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr) &h = info->dlpi_phdr[i];
        if (h.p_type == PT_TLS) bytes = h.p_memsz;
        uintptr_t offset = (uintptr_t)s.inside - (info->dlpi_addr + h.p_vaddr);
        ours |= h.p_type == PT_LOAD && offset < h.p_memsz;
    }
    if (ours) s.found = {info->dlpi_tls_data, bytes};
    return ours;
}

sigjmp_buf fault_exit;
pthread_t launcher;
void (*report_fault)(void *);

void on_fault(int number, siginfo_t *info, void *) {
    if (!pthread_equal(pthread_self(), launcher)) {  // none of ours: let it end the process
        signal(number, SIG_DFL);
        return;
    }
    report_fault(info->si_addr);
    siglongjmp(fault_exit, 1);
}
}  // namespace

void poison(void *at, size_t bytes) {
    if (at) memset(at, 0xff, bytes);
}

// __shared__ variables are thread-locals of the kernel's library, found by an address in it.
Span shared_variables_of(void (*call)(void **)) {
    Search search = {(const void *)call, {nullptr, 0}};
    dl_iterate_phdr(find_thread_locals, &search);
    return search.found;
}

void catch_faults(void (*run)(), void (*report)(void *address)) {
    static char alternate[64 << 10];  // the fiber's own stack may be what overflowed
    struct sigaction action = {}, old_segv, old_bus;
    stack_t stack = {}, old_stack;
    stack.ss_sp = alternate, stack.ss_size = sizeof alternate;
    action.sa_sigaction = on_fault, action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    launcher = pthread_self(), report_fault = report;
    sigaltstack(&stack, &old_stack);
    sigaction(SIGSEGV, &action, &old_segv), sigaction(SIGBUS, &action, &old_bus);
    if (!sigsetjmp(fault_exit, 1)) run();
    sigaction(SIGSEGV, &old_segv, nullptr), sigaction(SIGBUS, &old_bus, nullptr);
    sigaltstack(&old_stack, nullptr);
}

// -- what memory.py calls -----------------------------------------------------------------------
extern "C" {
// `bytes` is a multiple of the page; null when there is no room.
void *sim_map(size_t bytes) {
    char *p = (char *)mmap(nullptr, bytes + 2 * GUARD, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + GUARD, bytes, PROT_READ | PROT_WRITE)) return nullptr;
    return p + GUARD;
}
void sim_unmap(char *at, size_t bytes) { munmap(at - GUARD, bytes + 2 * GUARD); }
void sim_make_constant(void *at, size_t bytes) { mprotect(at, bytes, PROT_READ); }
}
