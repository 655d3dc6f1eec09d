// The operator's door: /metrics, /healthz, /readyz and POST /clock/accept over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace suanpan {

// What a page answers: an HTTP status and a text.
struct AdminReply {
    unsigned status = 200;
    std::string text;
};

// What the pages are made of. Called on the admin thread only, one at a time. They must not block
// for long, and they read shards through atomics: the admin server knows no Shard.
struct AdminHandlers {
    std::function<std::string()> metrics;      // GET /metrics: Prometheus text
    std::function<AdminReply()> healthy;       // GET /healthz: 200 while the process does its work
    std::function<AdminReply()> ready;         // GET /readyz: 200 while requests are answered
    std::function<AdminReply()> accept_clock;  // POST /clock/accept: an operator trusts the clock
    // May be empty: one of the above has thrown, and the page was answered with 500. For the log.
    std::function<void(std::string_view path, std::string_view why)> failed;
};

struct AdminOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: the system chooses
};

// A small HTTP server on a thread of its own.
//
// Bounds: connections_max connections (more are closed at once), 8 KiB of header, 1 KiB of body,
// request_timeout for a whole request or reply. What is not HTTP is answered 400, an unknown page
// 404, a wrong method 405. A request with an Origin header comes from a web page and is refused
// with 403, so that no page in an operator's browser can accept a clock.
class AdminHttp {
public:
    static constexpr std::size_t connections_max = 16;
    static constexpr std::uint32_t header_bytes_max = 8 * 1024;
    static constexpr std::uint64_t body_bytes_max = 1024;
    static constexpr int request_timeout_s = 5;

    // Listens and starts the thread. Throws std::runtime_error where the address is taken.
    AdminHttp(const AdminOptions& options, AdminHandlers handlers);
    // Closes every connection and joins the thread.
    ~AdminHttp();
    AdminHttp(const AdminHttp&) = delete;
    AdminHttp& operator=(const AdminHttp&) = delete;

    // The port really listened on.
    [[nodiscard]] std::uint16_t port() const;

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace suanpan
