#include "bench/load/members.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"

namespace suanpan::load {
namespace {

// The finaliser of SplitMix64: a bijection that scatters consecutive numbers.
std::uint64_t scatter(std::uint64_t x) {
    x += 0x9e37'79b9'7f4a'7c15;
    x = (x ^ (x >> 30U)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27U)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31U);
}

constexpr int draws_max = 65'536;

}  // namespace

MemberId member_id(std::uint64_t number) {
    return {.high = scatter(number), .low = scatter(~number) | 1U};
}

std::uint32_t ShardMap::shard_of(const MemberId& member) const {
    if (shards == 1) return 0;
    return static_cast<std::uint32_t>(member_hash(member, hash_seed) % shards);
}

MemberPicker::MemberPicker(std::uint64_t members, double zipf_s, const ShardMap& map)
    : members_(members), map_(map) {
    SUANPAN_ASSERT(members >= 1);
    if (zipf_s > 0) zipf_.emplace(members, zipf_s);
}

MemberId MemberPicker::draw(std::mt19937_64& random) const {
    if (zipf_) return member_id(zipf_->draw(random) - 1);
    __extension__ using Wide = unsigned __int128;
    return member_id(static_cast<std::uint64_t>((Wide{random()} * members_) >> 64U));
}

std::optional<MemberId> MemberPicker::draw_of(std::uint32_t shard, std::mt19937_64& random) const {
    for (int i = 0; i < draws_max; ++i) {
        const MemberId member = draw(random);
        if (map_.shard_of(member) == shard) return member;
    }
    return std::nullopt;
}

double MemberPicker::share_of(std::uint32_t shard) const {
    if (map_.shards == 1) return 1;
    constexpr int sample = 100'000;
    std::mt19937_64 random(1);
    int met = 0;
    for (int i = 0; i < sample; ++i) met += map_.shard_of(draw(random)) == shard ? 1 : 0;
    return static_cast<double>(met) / sample;
}

}  // namespace suanpan::load
