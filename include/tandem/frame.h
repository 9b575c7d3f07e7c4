/* SPDX-License-Identifier: MPL-2.0
 *
 * frame.h: the messages daemons exchange over a link. One ZeroMQ message frame each: a canonical array whose
 * first element is the kind. proto/LINK.md is the specification.
 */
#ifndef TANDEM_FRAME_H
#define TANDEM_FRAME_H

/* clang-format off */
/*
 *   HELLO      [1, version, origin, incarnation, capabilities, [tip...], feed epoch or nil, feed number]
 *   WELCOME    [2, version, hub origin, capabilities, window events, [tip...], feed epoch, feed last]
 *   REFUSE     [3, reason, kind refused or 0, text]
 *   EVENTS     [4, origin, incarnation, first, [last of each run...], packed, packing, seal or nil, sender's last]
 *   ACK        [5, origin, incarnation, durable up to, head]
 *   NOTICE     [6, epoch, [[number, event, proof]...]]
 *   NOTICE_ACK [7, epoch, up to]
 *   FETCH      [8, origin, incarnation or nil, from]   from: first sequence wanted; the sender then follows
 *   ENROL      [9, version, origin, incarnation, seal key, link key, signature]
 *   ENROLLED   [10, hub origin, [organisation...]]
 *   FROM       [11, origin, [incarnation...]]   answer to FETCH: incarnations that will come, oldest first
 *   tip  = [origin, incarnation, last, head]
 *   seal = [last, key, signature]
 */
/* clang-format on */

#include "tandem/run.h"

#define TDM_LINK_VERSION 1
#define TDM_FRAME_MAX 262144      /* bytes of one frame, also of its events when unpacked */
#define TDM_FRAME_TIPS_MAX 512    /* tips in HELLO and WELCOME */
#define TDM_FRAME_RUNS_MAX 64     /* runs in EVENTS; also bounds proofs */
#define TDM_FRAME_EVENTS_MAX 4096 /* events in EVENTS */
#define TDM_FRAME_NOTICES_MAX 64  /* notices in NOTICE */
#define TDM_FRAME_CODES_MAX 512   /* organisations in ENROLLED */
#define TDM_FRAME_INCARNATIONS_MAX 64

typedef enum tdm_frame_kind {
    TDM_FRAME_HELLO = 1,
    TDM_FRAME_WELCOME,
    TDM_FRAME_REFUSE,
    TDM_FRAME_EVENTS,
    TDM_FRAME_ACK,
    TDM_FRAME_NOTICE,
    TDM_FRAME_NOTICE_ACK,
    TDM_FRAME_FETCH,
    TDM_FRAME_ENROL,
    TDM_FRAME_ENROLLED,
    TDM_FRAME_FROM
} tdm_frame_kind;

/* X(symbol, number, word, may trying again help?) */
#define TDM_REFUSALS(X)                                                                                      \
    X(MALFORMED, 1, "malformed", true) /* text names the place; again: it may have been damaged */           \
    X(VERSION, 2, "version", false)                                                                          \
    X(NOT_ENROLLED, 3, "not-enrolled", false) /* this key speaks for no origin */                            \
    X(WRONG_ORIGIN, 4, "wrong-origin", false) /* the key is another origin's */                              \
    X(BAD_SEAL, 5, "bad-seal", false)         /* no seal, wrong signature, or not this origin's key */       \
    X(FORK, 6, "fork", false)        /* same sequence, other content: a clone or a restored store */         \
    X(GAP, 7, "gap", true)           /* does not follow what is held; text tells what is */                  \
    X(REPLACED, 8, "replaced", true) /* the same key connected again */                                      \
    X(BUSY, 9, "busy", true)         /* over the window, or the store is full */                             \
    X(ENROL_DENIED, 10, "enrol-denied", false) /* code used, expired, or not for this */                     \
    X(UNEXPECTED, 11, "unexpected", true)      /* no place in this state: begin again with HELLO */          \
    X(REVOKED, 12, "revoked", false)

typedef enum tdm_refusal {
#define X(symbol, number, word, again) TDM_REFUSAL_##symbol = number,
    TDM_REFUSALS(X)
#undef X
} tdm_refusal;
const char *tdm_refusal_word(tdm_refusal reason);
/* May trying again help? Reasons of later versions: yes, at the pace of a retry. */
bool tdm_refusal_again(tdm_refusal reason);
const char *tdm_frame_word(tdm_frame_kind kind);

enum { TDM_CAPABILITY_ZSTD = 1 }; /* bits of "capabilities" */
enum { TDM_PACKING_PLAIN = 0, TDM_PACKING_ZSTD = 1 };

/* How far one incarnation is held. */
typedef struct tdm_log_tip {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
} tdm_log_tip;

typedef struct tdm_notice {
    uint64_t number;
    tdm_span event;
    tdm_span proof;
} tdm_notice;

/* One decoded frame. Spans borrow from the bytes; arrays are inside, bounded. Big: keep one per reader, not
 * on deep stacks. */
typedef struct tdm_frame {
    tdm_frame_kind kind;
    union {
        struct {
            uint32_t version;
            tdm_id origin;
            uint64_t incarnation; /* HELLO only */
            uint64_t capabilities;
            uint32_t window_events; /* WELCOME only */
            uint32_t tip_count;
            tdm_log_tip tips[TDM_FRAME_TIPS_MAX];
            bool has_epoch;
            tdm_id epoch;
            uint64_t feed_number; /* HELLO: kept up to; WELCOME: last there is */
        } hello;                  /* HELLO and WELCOME */
        struct {
            tdm_refusal reason;
            uint32_t kind;
            tdm_span text; /* at most 300 bytes */
        } refuse;
        struct {
            tdm_id origin;
            uint64_t incarnation;
            uint64_t first;
            uint32_t run_count;
            uint64_t lasts[TDM_FRAME_RUNS_MAX];
            tdm_span packed;
            uint32_t packing;
            bool has_seal;
            tdm_seal seal;
            uint64_t sender_last; /* how far the sender's own log goes now: the receiver's lag */
        } events;
        struct {
            tdm_id origin;
            uint64_t incarnation;
            uint64_t up_to;
            tdm_digest head;
        } ack;
        struct {
            tdm_id epoch;
            uint32_t count;
            tdm_notice notices[TDM_FRAME_NOTICES_MAX];
        } notice;
        struct {
            tdm_id epoch;
            uint64_t up_to;
        } notice_ack;
        struct {
            tdm_id origin;
            bool has_incarnation; /* none: every incarnation from the first on */
            uint64_t incarnation;
            uint64_t from;
        } fetch;
        struct {
            uint32_t version;
            tdm_id origin;
            uint64_t incarnation;
            uint8_t seal_key[32];
            uint8_t link_key[32];
            uint8_t signature[64]; /* by seal_key over ["tandem.enrol/1", origin, incarnation, seal key, link
                                      key] */
        } enrol;
        struct {
            tdm_id origin;
            uint32_t count;
            tdm_span organisations[TDM_FRAME_CODES_MAX];
        } enrolled;
        struct {
            tdm_id origin;
            uint32_t count;
            uint64_t incarnations[TDM_FRAME_INCARNATIONS_MAX];
        } from;
    };
} tdm_frame;

/* Scans, then reads. TDM_MALFORMED names the offset or the element. TDM_UNSUPPORTED: unknown kind. */
tdm_code tdm_frame_decode(tdm_span bytes, tdm_frame *out, tdm_err *err);
/* Appends to out. TDM_INVALID if over a limit. */
tdm_code tdm_frame_encode(const tdm_frame *frame, tdm_buf *out, tdm_err *err);

#endif
