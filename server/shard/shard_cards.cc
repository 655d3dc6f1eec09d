// Card codes of a Shard: imports, the sealed codes that the journal has, and reveal.
#include "protocol/base/assert.h"
#include "protocol/base/probe.h"
#include "server/ledger/entry_format.h"
#include "server/shard/shard.h"

#include <algorithm>

namespace suanpan::shard {
namespace {

ledger::Decision refused(Code code, std::int64_t detail = 0) {
    return {.verdict = ledger::Decision::Verdict::refused, .code = code, .detail = detail};
}

std::uint64_t lines_in(std::span<const std::byte> text) {
    const auto feeds = std::ranges::count(text, std::byte{'\n'});
    const bool has_rest = !text.empty() && text.back() != std::byte{'\n'};
    return static_cast<std::uint64_t>(feeds) + (has_rest ? 1 : 0);
}

}  // namespace

// On the shard that owns the program's offers. Sealed on this thread, so that no code in the clear
// crosses to another.
void Shard::import_codes(const Command& command, const ReplyTo& to, const Hash128& digest) {
    // The entry before must have its number, or the pool would not know its codes.
    if (!imports_.empty()) end_batch();
    const CommandHead& head = command.head;
    const auto& asked = std::get<ImportCodes>(command.body);
    const std::span<const std::byte> text = asked.payload->text;
    const std::uint64_t lines = lines_in(text);
    if (text.size() > limits::code_chunk_bytes_max || lines > limits::code_chunk_lines_max)
        return refuse(to, Code::batch_too_large, limits::code_chunk_lines_max);
    const ledger::Program* program = ledger_->program(head.program);
    if (program == nullptr) return conclude(command, to, digest, refused(Code::program_not_found));
    const auto offer = shop_.find(head.program, asked.offer);
    if (offer == nullptr || offer->kind != cards::StockKind::code_backed)
        return conclude(command, to, digest, refused(Code::offer_not_found));
    const cards::SealedPlace place{
        .program = head.program, .offer = offer->id, .batch = cards::BatchId{asked.batch}};
    cards::CodePool& pool = pools_.find_or_make(asked.offer, head.program, offer->order);
    const cards::CodeBatch* batch = pool.batch(place.batch);
    const bool is_recalled =
        (batch != nullptr && batch->recalled) ||
        ledger_->recalled().contains(
            {.program = head.program, .offer = asked.offer, .batch = asked.batch});
    if (is_recalled) return conclude(command, to, digest, refused(Code::batch_recalled));
    const ledger::CounterKey stock{
        .program = head.program, .kind = ledger::CounterKind::offer_stock, .id = asked.offer};
    if (stocks_.is_recalling(stock, place.batch)) return refuse(to, Code::busy);
    if (batch == nullptr && !pool.check_open(place.batch)) return refuse(to, Code::busy);
    cards::CodeSeal* seal = vault_.seal_of(place, true);
    if (seal == nullptr) return refuse(to, Code::unavailable);

    const auto first_index =
        static_cast<std::uint32_t>(batch == nullptr ? 0 : batch->counts.imported);
    cards::CodeImport import(
        pool, vault_.hasher(head.program), *seal,
        [program](LocalDate day) { return program->end_after_days(day, 0); },
        [&](const cards::CodeKey& key) {
            return pools_.is_elsewhere(head.program, asked.offer, key);
        },
        first_index);
    cards::CodeFileReader reader(offer->code_form, import,
                                 std::max<std::uint64_t>(1, asked.first_line));
    reader.feed(text);
    reader.finish();
    CodeChunk chunk{.place = place,
                    .wrapped = *vault_.find(place),
                    .lines = lines,
                    .refused = import.refused(),
                    .refused_lines = {},
                    .codes = import.chunk().codes,
                    .sealed = import.chunk().sealed};
    for (const cards::RefusedLine& line : import.refused_lines())
        chunk.refused_lines.push_back(
            {.line = line.line, .fault = static_cast<std::uint8_t>(line.fault)});

    auto held = std::make_shared<ledger::HeldCodes>();
    held->bytes = bytes_of(chunk);
    entry_.reset();
    entry_.kind = ledger::EntryKind::codes_import;
    entry_.time = now_;
    entry_.request_id = head.request_id;
    entry_.body_hash = head.body_hash;
    entry_.partner = head.partner;
    entry_.principal = head.principal;
    entry_.program = head.program;
    entry_.reference = asked.offer | (std::uint64_t{asked.batch} << 32U);
    entry_.amount = Points{static_cast<std::int64_t>(chunk.codes.size())};
    entry_.detail = static_cast<std::int64_t>(chunk.refused);
    entry_.codes = std::move(held);
    entry_.add(ledger::CodesPut{});
    imports_.push_back({.entry = batch_.entry_count(),
                        .chunk = std::make_shared<const CodeChunk>(std::move(chunk))});
    conclude(command, to, digest, {.verdict = ledger::Decision::Verdict::accepted});
}

// The batch has its numbers: the codes may be taken.
void Shard::add_imported_codes() {
    for (const Imported& imported : imports_) {
        const CodeChunk& chunk = *imported.chunk;
        pools_.add(imported.chunk, batch_.first_staged() + imported.entry);
        stocks_.grow(stock_key(chunk.place.program, static_cast<std::uint32_t>(chunk.place.offer)),
                     now_);
    }
    imports_.clear();
}

// Has the chunk of sealed codes read, unless it is being read already.
void Shard::want_chunk(Lsn lsn) {
    for (const auto& [ticket, wanted] : wanted_chunks_)
        if (wanted == lsn) return;
    if (!around_.reader.try_ask(
            index_, {.what = ReadJob::What::entry, .ticket = next_ticket_, .from = lsn}))
        return;  // asked for again on the next turn
    wanted_chunks_.emplace(next_ticket_++, lsn);
}

// True where it was a chunk that was read.
bool Shard::take_chunk(const ReadDone& done) {
    const auto at = wanted_chunks_.find(done.ticket);
    if (at == wanted_chunks_.end()) return false;
    const Lsn lsn = at->second;
    wanted_chunks_.erase(at);
    std::optional<CodeChunk> chunk;
    if (done.code == Code::ok && ledger::decode(done.entry, original_).has_value() &&
        original_.codes != nullptr)
        chunk = chunk_of(original_.codes->bytes);
    if (!chunk) {
        stocks_.chunk_failed(lsn, now_);
        return true;
    }
    SUANPAN_PROBE("sealed codes were read from the journal");
    pools_.keep(std::make_shared<const CodeChunk>(std::move(*chunk)), lsn);
    stocks_.chunk_came();
    return true;
}

// Its velocity has let it pass.
void Shard::decide_reveal(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const auto next = shop_.reveal(command, now_);
    if (!next)
        return conclude(command, to, digest, refused(next.error().code, next.error().detail));
    // Without its master key: nothing is done, and the id is not used up.
    if (!shop_.can_show(*next)) return refuse(to, Code::unavailable);
    Command opened = command;
    std::get<Reveal>(opened.body).next = &*next;
    decide_and_stage(opened, to, digest, nullptr);
}

// On the first shard, as all that every shard has to know. The offer is closed until they do; then
// its owner says what is where, and the entry is staged.
void Shard::recall(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const CommandHead& head = command.head;
    const auto& asked = std::get<RecallBatch>(command.body);
    const ledger::Decision decision = ledger_->decide(command, now_, nullptr, entry_);
    if (!decision.accepted()) return conclude(command, to, digest, decision);
    const auto offer = shop_.find(head.program, asked.offer);
    if (offer == nullptr || offer->kind != cards::StockKind::code_backed)
        return conclude(command, to, digest, refused(Code::offer_not_found));
    OwnerAsk close;
    close.key = {
        .program = head.program, .kind = ledger::CounterKind::offer_stock, .id = asked.offer};
    close.closes = true;
    close.recalls = cards::BatchId{asked.batch};
    take_units(command, to, digest, {close});
}

// The offer is closed, nothing is on its way.
void Shard::complete_recall(OwnerStep& step) {
    closed_ = step.asks;
    const cards::RecallReport& report = step.granted.recalled;
    for (ledger::Effect& effect : step.entry.effects)
        if (auto* recalled = std::get_if<ledger::BatchRecalled>(&effect)) {
            recalled->voided = report.voided;
            recalled->set_aside = report.set_aside;
            recalled->issued = report.issued;
        }
    step.entry.amount = Points{static_cast<std::int64_t>(report.voided)};
    step.entry.detail = static_cast<std::int64_t>(report.issued);
}

// The cash for an order whose codes were recalled comes as one that is late: it buys others, or is
// to be returned. True where an entry was staged that ends the order's wait.
bool Shard::withdraw_recalled(const Command& command) {
    const std::uint32_t order = shop_.withdrawn(command, now_);
    if (order == 0 || !ledger_->make_withdrawal_entry(command.head.member, command.head.program,
                                                      order, now_, due_entry_))
        return false;
    SUANPAN_PROBE("an order was paid whose codes had been recalled");
    std::swap(entry_, due_entry_);
    stage(nullptr);
    std::swap(entry_, due_entry_);
    metrics_.expiries_posted.add();
    return true;
}

}  // namespace suanpan::shard
