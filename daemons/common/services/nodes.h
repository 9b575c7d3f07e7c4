/* SPDX-License-Identifier: MPL-2.0
 *
 * nodes.h: what node list, status and registry ask about origins and links.
 */
#ifndef TANDEM_SERVICES_NODES_H
#define TANDEM_SERVICES_NODES_H

#include "services.h"

/* Rows of tdm_service_context.links; never NULL; the caller's. */
json_t *tdm_links_read(const tdm_service_context *context);
const json_t *tdm_link_row(const json_t *links, const tdm_id *origin); /* borrowed; NULL if none */
int64_t tdm_link_number(const json_t *row, const char *key);           /* 0 if absent */

typedef struct tdm_origins {
    tdm_id *ids;
    size_t count;
    size_t capacity;
} tdm_origins;
/* Every origin the authority gave a key or whose log is held. */
tdm_code tdm_origins_read(const tdm_service_context *context, tdm_fold *fold, tdm_origins *out, tdm_err *err);
void tdm_origins_free(tdm_origins *list);
/* The one other node that `wanted` means: the beginning of its origin (4 digits at least), or an organisation
 * it speaks for. TDM_NOT_FOUND; TDM_INVALID: several. */
tdm_code tdm_node_named(const tdm_service_context *context, tdm_fold *fold, const char *wanted, tdm_id *out,
                        tdm_err *err);
/* A node whose keys are to end: nothing more comes of its log, and *held is how far that is here, durably.
 * After a revocation that was not stated it must be let in again. TDM_BUSY: another node's keys end just now.
 */
tdm_code tdm_node_shut_out(const tdm_service_context *context, const tdm_id *origin, uint64_t *held,
                           tdm_err *err);
void tdm_node_let_in(const tdm_service_context *context);
bool tdm_origin_tip(const tdm_service_context *context, const tdm_id *origin, tdm_tip *out);
/* Member "organisations": what it represents today. */
tdm_code tdm_write_organisations(const tdm_service_context *context, tdm_fold *fold, const tdm_id *origin,
                                 tdm_json *json, tdm_err *err);

#endif
