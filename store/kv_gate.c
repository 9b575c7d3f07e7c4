/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_gate.c: readers pass together, a change of the map passes alone.
 */
#include "kv_gate.h"

#include <time.h>

#define STAND_BACK_MS 20 /* how long a newcomer lets somebody go first who waits to be alone */

void tdm_kv_gate_init(kv_gate *gate)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    gate->readers = 0;
    gate->wanted = gate->closed = false;
}

void tdm_kv_gate_destroy(kv_gate *gate)
{
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

static struct timespec after(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

void tdm_kv_gate_enter(kv_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    if (gate->wanted) {
        struct timespec until = after(STAND_BACK_MS);
        while (gate->wanted && pthread_cond_timedwait(&gate->changed, &gate->lock, &until) == 0) {
        }
    }
    while (gate->closed)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->readers++;
    pthread_mutex_unlock(&gate->lock);
}

void tdm_kv_gate_leave(kv_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->readers--;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

bool tdm_kv_gate_close(kv_gate *gate, int wait_ms)
{
    struct timespec until = after(wait_ms);
    pthread_mutex_lock(&gate->lock);
    gate->wanted = true;
    int rc = 0;
    while ((gate->readers > 0 || gate->closed) && rc == 0)
        rc = pthread_cond_timedwait(&gate->changed, &gate->lock, &until);
    bool alone = gate->readers == 0 && !gate->closed;
    gate->wanted = false;
    gate->closed = gate->closed || alone;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
    return alone;
}

void tdm_kv_gate_open(kv_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->closed = false;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}
