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
suanpan_answer suanpan_ping(suanpan_client* client);

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
