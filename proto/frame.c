/* SPDX-License-Identifier: MPL-2.0
 *
 * frame.c: the messages of a link as bytes. Layouts: frame.h; limits and reasons: LINK.md.
 */
#include "tandem/frame.h"

#include "tandem/pack.h"

#include <string.h>

/* Deepest: [6, epoch, [[number, ...]]] and [1, ..., [[origin, ...]], ...]. */
#define FRAME_DEPTH 3
/* A WELCOME with every tip, which no other frame exceeds. */
#define FRAME_ITEMS (16 + 5 * TDM_FRAME_TIPS_MAX)
#define REFUSE_TEXT_MAX 300

const char *tdm_refusal_word(tdm_refusal reason)
{
    static const char *const WORDS[] = {
#define X(symbol, number, word, again) [number] = word,
        TDM_REFUSALS(X)
#undef X
    };
    size_t at = (size_t)reason;
    return at < TDM_COUNT(WORDS) && WORDS[at] != NULL ? WORDS[at] : "unknown";
}

bool tdm_refusal_again(tdm_refusal reason)
{
    static const bool FOR_GOOD[] = {
#define X(symbol, number, word, again) [number] = !(again),
        TDM_REFUSALS(X)
#undef X
    };
    size_t at = (size_t)reason;
    return at >= TDM_COUNT(FOR_GOOD) || !FOR_GOOD[at];
}

/* What is wrong with a frame whose bytes could be read; NULL if nothing. */
typedef const char *fault;

/* ---- parts that several frames share */

static uint64_t take_incarnation(tdm_cursor *in)
{
    uint8_t bytes[8] = { 0 };
    tdm_cursor_fixed(in, bytes, sizeof bytes);
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void put_incarnation(tdm_buf *out, uint64_t incarnation)
{
    uint8_t bytes[8];
    tdm_incarnation_bytes(incarnation, bytes);
    tdm_pack_bin(out, bytes, sizeof bytes);
}

static void take_id(tdm_cursor *in, tdm_id *out)
{
    tdm_cursor_fixed(in, out->bytes, sizeof out->bytes);
}

static void put_id(tdm_buf *out, const tdm_id *id)
{
    tdm_pack_bin(out, id->bytes, sizeof id->bytes);
}

static uint32_t take_u32(tdm_cursor *in)
{
    uint64_t number = tdm_cursor_uint(in);
    if (number > UINT32_MAX)
        in->failed = true;
    return in->failed ? 0 : (uint32_t)number;
}

/* The number of elements of a list; fails above max, before anything is stored. */
static uint32_t take_list(tdm_cursor *in, uint32_t max)
{
    uint32_t count = tdm_cursor_array(in);
    if (count > max)
        in->failed = true;
    return in->failed ? 0 : count;
}

static void take_fixed_list(tdm_cursor *in, uint32_t count)
{
    if (tdm_cursor_array(in) != count)
        in->failed = true;
}

/* ---- HELLO and WELCOME */

static void take_tips(tdm_cursor *in, tdm_frame *out)
{
    out->hello.tip_count = take_list(in, TDM_FRAME_TIPS_MAX);
    for (uint32_t i = 0; i < out->hello.tip_count && !in->failed; i++) {
        tdm_log_tip *tip = &out->hello.tips[i];
        take_fixed_list(in, 4);
        take_id(in, &tip->origin);
        tip->incarnation = take_incarnation(in);
        tip->last = tdm_cursor_uint(in);
        tdm_cursor_fixed(in, tip->head.bytes, sizeof tip->head.bytes);
    }
}

static void put_tips(const tdm_frame *frame, tdm_buf *out)
{
    tdm_pack_array(out, frame->hello.tip_count);
    for (uint32_t i = 0; i < frame->hello.tip_count; i++) {
        const tdm_log_tip *tip = &frame->hello.tips[i];
        tdm_pack_array(out, 4);
        put_id(out, &tip->origin);
        put_incarnation(out, tip->incarnation);
        tdm_pack_uint(out, tip->last);
        tdm_pack_bin(out, tip->head.bytes, sizeof tip->head.bytes);
    }
}

static void take_epoch(tdm_cursor *in, tdm_frame *out)
{
    out->hello.has_epoch = tdm_cursor_peek(in) != TDM_ITEM_NIL;
    if (out->hello.has_epoch)
        take_id(in, &out->hello.epoch);
    else
        tdm_cursor_nil(in);
    out->hello.feed_number = tdm_cursor_uint(in);
}

static void put_epoch(const tdm_frame *frame, tdm_buf *out)
{
    if (frame->hello.has_epoch)
        put_id(out, &frame->hello.epoch);
    else
        tdm_pack_nil(out);
    tdm_pack_uint(out, frame->hello.feed_number);
}

static fault check_tips(const tdm_frame *frame)
{
    if (frame->hello.tip_count > TDM_FRAME_TIPS_MAX)
        return "too many tips";
    for (uint32_t i = 0; i < frame->hello.tip_count; i++)
        if (frame->hello.tips[i].last == 0 || frame->hello.tips[i].incarnation == 0)
            return "a tip of nothing";
    return NULL;
}

static fault check_hello(const tdm_frame *frame)
{
    return frame->hello.incarnation == 0 ? "no incarnation" : check_tips(frame);
}

static void hello_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->hello.origin);
    out->hello.incarnation = take_incarnation(in);
    out->hello.capabilities = tdm_cursor_uint(in);
    out->hello.window_events = 0;
    take_tips(in, out);
    take_epoch(in, out);
}

static void hello_put(const tdm_frame *frame, tdm_buf *out)
{
    tdm_pack_uint(out, frame->hello.version);
    put_id(out, &frame->hello.origin);
    put_incarnation(out, frame->hello.incarnation);
    tdm_pack_uint(out, frame->hello.capabilities);
    put_tips(frame, out);
    put_epoch(frame, out);
}

static void welcome_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->hello.origin);
    out->hello.incarnation = 0;
    out->hello.capabilities = tdm_cursor_uint(in);
    out->hello.window_events = take_u32(in);
    take_tips(in, out);
    take_epoch(in, out);
}

static void welcome_put(const tdm_frame *frame, tdm_buf *out)
{
    tdm_pack_uint(out, frame->hello.version);
    put_id(out, &frame->hello.origin);
    tdm_pack_uint(out, frame->hello.capabilities);
    tdm_pack_uint(out, frame->hello.window_events);
    put_tips(frame, out);
    put_epoch(frame, out);
}

/* ---- REFUSE */

static void refuse_take(tdm_cursor *in, tdm_frame *out)
{
    out->refuse.reason = (tdm_refusal)take_u32(in);
    out->refuse.kind = take_u32(in);
    out->refuse.text = tdm_cursor_str(in);
}

static void refuse_put(const tdm_frame *frame, tdm_buf *out)
{
    tdm_pack_uint(out, frame->refuse.reason);
    tdm_pack_uint(out, frame->refuse.kind);
    tdm_pack_str(out, frame->refuse.text);
}

static fault check_refuse(const tdm_frame *frame)
{
    if (frame->refuse.reason < 1 || (uint32_t)frame->refuse.reason > INT32_MAX)
        return "no reason";
    return frame->refuse.text.len > REFUSE_TEXT_MAX ? "text over 300 bytes" : NULL;
}

/* ---- EVENTS */

static void take_seal(tdm_cursor *in, tdm_frame *out)
{
    out->events.has_seal = tdm_cursor_peek(in) != TDM_ITEM_NIL;
    if (!out->events.has_seal) {
        tdm_cursor_nil(in);
        return;
    }
    tdm_seal *seal = &out->events.seal;
    take_fixed_list(in, 3);
    seal->last = tdm_cursor_uint(in);
    tdm_cursor_fixed(in, seal->key, sizeof seal->key);
    tdm_cursor_fixed(in, seal->signature, sizeof seal->signature);
}

static void events_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->events.origin);
    out->events.incarnation = take_incarnation(in);
    out->events.first = tdm_cursor_uint(in);
    out->events.run_count = take_list(in, TDM_FRAME_RUNS_MAX);
    for (uint32_t i = 0; i < out->events.run_count; i++)
        out->events.lasts[i] = tdm_cursor_uint(in);
    out->events.packed = tdm_cursor_bin(in);
    out->events.packing = take_u32(in);
    take_seal(in, out);
    out->events.sender_last = tdm_cursor_uint(in);
}

static void events_put(const tdm_frame *frame, tdm_buf *out)
{
    const tdm_seal *seal = &frame->events.seal;
    put_id(out, &frame->events.origin);
    put_incarnation(out, frame->events.incarnation);
    tdm_pack_uint(out, frame->events.first);
    tdm_pack_array(out, frame->events.run_count);
    for (uint32_t i = 0; i < frame->events.run_count; i++)
        tdm_pack_uint(out, frame->events.lasts[i]);
    tdm_pack_bin(out, frame->events.packed.data, frame->events.packed.len);
    tdm_pack_uint(out, frame->events.packing);
    if (frame->events.has_seal) {
        tdm_pack_array(out, 3);
        tdm_pack_uint(out, seal->last);
        tdm_pack_bin(out, seal->key, sizeof seal->key);
        tdm_pack_bin(out, seal->signature, sizeof seal->signature);
    } else {
        tdm_pack_nil(out);
    }
    tdm_pack_uint(out, frame->events.sender_last);
}

/* Runs tile first..last: each begins behind the one before and has 1..TDM_RUN_EVENTS_MAX events. */
static fault check_runs(const tdm_frame *frame)
{
    uint64_t first = frame->events.first;
    for (uint32_t i = 0; i < frame->events.run_count; i++) {
        uint64_t last = frame->events.lasts[i];
        if (last < first || last - first >= TDM_RUN_EVENTS_MAX)
            return "a run of no events or too many";
        first = last + 1;
    }
    if (first - frame->events.first > TDM_FRAME_EVENTS_MAX)
        return "too many events";
    return frame->events.sender_last < first - 1 ? "the sender has less than it sends" : NULL;
}

static fault check_events(const tdm_frame *frame)
{
    if (frame->events.incarnation == 0)
        return "no incarnation";
    if (frame->events.run_count == 0 || frame->events.run_count > TDM_FRAME_RUNS_MAX)
        return "no runs or too many";
    if (frame->events.first == 0)
        return "sequences start at 1";
    if (frame->events.packed.len == 0)
        return "no bytes";
    if (frame->events.packing > TDM_PACKING_ZSTD)
        return "unknown packing";
    return check_runs(frame);
}

/* ---- ACK */

static void ack_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->ack.origin);
    out->ack.incarnation = take_incarnation(in);
    out->ack.up_to = tdm_cursor_uint(in);
    tdm_cursor_fixed(in, out->ack.head.bytes, sizeof out->ack.head.bytes);
}

static void ack_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->ack.origin);
    put_incarnation(out, frame->ack.incarnation);
    tdm_pack_uint(out, frame->ack.up_to);
    tdm_pack_bin(out, frame->ack.head.bytes, sizeof frame->ack.head.bytes);
}

static fault check_ack(const tdm_frame *frame)
{
    return frame->ack.incarnation == 0 || frame->ack.up_to == 0 ? "acknowledges nothing" : NULL;
}

/* ---- NOTICE and NOTICE_ACK */

static void notice_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->notice.epoch);
    out->notice.count = take_list(in, TDM_FRAME_NOTICES_MAX);
    for (uint32_t i = 0; i < out->notice.count && !in->failed; i++) {
        tdm_notice *notice = &out->notice.notices[i];
        take_fixed_list(in, 3);
        notice->number = tdm_cursor_uint(in);
        notice->event = tdm_cursor_bin(in);
        notice->proof = tdm_cursor_bin(in);
    }
}

static void notice_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->notice.epoch);
    tdm_pack_array(out, frame->notice.count);
    for (uint32_t i = 0; i < frame->notice.count; i++) {
        const tdm_notice *notice = &frame->notice.notices[i];
        tdm_pack_array(out, 3);
        tdm_pack_uint(out, notice->number);
        tdm_pack_bin(out, notice->event.data, notice->event.len);
        tdm_pack_bin(out, notice->proof.data, notice->proof.len);
    }
}

static fault check_notice(const tdm_frame *frame)
{
    if (frame->notice.count == 0 || frame->notice.count > TDM_FRAME_NOTICES_MAX)
        return "no notices or too many";
    for (uint32_t i = 0; i < frame->notice.count; i++) {
        if (frame->notice.notices[i].number != frame->notice.notices[0].number + i)
            return "notices are not numbered densely";
        if (frame->notice.notices[i].event.len > TDM_EVENT_MAX)
            return "an event that is too big";
    }
    return frame->notice.notices[0].number == 0 ? "notices are numbered from 1" : NULL;
}

static void notice_ack_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->notice_ack.epoch);
    out->notice_ack.up_to = tdm_cursor_uint(in);
}

static void notice_ack_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->notice_ack.epoch);
    tdm_pack_uint(out, frame->notice_ack.up_to);
}

static fault check_notice_ack(const tdm_frame *frame)
{
    return frame->notice_ack.up_to == 0 ? "acknowledges nothing" : NULL;
}

/* ---- FETCH and FROM */

static void fetch_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->fetch.origin);
    out->fetch.has_incarnation = tdm_cursor_peek(in) != TDM_ITEM_NIL;
    out->fetch.incarnation = 0;
    if (out->fetch.has_incarnation)
        out->fetch.incarnation = take_incarnation(in);
    else
        tdm_cursor_nil(in);
    out->fetch.from = tdm_cursor_uint(in);
}

static void fetch_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->fetch.origin);
    if (frame->fetch.has_incarnation)
        put_incarnation(out, frame->fetch.incarnation);
    else
        tdm_pack_nil(out);
    tdm_pack_uint(out, frame->fetch.from);
}

static fault check_fetch(const tdm_frame *frame)
{
    if (frame->fetch.has_incarnation && frame->fetch.incarnation == 0)
        return "no incarnation";
    return frame->fetch.from == 0 ? "sequences start at 1" : NULL;
}

static void from_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->from.origin);
    out->from.count = take_list(in, TDM_FRAME_INCARNATIONS_MAX);
    for (uint32_t i = 0; i < out->from.count; i++)
        out->from.incarnations[i] = take_incarnation(in);
}

static void from_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->from.origin);
    tdm_pack_array(out, frame->from.count);
    for (uint32_t i = 0; i < frame->from.count; i++)
        put_incarnation(out, frame->from.incarnations[i]);
}

static fault check_from(const tdm_frame *frame)
{
    if (frame->from.count > TDM_FRAME_INCARNATIONS_MAX)
        return "too many incarnations";
    for (uint32_t i = 0; i < frame->from.count; i++)
        if (frame->from.incarnations[i] == 0)
            return "no incarnation";
    return NULL;
}

/* ---- ENROL and ENROLLED */

static void enrol_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->enrol.origin);
    out->enrol.incarnation = take_incarnation(in);
    tdm_cursor_fixed(in, out->enrol.seal_key, sizeof out->enrol.seal_key);
    tdm_cursor_fixed(in, out->enrol.link_key, sizeof out->enrol.link_key);
    tdm_cursor_fixed(in, out->enrol.signature, sizeof out->enrol.signature);
}

static void enrol_put(const tdm_frame *frame, tdm_buf *out)
{
    tdm_pack_uint(out, frame->enrol.version);
    put_id(out, &frame->enrol.origin);
    put_incarnation(out, frame->enrol.incarnation);
    tdm_pack_bin(out, frame->enrol.seal_key, sizeof frame->enrol.seal_key);
    tdm_pack_bin(out, frame->enrol.link_key, sizeof frame->enrol.link_key);
    tdm_pack_bin(out, frame->enrol.signature, sizeof frame->enrol.signature);
}

static fault check_enrol(const tdm_frame *frame)
{
    return frame->enrol.incarnation == 0 ? "no incarnation" : NULL;
}

static void enrolled_take(tdm_cursor *in, tdm_frame *out)
{
    take_id(in, &out->enrolled.origin);
    out->enrolled.count = take_list(in, TDM_FRAME_CODES_MAX);
    for (uint32_t i = 0; i < out->enrolled.count; i++)
        out->enrolled.organisations[i] = tdm_cursor_str(in);
}

static void enrolled_put(const tdm_frame *frame, tdm_buf *out)
{
    put_id(out, &frame->enrolled.origin);
    tdm_pack_array(out, frame->enrolled.count);
    for (uint32_t i = 0; i < frame->enrolled.count; i++)
        tdm_pack_str(out, frame->enrolled.organisations[i]);
}

static fault check_enrolled(const tdm_frame *frame)
{
    if (frame->enrolled.count > TDM_FRAME_CODES_MAX)
        return "too many organisations";
    for (uint32_t i = 0; i < frame->enrolled.count; i++)
        if (!tdm_code_is_valid(frame->enrolled.organisations[i]))
            return "not an organisation's code";
    return NULL;
}

/* ---- all of them */

typedef struct kind_row {
    const char *word;
    uint32_t elements;
    bool versioned; /* the second element is the version; another version's shape is not ours to judge */
    void (*take)(tdm_cursor *in, tdm_frame *out);
    void (*put)(const tdm_frame *frame, tdm_buf *out);
    fault (*check)(const tdm_frame *frame);
} kind_row;

static const kind_row KINDS[] = {
    [TDM_FRAME_HELLO] = { "hello", 8, true, hello_take, hello_put, check_hello },
    [TDM_FRAME_WELCOME] = { "welcome", 8, true, welcome_take, welcome_put, check_tips },
    [TDM_FRAME_REFUSE] = { "refuse", 4, false, refuse_take, refuse_put, check_refuse },
    [TDM_FRAME_EVENTS] = { "events", 9, false, events_take, events_put, check_events },
    [TDM_FRAME_ACK] = { "ack", 5, false, ack_take, ack_put, check_ack },
    [TDM_FRAME_NOTICE] = { "notice", 3, false, notice_take, notice_put, check_notice },
    [TDM_FRAME_NOTICE_ACK] = { "notice-ack", 3, false, notice_ack_take, notice_ack_put, check_notice_ack },
    [TDM_FRAME_FETCH] = { "fetch", 4, false, fetch_take, fetch_put, check_fetch },
    [TDM_FRAME_ENROL] = { "enrol", 7, true, enrol_take, enrol_put, check_enrol },
    [TDM_FRAME_ENROLLED] = { "enrolled", 3, false, enrolled_take, enrolled_put, check_enrolled },
    [TDM_FRAME_FROM] = { "from", 3, false, from_take, from_put, check_from },
};

static const kind_row *find_kind(uint64_t kind)
{
    return kind >= 1 && kind < TDM_COUNT(KINDS) ? &KINDS[kind] : NULL;
}

const char *tdm_frame_word(tdm_frame_kind kind)
{
    const kind_row *row = find_kind((uint64_t)kind);
    return row == NULL ? "unknown" : row->word;
}

/* True if the frame is of our version; otherwise only its version is to be looked at. */
static bool take_version(tdm_cursor *in, const kind_row *row, tdm_frame *out)
{
    if (!row->versioned)
        return true;
    uint32_t version = take_u32(in);
    if (row->take == enrol_take)
        out->enrol.version = version;
    else
        out->hello.version = version;
    return version == TDM_LINK_VERSION;
}

tdm_code tdm_frame_decode(tdm_span bytes, tdm_frame *out, tdm_err *err)
{
    const tdm_scan_limits limits = { TDM_FRAME_MAX, FRAME_DEPTH, FRAME_ITEMS };
    tdm_code code = tdm_scan(bytes, &limits, err);
    if (code != TDM_OK)
        return code;
    tdm_cursor in = tdm_cursor_over(bytes);
    uint32_t elements = tdm_cursor_array(&in);
    uint64_t kind = tdm_cursor_uint(&in);
    if (in.failed)
        return tdm_fail(err, TDM_MALFORMED, 0, "a frame is an array that starts with its kind");
    const kind_row *row = find_kind(kind);
    if (row == NULL)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "frame of unknown kind %llu", (unsigned long long)kind);
    out->kind = (tdm_frame_kind)kind;
    bool ours = take_version(&in, row, out);
    if (!in.failed && !ours)
        return TDM_OK;
    if (elements != row->elements)
        return tdm_fail(err, TDM_MALFORMED, 0, "%s of %u elements in place of %u", row->word, elements,
                        row->elements);
    row->take(&in, out);
    if (in.failed)
        return tdm_fail(err, TDM_MALFORMED, 0, "%s: an element at offset %zu is of the wrong kind or size",
                        row->word, (size_t)(in.at - bytes.data));
    fault found = row->check(out);
    return found == NULL ? TDM_OK : tdm_fail(err, TDM_MALFORMED, 0, "%s: %s", row->word, found);
}

tdm_code tdm_frame_encode(const tdm_frame *frame, tdm_buf *out, tdm_err *err)
{
    const kind_row *row = find_kind((uint64_t)frame->kind);
    if (row == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "frame of unknown kind");
    fault found = row->check(frame);
    if (found != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s: %s", row->word, found);
    size_t start = out->len;
    tdm_pack_array(out, row->elements);
    tdm_pack_uint(out, (uint64_t)frame->kind);
    row->put(frame, out);
    if (out->failed)
        return tdm_fail(err, TDM_INTERNAL, 0, "%s: out of memory", row->word);
    if (out->len - start > TDM_FRAME_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%s: over %d bytes", row->word, TDM_FRAME_MAX);
    return TDM_OK;
}
