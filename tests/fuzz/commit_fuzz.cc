// The journal commit and the entries inside it: a damaged one is refused, never read beyond; a
// sound one comes back as it was written.
//
// Input: one byte of switches, then
//   built (switch 1): entries, each 16 bits of length and its bytes; the target makes a commit of
//     them, as the journal does, and reads it back;
//   else: a commit value as it lies on disk; switch 2 mends its CRC-32C first.
#include "protocol/base/assert.h"
#include "protocol/limits.h"
#include "server/ledger/entry_format.h"
#include "storage/journal_format.h"
#include "tests/fuzz/input.h"

#include <array>
#include <cstring>
#include <vector>

namespace suanpan::fuzz {
namespace {

using storage::Bytes;

constexpr std::uint8_t built = 1;
constexpr std::uint8_t mend_checksum = 2;
constexpr std::size_t crc_offset = 104;
constexpr Sha256 previous_chain{};

void fuzz_entry(Bytes bytes) {
    const std::vector<std::byte> alone = copy_of(bytes);
    const auto view = ledger::EntryHeaderView::of(alone);
    static ledger::Entry entry;  // used for one after the other, as a shard does
    if (!ledger::decode(alone, entry).has_value()) return;
    SUANPAN_ASSERT(view.has_value());
    SUANPAN_ASSERT(view->length_bytes() == alone.size());
    SUANPAN_ASSERT(view->kind() == entry.kind);
    SUANPAN_ASSERT(view->lsn() == entry.lsn);
    SUANPAN_ASSERT(view->prev_lsn() == entry.prev_lsn);
    SUANPAN_ASSERT(view->member() == entry.member);
    SUANPAN_ASSERT(view->request_id() == entry.request_id);
    SUANPAN_ASSERT(view->program() == entry.program);

    // What a read makes of an entry that was found in the journal.
    SUANPAN_ASSERT(ledger::outcome_of(entry).entry_id == entry.lsn);
    SUANPAN_ASSERT(ledger::statement_line_of(entry).entry_id == entry.lsn);
    (void)ledger::sum_of_postings(entry);

    // Unused bits of an effect are dropped, so it is the second form that stays.
    std::vector<std::byte> once;
    ledger::encode(entry, once);
    SUANPAN_ASSERT(once.size() == alone.size());
    ledger::Entry again;
    SUANPAN_ASSERT(ledger::decode(once, again).has_value());
    SUANPAN_ASSERT(again.effects.size() == entry.effects.size());
    SUANPAN_ASSERT(again.refusals == entry.refusals);
    std::vector<std::byte> twice;
    ledger::encode(again, twice);
    SUANPAN_ASSERT(once == twice);
}

void fuzz_value(std::span<const std::byte> input, bool mends) {
    std::vector<std::byte> value = copy_of(input);
    const std::size_t claimed = storage::commit_bytes_claimed(value);
    if (mends && claimed != 0 && claimed <= value.size()) {
        const auto body = std::span(value).subspan(sizeof(storage::CommitHeader),
                                                   claimed - sizeof(storage::CommitHeader));
        const std::uint32_t crc = crc32c(body, crc32c(std::span(value).first(crc_offset)));
        std::memcpy(value.data() + crc_offset, &crc, sizeof crc);
    }
    const auto commit = storage::parse_commit(value);
    const auto verified = storage::verify_commit(value, previous_chain);
    if (!commit.has_value()) {
        SUANPAN_ASSERT(!verified.has_value());
        SUANPAN_ASSERT(verified.error() == commit.error());
        SUANPAN_ASSERT(storage::describe(commit.error())[0] != '\0');
        return;
    }
    SUANPAN_ASSERT(claimed == sizeof(storage::CommitHeader) + commit->body().size());
    SUANPAN_ASSERT(commit->count() > 0);
    SUANPAN_ASSERT(commit->count() <= limits::commit_entries_max);
    SUANPAN_ASSERT(commit->last_lsn() >= commit->first_lsn());
    std::size_t entry_bytes = 0;
    for (std::uint32_t i = 0; i < commit->count(); ++i) {
        entry_bytes += commit->entry(i).size();
        fuzz_entry(commit->entry(i));
    }
    SUANPAN_ASSERT(entry_bytes + commit->count() * sizeof(storage::EntryDirectorySlot) ==
                   commit->body().size());
}

void fuzz_built(Input input) {
    std::vector<storage::EntryDirectorySlot> directory;
    std::vector<std::byte> entries;
    while (!input.empty() && directory.size() < limits::commit_entries_max) {
        const auto entry = input.take_bytes(input.take<std::uint16_t>());
        directory.push_back({.offset_bytes = static_cast<std::uint32_t>(entries.size()),
                             .length_bytes = static_cast<std::uint32_t>(entry.size())});
        entries.insert(entries.end(), entry.begin(), entry.end());
    }
    if (directory.empty()) return;
    const std::size_t directory_bytes = directory.size() * sizeof(storage::EntryDirectorySlot);
    for (auto& slot : directory) slot.offset_bytes += static_cast<std::uint32_t>(directory_bytes);

    const std::array<Bytes, 2> body{std::as_bytes(std::span(directory)), entries};
    const auto count = static_cast<std::uint32_t>(directory.size());
    const storage::CommitHeader header = storage::encode_commit_header(
        {.first_lsn = 41, .count = count, .time = Instant{1234}}, 7, previous_chain, body);
    std::vector<std::byte> value(static_cast<std::size_t>(
        storage::commit_value_bytes(storage::commit_body_bytes(count, entries.size()))));
    std::memcpy(value.data(), &header, sizeof header);
    std::memcpy(value.data() + sizeof header, directory.data(), directory_bytes);
    if (!entries.empty())
        std::memcpy(value.data() + sizeof header + directory_bytes, entries.data(), entries.size());

    const auto commit = storage::verify_commit(value, previous_chain);
    SUANPAN_ASSERT(commit.has_value());
    SUANPAN_ASSERT(commit->count() == count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto& slot = directory[i];
        const Bytes written =
            Bytes(entries).subspan(slot.offset_bytes - directory_bytes, slot.length_bytes);
        SUANPAN_ASSERT(std::ranges::equal(commit->entry(i), written));
        fuzz_entry(commit->entry(i));
    }
    // Not what follows another commit.
    SUANPAN_ASSERT(!storage::verify_commit(value, commit->chain()).has_value());
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const auto switches = input.take<std::uint8_t>();
    if ((switches & fuzz::built) != 0)
        fuzz::fuzz_built(input);
    else
        fuzz::fuzz_value(input.take_rest(), (switches & fuzz::mend_checksum) != 0);
    return 0;
}
