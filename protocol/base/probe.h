// SUANPAN_PROBE("sentence"): marks a rare path. The simulator fails a full run that never reached
// one.
//
// In ordinary builds a probe is nothing. With SUANPAN_PROBES it counts its visits.
#pragma once

#ifdef SUANPAN_PROBES

#include <atomic>
#include <cstdint>
#include <vector>

namespace suanpan {

struct Probe {
    explicit Probe(const char* sentence);
    const char* sentence;
    std::atomic<std::uint64_t> visits{0};
};

// Every probe that the program contains and has registered, visited or not.
const std::vector<Probe*>& all_probes();

}  // namespace suanpan

// A namespace-scope registration is not possible from inside a function, so a template variable's
// static initialisation registers the probe when the program starts, not when it is first reached.
#define SUANPAN_PROBE(sentence_literal)                                               \
    do {                                                                              \
        struct ProbeTag {                                                             \
            static const char* sentence() {                                           \
                return sentence_literal;                                              \
            }                                                                         \
        };                                                                            \
        ::suanpan::probe_of<ProbeTag>.visits.fetch_add(1, std::memory_order_relaxed); \
    } while (false)

namespace suanpan {
template <typename Tag>
inline Probe probe_of{Tag::sentence()};
}  // namespace suanpan

#else
#define SUANPAN_PROBE(sentence_literal) \
    do {                                \
    } while (false)
#endif
