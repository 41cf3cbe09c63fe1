// Loads and stores with cache hints, and atomics: real ones, so that ThreadSanitizer knows them.
#pragma once

// T, but found from the other argument alone: a value is converted to what is stored.
template <class T> using SimSame = typename std::enable_if<true, T>::type;

template <class T> inline T __ldg(const T *p) { return *p; }
template <class T> inline T __ldca(const T *p) { return *p; }
template <class T> inline T __ldcg(const T *p) { return *p; }
template <class T> inline T __ldcs(const T *p) { return *p; }
template <class T> inline T __ldcv(const T *p) { return *p; }
template <class T> inline T __ldlu(const T *p) { return *p; }
template <class T> inline void __stcg(T *p, SimSame<T> v) { *p = v; }
template <class T> inline void __stcs(T *p, SimSame<T> v) { *p = v; }
template <class T> inline void __stwb(T *p, SimSame<T> v) { *p = v; }
template <class T> inline void __stwt(T *p, SimSame<T> v) { *p = v; }

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __threadfence(); }
inline void __threadfence_system() { __threadfence(); }

template <class T, class F> inline T sim_atomic(T *p, F change) {
    T old, now;
    __atomic_load(p, &old, __ATOMIC_ACQUIRE);
    do now = change(old);
    while (!__atomic_compare_exchange(p, &old, &now, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return old;
}
template <class T, class U> inline T atomicAdd(T *p, U v) {
    return sim_atomic(p, [&](T old) { return T(old + v); });
}
template <class T, class U> inline T atomicSub(T *p, U v) {
    return sim_atomic(p, [&](T old) { return T(old - v); });
}
template <class T, class U> inline T atomicMax(T *p, U v) {
    return sim_atomic(p, [&](T old) { return old > T(v) ? old : T(v); });
}
template <class T, class U> inline T atomicMin(T *p, U v) {
    return sim_atomic(p, [&](T old) { return old < T(v) ? old : T(v); });
}
template <class T, class U> inline T atomicOr(T *p, U v) {
    return sim_atomic(p, [&](T old) { return T(old | v); });
}
template <class T, class U> inline T atomicAnd(T *p, U v) {
    return sim_atomic(p, [&](T old) { return T(old & v); });
}
template <class T, class U> inline T atomicExch(T *p, U v) {
    return sim_atomic(p, [&](T) { return T(v); });
}
template <class T, class U> inline T atomicCAS(T *p, U expected, U v) {
    return sim_atomic(p, [&](T old) { return old == T(expected) ? T(v) : old; });
}
inline unsigned atomicInc(unsigned *p, unsigned most) {
    return sim_atomic(p, [&](unsigned old) { return old >= most ? 0u : old + 1; });
}
