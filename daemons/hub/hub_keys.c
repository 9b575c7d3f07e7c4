/* SPDX-License-Identifier: MPL-2.0
 *
 * hub_keys.c: the loop's part in a rotation of the hub's own keys (hub_rotation.h): who has heard of the link
 * key that is to come, and the listener opened anew once it is in use.
 */
#include "hub_inner.h"

#include "clock.h"
#include "hub_rotation.h"
#include "log.h"

#include <unistd.h>
#include <zmq.h>

#define NOTED_AT_ONCE 16
#define LISTEN_MS 10000 /* how long an address may be in use after its listener was closed */
#define LISTEN_AGAIN_MS 10

/* The command given again goes on with what can not be finished now. */
void hub_keys_resume(tdm_hub *hub)
{
    tdm_err err;
    if (tdm_hub_rotation_resume(hub->daemon->core, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "ROTATION-FAILED", &err);
}

/* ---- who has heard */

/* While a rotation of the hub's keys is under way: who knows the key that is to come. */
static bool holds(const hub_peer *peer, uint64_t told)
{
    tdm_link_figures figures;
    tdm_link_figures_read(peer->link, &figures);
    return tdm_link_state_of(peer->link) == TDM_LINK_LIVE && figures.events_acked >= told;
}

/* False if nothing had to be kept. */
static bool note_heard(hub_peer *peer)
{
    tdm_err err;
    tdm_core *core = peer->hub->daemon->core;
    peer->has_heard = true;
    if (tdm_hub_rotation_has_heard(core, &peer->origin))
        return false;
    if (tdm_hub_rotation_note(core, &peer->origin, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "ROTATION-FAILED", &err);
    return true;
}

/* Each note is a commit: a few in a turn, for there may be a thousand peers. */
void hub_keys_note(tdm_hub *hub)
{
    size_t kept = 0;
    uint64_t told = tdm_hub_rotation_told(hub->daemon->core);
    for (size_t i = 0; i < HUB_BUCKETS && kept < NOTED_AT_ONCE; i++)
        for (hub_peer *peer = hub->buckets[i]; peer != NULL; peer = peer->next) {
            if (told == 0)
                peer->has_heard = false;
            else if (peer->admission == TDM_ADMIT_PEER && !peer->has_heard && holds(peer, told))
                kept += note_heard(peer);
        }
}

/* ---- listening anew */

/* From any thread: the link key that answers is another now. */
void hub_keys_changed(void *context)
{
    uint64_t one = 1;
    if (write(((tdm_hub *)context)->keys_fd, &one, sizeof one) < 0)
        return; /* full: the loop will read it anyway */
}

/* With the link key that is in use now. Every connection ends: what it sent and was not acknowledged comes
 * again. libzmq frees the address in its own time, which is short. */
static tdm_code listen_anew(tdm_hub *hub, tdm_err *err)
{
    int64_t until = tdm_clock_mono_ms() + LISTEN_MS;
    tdm_code code;
    hub_peers_drop_all(hub);
    tdm_listener_close(&hub->listener);
    while ((code = hub_listen(hub, hub->endpoint, err)) == TDM_BUSY && tdm_clock_mono_ms() < until)
        zmq_poll(NULL, 0, LISTEN_AGAIN_MS);
    if (code == TDM_OK)
        tdm_log(TDM_LOG_NOTICE, "HUB-KEY-CHANGED", tdm_log_text("endpoint", hub->endpoint));
    return code;
}

tdm_code hub_keys_read(tdm_hub *hub, tdm_err *err)
{
    uint64_t count;
    return read(hub->keys_fd, &count, sizeof count) < 0 ? TDM_OK : listen_anew(hub, err);
}
