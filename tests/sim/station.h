/* SPDX-License-Identifier: MPL-2.0
 *
 * station.h: a hub or a node without sockets, disks or clocks: a ledger over the memory store, and link
 * machines driven as a daemon drives them. Commits happen when the world says so; a crash loses what was not
 * committed.
 */
#ifndef TANDEM_TESTS_SIM_STATION_H
#define TANDEM_TESTS_SIM_STATION_H

#include "tandem/ledger.h"
#include "tandem/link.h"

#define STATION_LINKS_MAX 8
#define STATION_ORIGINS_MAX 8
#define STATION_QUEUE_EVENTS 400 /* the writer's queue: above it, keep says BUSY */
#define STATION_TYPE_KEY                                                                                     \
    901                       /* events of types that the schema does not know: payload {1: origin, 2: key}  \
                               */
#define STATION_TYPE_FACT 902 /* payload {1: number} */

/* Faults put in on purpose; every one of them must be caught by the checks. */
typedef struct station_faults {
    bool ack_first;  /* says kept before the commit */
    bool resend_off; /* never gives a sequence to a link twice */
    bool dedup_off;  /* counts what the ledger says it has already */
} station_faults;

typedef struct known_key {
    tdm_id origin;
    uint8_t key[32];
} known_key;

typedef struct station station;

/* One link of a station: the context of its ports. */
typedef struct station_end {
    station *owner;
    size_t slot;
    uint64_t generation; /* of the machine: completions for an older one are not delivered */
    tdm_link *link;
    tdm_run_batch batch; /* lent to the machine by the port `runs` */
    tdm_seal seal;
    tdm_buf event;  /* lent by feed_next */
    uint64_t given; /* fault resend_off */
    uint64_t feed_acked;
    tdm_id recipient; /* hub */
} station_end;

/* One recipient's feed: positions in the ledger, read as far as `next`. */
typedef struct station_feed {
    tdm_id recipient;
    uint64_t *positions;
    size_t count;
    size_t room;
    uint64_t next;
} station_feed;

typedef enum job_kind { JOB_BATCH, JOB_NOTICES, JOB_ASIDE } job_kind;

/* Work for the station's writer: a copy of what the machine lent. */
typedef struct station_job {
    job_kind kind;
    size_t slot;
    uint64_t generation;
    uint64_t token;
    tdm_id origin;
    uint64_t incarnation;
    size_t run_count;
    tdm_run *runs;
    size_t event_count;
    size_t *lengths; /* of events, one after another in bytes */
    tdm_proof *proofs;
    uint64_t last_number;
    tdm_id epoch;
    tdm_seal seal;
    tdm_buf bytes;
    char reason[32];
    bool told; /* fault ack_first: the machine has been told already */
} station_job;

/* What the writer has to tell a machine. */
typedef struct station_word {
    job_kind kind;
    size_t slot;
    uint64_t generation;
    uint64_t token;
    tdm_code code;
} station_word;

struct station {
    const char *name;
    tdm_link_role role;
    tdm_id origin;
    uint64_t incarnation;
    tdm_seal_key seal_key;
    tdm_seal_key old_key; /* sealed the own log up to old_last */
    uint64_t old_last;    /* 0: seal_key sealed all of it */
    tdm_id hub;           /* node */
    uint8_t hub_key[32];
    station_faults faults;
    tdm_ledger *ledger;
    station_end ends[STATION_LINKS_MAX];
    known_key keys[STATION_ORIGINS_MAX]; /* read from the hub's log as it is held here */
    size_t key_count;
    station_feed feeds[STATION_ORIGINS_MAX]; /* hub: views, lost in a crash and made again */
    size_t feed_count;
    station_job *jobs;
    size_t job_count;
    size_t job_room;
    station_word *words;
    size_t word_count;
    size_t word_room;
    uint64_t counted; /* events the station's fold has seen, each once if all is well */
    uint64_t forks;   /* notes "fork" */
    uint64_t notes;
    uint64_t aside;
    char last_note[32];
    tdm_code keep_code;   /* what `keep` answers */
    tdm_code enrol_code;  /* what `enrol` answers */
    uint64_t enrol_token; /* of the last one asked */
    tdm_id joined;        /* node: the hub that enrolled it */
    size_t organisations;
    uint64_t queued_events; /* in jobs */
    uint64_t most_queued;
    bool loud;
    /* how a frame leaves */
    void (*send)(void *context, station *from, size_t slot, tdm_span frame);
    void *send_context;
    int64_t (*now)(void *context);
};

void station_open(station *s, const char *name, tdm_link_role role, uint64_t seed);
/* A second store with the same origin, incarnation and key, holding the first `last` of its own events. */
void station_clone(station *copy, const station *from, const char *name, uint64_t last);
void station_close(station *s);

/* Append `count` facts as one run of the own log, committed. The number makes their content. */
void station_append(station *s, size_t count, uint64_t number);
/* The hub states a node's key. */
void station_admit(station *hub, const station *node);

/* A new machine in this slot; the old one is gone with what it waited for. */
void station_link(station *s, size_t slot, const tdm_link_options *options);
tdm_link_options station_options(const station *s, const tdm_id *peer);

/* The process dies: machines, queued work and undelivered words are lost; the ledger stays. */
void station_crash(station *s);
/* Commit everything that waits in one transaction; the words wait to be delivered. */
void station_commit(station *s);
/* Deliver one word of the writer to its machine; false if there is none. */
bool station_tell(station *s);

uint64_t station_tip(const station *s, const tdm_id *origin, uint64_t incarnation, tdm_digest *head);
/* The feed of a recipient: every third event of other nodes, in order of the ledger. */
uint64_t station_feed_last(station *hub, const tdm_id *recipient);
/* Position of entry `number` (from 1) of a recipient's feed; 0 if there is none. */
uint64_t station_feed_position(station *hub, const tdm_id *recipient, uint64_t number);
/* Node: the feed cursor that is kept. */
void station_cursor(const station *s, bool *has_epoch, tdm_id *epoch, uint64_t *number);

#endif
