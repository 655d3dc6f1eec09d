#include "tests/power/disk_model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace suanpan::power {
namespace {

constexpr std::string_view lock_suffix = "-lock";

bool coin(std::mt19937_64& random) {
    return (random() & 1U) != 0;
}

}  // namespace

const char* text_of(Loss loss) {
    switch (loss) {
        case Loss::everything:
            return "everything";
        case Loss::nothing:
            return "nothing";
        case Loss::tail:
            return "tail";
        case Loss::writes:
            return "writes";
        case Loss::sectors:
            return "sectors";
    }
    return "?";
}

void DiskModel::take(const TraceItem& item) {
    ++order_;
    switch (item.head.kind) {
        case TraceKind::made_directory:
            root_made_ = true;
            root_order_ = order_;
            return;
        case TraceKind::opened:
            return open(item);
        case TraceKind::wrote:
            files_.at(item.head.file)
                ->pending.push_back({.order = order_,
                                     .offset = item.head.offset,
                                     .length = item.head.length,
                                     .bytes = item.payload});
            return;
        case TraceKind::wrote_through:
            return write_through(*files_.at(item.head.file));
        case TraceKind::resized:
            files_.at(item.head.file)
                ->pending.push_back(
                    {.order = order_, .is_resize = true, .length = item.head.length});
            return;
        case TraceKind::flush_began: {
            const Place place = places_.at(item.head.file);
            Flush flush{.is_parent = place == Place::parent, .order = order_};
            if (place == Place::file) flush.file = files_.at(item.head.file);
            flushes_[item.head.offset] = std::move(flush);
            return;
        }
        case TraceKind::flush_ended:
            return end_flush(item.head.offset);
        case TraceKind::renamed: {
            const std::string_view names = item.text();
            const std::string from(names.substr(0, names.find('\0')));
            const std::string to(names.substr(names.find('\0') + 1));
            names_pending_.push_back(
                {.order = order_, .gone = from, .come = to, .file = names_now_.at(from)});
            apply(names_now_, names_pending_.back());
            return;
        }
        case TraceKind::removed:
            names_pending_.push_back(
                {.order = order_, .gone = std::string(item.text()), .file = nullptr});
            apply(names_now_, names_pending_.back());
            return;
        case TraceKind::violation:
            throw std::runtime_error("the trace cannot be followed: " + std::string(item.text()));
        case TraceKind::sent:
        case TraceKind::closed:
            return;
    }
    throw std::runtime_error("the trace holds an unknown record");
}

void DiskModel::open(const TraceItem& item) {
    const std::string name(item.text());
    if (name.empty() || name == "..") {
        places_[item.head.file] = name.empty() ? Place::root : Place::parent;
        return;
    }
    places_[item.head.file] = Place::file;
    if ((item.head.offset & trace_opened_created) != 0) {
        const auto file = std::make_shared<File>();
        files_[item.head.file] = file;
        names_pending_.push_back({.order = order_, .come = name, .file = file});
        apply(names_now_, names_pending_.back());
        return;
    }
    if (!names_now_.contains(name) || files_[item.head.file] != names_now_.at(name))
        throw std::runtime_error("the trace opens " + name + ", which it has never made");
    if ((item.head.offset & trace_opened_emptied) != 0)
        files_[item.head.file]->pending.push_back({.order = order_, .is_resize = true});
}

// What a write through O_DSYNC covers is durable, whatever becomes of earlier pending writes there.
void DiskModel::write_through(File& file) {
    const Change change = std::move(file.pending.back());
    file.pending.pop_back();
    const Range range{.from = change.offset, .to = change.offset + change.length};
    for (Change& earlier : file.pending)
        if (!earlier.is_resize) earlier.overtaken.push_back(range);
    apply(file.durable, change);
}

void DiskModel::end_flush(std::uint64_t ticket) {
    const auto found = flushes_.find(ticket);
    if (found == flushes_.end()) throw std::runtime_error("a flush ends that has not begun");
    const Flush flush = found->second;
    flushes_.erase(found);
    if (flush.is_parent) {
        root_durable_ = root_durable_ || (root_made_ && root_order_ < flush.order);
        return;
    }
    if (flush.file == nullptr) {
        std::erase_if(names_pending_, [&](const NameChange& change) {
            if (change.order > flush.order) return false;
            apply(names_durable_, change);
            return true;
        });
        return;
    }
    if (!flushes_count_) return;
    std::erase_if(flush.file->pending, [&](const Change& change) {
        if (change.order > flush.order) return false;
        apply(flush.file->durable, change);
        return true;
    });
}

void DiskModel::apply(std::vector<std::byte>& content, const Change& change, const Range& part) {
    if (content.size() < part.to) content.resize(part.to);
    if (change.bytes.empty())
        std::memset(content.data() + part.from, 0, part.to - part.from);
    else
        std::memcpy(content.data() + part.from, change.bytes.data() + (part.from - change.offset),
                    part.to - part.from);
}

void DiskModel::apply(std::vector<std::byte>& content, const Change& change) {
    if (change.is_resize) return content.resize(change.length);
    std::vector<Range> parts{{.from = change.offset, .to = change.offset + change.length}};
    for (const Range& hole : change.overtaken) {
        std::vector<Range> left;
        for (const Range& part : parts) {
            if (hole.to <= part.from || part.to <= hole.from) {
                left.push_back(part);
                continue;
            }
            if (part.from < hole.from) left.push_back({.from = part.from, .to = hole.from});
            if (hole.to < part.to) left.push_back({.from = hole.to, .to = part.to});
        }
        parts = std::move(left);
    }
    for (const Range& part : parts) apply(content, change, part);
}

void DiskModel::apply(std::map<std::string, FilePtr>& names, const NameChange& change) {
    if (!change.gone.empty()) names.erase(change.gone);
    if (!change.come.empty()) names[change.come] = change.file;
}

std::size_t DiskModel::pending() const {
    std::size_t count = names_pending_.size() + (root_durable_ ? 0 : 1);
    for (const auto& [inode, file] : files_) count += file->pending.size();
    return count;
}

std::vector<std::byte> DiskModel::content_of(const File& file, Loss loss, std::uint64_t cut,
                                             std::mt19937_64& random, std::size_t& lost) const {
    std::vector<std::byte> content = file.durable;
    for (const Change& change : file.pending) {
        bool keep = loss != Loss::everything;
        if (loss == Loss::tail) keep = change.order < cut;
        if (loss == Loss::writes) keep = coin(random);
        if (loss == Loss::sectors && change.is_resize) keep = coin(random);
        if (loss != Loss::sectors || change.is_resize || !keep) {
            if (keep)
                apply(content, change);
            else
                ++lost;
            continue;
        }
        Change piece = change;
        const std::uint64_t end = change.offset + change.length;
        for (std::uint64_t from = change.offset; from < end;) {
            const std::uint64_t to = std::min(end, (from / sector_bytes + 1) * sector_bytes);
            if (coin(random)) {
                piece.offset = from;
                piece.length = to - from;
                piece.bytes = change.bytes.empty()
                                  ? change.bytes
                                  : change.bytes.subspan(from - change.offset, to - from);
                apply(content, piece);
            } else {
                ++lost;
            }
            from = to;
        }
    }
    return content;
}

std::size_t DiskModel::write_image(Loss loss, std::mt19937_64& random) const {
    std::size_t lost = 0;
    const auto keeps = [&](std::uint64_t order, std::uint64_t cut) {
        if (loss == Loss::nothing) return true;
        if (loss == Loss::everything) return false;
        return loss == Loss::tail ? order < cut : coin(random);
    };
    // Somewhere among the pending changes.
    std::vector<std::uint64_t> orders;
    for (const NameChange& change : names_pending_) orders.push_back(change.order);
    for (const auto& [inode, file] : files_)
        for (const Change& change : file->pending) orders.push_back(change.order);
    std::ranges::sort(orders);
    const std::uint64_t cut = orders.empty() ? 0 : orders[random() % orders.size()];

    if (!root_durable_ && !keeps(root_order_, cut)) return 1;
    const std::filesystem::path data = folder_ / "data";
    std::filesystem::create_directory(data);
    std::map<std::string, FilePtr> names = names_durable_;
    for (const NameChange& change : names_pending_) {
        if (keeps(change.order, cut))
            apply(names, change);
        else
            ++lost;
    }
    for (const auto& [name, file] : names) {
        if (name.ends_with(lock_suffix)) {
            // LMDB maps it for writing, so that the trace does not know what is in it.
            if (coin(random)) continue;
            std::vector<std::byte> garbage(8192);
            if (coin(random))
                for (std::byte& each : garbage) each = static_cast<std::byte>(random());
            write_file(data / name, garbage);
            continue;
        }
        write_file(data / name, content_of(*file, loss, cut, random, lost));
    }
    return lost;
}

// Leaves holes where a page is all zeros: a segment is mostly that.
void DiskModel::write_file(const std::filesystem::path& path, std::span<const std::byte> content) {
    constexpr std::size_t page = 4096;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(content.size())) == 0;
    const auto is_zero = [&](std::size_t at) {
        const std::size_t size = std::min(page, content.size() - at);
        return content[at] == std::byte{} &&
               std::memcmp(content.data() + at, content.data() + at + 1, size - 1) == 0;
    };
    for (std::size_t from = 0; ok && from < content.size();) {
        if (is_zero(from)) {
            from += page;
            continue;
        }
        std::size_t to = from;
        while (to < content.size() && !is_zero(to)) to += page;
        to = std::min(to, content.size());
        ok = ::pwrite(fd, content.data() + from, to - from, static_cast<off_t>(from)) ==
             static_cast<ssize_t>(to - from);
        from = to;
    }
    if (fd >= 0) ::close(fd);
    if (!ok) throw std::runtime_error(path.string() + ": cannot be written; make room");
}

}  // namespace suanpan::power
