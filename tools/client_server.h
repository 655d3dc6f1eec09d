// ClientImportServer: an import's lines through the client library, batched and shard by shard.
#pragma once

#include "client/suanpan_client.h"
#include "tools/importer.h"

#include <cstddef>
#include <string>

namespace suanpan::tools {

// Used on one thread. Keeps at most `in_flight_max` calls in the library.
class ClientImportServer final : public ImportServer {
public:
    ClientImportServer(client::Client& client, std::size_t in_flight_max)
        : client_(client), in_flight_max_(in_flight_max) {}

    [[nodiscard]] std::vector<client::Answer> earn(std::span<const ImportLine> lines) override;
    [[nodiscard]] std::vector<client::Answer> lookup(std::span<const ImportLine> lines) override;
    // The server's clock, which its floor goes by.
    [[nodiscard]] std::int64_t now_ms() override;

private:
    template <typename BodyOf>
    std::vector<client::Answer> send(std::span<const ImportLine> lines, BodyOf&& body_of);

    client::Client& client_;
    std::size_t in_flight_max_;
};

// The options of a client from the command line's words: host:port, a file with the key in
// hexadecimal digits. Throws std::runtime_error; the key is never in a message.
[[nodiscard]] client::Options client_options(const std::string& server, std::uint32_t partner,
                                             const std::string& key_file);

}  // namespace suanpan::tools
