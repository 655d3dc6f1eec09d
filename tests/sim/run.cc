#include "tests/sim/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace suanpan::sim {

SimPartners::SimPartners() {
    std::string text;
    for (const std::uint32_t id : {1U, 2U}) {
        std::string key;
        for (int i = 0; i < 32; ++i) key += fmt::format("{:02x}", id);
        text += fmt::format(
            "[[partner]]\nid = {}\nname = \"sim {}\"\nkey = \"{}\"\nkinds = \"all\"\nprograms = "
            "\"all\"\n",
            id, id, key);
    }
    const std::string file = folder_.write("partners.toml", text);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    directory_ = std::make_unique<PartnerDirectory>(file);
}

bool may_be_missed(std::string_view probe_sentence) {
    constexpr std::array<std::string_view, 6> sentences{
        // A store whose index is ahead of its values: the real files' images show that.
        "an incomplete last commit was dropped",
        // Rot in a record shows when the records are read, not when the file is opened.
        "a bad checkpoint was passed over",
        // More than 64 items due at once: one seed in hundreds gets there.
        "a request posted more due items than fit into its own entry",
        "more was due than one entry posts along",
        // One ticket lost with its entry, and a later one durable: not seen in the first 60 seeds.
        "a start found tickets that a crash took",
        // Between the new JOURNAL and the first file to go: not seen in 300 seeds of 600 requests.
        "a process died before the removal of a segment while it served",
    };
    return std::ranges::find(sentences, probe_sentence) != sentences.end();
}

std::string replay_line(const SimOptions& options) {
    return fmt::format("suanpan-sim --seed={} --events={}", options.seed, options.events);
}

}  // namespace suanpan::sim
