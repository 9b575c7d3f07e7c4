/* SPDX-License-Identifier: MPL-2.0
 *
 * story.h: a book of random statements: units and claims, amended, voided and taken back, and a registry that
 * changes meanwhile: organisations learnt late and closed, matches, closings moved, stores restored.
 */
#ifndef TANDEM_TESTS_MEASURES_STORY_H
#define TANDEM_TESTS_MEASURES_STORY_H

#include "build.h"

/* A small generator of its own, so that a seed means the same everywhere. */
uint32_t story_roll(uint64_t *seed, uint32_t below);
/* The same from one seed; book_free. */
void story_tell(tdm_book *book, uint64_t seed, size_t statements);

#endif
