/* SPDX-License-Identifier: MPL-2.0
 *
 * entry.h: what every fuzz entry is: libFuzzer calls it with changed inputs, replay.c with saved ones.
 */
#ifndef TANDEM_TESTS_FUZZ_ENTRY_H
#define TANDEM_TESTS_FUZZ_ENTRY_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
