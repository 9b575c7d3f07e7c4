/* SPDX-License-Identifier: MPL-2.0
 *
 * service.c: the table of services, and the one way to call them.
 */
#include "service.h"
#include "services/services.h"
#include "views_vet.h"

#include <string.h>

static const tdm_service SERVICES[] = {
#define X(verb, hub, node, needs, function) { verb, hub, node, TDM_NEEDS_##needs, tdm_serve_##function },
    TDM_SERVICES_X(X)
#undef X
};

const tdm_service *tdm_services(size_t *count)
{
    *count = TDM_COUNT(SERVICES);
    return SERVICES;
}

const tdm_service *tdm_service_find(const char *verb)
{
    for (size_t i = 0; i < TDM_COUNT(SERVICES); i++)
        if (strcmp(SERVICES[i].verb, verb) == 0)
            return &SERVICES[i];
    return NULL;
}

/* What to try next, where the failure's own words do not say it. */
static const struct {
    tdm_code code;
    const char *hint;
} HINTS[] = {
    { TDM_INVALID, "see tandem --help for the words and options of this command" },
    { TDM_NOT_FOUND, "list what there is, for instance with tandem unit list or tandem node list" },
    { TDM_DENIED, "ask who runs the hub, or use the daemon instead of --store" },
    { TDM_UNREACHABLE, "try again; tandem status tells how far behind the figures are" },
    { TDM_BUSY, "try again in a moment" },
    { TDM_FULL, "free disk space, or split the input, then do the same again: nothing is stated twice" },
    { TDM_IO, "look at the disk and at the daemon's log, then do the same again" },
    { TDM_CORRUPT, "run tandem verify, and keep a copy of the store as it is" },
    { TDM_MALFORMED, "mend the input and do the same again" },
    { TDM_UNSUPPORTED, "use a newer version of this program" },
};

static const char *hint_of(tdm_code code)
{
    for (size_t i = 0; i < TDM_COUNT(HINTS); i++)
        if (HINTS[i].code == code)
            return HINTS[i].hint;
    return "";
}

static void answer_failure(tdm_answer *answer, const tdm_err *err)
{
    tdm_buf_clear(&answer->bytes);
    answer->raw = false;
    answer->exit = tdm_code_exit(err->code);
    tdm_json json = tdm_json_open(&answer->bytes);
    tdm_json_begin_object(&json);
    tdm_member_text(&json, "type", "error");
    tdm_member_int(&json, "exit", answer->exit);
    tdm_member_text(&json, "kind", tdm_code_word(err->code));
    tdm_member_text(&json, "what", err->what);
    tdm_member_text(&json, "hint", hint_of(err->code));
    tdm_json_end_object(&json);
    tdm_json_close(&json, NULL);
}

static tdm_code check_call(const tdm_service_context *context, const char *verb, const tdm_service *service,
                           tdm_err *err)
{
    bool hub = tdm_core_is_hub(context->core);
    if (service == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "there is no service \"%.40s\"", verb);
    if (hub ? !service->hub : !service->node)
        return tdm_fail(err, TDM_INVALID, 0, "%s is for a %s; this is a %s", service->verb,
                        service->hub ? "hub" : "node", hub ? "hub" : "node");
    if (service->needs == TDM_NEEDS_WRITES && tdm_core_is_read_only(context->core))
        return tdm_fail(err, TDM_DENIED, 0,
                        "%s changes the store, which is open for reading only: use the "
                        "running daemon",
                        service->verb);
    return TDM_OK;
}

tdm_code tdm_service_call(const tdm_service_context *context, const char *verb, const tdm_request *request,
                          tdm_answer *answer, tdm_err *err)
{
    tdm_err own = { 0 };
    const tdm_service *service = tdm_service_find(verb);
    *answer = (tdm_answer){ 0 };
    tdm_code code = check_call(context, verb, service, &own);
    if (code == TDM_OK)
        code = service->function(context, request, answer, &own);
    if (code == TDM_OK && answer->bytes.failed)
        code = tdm_fail(&own, TDM_FULL, 0, "no memory for the answer");
    if (code != TDM_OK) {
        own.code = code;
        if (code == TDM_CORRUPT && !tdm_core_is_read_only(context->core))
            tdm_views_doubt(tdm_core_folder(context->core));
        tdm_buf_free(&answer->bytes);
        answer_failure(answer, &own);
        if (err != NULL)
            *err = own;
    }
    return code;
}

void tdm_answer_free(tdm_answer *answer)
{
    tdm_buf_free(&answer->bytes);
}
