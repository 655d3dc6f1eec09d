// Members: who the events are about. Member number i has the same id in every run.
#pragma once

#include "bench/load/zipf.h"
#include "protocol/base/ids.h"

#include <cstdint>
#include <optional>
#include <random>

namespace suanpan::load {

// The id of member `number`, from 0: scattered, so that neighbours in number are not neighbours in
// any table, and never zero. What --prepare made, every later run finds again.
[[nodiscard]] MemberId member_id(std::uint64_t number);

// Where a member's requests go: the server's greeting says.
struct ShardMap {
    std::uint64_t hash_seed = 0;
    std::uint32_t shards = 1;

    [[nodiscard]] std::uint32_t shard_of(const MemberId& member) const;
};

// Draws members, uniformly or by Zipf (the first ranks are the hot ones). Owned by one worker.
class MemberPicker {
public:
    // Expects members >= 1; `zipf_s` 0: uniform.
    MemberPicker(std::uint64_t members, double zipf_s, const ShardMap& map);

    // Any member.
    [[nodiscard]] MemberId draw(std::mt19937_64& random) const;
    // A member of `shard`, with the popularity it has among the members of that shard; nothing
    // where thousands of draws met none (fewer members than shards).
    [[nodiscard]] std::optional<MemberId> draw_of(std::uint32_t shard,
                                                  std::mt19937_64& random) const;
    // How large a share of all draws falls to `shard`, estimated from a sample.
    [[nodiscard]] double share_of(std::uint32_t shard) const;

private:
    std::uint64_t members_;
    std::optional<Zipf> zipf_;
    ShardMap map_;
};

}  // namespace suanpan::load
