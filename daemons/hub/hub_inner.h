/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_inner.h: what hub.c, peers.c and admission.c share. Everything here belongs to the loop's thread.
 */
#ifndef TANDEM_HUB_INNER_H
#define TANDEM_HUB_INNER_H

#include "hub.h"

#include "keyring.h"
#include "link_ports.h"
#include "link_report.h"
#include "membership.h"
#include "zap.h"

#include <pthread.h>

/* One admitted key and the link it speaks on. */
typedef struct hub_peer {
    tdm_log_ports *ports; /* of the hub; first, for its link */
    struct tdm_hub *hub;
    uint8_t key[32];
    tdm_admission admission;
    tdm_id origin; /* zero while enrolling */
    char name[32]; /* in metrics: an organisation's code and the beginning of the origin */
    tdm_route route;
    int source; /* what the listener calls the route's connection; -1: none */
    tdm_link *link;
    int64_t last_seen_ms; /* wall clock */
    tdm_series *messages_in;
    tdm_series *messages_out;
    tdm_note_gate notes;
    unsigned unheeded;  /* messages since it was refused */
    size_t under_way;   /* batches handed to the writer */
    uint64_t feed_last; /* of its feed, as of the fold's step feed_asked */
    uint64_t feed_asked;
    bool has_heard;        /* it holds all that the rotation under way stated; asked while it is on */
    bool dropped;          /* out of the table; freed when nothing is under way */
    struct hub_peer *next; /* in its bucket */
} hub_peer;

/* An enrolment that waits: for the figures to know the new rights, or to be refused. */
typedef struct hub_enrolment {
    hub_peer *peer;
    tdm_id origin; /* as it names itself */
    uint64_t token;
    tdm_code code;
    tdm_err err;
    uint64_t position; /* durable at; answered when the fold has passed it */
    tdm_invite invite;
    struct hub_enrolment *next;
} hub_enrolment;

#define HUB_BUCKETS 4096

struct tdm_hub {
    tdm_daemon *daemon;
    tdm_zap *zap;
    tdm_listener *listener;
    tdm_log_ports *ports;
    tdm_queue *done;
    int grew_fd;
    int keys_fd;        /* written by any thread: the link key that answers has changed */
    char endpoint[256]; /* as bound */
    tdm_keyring *keyring;
    uint64_t keyring_at;    /* own sequence the keyring has been read for */
    pthread_mutex_t taking; /* held while a message is taken; over the two below */
    bool shuts_out;
    tdm_id shut_out; /* nothing is taken from it: its keys are being revoked */
    hub_peer *buckets[HUB_BUCKETS];
    size_t peer_count;
    bool feeds_put_off; /* the fold was at work when they were asked for */
    hub_enrolment *enrolments;
    tdm_link_rows *rows;
    int64_t next_tick_ms; /* monotonic */
    int64_t next_tide_ms;
    int64_t next_publish_ms;
    int64_t next_sweep_ms;
};

/* ---- hub.c */
/* At this endpoint, by the link key that is in use. TDM_BUSY: the address is taken. */
tdm_code hub_listen(tdm_hub *hub, const char *endpoint, tdm_err *err);
void hub_news_read(tdm_hub *hub); /* what the listener says of connections: all of it */

/* ---- peers.c */
void hub_peers_receive(tdm_hub *hub); /* a bounded number of messages */
void hub_peers_done(tdm_hub *hub);    /* what the writer has finished */
void hub_peers_more(tdm_hub *hub);    /* the ledger or the figures grew */
void hub_peers_tick(tdm_hub *hub, int64_t now_ms);
bool hub_peers_gone(tdm_hub *hub, int source); /* a connection ended; false if no peer had spoken there */
void hub_peers_expel(tdm_hub *hub);            /* links of keys that are admitted no longer */
void hub_peers_drop_all(tdm_hub *hub);
void hub_peers_publish(tdm_hub *hub);

/* ---- hub_keys.c */
void hub_keys_resume(tdm_hub *hub); /* before it listens: an interrupted rotation is finished */
void hub_keys_note(tdm_hub *hub);   /* peers that have heard of the link key that is to come; a few a turn */
void hub_keys_changed(void *hub);   /* any thread: the link key that answers is another now */
tdm_code hub_keys_read(tdm_hub *hub, tdm_err *err); /* if so, listen anew; an error ends the hub */

/* ---- admission.c */
/* Own key stated; invites and partners' keys admitted. The figures know the whole of the hub's own log. */
tdm_code hub_admission_open(tdm_hub *hub, tdm_err *err);
void hub_admission_refresh(tdm_hub *hub); /* after the fold has moved */
tdm_code hub_admission_enrol(hub_peer *peer, const tdm_frame *enrol, uint64_t token);
void hub_admission_live(hub_peer *peer); /* its session began: a rotation that waited for it ends */
void hub_admission_answer(tdm_hub *hub); /* enrolments that are ready */
void hub_admission_forget(tdm_hub *hub, const hub_peer *peer);
void hub_admission_close(tdm_hub *hub);

#endif
