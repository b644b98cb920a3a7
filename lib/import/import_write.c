#include "import/import_write.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "yaml/yaml.h"

#include <string.h>

enum { WIDTH = 110, BESIDE = 100 };

/* Parameters that the shipped template has no default for. */
static const char *const required[] = {"api_name",  "bucket",   "firehose",
                                       "log_group", "database", "workgroup"};

/* ---- comments ---- */

/* A text of AWS's on one line, in which nothing acts and nothing ends a comment; new text. */
static char *one_line(const char *text)
{
    cleanup_free char *flat = mem_text(text);
    struct printable stream = {0};
    struct str out = {0};

    for (char *c = flat; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    printable_add(&stream, &out, flat, strlen(flat));
    printable_end(&stream, &out);
    return str_take(&out);
}

/* Comment lines, broken between words. */
static void comment(struct str *out, int indent, const char *text)
{
    cleanup_free char *line = one_line(text);
    size_t used = 0;

    for (const char *at = line; *at;) {
        size_t blanks = strspn(at, " "), n = strcspn(at + blanks, " ");

        at += blanks;
        if (!n)
            break;
        if (!used || used + 1 + n > WIDTH) {
            str_addf(out, "%s%*s# %s", out->len && used ? "\n" : "", indent, "", used ? "  " : "");
            used = (size_t)indent + (used ? 4 : 2);
        } else {
            str_add(out, " ");
            used++;
        }
        str_add_n(out, at, n);
        used += n;
        at += n;
    }
    str_add(out, "\n");
}

static void comments(struct str *out, int indent, const char *before, const json_t *texts)
{
    size_t i;
    json_t *text;

    json_array_foreach((json_t *)texts, i, text) {
        cleanup_free char *whole = mem_printf("%s%s", before, json_string_value(text));

        comment(out, indent, whole);
    }
}

/* ---- values ---- */

/* "key: value" below indent; what is said of it stands behind when it fits, else before. */
static void entry(struct str *out, int indent, const char *key, const json_t *value,
                  const char *beside)
{
    json_auto_t *pair = json_pack("{s:O}", key, value);
    cleanup_free char *yaml = yaml_write(pair), *said = beside ? one_line(beside) : NULL;
    bool behind = said && strcspn(yaml, "\n") + 1 == strlen(yaml) &&
                  strlen(yaml) + strlen(said) + (size_t)indent < BESIDE;

    if (said && !behind)
        comment(out, indent, said);
    for (const char *at = yaml; *at;) {
        size_t n = strcspn(at, "\n");

        if (n)
            str_addf(out, "%*s%.*s", indent, "", (int)n, at);
        if (behind)
            str_addf(out, "  # %s", said);
        str_add(out, "\n");
        at += n + (at[n] == '\n');
    }
}

static void parameters(struct str *out, const struct import_draft *draft, bool all)
{
    json_auto_t *first = json_object();
    const char *name;
    json_t *value;

    str_add(out, "    parameters:\n");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        value = json_object_get(draft->parameters, required[i]);
        if (value)
            entry(out, 6, required[i], value, NULL);
        json_object_set_new(first, required[i], json_true());
    }
    json_object_foreach(draft->parameters, name, value)
        if (all && !json_object_get(first, name))
            entry(out, 6, name, value, "the template has another");
}

static void resource(struct str *out, const struct import_draft *draft, const char *id)
{
    const json_t *fields = json_object_get(draft->resources, id), *notes, *kept;
    const json_t *beside = json_object_get(draft->beside, id);
    const char *field, *text;
    json_t *value;

    notes = json_object_get(draft->notes, id);
    kept = json_object_get(draft->kept, id);
    if (json_is_false(fields)) {
        text = json_text(beside, "");
        comments(out, 6, "", notes);
        comment(out, 6, text);
        str_addf(out, "      %s: off\n", id);
        return;
    }
    if (json_object_size(fields))
        str_addf(out, "      %s:\n", id);
    else
        str_addf(out, "      # %s:\n", id);
    comments(out, 8, "", notes);
    json_object_foreach((json_t *)kept, field, value) {
        cleanup_free char *line = mem_printf("%s: %s", field, json_string_value(value));

        comment(out, 8, line);
    }
    json_object_foreach((json_t *)fields, field, value)
        entry(out, 8, field, value, json_text(beside, field));
}

/* All ids of which anything is said: overrides first, in the order in which they were found. */
static json_t *ids_of(const struct import_draft *draft)
{
    json_t *ids = json_object(), *value;
    const char *id;

    json_object_foreach(draft->resources, id, value)
        json_object_set_new(ids, id, json_true());
    json_object_foreach(draft->kept, id, value)
        json_object_set_new(ids, id, json_true());
    json_object_foreach(draft->notes, id, value)
        if (*id)
            json_object_set_new(ids, id, json_true());
    return ids;
}

/* Nothing but comments would be no mapping. */
static bool any_resource(const struct import_draft *draft)
{
    const char *id;
    json_t *value;

    json_object_foreach(draft->resources, id, value)
        if (json_is_false(value) || json_object_size(value))
            return true;
    return false;
}

static void resources(struct str *out, const struct import_draft *draft)
{
    json_auto_t *ids = ids_of(draft);
    const char *id;
    json_t *value;

    if (!json_object_size(ids))
        return;
    str_add(out, any_resource(draft) ? "    resources:\n" : "    # Of resources:\n");
    json_object_foreach(ids, id, value)
        resource(out, draft, id);
}

static void billing(struct str *out, const struct import_draft *draft)
{
    if (draft->billing) {
        entry(out, 0, "billing", draft->billing, NULL);
        return;
    }
    str_add(out,
            "# What usage costs is not known to AWS. Without this section nothing is rolled up, "
            "audited or billed:\n"
            "# billing:\n"
            "#   time_zone: UTC\n"
            "#   prices:\n"
            "#     - {from: 2020-01-01, call: 0.001, gib: 0.10}\n");
}

char *import_write(const struct import_draft *draft, enum import_write_part part)
{
    json_auto_t *account = json_string(draft->account), *region = json_string(draft->region);
    json_auto_t *path = json_string(draft->template_path);
    struct str out = {0};

    if (part == IMPORT_WRITE_SPEC)
        comments(&out, 0, "", json_object_get(draft->notes, ""));
    entry(&out, 0, "account", account, NULL);
    entry(&out, 0, "region", region, NULL);
    if (path)
        entry(&out, 0, "template", path, NULL);
    billing(&out, draft);
    str_addf(&out, "pipelines:\n  %s:\n", draft->pipeline);
    parameters(&out, draft, part != IMPORT_WRITE_PLAIN);
    if (part == IMPORT_WRITE_SPEC)
        resources(&out, draft);
    return str_take(&out);
}
