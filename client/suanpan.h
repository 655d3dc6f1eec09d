/* Suanpan's client library for C, and for languages that call C.
 *
 * The same rules as in client/suanpan_client.h: every call ends as done, refused or unknown; what
 * is lost or answered busy is sent again under the same request id until the deadline. All
 * functions may be called from any thread and wait for their answer. Nothing is ever thrown.
 */
#ifndef SUANPAN_H
#define SUANPAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct suanpan_client suanpan_client;

/* A member or a request id. All zero: none. */
typedef struct suanpan_id {
    uint64_t high;
    uint64_t low;
} suanpan_id;

enum suanpan_fate {
    SUANPAN_DONE = 0,    /* executed; for a read: answered */
    SUANPAN_REFUSED = 1, /* certainly not executed by this call */
    SUANPAN_UNKNOWN = 2  /* it may have been executed: suanpan_resolve */
};

typedef struct suanpan_options {
    const char* host; /* NULL: 127.0.0.1 */
    uint16_t port;    /* any of the server's */
    uint32_t partner;
    const void* key;
    size_t key_bytes;
    const char* name;               /* for the server's log; NULL: suanpan-c */
    int64_t deadline_ms;            /* of a call, retries included; 0: 10 s */
    uint32_t connections_per_shard; /* 0: 1 */
} suanpan_options;

/* Whom a call concerns. */
typedef struct suanpan_target {
    suanpan_id member;
    uint32_t program;
    uint32_t principal;    /* who at the partner asks; 0: nobody in particular */
    suanpan_id request_id; /* zero: a fresh one. The old one: repeats that request. */
    int64_t deadline_ms;   /* 0: as in suanpan_options */
} suanpan_target;

typedef struct suanpan_answer {
    enum suanpan_fate fate;
    uint16_t code;           /* docs/protocol.md; suanpan_code_text says it in words */
    uint16_t trouble;        /* on this side: 0 none, else a value of client::Trouble */
    uint32_t attempts;       /* how often it was sent */
    uint32_t retry_after_ms; /* with busy and rate_limited */
    suanpan_id request_id;   /* to repeat it, or to ask with suanpan_lookup */
    uint64_t entry_id;       /* 0 where nothing was journaled */
    int64_t time_ns;         /* server time of the decision, since 1970 UTC */
    int64_t available;       /* the account's points: to spend, ... */
    int64_t held;
    int64_t pending;
    int64_t debt;
    int64_t amount; /* points that this request moved */
    int64_t detail; /* hold number, points missing, ... */
} suanpan_answer;

typedef struct suanpan_line {
    uint64_t entry_id;
    int64_t time_ns;
    suanpan_id request_id;
    int64_t amount;
    int64_t available;
    int64_t held;
    int64_t pending;
    int64_t debt;
    uint64_t reference;
    uint32_t partner;
    uint32_t principal;
    uint16_t kind;
    uint16_t reason;
} suanpan_line;

/* ---- Orders (docs/checkout.md). Money is in minor units (分, cents). */

typedef struct suanpan_asked_line {
    uint64_t product;
    int64_t unit_price; /* before everything */
    int64_t quantity;
    uint32_t category;
} suanpan_asked_line;

typedef struct suanpan_asked_order {
    uint32_t merchant;
    uint32_t channel;
    int64_t points_wanted; /* -1: as many as bring something */
    const char* currency;  /* NULL: the program's */
    const suanpan_asked_line* lines;
    size_t line_count;
    const uint32_t* coupons; /* in the order of use */
    size_t coupon_count;
} suanpan_asked_order;

typedef struct suanpan_quoted_line {
    int64_t list;
    int64_t payable; /* after all prices, reductions and coupons */
    int64_t points;
    int64_t value;    /* of the points */
    int64_t refunded; /* of the payable; in a quote 0 */
} suanpan_quoted_line;

typedef struct suanpan_quoted_limit {
    int64_t value;
    uint32_t id;    /* of the rule, 0: of none in particular */
    uint16_t kind;  /* docs/checkout.md has the table */
    uint16_t bound; /* 1: the quote went as far as this lets it */
} suanpan_quoted_limit;

/* What suanpan_quote fills. All zero where it was not answered; else lines, limits and token belong
 * to it until suanpan_free_quoted. */
typedef struct suanpan_quoted {
    uint32_t rule_version;
    uint32_t campaign; /* 0: none */
    int64_t valid_until_ns;
    int64_t list;
    int64_t discounts;
    int64_t coupons;
    int64_t payable;
    int64_t eligible;
    int64_t points;
    int64_t value; /* of the points */
    int64_t cash;
    int64_t points_missing;
    int64_t gap;
    const suanpan_quoted_line* lines;
    size_t line_count;
    const suanpan_quoted_limit* limits;
    size_t limit_count;
    const void* token; /* what suanpan_settle wants */
    size_t token_bytes;
    void* memory;
} suanpan_quoted;

/* Part of an order's line comes back. */
typedef struct suanpan_line_refund {
    uint32_t line;  /* its place in the quote, from 0 */
    int64_t amount; /* of its payable; 0: all of it */
} suanpan_line_refund;

/* What suanpan_order fills; as with suanpan_quoted, suanpan_free_ordered frees it. */
typedef struct suanpan_ordered {
    uint16_t state; /* 1 waiting, 2 confirmed, 3 cancelled, 4 refunded in full */
    uint16_t step;
    uint32_t rule_version;
    uint8_t terms_hash[32];
    char currency[9];
    char payment[65];
    int64_t list;
    int64_t payable;
    int64_t points;
    int64_t value;
    int64_t cash;
    int64_t settled_at_ns;
    int64_t times_out_ns;
    int64_t refundable_until_ns;
    int64_t paid;
    int64_t refunded;
    int64_t refunded_points;
    int64_t refunded_cash;
    /* Of a redemption: what it buys, and its place in the offer's line; else 0. */
    uint32_t offer;
    uint64_t ticket;
    int64_t quantity;
    const suanpan_quoted_line* lines;
    size_t line_count;
    void* memory;
} suanpan_ordered;

/* What suanpan_terms fills; suanpan_free_terms frees it. */
typedef struct suanpan_terms_text {
    uint32_t version;
    int64_t effective_from_ns;
    uint8_t hash[32];
    const char* text; /* ends with a zero */
    size_t text_bytes;
    void* memory;
} suanpan_terms_text;

/* ---- Offers and vouchers (docs/cards.md). */

/* The longest code, without the zero behind it. */
#define SUANPAN_CODE_BYTES_MAX 64

/* A voucher's number. It opens nothing; keep all of it. */
typedef struct suanpan_voucher_number {
    uint64_t home;
    uint64_t ticket;
    uint32_t offer;
    uint32_t unit;
} suanpan_voucher_number;

/* One unit that a redemption issued. */
typedef struct suanpan_redeemed_voucher {
    suanpan_voucher_number number;
    int64_t expires_at_ns;                 /* exclusive; INT64_MAX: never */
    char code[SUANPAN_CODE_BYTES_MAX + 1]; /* empty where the offer has none */
} suanpan_redeemed_voucher;

/* What suanpan_redeem fills. All zero where it was refused; else vouchers belong to it until
 * suanpan_free_redeemed, which wipes their codes. */
typedef struct suanpan_redeemed {
    uint32_t offer;
    uint64_t ticket; /* its place in the offer's line, from 1 */
    /* Cash that is due; above 0: no voucher is issued yet, points and units are set aside until
     * held_until_ns. */
    int64_t cash;
    char currency[9];
    int64_t held_until_ns;
    const suanpan_redeemed_voucher* vouchers;
    size_t voucher_count;
    void* memory;
} suanpan_redeemed;

/* An offer that a member could take now. */
typedef struct suanpan_offer {
    uint32_t offer;
    uint32_t version;
    uint16_t kind; /* 1 counted, 2 code-backed, 3 loop code */
    const char* name;
    int64_t points;     /* of a unit */
    int64_t ends_ns;    /* exclusive; INT64_MAX: open end */
    int64_t stock_left; /* may be 100 ms old */
    int64_t units_max;  /* that the member could take at once, points included */
    int64_t cash;       /* of a unit, in minor units */
    int64_t cash_now;   /* that one unit would cost the member now, missing points included */
    char currency[9];   /* of both; empty where no cash is due */
} suanpan_offer;

/* What suanpan_offers fills; suanpan_free_offers frees it. */
typedef struct suanpan_offer_list {
    const suanpan_offer* offers;
    size_t offer_count;
    uint32_t next; /* pass as `after` to go on; 0: that was all */
    void* memory;
} suanpan_offer_list;

typedef struct suanpan_voucher {
    suanpan_voucher_number number;
    uint16_t state; /* 1 issued, 2 gift pending, 3 verified, 4 expired, 5 refunded, 6 void */
    uint16_t has_code;
    uint16_t revealed;  /* somebody has seen its code */
    uint16_t is_amount; /* 1: `whole` and `left` are minor units, else uses */
    int64_t whole;
    int64_t left;
    int64_t issued_at_ns;
    int64_t expires_at_ns;
    uint32_t merchant; /* 0: any */
} suanpan_voucher;

#define SUANPAN_TOKEN_BYTES 48

/* What suanpan_show fills: good for one verify. */
typedef struct suanpan_shown {
    uint8_t token[SUANPAN_TOKEN_BYTES];
    int64_t until_ns; /* exclusive */
} suanpan_shown;

/* How a shop uses a voucher. */
typedef struct suanpan_verification {
    const char* reference; /* your own name of it, 1 to 64 bytes; again: the first answer */
    uint32_t merchant;
    uint32_t store;
    int64_t amount; /* uses, or minor units; 0: one use, or all that is left of an amount */
    uint64_t origin;
} suanpan_verification;

/* What suanpan_recall fills: codes of the batch. */
typedef struct suanpan_recalled {
    uint64_t voided;    /* they were free */
    uint64_t set_aside; /* waiting for their cash */
    uint64_t issued;    /* with members */
} suanpan_recalled;

/* What suanpan_verify_* and suanpan_undo_verify fill. */
typedef struct suanpan_verified {
    suanpan_voucher_number voucher;
    int64_t units; /* used, or given back */
    int64_t left;
    uint16_t state;     /* as in suanpan_voucher */
    uint16_t is_amount; /* 1: `units` and `left` are minor units, else uses */
} suanpan_verified;

/* A line of a file of codes that was refused. */
typedef struct suanpan_refused_line {
    uint64_t line;
    uint16_t fault; /* docs/protocol.md has the table */
} suanpan_refused_line;

/* What suanpan_member_update says of a member. */
typedef struct suanpan_member_facts {
    uint64_t segments;       /* a bit for each audience */
    uint64_t source_version; /* an update that is older than the last one changes nothing */
    uint16_t level;
    uint8_t birthday_month; /* 1 to 12; 0: not known */
    uint8_t birthday_day;
} suanpan_member_facts;

/* Points that expire together. */
typedef struct suanpan_expiring_row {
    int64_t expires_at_ns; /* exclusive */
    int64_t points;
} suanpan_expiring_row;

/* Points that a request put into (positive) or took out of one lot. */
typedef struct suanpan_lot_movement {
    int64_t expires_at_ns; /* of the lot; INT64_MAX: never */
    int64_t active_from_ns;
    int64_t delta;
    uint32_t rule_version;
    uint32_t hold;        /* 0: the lot itself; else this hold's part of it */
    uint16_t restriction; /* 0: any line of an order */
    uint16_t origin;      /* 0 granted, 1 purchased */
    uint16_t cause;       /* 0 the request, 1 expiry, 2 a hold that ended, 3 debt, 4 lapsed */
} suanpan_lot_movement;

/* What a limit had counted for a request. */
typedef struct suanpan_counted_limit {
    uint32_t id;         /* of the limit, campaign or coupon */
    int32_t period_days; /* its first local day, since 1970-01-01; 0: for ever */
    int64_t money;
    int64_t points;
    int64_t count;
    uint16_t kind; /* docs/protocol.md has the table */
} suanpan_counted_limit;

/* What suanpan_explain fills: what one request did, from its entry in the journal alone. All zero
 * where it was not executed. suanpan_free_explained frees it. */
typedef struct suanpan_explained {
    uint64_t previous_entry; /* of the same account; 0: this is its first */
    uint64_t reference;
    int32_t local_date_days; /* since 1970-01-01 */
    uint32_t partner;
    uint32_t principal;
    uint32_t policy_version; /* of the program */
    uint32_t rule_version;   /* of its order's rule book; 0: it is about no order */
    uint16_t kind;           /* as in a statement */
    uint16_t reason;
    uint8_t terms_hash[32];           /* of that rule book */
    uint8_t entry_hash[32];           /* of the entry's bytes in the journal */
    const suanpan_lot_movement* lots; /* in the order in which they were taken */
    size_t lot_count;
    const suanpan_counted_limit* limits;
    size_t limit_count;
    void* memory;
} suanpan_explained;

/* One version of a program's policies. Days and counts within the ranges of docs/protocol.md; what
 * is not allowed is refused. */
typedef struct suanpan_program {
    uint32_t id;
    uint32_t version;         /* 1 when created, then one more at each update */
    const char* name;         /* at most 48 bytes */
    const char* currency;     /* at most 8 bytes, CNY */
    const char* time_zone;    /* at most 40 bytes, Asia/Shanghai */
    uint16_t expiry;          /* 0 never, 1 days, 2 months, 3 years, 4 on a date, 5 sliding days */
    uint16_t expiry_rounding; /* 0 none, to the end of 1 month, 2 quarter, 3 half-year, 4 year */
    uint32_t expiry_count;    /* of days, months or years */
    int32_t expiry_date_days; /* since 1970-01-01, of 4 */
    uint16_t revoke;          /* 0 reject, 1 allow debt, 2 take what is there */
    uint16_t merge_lots;      /* 1: what is earned on one day is one lot */
    uint16_t hold_grace_days;
    uint32_t refundable_days;
    int64_t hold_default_ms;
    int64_t hold_max_ms;
    int64_t spend_per_day_max; /* -1: none */
} suanpan_program;

/* NULL on failure; then `error` (if not NULL) holds one line that says why. The connection is made
 * in the background; suanpan_connect waits for it. */
suanpan_client* suanpan_open(const suanpan_options* options, char* error, size_t error_bytes);
/* Waits for the first greeting: 0. Or -1 and a line in `error`. */
int suanpan_connect(suanpan_client* client, char* error, size_t error_bytes);
/* Ends all calls and frees the client. NULL is allowed. */
void suanpan_close(suanpan_client* client);

/* expires_at_ns 0: by the program's policy. */
suanpan_answer suanpan_earn(suanpan_client* client, const suanpan_target* target, int64_t amount,
                            int64_t expires_at_ns);
/* up_to other than 0: take as much as there is, at most `amount`. */
suanpan_answer suanpan_spend(suanpan_client* client, const suanpan_target* target, int64_t amount,
                             int64_t min_remaining, int up_to);
/* The hold's number comes as `detail`. duration_ms 0: the program's default. */
suanpan_answer suanpan_hold(suanpan_client* client, const suanpan_target* target, int64_t amount,
                            int64_t duration_ms);
suanpan_answer suanpan_capture(suanpan_client* client, const suanpan_target* target, uint32_t hold,
                               int64_t amount);
suanpan_answer suanpan_release(suanpan_client* client, const suanpan_target* target, uint32_t hold);
/* amount 0: all that is left of the original. */
suanpan_answer suanpan_refund(suanpan_client* client, const suanpan_target* target,
                              uint64_t original, int64_t amount, uint16_t reason);
suanpan_answer suanpan_revoke(suanpan_client* client, const suanpan_target* target,
                              uint64_t original, int64_t amount);
suanpan_answer suanpan_adjust(suanpan_client* client, const suanpan_target* target, int64_t delta,
                              uint16_t reason);
suanpan_answer suanpan_freeze(suanpan_client* client, const suanpan_target* target,
                              uint16_t reason);
suanpan_answer suanpan_unfreeze(suanpan_client* client, const suanpan_target* target,
                                uint16_t reason);
suanpan_answer suanpan_balance(suanpan_client* client, const suanpan_target* target);
/* Of target->request_id. */
suanpan_answer suanpan_lookup(suanpan_client* client, const suanpan_target* target);
/* Fills `lines`, newest first, and `line_count`. before 0: from the newest; `next` (if not NULL) is
 * what to pass as `before` to go on, 0: that was all. At most 200 lines a call. */
suanpan_answer suanpan_statement(suanpan_client* client, const suanpan_target* target,
                                 uint64_t before, suanpan_line* lines, size_t lines_max,
                                 size_t* line_count, uint64_t* next);
/* What the account may spend on one local day; -1: what the program says. */
suanpan_answer suanpan_set_limit(suanpan_client* client, const suanpan_target* target,
                                 int64_t spend_per_day_max);
suanpan_answer suanpan_member_update(suanpan_client* client, const suanpan_target* target,
                                     const suanpan_member_facts* facts);
/* Up to rows_max rows, soonest first, of what expires within that time. */
suanpan_answer suanpan_expiring(suanpan_client* client, const suanpan_target* target,
                                int64_t within_ms, suanpan_expiring_row* rows, size_t rows_max,
                                size_t* row_count);
/* Of target->request_id: as suanpan_lookup, with what it did to lots and limits. */
suanpan_answer suanpan_explain(suanpan_client* client, const suanpan_target* target,
                               suanpan_explained* explained);
void suanpan_free_explained(suanpan_explained* explained);
/* target's program and member are not looked at. */
suanpan_answer suanpan_program_create(suanpan_client* client, const suanpan_target* target,
                                      const suanpan_program* program);
suanpan_answer suanpan_program_update(suanpan_client* client, const suanpan_target* target,
                                      const suanpan_program* program);
/* Of a sandbox only; its clock never goes back. */
suanpan_answer suanpan_clock_advance(suanpan_client* client, const suanpan_target* target,
                                     int64_t by_ms);
suanpan_answer suanpan_ping(suanpan_client* client);

/* What points would pay of an order. Writes nothing; `quoted` is filled in any case. */
suanpan_answer suanpan_quote(suanpan_client* client, const suanpan_target* target,
                             const suanpan_asked_order* order, suanpan_quoted* quoted);
/* `order` is your own name of it, 1 to 64 bytes. `detail` is its state: 1 waits for cash, 2 paid.
 */
suanpan_answer suanpan_settle(suanpan_client* client, const suanpan_target* target,
                              const char* order, const void* token, size_t token_bytes);
/* `detail` 3: it came too late, return the cash. */
suanpan_answer suanpan_confirm(suanpan_client* client, const suanpan_target* target,
                               const char* order, const char* payment, int64_t amount,
                               const char* currency);
suanpan_answer suanpan_cancel(suanpan_client* client, const suanpan_target* target,
                              const char* order);
/* By amount (0: all that is left), or, where line_count is not 0, by lines. The answer's `amount`
 * are points, its `detail` the cash to return. */
suanpan_answer suanpan_refund_order(suanpan_client* client, const suanpan_target* target,
                                    const char* order, int64_t amount,
                                    const suanpan_line_refund* lines, size_t line_count,
                                    uint16_t reason, uint16_t grace_days);
suanpan_answer suanpan_order(suanpan_client* client, const suanpan_target* target,
                             const char* order, suanpan_ordered* ordered);
/* Of target->program; version 0: the rules in force. */
suanpan_answer suanpan_terms(suanpan_client* client, const suanpan_target* target, uint32_t version,
                             suanpan_terms_text* terms);
/* Loads the next version of the rules. What is wrong with a file that is refused as rules_invalid
 * goes to `message`. */
suanpan_answer suanpan_rules_put(suanpan_client* client, const suanpan_target* target,
                                 const char* text, size_t text_bytes, char* message,
                                 size_t message_bytes);
/* Takes `quantity` units of an offer, all or none. `detail` is the ticket. origin is a hash of the
 * address or device that asks, 0: not known. Where it ends as unknown, call it again with the
 * answer's request id: the repeat brings the same vouchers and codes. */
suanpan_answer suanpan_redeem(suanpan_client* client, const suanpan_target* target, uint32_t offer,
                              int64_t quantity, uint64_t origin, suanpan_redeemed* redeemed);
/* The same with cash: sets units and points aside under an order of your own name, which
 * suanpan_confirm or suanpan_cancel ends. Where it is paid, suanpan_reveal shows the codes. */
suanpan_answer suanpan_redeem_with_cash(suanpan_client* client, const suanpan_target* target,
                                        uint32_t offer, int64_t quantity, int64_t cash,
                                        const char* order, uint64_t origin,
                                        suanpan_redeemed* redeemed);
/* Fills `code`, which has room for SUANPAN_CODE_BYTES_MAX + 1 bytes. Wipe it when it was shown. */
suanpan_answer suanpan_reveal(suanpan_client* client, const suanpan_target* target,
                              suanpan_voucher_number voucher, uint64_t origin, char* code);
/* A token of at most 60 s for the voucher's owner to show in a shop. Request ids of this and the
 * next three are the voucher's: suanpan_resolve leaves them unknown, call them again. */
suanpan_answer suanpan_show(suanpan_client* client, const suanpan_target* target,
                            suanpan_voucher_number voucher, int64_t life_ms, uint64_t origin,
                            suanpan_shown* shown);
/* A shop uses a voucher of target->program, with the owner's token (SUANPAN_TOKEN_BYTES) or with
 * the code itself. */
suanpan_answer suanpan_verify_token(suanpan_client* client, const suanpan_target* target,
                                    const void* token, const suanpan_verification* verification,
                                    suanpan_verified* verified);
suanpan_answer suanpan_verify_code(suanpan_client* client, const suanpan_target* target,
                                   const char* code, const suanpan_verification* verification,
                                   suanpan_verified* verified);
/* Gives back what the verification `reference` of yours used. */
suanpan_answer suanpan_undo_verify(suanpan_client* client, const suanpan_target* target,
                                   suanpan_voucher_number voucher, const char* reference,
                                   suanpan_verified* verified);
/* What the member could take now; after 0: from the first. */
suanpan_answer suanpan_offers(suanpan_client* client, const suanpan_target* target, uint32_t after,
                              suanpan_offer_list* offers);
/* Fills `vouchers`, by number, and `voucher_count`. after NULL: from the first; state 0: any.
 * `next` (if not NULL) is what to pass as `after` to go on, its ticket 0: that was all. At most
 * 1000 a call. */
suanpan_answer suanpan_vouchers(suanpan_client* client, const suanpan_target* target,
                                const suanpan_voucher_number* after, uint16_t state,
                                suanpan_voucher* vouchers, size_t vouchers_max,
                                size_t* voucher_count, suanpan_voucher_number* next);
/* Loads the next version of target->program's offers. What is wrong with a file that is refused as
 * offer_invalid goes to `message`. */
suanpan_answer suanpan_offers_put(suanpan_client* client, const suanpan_target* target,
                                  uint32_t version, const char* text, size_t text_bytes,
                                  char* message, size_t message_bytes);
/* Imports whole lines of a file of codes, the first being its line `first_line` (from 1), at most
 * 256 KiB and 2048 lines. `amount` is how many were taken. Fills `lines` with those that were
 * refused, and `line_count`; at most 1000 a call. */
suanpan_answer suanpan_codes_import(suanpan_client* client, const suanpan_target* target,
                                    uint32_t offer, uint32_t batch, uint64_t first_line,
                                    const char* text, size_t text_bytes,
                                    suanpan_refused_line* lines, size_t lines_max,
                                    size_t* line_count);
/* Takes back a batch of codes for good. Fills `recalled` (if not NULL) with what was where. */
suanpan_answer suanpan_recall(suanpan_client* client, const suanpan_target* target, uint32_t offer,
                              uint32_t batch, uint16_t reason, suanpan_recalled* recalled);
/* A voucher's number as text, 59 characters at most, and back: 0, or -1 where `text` is none. */
void suanpan_voucher_name(suanpan_voucher_number number, char* text, size_t text_bytes);
int suanpan_voucher_named(const char* text, suanpan_voucher_number* number);
/* Free what was filled and make it all zero. NULL is allowed, and so is doing it twice. */
void suanpan_free_quoted(suanpan_quoted* quoted);
void suanpan_free_ordered(suanpan_ordered* ordered);
void suanpan_free_terms(suanpan_terms_text* terms);
void suanpan_free_redeemed(suanpan_redeemed* redeemed);
void suanpan_free_offers(suanpan_offer_list* offers);

/* Makes an unknown answer to a call on `target` certain, as far as the server can. */
suanpan_answer suanpan_resolve(suanpan_client* client, const suanpan_target* target,
                               const suanpan_answer* unknown);

/* A fresh request id, rising within the process. */
suanpan_id suanpan_make_request_id(void);
/* A code's name and what it means, in words. The strings live as long as the program. */
const char* suanpan_code_name(uint16_t code);
const char* suanpan_code_text(uint16_t code);

#ifdef __cplusplus
}
#endif

#endif
