#include "server/shard/checkpoint_record.h"

namespace suanpan::shard {

storage::StoreResult<void> add_records(storage::CheckpointWriter& writer, CheckpointRecordHead head,
                                       const ledger::RecordSlice& records,
                                       std::vector<std::byte>& scratch) {
    scratch.resize(records.bytes.size() + records.records.size() * sizeof head);
    std::vector<storage::CheckpointRecord> out;
    out.reserve(records.records.size());
    std::byte* at = scratch.data();
    for (const ledger::RecordSlice::Place& place : records.records) {
        const auto bytes = records.record(place);
        std::memcpy(at, &head, sizeof head);
        std::memcpy(at + sizeof head, bytes.data(), bytes.size());
        out.push_back({.lsn = place.lsn, .bytes = {at, sizeof head + bytes.size()}});
        at += sizeof head + bytes.size();
    }
    return writer.add(out);
}

}  // namespace suanpan::shard
