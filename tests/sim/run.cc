#include "tests/sim/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace suanpan::sim {

SimPartners::SimPartners() {
    std::string name = "/tmp/suanpan-sim-XXXXXX";
    const int file = mkstemp(name.data());
    if (file < 0) throw std::runtime_error("cannot make a file in /tmp; make room there");
    close(file);
    file_ = name;
    std::ofstream out(file_);
    for (const std::uint32_t id : {1U, 2U})
        out << fmt::format(
            "[[partner]]\nid = {}\nname = \"sim {}\"\nkey = \"{}\"\nkinds = \"all\"\nprograms = "
            "\"all\"\n",
            id, id, [id] {
                std::string hex;
                for (int i = 0; i < 32; ++i) hex += fmt::format("{:02x}", id);
                return hex;
            }());
    out.close();
    directory_ = std::make_unique<PartnerDirectory>(file_);
}

SimPartners::~SimPartners() {
    std::remove(file_.c_str());
}

bool may_be_missed(std::string_view probe_sentence) {
    constexpr std::array<std::string_view, 4> sentences{
        // A store whose index is ahead of its values: the real files' images show that.
        "an incomplete last commit was dropped",
        // Rot in a record shows when the records are read, not when the file is opened.
        "a bad checkpoint was passed over",
        // More than 64 items due at once: one seed in hundreds gets there.
        "a request posted more due items than fit into its own entry",
        "more was due than one entry posts along",
    };
    return std::ranges::find(sentences, probe_sentence) != sentences.end();
}

std::string replay_line(const SimOptions& options) {
    return fmt::format("suanpan-sim --seed={} --events={}", options.seed, options.events);
}

}  // namespace suanpan::sim
