// What g++ -fsanitize=undefined calls when a kernel does what C++ leaves undefined. Every handler's
// data starts with where it happened; types carry their names.
#include "machine.h"
#include <stdint.h>
#include <stdio.h>

namespace {
struct At {
    const char *file;
    unsigned line, column;
};
struct Type {
    uint16_t kind, info;
    char name[1];
};
struct TypeMismatch {
    At at;
    const Type *type;
    unsigned char log_alignment, kind;
};
struct Bounds {
    At at;
    const Type *array, *index;
};

template <class... A> void fail_at(const At &at, const char *format, A... arguments) {
    char what[512];
    int n = snprintf(what, sizeof what, "%s:%u: ", at.file, at.line);
    if (n < (int)sizeof what) snprintf(what + n, sizeof what - n, format, arguments...);
    sim_fail(what);
}
}  // namespace

extern "C" {
void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch *data, uintptr_t pointer) {
    unsigned alignment = 1u << data->log_alignment;
    fail_at(data->at, "misaligned address: %p for %s, aligned to %u", (void *)pointer,
            data->type->name, alignment);
}
void __ubsan_handle_out_of_bounds_abort(Bounds *data, uintptr_t index) {
    fail_at(data->at, "index %lld out of bounds for %s", (long long)index, data->array->name);
}
#define REPORTS(handler, what) \
    void __ubsan_handle_##handler##_abort(At *at, ...) { fail_at(*at, "%s", what); }
REPORTS(add_overflow, "signed overflow in +")
REPORTS(sub_overflow, "signed overflow in -")
REPORTS(mul_overflow, "signed overflow in *")
REPORTS(negate_overflow, "signed overflow in a negation")
REPORTS(divrem_overflow, "overflow or zero in a division")
REPORTS(shift_out_of_bounds, "shift by a wrong amount")
REPORTS(missing_return, "no return from a function with a value")
}
