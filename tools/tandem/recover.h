/* SPDX-License-Identifier: MPL-2.0
 *
 * recover.h: the drills: a node's or a hub's log taken back, a copied node that rejoins. Each says what it
 * will do, asks, and goes on where it was when it is run again.
 */
#ifndef TANDEM_TOOLS_RECOVER_H
#define TANDEM_TOOLS_RECOVER_H

#include "ask.h"
#include "client.h"
#include "progress.h"

#include "identity_file.h"
#include "recovery.h"

tdm_command_function tdm_node_restore_run, tdm_node_rejoin_run, tdm_hub_rebuild_run, tdm_key_save_run;

extern const tdm_ask TDM_ASK_OLD_PASSPHRASE, TDM_ASK_NEW_PASSPHRASE; /* of a saved identity */

/* The state folder of --store, in which a recovery may have begun. */
typedef struct tdm_recover_place {
    const char *folder;
    bool begun;        /* it has, and self is who it is */
    bool knows_hub;    /* a node: it knows its hub, or the code for it */
    tdm_identity self; /* secret */
} tdm_recover_place;
/* TDM_INVALID: no folder was named. TDM_EXISTS: a whole store is there. */
tdm_code tdm_recover_find(const tdm_invocation *invocation, tdm_recover_place *out, tdm_err *err);
/* Who the store is to be: of this origin and with these keys, under a new incarnation; where one has begun it
 * stays who it is. TDM_CONFLICT: that is another. */
tdm_code tdm_recover_be(tdm_recover_place *place, const tdm_identity *who, tdm_err *err);
/* The file of --identity, opened with its passphrase. */
tdm_code tdm_recover_identity(const tdm_invocation *invocation, tdm_session *session, const char *file,
                              tdm_saved_identity *out, tdm_err *err);

/* How it goes, as a progress line for each log. */
typedef struct tdm_recover_progress {
    const tdm_invocation *invocation;
    tdm_session *session;
    tdm_progress progress;
    const char *what; /* NULL: nothing is shown */
} tdm_recover_progress;
tdm_recovery_options tdm_recover_watch(tdm_recover_progress *watch, const tdm_invocation *invocation,
                                       tdm_session *session);
void tdm_recover_watched(tdm_recover_progress *watch);

#endif
