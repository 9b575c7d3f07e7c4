/* SPDX-License-Identifier: MPL-2.0
 *
 * at_rest.h: what a fold over views at rest needs of them before it answers. Does nothing in any other fold:
 * all of it is in memory there.
 */
#ifndef TANDEM_MEASURES_AT_REST_H
#define TANDEM_MEASURES_AT_REST_H

#include "fold_inner.h"

/* All under the lock. Rows of cells of a family and period kind; of one table of the measures; everything. */
tdm_code tdm_rest_need_cells(tdm_fold *fold, tdm_family family, tdm_period_kind kind, tdm_err *err);
tdm_code tdm_rest_need_table(tdm_fold *fold, int table, tdm_err *err);
tdm_code tdm_rest_need_all(tdm_fold *fold, tdm_err *err);
/* What judges a class: the frontiers of closings. */
tdm_code tdm_rest_need_closings(tdm_fold *fold, tdm_err *err);
/* As tdm_shelf_look, with what the dossier contributes at the fold's moment: what it is stored with is what
 * it contributed when the views were written. */
tdm_code tdm_rest_look(tdm_fold *fold, tdm_span subject, tdm_dossier **out, bool *owned, tdm_err *err);
/* Does a fact of the dossier that is covered name the organisation in a field? The index tells of all. */
tdm_code tdm_rest_names(tdm_fold *fold, tdm_span subject, tdm_span organisation, bool *out, tdm_err *err);

#endif
