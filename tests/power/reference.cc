#include "tests/power/reference.h"

#include "storage/journal.h"
#include "tools/data_folder.h"

#include <stdexcept>

namespace suanpan::power {

Reference::Reference(const std::filesystem::path& data) {
    tools::DataFolder folder(data.string());
    const storage::Journal& journal = folder.journal();
    tools::Replay replay(folder.directory(), 1);
    std::string wrong;
    const auto walked = journal.for_each_commit(
        Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            for (std::uint32_t i = 0; i < commit.count() && wrong.empty(); ++i)
                wrong = replay.take(commit.entry(i), commit.first_lsn() + i, 0).value_or("");
            commits_[commit.last_lsn().value] = {.chain = commit.chain(),
                                                 .state = tools::digest_of(replay.ledgers())};
            return wrong.empty();
        });
    if (!walked)
        throw std::runtime_error("the traced server's journal: " + walked.error().sentence);
    if (!wrong.empty()) throw std::runtime_error("the traced server's journal: " + wrong);
    if (commits_.empty()) throw std::runtime_error("the traced server has committed nothing");
}

}  // namespace suanpan::power
