/* SPDX-License-Identifier: MPL-2.0
 *
 * utf8.h: which texts are let in.
 */
#ifndef TANDEM_UTF8_H
#define TANDEM_UTF8_H

#include "tandem/base.h"

/* Well-formed by the table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
bool tdm_utf8_is_valid(tdm_span text);
/* Bytes of the well-formed sequence that the text begins with; 0: it begins with none. */
size_t tdm_utf8_sequence(tdm_span text);

/* Without C0 control characters and DEL. */
bool tdm_text_is_plain(tdm_span text);

#endif
