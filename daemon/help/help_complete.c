/* help_complete.c -- the words of a spec that a shell offers behind a verb. */
#include "daemon/help/help.h"
#include "spec/manifest.h"

#include <string.h>

static void print_words(const struct manifest *manifest, bool addresses)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &manifest->pipelines[i];

        if (!addresses)
            (void)printf("%s\n", pipeline->name);
        for (size_t j = 0; addresses && j < pipeline->resource_count; j++)
            (void)printf("%s\n", pipeline->resources[j].address);
    }
}

int help_complete(const struct options *options)
{
    const char *path = options->file ? options->file : manifest_default_path();
    struct problems problems = {0};
    struct manifest *manifest = NULL;

    /* Standard input is the shell's. */
    if (path && strcmp(path, "-") != 0)
        manifest = manifest_load(path, &problems);
    if (manifest)
        print_words(manifest, !strcmp(options->operand, "addresses"));
    manifest_free(manifest);
    problems_fini(&problems);
    return EXIT_DONE;
}
