/* SPDX-License-Identifier: MPL-2.0
 *
 * zap.c: the actor: a thread with a REP socket on inproc://zeromq.zap.01 that answers one request at a time.
 * Protocol: ZeroMQ RFC 27, version "1.0". An admitted key is answered 200 with its Z85 text as User-Id, which
 * libzmq then puts on every message of that connection; what is not admitted 400; what is not understood 500.
 *
 * Not zauth of czmq: it ends by itself at SIGTERM while the listeners live on, and copies a client's metadata
 * into a fixed buffer.
 */
#include "zap.h"

#include "log.h"
#include "metrics.h"
#include "zap_table.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define ENDPOINT "inproc://zeromq.zap.01"
#define LOG_PAUSE_MS 1000 /* strangers must not fill the log: one record in this time, with a count */

/* The frames of a request in their order; credentials are mechanism-specific, CURVE has one. */
enum { VERSION, REQUEST_ID, DOMAIN_NAME, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIALS, FRAMES };

struct tdm_zap {
    void *socket; /* REP; the thread's once it runs */
    int stop;     /* eventfd: readable when the thread shall end */
    pthread_t thread;
    bool running;
    int64_t (*now_ms)(void);
    tdm_zap_table *table;
    _Atomic(struct tdm_metrics *) metrics; /* borrowed; NULL until given */
    atomic_bool admits_all;
    atomic_uint_least64_t denied;
    int64_t logged_ms; /* the thread's own: when it last wrote a record */
    uint64_t unlogged; /* and what it kept to itself since */
};

struct request {
    zmq_msg_t frames[FRAMES];
    size_t count; /* as received; may be more than FRAMES, then the rest was dropped */
};

struct verdict {
    const char *status;
    const char *text;
    char user_id[41]; /* Z85 of the key; empty unless admitted */
    tdm_zap_reason reason;
};

static const char *const REASON_WORDS[] = {
#define X(symbol, word) word,
    TDM_ZAP_REASONS(X)
#undef X
};

/* Lengths that RFC 27 and RFC 23 allow. */
static const struct {
    size_t min;
    size_t max;
} BOUNDS[] = {
    [VERSION] = { 3, 3 },   [REQUEST_ID] = { 1, 255 }, [DOMAIN_NAME] = { 0, 255 },
    [ADDRESS] = { 0, 255 }, [ROUTING_ID] = { 0, 255 }, [MECHANISM] = { 1, 20 },
};

static bool frame_is(struct request *request, size_t index, const char *text)
{
    size_t len = strlen(text);
    return zmq_msg_size(&request->frames[index]) == len
           && memcmp(zmq_msg_data(&request->frames[index]), text, len) == 0;
}

static bool is_well_formed(struct request *request)
{
    if (request->count <= MECHANISM)
        return false;
    for (size_t i = 0; i < TDM_COUNT(BOUNDS); i++) {
        size_t len = zmq_msg_size(&request->frames[i]);
        if (len < BOUNDS[i].min || len > BOUNDS[i].max)
            return false;
    }
    return frame_is(request, VERSION, "1.0");
}

static struct verdict denied(const char *status, const char *text, tdm_zap_reason reason)
{
    return (struct verdict){ .status = status, .text = text, .reason = reason };
}

static struct verdict judge(tdm_zap *zap, struct request *request)
{
    if (!is_well_formed(request))
        return denied("500", "malformed request", TDM_ZAP_MALFORMED);
    if (!frame_is(request, MECHANISM, "CURVE"))
        return denied("400", "CURVE is required", TDM_ZAP_OTHER);
    if (!frame_is(request, DOMAIN_NAME, TDM_ZAP_DOMAIN))
        return denied("400", "unknown domain", TDM_ZAP_OTHER);
    if (request->count != FRAMES || zmq_msg_size(&request->frames[CREDENTIALS]) != TDM_KEY_BYTES)
        return denied("500", "malformed credentials", TDM_ZAP_MALFORMED);
    const uint8_t *key = zmq_msg_data(&request->frames[CREDENTIALS]);
    struct verdict verdict = denied("400", "key not admitted", TDM_ZAP_UNKNOWN);
    bool known = tdm_zap_table_judge(zap->table, key, zap->now_ms(), NULL, &verdict.reason) != TDM_ADMIT_NONE;
    if (!known && !(verdict.reason == TDM_ZAP_UNKNOWN && atomic_load(&zap->admits_all)))
        return verdict;
    verdict.status = "200";
    verdict.text = "OK";
    zmq_z85_encode(verdict.user_id, key, TDM_KEY_BYTES);
    return verdict;
}

/* All frames of one request; false if none waits. */
static bool receive(void *socket, struct request *request)
{
    request->count = 0;
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_init(&request->frames[i]);
    bool more = true;
    for (; more; request->count++) {
        zmq_msg_t surplus;
        zmq_msg_init(&surplus);
        zmq_msg_t *frame = request->count < FRAMES ? &request->frames[request->count] : &surplus;
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&surplus);
            break;
        }
        more = zmq_msg_more(frame) != 0;
        zmq_msg_close(&surplus);
    }
    return request->count > 0;
}

static void release(struct request *request)
{
    for (size_t i = 0; i < FRAMES; i++)
        zmq_msg_close(&request->frames[i]);
}

/* A reply that cannot be sent has lost its asker: nothing to mend, the handshake ends by its timer. */
static void reply(void *socket, struct request *request, const struct verdict *verdict)
{
    bool has_id = request->count > REQUEST_ID;
    zmq_msg_t *id = &request->frames[REQUEST_ID];
    (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, has_id ? zmq_msg_data(id) : "", has_id ? zmq_msg_size(id) : 0, ZMQ_SNDMORE);
    (void)zmq_send(socket, verdict->status, strlen(verdict->status), ZMQ_SNDMORE);
    (void)zmq_send(socket, verdict->text, strlen(verdict->text), ZMQ_SNDMORE);
    (void)zmq_send(socket, verdict->user_id, strlen(verdict->user_id), ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, 0);
}

static void log_refusal(tdm_zap *zap, struct request *request, const struct verdict *verdict)
{
    int64_t now = zap->now_ms();
    if (zap->logged_ms != 0 && now >= zap->logged_ms && now - zap->logged_ms < LOG_PAUSE_MS) {
        zap->unlogged++;
        return;
    }
    tdm_span address = { NULL, 0 };
    if (request->count > ADDRESS)
        address =
            (tdm_span){ zmq_msg_data(&request->frames[ADDRESS]), zmq_msg_size(&request->frames[ADDRESS]) };
    tdm_log(TDM_LOG_NOTICE, "ZAP-DENIED", tdm_log_text("reason", REASON_WORDS[verdict->reason]),
            tdm_log_span("address", address), tdm_log_uint("more", zap->unlogged));
    zap->logged_ms = now;
    zap->unlogged = 0;
}

static void answer_one(tdm_zap *zap)
{
    struct request request;
    if (receive(zap->socket, &request)) {
        struct verdict verdict = judge(zap, &request);
        if (verdict.user_id[0] == '\0') {
            atomic_fetch_add(&zap->denied, 1);
            struct tdm_metrics *metrics = atomic_load(&zap->metrics);
            if (metrics != NULL)
                tdm_metrics_add(metrics, TDM_METRIC_ZAP_DENIED, REASON_WORDS[verdict.reason], 1);
            log_refusal(zap, &request, &verdict);
        }
        reply(zap->socket, &request, &verdict);
    }
    release(&request);
}

static void *answer_until_stopped(void *argument)
{
    pthread_setname_np(pthread_self(), "zap"); /* as top -H shows it */
    tdm_zap *zap = argument;
    zmq_pollitem_t items[] = { { zap->socket, 0, ZMQ_POLLIN, 0 }, { NULL, zap->stop, ZMQ_POLLIN, 0 } };
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
        if (zmq_poll(items, TDM_COUNT(items), -1) < 0 && zmq_errno() == ETERM)
            break; /* the context is being ended, and with it all that could ask */
        if ((items[0].revents & ZMQ_POLLIN) != 0)
            answer_one(zap);
    }
    zmq_unbind(zap->socket, ENDPOINT); /* at once, where closing alone leaves it to libzmq's own time */
    zmq_close(zap->socket);
    return NULL;
}

static tdm_code bind_handler(tdm_zap *zap, void *zmq_context, tdm_err *err)
{
    zap->socket = zmq_socket(zmq_context, ZMQ_REP);
    if (zap->socket == NULL)
        return tdm_fail(err, TDM_IO, zmq_errno(), "link keys: no socket for the ZAP handler: %s",
                        zmq_strerror(zmq_errno()));
    int none = 0;
    if (zmq_setsockopt(zap->socket, ZMQ_LINGER, &none, sizeof none) != 0
        || zmq_bind(zap->socket, ENDPOINT) != 0)
        return tdm_fail(err, zmq_errno() == EADDRINUSE ? TDM_BUSY : TDM_IO, zmq_errno(),
                        "link keys: cannot bind the ZAP handler, so no listener may start: %s",
                        zmq_strerror(zmq_errno()));
    return TDM_OK;
}

/* Signals are for the daemon's own loop. */
static tdm_code start_thread(tdm_zap *zap, tdm_err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&zap->thread, NULL, answer_until_stopped, zap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    zap->running = failed == 0;
    return failed == 0 ? TDM_OK : tdm_fail(err, TDM_FULL, failed, "link keys: no thread for the ZAP handler");
}

tdm_code tdm_zap_start(tdm_zap **out, void *zmq_context, int64_t (*now_ms)(void), tdm_err *err)
{
    tdm_zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for the ZAP handler");
    zap->now_ms = now_ms;
    zap->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tdm_code code = TDM_OK;
    if (zap->stop < 0 || sodium_init() < 0)
        code = tdm_fail(err, TDM_IO, errno, "link keys: cannot make an eventfd");
    if (code == TDM_OK)
        code = tdm_zap_table_new(&zap->table, err);
    if (code == TDM_OK)
        code = bind_handler(zap, zmq_context, err);
    if (code == TDM_OK)
        code = start_thread(zap, err);
    if (code != TDM_OK) {
        tdm_zap_stop(&zap);
        return code;
    }
    *out = zap;
    return TDM_OK;
}

void tdm_zap_stop(tdm_zap **zap_at)
{
    tdm_zap *zap = zap_at == NULL ? NULL : *zap_at;
    if (zap == NULL)
        return;
    if (zap->running) {
        TDM_ASSERT(eventfd_write(zap->stop, 1) == 0);
        pthread_join(zap->thread, NULL);
    } else if (zap->socket != NULL) {
        zmq_close(zap->socket);
    }
    if (zap->stop >= 0)
        close(zap->stop);
    tdm_zap_table_destroy(&zap->table);
    free(zap);
    *zap_at = NULL;
}

void tdm_zap_admit_all(tdm_zap *zap)
{
    atomic_store(&zap->admits_all, true);
}

tdm_code tdm_zap_admit(tdm_zap *zap, const uint8_t key[32], tdm_admission admission, const tdm_id *origin,
                       int64_t expires_ms)
{
    if (admission != TDM_ADMIT_NONE)
        return tdm_zap_table_put(zap->table, key, admission, origin, expires_ms);
    tdm_zap_table_remove(zap->table, key);
    return TDM_OK;
}

void tdm_zap_remove(tdm_zap *zap, const uint8_t key[32])
{
    tdm_zap_table_remove(zap->table, key);
}

tdm_admission tdm_zap_find(tdm_zap *zap, const uint8_t key[32], tdm_id *origin)
{
    return tdm_zap_table_judge(zap->table, key, zap->now_ms(), origin, NULL);
}

void tdm_zap_count(tdm_zap *zap, struct tdm_metrics *metrics)
{
    atomic_store(&zap->metrics, metrics);
}

uint64_t tdm_zap_denied(const tdm_zap *zap)
{
    return atomic_load(&zap->denied);
}
