#include "state/address.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

void address_fini(struct address *address)
{
    free(address->text);
    free(address->field);
    *address = (struct address){0};
}

/* A pipeline's name may be left out where there is one only, and a field is no part of an address.
 */
static char *written_out(const struct manifest *manifest, const char *text)
{
    cleanup_free char *whole = mem_text_n(text, strcspn(text, "."));

    return manifest->pipeline_count == 1 && !strchr(text, '/')
               ? mem_printf("%s/%s", manifest->pipelines[0].name, whole)
               : mem_text(whole);
}

/* Everything there is, and the nearest of it. */
static int tell_unknown(const struct manifest *manifest, const char *text, struct err *e)
{
    size_t count = 0, room = 1;
    cleanup_free const char **names = NULL;
    cleanup_free char *hint = NULL, *whole = written_out(manifest, text);

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        room += 1 + manifest->pipelines[i].resource_count;
    names = mem_new(room * sizeof *names);
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        names[count++] = manifest->pipelines[i].name;
        for (size_t j = 0; j < manifest->pipelines[i].resource_count; j++)
            names[count++] = manifest->pipelines[i].resources[j].address;
    }
    hint = str_hint(str_nearest(text, names) ? text : whole, names);
    return err_set(e, ERR_ABSENT, "the spec has no '%s'%s", text, hint);
}

static int take_resource(const struct manifest *manifest, const char *name, struct address *address)
{
    const struct manifest_pipeline *pipeline = &manifest->pipelines[address->pipeline];
    size_t n = strcspn(name, ".");
    cleanup_free char *id = mem_text_n(name, n);

    address->resource = manifest_resource_find(pipeline, id);
    if (!address->resource)
        return -1;
    address->text = mem_text(address->resource->address);
    address->field = name[n] ? mem_text(name + n + 1) : NULL;
    return 0;
}

int address_find(const struct manifest *manifest, const char *text, struct address *address,
                 struct err *e)
{
    size_t n = strcspn(text, "/");

    *address = (struct address){0};
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &manifest->pipelines[i];

        if (strncmp(pipeline->name, text, n) != 0 || pipeline->name[n])
            continue;
        address->pipeline = i;
        if (text[n])
            return take_resource(manifest, text + n + 1, address) ? tell_unknown(manifest, text, e)
                                                                  : 0;
        address->text = mem_text(pipeline->name);
        return 0;
    }
    if (manifest->pipeline_count == 1 && !text[n] && !take_resource(manifest, text, address))
        return 0;
    return tell_unknown(manifest, text, e);
}

int address_find_former(const struct manifest *manifest, const char *text, struct address *address,
                        struct err *e)
{
    struct err unknown = {0};
    size_t n = strcspn(text, "/");

    if (!address_find(manifest, text, address, &unknown))
        return 0;
    address_fini(address);
    for (size_t i = 0; text[n] && i < manifest->pipeline_count; i++) {
        const char *name = manifest->pipelines[i].name;

        if (strncmp(name, text, n) != 0 || name[n])
            continue;
        *address = (struct address){.pipeline = i, .text = mem_text(text)};
        return 0;
    }
    return err_set(e, unknown.kind, "%s", unknown.text);
}
