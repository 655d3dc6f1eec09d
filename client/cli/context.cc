#include "client/cli/context.h"

#include "client/cli/words.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <sstream>

namespace suanpan::cli {
namespace {

client::Endpoint parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    client::Endpoint endpoint;
    if (colon != std::string::npos) {
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data() + colon + 1, end, endpoint.port);
        if (parsed.ec == std::errc{} && parsed.ptr == end && endpoint.port != 0 && colon > 0) {
            endpoint.host = text.substr(0, colon);
            if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']'))
                endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
            return endpoint;
        }
    }
    throw UsageError(fmt::format("--server is host:port, not '{}'", text));
}

// The file holds the key in hex, as partners.toml does. Its text is never printed.
std::vector<std::byte> read_key(const std::string& path) {
    if (path.empty())
        throw UsageError(
            "no key: give --key-file, or set SUANPAN_KEY_FILE, to a file with the "
            "partner's key in hex");
    std::ifstream file(path);
    std::ostringstream content;
    content << file.rdbuf();
    if (!file) throw UsageError(fmt::format("the key file {} cannot be read", path));
    std::string hex = content.str();
    std::erase_if(hex, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    const auto bytes = bytes_of_hex(hex);
    if (!bytes || bytes->empty())
        throw UsageError(fmt::format("the key file {} does not hold hex digits", path));
    const auto* begin = reinterpret_cast<const std::byte*>(bytes->data());
    return {begin, begin + bytes->size()};
}

}  // namespace

client::Options Context::options() const {
    client::Options options;
    options.endpoints = {parse_endpoint(flags.server)};
    options.partner = PartnerId{flags.partner};
    options.key = read_key(flags.key_file);
    options.name = "suanpan (command line)";
    options.deadline = parse_duration(flags.deadline);
    return options;
}

client::Client& Context::client() {
    if (client_ != nullptr) return *client_;
    client_ = std::make_unique<client::Client>(options());
    const auto connected = client_->connect();
    if (!connected)
        throw ConnectFailure(fmt::format("cannot connect to {} as partner {}: {}", flags.server,
                                         flags.partner, connected.error().text));
    return *client_;
}

Instant Context::server_now() {
    return client().ping().outcome.time;
}

CLI::App* Commands::add(const std::string& name, const std::string& description, const Run& run,
                        CLI::App* under) {
    CLI::App* command = (under != nullptr ? under : &app_)->add_subcommand(name, description);
    command->callback([this, run] { chosen_ = run; });
    return command;
}

void TargetFlags::add_to(CLI::App& command, bool with_request_id) {
    command.add_option("member", member, "32 hex digits, or name:<text>")->required();
    command.add_option("-p,--program", program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
    command.add_option("--principal", principal, "Who at the partner asks: an operator, a till");
    if (with_request_id)
        command.add_option("--request-id", request_id,
                           "Repeat an earlier request: it is executed at most once");
}

client::Target TargetFlags::target() const {
    client::Target target{.member = parse_member(member),
                          .program = ProgramId{program},
                          .principal = PrincipalId{principal}};
    if (!request_id.empty()) target.request_id = parse_request_id(request_id);
    return target;
}

}  // namespace suanpan::cli
