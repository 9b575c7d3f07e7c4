/* SPDX-License-Identifier: MPL-2.0
 *
 * replay.c: runs the saved inputs of one fuzz entry in the ordinary suite: replay FOLDER
 */
#include "entry.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In memory of its exact size, so that a sanitizer sees a read beyond it. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return 1;
    long len = ftell(file);
    rewind(file);
    uint8_t *data = malloc(len > 0 ? (size_t)len : 1);
    int failed = len < 0 || data == NULL || fread(data, 1, (size_t)len, file) != (size_t)len;
    fclose(file);
    if (!failed)
        LLVMFuzzerTestOneInput(data, (size_t)len);
    free(data);
    return failed;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    unsigned count = 0;
    int failed = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        int len = snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failed |= len < 0 || (size_t)len >= sizeof path || replay_file(path) != 0;
        count++;
    }
    closedir(folder);
    printf("%u inputs replayed\n", count);
    return failed || count == 0;
}
