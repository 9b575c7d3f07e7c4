/* SPDX-License-Identifier: MPL-2.0
 *
 * control_aside.c: two lists, of jobs that wait and of jobs that are done, and the thread between them.
 */
#include "control_aside.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct list {
    tdm_aside_job *first;
    tdm_aside_job *last;
    size_t count;
} list;

struct tdm_aside {
    tdm_aside_work *work;
    void *context;
    int ready; /* eventfd: a job is done */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    list waiting;
    list done;
    _Atomic bool ending;
    bool running;
    pthread_t thread;
};

static void append(list *l, tdm_aside_job *job)
{
    job->next = NULL;
    if (l->last == NULL)
        l->first = job;
    else
        l->last->next = job;
    l->last = job;
    l->count++;
}

static tdm_aside_job *shift(list *l)
{
    tdm_aside_job *job = l->first;
    if (job == NULL)
        return NULL;
    l->first = job->next;
    if (l->first == NULL)
        l->last = NULL;
    l->count--;
    return job;
}

/* Waits for one; NULL: the end. */
static tdm_aside_job *next_job(tdm_aside *aside)
{
    pthread_mutex_lock(&aside->lock);
    while (aside->waiting.first == NULL && !atomic_load(&aside->ending))
        pthread_cond_wait(&aside->changed, &aside->lock);
    tdm_aside_job *job = atomic_load(&aside->ending) ? NULL : shift(&aside->waiting);
    pthread_mutex_unlock(&aside->lock);
    return job;
}

static void *work_until_ended(void *argument)
{
    pthread_setname_np(pthread_self(), "door-long"); /* as top -H shows it */
    tdm_aside *aside = argument;
    tdm_aside_job *job;
    while ((job = next_job(aside)) != NULL) {
        aside->work(aside->context, job);
        pthread_mutex_lock(&aside->lock);
        append(&aside->done, job);
        pthread_mutex_unlock(&aside->lock);
        eventfd_write(aside->ready, 1);
    }
    return NULL;
}

static int start_thread(tdm_aside *aside)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&aside->thread, NULL, work_until_ended, aside);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

tdm_code tdm_aside_start(tdm_aside **out, tdm_aside_work *work, void *context, tdm_err *err)
{
    tdm_aside *aside = calloc(1, sizeof *aside);
    *out = aside;
    if (aside == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for long requests");
    aside->work = work;
    aside->context = context;
    pthread_mutex_init(&aside->lock, NULL);
    pthread_cond_init(&aside->changed, NULL);
    aside->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (aside->ready < 0)
        return tdm_fail(err, TDM_IO, errno, "control: no eventfd");
    int failed = start_thread(aside);
    aside->running = failed == 0;
    return failed == 0 ? TDM_OK : tdm_fail(err, TDM_FULL, failed, "control: no thread");
}

void tdm_aside_end(tdm_aside *aside)
{
    if (aside == NULL || !aside->running)
        return;
    pthread_mutex_lock(&aside->lock);
    atomic_store(&aside->ending, true);
    pthread_cond_signal(&aside->changed);
    pthread_mutex_unlock(&aside->lock);
    pthread_join(aside->thread, NULL);
    aside->running = false;
}

void tdm_aside_free(tdm_aside **pointer)
{
    tdm_aside *aside = *pointer;
    if (aside == NULL)
        return;
    tdm_aside_end(aside);
    TDM_ASSERT(aside->waiting.first == NULL && aside->done.first == NULL);
    if (aside->ready >= 0)
        close(aside->ready);
    pthread_cond_destroy(&aside->changed);
    pthread_mutex_destroy(&aside->lock);
    free(aside);
    *pointer = NULL;
}

bool tdm_aside_give(tdm_aside *aside, tdm_aside_job *job)
{
    pthread_mutex_lock(&aside->lock);
    bool taken = aside->waiting.count < TDM_ASIDE_MAX;
    if (taken)
        append(&aside->waiting, job);
    pthread_cond_signal(&aside->changed);
    pthread_mutex_unlock(&aside->lock);
    return taken;
}

tdm_aside_job *tdm_aside_take(tdm_aside *aside, bool *done)
{
    eventfd_t rung;
    pthread_mutex_lock(&aside->lock);
    tdm_aside_job *job = shift(&aside->done);
    *done = job != NULL;
    if (job == NULL)
        eventfd_read(aside->ready, &rung);
    if (job == NULL && !aside->running)
        job = shift(&aside->waiting);
    pthread_mutex_unlock(&aside->lock);
    return job;
}

int tdm_aside_fd(const tdm_aside *aside)
{
    return aside->ready;
}

bool tdm_aside_is_ending(const tdm_aside *aside)
{
    return atomic_load(&aside->ending);
}
