/* load_check.c -- values AWS would refuse, and resources declared twice.
 *
 * Values are checked resolved, so a name put together from parameters is judged as a whole; where
 * the account is not known a made-up one stands in. */
#include "aws/codec/model_validate.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "guard/policy_guard.h"
#include "resources/table.h"
#include "resources/value.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <string.h>

/* Whose value is being checked. */
struct checking {
    struct load *load;
    const struct draft *draft;
    const struct manifest_resource *resource;
    size_t index;              /* of the resource in the pipeline */
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
    cleanup_free char *field = NULL;

    if (!c->field)
        field = mem_text(path);
    else if (key)
        field = mem_printf("%s.%s", c->field->name, key);
    else
        field = mem_printf("%s%s%s", c->field->name, *path && *path != '[' ? "." : "", path);
    load_error_field(c->load, c->draft, c->index, field, problem);
}

/* A default that stands in for silence is ours to get right, so only what is declared is checked.
 */
static void check_fields(struct checking *c, const json_t *desired)
{
    const struct kind *kind = c->resource->kind;
    const struct aws_model *model = aws_model(kind->service);

    for (const struct field *f = kind->fields; f->name; f++) {
        const json_t *declared = json_object_get(c->resource->declared, f->name), *shape;
        size_t before = c->load->problems->count;
        json_auto_t *wire = NULL;

        c->field = f;
        c->value = json_object_get(desired, f->name);
        if (!c->value || !declared || load_known(c->load, c->value, f))
            continue;
        shape = load_value_field_shape(c->load, kind, f);
        if (!shape)
            continue;
        if ((f->flags & (FIELD_LOCAL | FIELD_KEY)) && json_is_string(c->value) &&
            !json_string_length(c->value))
            continue; /* as silent as a missing one; for a key that was told */
        wire = value_to_wire(f, shape, c->value, NULL);
        (void)aws_model_validate(model, shape, wire, tell, c);
        if (c->value == declared && load_known(c->load, declared, NULL) &&
            c->load->problems->count == before)
            (void)load_know(c->load, declared, f, json_true());
    }
    c->field = NULL;
}

/* What a name, an ARN or a path may not hold, although AWS's models take it: it goes into policies,
 * SQL, log lines and terminals.  NULL: nothing is wrong. */
static const char *name_problem(const struct field *field, const char *text)
{
    static const char arn_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789_+=,.@/:#$-";
    size_t length = strlen(text);
    bool whole_group = length > 2 && !strcmp(text + length - 2, ":*");

    if (!printable_is(text) || strpbrk(text, "\t\n"))
        return "has a control character, or one that turns the direction of text around";
    if ((field->flags & FIELD_KEY) && strstr(text, "${"))
        return "begins a variable (${): in a policy it would name something else";
    if (field->type != FIELD_ARN || strncmp(text, "arn:", 4) != 0)
        return NULL;
    if (strspn(text, arn_characters) != length - whole_group || strstr(text, "${"))
        return "is no ARN of one resource: wildcards, variables, blanks and quotes mean something "
               "else in policies";
    return NULL;
}

static void check_names(struct checking *c, const json_t *desired)
{
    for (const struct field *f = c->resource->kind->fields; f->name; f++) {
        const char *text = json_text(desired, f->name);
        const char *problem = text && ((f->flags & FIELD_KEY) || f->type == FIELD_ARN ||
                                       f->type == FIELD_LOWER || f->type == FIELD_LOCATION)
                                  ? name_problem(f, text)
                                  : NULL;

        if (problem)
            tell(c, f->name, problem);
    }
}

/* What AWS would take, and no write may carry. */
static void check_guard(struct checking *c, const json_t *desired)
{
    for (const struct field *f = c->resource->kind->fields; f->name; f++) {
        cleanup_free char *problem = policy_guard_field(f, json_object_get(desired, f->name));

        if (problem)
            tell(c, f->name, problem);
    }
}

static void check_resource(struct checking *c, const json_t *desired, const json_t *facts)
{
    struct scope scope = {.kind = c->resource->kind, .desired = desired, .facts = facts};

    check_fields(c, desired);
    check_guard(c, desired);
    if (!c->draft->flawed[c->index])
        check_names(c, desired);
    if (c->resource->kind->check && !c->draft->flawed[c->index])
        c->resource->kind->check(&scope, tell, c);
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

/* IAM: "Names are not distinguished by case" (CreateRole, API reference); Glue folds them. */
static bool ignores_case(const struct kind *kind, const struct field *f)
{
    return f->type == FIELD_LOWER || strcmp(kind->service, "iam") == 0;
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
        for (; ignores_case(kind, f) && from < s.len; from++)
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

static void tell_unresolved(void *arg, size_t resource, const char *field, const char *text)
{
    const struct checking *c = arg;

    load_error_field(c->load, c->draft, resource, field, text);
}

static json_t *check_pipeline(struct load *load, const struct draft *draft, const char *account,
                              json_t *seen)
{
    struct checking c = {.load = load, .draft = draft};
    const struct manifest_resolve_check check = {draft->flawed, tell_unresolved, &c};
    json_auto_t *facts = manifest_resolve_facts(draft->pipeline, account);
    json_t *desired = manifest_resolve_checked(draft->pipeline, facts, &check);

    json_object_set_new(facts, "pipeline", json_string(draft->pipeline->name));
    for (c.index = 0; c.index < draft->pipeline->resource_count; c.index++) {
        c.resource = &draft->pipeline->resources[c.index];
        if (!c.resource->kind)
            continue;
        check_resource(&c, json_array_get(desired, c.index), facts);
        check_identity(&c, seen, json_array_get(desired, c.index), facts);
    }
    return desired;
}

json_t *load_check(struct load *load, struct draft *draft, const char *account, json_t *seen)
{
    size_t before = load->problems->errors;
    json_t *desired = !draft->cyclic && draft->pipeline->region
                          ? check_pipeline(load, draft, account, seen)
                          : NULL;

    draft->unsound |= load->problems->errors > before;
    return desired;
}
