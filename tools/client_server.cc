#include "tools/client_server.h"

#include "client/cli/words.h"

#include <charconv>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <iterator>
#include <stdexcept>

namespace suanpan::tools {

template <typename BodyOf>
std::vector<client::Answer> ClientImportServer::send(std::span<const ImportLine> lines,
                                                     BodyOf&& body_of) {
    std::vector<client::Answer> answers;
    answers.reserve(lines.size());
    std::deque<std::future<client::Answer>> under_way;
    const auto take_one = [&] {
        answers.push_back(under_way.front().get());
        under_way.pop_front();
    };
    for (const ImportLine& line : lines) {
        if (under_way.size() == in_flight_max_) take_one();
        const client::Target target{
            .member = line.row.member, .program = line.row.program, .request_id = line.request_id};
        under_way.push_back(client_.send(target, body_of(line)));
    }
    while (!under_way.empty()) take_one();
    return answers;
}

std::vector<client::Answer> ClientImportServer::earn(std::span<const ImportLine> lines) {
    return send(lines, [](const ImportLine& line) { return CommandBody{line.row.earn}; });
}

std::vector<client::Answer> ClientImportServer::lookup(std::span<const ImportLine> lines) {
    return send(lines, [](const ImportLine&) { return CommandBody{Lookup{}}; });
}

std::int64_t ClientImportServer::now_ms() {
    const client::Answer pong = client_.ping();
    if (pong.is_done()) return pong.outcome.time.unix_ms();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

client::Options client_options(const std::string& server, std::uint32_t partner,
                               const std::string& key_file) {
    client::Options options;
    options.partner = PartnerId{partner};
    options.name = "suanpan-transfer";
    const std::size_t colon = server.rfind(':');
    client::Endpoint endpoint;
    const char* end = server.data() + server.size();
    const char* port = colon == std::string::npos ? end : server.data() + colon + 1;
    const auto parsed = std::from_chars(port, end, endpoint.port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || colon == 0)
        throw std::runtime_error("--server is '" + server + "'; write host:port");
    endpoint.host = server.substr(0, colon);
    options.endpoints = {endpoint};

    std::ifstream file(key_file);
    std::string hex{std::istreambuf_iterator<char>(file), {}};
    std::erase_if(hex, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    const auto key = cli::bytes_of_hex(hex);
    if (!file.is_open() || !key || key->empty())
        throw std::runtime_error(key_file +
                                 ": holds no key; it is the partner's, in hexadecimal digits");
    for (const char byte : *key) options.key.push_back(static_cast<std::byte>(byte));
    return options;
}

}  // namespace suanpan::tools
