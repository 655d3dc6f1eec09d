// Player: makes moves on a LedgerWorld and on the model, and compares them after each.
#pragma once

#include "protocol/command.h"
#include "tests/model/model.h"
#include "tests/property/move.h"
#include "tests/property/order_desk.h"
#include "tests/support/ledger_world.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan::testing {

// The first difference between the ledger and the model, or the first broken invariant.
struct Difference : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Owns both worlds; five members, five programs of different policies, two partners.
class Player {
public:
    explicit Player(std::uint16_t shards);

    // Makes all moves, and compares the end too. Throws Difference.
    void play(std::span<const Move> moves);

    // Commands executed, for a test that wants to know how much it has tried.
    [[nodiscard]] std::size_t commands() const { return requests_.size(); }
    [[nodiscard]] std::size_t accepted() const { return accepted_; }
    [[nodiscard]] const OrderDesk& desk() const { return desk_; }
    // Requests that were answered so.
    [[nodiscard]] std::size_t answered(Code code) const;

private:
    struct Request {
        Command command;
        Outcome outcome;
    };
    void make(const Move& move);
    void put_rules(ProgramId program);
    void restart(const Move& move);
    void take_image();
    [[nodiscard]] std::optional<CommandBody> body_of(const Move& move, CommandKind& kind) const;
    [[nodiscard]] std::optional<Command> command_of(const Move& move);
    void send(const Command& command);
    [[nodiscard]] std::uint32_t number_made(const Command& command, const Outcome& real) const;
    void repeat(const Move& move);
    void compare(const Outcome& real, const Outcome& expected, const std::string& about) const;
    // The account that the move was about; now and then, and at the end, all of them.
    void compare_after(const Move& move);
    void compare_account(const MemberId& member, ProgramId program);
    void compare_everything();
    [[nodiscard]] MemberId member_of(const Move& move) const;
    [[nodiscard]] ProgramId program_of(const Move& move) const;

    std::unique_ptr<LedgerWorld> world_;
    model::Model model_;
    OrderDesk desk_;
    Instant now_;
    std::span<const Move> left_;  // moves to come
    std::vector<Request> requests_;
    std::vector<ProgramSpec> programs_;
    std::optional<LedgerWorld::Image> image_;
    bool taking_image_ = false;
    std::uint64_t made_ = 0;  // request ids
    std::size_t accepted_ = 0;
    std::size_t moves_ = 0;
};

}  // namespace suanpan::testing
