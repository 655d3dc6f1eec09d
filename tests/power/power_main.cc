// suanpan-power: pulls the plug on a traced server, thousands of times.
//
//   suanpan-power [--seed N] [--images N] [--lives N] [--server PATH] ...
//
// Runs a server under load and under write_shim, then makes images of its data directory as of
// random moments, each with another part of what had not been flushed missing or torn, and starts
// recovery on each (image_check.h). Exit code: 0 all sound, 3 an image was refused or lacks what
// was acknowledged, 1 the proof itself could not run.
#include "tests/power/acknowledgements.h"
#include "tests/power/disk_model.h"
#include "tests/power/folder_in_memory.h"
#include "tests/power/image_check.h"
#include "tests/power/reference.h"
#include "tests/power/traced_load.h"
#include "tests/power/traced_shopper.h"
#include "tests/support/temporary_folder.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace suanpan::power {
namespace {

constexpr int exit_lost = 3;
constexpr std::uint64_t shown_max = 5;  // bad images that are described

struct Arguments {
    TracedLoadOptions load;
    std::string trace;  // of an earlier run
    std::uint64_t images = 300;
    std::optional<std::uint64_t> only_image;
    std::uint64_t server_every = 20;  // images that the whole server starts on
    std::uint64_t segment_bytes = small_segment_bytes;
    bool forget_flushes = false;
    bool expect_losses = false;
};

struct Moment {
    std::size_t items = 0;  // of the trace, before the power goes
    std::uint64_t image = 0;
};

std::mt19937_64 random_of(std::uint64_t seed, std::uint64_t image) {
    std::seed_seq words{seed, image, std::uint64_t{0x706f776572}};
    return std::mt19937_64(words);
}

bool is_busy(TraceKind kind) {
    return kind != TraceKind::sent && kind != TraceKind::closed && kind != TraceKind::opened;
}

// Half of the images are of any moment, half of one at which the disk was being changed.
std::vector<Moment> choose_moments(const Trace& trace, const Arguments& arguments) {
    std::vector<std::size_t> busy;
    for (std::size_t i = 0; i < trace.items().size(); ++i)
        if (is_busy(trace.items()[i].head.kind)) busy.push_back(i + 1);
    std::vector<Moment> moments;
    for (std::uint64_t image = 0; image < arguments.images; ++image) {
        if (arguments.only_image && *arguments.only_image != image) continue;
        std::mt19937_64 random = random_of(arguments.load.seed, image);
        const std::uint64_t at = random();
        const std::size_t items =
            image % 2 == 0 ? at % trace.items().size() + 1 : busy[at % busy.size()];
        moments.push_back({.items = items, .image = image});
    }
    std::ranges::sort(moments, {}, &Moment::items);
    return moments;
}

struct Verdict {
    std::uint64_t images = 0;
    std::uint64_t with_loss = 0;  // something pending was missing or torn
    std::uint64_t bad = 0;
    std::uint64_t servers = 0;
    std::array<std::uint64_t, losses> by_loss{};
    Lsn acknowledged;
};

class Proof {
public:
    Proof(const Arguments& arguments, const std::filesystem::path& traced,
          const std::filesystem::path& images)
        : arguments_(arguments),
          traced_(traced),
          images_(images),
          trace_(traced),
          reference_(traced / "data"),
          disk_(images) {
        if (arguments.forget_flushes) disk_.forget_flushes_of_files();
    }

    [[nodiscard]] Verdict run() {
        fmt::print("trace: {} records; journal: {} commits, LSN 1 to {}\n", trace_.items().size(),
                   reference_.commits(), reference_.last_lsn().value);
        std::size_t taken = 0;
        for (const Moment& moment : choose_moments(trace_, arguments_)) {
            for (; taken < moment.items; ++taken) {
                disk_.take(trace_.items()[taken]);
                acknowledgements_.take(trace_.items()[taken]);
            }
            check(moment);
        }
        verdict_.acknowledged = acknowledgements_.highest();
        return verdict_;
    }

private:
    void check(const Moment& moment) {
        std::mt19937_64 random = random_of(arguments_.load.seed, moment.image);
        random.discard(1);
        const auto loss = static_cast<Loss>(random() % losses);
        const std::size_t lost = disk_.write_image(loss, random);
        ImageQuestion question{.data = images_ / "data",
                               .acknowledged = acknowledgements_.highest(),
                               .shards = static_cast<std::uint16_t>(random() % 3 + 1),
                               .segment_bytes = arguments_.segment_bytes,
                               .start_server = moment.image % arguments_.server_every == 0,
                               .partners_file = traced_ / "partners.toml",
                               .master_keys_file = master_keys_in(traced_)};
        const std::string wrong = check_image(question, reference_);
        ++verdict_.images;
        ++verdict_.by_loss[static_cast<std::size_t>(loss)];
        verdict_.with_loss += lost > 0 ? 1 : 0;
        verdict_.servers += question.start_server ? 1 : 0;
        if (!wrong.empty() && ++verdict_.bad <= shown_max) {
            fmt::print(
                "image {} (after record {}, lost: {}, {} piece(s) missing; acknowledged up to "
                "LSN {}):\n  {}\n  again: suanpan-power --trace {} --seed {} --images {} "
                "--only-image {}{}\n",
                moment.image, moment.items, text_of(loss), lost, question.acknowledged.value, wrong,
                traced_.string(), arguments_.load.seed, arguments_.images, moment.image,
                arguments_.forget_flushes ? " --forget-flushes" : "");
            std::fflush(stdout);
        }
        std::error_code ignored;
        if (arguments_.only_image) {
            fmt::print("the image, as the check has left it: {}\n", question.data.string());
            return;
        }
        std::filesystem::remove_all(question.data, ignored);
    }

    const Arguments& arguments_;
    const std::filesystem::path traced_;
    const std::filesystem::path images_;
    const Trace trace_;
    const Reference reference_;
    DiskModel disk_;
    Acknowledgements acknowledgements_;
    Verdict verdict_;
};

int run(Arguments& arguments) {
    std::optional<TemporaryFolder> traced;
    if (arguments.trace.empty()) {
        traced.emplace();
        arguments.load.folder = traced->path();
        fmt::print("suanpan-power --seed {} --images {} --lives {}\n", arguments.load.seed,
                   arguments.images, arguments.load.lives);
        std::fflush(stdout);
        run_traced_load(arguments.load);
        arguments.trace = traced->path().string();
    }
    TemporaryFolder images(folder_in_memory());
    if (arguments.only_image) images.keep();
    const auto began = std::chrono::steady_clock::now();
    const Verdict verdict = Proof(arguments, arguments.trace, images.path()).run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fmt::print(
        "power loss: {} images in {:.1f} s, {} of them with something lost or torn, {} "
        "started as a whole server; acknowledged up to LSN {}\n",
        verdict.images, took.count(), verdict.with_loss, verdict.servers,
        verdict.acknowledged.value);
    for (std::uint32_t i = 0; i < losses; ++i)
        fmt::print("  {:>10}: {}\n", text_of(static_cast<Loss>(i)), verdict.by_loss[i]);
    if (arguments.expect_losses) {
        fmt::print("{} image(s) bad, as they must be here\n", verdict.bad);
        return verdict.bad > 0 ? 0 : 1;
    }
    if (verdict.bad == 0 && verdict.acknowledged.value > 0) return 0;
    fmt::print("{} image(s) refused or without what was acknowledged\n", verdict.bad);
    if (traced) traced->keep();
    return exit_lost;
}

int main_of(int argc, char** argv) {
    Arguments arguments;
    arguments.load.server = SUANPAN_SMALL_SERVER_PATH;
    arguments.load.shim = SUANPAN_WRITE_SHIM_PATH;
    arguments.load.seed = std::random_device()();
    std::string server;
    CLI::App app{"Pulls the plug on a traced server: power-loss images of its real files.",
                 "suanpan-power"};
    app.add_option("--seed", arguments.load.seed, "chooses load, moments and losses");
    app.add_option("--images", arguments.images, "images to make and start")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--lives", arguments.load.lives, "lives of the server; all but one are killed")
        ->check(CLI::Range(1, 1000));
    app.add_option("--records", arguments.load.records_per_life, "about so many writes per life");
    app.add_option("--batch-max", arguments.load.batch_events_max, "events in a frame");
    app.add_option("--server", server, "another server than suanpan-small-server");
    app.add_option("--flag", arguments.load.server_flags, "a word for the server's command line");
    app.add_option("--segment-bytes", arguments.segment_bytes, "of the server that is checked");
    app.add_option("--server-every", arguments.server_every,
                   "every n-th image starts a whole server")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--trace", arguments.trace, "use the trace that an earlier run has kept");
    app.add_option("--only-image", arguments.only_image,
                   "make and check this image alone, and keep it");
    app.add_flag("--expect-losses", arguments.expect_losses,
                 "self-test: 0 where an image is bad, 1 where none is; keeps no trace");
    app.add_flag("--forget-flushes", arguments.forget_flushes,
                 "self-test: a flush of a file makes nothing durable, so that images must fail");
    CLI11_PARSE(app, argc, argv);
    if (!server.empty()) arguments.load.server = server;
    return run(arguments);
}

}  // namespace
}  // namespace suanpan::power

int main(int argc, char** argv) {
    try {
        return suanpan::power::main_of(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-power: {}\n", error.what());
        return 1;
    }
}
