/* SPDX-License-Identifier: MPL-2.0
 *
 * shell.c: words for a POSIX shell.
 */
#include "shell.h"

#include <string.h>

static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+,:=@%";

const char *tdm_shell_word(char out[TDM_SHELL_WORD_MAX], const char *text)
{
    static const char QUOTE[] = "'\\''"; /* out, a quote, in again */
    size_t len = strlen(text);
    char *at = out;
    if (len >= PATH_MAX)
        return strcpy(out, "DIR");
    if (len > 0 && text[0] != '-' && strspn(text, PLAIN) == len)
        return strcpy(out, text);
    *at++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            at = (char *)memcpy(at, QUOTE, sizeof QUOTE - 1) + sizeof QUOTE - 1;
        else
            *at++ = *text;
    }
    *at++ = '\'';
    *at = '\0';
    return out;
}
