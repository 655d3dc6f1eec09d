// suanpan-bit-rot: flips one bit of a stopped server's files at a time, and asks who notices.
//
//   suanpan-bit-rot [--seed N] [--flips N | --every-page]
//
// After each flip suanpan-verify's audit reads the directory, and a start recovers from it. Either
// of them must say so in one line; where neither does, the state that is served must be the true
// one (the bit lay in space that holds nothing). A bit of a commit or of a checkpoint's value must
// always be found, that of a commit with an LSN. Nobody may crash. Exit code: 0 all as it must be,
// 3 not, 1 the proof itself could not run.
#include "server/shard/recovery.h"
#include "storage/journal.h"
#include "storage/journal_format.h"
#include "storage/lmdb_volume.h"
#include "tests/power/folder_in_memory.h"
#include "tests/power/image_check.h"
#include "tests/power/reference.h"
#include "tests/power/traced_load.h"
#include "tests/support/temporary_folder.h"
#include "tools/audit.h"
#include "tools/data_folder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::power {
namespace {

constexpr int exit_missed = 3;
constexpr std::uint64_t shown_max = 10;
constexpr std::size_t page = 4096;

struct Arguments {
    TracedLoadOptions load;
    std::uint64_t flips = 250;
    bool every_page = false;
    std::optional<std::uint64_t> only_flip;
};

std::string slurp(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// One file of the data directory, as the server has left it.
struct SoundFile {
    std::string name;
    std::string content;
    std::uint64_t used = 0;         // bytes that LMDB knows of
    std::vector<bool> of_value;     // bytes of commits, or of a checkpoint's values
    std::uint64_t value_bytes = 0;  // how many of them
    [[nodiscard]] bool is_segment() const { return name.starts_with("journal-") && is_store(); }
    [[nodiscard]] bool is_checkpoint() const {
        return name.starts_with("checkpoint-") && is_store();
    }
    [[nodiscard]] bool is_store() const { return name.ends_with(".lmdb"); }
};

// The last page of the meta page that LMDB takes; see storage/lmdb_check.cc.
std::uint64_t used_bytes(const std::string& content) {
    constexpr std::size_t last_page_at = 16 + 120;
    constexpr std::size_t transaction_at = 16 + 128;
    std::uint64_t last_page = 0;
    std::uint64_t newest = 0;
    for (const std::size_t meta : {std::size_t{0}, page}) {
        std::uint64_t transaction = 0;
        std::memcpy(&transaction, content.data() + meta + transaction_at, sizeof transaction);
        if (meta != 0 && transaction < newest) continue;
        newest = transaction;
        std::memcpy(&last_page, content.data() + meta + last_page_at, sizeof last_page);
    }
    return (last_page + 1) * page;
}

void mark(SoundFile& file, std::size_t at, std::size_t size) {
    std::fill_n(file.of_value.begin() + static_cast<std::ptrdiff_t>(at), size, true);
    file.value_bytes += size;
}

// The values of a checkpoint, where they lie in its file. One that lies there twice (on a page that
// LMDB has left behind) is marked in no place, since nobody knows which counts.
void mark_values(SoundFile& file, const std::filesystem::path& data) {
    const auto volume = storage::open_lmdb_volume(data.string());
    const auto store = volume->open(file.name, storage::OpenMode::read_only, file.content.size());
    if (!store) throw std::runtime_error(file.name + ": " + store.error().detail);
    std::vector<std::byte> value;
    for (std::uint64_t key = 0;; ++key) {
        const auto found = (*store)->read_at_or_after(key, value);
        if (!found) throw std::runtime_error(file.name + ": " + found.error().detail);
        if (!*found) return;
        key = **found;
        const std::string_view bytes(reinterpret_cast<const char*>(value.data()), value.size());
        const std::size_t at = file.content.find(bytes);
        if (at != std::string::npos && file.content.find(bytes, at + 1) == std::string::npos)
            mark(file, at, value.size());
    }
}

SoundFile read_sound(const std::filesystem::path& path, const Reference& reference) {
    SoundFile file{.name = path.filename().string(), .content = slurp(path), .of_value = {}};
    file.used = file.is_store() ? used_bytes(file.content) : file.content.size();
    file.of_value.resize(file.content.size());
    if (file.is_checkpoint()) mark_values(file, path.parent_path());
    if (!file.is_segment()) return file;
    const auto bytes = std::as_bytes(std::span(file.content));
    for (std::size_t at = storage::page_header_bytes; at < file.used; at += page) {
        const std::size_t claimed = storage::commit_bytes_claimed(bytes.subspan(at));
        if (claimed == 0) continue;
        // With the zeros that fill its last page: they are checked too.
        const std::size_t size = std::min<std::size_t>(
            storage::commit_value_bytes(claimed - sizeof(storage::CommitHeader)),
            bytes.size() - at);
        const auto commit = storage::parse_commit(bytes.subspan(at, size));
        if (!commit) continue;
        const Reference::Commit* known = reference.find(commit->last_lsn());
        if (known == nullptr || known->chain != commit->chain()) continue;
        mark(file, at, size);
    }
    return file;
}

struct Flip {
    const SoundFile* file = nullptr;
    std::uint64_t at = 0;
    unsigned bit = 0;
    [[nodiscard]] bool is_in_value() const { return file->of_value[static_cast<std::size_t>(at)]; }
    [[nodiscard]] bool is_in_commit() const { return file->is_segment() && is_in_value(); }
};

// What suanpan-verify says; empty: sound.
std::string audit_says(const std::filesystem::path& data) {
    return in_child([&]() -> std::string {
        try {
            tools::DataFolder folder(data.string());
            tools::AuditPlace place;
            const tools::AuditReport report = tools::audit(folder, {}, place);
            std::string all;
            for (const tools::AuditProblem& problem : report.problems)
                all += fmt::format("LSN {} in {}: {} / ", problem.lsn.value, problem.file,
                                   problem.what);
            return all;
        } catch (const std::exception& error) {
            return error.what();
        }
    });
}

// What a start says: "" where it serves the true state, "note: ..." where it serves that and has
// noticed, "WRONG ..." where it serves another state, else the refusal.
std::string start_says(const std::filesystem::path& data, const Reference& reference) {
    return in_child([&]() -> std::string {
        try {
            const auto volume = storage::open_lmdb_volume(data.string());
            const auto directory = storage::DataDirectory::open(*volume, {});
            storage::JournalOptions options;
            options.segment_bytes = small_segment_bytes;
            const auto journal = storage::Journal::open(directory, options);
            const shard::Recovered recovered =
                shard::recover(directory, *journal, {.shards = 2, .threads = false});
            if (journal->last_lsn() != reference.last_lsn())
                return fmt::format("WRONG: the journal ends with LSN {}, not {}",
                                   journal->last_lsn().value, reference.last_lsn().value);
            if (!(tools::digest_of(recovered.ledgers) ==
                  reference.find(reference.last_lsn())->state))
                return "WRONG: the state is another one";
            for (const std::string& note : recovered.notes) return "note: " + note;
            for (const std::string& note : journal->open_report().notes) return "note: " + note;
            return "";
        } catch (const std::exception& error) {
            return error.what();
        }
    });
}

struct Tally {
    std::uint64_t flips = 0;
    std::uint64_t by_start = 0;
    std::uint64_t by_audit = 0;
    std::uint64_t harmless = 0;
    std::uint64_t wrong = 0;
};

class Proof {
public:
    Proof(const Arguments& arguments, const std::filesystem::path& folder)
        : arguments_(arguments), reference_(folder / "data"), images_(folder_in_memory()) {
        for (const auto& entry : std::filesystem::directory_iterator(folder / "data")) {
            const std::string name = entry.path().filename().string();
            if (name == "LOCK" || name.ends_with("-lock")) continue;
            files_.push_back(read_sound(entry.path(), reference_));
        }
        std::ranges::sort(files_, {}, &SoundFile::name);
    }

    [[nodiscard]] bool run(const char* how_it_ended) {
        std::uint64_t number = 0;
        for (const Flip& flip : choose()) {
            if (!arguments_.only_flip || *arguments_.only_flip == number) judge(flip, number);
            ++number;
        }
        fmt::print("bit rot, {}: {} flips\n", how_it_ended, number);
        std::uint64_t wrong = 0;
        for (const auto& [kind, tally] : tallies_) {
            fmt::print(
                "  {:<18} {:>5}: the start found {}, verify found {}, {} touched nothing "
                "that is used; {} wrong\n",
                kind, tally.flips, tally.by_start, tally.by_audit, tally.harmless, tally.wrong);
            wrong += tally.wrong;
        }
        return wrong == 0;
    }

private:
    [[nodiscard]] std::vector<Flip> choose() const {
        std::seed_seq words{arguments_.load.seed, std::uint64_t{0x726f74}};
        std::mt19937_64 random(words);
        std::vector<Flip> flips;
        const auto in_page = [&](const SoundFile& file, std::uint64_t from) {
            const std::uint64_t size = std::min<std::uint64_t>(page, file.content.size() - from);
            return Flip{.file = &file,
                        .at = from + random() % size,
                        .bit = static_cast<unsigned>(random() % 8)};
        };
        if (arguments_.every_page) {
            for (const SoundFile& file : files_)
                for (std::uint64_t from = 0; from < file.used; from += page)
                    flips.push_back(in_page(file, from));
            return flips;
        }
        const auto in_value = [&](bool of_segment) {
            std::vector<const SoundFile*> among;
            for (const SoundFile& file : files_)
                if ((of_segment ? file.is_segment() : file.is_checkpoint()) && file.value_bytes > 0)
                    among.push_back(&file);
            if (among.empty())
                throw std::runtime_error(of_segment ? "there is no commit to damage"
                                                    : "there is no checkpoint to damage");
            Flip flip{.file = among[random() % among.size()],
                      .bit = static_cast<unsigned>(random() % 8)};
            do flip.at = random() % flip.file->used;
            while (!flip.is_in_value());
            return flip;
        };
        for (std::uint64_t i = 0; i < arguments_.flips; ++i) {
            if (i % 4 < 2) {
                flips.push_back(in_value(i % 4 == 0));
                continue;
            }
            const SoundFile& file = files_[random() % files_.size()];
            const std::uint64_t pages = (file.used + page - 1) / page;
            Flip flip = in_page(file, random() % pages * page);
            // Half of them among LMDB's own numbers, which stand at the start of a page.
            if (file.is_store() && i % 2 == 0) flip.at = flip.at / page * page + random() % 160;
            flips.push_back(flip);
        }
        return flips;
    }

    void judge(const Flip& flip, std::uint64_t number) {
        const std::filesystem::path data = images_.path() / "data";
        std::filesystem::create_directory(data);
        for (const SoundFile& file : files_) {
            std::string content = file.content;
            if (&file == flip.file) {
                char& byte = content[static_cast<std::size_t>(flip.at)];
                byte = static_cast<char>(byte ^ (1U << flip.bit));
            }
            std::ofstream(data / file.name, std::ios::binary) << content;
        }
        const std::string audit = audit_says(data);
        const std::string start = start_says(data, reference_);
        std::filesystem::remove_all(data);

        const bool is_found = !audit.empty() || !start.empty();
        std::string wrong;
        if (audit.starts_with(crash_words)) wrong = "verify crashed";
        if (start.starts_with(crash_words)) wrong = "the start crashed";
        if (start.starts_with("WRONG")) wrong = "the start serves what is not true";
        if (flip.is_in_value() && !is_found) wrong = "a value is damaged and nobody says so";
        if (flip.is_in_commit() && (audit + start).find("LSN") == std::string::npos)
            wrong = "a commit is damaged and nobody says where";
        if (start.find('\n') != std::string::npos) wrong = "more than one line is said";
        // Where something is said about a segment or a checkpoint, its name is in it.
        if (wrong.empty() && flip.file->is_store() && is_found &&
            (audit + start).find(flip.file->name) == std::string::npos &&
            (audit + start).find("checkpoint generation") == std::string::npos)
            wrong = "the file is not named";

        const std::string kind = flip.is_in_commit()       ? "commit"
                                 : flip.file->is_segment() ? "segment, LMDB"
                                 : flip.is_in_value()      ? "checkpoint"
                                 : flip.file->is_store()   ? "checkpoint, LMDB"
                                                           : "text file";
        Tally& tally = tallies_[kind];
        ++tally.flips;
        tally.by_start += start.empty() ? 0 : 1;
        tally.by_audit += audit.empty() ? 0 : 1;
        tally.harmless += is_found ? 0 : 1;
        if (!wrong.empty() && ++tally.wrong <= shown_max)
            fmt::print("flip {} ({} byte {} bit {}): {}\n  start: {}\n  verify: {}\n", number,
                       flip.file->name, flip.at, flip.bit, wrong, start, audit);
        if (arguments_.only_flip)
            fmt::print("flip {} ({} byte {} bit {})\n  start: {}\n  verify: {}\n", number,
                       flip.file->name, flip.at, flip.bit, start, audit);
    }

    const Arguments& arguments_;
    const Reference reference_;
    TemporaryFolder images_;
    std::vector<SoundFile> files_;
    std::map<std::string, Tally> tallies_;
};

int run(Arguments& arguments) {
    fmt::print("suanpan-bit-rot --seed {} {}\n", arguments.load.seed,
               arguments.every_page ? std::string("--every-page")
                                    : fmt::format("--flips {}", arguments.flips));
    std::fflush(stdout);
    bool good = true;
    for (const bool killed : {false, true}) {
        TemporaryFolder folder;
        arguments.load.folder = folder.path();
        arguments.load.kill_at_end = killed;
        run_traced_load(arguments.load);
        const auto began = std::chrono::steady_clock::now();
        const bool found_all =
            Proof(arguments, folder.path()).run(killed ? "after a kill" : "after a stop in order");
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        fmt::print("  {:.1f} s\n", took.count());
        if (!found_all) {
            folder.keep();
            fmt::print("the files are kept: {}\n", folder.path().string());
        }
        good = good && found_all;
    }
    return good ? 0 : exit_missed;
}

int main_of(int argc, char** argv) {
    Arguments arguments;
    arguments.load.server = SUANPAN_SMALL_SERVER_PATH;
    arguments.load.seed = std::random_device()();
    arguments.load.lives = 1;
    arguments.load.records_per_life = 2'000;
    CLI::App app{"Flips one bit of a stopped server's files at a time, and asks who notices.",
                 "suanpan-bit-rot"};
    app.add_option("--seed", arguments.load.seed, "chooses load and flips");
    app.add_option("--flips", arguments.flips,
                   "bits to flip, each alone, in each of two directories");
    app.add_option("--events", arguments.load.records_per_life, "about so many events of load");
    app.add_flag("--every-page", arguments.every_page, "one bit in each page that is in use");
    app.add_option("--only-flip", arguments.only_flip,
                   "judge this one alone, and say what is said");
    CLI11_PARSE(app, argc, argv);
    return run(arguments);
}

}  // namespace
}  // namespace suanpan::power

int main(int argc, char** argv) {
    try {
        return suanpan::power::main_of(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-bit-rot: {}\n", error.what());
        return 1;
    }
}
