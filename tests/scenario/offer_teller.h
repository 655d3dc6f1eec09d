// OfferTeller: tells stories about offers, codes and vouchers to a WireWorld.
#pragma once

#include "tests/scenario/checkout_teller.h"
#include "tests/scenario/wire_world.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace suanpan::testing {

// The language: docs/testing.md, "Stories about offers". What it does not know it leaves to the
// CheckoutTeller: confirm, cancel and order of a redemption with cash among it.
class OfferTeller {
public:
    explicit OfferTeller(WireWorld& world) : world_(world), checkout_(world) {}

    // What came out otherwise than the step says, in a sentence; empty where all is as told. Throws
    // std::runtime_error where the step cannot be understood.
    std::string tell(const Step& step);
    // Every code that a step has produced so far, as it was told to.
    [[nodiscard]] std::set<Code> codes() const;

private:
    // What a story has of a voucher.
    struct Named {
        VoucherNumber number;
        MemberId member;
        ProgramId program{};
        std::string code;  // that its owner has seen last
    };
    struct ToldOffer {
        std::string kind;
        Instant from;
        std::string text;  // behind its head
        std::uint32_t version = 0;
    };
    // A program's file, as the server has it.
    struct File {
        std::uint32_t version = 0;
        std::map<std::uint32_t, ToldOffer> offers;
        std::map<std::uint32_t, std::string> velocity;
    };

    std::string send(const std::string& verb, Words& words, const Step& step);
    void read_file(const std::string& verb, Words& words, Command& command, const Step& step);
    void read_offer(Words& words, File& file, Instant now);
    void read_import(Words& words, Command& command);
    void read_redeem(Words& words, Command& command);
    void read_verify(Words& words, Command& command);
    void read_of_voucher(const std::string& verb, Words& words, Command& command);
    void read_list(const std::string& verb, Words& words, Command& command);
    bool read_common(Words& words, Command& command, const Step& step);
    void take_owner(const std::string& word, Command& command);
    [[nodiscard]] Named voucher_named(const std::string& name) const;
    [[nodiscard]] std::string text_of_file(const File& file) const;
    void set_text(std::string_view text);
    // What the answer lets later steps name.
    void remember(const WireAnswer& answer, const Command& command);

    // offer_answers.cc
    std::string compare(const WireAnswer& answer, const Step& step);
    [[nodiscard]] static std::string compare_one(const WireAnswer& answer, Words& words);
    std::string compare_stock(Words& words, const Step& step);

    WireWorld& world_;
    CheckoutTeller checkout_;
    std::map<ProgramId, File> files_;
    std::map<std::string, Named> vouchers_;  // NAME for the first unit, NAME.1 for the next
    std::map<std::string, TokenBytes> tokens_;
    std::map<std::string, RequestId> request_ids_;
    std::set<Code> codes_;
    std::uint64_t sent_ = 0;

    // Of the step that is being read.
    CommandPayload payload_;
    File file_;  // as it will be
    std::string name_;
    std::string order_name_;
    ProgramId naming_{};
};

}  // namespace suanpan::testing
