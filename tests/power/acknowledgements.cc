#include "tests/power/acknowledgements.h"

#include "tests/e2e/raw_client.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace suanpan::power {

void Acknowledgements::take(const TraceItem& item) {
    if (item.head.kind == TraceKind::closed) {
        connections_.erase(item.head.file);
        return;
    }
    if (item.head.kind != TraceKind::sent) return;
    Connection& connection = connections_[item.head.file];
    // The pages for operators and programs that scrape go through sockets as well.
    if (connection.input.empty() && item.text().starts_with("HTTP/")) return;
    connection.input.insert(connection.input.end(), item.payload.begin(), item.payload.end());
    std::size_t used = 0;
    while (true) {
        const auto step = connection.decoder.next(std::span(connection.input).subspan(used));
        if (step.error != Code::ok)
            throw std::runtime_error("the server has sent what is no frame");
        if (step.consumed == 0) break;
        take_frame(step.frame);
        used += step.consumed;
    }
    connection.input.erase(connection.input.begin(),
                           connection.input.begin() + static_cast<std::ptrdiff_t>(used));
}

void Acknowledgements::take_frame(const Frame& frame) {
    const auto kind = static_cast<CommandKind>(frame.header.kind);
    if (kind == CommandKind::challenge || kind == CommandKind::hello || is_read(kind)) return;
    e2e::Received reply{.header = frame.header, .words = {}};
    reply.words.resize((frame.body.size() + 7) / 8);
    std::memcpy(reply.words.data(), frame.body.data(), frame.body.size());
    for (const Outcome& outcome : reply.outcomes()) {
        if (outcome.entry_id.value == 0) continue;
        highest_ = std::max(highest_, outcome.entry_id);
        ++count_;
    }
}

}  // namespace suanpan::power
