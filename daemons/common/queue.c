/* SPDX-License-Identifier: MPL-2.0
 *
 * queue.c: a ring under a mutex. The eventfd holds 1 while something waits (or the queue is closed) and 0
 * otherwise; it changes only under the mutex, so it can not lag behind the ring.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct tdm_queue {
    pthread_mutex_t lock;
    pthread_cond_t room;  /* something was taken, or closed */
    pthread_cond_t items; /* something was put, or closed */
    void **ring;
    size_t capacity;
    size_t first; /* index of the oldest */
    size_t count;
    size_t enough; /* items that end a cork; 0: there is none */
    bool closed;
    bool raised; /* the eventfd is readable */
    int fd;
};

tdm_code tdm_queue_open(tdm_queue **out, size_t capacity, tdm_err *err)
{
    TDM_ASSERT(capacity > 0);
    tdm_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for a queue");
    queue->ring = calloc(capacity, sizeof *queue->ring);
    queue->capacity = capacity;
    queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->room, NULL);
    pthread_cond_init(&queue->items, NULL);
    if (queue->ring == NULL || queue->fd < 0) {
        int sys = queue->ring == NULL ? ENOMEM : errno;
        tdm_queue_destroy(&queue, NULL);
        return tdm_fail(err, TDM_FULL, sys, "no room for a queue of %zu", capacity);
    }
    *out = queue;
    return TDM_OK;
}

void tdm_queue_destroy(tdm_queue **queue_at, void (*drop)(void *item))
{
    tdm_queue *queue = queue_at == NULL ? NULL : *queue_at;
    if (queue == NULL)
        return;
    for (size_t i = 0; drop != NULL && i < queue->count; i++)
        drop(queue->ring[(queue->first + i) % queue->capacity]);
    if (queue->fd >= 0)
        close(queue->fd);
    pthread_cond_destroy(&queue->items);
    pthread_cond_destroy(&queue->room);
    pthread_mutex_destroy(&queue->lock);
    free(queue->ring);
    free(queue);
    *queue_at = NULL;
}

/* Make the eventfd say what is so. With the lock held. An eventfd of 0 or 1 never blocks. */
static void signal_state(tdm_queue *queue)
{
    bool wanted = queue->count > 0 || queue->closed;
    if (wanted == queue->raised)
        return;
    eventfd_t ignored;
    int failed = wanted ? eventfd_write(queue->fd, 1) : eventfd_read(queue->fd, &ignored);
    TDM_ASSERT(failed == 0);
    queue->raised = wanted;
}

static bool is_ready(const tdm_queue *queue)
{
    return queue->closed || (queue->count > 0 && queue->count >= queue->enough);
}

static tdm_code put(tdm_queue *queue, void **item)
{
    if (queue->closed)
        return TDM_END;
    if (queue->count == queue->capacity)
        return TDM_BUSY;
    queue->ring[(queue->first + queue->count++) % queue->capacity] = *item;
    *item = NULL;
    signal_state(queue);
    if (is_ready(queue))
        pthread_cond_signal(&queue->items);
    return TDM_OK;
}

static size_t take(tdm_queue *queue, void **items, size_t max)
{
    size_t taken = 0;
    for (; taken < max && queue->count > 0; taken++, queue->count--) {
        items[taken] = queue->ring[queue->first];
        queue->first = (queue->first + 1) % queue->capacity;
    }
    signal_state(queue);
    if (taken > 0)
        pthread_cond_broadcast(&queue->room);
    return taken;
}

tdm_code tdm_queue_try_push(tdm_queue *queue, void **item)
{
    pthread_mutex_lock(&queue->lock);
    tdm_code code = put(queue, item);
    pthread_mutex_unlock(&queue->lock);
    return code;
}

tdm_code tdm_queue_push(tdm_queue *queue, void **item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == queue->capacity && !queue->closed)
        pthread_cond_wait(&queue->room, &queue->lock);
    queue->enough = 0;
    tdm_code code = put(queue, item);
    pthread_mutex_unlock(&queue->lock);
    return code;
}

size_t tdm_queue_pop(tdm_queue *queue, void **items, size_t max)
{
    pthread_mutex_lock(&queue->lock);
    size_t taken = take(queue, items, max);
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

size_t tdm_queue_wait(tdm_queue *queue, void **items, size_t max)
{
    pthread_mutex_lock(&queue->lock);
    while (!is_ready(queue))
        pthread_cond_wait(&queue->items, &queue->lock);
    size_t taken = take(queue, items, max);
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

void tdm_queue_cork(tdm_queue *queue, size_t enough)
{
    pthread_mutex_lock(&queue->lock);
    queue->enough = enough;
    pthread_mutex_unlock(&queue->lock);
}

void tdm_queue_uncork(tdm_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->enough = 0;
    if (is_ready(queue))
        pthread_cond_signal(&queue->items);
    pthread_mutex_unlock(&queue->lock);
}

void tdm_queue_close(tdm_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    signal_state(queue);
    pthread_cond_broadcast(&queue->room);
    pthread_cond_broadcast(&queue->items);
    pthread_mutex_unlock(&queue->lock);
}

bool tdm_queue_is_closed(tdm_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool closed = queue->closed;
    pthread_mutex_unlock(&queue->lock);
    return closed;
}

size_t tdm_queue_length(tdm_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

int tdm_queue_fd(const tdm_queue *queue)
{
    return queue->fd;
}
