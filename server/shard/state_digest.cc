#include "server/shard/state_digest.h"

#include <cstdio>

namespace suanpan::shard {

std::string StateDigest::text() const {
    ledger::HashSum all = accounts;
    all.add(programs);
    all.add(house);
    char digits[33];
    std::snprintf(digits, sizeof digits, "%016llx%016llx",
                  static_cast<unsigned long long>(all.high),
                  static_cast<unsigned long long>(all.low));
    return digits;
}

StateDigest digest_of(std::span<const std::unique_ptr<ledger::Ledger>> ledgers) {
    StateDigest digest;
    ledger::HouseMap house;
    for (const auto& each : ledgers) {
        digest.accounts.add(each->state_hash());
        each->add_house_to(house);
    }
    digest.programs = ledgers.front()->hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    return digest;
}

}  // namespace suanpan::shard
