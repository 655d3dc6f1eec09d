// CheckoutTeller: tells stories about orders to a WireWorld.
#pragma once

#include "tests/scenario/storyteller.h"
#include "tests/scenario/wire_world.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::testing {

// The language: docs/testing.md, "Stories about orders". What it does not know it leaves to the
// Storyteller.
class CheckoutTeller {
public:
    explicit CheckoutTeller(WireWorld& world) : world_(world), others_(world) {}

    // What came out otherwise than the step says, in a sentence; empty where all is as told. Throws
    // std::runtime_error where the step cannot be understood.
    std::string tell(const Step& step);
    // Every code that a step has produced so far, as it was told to.
    [[nodiscard]] std::set<Code> codes() const;

    // For the teller of stories about offers, whose redemptions with cash are orders too.
    void know_order(const std::string& name, const CommandHead& head, Money cash);
    [[nodiscard]] Storyteller& others() { return others_; }

private:
    // What a quote or an order of a story is called, and whose it is.
    struct Named {
        PartnerId partner{};
        MemberId member;
        ProgramId program{};
        QuoteAnswer quote;
    };
    std::string send(const std::string& verb, Words& words, const Step& step);
    void read_rules(Words& words, Command& command, const Step& step);
    void read_quote(Words& words, Command& command);
    void read_settle(Words& words, Command& command);
    void read_about_order(const std::string& verb, Words& words, Command& command);
    bool read_common(Words& words, Command& command, const Step& step);
    void take_owner(const std::string& word, Command& command);
    std::string compare(const WireAnswer& answer, const Step& step);
    [[nodiscard]] std::string compare_one(const WireAnswer& answer, Words& words);

    WireWorld& world_;
    Storyteller others_;
    std::map<std::string, Named> quotes_;
    std::map<std::string, Named> orders_;  // by their names, which a story gives out once
    std::map<std::string, RequestId> request_ids_;
    std::set<Code> codes_;
    std::map<ProgramId, std::uint32_t> versions_;  // of rules that were accepted
    std::uint64_t sent_ = 0;
    std::uint64_t random_ = 1;

    // Of the step that is being read.
    CommandPayload payload_;
    std::string quote_name_;
    std::string order_name_;
};

}  // namespace suanpan::testing
