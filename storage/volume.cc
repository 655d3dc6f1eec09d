#include "storage/volume.h"

namespace suanpan::storage {

StoreResult<std::optional<std::uint64_t>> Store::read_at_or_before(
    std::uint64_t key, std::vector<std::byte>& out) const {
    return visit_at_or_before(
        key, [&out](std::uint64_t, Bytes value) { out.assign(value.begin(), value.end()); });
}

StoreResult<std::optional<std::uint64_t>> Store::read_at_or_after(
    std::uint64_t key, std::vector<std::byte>& out) const {
    return visit_at_or_after(
        key, [&out](std::uint64_t, Bytes value) { out.assign(value.begin(), value.end()); });
}

}  // namespace suanpan::storage
