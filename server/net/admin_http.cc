#include "server/net/admin_http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace suanpan {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

// How long after a failed accept (out of file descriptors, say) the next one is tried.
constexpr std::chrono::milliseconds accept_pause{200};

constexpr std::string_view prometheus_text = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view plain_text = "text/plain; charset=utf-8";

struct Page {
    AdminReply reply;
    std::string_view content_type = plain_text;
    std::string_view allow;  // with 405: the method that the page has
};

// The page that the request asks for. Handlers are the server's own, but an admin page that fails
// must not take the process with it.
Page make_page(const AdminHandlers& handlers, http::verb method, std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    const bool reads = method == http::verb::get || method == http::verb::head;
    try {
        if (path == "/metrics") {
            if (!reads) return {{405, "GET only\n"}, plain_text, "GET, HEAD"};
            return {{200, handlers.metrics()}, prometheus_text, {}};
        }
        if (path == "/healthz" || path == "/readyz") {
            if (!reads) return {{405, "GET only\n"}, plain_text, "GET, HEAD"};
            return {path == "/healthz" ? handlers.healthy() : handlers.ready(), plain_text, {}};
        }
        if (path == "/clock/accept") {
            if (method != http::verb::post) return {{405, "POST only\n"}, plain_text, "POST"};
            return {handlers.accept_clock(), plain_text, {}};
        }
    } catch (const std::exception& error) {
        if (handlers.failed) handlers.failed(path, error.what());
        return {{500, "failed; the server's log says why\n"}, plain_text, {}};
    }
    return {{404, "pages: /metrics, /healthz, /readyz, POST /clock/accept\n"}, plain_text, {}};
}

// The status for bytes that are no request of ours.
unsigned status_of(const beast::error_code& error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit) return 431;
    return 400;
}

}  // namespace

// Everything behind the door. Used on its own thread, but for construction and stop().
class AdminHttp::Server {
public:
    Server(const AdminOptions& options, AdminHandlers handlers)
        : handlers_(std::move(handlers)), acceptor_(context_), pause_(context_) {
        beast::error_code error;
        const asio::ip::address address = asio::ip::make_address(options.address, error);
        const tcp::endpoint endpoint(address, options.port);
        if (!error) acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (!error) port_ = acceptor_.local_endpoint(error).port();
        if (error) {
            throw std::runtime_error(
                fmt::format("cannot listen for metrics on {} port {}: {}; choose another "
                            "metrics_listen or metrics_port",
                            options.address, options.port, error.message()));
        }
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }

    ~Server() {
        asio::post(context_, [this] { close(); });
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    // One connection. Kept alive by its pending operations; known to the server so that it can be
    // closed.
    struct Client : std::enable_shared_from_this<Client> {
        Client(Server& server_, tcp::socket&& socket)
            : server(server_), stream(std::move(socket)), buffer(buffer_bytes_max) {
            server.clients_.insert(this);
        }
        ~Client() { server.clients_.erase(this); }
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;

        void read() {
            if (server.closing_) return;
            parser.emplace();
            parser->header_limit(AdminHttp::header_bytes_max);
            parser->body_limit(AdminHttp::body_bytes_max);
            stream.expires_after(std::chrono::seconds(AdminHttp::request_timeout_s));
            http::async_read(stream, buffer, *parser,
                             [self = shared_from_this()](const beast::error_code& error,
                                                         std::size_t) { self->answer(error); });
        }

        void answer(const beast::error_code& error) {
            if (error == http::error::end_of_stream || error == beast::error::timeout) return;
            if (error && error.category() != make_error_code(http::error::bad_method).category()) {
                return;  // the socket is gone
            }
            Page page;
            bool keep_alive = false;
            is_head = false;
            if (error) {
                page.reply = {status_of(error), "not a request that is read here\n"};
            } else {
                const http::request<http::string_body>& request = parser->get();
                keep_alive = request.keep_alive();
                is_head = request.method() == http::verb::head;
                if (request.find(http::field::origin) != request.end()) {
                    page.reply = {403, "not for web pages\n"};
                } else {
                    const auto target = request.target();
                    page = make_page(server.handlers_, request.method(),
                                     std::string_view(target.data(), target.size()));
                }
            }
            write(std::move(page), keep_alive);
        }

        void write(Page page, bool keep_alive) {
            reply = {};
            reply.result(page.reply.status);
            reply.set(http::field::content_type,
                      beast::string_view(page.content_type.data(), page.content_type.size()));
            if (!page.allow.empty()) {
                reply.set(http::field::allow,
                          beast::string_view(page.allow.data(), page.allow.size()));
            }
            reply.set(http::field::cache_control, "no-store");
            reply.keep_alive(keep_alive);
            // HEAD is told the length and not given the text.
            reply.content_length(page.reply.text.size());
            if (!is_head) reply.body() = std::move(page.reply.text);
            stream.expires_after(std::chrono::seconds(AdminHttp::request_timeout_s));
            http::async_write(stream, reply,
                              [self = shared_from_this(), keep_alive](
                                  const beast::error_code& error, std::size_t) {
                                  if (error) return;
                                  if (keep_alive) {
                                      self->read();
                                  } else {
                                      self->finish();
                                  }
                              });
        }

        // Closing a socket with unread bytes would take the reply back from the peer, so what it
        // still sends is read and thrown away, a little of it and not for long.
        void finish() {
            beast::error_code ignored;
            stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
            stream.expires_after(std::chrono::seconds(1));
            discard();
        }

        void discard() {
            if (server.closing_) return;
            buffer.clear();
            stream.async_read_some(
                buffer.prepare(discard_bytes),
                [self = shared_from_this()](const beast::error_code& error, std::size_t bytes) {
                    self->discarded += bytes;
                    if (error || self->discarded > discarded_max) return;
                    self->discard();
                });
        }

        static constexpr std::size_t discard_bytes = 4096;
        static constexpr std::size_t discarded_max = 64 * 1024;
        // One whole request with room for what is read beyond it.
        static constexpr std::size_t buffer_bytes_max =
            AdminHttp::header_bytes_max + AdminHttp::body_bytes_max + 4096;

        Server& server;
        beast::tcp_stream stream;
        beast::flat_buffer buffer;
        std::optional<http::request_parser<http::string_body>> parser;
        http::response<http::string_body> reply;
        bool is_head = false;
        std::size_t discarded = 0;
    };

    void accept() {
        acceptor_.async_accept([this](const beast::error_code& error, tcp::socket socket) {
            if (closing_ || error == asio::error::operation_aborted) return;
            if (error) {
                pause_.expires_after(accept_pause);
                pause_.async_wait([this](const beast::error_code& stopped) {
                    if (!stopped) accept();
                });
                return;
            }
            // Over the bound the socket is closed by its destructor.
            if (clients_.size() < AdminHttp::connections_max) {
                std::make_shared<Client>(*this, std::move(socket))->read();
            }
            accept();
        });
    }

    void close() {
        closing_ = true;
        beast::error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (Client* client : clients_) client->stream.close();
    }

    AdminHandlers handlers_;
    std::set<Client*> clients_;  // before the context, whose end destroys the last of them
    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    bool closing_ = false;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

AdminHttp::AdminHttp(const AdminOptions& options, AdminHandlers handlers)
    : server_(std::make_unique<Server>(options, std::move(handlers))) {}

AdminHttp::~AdminHttp() = default;

std::uint16_t AdminHttp::port() const {
    return server_->port();
}

}  // namespace suanpan
