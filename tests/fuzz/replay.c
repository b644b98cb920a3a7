/* Runs a fuzz target over files: every input of its corpus is a test case of the ordinary build.
 *
 *   fuzz_replay NAME FILE|FOLDER... */
#include "fuzz.h"

#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* FUZZ_TARGETS: TARGET(NAME) of each, from tests/CMakeLists.txt. */
#define TARGET(name) void fuzz_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS
#undef TARGET
#define TARGET(name) {#name, fuzz_##name},
static const struct target {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
} targets[] = {FUZZ_TARGETS};

enum { MOST = 1 << 20 };

static const struct target *find(const char *name)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    (void)fprintf(stderr, "there is no target %s\n", name);
    exit(1);
}

/* In memory of exactly its size, so that a sanitizer sees a byte too far. */
static unsigned replay_file(const struct target *target, const char *path)
{
    static uint8_t bytes[MOST];
    FILE *file = fopen(path, "re");
    uint8_t *exact;
    size_t size;

    if (!file) {
        perror(path);
        exit(1);
    }
    size = fread(bytes, 1, MOST, file);
    (void)fclose(file);
    exact = mem_new(size ? size : 1);
    memcpy(exact, bytes, size);
    (void)fprintf(stderr, "%s\n", path); /* the last one is it, when it crashes */
    target->run(exact, size);
    free(exact);
    return 1;
}

static unsigned replay(const struct target *target, const char *path)
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
        return replay_file(target, path);
    folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        if (*entry->d_name == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count += replay(target, name);
    }
    if (folder)
        (void)closedir(folder);
    return count;
}

/* No file at all is a corpus that was lost. */
int main(int count, char **words)
{
    unsigned replayed = 0;

    for (int i = 2; i < count; i++)
        replayed += replay(find(words[1]), words[i]);
    (void)printf("%u inputs\n", replayed);
    return replayed ? 0 : 1;
}
