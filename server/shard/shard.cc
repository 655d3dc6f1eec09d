#include "server/shard/shard.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "protocol/base/probe.h"

namespace suanpan::shard {
namespace {

// What is accepted waits for the commit under way and for its own; a third one means falling
// behind.
constexpr std::int64_t commits_waited_max = 3;
// Commands whose accounts are looked up together.
constexpr std::size_t inbox_commands_max = 32;
// A request may have to post this many blocks of due items first; more is the sweeper's work.
constexpr int expire_rounds_max = 8;

// True for commands whose answer waits until every shard has what they bring.
bool installs(CommandKind kind) {
    return kind == CommandKind::program_create || kind == CommandKind::program_update ||
           kind == CommandKind::rules_put || kind == CommandKind::offers_put ||
           kind == CommandKind::recall;
}

}  // namespace

Shard::Shard(ShardIndex index, std::unique_ptr<ledger::Ledger> ledger,
             const ShardSurroundings& surroundings, const ShardOptions& options,
             ShardMetrics& metrics)
    : index_(index),
      ledger_(std::move(ledger)),
      around_(surroundings),
      options_(options),
      metrics_(metrics),
      batch_(index, *ledger_, surroundings.committer),
      last_reserved_(surroundings.committer.durable()),
      checkout_(*ledger_, QuoteSeal(options.quote_keys), options.first_quote),
      vault_(options.master_keys, options.code_secret),
      shop_(
          *ledger_, vault_,
          [this](const Shop::WorthAsked& asked, Instant now) -> std::optional<cards::PointWorth> {
              const auto worth = checkout_.worth_at(
                  asked.program,
                  {.merchant = rules::MerchantId{static_cast<std::uint32_t>(asked.merchant)},
                   .channel = {},
                   .level = rules::LevelId{static_cast<std::uint16_t>(asked.level)}},
                  now);
              if (!worth) return std::nullopt;
              return cards::PointWorth{.points = worth->den, .money = worth->num};
          },
          options.hash_seed),
      desk_(*ledger_, vault_, options.code_secret),
      owners_to_wake_(surroundings.exchange.shards()),
      owned_([this](const ledger::CounterKey& key) { return checkout_.limit_of(key, now_); }),
      stocks_(
          [this](const ledger::CounterKey& key) {
              const bool has_pool = pools_.find(key.id) != nullptr;
              return has_pool ? std::optional(pools_.usable(key.id)) : shop_.stock_of(key);
          },
          [this](const ledger::CounterKey& key) { return shop_.terms_of(key); }, pools_,
          [this](Lsn lsn) { want_chunk(lsn); }),
      installer_(surroundings.exchange.shards()) {
    for (const auto& [key, batch] : around_.owners.codes_at_start().batches) {
        vault_.learn(batch.place, batch.wrapped);
        const ledger::CounterKey stock = stock_key(batch.place.program, key.first);
        if (around_.owners.owner_of(stock) != index_ || pools_.find(key.first) != nullptr) continue;
        const auto offer = shop_.find(stock.program, stock.id);
        pools_.restore(around_.owners.codes_at_start(), stock.id, stock.program,
                       offer == nullptr ? cards::IssueOrder{} : offer->order,
                       around_.exchange.shards());
        for (const ledger::RecalledBatch& recalled : ledger_->recalled())
            if (recalled.program == stock.program && recalled.offer == stock.id)
                pools_.restore_recalled(stock.id, cards::BatchId{recalled.batch});
        stocks_.restore(stock, {}, {});
    }
    // A retention asks for it from its first moment on.
    metrics_.codes_since_lsn.set(pools_.first_lsn().value);
    for (const auto& [key, start] : around_.owners.at_start()) {
        note_count(
            {.key = key, .given = start.units.given(), .total = shop_.stock_of(key).value_or(0)});
        if (around_.owners.owner_of(key) != index_) continue;
        if (key.kind == ledger::CounterKind::offer_stock)
            stocks_.restore(key, start.units, start.tickets, start.waiting);
        else
            owned_.restore(key, start.units, start.reserved);
    }
}

void Shard::adopt_thread(ReplySink& sink) {
    sink_ = &sink;
    thread_ = std::this_thread::get_id();
    now_ = around_.clock.now();
}

ShardIndex Shard::owner_of(const Command& command) const {
    const CommandHead& head = command.head;
    if (is_of_a_voucher(head.kind)) return home_of(command);
    if (head.kind == CommandKind::codes_import)
        return around_.owners.owner_of(
            ledger::CounterKey{.program = head.program, .kind = ledger::CounterKind::offer_stock});
    // Programs and the clock belong to shard 0; everything else to its member's shard.
    const bool is_global =
        head.kind == CommandKind::program_create || head.kind == CommandKind::program_update ||
        head.kind == CommandKind::rules_put || head.kind == CommandKind::offers_put ||
        head.kind == CommandKind::recall || head.kind == CommandKind::clock_advance;
    if (is_global) return ShardIndex{0};
    return ShardIndex{static_cast<std::uint16_t>(member_hash(head.member, options_.hash_seed) %
                                                 around_.exchange.shards())};
}

void Shard::submit(const Command& asked, const ReplyTo& to) {
    SUANPAN_ASSERT(std::this_thread::get_id() == thread_);
    if (asked.head.kind != CommandKind::verify) return send(asked, to);
    // No code in the clear goes any further.
    Command prepared = asked;
    desk_.prepare(prepared);
    send(prepared, to);
}

// To whichever shard is to execute it.
void Shard::send(const Command& command, const ReplyTo& to) {
    const ShardIndex owner = owner_of(command);
    if (owner == index_) {
        if (inbox_.empty()) inbox_since_ = around_.clock.now();
        inbox_.push_back({command, to});
        if (inbox_.size() == inbox_commands_max) decide_inbox();
        return;
    }
    if (!around_.exchange.try_send(index_, owner, {.command = command, .to = to, .sent_at = now_}))
        return refuse(to, Code::busy);
    metrics_.forwarded.add();
    around_.wake(owner);
}

void Shard::decide_inbox() {
    if (inbox_.empty()) return;
    const Instant at = around_.clock.now();
    follow_advances();
    metrics_.note_stage(Stage::queue, std::max(Duration{0}, at - inbox_since_), inbox_.size());
    // With a million members an account is a few cache misses away, one after the other. Fetching
    // those of many commands first lets the processor wait for all of them at once.
    for (const Inboxed& inboxed : inbox_) ledger_->prefetch_indexes(inboxed.command.head);
    for (const Inboxed& inboxed : inbox_) ledger_->prefetch_account(inboxed.command.head);
    for (const Inboxed& inboxed : inbox_) accept(inboxed.command, inboxed.to);
    inbox_.clear();
}

void Shard::accept(const Command& command, const ReplyTo& to) {
    if (is_read(command.head.kind))
        read(command, to);
    else if (is_of_a_voucher(command.head.kind))
        change_voucher(command, to);
    else
        change(command, to);
    close_full_batch();
}

bool Shard::batch_is_full() const {
    return batch_.commands() >= options_.batch_commands_max ||
           batch_.entry_bytes() >= options_.batch_bytes_max;
}

void Shard::close_full_batch() {
    if (!batch_is_full()) return;
    // The commit of this batch runs while the next one is decided.
    end_batch();
    commit();
    turn_is_full_ = true;
}

// Changes of one member run in the order in which they came.
void Shard::change(const Command& command, const ReplyTo& to) {
    if (!open_steps_.is_open(command.head.member)) return admit(command, to);
    SUANPAN_PROBE("a change queued behind an open step of its member");
    if (!open_steps_.try_queue(command, to)) refuse(to, Code::busy);
}

// Before the ledger is asked: whether the id was seen before, and whether this is the time.
void Shard::admit(const Command& command, const ReplyTo& to) {
    const CommandHead& head = command.head;
    const std::int64_t id_ms = head.request_id.unix_ms();
    if (id_ms < around_.committer.floor_ms()) return refuse(to, Code::request_too_old);
    const Hash128 digest = ledger_->digest_of(command);
    const ledger::RequestFound found = ledger_->request_log().find(digest, id_ms, head.body_hash);
    if (found.kind == ledger::RequestFound::Kind::other_body) {
        // Not before the first attempt is certain: a crash could undo it (P4).
        if (found.lsn.value == 0 || found.lsn > around_.committer.durable())
            return batch_.add_follow_up(command, to);
        return refuse(to, Code::request_id_reused);
    }
    const bool is_in_flight = found.lsn.value == 0 || found.lsn > around_.committer.durable();
    if (found.kind == ledger::RequestFound::Kind::same &&
        !(is_in_flight && SUANPAN_CANARY(duplicate_in_flight_executed)))
        return repeat(found, command, to, digest);
    if (const Code code = not_now(); code != Code::ok) return refuse(to, code);

    const Lsn original = ledger::Ledger::needs_original(command);
    // What is not durable was told to nobody, so no honest request can name it.
    if (original.value == 0 || original > around_.committer.durable())
        return decide(command, to, digest, nullptr);
    park({.what = ReadJob::What::entry, .from = original},
         {.command = command, .to = to, .digest = digest, .is_change = true});
}

// Why no change is possible at the moment, or ok.
Code Shard::not_now() const {
    if (draining_) return Code::shutting_down;
    if (!clock_safe_) return Code::clock_unsafe;
    if (!room_) return Code::storage_full;
    if (is_behind()) return Code::busy;
    return Code::ok;
}

// P5: over a bound the answer is `busy`, before the wait grows.
bool Shard::is_behind() const {
    const std::size_t in_flight =
        staging_.entries_in_flight() + batch_.entry_count() + owner_steps_.size();
    if (in_flight >= options_.staged_entries_max) return true;
    if (staging_.bytes_in_flight() + batch_.entry_bytes() >= options_.staged_bytes_max) return true;
    const std::uint64_t share = request_log_share();
    if (ledger_->request_log().size() > share + share / 8) return true;
    if (in_flight < options_.behind_entries_min || staged_at_.empty()) return false;
    const Duration patience =
        std::max(options_.behind_wait_min, Duration{commits_waited_max * flush_mean_.ns});
    return now_ - staged_at_.front().at > patience;
}

void Shard::decide(const Command& command, const ReplyTo& to, const Hash128& digest,
                   const ledger::Entry* original) {
    const CommandHead& head = command.head;
    if (head.kind == CommandKind::clock_advance) return advance_clock(command, to, digest);
    if (installs(head.kind) && installer_.is_busy()) return refuse(to, Code::busy);
    if (head.kind == CommandKind::settle) return settle(command, to, digest);
    if (head.kind == CommandKind::rules_put) return put_rules(command, to, digest);
    if (head.kind == CommandKind::program_update) return update_program(command, to, digest);
    if (head.kind == CommandKind::redeem) return redeem(command, to, digest);
    if (head.kind == CommandKind::offers_put) return put_offers(command, to, digest);
    if (head.kind == CommandKind::codes_import) return import_codes(command, to, digest);
    if (head.kind == CommandKind::recall) return recall(command, to, digest);
    if (head.kind == CommandKind::reveal)
        return pass_velocity(command, to, digest, cards::VelocityKind::query);
    if (head.kind == CommandKind::show)
        return pass_velocity(command, to, digest, cards::VelocityKind::query);
    if (head.kind == CommandKind::verify)
        return pass_velocity(command, to, digest, cards::VelocityKind::verify);
    if (is_of_a_voucher(head.kind)) return decide_voucher(command, to, digest);
    decide_and_stage(command, to, digest, original);
}

void Shard::decide_and_stage(const Command& command, const ReplyTo& to, const Hash128& digest,
                             const ledger::Entry* original) {
    const CommandHead& head = command.head;
    if (withdraw_recalled(command)) end_batch();
    const auto ended = shop_.ended(command, now_);
    const ledger::CounterKey* used_up = ended ? &*ended : nullptr;
    ledger::Decision decision = ledger_->decide(command, now_, original, entry_, used_up);
    for (int round = 0; decision.verdict == ledger::Decision::Verdict::needs_expire; ++round) {
        SUANPAN_PROBE("a request posted more due items than fit into its own entry");
        if (!post_due_first(head, round)) return refuse(to, Code::busy);
        decision = ledger_->decide(command, now_, original, entry_, used_up);
    }
    if (!decision.accepted() || !entry_.has_counters)
        return conclude(command, to, digest, decision);
    std::vector<OwnerAsk> asks = asks_of(entry_);
    // What has timed out goes back to its owners before more is taken, perhaps of the same; they
    // are told when the batch ends.
    if (!asks.empty() && post_due_first(head, 0)) {
        end_batch();
        return decide_and_stage(command, to, digest, original);
    }
    if (asks.empty()) {
        // Paid in time: what was set aside is issued.
        if (head.kind == CommandKind::confirm && !shop_.issue_order(nullptr, entry_))
            return refuse(to, Code::unavailable);
        return conclude(command, to, digest, decision);
    }
    take_units(command, to, digest, std::move(asks));
}

// An entry of its own for what is due of the account. False: nothing is, or there was too much.
bool Shard::post_due_first(const CommandHead& head, int round) {
    if (round == expire_rounds_max ||
        !ledger_->make_expire_entry(head.member, head.program, now_, due_entry_))
        return false;
    std::swap(entry_, due_entry_);
    stage(nullptr);
    std::swap(entry_, due_entry_);
    metrics_.expiries_posted.add();
    return true;
}

// Applies `entry_` and adds it to the batch; the owners of what it counts will be told.
void Shard::stage(const Batch::Asked* asked) {
    const ledger::AccountRef ref = ledger_->apply(entry_);
    if (entry_.has_counters) note_counters();
    if (entry_.offers != nullptr) shop_.refresh();
    if (!entry_.vouchers.empty() && !is_of_a_voucher(static_cast<CommandKind>(entry_.kind)))
        for (const ledger::VoucherPtr& held : entry_.vouchers) desk_.note(*held, ref);
    batch_.add_entry(entry_, ref, asked, asked == nullptr ? nullptr : body_of(entry_));
}

// What owners are told of `entry_` once it has its number. Of an offer: that its ticket was taken,
// and what becomes of each that was set aside.
void Shard::note_counters() {
    std::uint64_t ticket = 0;
    for (const ledger::Effect& effect : entry_.effects)
        if (const auto* taken = std::get_if<ledger::TicketTaken>(&effect)) ticket = taken->ticket;
    const auto note = [&](const OwnerNotice& notice) {
        noted_.push_back({.entry = batch_.entry_count(), .notice = notice});
    };
    for (const ledger::Effect& effect : entry_.effects) {
        if (const auto* ended = std::get_if<ledger::ReservationEnded>(&effect))
            note({.what = OwnerNotice::What::staged,
                  .key = stock_key(entry_.program, ended->offer),
                  .delta = {.issued = ended->is_issued ? ended->units : 0,
                            .reserved = -ended->units},
                  .ticket = ended->ticket});
        const auto* add = std::get_if<ledger::CounterAdd>(&effect);
        if (add == nullptr) continue;
        const bool is_stock = add->kind == ledger::CounterKind::offer_stock;
        if (is_stock && !add->takes()) continue;  // a ReservationEnded says it
        note({.what = OwnerNotice::What::staged,
              .key = {.program = entry_.program, .kind = add->kind, .id = add->id},
              .delta = add->delta,
              .times_out = add->times_out,
              .ticket = is_stock ? ticket : 0});
    }
}

// What `entry_` says where it was accepted, else the refusal.
void Shard::conclude(const Command& command, const ReplyTo& to, const Hash128& digest,
                     const ledger::Decision& decision, const std::string& message) {
    const CommandHead& head = command.head;
    const std::int64_t id_ms = head.request_id.unix_ms();
    if (decision.accepted()) {
        Batch::Asked asked{.log_ref = ledger_->request_log().insert(digest, id_ms, head.body_hash),
                           .digest = digest,
                           .to = to};
        if (installs(head.kind)) {
            installer_.begin(command, to);
            asked.to = {.shard = index_, .session = installer_session};
            // Limits of shared counters go by it once it is durable.
            if (entry_.rules != nullptr) checkout_.set_undurable(entry_.rules);
        }
        return stage(&asked);
    }
    if (!is_state_refusal(decision.code)) return refuse(to, decision.code, decision.detail);
    const VoucherTask* task = voucher_task_of(command);
    const bool is_of_codes =
        head.kind == CommandKind::codes_import || (task != nullptr && task->voucher.ticket == 0);
    const ledger::RefusalRecord refusal = ledger::Ledger::refusal_record(
        head, digest, decision.code, decision.detail,
        is_of_codes       ? offers_owner_hash(head.program)
        : task != nullptr ? task->voucher.home
                          : member_hash(head.member, options_.hash_seed));
    batch_.add_refusal(refusal,
                       {.log_ref = ledger_->request_log().insert(digest, id_ms, head.body_hash),
                        .digest = digest,
                        .to = to},
                       now_, message);
}

// The token is opened here, so that the ledger sees the terms only that we once promised.
void Shard::settle(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const auto& asked = std::get<Settle>(command.body);
    const std::optional<OrderTerms> terms = checkout_.open_token(asked.payload->token, now_);
    if (!terms) return refuse(to, Code::quote_not_authentic);
    Command opened = command;
    std::get<Settle>(opened.body).terms = &*terms;
    decide_and_stage(opened, to, digest, nullptr);
}

void Shard::put_rules(const Command& command, const ReplyTo& to, const Hash128& digest) {
    Command read = command;
    auto& put = std::get<PutRules>(read.body);
    const Checkout::Loaded loaded = checkout_.load(put, command.head.program, now_);
    if (loaded.book == nullptr) {
        RulesAnswer answer{.outcome = {.code = Code::rules_invalid, .time = now_},
                           .message = loaded.message};
        return deliver(reply_with(to, std::move(answer)));
    }
    put.version = loaded.book->spec().version;
    put.effective_from = loaded.book->spec().effective_from;
    ledger::Decision decision = ledger_->decide(read, now_, nullptr, entry_);
    if (decision.accepted()) {
        const auto earliest = checkout_.notice_ends(*loaded.book, now_);
        if (earliest && entry_.rules->effective_from < *earliest &&
            !SUANPAN_CANARY(adverse_rules_without_notice))
            decision = {.verdict = ledger::Decision::Verdict::refused,
                        .code = Code::rules_adverse,
                        .detail = earliest->ns};
    }
    if (!decision.accepted()) return conclude(read, to, digest, decision);
    put.effective_from = entry_.rules->effective_from;
    // INV-11: no limit falls below what has been granted.
    std::vector<OwnerAsk> asks = checkout_.lowered(*loaded.book, now_);
    if (asks.empty()) return conclude(read, to, digest, decision);
    take_units(read, to, digest, std::move(asks));
}

// A program takes effect at once, so what rules promise of its points has to go by rules first.
void Shard::update_program(const Command& command, const ReplyTo& to, const Hash128& digest) {
    ledger::Decision decision = ledger_->decide(command, now_, nullptr, entry_);
    if (decision.accepted())
        if (const auto earliest =
                checkout_.notice_ends(std::get<PutProgram>(command.body).spec, now_))
            decision = {.verdict = ledger::Decision::Verdict::refused,
                        .code = Code::rules_adverse,
                        .detail = earliest->ns};
    conclude(command, to, digest, decision);
}

// The same request again: it gets the first answer, as soon as that is durable.
void Shard::repeat(const ledger::RequestFound& found, const Command& command, const ReplyTo& to,
                   const Hash128& digest) {
    metrics_.repeats.add();
    // Its answer is not due before every shard has the program.
    if (installs(command.head.kind) && installer_.is_busy()) return refuse(to, Code::busy);
    if (found.lsn.value == 0 || found.lsn > around_.committer.durable()) {
        const bool joined = found.lsn.value == 0 ? batch_.attach(digest, to)
                                                 : pending_.attach(found.lsn, digest, to);
        if (!joined) return refuse(to, Code::busy);
        metrics_.attached.add();
        return;
    }
    park({.what = ReadJob::What::entry, .from = found.lsn},
         {.command = command, .to = to, .digest = digest});
}

// Sandbox only; the session has checked that.
void Shard::advance_clock(const Command& command, const ReplyTo& to, const Hash128& digest) {
    const Duration by = std::get<AdvanceClock>(command.body).by;
    if (by > instant_max - now_) return refuse(to, Code::field_out_of_range);
    around_.clock.advance(by);
    const CommandHead& head = command.head;
    entry_.reset();
    entry_.kind = ledger::EntryKind::clock_advance;
    entry_.time = now_ + by;
    entry_.request_id = head.request_id;
    entry_.body_hash = head.body_hash;
    entry_.partner = head.partner;
    entry_.principal = head.principal;
    entry_.amount = Points{by.ns};
    const Batch::Asked asked{
        .log_ref = ledger_->request_log().insert(digest, head.request_id.unix_ms(), head.body_hash),
        .digest = digest,
        .to = to};
    batch_.add_entry(entry_, ledger::no_account, &asked);
    now_ = std::max(now_, around_.clock.now());
}

void Shard::refuse(const ReplyTo& to, Code code, std::int64_t detail) {
    deliver({.to = to,
             .outcome = {.code = code,
                         .retry_after_ms = code == Code::busy ? busy_retry_ms : 0,
                         .time = now_,
                         .detail = detail}});
}

void Shard::deliver(Reply&& reply) {
    if (reply.to.shard != index_) {
        const ShardIndex asked_by = reply.to.shard;
        around_.exchange.reply(index_, std::move(reply));
        around_.wake(asked_by);
        return;
    }
    if (reply.again != nullptr) return send(*reply.again, reply.to);
    if (reply.to.session == installer_session) {
        if (reply.to.request == 0) {
            installer_.prepared(reply.outcome, std::move(reply.body));
            checkout_.set_undurable(nullptr);
            refresh_limits(installer_.program());
        } else {
            installer_.told();
        }
        return;
    }
    sink_->deliver(std::move(reply));
}

}  // namespace suanpan::shard
