// prefetch(): asks for a cache line without waiting for it.
#pragma once

namespace suanpan::ledger {

// g++ 12 takes a function that does nothing but prefetch for one without any effect and drops the
// calls to it; the empty assembly keeps them.
inline void prefetch(const void* address) {
    __builtin_prefetch(address);
    asm volatile("" : : "r"(address));
}

}  // namespace suanpan::ledger
