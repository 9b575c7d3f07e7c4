/* SPDX-License-Identifier: MPL-2.0
 *
 * people_waiting.c: rows that wait to be appended together: a file of them costs one synced transaction for
 * some hundred rows instead of one for each.
 */
#include "people_inner.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 512, BYTES_MAX = 1 << 20 };

struct people_waiting {
    tdm_private_row rows[ROWS_MAX]; /* spans are set when they are appended */
    tdm_id names[ROWS_MAX];         /* of rows; zero: a salt */
    size_t at[ROWS_MAX];            /* of the person's key in bytes, the payload behind it */
    size_t count;
    tdm_buf bytes;
};

people_waiting *people_waiting_new(void)
{
    people_waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting != NULL)
        waiting->bytes.secret = true;
    return waiting;
}

static void forget(people_waiting *waiting)
{
    tdm_buf_clear(&waiting->bytes);
    waiting->count = 0;
}

void people_waiting_free(people_waiting **waiting)
{
    if (*waiting == NULL)
        return;
    forget(*waiting);
    tdm_buf_free(&(*waiting)->bytes);
    free(*waiting);
    *waiting = NULL;
}

static tdm_span person_of(const people_waiting *waiting, size_t i)
{
    return (tdm_span){ waiting->bytes.data + waiting->at[i], waiting->rows[i].person.len };
}

static tdm_span payload_of(const people_waiting *waiting, size_t i)
{
    size_t at = waiting->at[i] + waiting->rows[i].person.len;
    return (tdm_span){ waiting->bytes.data + at, waiting->rows[i].payload.len };
}

bool people_waiting_find(const people_waiting *waiting, tdm_span person, const tdm_id *name,
                         tdm_span *payload)
{
    for (size_t i = waiting->count; i-- > 0;) {
        if (!tdm_id_equal(&waiting->names[i], name) || !tdm_span_equal(person_of(waiting, i), person))
            continue;
        *payload = payload_of(waiting, i);
        return true;
    }
    return false;
}

bool people_waiting_is_full(const people_waiting *waiting)
{
    return waiting->count + 2 > ROWS_MAX || waiting->bytes.len > BYTES_MAX;
}

tdm_code people_waiting_add(people_waiting *waiting, const tdm_private_row *row, const tdm_id *name,
                            tdm_err *err)
{
    TDM_ASSERT(waiting->count < ROWS_MAX);
    size_t i = waiting->count;
    waiting->rows[i] = *row;
    waiting->names[i] = *name;
    waiting->at[i] = waiting->bytes.len;
    tdm_buf_add(&waiting->bytes, row->person.data, row->person.len);
    tdm_buf_add(&waiting->bytes, row->payload.data, row->payload.len);
    if (waiting->bytes.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory for rows of people");
    waiting->count++;
    return TDM_OK;
}

/* Whatever becomes of it, nothing waits any more: whoever gave the rows hears of it and gives them again. */
tdm_code people_waiting_append(people_waiting *waiting, tdm_private *log, tdm_err *err)
{
    size_t added;
    if (waiting->count == 0)
        return TDM_OK;
    for (size_t i = 0; i < waiting->count; i++) {
        waiting->rows[i].person = person_of(waiting, i);
        waiting->rows[i].payload = payload_of(waiting, i);
    }
    tdm_code code = tdm_private_append(log, waiting->rows, waiting->count, &added, err);
    if (code == TDM_FULL) /* if the map was short, it has grown */
        code = tdm_private_append(log, waiting->rows, waiting->count, &added, err);
    forget(waiting);
    return code;
}
