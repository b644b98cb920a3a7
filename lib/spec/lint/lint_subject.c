/* lint_subject.c -- the documents of one pipeline, gathered and gone through. */
#include "spec/lint/lint_subject.h"

#include "base/json.h"
#include "base/mem.h"

static void read_sql(struct lint_resource *resource, const char *text)
{
    struct sql statement;
    size_t token = 0;

    resource->sql = sql_read(text);
    while (sql_next_statement(&resource->sql, &token, &statement)) {
        resource->statements = mem_resize(resource->statements, resource->statement_count + 1,
                                          sizeof *resource->statements);
        resource->statements[resource->statement_count++] = statement;
    }
}

void lint_subject_add(struct lint_subject *subject, const char *id, const struct kind *kind,
                      const json_t *values)
{
    struct lint_resource *resource;

    subject->resources =
        mem_resize(subject->resources, subject->count + 1, sizeof *subject->resources);
    resource = &subject->resources[subject->count++];
    *resource = (struct lint_resource){.id = id, .kind = kind, .values = values};
    for (const struct field *f = kind->fields; f->name; f++) {
        const char *text = f->type == FIELD_SQL ? json_text(values, f->name) : NULL;

        if (text && !resource->sql.text)
            read_sql(resource, text);
    }
}

void lint_subject_fini(struct lint_subject *subject)
{
    for (size_t i = 0; i < subject->count; i++) {
        sql_free(&subject->resources[i].sql);
        free(subject->resources[i].statements);
    }
    free(subject->resources);
    json_decref(subject->places);
    *subject = (struct lint_subject){0};
}

const json_t *lint_subject_next(const struct lint_subject *subject, enum kind_part part,
                                size_t *index)
{
    while (*index < subject->count) {
        const struct lint_resource *resource = &subject->resources[(*index)++];

        if (resource->kind->part == part)
            return resource->values;
    }
    return NULL;
}

const char *lint_subject_name(const json_t *values)
{
    const char *name = json_text(values, "name");

    return name ? name : "";
}
