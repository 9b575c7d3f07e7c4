/* SPDX-License-Identifier: MPL-2.0
 *
 * control_world.h: a control socket with a service of the tests' own behind it, and who asks it.
 */
#ifndef TANDEM_TESTS_CONTROL_WORLD_H
#define TANDEM_TESTS_CONTROL_WORLD_H

#include "control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <semaphore.h>
#include <cmocka.h>

#define LONG_MS 60000 /* never waited out where the code is right */

struct world {
    void *context; /* the daemon's */
    void *client;  /* the client's, as in another process */
    tdm_control *control;
    char folder[64];
    char endpoint[96];
};

/* What the service of this process does: slow verbs post `entered`, and go on after `leave`. */
struct stage {
    sem_t entered;
    sem_t leave;
    int inside;  /* requests being served now */
    int crowded; /* times there was more than one */
    int64_t clock;
};
extern struct stage stage;

int open_world(void **state);
int close_world(void **state);
/* A door of its own; *out is the caller's. */
tdm_code serve_at(struct world *world, const char *endpoint, tdm_control **out, tdm_err *err);
tdm_code start(struct world *world, tdm_err *err); /* the door, again */

tdm_code call(struct world *world, const char *verb, const char *args, tdm_span body, tdm_answer *answer,
              tdm_err *err);
void assert_text(const tdm_answer *answer, const char *text);
void check_well(struct world *world); /* it answers */
/* A socket that says what it wants. */
void *raw_client(struct world *world, int type);
tdm_span zeros(size_t len);
void drop(tdm_span span); /* of zeros */

#define IN_WORLD(name, function)                                                                             \
    {                                                                                                        \
        name, function, open_world, close_world, NULL                                                        \
    }
#define ADD_ROWS(rows, function)                                                                             \
    for (size_t i = 0; i < TDM_COUNT(rows); i++)                                                             \
        tests[count++] = (struct CMUnitTest)                                                                 \
        {                                                                                                    \
            rows[i].name, function, NULL, NULL, (void *)&rows[i]                                             \
        }

#endif
