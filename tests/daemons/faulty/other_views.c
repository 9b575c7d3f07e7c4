/* SPDX-License-Identifier: MPL-2.0
 *
 * other_views.c: the views of a program with another definition of the figures. It stands before the
 * library's own state.c.
 */
#include "tandem/fold.h"

#undef TDM_DEFINITION_VERSION
#define TDM_DEFINITION_VERSION 77

#include "state.c"
