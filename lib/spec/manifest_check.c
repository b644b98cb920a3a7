/* manifest_check.c -- values AWS would refuse, and resources declared twice.
 *
 * Values are checked resolved, so a name put together from parameters is judged as a whole; where
 * the account is not known a made-up one stands in. */
#include "aws/codec/model_validate.h"
#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"
#include "resources/value.h"
#include "spec/manifest_private.h"

#include <ctype.h>
#include <string.h>

/* Whose value is being checked. */
struct checking {
    struct load *load;
    const struct draft *draft;
    const struct manifest_resource *resource;
    const struct field *field; /* NULL: the path begins with the field's name */
    const json_t *value;       /* of the field */
};

/* Mappings may go to AWS as lists of pairs: "[2].Value" is what stands at the third key. */
static const char *key_at(const json_t *value, const char *path)
{
    void *iter = json_object_iter((json_t *)value);
    unsigned long i;

    if (!json_is_object(value) || *path != '[')
        return NULL;
    for (i = strtoul(path + 1, NULL, 10); i > 0 && iter; i--)
        iter = json_object_iter_next((json_t *)value, iter);
    return iter ? json_object_iter_key(iter) : NULL;
}

static void tell(void *arg, const char *path, const char *problem)
{
    const struct checking *c = arg;
    const char *key = c->field ? key_at(c->value, path) : NULL;
    cleanup_free char *field = NULL, *full = NULL;
    const char *file;
    int line, column;

    if (!c->field)
        field = mem_text(path);
    else if (key)
        field = mem_printf("%s.%s", c->field->name, key);
    else
        field = mem_printf("%s%s%s", c->field->name, *path && *path != '[' ? "." : "", path);
    full = mem_printf("%s.resources.%s%s%s", c->draft->path, c->resource->id, *field ? "." : "",
                      field);
    manifest_position(c->resource, field, &file, &line, &column);
    problems_add(c->load->problems, PROBLEM_ERROR, file, line, column, full, "%s", problem);
}

/* A default that stands in for silence is ours to get right, so only what is declared is checked.
 */
static void check_fields(struct checking *c, const json_t *desired)
{
    const struct kind *kind = c->resource->kind;
    const struct aws_model *model = aws_model(kind->service);

    for (const struct field *f = kind->fields; f->name; f++) {
        const json_t *shape = value_shape(model, table_field_shape(kind, f));
        json_auto_t *wire = NULL;

        c->field = f;
        c->value = json_object_get(desired, f->name);
        if (!c->value || !shape || !json_object_get(c->resource->declared, f->name))
            continue;
        if ((f->flags & (FIELD_LOCAL | FIELD_KEY)) && json_is_string(c->value) &&
            !json_string_length(c->value))
            continue; /* as silent as a missing one; for a key that was told */
        wire = value_to_wire(f, shape, c->value, NULL);
        (void)aws_model_validate(model, shape, wire, tell, c);
    }
    c->field = NULL;
}

static void check_resource(struct load *load, struct draft *draft, size_t index,
                           const json_t *desired, const json_t *facts)
{
    const struct manifest_resource *resource = &draft->pipeline->resources[index];
    struct checking c = {.load = load, .draft = draft, .resource = resource};
    struct scope scope = {.kind = resource->kind, .desired = desired, .facts = facts};

    if (!resource->kind)
        return;
    check_fields(&c, desired);
    if (resource->kind->check && !draft->flawed[index])
        resource->kind->check(&scope, tell, &c);
}

/* Whether several resources may share the AWS document: nothing in it but statements. */
static bool is_shared(const struct kind *kind)
{
    bool statements = false;

    for (const struct field *f = kind->fields; f->name; f++) {
        if (f->type == FIELD_STATEMENTS)
            statements = true;
        else if (!(f->flags & (FIELD_KEY | FIELD_LOCAL | FIELD_REPORTED)))
            return false;
    }
    return statements;
}

/* What makes a resource the same thing in AWS; new text, NULL when a key is not known. */
static char *identity(const struct kind *kind, const json_t *desired, const json_t *facts)
{
    const struct aws_model *model = aws_model(kind->service);
    /* Bucket names are unique over all regions, IAM has none. */
    bool regional = !(model && model->global) && strcmp(kind->service, "s3") != 0;
    struct str s = {0};

    str_addf(&s, "%s %s %s", kind->name, json_text(facts, "account"),
             regional ? json_text(facts, "region") : json_text(facts, "partition"));
    for (const struct field *f = kind->fields; f->name; f++) {
        const json_t *value = json_object_get(desired, f->name);
        size_t from;

        if (!(f->flags & FIELD_KEY))
            continue;
        if (!value) {
            str_fini(&s);
            return NULL;
        }
        str_add_char(&s, ' ');
        from = s.len;
        {
            cleanup_free char *text = json_canonical(value);

            str_add(&s, text);
        }
        for (; f->type == FIELD_LOWER && from < s.len; from++)
            s.data[from] = (char)tolower((unsigned char)s.data[from]);
    }
    return str_take(&s);
}

/* One of them is written where the other is: seen holds who came first. */
static void check_twice(struct checking *c, json_t *seen, const char *what, const char *field,
                        const char *of)
{
    const char *first = json_text(seen, what);
    cleanup_free char *text = NULL;

    if (!first) {
        json_object_set_new(seen, what, json_string(c->resource->address));
        return;
    }
    text = mem_printf("%s and %s are the same %s%s", c->resource->address, first, of,
                      c->resource->kind->title);
    tell(c, field, text);
}

static const char *first_key(const struct kind *kind)
{
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->flags & FIELD_KEY)
            return f->name;
    return "";
}

static void check_identity(struct checking *c, json_t *seen, const json_t *desired,
                           const json_t *facts)
{
    const struct kind *kind = c->resource->kind;
    cleanup_free char *what = identity(kind, desired, facts);

    if (what && !is_shared(kind))
        check_twice(c, seen, what, first_key(kind), "");
    for (const struct field *f = kind->fields; what && is_shared(kind) && f->name; f++) {
        json_t *statement;
        size_t i;

        json_array_foreach(json_object_get(desired, f->name), i, statement) {
            cleanup_free char *one = mem_printf("%s %s", what, json_text(statement, "Sid"));
            cleanup_free char *field = mem_printf("%s[%zu].Sid", f->name, i);

            check_twice(c, seen, one, field, "statement of one ");
        }
    }
}

void check_values(struct load *load)
{
    const char *account = load->manifest->account ? load->manifest->account : LOAD_ACCOUNT;
    json_auto_t *seen = json_object();

    for (size_t p = 0; p < load->manifest->pipeline_count; p++) {
        struct draft *draft = &load->drafts[p];
        json_auto_t *facts = NULL, *desired = NULL;

        if (draft->cyclic || !draft->pipeline->region)
            continue;
        facts = resolve_facts(draft->pipeline, account);
        desired = resolve_pipeline(draft->pipeline, facts, load, draft);
        json_object_set_new(facts, "pipeline", json_string(draft->pipeline->name));
        for (size_t i = 0; i < draft->pipeline->resource_count; i++) {
            struct checking c = {
                .load = load, .draft = draft, .resource = &draft->pipeline->resources[i]};

            check_resource(load, draft, i, json_array_get(desired, i), facts);
            if (c.resource->kind)
                check_identity(&c, seen, json_array_get(desired, i), facts);
        }
    }
}
