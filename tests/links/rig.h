/* SPDX-License-Identifier: MPL-2.0
 *
 * rig.h: a hub and a node with a pipe of frames between them that the test holds in its hand: frames wait
 * until the test lets them through, the clock stands until it is moved.
 */
#ifndef TANDEM_TESTS_LINKS_RIG_H
#define TANDEM_TESTS_LINKS_RIG_H

#include "../sim/station.h"

#define RIG_FRAMES_MAX 256

typedef struct rig_pipe {
    tdm_buf frames[RIG_FRAMES_MAX];
    size_t count;
} rig_pipe;

typedef struct rig {
    station hub;
    station node;
    rig_pipe to_hub;
    rig_pipe to_node;
    int64_t now_ms;
    tdm_frame frame; /* the last one decoded or being made */
    tdm_buf bytes;   /* what it borrows from */
} rig;

rig *rig_new(void); /* both stores made, the node's key admitted, machines there and not connected */
void rig_free(rig *r);
tdm_link *rig_hub(rig *r);
tdm_link *rig_node(rig *r);
/* New machines with the usual options. */
void rig_link(rig *r);

void rig_connect(rig *r);
void rig_disconnect(rig *r);
/* Let frames, commits and words run until nothing moves; the clock stands. */
void rig_settle(rig *r);
/* One frame through, if there is one. */
bool rig_to_hub(rig *r);
bool rig_to_node(rig *r);
void rig_lose(rig_pipe *pipe); /* everything in it */
/* Move the clock to the next deadline of this machine and tick it. False if there is none. */
bool rig_tick(rig *r, tdm_link *link);
/* Live, with everything acknowledged and the pipes empty. */
void rig_open(rig *r);

/* The frame at the front (or, from_end counted back from the newest), decoded into r->frame. */
const tdm_frame *rig_peek(rig *r, const rig_pipe *pipe, size_t from_end);
/* How many frames of this kind wait. */
size_t rig_count(rig *r, const rig_pipe *pipe, tdm_frame_kind kind);
/* Give r->frame to a machine, as if its peer had sent it. */
void rig_inject(rig *r, tdm_link *link);

/* Fill r->frame with the node's events from its ledger: runs from `from` on, sealed by its key. */
void rig_make_events(rig *r, const station *from_station, uint64_t from);
/* Seal r->frame (EVENTS) again by this station's key, over this head. */
void rig_seal(rig *r, const station *by, const tdm_digest *head);

#endif
