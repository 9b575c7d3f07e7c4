/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor.h: what is wrong with a daemon, its store and its machine: facts gathered into one document, judged
 * by one table. The document is what a bundle holds, so that it is judged elsewhere as it is here.
 *
 * {"schema":"tandem.bundle/1","made":time,"program":{...},"system":{...},
 *  "daemon":{"state":"answers|stopped|denied|silent|not asked","what":text},
 *  "store":{"state":code's word,"what":text},"folder":{"path","bytes_free","bytes_total","files":[...]}|null,
 *  "as_of":time,"status":row|null,"health":row|null,"nodes":[rows],"settings":[rows],"findings":[...]}
 */
#ifndef TANDEM_TOOLS_DOCTOR_H
#define TANDEM_TOOLS_DOCTOR_H

#include "client.h"
#include "judge.h"

tdm_command_function tdm_doctor_run;

/* ---- doctor_gather.c. Whatever cannot be had is told in the facts. The caller's. TDM_INVALID: neither a
 * daemon nor a store is named. */
tdm_code tdm_doctor_gather(const tdm_invocation *invocation, tdm_session *session, json_t **facts,
                           tdm_err *err);
/* doctor_folder.c: "folder" of the facts; NULL if it cannot be looked into: then *why tells. */
json_t *tdm_doctor_folder(const char *path, tdm_err *why);

/* ---- doctor_judge.c. Findings open beforehand; each examination adds one at least. */
void tdm_doctor_judge(const json_t *facts, tdm_findings *findings);
extern const char *const TDM_DOCTOR_WORDS[4]; /* ok warn fail unknown */

/* ---- doctor_bundle.c */
/* Take out of facts what is nobody else's: counts of people, and anything that looks like a key or a code. */
void tdm_bundle_clean(json_t *facts);
/* A new file for its owner alone, durable. TDM_EXISTS: there is one of that name. */
tdm_code tdm_bundle_save(const char *path, const json_t *facts, tdm_err *err);
/* TDM_NOT_FOUND, TDM_MALFORMED: no bundle. TDM_UNSUPPORTED: a newer one. */
tdm_code tdm_bundle_read(const char *path, json_t **facts, tdm_err *err);

#endif
