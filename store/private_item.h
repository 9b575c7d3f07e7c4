/* SPDX-License-Identifier: MPL-2.0
 *
 * private_item.h: what the content of a backup is made of.
 */
#ifndef TANDEM_STORE_PRIVATE_ITEM_H
#define TANDEM_STORE_PRIVATE_ITEM_H

#include "private_rows.h"

/* | table 1 | key length 2 | value length 4 | key | value |. Those of meta "private" and of people hold the
 * keys themselves where the store has them sealed. */
#define ITEM_HEAD_BYTES 7
#define ITEM_END 255 /* key empty, value the number of items before, 8 bytes */
#define ITEM_KEY_MAX 511
#define ITEM_VALUE_MAX RECORD_MAX
#define META_ITEM_BYTES (8 + DATA_KEY_BYTES)        /* format, name key */
#define PERSON_ITEM_BYTES (20 + PERSON_PLAIN_BYTES) /* generation, rows, in force, opened */

#endif
