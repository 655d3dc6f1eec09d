// The checkpoint's records: a damaged one is refused; what loads is written again as it was loaded
// and can be read.
//
// Input: records as a shard stores them, each 16 bits of length and its bytes. They all go into one
// fresh ledger, as at a start.
#include "protocol/base/assert.h"
#include "server/ledger/ledger.h"
#include "server/ledger/record.h"
#include "server/shard/checkpoint_record.h"
#include "tests/fuzz/input.h"

#include <vector>

namespace suanpan::fuzz {
namespace {

constexpr std::size_t slice_bytes = 512;  // small, so that a walk has several
constexpr ledger::LedgerOptions options{.seed = 99};

void load(ledger::Ledger& into, std::span<const std::byte> stored) {
    const auto view = shard::CheckpointRecordView::of(stored);
    if (!view.has_value()) return;
    SUANPAN_ASSERT(view->shard < view->shards);
    const std::vector<std::byte> record = copy_of(view->bytes);
    const auto member = ledger::account_record_member(record);
    const auto house = ledger::house_record_info(record);
    SUANPAN_ASSERT(!member.has_value() || !house.has_value());
    const std::uint32_t accounts_before = into.account_count();
    const auto done = into.load_record(record);
    if (!done.has_value()) {
        SUANPAN_ASSERT(!text_of(done.error()).empty());
        SUANPAN_ASSERT(into.account_count() == accounts_before);
    }
}

// Every record of `from`, walked in slices, into a ledger that has nothing yet.
void copy_records(const ledger::Ledger& from, ledger::Ledger& to) {
    ledger::RecordCursor cursor;
    ledger::RecordSlice slice;
    bool more = true;
    while (more) {
        slice.clear();
        more = from.next_slice(cursor, slice_bytes, slice);
        for (const auto& place : slice.records) {
            SUANPAN_ASSERT(place.lsn <= slice.highest);
            SUANPAN_ASSERT(to.load_record(slice.record(place)).has_value());
        }
    }
}

void read_accounts(const ledger::Ledger& from) {
    for (std::uint32_t slot = 0; slot < from.account_count(); ++slot) {
        const ledger::Account& account = from.account(ledger::AccountRef{slot});
        for (const Instant now : {Instant{}, Instant{1'700'000'000'000'000'000}, instant_max}) {
            const Outcome outcome = from.balances(account.member(), account.program(), now);
            SUANPAN_ASSERT(outcome.balances.held.value >= 0);
            SUANPAN_ASSERT(outcome.balances.pending.value >= 0);
            SUANPAN_ASSERT(outcome.balances.debt.value >= 0);
            (void)from.expiring(account.member(), account.program(), hours(24 * 30), now);
        }
    }
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    ledger::Ledger loaded(fuzz::options);
    while (!input.empty()) {
        const auto stored = input.take_bytes(input.take<std::uint16_t>());
        fuzz::load(loaded, stored);
    }
    ledger::Ledger copy(fuzz::options);
    fuzz::copy_records(loaded, copy);
    SUANPAN_ASSERT(copy.account_count() == loaded.account_count());
    SUANPAN_ASSERT(copy.state_hash() == loaded.state_hash());
    SUANPAN_ASSERT(copy.hash_of_programs() == loaded.hash_of_programs());
    SUANPAN_ASSERT(copy.request_log().size() == loaded.request_log().size());
    ledger::HouseMap house;
    ledger::HouseMap house_of_copy;
    loaded.add_house_to(house);
    copy.add_house_to(house_of_copy);
    SUANPAN_ASSERT(ledger::Ledger::hash_of_house(house) ==
                   ledger::Ledger::hash_of_house(house_of_copy));
    fuzz::read_accounts(loaded);
    return 0;
}
