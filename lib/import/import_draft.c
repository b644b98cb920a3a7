#include "import/import_draft.h"

#include "base/json.h"
#include "base/mem.h"
#include "spec/manifest.h"

#include <stdarg.h>
#include <string.h>

void import_draft_init(struct import_draft *draft)
{
    *draft = (struct import_draft){.parameters = json_object(),
                                   .resources = json_object(),
                                   .beside = json_object(),
                                   .notes = json_object(),
                                   .kept = json_object(),
                                   .unknown = json_object(),
                                   .missed = json_object()};
}

void import_draft_fini(struct import_draft *draft)
{
    free(draft->pipeline);
    free(draft->account);
    free(draft->region);
    free(draft->template_path);
    free(draft->came_from);
    json_decref(draft->parameters);
    json_decref(draft->resources);
    json_decref(draft->beside);
    json_decref(draft->notes);
    json_decref(draft->kept);
    json_decref(draft->unknown);
    json_decref(draft->missed);
    json_decref(draft->billing);
    *draft = (struct import_draft){0};
}

/* The object (or list) of that key, made where there is none. */
static json_t *child(json_t *parent, const char *key, bool list)
{
    json_t *found = json_object_get(parent, key);

    if (found && json_is_array(found) == list && !json_is_false(found))
        return found;
    found = list ? json_array() : json_object();
    json_object_set_new(parent, key, found);
    return found;
}

void import_draft_parameter(struct import_draft *draft, const char *name, const char *text)
{
    json_auto_t *plain = json_string(text);

    json_object_set_new(draft->parameters, name, manifest_effective_value(plain));
}

void import_draft_set(struct import_draft *draft, const char *id, const char *field, json_t *value,
                      const char *beside)
{
    json_object_set_new(child(draft->resources, id, false), field, value);
    if (beside)
        json_object_set_new(child(draft->beside, id, false), field, json_string(beside));
}

void import_draft_set_text(struct import_draft *draft, const char *id, const char *field,
                           const char *text)
{
    json_auto_t *plain = text && *text ? json_string(text) : NULL;

    if (plain)
        import_draft_set(draft, id, field, manifest_effective_value(plain), NULL);
}

void import_draft_off(struct import_draft *draft, const char *id, const char *why)
{
    json_object_set_new(draft->resources, id, json_false());
    json_object_set_new(draft->beside, id, json_pack("{s:s}", "", why));
}

void import_draft_drop(struct import_draft *draft, const char *id)
{
    (void)json_object_del(draft->resources, id);
    (void)json_object_del(draft->beside, id);
}

bool import_draft_is_off(const struct import_draft *draft, const char *id)
{
    return json_is_false(json_object_get(draft->resources, id));
}

json_t *import_draft_fields(const struct import_draft *draft, const char *id)
{
    json_t *fields = json_object_get(draft->resources, id);

    return json_is_object(fields) ? fields : NULL;
}

void import_draft_keep(struct import_draft *draft, const char *id, const char *field,
                       const char *why)
{
    (void)json_object_del(import_draft_fields(draft, id), field);
    (void)json_object_del(json_object_get(draft->beside, id), field);
    json_object_set_new(child(draft->kept, id, false), field, json_string(why));
}

bool import_draft_keeps(const struct import_draft *draft, const char *id, const char *field)
{
    return json_object_get(json_object_get(draft->kept, id), field) != NULL;
}

void import_draft_note(struct import_draft *draft, const char *id, const char *format, ...)
{
    json_t *notes = child(draft->notes, id, true), *known;
    cleanup_free char *text = NULL;
    va_list args;
    size_t i;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    json_array_foreach(notes, i, known)
        if (!strcmp(json_string_value(known), text))
            return;
    json_array_append_new(notes, json_string(text));
}

void import_draft_unknown(struct import_draft *draft, const char *ids, const char *text)
{
    for (const char *at = ids; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        cleanup_free char *id = mem_text_n(at, n);

        json_object_set_new(draft->unknown, id, json_string(text));
        at += n;
    }
}

void import_draft_missed(struct import_draft *draft, const char *id, const char *field,
                         const char *why, bool denied)
{
    const char *before =
        json_string_value(json_object_get(json_object_get(draft->missed, id), "fields"));
    json_t *missed = json_sprintf("%s%s%s", before ? before : "", before ? ", " : "", field);

    json_object_set_new(
        draft->missed, id,
        json_pack("{s:o, s:s, s:b}", "fields", missed, "why", why, "denied", denied));
}
