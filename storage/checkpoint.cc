#include "storage/checkpoint.h"

#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "storage/baseline.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <type_traits>

namespace suanpan::storage {
namespace {

constexpr std::uint64_t generation_magic = 0x31'4e'45'47'4e'41'55'53;  // "SUANGEN1"
constexpr std::uint64_t pack_magic = 0x31'4b'43'50'4e'41'55'53;        // "SUANPCK1"
constexpr std::uint64_t round_magic = 0x31'44'4e'52'4e'41'55'53;       // "SUANRND1"
constexpr std::uint32_t checkpoint_format = 1;
constexpr std::size_t generations_kept = 2;

struct GenerationHeader {
    std::uint64_t magic = generation_magic;
    std::uint32_t format = checkpoint_format;
    std::uint32_t reserved = 0;
    Uuid uuid{};
    std::uint64_t generation = 0;
    std::uint64_t start_lsn = 0;
    std::uint64_t incarnation = 0;
    std::uint32_t crc = 0;  // CRC-32C of the 56 bytes above
    std::uint32_t reserved_too = 0;
};
static_assert(sizeof(GenerationHeader) == 64);
static_assert(std::has_unique_object_representations_v<GenerationHeader>);

struct PackHeader {
    std::uint64_t magic = pack_magic;
    std::uint64_t record_bytes = 0;  // of all records, their headers included
    std::uint32_t records = 0;
    std::uint32_t crc = 0;  // CRC-32C of the 20 bytes above
};
static_assert(sizeof(PackHeader) == 24);
static_assert(std::has_unique_object_representations_v<PackHeader>);

struct RecordHeader {
    std::uint64_t lsn = 0;
    std::uint32_t length_bytes = 0;
    std::uint32_t crc = 0;  // CRC-32C of the 12 bytes above and of the record
};
static_assert(sizeof(RecordHeader) == 16);
static_assert(std::has_unique_object_representations_v<RecordHeader>);

struct RoundRecord {
    std::uint64_t magic = round_magic;
    std::uint64_t start_lsn = 0;
    std::uint64_t end_lsn = 0;
    std::uint64_t packs = 0;
    std::uint64_t count = 0;
    std::uint64_t hash_high = 0;
    std::uint64_t hash_low = 0;
    std::uint32_t crc = 0;  // CRC-32C of the 56 bytes above
    std::uint32_t reserved = 0;
};
static_assert(sizeof(RoundRecord) == 64);
static_assert(std::has_unique_object_representations_v<RoundRecord>);

template <typename T>
Bytes bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

// Of everything above the member `crc`.
template <typename T>
std::uint32_t crc_of(const T& value) {
    return crc32c(bytes_of(value).first(offsetof(T, crc)));
}

template <typename T>
void append_bytes(std::vector<std::byte>& out, const T& value) {
    const std::size_t at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
}

constexpr std::string_view name_prefix = "checkpoint-";
constexpr std::string_view name_suffix = ".lmdb";

std::string generation_name(std::uint64_t generation) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%010llu", static_cast<unsigned long long>(generation));
    return std::string(name_prefix) + digits + std::string(name_suffix);
}

std::optional<std::uint64_t> generation_of(std::string_view name) {
    if (!name.starts_with(name_prefix) || !name.ends_with(name_suffix)) return std::nullopt;
    name.remove_prefix(name_prefix.size());
    name.remove_suffix(name_suffix.size());
    std::uint64_t generation = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), generation);
    if (error != std::errc{} || stop != name.data() + name.size() || name.empty())
        return std::nullopt;
    return generation;
}

// All generations there are, the newest first.
StoreResult<std::vector<std::uint64_t>> list_generations(const Volume& volume) {
    StoreResult<std::vector<std::string>> names = volume.list();
    if (!names) return std::unexpected(std::move(names.error()));
    std::vector<std::uint64_t> generations;
    for (const std::string& name : *names)
        if (const auto generation = generation_of(name)) generations.push_back(*generation);
    std::sort(generations.begin(), generations.end(), std::greater<>());
    return generations;
}

// The round record, where `store` ends with one: nothing for an unfinished generation.
StoreResult<std::optional<RoundRecord>> round_record_of(const Store& store) {
    std::optional<RoundRecord> round;
    StoreResult<std::optional<std::uint64_t>> key =
        store.visit_at_or_before(UINT64_MAX, [&round](std::uint64_t at, Bytes value) {
            RoundRecord found;
            if (value.size() != sizeof found) return;
            std::memcpy(&found, value.data(), sizeof found);
            if (found.magic == round_magic && found.crc == crc_of(found) && found.packs == at - 1)
                round = found;
        });
    if (!key) return std::unexpected(std::move(key.error()));
    return round;
}

StoreResult<bool> is_finished(Volume& volume, std::uint64_t generation) {
    const StoreResult<std::shared_ptr<Store>> store =
        volume.open(generation_name(generation), OpenMode::read_only, 0);
    if (!store) {
        // Kept: it is for the reader to say what is wrong with it.
        if (store.error().error == StoreError::damaged) return true;
        return std::unexpected(store.error());
    }
    const StoreResult<std::optional<RoundRecord>> round = round_record_of(**store);
    if (!round) return true;
    return round->has_value();
}

StoreResult<void> remove_stale(Volume& volume, std::size_t finished_kept) {
    const StoreResult<std::vector<std::uint64_t>> generations = list_generations(volume);
    if (!generations) return std::unexpected(generations.error());
    std::size_t finished = 0;
    for (const std::uint64_t generation : *generations) {
        const StoreResult<bool> whole = is_finished(volume, generation);
        if (!whole) return std::unexpected(whole.error());
        if (*whole && ++finished <= finished_kept) continue;
        if (StoreResult<void> removed = volume.remove(generation_name(generation)); !removed)
            return removed;
    }
    return {};
}

}  // namespace

CheckpointTotals& CheckpointTotals::operator+=(const CheckpointTotals& other) {
    count += other.count;
    hash_high += other.hash_high;
    hash_low += other.hash_low;
    return *this;
}

namespace {

void add_record(CheckpointTotals& totals, Bytes record) {
    const Hash128 hash = xxh3_128(record, 0);
    totals += {.count = 1, .hash_high = hash.high, .hash_low = hash.low};
}

}  // namespace

StoreResult<void> remove_stale_checkpoints(const DataDirectory& directory) {
    return remove_stale(directory.volume(), generations_kept);
}

StoreResult<std::unique_ptr<CheckpointWriter>> CheckpointWriter::begin(
    const DataDirectory& directory, Lsn start_lsn, const Options& options) {
    Volume& volume = directory.volume();
    if (StoreResult<void> removed = remove_stale(volume, generations_kept); !removed)
        return std::unexpected(std::move(removed.error()));
    const StoreResult<std::vector<std::uint64_t>> generations = list_generations(volume);
    if (!generations) return std::unexpected(generations.error());

    const std::uint64_t generation = generations->empty() ? 1 : generations->front() + 1;
    auto writer =
        begin_store(directory, generation_name(generation), generation, start_lsn, options);
    if (writer.has_value()) (*writer)->replaces_older_ = true;
    return writer;
}

StoreResult<std::unique_ptr<CheckpointWriter>> CheckpointWriter::begin_named(
    const DataDirectory& directory, const std::string& name, Lsn lsn, const Options& options) {
    return begin_store(directory, name, 0, lsn, options);
}

StoreResult<std::unique_ptr<CheckpointWriter>> CheckpointWriter::begin_store(
    const DataDirectory& directory, const std::string& name, std::uint64_t generation,
    Lsn start_lsn, const Options& options) {
    Volume& volume = directory.volume();
    std::unique_ptr<CheckpointWriter> writer(new CheckpointWriter(volume, options));
    CheckpointRound& round = writer->round_;
    round.generation = generation;
    round.start_lsn = start_lsn;
    GenerationHeader header;
    header.uuid = directory.uuid();
    header.generation = round.generation;
    header.start_lsn = start_lsn.value;
    header.incarnation = directory.incarnation();
    header.crc = crc_of(header);
    StoreResult<void> created =
        volume.create_ahead(name, {.capacity_bytes = options.capacity_bytes}, bytes_of(header));
    if (!created) return std::unexpected(std::move(created.error()));
    writer->name_ = name;
    StoreResult<std::shared_ptr<Store>> store =
        volume.open(name, OpenMode::read_write, options.capacity_bytes);
    if (!store) return std::unexpected(std::move(store.error()));
    writer->store_ = std::move(*store);
    return writer;
}

CheckpointWriter::~CheckpointWriter() {
    if (finished_ || name_.empty()) return;
    store_.reset();
    // Best effort: the next round or start removes what this leaves.
    static_cast<void>(volume_.remove(name_));
}

StoreResult<void> CheckpointWriter::add(std::span<const CheckpointRecord> records) {
    SUANPAN_ASSERT(!finished_);
    for (const CheckpointRecord& record : records) {
        if (pack_.empty()) append_bytes(pack_, PackHeader{});
        RecordHeader header;
        header.lsn = record.lsn.value;
        header.length_bytes = static_cast<std::uint32_t>(record.bytes.size());
        header.crc = crc32c(record.bytes, crc_of(header));
        append_bytes(pack_, header);
        pack_.insert(pack_.end(), record.bytes.begin(), record.bytes.end());
        ++pack_records_;
        add_record(round_.totals, record.bytes);
        round_.end_lsn = std::max(round_.end_lsn, record.lsn);
        if (pack_.size() >= options_.pack_bytes) close_pack();
        if (packs_bytes_ >= options_.transaction_bytes)
            if (StoreResult<void> written = write_packs(); !written) return written;
    }
    return {};
}

void CheckpointWriter::close_pack() {
    if (pack_.empty()) return;
    PackHeader header;
    header.record_bytes = pack_.size() - sizeof header;
    header.records = pack_records_;
    header.crc = crc_of(header);
    std::memcpy(pack_.data(), &header, sizeof header);
    packs_bytes_ += pack_.size();
    packs_.push_back(std::move(pack_));
    pack_ = {};
    pack_.reserve(options_.pack_bytes + options_.pack_bytes / 8);
    pack_records_ = 0;
}

StoreResult<void> CheckpointWriter::write_packs() {
    if (packs_.empty()) return {};
    std::vector<Bytes> pieces(packs_.begin(), packs_.end());
    std::vector<KeyedValue> values;
    values.reserve(pieces.size());
    for (const Bytes& piece : pieces)
        values.push_back({.key = ++round_.packs, .value = Pieces(&piece, 1)});
    StoreResult<void> written = store_->append_many(values);
    if (!written) return written;
    bytes_written_ += packs_bytes_;
    packs_.clear();
    packs_bytes_ = 0;
    return {};
}

StoreResult<CheckpointRound> CheckpointWriter::finish(Lsn end_lsn) {
    SUANPAN_ASSERT(!finished_);
    SUANPAN_ASSERT(end_lsn >= round_.end_lsn);
    round_.end_lsn = end_lsn;
    close_pack();
    if (StoreResult<void> written = write_packs(); !written)
        return std::unexpected(std::move(written.error()));
    RoundRecord record;
    record.start_lsn = round_.start_lsn.value;
    record.end_lsn = end_lsn.value;
    record.packs = round_.packs;
    record.count = round_.totals.count;
    record.hash_high = round_.totals.hash_high;
    record.hash_low = round_.totals.hash_low;
    record.crc = crc_of(record);
    const Bytes piece = bytes_of(record);
    if (StoreResult<void> written = store_->append(round_.packs + 1, Pieces(&piece, 1)); !written)
        return std::unexpected(std::move(written.error()));
    finished_ = true;
    store_.reset();
    // From here on the round counts, whatever becomes of the older ones; the next one tries again.
    if (replaces_older_) static_cast<void>(remove_stale(volume_, generations_kept));
    return round_;
}

std::unique_ptr<CheckpointReader> CheckpointReader::open_file(const DataDirectory& directory,
                                                              const std::string& name,
                                                              std::uint64_t generation,
                                                              std::string& why) {
    StoreResult<std::shared_ptr<Store>> store =
        directory.volume().open(name, OpenMode::read_only, 0);
    if (!store) {
        why = store.error().detail;
        return nullptr;
    }
    std::vector<std::byte> value;
    GenerationHeader header;
    const StoreResult<std::optional<std::uint64_t>> key = (*store)->read_at_or_before(0, value);
    if (!key || value.size() != sizeof header) {
        why = "has no header";
        return nullptr;
    }
    std::memcpy(&header, value.data(), sizeof header);
    if (header.magic != generation_magic || header.crc != crc_of(header)) {
        why = "its header is damaged";
        return nullptr;
    }
    if (header.format != checkpoint_format)
        throw OpenError(OpenFault::unknown_format,
                        name + ": has format " + std::to_string(header.format) +
                            ", which this release does not know; use the release that wrote "
                            "it, or remove it to replay the whole journal");
    if (header.uuid != directory.uuid())
        throw OpenError(OpenFault::foreign, name + ": belongs to data directory " +
                                                to_string(header.uuid) + ", not to this one (" +
                                                to_string(directory.uuid()) +
                                                "); remove it, or put the right file in its place");
    const StoreResult<std::optional<RoundRecord>> round = round_record_of(**store);
    if (!round) {
        why = round.error().detail;
        return nullptr;
    }
    if (!*round) return nullptr;  // unfinished: as if it had never been
    if ((*round)->start_lsn != header.start_lsn || header.generation != generation) {
        why = "its header and its round record do not fit together";
        return nullptr;
    }
    std::unique_ptr<CheckpointReader> reader(new CheckpointReader);
    reader->name_ = name;
    reader->store_ = std::move(*store);
    reader->round_ = {.generation = generation,
                      .start_lsn = Lsn{(*round)->start_lsn},
                      .end_lsn = Lsn{(*round)->end_lsn},
                      .packs = (*round)->packs,
                      .totals = {.count = (*round)->count,
                                 .hash_high = (*round)->hash_high,
                                 .hash_low = (*round)->hash_low}};
    return reader;
}

std::unique_ptr<CheckpointReader> CheckpointReader::open_newest(const DataDirectory& directory,
                                                                std::vector<std::string>& notes,
                                                                std::uint64_t before) {
    Volume& volume = directory.volume();
    const StoreResult<std::vector<std::uint64_t>> generations = list_generations(volume);
    if (!generations)
        throw OpenError(OpenFault::disk,
                        generations.error().detail + "; look at the disk and its permissions");
    for (const std::uint64_t generation : *generations) {
        if (generation >= before) continue;
        const std::string name = generation_name(generation);
        std::string why;
        if (auto reader = open_file(directory, name, generation, why)) return reader;
        if (why.empty()) continue;
        SUANPAN_PROBE("a bad checkpoint was passed over");
        notes.push_back(name + ": " + why + "; going back to the one before");
    }
    if (before == 0) return nullptr;
    const StoreResult<std::vector<Lsn>> baselines = list_baselines(volume);
    if (!baselines.has_value() || baselines->empty()) return nullptr;
    return open_baseline(directory, baselines->front()).reader;
}

namespace {

// Calls fn for each record; false where a length or a checksum is wrong.
bool for_each_record(Bytes pack, CheckpointTotals& totals,
                     const std::function<void(const CheckpointRecord&)>& fn) {
    PackHeader header;
    if (pack.size() < sizeof header) return false;
    std::memcpy(&header, pack.data(), sizeof header);
    if (header.magic != pack_magic || header.crc != crc_of(header) ||
        header.record_bytes != pack.size() - sizeof header)
        return false;
    Bytes rest = pack.subspan(sizeof header);
    for (std::uint32_t i = 0; i < header.records; ++i) {
        RecordHeader record;
        if (rest.size() < sizeof record) return false;
        std::memcpy(&record, rest.data(), sizeof record);
        rest = rest.subspan(sizeof record);
        if (rest.size() < record.length_bytes) return false;
        const Bytes bytes = rest.first(record.length_bytes);
        if (crc32c(bytes, crc_of(record)) != record.crc) return false;
        rest = rest.subspan(record.length_bytes);
        add_record(totals, bytes);
        fn({.lsn = Lsn{record.lsn}, .bytes = bytes});
    }
    return rest.empty();
}

}  // namespace

StoreResult<CheckpointTotals> CheckpointReader::for_each(
    std::uint64_t first, std::uint64_t last,
    const std::function<void(const CheckpointRecord&)>& fn) const {
    CheckpointTotals totals;
    for (std::uint64_t pack = first; pack < last; ++pack) {
        bool sound = false;
        const StoreResult<std::optional<std::uint64_t>> key =
            store_->visit_at_or_after(pack + 1, [&](std::uint64_t found, Bytes value) {
                sound = found == pack + 1 && for_each_record(value, totals, fn);
            });
        if (!key) return std::unexpected(key.error());
        if (!sound) return std::unexpected(damaged(pack));
    }
    return totals;
}

StoreResult<CheckpointTotals> CheckpointReader::read_pack(
    std::uint64_t pack, std::vector<std::byte>& bytes,
    const std::function<void(const CheckpointRecord&)>& fn) const {
    CheckpointTotals totals;
    const StoreResult<std::optional<std::uint64_t>> key = store_->read_at_or_after(pack + 1, bytes);
    if (!key) return std::unexpected(key.error());
    if (*key != pack + 1 || !for_each_record(bytes, totals, fn))
        return std::unexpected(damaged(pack));
    return totals;
}

FileRange CheckpointReader::file() const {
    return {.name = name_, .from = 0, .to = store_->bytes_used()};
}

StoreFailure CheckpointReader::damaged(std::uint64_t pack) const {
    return {.error = StoreError::damaged,
            .detail = name_ + ": pack " + std::to_string(pack) + " is damaged"};
}

}  // namespace suanpan::storage
