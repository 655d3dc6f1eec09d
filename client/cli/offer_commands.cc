// offers, offers put, redeem, vouchers, reveal: cards for points.
#include "client/cli/context.h"
#include "client/cli/offer_output.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/base/hash.h"
#include "protocol/voucher_name.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace suanpan::cli {
namespace {

struct Flags {
    TargetFlags target;
    std::uint32_t offer = 0;
    std::int64_t quantity = 1;
    std::string origin;
    std::int64_t cash = 0;
    std::string order;
    std::string voucher;
    std::string state;
    std::string after;
    std::uint32_t after_offer = 0;
    std::uint16_t rows = 0;
    std::string file;
    std::uint32_t version = 0;
};
using FlagsPtr = std::shared_ptr<Flags>;

std::uint8_t parse_state(const std::string& text) {
    if (text.empty()) return 0;
    for (std::uint8_t state = 1; state <= 6; ++state)
        if (name_of(static_cast<VoucherStateNumber>(state)) == text) return state;
    throw UsageError("--state is issued, gift_pending, verified, expired, refunded or void");
}

std::string text_in(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw UsageError(fmt::format("{} cannot be read", file));
    return {std::istreambuf_iterator<char>(stream), {}};
}

ExitCode put_offers(Context& context, const Flags& f) {
    const RequestId id =
        f.target.request_id.empty() ? RequestId{} : parse_request_id(f.target.request_id);
    return report(context, context.client().put_offers(ProgramId{f.target.program}, f.version,
                                                       text_in(f.file), id));
}

void add_program(CLI::App& command, std::uint32_t& program) {
    command.add_option("-p,--program", program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
}

void add_origin(CLI::App& command, std::string& origin) {
    command.add_option("--origin", origin,
                       "The address or device that asks; a hash of it is sent, and counted by the "
                       "offers' velocity rules");
}

// `offers MEMBER` reads, `offers put FILE` writes.
void add_offers(Commands& commands) {
    const auto read = std::make_shared<Flags>();
    const auto put = std::make_shared<Flags>();
    const auto put_command = std::make_shared<CLI::App*>(nullptr);
    CLI::App* command = commands.add(
        "offers", "Show what a member could take now, or load a program's offers",
        [read, put, put_command](Context& context) {
            if ((*put_command)->parsed()) return put_offers(context, *put);
            if (read->target.member.empty())
                throw UsageError("offers MEMBER, or offers put FILE --version N");
            return report(
                context, context.client().offers(read->target.target(), {.after = read->after_offer,
                                                                         .rows_max = read->rows}));
        });
    command->add_option("member", read->target.member, "32 hex digits, or name:<text>");
    add_program(*command, read->target.program);
    command->add_option("--after", read->after_offer, "Offers with a number above this");
    command->add_option("-n,--rows", read->rows, "How many, at most 200; 0: 200");
    command->footer(
        "Listed is what is open, in stock, for the member's level and segments, within its "
        "limits,\n"
        "and affordable with the points it has. Stock may be 100 ms old: redeem has the last "
        "word.");
    *put_command = command->add_subcommand("put", "Load the next version of a program's offers");
    (*put_command)->add_option("file", put->file, "An offer file (docs/cards.md)")->required();
    add_program(**put_command, put->target.program);
    (*put_command)
        ->add_option("--version", put->version,
                     "Of the file: the one that there is, plus 1; the first is 1")
        ->required();
    (*put_command)->add_option("--request-id", put->target.request_id, "Repeat an earlier request");
    (*put_command)
        ->footer(
            "The whole file counts: an offer that it leaves out is no longer sold. An offer that\n"
            "changes needs its own next version. Two who put at once: one is version_not_next, "
            "and\n"
            "nothing of it is taken.");
}

void add_redeem(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command =
        commands.add("redeem", "Take units of an offer for points", [f](Context& context) {
            if ((f->cash > 0) == f->order.empty())
                throw UsageError("--cash and --order go together: the order waits for the cash");
            if (f->cash > 0)
                return report(context, context.client().redeem_with_cash(
                                           f->target.target(), f->offer, f->quantity,
                                           Money{f->cash}, f->order, origin_of(f->origin)));
            return report(context, context.client().redeem(f->target.target(), f->offer,
                                                           f->quantity, origin_of(f->origin)));
        });
    f->target.add_to(*command, true);
    command->add_option("offer", f->offer, "The offer's number")->required();
    command->add_option("-q,--quantity", f->quantity, "Units: all of them or none")
        ->capture_default_str();
    command->add_option("--cash", f->cash, "Minor units that will be paid, for all units");
    command->add_option("--order", f->order, "With --cash: your own name of the order");
    add_origin(*command, f->origin);
    command->footer(
        "With --cash, units and points are set aside until the time that is printed: then\n"
        "confirm ORDER when it is paid, or cancel ORDER. vouchers and reveal show the codes.\n"
        "Points, limits, stock and codes change together or not at all. The ticket is the place "
        "in\n"
        "the offer's line. sold_out is final; all_set_aside is not, ask again under the same id.\n"
        "If it ends as unknown, run it again with the --request-id it printed: it is executed at\n"
        "most once, and the repeat shows the same vouchers and codes. --json shows them as\n"
        "redeemed.vouchers[].code: mind where that output goes.");
}

void add_vouchers(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command = commands.add("vouchers", "Show a member's vouchers", [f](Context& context) {
        ReadVouchers page{.after = {}, .state = parse_state(f->state), .rows_max = f->rows};
        if (!f->after.empty()) page.after = parse_voucher(f->after);
        return report(context, context.client().vouchers(f->target.target(), page));
    });
    f->target.add_to(*command, false);
    command->add_option("--state", f->state,
                        "Only issued, gift_pending, verified, expired, refunded or void ones");
    command->add_option("--after", f->after, "Vouchers behind this one");
    command->add_option("-n,--rows", f->rows, "How many, at most 1000; 0: 1000");
    command->footer("Codes are not shown here: suanpan reveal shows one, and that is remembered.");
}

void add_reveal(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command =
        commands.add("reveal", "Show the code of a member's voucher", [f](Context& context) {
            return report(context,
                          context.client().reveal(f->target.target(), parse_voucher(f->voucher),
                                                  origin_of(f->origin)));
        });
    f->target.add_to(*command, true);
    command->add_option("voucher", f->voucher, "As redeem and vouchers print it")->required();
    add_origin(*command, f->origin);
    command->footer(
        "Prints the code and nothing else. From then on the voucher counts as seen: given back, "
        "its\n"
        "code is not sold again.");
}

}  // namespace

void add_offer_commands(Commands& commands) {
    add_offers(commands);
    add_redeem(commands);
    add_vouchers(commands);
    add_reveal(commands);
}

}  // namespace suanpan::cli
