/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_gate.h: readers pass together, a change of the map passes alone.
 *
 * Not a rwlock: a thread that reads may begin a second read (a visit that asks the ledger something), and
 * with a waiting writer preferred that would never end, with readers preferred the writer might never come.
 * Here newcomers stand back for a moment while somebody waits to be alone, and waiting to be alone ends.
 */
#ifndef TANDEM_STORE_KV_GATE_H
#define TANDEM_STORE_KV_GATE_H

#include <pthread.h>
#include <stdbool.h>

typedef struct kv_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned readers; /* inside */
    bool wanted;      /* somebody waits to be alone */
    bool closed;      /* somebody is alone */
} kv_gate;

void tdm_kv_gate_init(kv_gate *gate);
void tdm_kv_gate_destroy(kv_gate *gate);
void tdm_kv_gate_enter(kv_gate *gate);
void tdm_kv_gate_leave(kv_gate *gate);
/* Wait until nobody is inside; false if that takes longer than wait_ms. */
bool tdm_kv_gate_close(kv_gate *gate, int wait_ms);
void tdm_kv_gate_open(kv_gate *gate);

#endif
