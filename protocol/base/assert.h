// SUANPAN_ASSERT: a broken invariant stops the process, in release builds too.
//
// One condition each. Bytes from a peer or a file are never asserted; they earn a Code.
#pragma once

namespace suanpan {

// Prints `condition`, file and line to stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace suanpan

#define SUANPAN_ASSERT(condition)                                        \
    do {                                                                 \
        if (!(condition)) [[unlikely]]                                   \
            ::suanpan::assertion_failed(#condition, __FILE__, __LINE__); \
    } while (false)

// For checks that cost more than a few nanoseconds: on in the dev, tsan and fuzz presets only.
#ifdef SUANPAN_SLOW_ASSERTS
#define SUANPAN_ASSERT_SLOW(condition) SUANPAN_ASSERT(condition)
#else
#define SUANPAN_ASSERT_SLOW(condition) \
    do {                               \
    } while (false)
#endif
