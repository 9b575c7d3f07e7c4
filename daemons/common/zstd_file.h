/* SPDX-License-Identifier: MPL-2.0
 *
 * zstd_file.h: streams of which the other end is compressed (Zstandard, RFC 8878): level 3, with a checksum.
 */
#ifndef TANDEM_COMMON_ZSTD_FILE_H
#define TANDEM_COMMON_ZSTD_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* What is written to it goes compressed to `to`, which stays open. fclose ends the frame, and fails if not
 * all of it could be written. NULL: no memory. */
FILE *tdm_zstd_writer(FILE *to);
/* Reads the frames of `from`, which stays open. Damage, and a file that was cut, are errors of the stream
 * (ferror, EILSEQ), and so is a window of more than 128 MiB (EFBIG). NULL: no memory. */
FILE *tdm_zstd_reader(FILE *from);
/* Does it begin as a frame does? Nothing is taken from it. No line of JSON begins so. */
bool tdm_zstd_begins(FILE *from);

#endif
