#include "client/answer.h"

namespace suanpan::client {

std::string_view text_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::none:
            return "The answer is the server's own.";
        case Trouble::queue_full:
            return "The client library holds as many calls as it may (Options::calls_max). Nothing "
                   "was sent. Wait for answers first.";
        case Trouble::not_connected:
            return "No connection to the server could be made before the deadline. Nothing was "
                   "sent. Check address, partner and key.";
        case Trouble::not_sent:
            return "No connection had room for the request before the deadline. Nothing was done. "
                   "Send it again under the same request id.";
        case Trouble::no_answer:
            return "The request was sent and not answered before the deadline. It may have been "
                   "executed: ask with lookup, or repeat it under the same request id.";
        case Trouble::connection_lost:
            return "The connection broke after the request was sent. It may have been executed: "
                   "ask with lookup, or repeat it under the same request id.";
        case Trouble::closed:
            return "The client was closed while the call was under way.";
        case Trouble::called_inside_callback:
            return "A call that waits was made inside a callback, where it would wait for ever. "
                   "Use send() there.";
    }
    return "";
}

std::string_view Answer::text() const {
    return trouble == Trouble::none ? suanpan::text_of(outcome.code).sentence : text_of(trouble);
}

}  // namespace suanpan::client
