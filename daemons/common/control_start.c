/* SPDX-License-Identifier: MPL-2.0
 *
 * control_start.c: the control socket with the daemon's services behind it. A file of its own, since all the
 * rest of the control socket knows no service.
 */
#include "control.h"

#include "clock.h"

static bool is_long_one(const char *verb)
{
    const tdm_service *service = tdm_service_find(verb);
    return service != NULL && service->needs == TDM_NEEDS_WHOLE_LOG;
}

tdm_code tdm_control_start(tdm_control **out, void *zmq_context, const char *endpoint,
                           const tdm_service_context *context, tdm_err *err)
{
    return tdm_control_serve(out, zmq_context, endpoint, context, tdm_clock_wall_ms, tdm_service_call,
                             is_long_one, err);
}
