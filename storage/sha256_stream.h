// Sha256Stream: SHA-256 of bytes that come in pieces.
#pragma once

#include "protocol/base/hash.h"
#include "storage/volume.h"

#include <memory>

namespace suanpan::storage {

// Used by one thread. Reusable: finish() starts anew.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;

    void add(Bytes bytes);
    [[nodiscard]] Sha256 finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace suanpan::storage
