/* verb_check.c -- validates the spec without AWS; nginx -t, promtool check config. */
#include "base/json.h"
#include "base/mem.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"

/* So many have room in the unit's MemoryMax=; measured, docs/performance.md. */
enum { UNIT_PIPELINES = 600, LEAST_KIB = 100 << 10, EACH_KIB = 300 };

static void tell_memory(size_t pipelines)
{
    size_t mib = (LEAST_KIB + pipelines * EACH_KIB) >> 10;

    if (pipelines > UNIT_PIPELINES)
        (void)fprintf(stderr,
                      "note: a daemon of so many pipelines takes more memory than its unit allows: "
                      "`systemctl edit billingd`, [Service], MemoryMax=%zuM\n",
                      (mib + 63) / 64 * 64);
}

static void print_summary(const struct manifest *manifest, size_t warnings)
{
    size_t resources = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        resources += manifest->pipelines[i].resource_count;
    (void)fprintf(stderr, "%s: ok: %zu pipeline%s, %zu resources, %zu warning%s\n", manifest->path,
                  manifest->pipeline_count, manifest->pipeline_count == 1 ? "" : "s", resources,
                  warnings, warnings == 1 ? "" : "s");
    tell_memory(manifest->pipeline_count);
}

static void print_json(const struct manifest *manifest, size_t warnings)
{
    json_auto_t *json =
        json_pack("{s:s, s:s, s:b, s:I, s:I}", "format_version", JSON_FORMAT_VERSION, "spec",
                  manifest->path, "ok", 1, "pipelines", (json_int_t)manifest->pipeline_count,
                  "warnings", (json_int_t)warnings);

    (void)json_view_print(json);
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
    } else if (options->output == OUTPUT_JSON) {
        print_json(manifest, warnings);
    }
    print_summary(manifest, warnings);
    manifest_free(manifest);
    return options->strict && warnings ? EXIT_WARNINGS : EXIT_DONE;
}
