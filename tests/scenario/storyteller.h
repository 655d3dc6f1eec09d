// Storyteller: tells a story to a subject and compares what comes out.
#pragma once

#include "protocol/code.h"
#include "protocol/command.h"
#include "tests/scenario/story.h"
#include "tests/support/subject.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace suanpan::testing {

// The language: docs/testing.md, "Stories".
class Storyteller {
public:
    explicit Storyteller(Subject& subject) : subject_(subject) {}

    // What came out otherwise than the step says, in a sentence; empty where all is as told. Throws
    // std::runtime_error where the step cannot be understood.
    std::string tell(const Step& step);
    // Every code that a step has produced so far, as it was told to.
    [[nodiscard]] const std::set<Code>& codes() const { return codes_; }
    // True where the last step was refused: nothing may have changed (INV-13).
    [[nodiscard]] bool was_refused() const { return was_refused_; }

    // For a teller of other stories that shares names with this one.
    struct Account {
        MemberId member;
        ProgramId program{};
    };
    [[nodiscard]] Account account_named(const std::string& word);
    [[nodiscard]] ProgramId program_named(const std::string& name);
    [[nodiscard]] ProgramId home() const { return home_.value(); }
    // Makes the story's own program where `step` is its first and makes none.
    void begin(const Step& step);

private:
    // What `as NAME` stands for.
    struct Named {
        MemberId member;
        ProgramId program{};
        Outcome outcome;
    };
    void start(const Step& step);
    // The step's command, sent once more under a request id of its own.
    std::string send(const std::string& verb, const std::vector<std::string>& asked,
                     const std::string& name, const Step& step);
    Command read_command(const std::string& verb, Words& words, const Step& step);
    CommandBody read_body(const std::string& verb, Words& words);
    PutProgram read_program(bool create, Words& words);
    void read_account(const std::string& word);
    [[nodiscard]] const Named& named(const std::string& name) const;
    std::string compare(const Outcome& outcome, const Step& step);
    std::string compare_expiring(const Expiring& expiring, const Step& step) const;
    std::string compare_totals(const SubjectTotals& totals, const Step& step) const;
    std::string compare_statement(const Step& step) const;

    Subject& subject_;
    std::map<std::string, MemberId> members_;
    std::map<std::string, ProgramId> programs_;
    std::map<std::string, Named> names_;
    std::map<std::string, RequestId> request_ids_;
    std::set<Code> codes_;
    std::optional<ProgramId> home_;  // the program of accounts that name none
    bool was_refused_ = false;
    bool started_ = false;
    std::uint64_t sent_ = 0;

    // Of the step that is being read.
    MemberId member_;
    ProgramId program_{};
    Instant now_;
};

}  // namespace suanpan::testing
