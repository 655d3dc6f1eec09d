// suanpan-rules: checks rule files, says what a change does to whom, prices an order. Offline.
#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/rules/rule_book.h"
#include "server/rules/rule_diff.h"
#include "server/rules/rule_file.h"
#include "server/rules/rule_text.h"
#include "tools/order_file.h"
#include "tools/quote_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>

namespace suanpan::tools {
namespace {

using namespace rules;

constexpr int exit_sound = 0;
constexpr int exit_not_sound = 1;  // a file with mistakes, an adverse change, a refused order
constexpr int exit_usage = 2;
constexpr int exit_cannot_read = 3;

struct CannotRead {
    std::string message;
};

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw CannotRead{fmt::format("{}: cannot be read", path)};
    std::string text(limits::rule_book_bytes_max + 1,
                     '\0');  // one more, so that a longer file is noticed
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

void print_mistakes(const std::string& path, const RuleMistakes& mistakes) {
    for (const RuleMistake& mistake : mistakes) {
        fmt::print(stderr, "{}: {}\n", path, to_text(mistake));
    }
}

std::optional<RuleSpec> spec_of(const std::string& path, const std::string& content) {
    auto spec = parse_rules(content);
    if (spec.has_value()) return *std::move(spec);
    print_mistakes(path, spec.error());
    return std::nullopt;
}

std::optional<RuleSpec> spec_of(const std::string& path) {
    return spec_of(path, content_of(path));
}

std::string hex_of(const Sha256& hash) {
    std::string text;
    for (const std::byte byte : hash) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

int check(const std::string& path) {
    const std::string content = content_of(path);
    const auto spec = spec_of(path, content);
    if (!spec) return exit_not_sound;
    const RuleSpec& rules = *spec;
    fmt::print("program {} version {}: sound\n", static_cast<std::uint32_t>(rules.program),
               rules.version);
    fmt::print(
        "{} deductions, {} limits, {} campaigns, {} prices, {} full reductions, {} coupons, "
        "{} restrictions\n",
        rules.deductions.size(), rules.limits.size(), rules.campaigns.size(), rules.prices.size(),
        rules.reductions.size(), rules.coupons.size(), rules.restrictions.size());
    // Of the file as it is: what `terms` and every order of a server have that has loaded it.
    fmt::print("hash {}\n", hex_of(sha256(std::as_bytes(std::span(content)))));
    return exit_sound;
}

int terms(const std::string& path) {
    const auto spec = spec_of(path);
    if (!spec) return exit_not_sound;
    fmt::print("{}", text_of(*spec));
    return exit_sound;
}

int diff(const std::string& path_before, const std::string& path_after) {
    const auto before = spec_of(path_before);
    const auto after = spec_of(path_after);
    if (!before || !after) return exit_not_sound;
    const RuleDiff changes = compare(*before, *after);
    for (const RuleChange& change : changes.changes) {
        fmt::print("{} {}: {} ({})\n", change.adverse ? "adverse" : "fine   ", change.path,
                   change.change, change.who);
    }
    if (changes.is_adverse()) {
        fmt::print("adverse: publish it at least {} days before it takes effect\n",
                   before->notice_days);
        return exit_not_sound;
    }
    fmt::print("not adverse: it may take effect at once\n");
    return exit_sound;
}

int quote_file(const std::string& rules_path, const std::string& order_path) {
    auto spec = spec_of(rules_path);
    if (!spec) return exit_not_sound;
    const RuleBook book(*std::move(spec));
    const auto file = parse_order(content_of(order_path), book.spec().effective_from);
    if (!file.has_value()) {
        print_mistakes(order_path, file.error());
        return exit_not_sound;
    }
    const Quoted<Quote> answer =
        quote(book, file->whole_order(), file->whole_purse(), NoUsage(), file->at);
    if (!answer.has_value()) {
        fmt::print(stderr, "refused: {} (place {})\n", reason_of(answer.error().why),
                   answer.error().place + 1);
        return exit_not_sound;
    }
    fmt::print("{}", text_of(*answer));
    return exit_sound;
}

int run(int argc, char** argv) {
    CLI::App app{"Checks rule files, compares them and prices an order by one. Offline.",
                 "suanpan-rules"};
    app.require_subcommand(1);
    std::string first;
    std::string second;
    CLI::App* check_app = app.add_subcommand("check", "all mistakes of a rule file, or its hash");
    check_app->add_option("FILE", first)->required();
    CLI::App* terms_app = app.add_subcommand("terms", "the rules in their canonical form");
    terms_app->add_option("FILE", first)->required();
    CLI::App* diff_app = app.add_subcommand("diff", "what changes, and whether it is adverse");
    diff_app->add_option("OLD", first)->required();
    diff_app->add_option("NEW", second)->required();
    CLI::App* quote_app = app.add_subcommand("quote", "what an order comes to");
    quote_app->add_option("RULES", first)->required();
    quote_app->add_option("ORDER", second)->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_sound : exit_usage;
    }
    if (check_app->parsed()) return check(first);
    if (terms_app->parsed()) return terms(first);
    if (diff_app->parsed()) return diff(first, second);
    return quote_file(first, second);
}

}  // namespace
}  // namespace suanpan::tools

int main(int argc, char** argv) {
    using namespace suanpan::tools;
    try {
        return run(argc, argv);
    } catch (const CannotRead& error) {
        fmt::print(stderr, "suanpan-rules: {}\n", error.message);
        return exit_cannot_read;
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-rules: {}\n", error.what());
        return exit_cannot_read;
    }
}
