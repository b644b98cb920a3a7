/* verb_check.c -- validates the spec without AWS; nginx -t, promtool check config. */
#include "base/mem.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"

static void print_summary(const struct manifest *manifest, size_t warnings)
{
    size_t resources = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        resources += manifest->pipelines[i].resource_count;
    (void)fprintf(stderr, "%s: ok: %zu pipeline%s, %zu resources, %zu warning%s\n", manifest->path,
                  manifest->pipeline_count, manifest->pipeline_count == 1 ? "" : "s", resources,
                  warnings, warnings == 1 ? "" : "s");
}

int verb_check(const struct options *options)
{
    size_t warnings;
    int code;
    struct manifest *manifest = spec_load(options, &code, &warnings);

    if (!manifest)
        return code;
    if (options->print_effective) {
        cleanup_free char *text = manifest_effective(manifest);

        (void)fputs(text, stdout);
    }
    print_summary(manifest, warnings);
    manifest_free(manifest);
    return options->strict && warnings ? EXIT_WARNINGS : EXIT_DONE;
}
