// Installs a new version of a program, of its rules or offers, or the recall of a batch, on every
// shard, before anybody is told that it is there.
#pragma once

#include "protocol/command.h"
#include "server/shard/exchange.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace suanpan::shard {

// The owner's side (shard 0): the client's entry, durable, is "prepared"; then every other shard
// installs the version; then an entry "active" is journaled, and the client's answer waits for it.
// A crash in between rolls forward: a replay installs, on every shard, what was prepared, since its
// request id counts as executed from then on (P2).
//
// One installation at a time; a second one is answered `busy`. On the owner's thread only.
class ProgramInstaller {
public:
    explicit ProgramInstaller(std::uint16_t shards) : shards_(shards) {}

    [[nodiscard]] bool is_busy() const { return running_.has_value(); }
    // Of the installation that is under way.
    [[nodiscard]] std::optional<ProgramId> program() const {
        if (!running_) return std::nullopt;
        return running_->command.head.program;
    }

    // The client's entry is staged; its answer comes to `installer_session` when it is durable.
    void begin(const Command& command, const ReplyTo& client) {
        running_ = Running{.command = command, .client = client, .outcome = {}, .body = nullptr};
    }
    // That answer: now the other shards must be told.
    void prepared(const Outcome& outcome, std::unique_ptr<ReplyBody> body = nullptr) {
        running_->outcome = outcome;
        running_->body = std::move(body);
        running_->next_to_tell = 1;
    }
    // Tells as many shards as there are credits for. Call on every turn.
    template <typename TrySend>
    void tell(TrySend&& try_send) {
        if (!running_ || running_->next_to_tell == 0) return;
        while (running_->next_to_tell < shards_ &&
               try_send(ShardIndex{running_->next_to_tell}, running_->command))
            ++running_->next_to_tell;
    }
    void told() { ++running_->acknowledged; }
    // True where every shard has it, and "active" is to be journaled.
    [[nodiscard]] bool is_everywhere() const {
        return running_ && running_->next_to_tell > 0 && running_->acknowledged + 1 == shards_;
    }

    struct Finished {
        Command command;
        Reply reply;
    };
    // Ends the installation; the reply goes out once "active" is durable.
    [[nodiscard]] Finished finish() {
        Finished finished{.command = running_->command,
                          .reply = {.to = running_->client,
                                    .outcome = running_->outcome,
                                    .body = std::move(running_->body)}};
        running_.reset();
        return finished;
    }

private:
    struct Running {
        Command command;
        ReplyTo client;
        Outcome outcome;
        std::unique_ptr<ReplyBody> body;  // of the answer, where it has more
        std::uint16_t next_to_tell = 0;   // 0: not durable yet
        std::uint16_t acknowledged = 0;
    };
    std::uint16_t shards_;
    std::optional<Running> running_;
};

}  // namespace suanpan::shard
