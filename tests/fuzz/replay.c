/* Runs a fuzz target over files: every input of its corpus is a test case of the ordinary build.
 *
 *   replay_http_request tests/fuzz/corpus/http_request [FILE|FOLDER...] */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20 };

/* In memory of exactly its size, so that a sanitizer sees a byte too far. */
static unsigned replay_file(const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t *bytes = malloc(MOST), *exact;
    size_t size;

    if (!file || !bytes) {
        perror(path);
        exit(1);
    }
    size = fread(bytes, 1, MOST, file);
    (void)fclose(file);
    exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    memcpy(exact, bytes, size);
    free(bytes);
    (void)fprintf(stderr, "%s\n", path); /* the last one is it, when it crashes */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static unsigned replay(const char *path)
{
    struct stat found;
    struct dirent *entry;
    unsigned count = 0;
    DIR *folder;
    char name[4096];

    if (stat(path, &found)) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(found.st_mode))
        return replay_file(path);
    folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        if (*entry->d_name == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count += replay(name);
    }
    if (folder)
        (void)closedir(folder);
    return count;
}

/* No file at all is a corpus that was lost. */
int main(int count, char **paths)
{
    unsigned replayed = 0;

    for (int i = 1; i < count; i++)
        replayed += replay(paths[i]);
    (void)printf("%u inputs\n", replayed);
    return replayed ? 0 : 1;
}
