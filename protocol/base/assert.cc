#include "protocol/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace suanpan {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "suanpan: invariant broken: %s at %s:%d\n", condition, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace suanpan
