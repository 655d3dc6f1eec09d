// show, verify, undo-verify: what becomes of a voucher.
#include "client/cli/context.h"
#include "client/cli/offer_output.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/clear_code.h"
#include "protocol/voucher_name.h"

#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <memory>
#include <span>
#include <string>

namespace suanpan::cli {
namespace {

struct Flags {
    TargetFlags target;
    std::string voucher;
    std::string life = "60s";
    std::string origin;
    std::string token;
    bool code_from_input = false;
    std::string reference;
    std::uint32_t merchant = 0;
    std::uint32_t store = 0;
    std::int64_t amount = 0;
};

TokenBytes parse_token(const std::string& text) {
    const auto bytes = bytes_of_hex(text);
    if (!bytes || bytes->size() != token_bytes)
        throw UsageError("a token is 96 hexadecimal digits, as show prints it");
    TokenBytes token{};
    std::memcpy(token.data(), bytes->data(), token.size());
    return token;
}

// From standard input, so that no list of processes and no history of a shell has it.
client::Answer verify_code(Context& context, const client::Target& target,
                           const client::Verification& asked) {
    std::string line;
    line.reserve(2 * limits::code_line_bytes_max);
    std::getline(std::cin, line);
    client::Answer answer = context.client().verify(target, std::string_view(line), asked);
    wipe(std::as_writable_bytes(std::span(line)));
    return answer;
}

void add_program(CLI::App& command, Flags& f) {
    command.add_option("-p,--program", f.target.program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
    command.add_option("--principal", f.target.principal, "Who asks at your side; journaled");
    command.add_option("--request-id", f.target.request_id, "Repeat an earlier request");
}

client::Target program_target(const Flags& f) {
    return {.member = {},
            .program = ProgramId{f.target.program},
            .principal = PrincipalId{f.target.principal},
            .request_id =
                f.target.request_id.empty() ? RequestId{} : parse_request_id(f.target.request_id)};
}

void add_show(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command =
        commands.add("show", "Make a token that a shop can verify a voucher with", [f](Context& c) {
            return report(c, c.client().show(f->target.target(), parse_voucher(f->voucher),
                                             parse_duration(f->life), origin_of(f->origin)));
        });
    f->target.add_to(*command, true);
    command->add_option("voucher", f->voucher, "As redeem and vouchers print it")->required();
    command->add_option("--life", f->life, "How long it is good, at most 60s")
        ->capture_default_str();
    command->add_option("--origin", f->origin, "The address or device that asks");
    command->footer(
        "Prints the token and nothing else. It is good for one verify; the next one that is made\n"
        "for the voucher ends it.");
}

void add_verify(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command = commands.add("verify", "Use a voucher in a shop", [f](Context& c) {
        if (f->token.empty() != f->code_from_input)
            throw UsageError("verify needs --token TOKEN, or --code and the code on its input");
        const client::Target target = program_target(*f);
        const client::Verification asked{.reference = f->reference,
                                         .merchant = f->merchant,
                                         .store = f->store,
                                         .amount = f->amount,
                                         .origin = origin_of(f->origin)};
        if (f->code_from_input) return report(c, verify_code(c, target, asked));
        return report(c, c.client().verify(target, parse_token(f->token), asked));
    });
    add_program(*command, *f);
    command->add_option("--token", f->token, "As show prints it");
    command->add_flag("--code", f->code_from_input,
                      "The voucher's code instead: one line of standard input");
    command->add_option("--reference", f->reference, "Your own name of this verification")
        ->required();
    command->add_option("--merchant", f->merchant, "Whose shop it is");
    command->add_option("--store", f->store, "Which shop");
    command->add_option("--amount", f->amount,
                        "Uses, or minor units; 0: one use, or all that is left of an amount");
    command->add_option("--origin", f->origin, "The address or device that asks");
    command->footer(
        "The same reference again changes nothing and gets the first answer, so a till may repeat\n"
        "it as often as it likes.");
}

void add_undo(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command =
        commands.add("undo-verify", "Give back what a verification used", [f](Context& c) {
            return report(c, c.client().undo_verify(program_target(*f), parse_voucher(f->voucher),
                                                    f->reference));
        });
    add_program(*command, *f);
    command->add_option("voucher", f->voucher, "As verify prints it")->required();
    command->add_option("--reference", f->reference, "Of the verification")->required();
    command->footer("As long and as often as the offer allowed when the voucher was issued.");
}

}  // namespace

void add_voucher_commands(Commands& commands) {
    add_show(commands);
    add_verify(commands);
    add_undo(commands);
}

}  // namespace suanpan::cli
