#include "server/net/admin_http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AdminPages : public ::testing::Test {
protected:
    AdminPages()
        : server_(
              {.address = "127.0.0.1", .port = 0},
              {.metrics = [] { return std::string("suanpan_ready 1\n"); },
               .healthy = [] { return AdminReply{200, "healthy\n"}; },
               .ready =
                   [this] {
                       return ready_.load() ? AdminReply{200, "ready\n"}
                                            : AdminReply{503, "recovering\n"};
                   },
               .accept_clock = [this]() -> AdminReply {
                   if (accepted_.fetch_add(1) > 0) throw std::runtime_error("no clock");
                   return {200, "accepted\n"};
               },
               .failed = [this](std::string_view, std::string_view) { failed_.fetch_add(1); }}) {}

    tcp::socket connect() {
        tcp::socket socket(context_);
        socket.connect({asio::ip::make_address("127.0.0.1"), server_.port()});
        return socket;
    }
    // Everything the server says until it closes.
    static std::string read_all(tcp::socket& socket) {
        std::string text;
        boost::system::error_code error;
        asio::read(socket, asio::dynamic_buffer(text), error);
        return text;
    }
    std::string send(const std::string& request) {
        tcp::socket socket = connect();
        boost::system::error_code ignored;
        asio::write(socket, asio::buffer(request), ignored);
        return read_all(socket);
    }
    std::string get(const std::string& path, const std::string& method = "GET",
                    const std::string& header = {}) {
        return send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header +
                    "\r\n");
    }

    std::atomic<bool> ready_{false};
    std::atomic<int> accepted_{0};
    std::atomic<int> failed_{0};
    asio::io_context context_;
    AdminHttp server_;
};

TEST_F(AdminPages, ServeMetricsAsPrometheusText) {
    EXPECT_THAT(get("/metrics"),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/plain; version=0.0.4"),
                      HasSubstr("\r\n\r\nsuanpan_ready 1\n")));
    EXPECT_THAT(get("/metrics?from=here"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminPages, TellHealthFromReadiness) {
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("recovering")));
    ready_.store(true);
    EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminPages, AcceptTheClockByPostOnly) {
    EXPECT_THAT(get("/clock/accept"), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: POST")));
    EXPECT_EQ(accepted_.load(), 0);
    EXPECT_THAT(get("/clock/accept", "POST", "Content-Length: 0\r\n"),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("accepted")));
    EXPECT_EQ(accepted_.load(), 1);
}

TEST_F(AdminPages, RefuseWhatAWebPageSends) {
    EXPECT_THAT(get("/clock/accept", "POST", "Origin: http://evil\r\nContent-Length: 0\r\n"),
                StartsWith("HTTP/1.1 403"));
    EXPECT_EQ(accepted_.load(), 0);
}

TEST_F(AdminPages, AnswerAFailingHandlerAndGoOn) {
    (void)get("/clock/accept", "POST");
    EXPECT_THAT(get("/clock/accept", "POST"),
                AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("no clock"))));
    EXPECT_EQ(failed_.load(), 1);
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminPages, KnowNoOtherPageAndNoOtherMethod) {
    EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(get("/metrics/../etc/passwd"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(get("/metrics", "DELETE"), StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(get("/healthz", "POST"), StartsWith("HTTP/1.1 405"));
}

TEST_F(AdminPages, GiveAHeadTheLengthOnly) {
    EXPECT_THAT(get("/healthz", "HEAD"),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 8"),
                      Not(HasSubstr("healthy"))));
}

TEST_F(AdminPages, AnswerWhatIsNoHttpWith400) {
    for (const std::string& text :
         {std::string("hello\r\n\r\n"), std::string("GET\r\n\r\n"),
          std::string("GET /metrics HTTP/9.9\r\n\r\n"),
          std::string("GET /metrics HTTP/1.1\r\nno colon here\r\n\r\n"),
          std::string("POST /clock/accept HTTP/1.1\r\nContent-Length: many\r\n\r\n"),
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)}) {
        EXPECT_THAT(send(text), StartsWith("HTTP/1.1 400")) << text;
    }
    EXPECT_EQ(accepted_.load(), 0);
}

TEST_F(AdminPages, BoundHeaderAndBody) {
    EXPECT_THAT(get("/healthz", "GET", "X: " + std::string(20'000, 'x') + "\r\n"),
                StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(get("/clock/accept", "POST", "Content-Length: 1025\r\n"),
                StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(send("POST /clock/accept HTTP/1.1\r\nConnection: close\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n800\r\n" +
                     std::string(0x800, 'x') + "\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 413"));
    EXPECT_EQ(accepted_.load(), 0);
}

TEST_F(AdminPages, AnswerSeveralRequestsOnOneConnection) {
    tcp::socket socket = connect();
    asio::write(socket, asio::buffer(std::string(
                            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")));
    EXPECT_THAT(read_all(socket), AllOf(HasSubstr("healthy"), HasSubstr("suanpan_ready 1")));
}

TEST_F(AdminPages, CloseConnectionsOverTheBoundAndServeAgainAfterwards) {
    std::vector<tcp::socket> idle;
    for (std::size_t i = 0; i < AdminHttp::connections_max; ++i) {
        idle.push_back(connect());
        // An answer proves that the server has taken this connection before the next one comes.
        asio::write(idle.back(),
                    asio::buffer(std::string("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
        std::string reply;
        asio::read_until(idle.back(), asio::dynamic_buffer(reply), "healthy\n");
    }
    EXPECT_EQ(get("/healthz"), "");
    idle.pop_back();
    // The server learns of the close a moment later; each try is a round trip of its own.
    std::string answer;
    for (int i = 0; i < 1'000 && answer.empty(); ++i) answer = get("/healthz");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminPages, StopWhileClientsAreConnected) {
    tcp::socket idle = connect();
    tcp::socket halfway = connect();
    asio::write(halfway, asio::buffer(std::string("GET /hea")));
    AdminHttp other({.address = "127.0.0.1", .port = 0}, {});
    EXPECT_NE(other.port(), server_.port());
}

TEST(AdminHttp, SaysSoWhereItCannotListen) {
    const AdminHttp first({.address = "127.0.0.1", .port = 0}, {});
    try {
        const AdminHttp second({.address = "192.0.2.1", .port = first.port()}, {});
        FAIL() << "listened on an address of nobody";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("192.0.2.1"), HasSubstr("metrics_listen")));
    }
}

}  // namespace
}  // namespace suanpan
