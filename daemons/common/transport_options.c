/* SPDX-License-Identifier: MPL-2.0
 *
 * transport_options.c: every socket option of the trade, in one table walked by one function. Nothing is left
 * to a default: those of libzmq are made for trusted networks (no limit on a message, no heartbeats, linger
 * for ever), and change between versions.
 *
 * Why receiving has no high-water mark: when one is reached libzmq stops reading that connection, and its
 * heartbeat timer then meets an assertion that aborts the process as soon as the connection breaks (libzmq
 * 4.3.4, issues #3937, #4364 and #4767, open). What a peer may have under way is bounded by the link's window
 * instead; one that ignores it is cut by its listener.
 */
#include "transport_internal.h"

#include "zap.h"

#include <sodium.h>
#include <string.h>

#define LINGER_MS 1000      /* lets a last acknowledgement or refusal out, and holds up the end no longer */
#define BACKLOG 1024        /* TCP connections waiting: all nodes come back at once after a restart */
#define TTL_STEP_MS 100     /* the unit of ZMQ_HEARTBEAT_TTL on the wire */
#define TTL_MAX_MS 6553500  /* it has 16 bits */
#define HIGHEST_MS 86400000 /* a day: longer times are surely mistakes */
#define BOTH (TDM_SIDE_LISTENER | TDM_SIDE_DIALER)

/* One field per value, so that a row can point at it. */
struct values {
    int off;
    int on;
    int linger_ms;
    int backlog;
    int queue;
    int heartbeat_interval_ms;
    int heartbeat_timeout_ms;
    int heartbeat_ttl_ms;
    int handshake_ms;
    int reconnect_min_ms;
    int reconnect_max_ms;
    int64_t max_frame;
    char zap_domain[sizeof TDM_ZAP_DOMAIN - 1];
    uint8_t public_key[32];
    uint8_t secret_key[32];
    uint8_t server_key[32];
};

struct setting {
    int option;
    const char *name;
    int sides;
    size_t offset; /* in struct values */
    size_t len;
    enum { READABLE, WRITE_ONLY, TEXT } back; /* TEXT is read back with a terminator */
};

#define VALUE(field) offsetof(struct values, field), sizeof(((struct values *)0)->field)

static const struct setting SETTINGS[] = {
    { ZMQ_LINGER, "ZMQ_LINGER", BOTH, VALUE(linger_ms), READABLE },
    { ZMQ_MAXMSGSIZE, "ZMQ_MAXMSGSIZE", BOTH, VALUE(max_frame), READABLE },
    { ZMQ_SNDHWM, "ZMQ_SNDHWM", BOTH, VALUE(queue), READABLE },
    { ZMQ_RCVHWM, "ZMQ_RCVHWM", BOTH, VALUE(off), READABLE },     /* see the top */
    { ZMQ_SNDTIMEO, "ZMQ_SNDTIMEO", BOTH, VALUE(off), READABLE }, /* a forgotten DONTWAIT does not block */
    { ZMQ_RCVTIMEO, "ZMQ_RCVTIMEO", BOTH, VALUE(off), READABLE },
    { ZMQ_HANDSHAKE_IVL, "ZMQ_HANDSHAKE_IVL", BOTH, VALUE(handshake_ms), READABLE },
    { ZMQ_HEARTBEAT_IVL, "ZMQ_HEARTBEAT_IVL", BOTH, VALUE(heartbeat_interval_ms), READABLE },
    { ZMQ_HEARTBEAT_TIMEOUT, "ZMQ_HEARTBEAT_TIMEOUT", BOTH, VALUE(heartbeat_timeout_ms), READABLE },
    { ZMQ_HEARTBEAT_TTL, "ZMQ_HEARTBEAT_TTL", BOTH, VALUE(heartbeat_ttl_ms), READABLE },
    { ZMQ_IPV6, "ZMQ_IPV6", BOTH, VALUE(off), READABLE },
    { ZMQ_TCP_KEEPALIVE, "ZMQ_TCP_KEEPALIVE", BOTH, VALUE(on), READABLE },
    { ZMQ_ZAP_DOMAIN, "ZMQ_ZAP_DOMAIN", BOTH, VALUE(zap_domain), TEXT },
    { TDM_ZMQ_ZAP_ENFORCE_DOMAIN, "ZMQ_ZAP_ENFORCE_DOMAIN", BOTH, VALUE(on), READABLE },
    { ZMQ_PROBE_ROUTER, "ZMQ_PROBE_ROUTER", BOTH, VALUE(off), WRITE_ONLY },
    { ZMQ_ROUTER_MANDATORY, "ZMQ_ROUTER_MANDATORY", TDM_SIDE_LISTENER, VALUE(on), WRITE_ONLY },
    { ZMQ_ROUTER_HANDOVER, "ZMQ_ROUTER_HANDOVER", TDM_SIDE_LISTENER, VALUE(off), WRITE_ONLY },
    { ZMQ_BACKLOG, "ZMQ_BACKLOG", TDM_SIDE_LISTENER, VALUE(backlog), READABLE },
    { ZMQ_IMMEDIATE, "ZMQ_IMMEDIATE", TDM_SIDE_DIALER, VALUE(on), READABLE },
    { ZMQ_CONNECT_TIMEOUT, "ZMQ_CONNECT_TIMEOUT", TDM_SIDE_DIALER, VALUE(handshake_ms), READABLE },
    { ZMQ_RECONNECT_IVL, "ZMQ_RECONNECT_IVL", BOTH, VALUE(reconnect_min_ms), READABLE },
    { ZMQ_RECONNECT_IVL_MAX, "ZMQ_RECONNECT_IVL_MAX", BOTH, VALUE(reconnect_max_ms), READABLE },
    { ZMQ_CURVE_SERVER, "ZMQ_CURVE_SERVER", TDM_SIDE_LISTENER, VALUE(on), READABLE },
    { ZMQ_CURVE_PUBLICKEY, "ZMQ_CURVE_PUBLICKEY", BOTH, VALUE(public_key), READABLE },
    { ZMQ_CURVE_SECRETKEY, "ZMQ_CURVE_SECRETKEY", BOTH, VALUE(secret_key), READABLE },
    { ZMQ_CURVE_SERVERKEY, "ZMQ_CURVE_SERVERKEY", TDM_SIDE_DIALER, VALUE(server_key), READABLE },
};

/* The durations of the options and what they may be. */
static const struct {
    const char *name;
    size_t offset;
    int max;
} BOUNDS[] = {
    { "heartbeat_interval_ms", offsetof(tdm_transport_options, heartbeat_interval_ms), HIGHEST_MS },
    { "heartbeat_timeout_ms", offsetof(tdm_transport_options, heartbeat_timeout_ms), HIGHEST_MS },
    { "handshake_ms", offsetof(tdm_transport_options, handshake_ms), HIGHEST_MS },
    { "reconnect_min_ms", offsetof(tdm_transport_options, reconnect_min_ms), HIGHEST_MS },
    { "reconnect_max_ms", offsetof(tdm_transport_options, reconnect_max_ms), HIGHEST_MS },
    { "queue_messages", offsetof(tdm_transport_options, queue_messages), 1 << 20 },
};

static tdm_code check_options(const tdm_transport_options *options, tdm_err *err)
{
    for (size_t i = 0; i < TDM_COUNT(BOUNDS); i++) {
        int value;
        memcpy(&value, (const char *)options + BOUNDS[i].offset, sizeof value);
        if (value < 1 || value > BOUNDS[i].max)
            return tdm_fail(err, TDM_INVALID, 0, "link: %s is %d, and must be between 1 and %d",
                            BOUNDS[i].name, value, BOUNDS[i].max);
    }
    if (options->max_message_bytes < 1024 || options->max_message_bytes > (size_t)1 << 30)
        return tdm_fail(err, TDM_INVALID, 0, "link: max_message_bytes is %zu, and must be 1 KiB to 1 GiB",
                        options->max_message_bytes);
    return TDM_OK;
}

/* Rounded up, since a peer that gives up a little late does no harm, and one that is told 0 never does. */
static int ttl_of(int timeout_ms)
{
    if (timeout_ms > TTL_MAX_MS)
        return TTL_MAX_MS;
    return (timeout_ms + TTL_STEP_MS - 1) / TTL_STEP_MS * TTL_STEP_MS;
}

static struct values values_of(const tdm_transport_options *options, const tdm_curve_keys *keys)
{
    struct values values = {
        .off = 0,
        .on = 1,
        .linger_ms = LINGER_MS,
        .backlog = BACKLOG,
        .queue = options->queue_messages,
        .heartbeat_interval_ms = options->heartbeat_interval_ms,
        .heartbeat_timeout_ms = options->heartbeat_timeout_ms,
        .heartbeat_ttl_ms = ttl_of(options->heartbeat_timeout_ms),
        .handshake_ms = options->handshake_ms,
        .reconnect_min_ms = options->reconnect_min_ms,
        .reconnect_max_ms = options->reconnect_max_ms,
        .max_frame = (int64_t)options->max_message_bytes + TDM_CURVE_OVERHEAD,
    };
    memcpy(values.zap_domain, TDM_ZAP_DOMAIN, sizeof values.zap_domain);
    memcpy(values.public_key, keys->public_key, sizeof values.public_key);
    memcpy(values.secret_key, keys->secret_key, sizeof values.secret_key);
    if (keys->server_key != NULL)
        memcpy(values.server_key, keys->server_key, sizeof values.server_key);
    return values;
}

static bool reads_back(void *socket, const struct setting *setting, const void *value)
{
    char back[64] = { 0 };
    size_t len = setting->len + (setting->back == TEXT ? 1 : 0);
    size_t wanted = len;
    bool same = zmq_getsockopt(socket, setting->option, back, &len) == 0 && len == wanted
                && memcmp(back, value, setting->len) == 0;
    sodium_memzero(back, sizeof back);
    return same;
}

static tdm_code apply(void *socket, const struct setting *setting, const struct values *values, tdm_err *err)
{
    const void *value = (const char *)values + setting->offset;
    if (zmq_setsockopt(socket, setting->option, value, setting->len) != 0)
        return tdm_fail(err, TDM_INTERNAL, zmq_errno(), "link: this libzmq does not take %s: %s",
                        setting->name, zmq_strerror(zmq_errno()));
    if (setting->back != WRITE_ONLY && !reads_back(socket, setting, value))
        return tdm_fail(err, TDM_INTERNAL, 0, "link: %s did not keep its value", setting->name);
    return TDM_OK;
}

tdm_code tdm_socket_prepare(void *socket, tdm_side side, const tdm_transport_options *options,
                            const tdm_curve_keys *keys, tdm_err *err)
{
    tdm_code code = check_options(options, err);
    if (code != TDM_OK)
        return code;
    struct values values = values_of(options, keys);
    for (size_t i = 0; code == TDM_OK && i < TDM_COUNT(SETTINGS); i++)
        if ((SETTINGS[i].sides & (int)side) != 0)
            code = apply(socket, &SETTINGS[i], &values, err);
    sodium_memzero(&values, sizeof values);
    return code;
}

static bool number_is(void *socket, int option, int wanted)
{
    int value = -1;
    size_t len = sizeof value;
    return zmq_getsockopt(socket, option, &value, &len) == 0 && value == wanted;
}

tdm_code tdm_socket_verify(void *socket, tdm_side side, tdm_err *err)
{
    if (!number_is(socket, ZMQ_MECHANISM, ZMQ_CURVE))
        return tdm_fail(err, TDM_INTERNAL, 0, "link: the socket does not speak CURVE");
    if (!number_is(socket, ZMQ_CURVE_SERVER, side == TDM_SIDE_LISTENER))
        return tdm_fail(err, TDM_INTERNAL, 0, "link: the socket is in the wrong CURVE role");
    if (!number_is(socket, TDM_ZMQ_ZAP_ENFORCE_DOMAIN, 1))
        return tdm_fail(err, TDM_INTERNAL, 0, "link: the socket would do without its ZAP handler");
    return TDM_OK;
}

tdm_code tdm_endpoint_check(const char *endpoint, tdm_err *err)
{
    if (strncmp(endpoint, "tcp://", 6) != 0 || strlen(endpoint) >= TDM_ENDPOINT_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "link: \"%.100s\" is no endpoint such as tcp://192.0.2.1:5670",
                        endpoint);
    return TDM_OK;
}
