// SimClient: a partner's client on a bad line, with a real codec and real handshakes.
#pragma once

#include "protocol/frame.h"
#include "protocol/hello.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/trace.h"
#include "tests/sim/workload.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::sim {

// Sends the ops it owns until each has an answer, over whatever connection it has got. What is
// unanswered when a connection goes is sent again under the same id; now and then an op is sent
// twice at once, a frame arrives twice, and an answered op is asked once more.
//
// Knows no server: the simulator carries its bytes. Checks every answer that it gets twice (P2).
class SimClient {
public:
    SimClient(std::uint32_t number, Workload& workload, Random& random, const Trace& trace);

    [[nodiscard]] static std::vector<std::byte> key_of(PartnerId partner);

    // The connection is new; or gone, with all that was under way on it.
    void connected();
    void disconnected();
    [[nodiscard]] bool is_open() const { return is_open_; }
    // The client's process dies and forgets what it had asked; expects that it is not connected.
    void die();

    // Bytes that came from the server; the last durable LSN there, for judging reads.
    void receive(std::span<const std::byte> bytes, Lsn durable);
    // Bytes to send; the simulator takes them away.
    [[nodiscard]] std::vector<std::byte>& output() { return output_; }

    // Gives the client an op to care for.
    void own(std::uint32_t op);
    // Ops that it still wants an answer to; those from the future, which must wait, left out.
    [[nodiscard]] std::size_t open_ops() const;
    // Sends up to `frames` frames of ops that want sending; `wants_all`: nothing is held back by
    // chance, and nothing is sent that need not be.
    void send(std::uint32_t frames, bool wants_all);
    void send_balance();
    void send_expiring();
    void send_statement();
    void send_quote();
    void send_order();
    void send_terms();
    void send_vouchers();
    void send_offers();
    // No faults any more: it asks for one read of each kind, again and again until it is answered.
    void begin_last_reads();
    void send_last_read();
    // Every op and every read has its answer.
    [[nodiscard]] bool is_settled() const;
    // Where it is not for the sake of a read: which, in words; or empty.
    [[nodiscard]] std::string unanswered_read() const;
    [[nodiscard]] std::size_t frames_under_way() const { return under_way_.size(); }

private:
    enum class Purpose : std::uint8_t { ops, lookup, read };
    struct UnderWay {
        Purpose purpose{};
        std::vector<std::uint32_t> ops;
        Read read;
        std::uint32_t answers_due = 1;  // two where the frame was sent twice
    };
    void take_frame(const Frame& frame, Lsn durable);
    void take_results(const UnderWay& sent, std::span<const std::byte> body);
    void take_read(Read read, std::span<const std::byte> body, Lsn durable);
    // A read of this kind got this code; a refusal for now leaves a last read to be asked again.
    void note_read(CommandKind kind, Code code);
    void take_quote(Read read, std::span<const std::byte> body);
    void take_order(Read read, std::span<const std::byte> body);
    void take_terms(Read read, std::span<const std::byte> body);
    // client_offers.cc
    void take_vouchers(Read read, std::span<const std::byte> body);
    void take_offers(Read read, std::span<const std::byte> body);
    // True for kinds whose answer tells of vouchers or codes.
    [[nodiscard]] static bool has_cards(CommandKind kind);
    // What such an answer says; nothing where it is malformed.
    [[nodiscard]] std::optional<Outcome> take_cards(Op& op, std::span<const std::byte> body);
    // A voucher's entry is one of its buyer's, whom the shop does not know; and what may be done
    // with it ends some day.
    void note_voucher_word(const Op& op, const Outcome& outcome);
    void take_answer(Op& op, const Outcome& outcome);
    void take_lookup(Op& op, const Outcome& outcome);
    void take_word(Op& op, const Outcome& outcome);
    void end_history(Op& op, Lsn missing);
    void send_ops(std::size_t first, bool wants_all);
    void send_lookup(std::uint32_t op);
    void send_read(Read read, const CommandBody& body);
    void send_read_of(Read read, const CommandBody& body);
    void send_frame(UnderWay&& sent, CommandKind kind, std::span<const Command> commands,
                    bool may_be_doubled);
    [[nodiscard]] bool wants_sending(const Op& op, bool wants_all) const;

    const std::uint32_t number_;
    Workload& workload_;
    Random& random_;
    const Trace& trace_;
    std::vector<std::uint32_t> mine_;
    std::vector<std::uint32_t> open_;              // of those, not settled or with answers to come
    std::map<std::uint64_t, UnderWay> under_way_;  // by correlation id
    std::vector<CommandKind> last_reads_;          // still to be answered, the next one at the end
    std::uint64_t next_correlation_ = 1;
    FrameDecoder decoder_;
    std::vector<std::byte> input_;
    std::vector<std::byte> output_;
    bool is_open_ = false;
};

}  // namespace suanpan::sim
