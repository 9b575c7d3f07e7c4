/* SPDX-License-Identifier: MPL-2.0
 *
 * people_days.c: the thread that counts people once a day.
 */
#include "people_days.h"

#include "clock.h"
#include "log.h"

#include "tandem/civil.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { CATCH_UP_S = 1, LOOK_S = 5, AGAIN_S = 60 };

struct tdm_people_days {
    tdm_service_context context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;
    bool told; /* that it fails: once is enough until it succeeds */
};

/* True: the day is done with, there is nothing more to do before the next. */
static bool count(tdm_people_days *days)
{
    bool did = false;
    tdm_err err = { 0 };
    days->context.now_ms = tdm_clock_wall_ms();
    tdm_code code = tdm_people_daily(&days->context, &did, &err);
    if (code != TDM_OK && !days->told)
        tdm_log_failure(TDM_LOG_WARN, "PEOPLE-NOT-COUNTED", &err);
    else if (did && code == TDM_OK)
        tdm_log(TDM_LOG_INFO, "PEOPLE-COUNTED");
    days->told = code != TDM_OK;
    return code == TDM_OK;
}

/* False: it is time to end. */
static bool wait(tdm_people_days *days, int seconds)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&days->lock);
    while (!days->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&days->changed, &days->lock, &until);
    bool goes_on = !days->stopping;
    pthread_mutex_unlock(&days->lock);
    return goes_on;
}

/* The day of a log that begins today ends before it is counted by itself. */
static void *watch(void *argument)
{
    tdm_people_days *days = argument;
    pthread_setname_np(pthread_self(), "people"); /* as top -H shows it */
    tdm_date done = INT32_MIN;
    int pause;
    do {
        tdm_date today = tdm_date_in_london(tdm_clock_wall_ms());
        pause = LOOK_S;
        if (today != done && !tdm_core_is_complete(days->context.core))
            pause = CATCH_UP_S; /* counting would wait for it with the private log in its hands */
        else if (today != done && count(days))
            done = today;
        else if (today != done)
            pause = AGAIN_S;
    } while (wait(days, pause));
    return NULL;
}

static void drop(tdm_people_days **days)
{
    pthread_cond_destroy(&(*days)->changed);
    pthread_mutex_destroy(&(*days)->lock);
    free(*days);
    *days = NULL;
}

tdm_code tdm_people_days_start(tdm_people_days **out, const tdm_service_context *context, tdm_err *err)
{
    *out = NULL;
    pthread_condattr_t monotonic;
    tdm_people_days *days = calloc(1, sizeof *days);
    if (days == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to watch the day");
    days->context = *context;
    pthread_mutex_init(&days->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&days->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&days->thread, NULL, watch, days);
    if (failed != 0) {
        drop(&days);
        return tdm_fail(err, TDM_INTERNAL, failed, "no thread to watch the day");
    }
    *out = days;
    return TDM_OK;
}

void tdm_people_days_stop(tdm_people_days **pointer)
{
    tdm_people_days *days = *pointer;
    if (days == NULL)
        return;
    pthread_mutex_lock(&days->lock);
    days->stopping = true;
    pthread_cond_signal(&days->changed);
    pthread_mutex_unlock(&days->lock);
    pthread_join(days->thread, NULL);
    drop(pointer);
}
