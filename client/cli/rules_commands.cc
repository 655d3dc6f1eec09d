// rules put, terms: the rule book of a program.
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace suanpan::cli {
namespace {

struct Flags {
    std::string file;
    std::uint32_t program = 1;
    std::uint32_t version = 0;
    std::string request_id;
};

std::string text_in(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw UsageError(fmt::format("{} cannot be read", file));
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

void add_rules_commands(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* rules = commands.app().add_subcommand("rules", "Load a program's rules");
    rules->require_subcommand(1);
    CLI::App* put = commands.add(
        "put", "Load the next version of the rules",
        [f](Context& context) {
            const std::string text = text_in(f->file);
            const RequestId id =
                f->request_id.empty() ? RequestId{} : parse_request_id(f->request_id);
            return report(context, context.client().put_rules(ProgramId{f->program}, text, id));
        },
        rules);
    put->add_option("file", f->file, "A rule file (docs/rules.md)")->required();
    put->add_option("-p,--program", f->program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
    put->add_option("--request-id", f->request_id, "Repeat an earlier request");

    const auto t = std::make_shared<Flags>();
    CLI::App* terms =
        commands.add("terms", "Show a version of a program's rules", [t](Context& context) {
            return report(context, context.client().terms(ProgramId{t->program}, t->version));
        });
    terms->add_option("-p,--program", t->program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
    terms->add_option("--version", t->version, "0: the one in force");
}

}  // namespace suanpan::cli
