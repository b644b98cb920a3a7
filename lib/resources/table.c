#include "resources/table.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/value.h"

#include <string.h>

/* One word of `send`: Member=source. */
struct word {
    char member[160];
    char source[64];
};

/* As snprintf does, which takes most of the time of reading a spec. */
static void copy(char *out, size_t room, const char *text, size_t length)
{
    size_t n = length < room ? length : room - 1;

    memcpy(out, text, n);
    out[n] = '\0';
}

/* Moves *cursor behind the next word that has a "=".  False at the end. */
static bool next_word(const char **cursor, struct word *word)
{
    const char *p = *cursor + strspn(*cursor, " ");
    size_t n, m;

    while (p[n = strcspn(p, "= ")] == ' ')
        p += n + strspn(p + n, " ");
    if (!p[n])
        return false;
    m = strcspn(p + n + 1, " ");
    copy(word->member, sizeof word->member, p, n);
    copy(word->source, sizeof word->source, p + n + 1, m);
    *cursor = p + n + 1 + m;
    return true;
}

static const struct field *word_field(const struct kind *kind, const struct word *word)
{
    const char *name = word->source + strspn(word->source, "+!");

    return strchr("@'", word->source[0]) ? NULL : kind_field(kind, name);
}

static bool find_operation(const struct kind *kind, const char *op, struct aws_operation *operation)
{
    const struct aws_model *model = aws_model(kind->service);

    return model && aws_model_operation(model, op, operation);
}

static bool names_member(const char *send, const char *member)
{
    struct word word;

    while (next_word(&send, &word))
        if (!strcmp(word.member, member))
            return true;
    return false;
}

/* Whether "*" stands for the field: what is read, and no call of its own sends. */
static bool is_of_all(const struct call *call, const struct field *field)
{
    return field->member && !(field->flags & (FIELD_KEY | FIELD_LOCAL | FIELD_REPORTED)) &&
           (!field->set || field->set == call);
}

/* "Below.Member=field " for each field that the star stands for. */
static void add_all(const struct kind *kind, const struct call *call, const char *star,
                    struct str *words)
{
    size_t below = strcspn(star, "* ");
    struct aws_operation operation;

    if (!find_operation(kind, call->op, &operation))
        return;
    for (const struct field *f = kind->fields; f->name; f++) {
        cleanup_free char *member =
            f->member ? mem_printf("%.*s%s", (int)below, star, f->member) : NULL;

        if (is_of_all(call, f) && aws_model_input(&operation, member) &&
            !names_member(call->send, member))
            str_addf(words, "%s=%s ", member, f->name);
    }
}

static bool is_star(const char *word)
{
    size_t n = strcspn(word, " ");

    return n && word[n - 1] == '*' && !memchr(word, '=', n);
}

char *table_words(const struct kind *kind, const struct call *call)
{
    struct str words = {0};

    for (const char *at = call->send ? call->send : ""; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");

        if (is_star(at))
            add_all(kind, call, at, &words);
        else
            str_add_n(&words, at, n + (at[n] == ' '));
        at += n;
    }
    return str_take(&words);
}

static const char *member_for(const struct kind *kind, const struct call *call,
                              const struct field *field, struct word *word)
{
    cleanup_free char *words = table_words(kind, call);
    const char *cursor = words;

    while (next_word(&cursor, word))
        if (word_field(kind, word) == field)
            return word->member;
    return NULL;
}

bool table_sends(const struct kind *kind, const struct call *call, const struct field *field)
{
    struct word word;

    /* A build function writes the whole document. */
    return call->build ? !(field->flags & FIELD_LOCAL) && !field->set
                       : member_for(kind, call, field, &word) != NULL;
}

static const json_t *shape_in_write(const struct kind *kind, const struct call *call,
                                    const struct field *field)
{
    struct aws_operation operation;
    struct word word;
    const char *member = call ? member_for(kind, call, field, &word) : NULL;

    if (!member || !find_operation(kind, call->op, &operation))
        return NULL;
    return aws_model_input(&operation, member);
}

const json_t *table_field_shape(const struct kind *kind, const struct field *field)
{
    const struct call *read = field->read ? field->read : kind->read;
    const json_t *shape = shape_in_write(kind, field->set, field);
    struct aws_operation operation;
    cleanup_free char *path = NULL;

    if (!shape)
        shape = shape_in_write(kind, kind->create, field);
    if (!shape)
        shape = shape_in_write(kind, kind->update, field);
    if (shape || !field->member || read->parse || !find_operation(kind, read->op, &operation))
        return shape;
    path = read->take ? mem_printf("%s%s.%s", read->take, read->find ? "[]" : "", field->member)
                      : mem_text(field->member);
    return aws_model_output(&operation, path);
}

static const json_t *look_up(const struct scope *scope, const char *name)
{
    const json_t *value = json_object_get(scope->facts, name);

    if (!value || !json_string_length(value))
        value = json_object_get(scope->desired, name);
    if (!value || (json_is_string(value) && !json_string_length(value)))
        value = json_object_get(scope->observed, name);
    return value;
}

static void add_text(struct str *out, const char *text)
{
    str_add(out, text);
}

/* Source: "Policy variables: characters that are wildcards", IAM user guide. */
static void add_literal(struct str *out, const char *text)
{
    for (; *text; text++)
        if (strchr("*?$", *text))
            str_addf(out, "${%c}", *text);
        else
            str_add_n(out, text, 1);
}

typedef void add_fn(struct str *out, const char *text);

static char *fill(const struct scope *scope, const char *template, const char *missing, add_fn *add)
{
    struct str out = {0};

    while (*template) {
        size_t n = strcspn(template, "{");
        char name[64];
        const char *value;

        str_add_n(&out, template, n);
        template += n;
        if (!*template)
            break;
        n = strcspn(template, "}");
        (void)snprintf(name, sizeof name, "%.*s", (int)n - 1, template + 1);
        value = json_string_value(look_up(scope, name));
        if (value)
            add(&out, value);
        else
            str_add(&out, missing);
        template += n + 1;
    }
    return str_take(&out);
}

char *table_fill(const struct scope *scope, const char *template, const char *missing)
{
    return fill(scope, template, missing, add_text);
}

char *table_fill_pattern(const struct scope *scope, const char *template, const char *missing)
{
    return fill(scope, template, missing, add_literal);
}

char *table_arn(const struct scope *scope)
{
    return scope->kind->arn ? table_fill(scope, scope->kind->arn, "") : NULL;
}

char *table_attribute(const struct scope *scope, const char *name)
{
    const char *text = json_text(scope->desired, name);

    if (!strcmp(name, "arn"))
        return table_arn(scope);
    if (text)
        return mem_text(text);
    return scope->kind->attribute ? scope->kind->attribute(scope, name) : NULL;
}

/* A field's value for a parameter: wanted, else observed.  An empty list that AWS reported is no
 * value: there is nothing to ask about. */
static const json_t *current_value(const struct scope *scope, const struct field *field)
{
    const json_t *want = json_object_get(scope->desired, field->name);
    const json_t *have = json_object_get(scope->observed, field->name);

    if (want && !((field->flags & FIELD_LOCAL) && !json_string_length(want)))
        return want;
    return json_is_array(have) && !json_array_size(have) ? NULL : have;
}

static const json_t *literal_shape(const struct scope *scope, const struct call *call,
                                   const char *member)
{
    struct aws_operation operation;

    if (!find_operation(scope->kind, call->op, &operation))
        return NULL;
    return aws_model_input(&operation, member);
}

/* The wire value of one word; new reference, NULL: nothing to send. */
static json_t *word_value(const struct scope *scope, const struct call *call,
                          const struct word *word, const struct field *field,
                          const json_t *have_wire)
{
    const json_t *shape = literal_shape(scope, call, word->member);
    json_auto_t *value = NULL;

    if (word->source[0] == '@' && !strcmp(word->source, "@arn")) {
        cleanup_free char *arn = table_arn(scope);

        return json_string(arn);
    }
    if (word->source[0] == '@')
        return json_share(json_object_get(scope->facts, word->source + 1));
    if (word->source[0] == '\'') {
        value = json_stringn(word->source + 1, strlen(word->source) - 2);
        return value_to_wire(NULL, shape, value, NULL);
    }
    if (!field)
        abort(); /* the table names none: tests/unit/test_table.c */
    value = json_share(word->source[0] == '!' ? json_object_get(scope->desired, field->name)
                                              : current_value(scope, field));
    if (value && word->source[0] == '+') {
        json_t *merged = value_merge(field, value, json_object_get(scope->observed, field->name));

        json_decref(value);
        value = merged;
    }
    return value ? value_to_wire(field, shape, value, have_wire) : NULL;
}

/* The members of document that the shape accepts: what a replacing write must carry along. */
static json_t *accepted_members(const json_t *shape, const json_t *document)
{
    json_t *kept = json_object();
    const char *name;
    json_t *member;

    json_object_foreach(json_object_get(shape, "members"), name, member)
        if (json_object_get(document, name))
            json_object_set_new(kept, name, json_deep_copy(json_object_get(document, name)));
    return kept;
}

static json_t *starting_params(const struct scope *scope, const struct call *call)
{
    json_t *params = json_object(), *kept;

    if (!call->overlay || !scope->document)
        return params;
    kept = accepted_members(literal_shape(scope, call, call->overlay), scope->document);
    if (!*call->overlay) {
        json_decref(params);
        return kept;
    }
    json_put_at(params, call->overlay, kept);
    return params;
}

static json_t *built_params(const struct scope *scope, const struct call *call)
{
    json_t *params = starting_params(scope, call);
    json_auto_t *built = call->build(scope);

    json_object_update_recursive(params, built);
    return params;
}

/* Only what is wanted: not what an overlay brought along. */
static void leave_out(json_t *params, const char *member)
{
    const char *dot = strrchr(member, '.');
    cleanup_free char *above = dot ? mem_printf("%.*s", (int)(dot - member), member) : NULL;
    json_t *parent = dot ? (json_t *)json_at(params, above) : params;

    (void)json_object_del(parent, dot ? dot + 1 : member);
}

json_t *table_params(const struct scope *scope, const struct call *call,
                     const struct field **missing)
{
    cleanup_free char *words = call->build ? NULL : table_words(scope->kind, call);
    const char *cursor = words;
    json_t *params;
    struct word word;

    if (call->build)
        return built_params(scope, call);
    params = starting_params(scope, call);
    while (next_word(&cursor, &word)) {
        const struct field *field = word_field(scope->kind, &word);
        const json_t *have_wire =
            field && field->member ? json_at(scope->document, field->member) : NULL;
        json_t *value = word_value(scope, call, &word, field, have_wire);

        if (value) {
            json_put_at(params, word.member, value);
        } else if (word.source[0] == '!') {
            leave_out(params, word.member);
        } else if (field && (field->flags & (FIELD_REPORTED | FIELD_LOCAL)) && field->member) {
            *missing = field;
            json_decref(params);
            return NULL;
        }
    }
    if (call->amend)
        call->amend(scope, params);
    return params;
}

static bool item_matches(const struct scope *scope, const struct call *call, const json_t *item)
{
    const char *cursor = call->find;
    struct word word;

    while (next_word(&cursor, &word)) {
        const json_t *have = json_at(item, word.member);
        json_auto_t *want = word.source[0] == '\''
                                ? json_stringn(word.source + 1, strlen(word.source) - 2)
                                : json_share(json_object_get(scope->desired, word.source));

        if (!json_equal(have, want))
            return false;
    }
    return true;
}

size_t table_take(const struct scope *scope, const struct call *call, const json_t *reply,
                  json_t **document)
{
    const json_t *found = call->take ? json_at(reply, call->take) : reply;
    size_t matches = 0, i;
    json_t *item;

    *document = NULL;
    if (call->parse) {
        *document = call->parse(scope, reply);
        return *document != NULL;
    }
    if (!call->find) {
        *document = json_share(found);
        return found != NULL;
    }
    json_array_foreach((json_t *)found, i, item)
        if (item_matches(scope, call, item) && !matches++)
            *document = json_share(item);
    return matches;
}

void table_join(json_t *before, const json_t *page)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)page, key, value) {
        json_t *old = json_object_get(before, key);

        if (json_is_array(old) && json_is_array(value))
            json_array_extend(old, value);
        else
            json_object_set(before, key, value);
    }
}

const char *table_next_page(const struct call *call, const json_t *reply, json_t *params)
{
    char request[64], path[64], flag[64] = "";
    const json_t *token;

    if (!call->page || sscanf(call->page, "%63[^=]=%63[^?]?%63s", request, path, flag) < 2)
        return NULL;
    if (flag[0] && !json_is_true(json_object_get(reply, flag)))
        return NULL;
    token = json_at(reply, path);
    if (json_string_length(token))
        json_object_set(params, request, (json_t *)token);
    else if (!flag[0])
        return NULL;
    /* More, it says, but not from where: the same page again, which the caller sees. */
    token = json_object_get(params, request);
    return token ? json_string_value(token) : "";
}

bool table_matches(const char *codes, const struct aws_error *error)
{
    while (codes && *codes) {
        size_t n = strcspn(codes, " :");
        bool same = aws_error_is(error, codes, n);

        /* What follows a colon is part of the message and lasts to the end of the list. */
        if (codes[n] == ':')
            return same && strstr(error->message, codes + n + 1);
        if (same || (n == 3 && error->status == strtol(codes, NULL, 10) && error->status))
            return true;
        codes += n;
        codes += strspn(codes, " ");
    }
    return false;
}

bool table_is_absent(const struct kind *kind, const struct call *read,
                     const struct aws_error *error)
{
    return table_matches(read->absent, error) || table_matches(kind->gone, error);
}

bool table_is_done(const struct kind *kind, const struct call *write, const struct aws_error *error)
{
    return table_matches(write->already, error) ||
           (write == kind->remove && table_matches(kind->gone, error));
}

static const struct settle *settle_in(const struct settle *s, const struct aws_error *error)
{
    for (; s && s->code; s++)
        if (aws_error_is(error, s->code, strlen(s->code)) &&
            (!s->text || strstr(error->message, s->text)))
            return s;
    return NULL;
}

const struct settle *table_settle(const struct kind *kind, const struct call *call,
                                  const struct aws_error *error)
{
    const struct settle *own = settle_in(call->settle, error);

    return own ? own : settle_in(kind->settle, error);
}
