/* lint_run.c -- runs the tables of lints over the resources of one pipeline. */
#include "spec/lint/lint.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

const struct lint *lint_code(size_t index)
{
    static const struct lint *const tables[] = {lint_delivery, lint_log,   lint_sql,
                                                lint_shape,    lint_table, lint_storage};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const struct lint *lint = tables[i]; lint->code; lint++) {
            if (index-- == 0)
                return lint;
        }
    }
    return NULL;
}

static bool find_in_sql(const struct lint *lint, struct lint_at *at, const struct sql *sql)
{
    struct sql statement;
    size_t token = 0;

    at->statement = &statement;
    while (sql_next_statement(sql, &token, &statement)) {
        if (lint->find(at))
            return true;
    }
    return false;
}

static bool look(const struct lint *lint, struct lint_at *at, size_t index)
{
    const struct sql *sql = &at->pipeline->sql[index];

    if (strcmp(lint->kind, "sql") == 0)
        return sql->count && find_in_sql(lint, at, sql);
    return strcmp(lint->kind, at->kind) == 0 && lint->find(at);
}

static void look_at(const struct lint_pipeline *pipeline, size_t index, lint_found_fn *found,
                    void *arg)
{
    const json_t *resource = json_array_get(pipeline->resources, index);
    const struct lint *lint;

    for (size_t i = 0; (lint = lint_code(i)); i++) {
        struct lint_at at = {
            .pipeline = pipeline,
            .fields = json_object_get(resource, "fields"),
            .kind = json_text(resource, "kind"),
        };

        if (look(lint, &at, index))
            found(arg, lint, index, at.detail);
    }
}

void lint_resources(const json_t *resources, int year, lint_found_fn *found, void *arg)
{
    size_t count = json_array_size(resources);
    struct sql *sql = mem_new((count + 1) * sizeof *sql);
    struct lint_pipeline pipeline = {.resources = resources, .sql = sql, .year = year};

    for (size_t i = 0; i < count; i++) {
        const char *text =
            json_text(json_object_get(json_array_get(resources, i), "fields"), "sql");

        if (text)
            sql[i] = sql_read(text);
    }
    for (size_t i = 0; i < count; i++)
        look_at(&pipeline, i, found, arg);
    for (size_t i = 0; i < count; i++)
        sql_free(&sql[i]);
    free(sql);
}

const json_t *lint_next(const struct lint_pipeline *pipeline, const char *kind, size_t *index)
{
    while (*index < json_array_size(pipeline->resources)) {
        const json_t *resource = json_array_get(pipeline->resources, (*index)++);
        const char *have = json_text(resource, "kind");

        if (have && strcmp(have, kind) == 0)
            return json_object_get(resource, "fields");
    }
    return NULL;
}

bool lint_has(const struct lint_pipeline *pipeline, const char *kind, const char *name)
{
    const json_t *fields;

    for (size_t i = 0; name && (fields = lint_next(pipeline, kind, &i));) {
        const char *have = json_text(fields, "name");

        if (have && strcasecmp(have, name) == 0)
            return true;
    }
    return false;
}

char *lint_path(const char *location)
{
    size_t length;

    if (!location || strncmp(location, "s3://", 5) != 0)
        return NULL;
    length = strlen(location);
    return mem_printf("%s%s", location + 5, location[length - 1] == '/' ? "" : "/");
}

char *lint_stream_path(const json_t *stream)
{
    const char *bucket = json_text(stream, "bucket"), *prefix = json_text(stream, "prefix");
    const char *end;

    if (!bucket || !prefix || !strrchr(bucket, ':'))
        return NULL;
    end = strstr(prefix, "!{");
    end = end ? end : prefix + strlen(prefix);
    while (end > prefix && end[-1] != '/')
        end--;
    return mem_printf("%s/%.*s", strrchr(bucket, ':') + 1, (int)(end - prefix), prefix);
}

bool lint_nested(const char *a, const char *b)
{
    return a && b && (strncmp(a, b, strlen(a)) == 0 || strncmp(a, b, strlen(b)) == 0);
}

bool lint_say(struct lint_at *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(at->detail, sizeof at->detail, format, arguments);
    va_end(arguments);
    return true;
}
