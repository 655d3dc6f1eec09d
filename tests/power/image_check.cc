#include "tests/power/image_check.h"

#include "server/server.h"
#include "server/shard/recovery.h"
#include "storage/journal.h"
#include "storage/lmdb_volume.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace suanpan::power {
namespace {

constexpr unsigned seconds_max = 120;

// The journal of `question.data`, as a start finds it: a beginning of the reference, complete up to
// what was acknowledged, with the state that belongs there. Throws what is wrong.
void recover(const ImageQuestion& question, const Reference& reference) {
    const auto volume = storage::open_lmdb_volume(question.data.string());
    const auto directory = storage::DataDirectory::open(*volume, {});
    storage::JournalOptions options;
    options.segment_bytes = question.segment_bytes;
    const auto journal = storage::Journal::open(directory, options);
    const Lsn last = journal->last_lsn();
    if (last < question.acknowledged)
        throw std::runtime_error("the journal ends with LSN " + std::to_string(last.value) +
                                 " but LSN " + std::to_string(question.acknowledged.value) +
                                 " was acknowledged");
    std::string wrong;
    const auto walked = journal->for_each_commit(
        Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            const Reference::Commit* same = reference.find(commit.last_lsn());
            if (same == nullptr || same->chain != commit.chain())
                wrong = "the commit that ends with LSN " + std::to_string(commit.last_lsn().value) +
                        " is none that was written";
            return wrong.empty();
        });
    if (!walked) throw std::runtime_error(walked.error().sentence);
    if (!wrong.empty()) throw std::runtime_error(wrong);
    const shard::Recovered recovered =
        shard::recover(directory, *journal, {.shards = question.shards, .threads = false});
    if (last.value == 0) return;
    if (!(tools::digest_of(recovered.ledgers) == reference.find(last)->state))
        throw std::runtime_error("INV-12: the state recovered at LSN " +
                                 std::to_string(last.value) + " from the checkpoint of LSN " +
                                 std::to_string(recovered.checkpoint_lsn.value) +
                                 " is not the one that the journal gives from zero");
}

void start_and_stop(const ImageQuestion& question) {
    ServerConfig config;
    config.data_dir = question.data;
    config.partners_file = question.partners_file;
    config.master_keys_file = question.master_keys_file;
    config.port = 0;
    config.metrics_port = 0;
    config.shards = question.shards;
    config.segment_bytes = question.segment_bytes;
    config.log_level = LogLevel::error;
    log_start(config.log_level, config.log_format);
    for (int i = 0; i < 2; ++i) {
        Server server(config);
        if (!server.stop()) throw std::runtime_error("the server did not come to rest");
    }
}

}  // namespace

std::string in_child(const std::function<std::string()>& work) {
    int pipe_ends[2] = {-1, -1};
    if (::pipe(pipe_ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no process for the check");
    if (child == 0) {
        ::close(pipe_ends[0]);
        for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
            ::signal(signal, SIG_DFL);
        ::alarm(seconds_max);
        const std::string answer = work();
        const ssize_t written = ::write(pipe_ends[1], answer.data(), answer.size());
        ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
    }
    ::close(pipe_ends[1]);
    std::string answer;
    char buffer[4096];
    while (true) {
        const ssize_t got = ::read(pipe_ends[0], buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(pipe_ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status))
        return std::string(crash_words) + " signal " + std::to_string(WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return std::string(crash_words) + " exit code " + std::to_string(WEXITSTATUS(status));
    return answer;
}

std::string check_image(const ImageQuestion& question, const Reference& reference) {
    if (!std::filesystem::exists(question.data)) {
        if (question.acknowledged.value == 0) return "";
        return "the data directory itself is gone, its name had not been flushed";
    }
    return in_child([&]() -> std::string {
        try {
            recover(question, reference);
            if (question.start_server) start_and_stop(question);
            return "";
        } catch (const std::exception& error) {
            return error.what();
        }
    });
}

}  // namespace suanpan::power
