// How a Client behaves. Everything has a default but the server, the partner and its key.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::client {

// One address of the server. Its other ports, one per shard, come with the greeting.
struct Endpoint {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
};

// Waiting times that double from `first` to `longest`, each cut by up to half at random, so that
// many clients do not come back at the same moment.
struct BackoffOptions {
    Duration first = milliseconds(20);
    Duration longest = seconds(2);
};

struct Options {
    std::vector<Endpoint> endpoints;  // of one server; the next is tried when one does not answer
    PartnerId partner{};
    std::vector<std::byte> key;
    std::string name = "suanpan-client";  // for the server's log

    std::uint32_t connections_per_shard = 1;
    Duration connect_timeout = seconds(5);  // until the greeting is there
    BackoffOptions reconnect;

    Duration deadline = seconds(10);   // of a call, its retries included
    std::uint32_t attempts_max = 100;  // of a call; the deadline usually comes first
    BackoffOptions retry{.first = milliseconds(2), .longest = milliseconds(500)};

    // Bounds. Over calls_max a call is refused at once with Trouble::queue_full; the others make
    // calls wait inside the library. The greeting may lower them further.
    std::uint32_t calls_max = 65'536;            // in the library, waiting or in flight
    std::uint32_t batch_events_max = 1024;       // put together into one frame
    std::uint32_t frames_in_flight_max = 256;    // per connection
    std::uint32_t events_in_flight_max = 8'192;  // per connection
};

}  // namespace suanpan::client
