/* SPDX-License-Identifier: MPL-2.0
 *
 * log_lines.c: fuzz entry: whatever an exported file holds, what is handed on of it is whole and proven.
 */
#include "entry.h"

#include "log_lines.h"

static tdm_code take_store(void *context, const tdm_id *authority, tdm_err *err)
{
    (void)context, (void)authority, (void)err;
    return TDM_OK;
}

static tdm_code take_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_span *events, tdm_err *err)
{
    (void)context, (void)err;
    TDM_ASSERT(run->last >= run->first && run->last - run->first < TDM_RUN_EVENTS_MAX);
    for (uint64_t i = 0; i <= run->last - run->first; i++) {
        tdm_event event;
        TDM_ASSERT(tdm_event_decode(events[i], &event, NULL) == TDM_OK);
        TDM_ASSERT(event.sequence == run->first + i && event.incarnation == incarnation);
        TDM_ASSERT(tdm_id_equal(&event.origin, origin));
    }
    return TDM_OK;
}

static tdm_code take_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                          tdm_err *err)
{
    (void)context, (void)origin, (void)incarnation, (void)seal, (void)err;
    return TDM_OK;
}

static tdm_code take_notice(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    (void)context;
    TDM_ASSERT(tdm_proof_check(proof, event, err) == TDM_OK);
    return TDM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const tdm_log_visit VISIT = {
        .store = take_store, .run = take_run, .seal = take_seal, .notice = take_notice
    };
    uint64_t lines = 0;
    FILE *file = len == 0 ? NULL : fmemopen((void *)(uintptr_t)data, len, "r");
    if (file == NULL)
        return 0;
    tdm_log_read(file, &VISIT, NULL, &lines, NULL);
    fclose(file);
    return 0;
}
