#include "storage/journal_files.h"

#include "storage/text_file.h"

namespace suanpan::storage {
namespace {

constexpr std::uint64_t state_format = 1;

}  // namespace

std::string encode_state(const JournalState& state) {
    TextFile file;
    file.remark("Where this journal begins. Do not edit.");
    file.set("format", state_format);
    file.set("uuid", Bytes(state.uuid));
    file.set("oldest_segment", state.oldest_ordinal);
    file.set("oldest_lsn", state.oldest_lsn.value);
    file.set("chain_before", Bytes(state.chain_before));
    return file.encode();
}

JournalState decode_state(Bytes content, const Uuid& uuid) {
    const std::expected<TextFile, std::string> file = TextFile::decode(content);
    const std::string advice = "; restore it from a backup";
    if (!file) throw OpenError(OpenFault::damaged, "JOURNAL: " + file.error() + advice);
    if (file->number("format") != state_format)
        throw OpenError(OpenFault::unknown_format,
                        "JOURNAL: has a format that this release does not know; use the release "
                        "that wrote it, or a later one");
    JournalState state;
    const std::optional<std::uint64_t> ordinal = file->number("oldest_segment");
    const std::optional<std::uint64_t> lsn = file->number("oldest_lsn");
    if (!ordinal || *ordinal == 0 || !lsn || *lsn == 0 || !file->bytes("uuid", state.uuid) ||
        !file->bytes("chain_before", state.chain_before))
        throw OpenError(OpenFault::damaged, "JOURNAL: a line is missing or wrong" + advice);
    if (state.uuid != uuid)
        throw OpenError(OpenFault::foreign, "JOURNAL: belongs to data directory " +
                                                to_string(state.uuid) + ", not to this one (" +
                                                to_string(uuid) +
                                                "); put the right file in its place");
    state.oldest_ordinal = *ordinal;
    state.oldest_lsn = Lsn{*lsn};
    return state;
}

}  // namespace suanpan::storage
