/* SPDX-License-Identifier: MPL-2.0
 *
 * transport.c: what listener and dialer share: the monitor of a socket and the taking of frames.
 *
 * libzmq's own limits that no option lifts: it gathers all frames of a message before it hands any over, and
 * counts messages, not frames. A peer with an admitted key can make it gather; revoke the key.
 */
#include "transport_internal.h"

#include <errno.h>
#include <string.h>

/* An unlimited queue: libzmq waits inside its I/O thread when a monitor's queue is full, and with it all
 * links. Its length is bounded by how fast connections can be made, and read in every turn of the loop. */
static tdm_code open_reader(tdm_monitor *monitor, void *zmq_context, const char *address, tdm_err *err)
{
    int none = 0;
    monitor->reader = zmq_socket(zmq_context, ZMQ_PAIR);
    if (monitor->reader == NULL || zmq_setsockopt(monitor->reader, ZMQ_RCVHWM, &none, sizeof none) != 0
        || zmq_setsockopt(monitor->reader, ZMQ_LINGER, &none, sizeof none) != 0
        || zmq_connect(monitor->reader, address) != 0)
        return tdm_fail(err, TDM_IO, zmq_errno(), "link: cannot read the socket's monitor: %s",
                        zmq_strerror(zmq_errno()));
    return TDM_OK;
}

tdm_code tdm_monitor_open(tdm_monitor *monitor, void *zmq_context, void *watched, int events, tdm_err *err)
{
    tdm_id unique;
    char address[64] = "inproc://tandem-monitor-";
    tdm_id_random(&unique);
    tdm_hex(address + strlen(address), unique.bytes, sizeof unique.bytes);
    if (zmq_socket_monitor(watched, address, events) != 0)
        return tdm_fail(err, TDM_IO, zmq_errno(), "link: cannot watch the socket: %s",
                        zmq_strerror(zmq_errno()));
    monitor->watched = watched;
    return open_reader(monitor, zmq_context, address, err);
}

/* The monitor ends before its reader: the other way round libzmq can hang. */
void tdm_monitor_close(tdm_monitor *monitor)
{
    if (monitor->watched != NULL)
        zmq_socket_monitor(monitor->watched, NULL, 0);
    if (monitor->reader != NULL)
        zmq_close(monitor->reader);
    *monitor = (tdm_monitor){ NULL, NULL };
}

int tdm_monitor_next(tdm_monitor *monitor, int32_t *value)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    uint16_t event = 0; /* in the byte order of the machine, before a 32-bit value */
    int32_t with = 0;
    if (tdm_frames_receive(monitor->reader, &frame) > 0
        && zmq_msg_size(&frame) >= sizeof event + sizeof with) {
        memcpy(&event, zmq_msg_data(&frame), sizeof event);
        memcpy(&with, (const uint8_t *)zmq_msg_data(&frame) + sizeof event, sizeof with);
    }
    if (value != NULL)
        *value = with;
    zmq_msg_close(&frame);
    return event;
}

size_t tdm_frames_receive(void *socket, zmq_msg_t *frame)
{
    if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
        return 0;
    size_t count = 1;
    zmq_msg_t surplus;
    zmq_msg_init(&surplus);
    for (bool more = zmq_msg_more(frame) != 0; more; more = zmq_msg_more(&surplus) != 0) {
        if (zmq_msg_recv(&surplus, socket, ZMQ_DONTWAIT) < 0)
            break;
        count++;
    }
    zmq_msg_close(&surplus);
    return count;
}

tdm_code tdm_receive_failed(tdm_err *err)
{
    int sys = zmq_errno();
    if (sys == EAGAIN || sys == EINTR)
        return TDM_END;
    return tdm_fail(err, TDM_IO, sys, "link: cannot receive: %s", zmq_strerror(sys));
}

bool tdm_frame_send(void *socket, tdm_span bytes, int flags)
{
    int sent;
    do
        sent = zmq_send(socket, bytes.data, bytes.len, flags | ZMQ_DONTWAIT);
    while (sent < 0 && zmq_errno() == EINTR);
    return sent >= 0;
}

tdm_code tdm_send_check(tdm_span bytes, size_t max, tdm_err *err)
{
    if (bytes.len > max)
        return tdm_fail(err, TDM_INVALID, 0, "link: a message of %zu bytes is over the limit of %zu",
                        bytes.len, max);
    return TDM_OK;
}
