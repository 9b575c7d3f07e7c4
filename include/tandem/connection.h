/* SPDX-License-Identifier: MPL-2.0
 *
 * connection.h: another program asks a daemon on this machine, tells it facts, and hears of new events.
 *
 * A node or a hub is reached by the socket in its state folder, which its own user and root may use. What
 * goes in and out is text in UTF-8: the JSON that the `tandem` command prints with --json. Within a
 * document's version ("schema":"tandem.level/1") members are only added.
 *
 * Threads: each object is used by one thread at a time; different objects are independent. A connection keeps
 * a thread of libzmq's. After fork(2) a child uses no object of its parent. No function is for signal
 * handlers.
 *
 * Ownership: `T **out` gets an object that is the caller's, and NULL on failure; what closes or frees it
 * takes NULL, too, and leaves NULL behind. A returned const pointer is borrowed, for as long as it says.
 */
#ifndef TANDEM_CONNECTION_H
#define TANDEM_CONNECTION_H

#include "tandem/error.h"

#include <stddef.h>
#include <stdint.h>

TDM_BEGIN_DECLS

typedef struct tdm_connection tdm_connection;
typedef struct tdm_reply tdm_reply;
typedef struct tdm_follow tdm_follow;

/*
 * Name a daemon: by its state folder, or the socket as ipc:///PATH. NULL: the folder in the environment's
 * TANDEM_HOME. Nothing is sent yet, and the daemon may be started, stopped and started again meanwhile.
 * TDM_INVALID: none is named, or the path is too long for a socket (107 bytes). TDM_FULL: no memory or no
 * descriptors.
 */
TDM_API tdm_code tdm_connection_open(tdm_connection **out, const char *where, tdm_err *err);
/* What follows it is closed before. A program that uses CURVE in a ZeroMQ context of its own does this at its
 * end only: libzmq 4.3.4 lets go of what its contexts share. */
TDM_API void tdm_connection_close(tdm_connection **connection);
/* How long an answer is waited for, in milliseconds; 30,000 at first, -1: for as long as the daemon runs. */
TDM_API void tdm_connection_set_timeout(tdm_connection *connection, int64_t timeout_ms);
/* What to try next after the last call that failed, where the daemon said it; "" otherwise. Borrowed until
 * the next call. */
TDM_API const char *tdm_connection_hint(const tdm_connection *connection);

/*
 * Ask one question and wait for its answer. verb is the question's name, such as "level" or "unit.list", and
 * arguments a JSON object such as {"fy":"2017/18"}, at most 64 KiB; NULL: none. Any command of `tandem`, run
 * with --verbose, says the verb and the arguments that it asks with.
 *
 * TDM_OK: *out is the answer. TDM_DIFFERS: it is, too, and says no (rows were refused, something is damaged).
 * Otherwise *out is NULL, and err says what the daemon said, or:
 * TDM_UNREACHABLE  no daemon runs there, it ended, or time is up. It may still do what was asked; asking
 *                  again does no harm: what stands already is known.
 * TDM_DENIED       the socket is another user's.
 * TDM_INVALID      arguments are no JSON object, or over a limit: nothing was sent.
 * TDM_MALFORMED    what listens there does not speak as a daemon does.
 * TDM_FULL         no memory. An answer has at most 1 GiB; more is refused before it is read.
 */
TDM_API tdm_code tdm_connection_ask(tdm_connection *connection, const char *verb, const char *arguments,
                                    tdm_reply **out, tdm_err *err);
/* The same with bytes that the verb takes, such as "import" a spreadsheet: at most 64 MiB, borrowed. */
TDM_API tdm_code tdm_connection_send(tdm_connection *connection, const char *verb, const char *arguments,
                                     const void *bytes, size_t len, tdm_reply **out, tdm_err *err);
/*
 * Record one fact: a type such as "session" and its fields as a JSON object, as `tandem record TYPE --help`
 * tells them. TDM_OK: it is committed and synced at the daemon, or stood already. TDM_DIFFERS: refused,
 * *out tells which fields and why. Else as tdm_connection_ask; after TDM_UNREACHABLE record it again.
 */
TDM_API tdm_code tdm_connection_record(tdm_connection *connection, const char *type, const char *fields,
                                       tdm_reply **out, tdm_err *err);

/* The answer: a JSON document, or bytes ("export"), with a terminator behind. Borrowed from the reply. */
TDM_API const char *tdm_reply_text(const tdm_reply *reply);
TDM_API size_t tdm_reply_size(const tdm_reply *reply); /* in bytes, without the terminator */
TDM_API void tdm_reply_free(tdm_reply **reply);

/*
 * Hear of the events that the daemon takes into its log, each once and in the order of the log. arguments is
 * a JSON object, all of it optional: "type" of events, leading digits of an "origin", what the "subject"
 * begins with, and "after", a position of the log; without "after" it begins with what comes after this call.
 * NULL: all that comes. The connection is borrowed until the follower is closed. Fails as tdm_connection_ask.
 */
TDM_API tdm_code tdm_connection_follow(tdm_connection *connection, const char *arguments, tdm_follow **out,
                                       tdm_err *err);
/*
 * The next event, as a row of `tandem tail --json`: borrowed until the next call. Waits at most timeout_ms
 * (-1: until there is one; 0: only looks), asking twice a second. TDM_END: there is none yet, or a signal
 * came. Fails as tdm_connection_ask; the next call goes on where this one was, so nothing is missed or told
 * twice while the daemon is away.
 */
TDM_API tdm_code tdm_follow_next(tdm_follow *follow, int64_t timeout_ms, const char **event, tdm_err *err);
/* The position in the log that was told or passed over last: "after" of one who goes on from here later. */
TDM_API uint64_t tdm_follow_position(const tdm_follow *follow);
TDM_API void tdm_follow_close(tdm_follow **follow);

TDM_END_DECLS

#endif
