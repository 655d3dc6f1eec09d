// Writes the first inputs of every fuzz target by running the codecs: make_corpus
// tests/fuzz/corpus. Only the files named here are written; findings that lie beside them stay.
#include "protocol/base/assert.h"
#include "protocol/codec.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/ledger.h"
#include "server/ledger/order_format.h"
#include "server/shard/quote_seal.h"
#include "storage/journal_files.h"
#include "storage/journal_format.h"
#include "storage/segment.h"
#include "storage/text_file.h"
#include "tests/fuzz/kinds.h"
#include "tests/unit/protocol/offer_fixture.h"

#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace suanpan::fuzz {
namespace {

using Bytes = std::vector<std::byte>;
std::filesystem::path corpus;

void write(const std::string& target, const std::string& name, std::span<const std::byte> bytes) {
    std::filesystem::create_directories(corpus / target);
    std::ofstream out(corpus / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

template <typename T>
void put(Bytes& to, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    to.insert(to.end(), bytes.begin(), bytes.end());
}
void put_all(Bytes& to, std::span<const std::byte> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

// `choice`, then what follows.
Bytes chosen(std::size_t choice, std::span<const std::byte> rest) {
    Bytes out{static_cast<std::byte>(choice)};
    put_all(out, rest);
    return out;
}
Bytes body_of(const Bytes& frame) {
    return {frame.begin() + frame_header_bytes, frame.end()};
}

void make_requests() {
    Bytes stream{std::byte{0}, std::byte{6}};
    std::vector<Command> commands = codec_fixture::every_command();
    for (const Command& command : codec_fixture::every_offer_command()) commands.push_back(command);
    for (std::size_t i = 0; i < command_kinds.size(); ++i) {
        for (const Command& command : commands) {
            if (command.head.kind != command_kinds[i]) continue;
            const Bytes frame = codec_fixture::frame_of(command);
            write("request", "kind-" + std::to_string(static_cast<int>(command.head.kind)),
                  chosen(i, body_of(frame)));
            if (i < 3) put_all(stream, frame);
        }
    }
    write("frame", "three-frames", stream);
    stream[0] = std::byte{1};
    stream[40] ^= std::byte{1};
    write("frame", "mended", stream);
    Bytes frame;
    encode_hello(frame, {}, {.partner = PartnerId{7}, .client = "seed 1"});
    write("request", "hello", chosen(command_kinds.size(), body_of(frame)));
    frame.clear();
    encode_ping(frame, {});
    write("request", "ping", chosen(command_kinds.size() + 1, body_of(frame)));
    write("frame", "ping", chosen(0, chosen(0, frame)));
}

void make_replies() {
    const auto reply = [](const std::string& name, std::size_t choice, auto encode) {
        Bytes frame;
        encode(frame);
        write("reply", name, chosen(choice, body_of(frame)));
    };
    const std::array results{codec_fixture::some_outcome(1), codec_fixture::some_outcome(2)};
    reply("results", 0, [&](Bytes& out) { encode_results(out, {}, results); });
    reply("statement", 1,
          [&](Bytes& out) { encode_statement(out, {}, codec_fixture::some_statement(2)); });
    reply("expiring", 2, [&](Bytes& out) {
        encode_expiring(out, {}, {.outcome = results[0], .rows = {{{5}, {6}}, {{7}, {8}}}});
    });
    reply("quote", 5, [&](Bytes& out) { encode_quote(out, {}, codec_fixture::some_quote()); });
    reply("order", 6, [&](Bytes& out) { encode_order(out, {}, codec_fixture::some_order()); });
    reply("terms", 7, [&](Bytes& out) { encode_terms(out, {}, codec_fixture::some_terms()); });
    reply("rules", 8, [&](Bytes& out) {
        encode_rules(out, {}, {.outcome = results[0], .message = "line 1: no"});
    });
    reply("redeem", 9,
          [&](Bytes& out) { encode_redeem(out, {}, codec_fixture::some_redemption()); });
    reply("reveal", 10,
          [&](Bytes& out) { encode_reveal(out, {}, codec_fixture::some_revelation()); });
    reply("offers", 11, [&](Bytes& out) { encode_offers(out, {}, codec_fixture::some_offers()); });
    reply("vouchers", 12,
          [&](Bytes& out) { encode_vouchers(out, {}, codec_fixture::some_vouchers()); });
    reply("reservation", 9,
          [&](Bytes& out) { encode_redeem(out, {}, codec_fixture::some_reservation()); });
    reply("offers_with_cash", 11,
          [&](Bytes& out) { encode_offers(out, {}, codec_fixture::some_offers_with_cash()); });
    reply("codes", 13, [&](Bytes& out) { encode_codes(out, {}, codec_fixture::some_codes()); });
    reply("show", 14, [&](Bytes& out) { encode_show(out, {}, codec_fixture::some_show()); });
    reply("verify", 15,
          [&](Bytes& out) { encode_verify(out, {}, codec_fixture::some_verification()); });
    reply("recall", 16, [&](Bytes& out) { encode_recall(out, {}, codec_fixture::some_recall()); });
    reply("greeting", 3, [&](Bytes& out) {
        encode_greeting(out, {},
                        {.shard_ports = {7501, 7502}, .hash_seed = 9, .server_version = "0.1"});
    });
    reply("challenge", 4, [&](Bytes& out) { encode_challenge(out, {}); });
}

// Of an order of two lines with ¥15.00 of cash due.
OrderTerms some_terms(Instant now) {
    OrderTerms terms;
    terms.quote = 1;
    terms.partner = codec_fixture::some_partner;
    terms.program = ProgramId{3};
    terms.member = codec_fixture::some_member;
    terms.rule_version = 1;
    terms.refundable_days = 30;
    terms.currency = codec_fixture::short_text<8>("CNY");
    terms.valid_until = now + seconds(600);
    terms.time_out = seconds(1800);
    terms.lines = {{.list = {1500}, .payable = {1500}, .points = {50}, .value = {500}},
                   {.list = {500}, .payable = {500}, .points = {}, .value = {}}};
    terms.list = {2000};
    terms.payable = {2000};
    terms.points = {50};
    terms.value = {500};
    terms.uses = {{.key = {.kind = UseKind::limit_day, .id = 3},
                   .amount = {.money = {500}, .points = {50}, .count = 1},
                   .most = {.money = {900}, .points = {-1}, .count = -1}}};
    terms.restricted = {{.restriction = Restriction{9}, .most = {20}}};
    return terms;
}

// A ledger that has done what could be done of every command; their entries.
std::vector<Bytes> run_commands(ledger::Ledger& ledger) {
    ProgramSpec spec = codec_fixture::some_program();
    spec.hold_max = hours(48);
    ledger.install(spec);
    std::vector<Bytes> entries;
    const Instant now{1'700'000'000'000'000'000};
    ledger::Entry entry;
    const OrderTerms terms = some_terms(now);
    for (Command command : codec_fixture::every_command()) {
        if (is_read(command.head.kind)) continue;
        if (auto* earn = std::get_if<Earn>(&command.body)) *earn = {.amount = {1000}};
        if (auto* spend = std::get_if<Spend>(&command.body)) *spend = {.amount = {60}};
        if (auto* hold = std::get_if<PlaceHold>(&command.body)) *hold = {.amount = {61}};
        if (auto* settle = std::get_if<Settle>(&command.body)) settle->terms = &terms;
        if (auto* put = std::get_if<PutRules>(&command.body)) put->version = 1;
        entry.reset();
        if (!ledger.decide(command, now, nullptr, entry).accepted()) continue;
        const Lsn lsn{entries.size() + 1};
        const ledger::AccountRef ref = ledger.apply(entry);
        if (ref != ledger::no_account) entry.prev_lsn = ledger.exchange_last_lsn(ref, lsn);
        entry.lsn = lsn;
        ledger::encode(entry, entries.emplace_back());
    }
    entry.reset();
    entry.kind = ledger::EntryKind::refusals;
    entry.lsn = {entries.size() + 1};
    entry.refusals = {{.body_hash = 5, .code = Code::insufficient_points, .member_hash = 6}};
    ledger::encode(entry, entries.emplace_back());
    return entries;
}

void make_commits(const std::vector<Bytes>& entries) {
    Bytes all{std::byte{1}};
    Bytes joined;
    std::vector<storage::EntryDirectorySlot> directory;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        Bytes one{std::byte{1}};
        put(one, static_cast<std::uint16_t>(entries[i].size()));
        put_all(one, entries[i]);
        write("commit", "entry-" + std::to_string(i), one);
        put_all(all, std::span(one).subspan(1));
        directory.push_back({.offset_bytes = static_cast<std::uint32_t>(joined.size()),
                             .length_bytes = static_cast<std::uint32_t>(entries[i].size())});
        put_all(joined, entries[i]);
    }
    write("commit", "all-entries", all);
    for (auto& slot : directory)
        slot.offset_bytes += static_cast<std::uint32_t>(directory.size() * sizeof slot);
    const std::array<storage::Bytes, 2> body{std::as_bytes(std::span(directory)), joined};
    Bytes value{std::byte{0}};
    put(value,
        storage::encode_commit_header(
            {.first_lsn = 1, .count = static_cast<std::uint32_t>(directory.size())}, 1, {}, body));
    put_all(value, body[0]);
    put_all(value, body[1]);
    write("commit", "value", value);
    value[0] = std::byte{2};
    write("commit", "value-mended", value);
}

void make_records(const ledger::Ledger& ledger) {
    ledger::RecordCursor cursor;
    ledger::RecordSlice slice;
    ledger.next_slice(cursor, 1U << 20U, slice);
    Bytes all;
    for (std::size_t i = 0; i < slice.records.size(); ++i) {
        const auto record = slice.record(slice.records[i]);
        Bytes one;
        put(one, static_cast<std::uint16_t>(record.size() + 4));
        put(one, std::uint16_t{0});
        put(one, std::uint16_t{1});
        put_all(one, record);
        write("record", "record-" + std::to_string(i), one);
        put_all(all, one);
    }
    write("record", "all", all);
}

void make_texts() {
    const auto text = [](const std::string& name, std::size_t choice, const std::string& content) {
        write("text", name, chosen(choice, storage::as_bytes(content)));
    };
    // choice % 5 names the file; those from 128 on have their checksum mended.
    const std::string trailer = storage::encode_trailer(
        {.ordinal = 1, .uuid = {}, .first_lsn = {1}, .last_lsn = {9}, .chain = {}});
    text("text", 0, trailer);
    text("text-mended", 130, "# a remark\nkey = value\nformat = 1\n");
    text("trailer", 1, trailer);
    text("trailer-mended", 131, trailer);
    text("state", 2, storage::encode_state({}));
    text("state-mended", 132, storage::encode_state({}));
    const storage::SegmentHeader header = storage::make_segment_header(1, {});
    write("text", "segment", chosen(3, std::as_bytes(std::span(&header, 1))));
    write("text", "segment-mended", chosen(128, std::as_bytes(std::span(&header, 1))));
    text("name", 4, storage::segment_name(12));
    text("trailer-name", 4, storage::trailer_name(12));
}

void make_settings() {
    const std::string key(64, 'a');
    const auto text = [](const std::string& name, std::size_t choice, const std::string& content) {
        write("settings", name, chosen(choice, storage::as_bytes(content)));
    };
    text("partner", 0,
         "[[partner]]\nid=1\nname=\"a\"\nkey=\"" + key + "\"\nkinds=\"all\"\nprograms=\"all\"\n");
    text("limited-partner", 0,
         "[[partner]]\nid=2\nname=\"b\"\nkey=\"" + key +
             "\"\nkinds=[\"earn\"]\nprograms=[1,3]\nrate_events_per_second=9\n"
             "rate_burst_events=10\n");
    text("config", 1, "port = 0\nshards = 2\nsegment_bytes = \"1MiB\"\nlisten = \"::1\"\n");
    text("config-paths", 1,
         "data_dir = \"a\\\"b\"\npartners_file = '/x'\nclock_tolerance=\"2s\"\n");
}

// Choices of order_fuzz.cc: whole tokens, terms before their HMAC, orders, rule books.
void make_orders(const std::vector<Bytes>& entries) {
    const Instant now{1'700'000'000'000'000'000};
    const OrderTerms terms = some_terms(now);
    const Bytes token = shard::QuoteSeal(Sha256{}).seal(terms, now);
    write("order", "token", chosen(0, token));
    // Without version, number of the secret and HMAC.
    write("order", "token-mended",
          chosen(1, std::span(token).subspan(8, token.size() - 8 - sizeof(Sha256))));
    OrderTerms bare = terms;
    bare.uses.clear();
    bare.restricted.clear();
    bare.lines.pop_back();
    bare.list = bare.payable = bare.lines[0].payable;
    const Bytes small = shard::QuoteSeal(Sha256{}).seal(bare, now);
    write("order", "token-of-one-line",
          chosen(1, std::span(small).subspan(8, small.size() - 8 - sizeof(Sha256))));
    std::size_t orders = 0;
    ledger::Entry entry;
    for (const Bytes& bytes : entries) {
        if (!ledger::decode(bytes, entry)) continue;
        for (const ledger::OrderPtr& order : entry.orders) {
            Bytes record;
            ledger::put_order(record, *order);
            write("order", "order-" + std::to_string(orders++), chosen(2, record));
        }
        if (entry.rules == nullptr) continue;
        Bytes record;
        ledger::put_rules(record, *entry.rules);
        write("order", "rules", chosen(3, record));
    }
    // In parts refunded, with what it took.
    ledger::Order refunded{.number = 1, .last_ordinal = 4};
    refunded.id = codec_fixture::short_text<64>("A");
    refunded.terms = terms;
    refunded.line_refunded.resize(2);
    refunded.state = OrderState::confirmed;
    refunded.step = OrderStep::refunded;
    refunded.settled_at = refunded.taken_at = now;
    refunded.times_out = refunded.keep_until = now + days(30);
    refunded.payment = codec_fixture::short_text<64>("p");
    refunded.paid = terms.cash();
    refunded.taken = {{.lot = {.expires_at = instant_never, .sequence = 1}, .amount = {50}}};
    SUANPAN_ASSERT(ledger::refund_line(refunded, {.line = 0, .amount = {300}}));
    SUANPAN_ASSERT(ledger::refund_amount(refunded, {100}));
    Bytes record;
    ledger::put_order(record, refunded);
    write("order", "refunded", chosen(2, record));
    // Units of an offer, with what their vouchers are made of and a code.
    ledger::Order units = refunded;
    units.units = {.offer = 5,
                   .version = 2,
                   .ticket = 7,
                   .quantity = 1,
                   .stock = 10,
                   .origin = 99,
                   .voucher_bytes = 300,
                   .pinned = Bytes(80, std::byte{1}),
                   .codes = Bytes(100, std::byte{2})};
    record.clear();
    ledger::put_order(record, units);
    write("order", "redemption", chosen(2, record));
}

// Numbers of checkout_fuzz.cc, then rules.
void make_checkouts() {
    const auto text = [](const std::string& name, const std::string& rules) {
        Bytes out;
        for (const int number : {40, 3, 0, 200, 9, 0})
            out.push_back(static_cast<std::byte>(number));
        put_all(out, storage::as_bytes(rules));
        write("checkout", name, out);
    };
    const std::string deduction = "[[deduction]]\nid = 1\npoints = 10\nmoney = 7\n";
    text("deduction", deduction);
    text("limits", deduction +
                       "step = 5\n[[limit]]\nid = 2\nper = \"day\"\npoints_max = 90\n"
                       "[[limit]]\nid = 3\nper = \"order\"\npercent_max = \"2.5\"\n");
    text("restriction", deduction +
                            "[[restriction]]\nid = 1\nproducts = [1]\n[refund]\n"
                            "late_payment = \"reacquire\"\n");
    text("campaign", deduction +
                         "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                         "end = 2028-01-01T00:00:00Z\nmultiplier = \"3/2\"\n"
                         "member_orders_max = 1\n");
    text("budget", deduction +
                       "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                       "end = 2028-01-01T00:00:00Z\nbudget = 5\n");
    text("prices", deduction +
                       "[[price]]\nid = 1\nstage = \"wholesale\"\nquantity_from = 2\n"
                       "off = 10\n[[full_reduction]]\nid = 2\n"
                       "steps = [{from = 100, minus = 9}]\n");
    text("broken", "[[deduction]]\nid = 1\npoints = 0\n");
}

// Steps of session_fuzz.cc: what happens, bytes delivered at once, then the step's own.
void make_sessions() {
    const auto script = [](const std::string& name, std::initializer_list<int> bytes) {
        Bytes out;
        for (const int byte : bytes) out.push_back(static_cast<std::byte>(byte));
        write("session", name, out);
    };
    script("earn-and-answer", {1, 2, 255, 0, 3, 255, 0, 0, 0, 100, 0, 6, 0, 128, 0});
    script("batch-cut-small",
           {0, 2, 3, 0, 3, 7, 1, 3, 0, 50, 0, 0, 5, 0, 0, 6, 0, 0, 0, 6, 0, 1, 0});
    script("quote-and-settle",
           {1, 2, 255, 0, 3, 255, 23, 0, 0, 6, 0, 0, 0, 3, 255, 19, 0, 0, 1, 0, 6, 0, 128, 0});
    script("confirm-cancel-refund",
           {1, 2,   255, 0, 3, 255, 20, 0, 0,   1, 1, 9, 0, 4, 255, 21, 0, 0, 1,
            5, 255, 22,  0, 0, 1,   6,  0, 128, 0, 6, 0, 0, 0, 6,   0,  0, 0});
    script("order-terms-rules", {1, 2, 255, 0,  3, 255, 24, 0, 0, 1, 4, 255, 25, 0, 0,
                                 1, 5, 255, 26, 0, 0,   6,  0, 0, 0, 6, 0,   0,  0});
    script("statement-with-rows", {1, 2, 255, 0, 3, 255, 13, 0, 0, 20, 6, 0, 128, 2});
    script("expiring-refused", {1, 2, 255, 0, 3, 255, 15, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0});
    script("little-partner", {0, 2, 255, 1, 3, 255, 0, 0, 0, 1, 0, 3, 255, 2, 0, 0, 9, 0});
    script("wrong-hello", {0, 2, 255, 128});
    script("two-hellos", {0, 2, 255, 0, 2, 255, 0});
    script("ping-before-hello", {0, 1, 255, 3, 0, 7, 12, 8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0});
    script("damaged-header", {0,  0,  255, 24, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                              11, 12, 13,  14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24});
    script("hello-too-late", {0, 9, 0, 0});
    script("few-in-flight",
           {7, 2, 255, 0, 3, 255, 0, 0, 0, 9, 0, 3, 255, 0, 0, 0, 9, 0, 3, 255, 0, 0, 0, 9, 0});
}

}  // namespace
}  // namespace suanpan::fuzz

int main(int argc, char** argv) try {
    using namespace suanpan;
    if (argc != 2) return 2;
    fuzz::corpus = argv[1];
    fuzz::make_requests();
    fuzz::make_replies();
    ledger::Ledger ledger({.seed = 99});
    const std::vector<std::vector<std::byte>> entries = fuzz::run_commands(ledger);
    fuzz::make_commits(entries);
    fuzz::make_orders(entries);
    fuzz::make_checkouts();
    fuzz::make_records(ledger);
    fuzz::make_texts();
    fuzz::make_settings();
    fuzz::make_sessions();
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "make_corpus: %s\n", error.what());
    return 1;
}
