#include "resources/members.h"

#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/policy.h"
#include "resources/value.h"

#include <string.h>

const char *members_loss_name(enum loss loss)
{
    static const char *const names[] = {"none", "delayed", "misread", "dropped"};

    return names[loss];
}

const char *members_loss_text(enum loss loss)
{
    static const char *const texts[] = {"", "events are being delayed", "events are being misread",
                                        "events are being lost"};

    return texts[loss];
}

/* ---- which row ---- */

static bool ends_step(const char *path)
{
    return !*path || *path == '.' || *path == '[';
}

/* Whether path is at or below the pattern. */
static bool lies_below(const char *pattern, const char *path)
{
    for (; *pattern; pattern++, path++) {
        if (*pattern == '*') {
            for (const char *p = path + strlen(path); p > path; p--)
                if (lies_below(pattern + 1, p))
                    return true;
            return false;
        }
        if (*pattern != *path)
            return false;
    }
    return ends_step(path);
}

/* Whether the pattern is longer than the path, and begins like it. */
static bool leads_below(const char *pattern, const char *path)
{
    size_t n = strlen(path);

    return !n || (!strncmp(pattern, path, n) && pattern[n] && ends_step(pattern + n));
}

static const struct call *read_of(const struct kind *kind, const struct call *read)
{
    return read ? read : kind->read;
}

static const struct member *row_of(const struct kind *kind, const struct call *read,
                                   const char *path)
{
    const struct member *best = NULL;

    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1))
        if (read_of(kind, m->read) == read && lies_below(m->path, path) &&
            (!best || strlen(m->path) > strlen(best->path)))
            best = m;
    return best;
}

static bool has_rows_below(const struct kind *kind, const struct call *read, const char *path)
{
    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1))
        if (read_of(kind, m->read) == read && leads_below(m->path, path))
            return true;
    return false;
}

/* The field that holds the member; exact: only one that is just this member. */
static const struct field *field_of(const struct kind *kind, const struct call *read,
                                    const char *path, bool exact)
{
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->member && read_of(kind, f->read) == read &&
            (exact ? !strcmp(f->member, path) : lies_below(f->member, path)))
            return f;
    return NULL;
}

static bool has_fields_below(const struct kind *kind, const struct call *read, const char *path)
{
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->member && read_of(kind, f->read) == read && leads_below(f->member, path))
            return true;
    return false;
}

/* ---- what needs no row ---- */

/* A time stamp, by AWS's model: it changes nothing that is delivered or billed. */
static bool is_time(const struct kind *kind, const struct call *read, const char *path)
{
    const struct aws_model *model = aws_model(kind->service);
    cleanup_free char *whole = read->take
                                   ? mem_printf("%s%s.%s", read->take, read->find ? "[]" : "", path)
                                   : mem_text(path);
    struct aws_operation operation;
    const char *type;

    if (read->parse || !model || !aws_model_operation(model, read->op, &operation))
        return false;
    type = json_text(aws_model_output(&operation, whole), "type");
    return type && !strcmp(type, "timestamp");
}

/* A key that the item was found by. */
static bool is_found_by(const struct kind *kind, const struct call *read, const char *path)
{
    size_t length = strlen(path);

    for (const char *at = read->find; at && (at = strstr(at, path)); at += length) {
        const char *name = at + length + 1;
        cleanup_free char *field = at[length] == '=' ? mem_text_n(name, strcspn(name, " ")) : NULL;

        if (field && (at == read->find || at[-1] == ' ') && kind_field(kind, field) &&
            (kind_field(kind, field)->flags & FIELD_KEY))
            return true;
    }
    return false;
}

static bool needs_no_row(const struct kind *kind, const struct call *read, const char *path)
{
    return is_found_by(kind, read, path) || is_time(kind, read, path);
}

/* ---- what is usual ---- */

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && !json_string_length(value)) ||
           (json_is_object(value) && !json_object_size(value)) ||
           (json_is_array(value) && !json_array_size(value));
}

static char *plain_text(const json_t *value)
{
    return json_is_string(value) ? mem_text(json_string_value(value))
                                 : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static bool is_one_of(const char *words, const json_t *value)
{
    cleanup_free char *text = value ? plain_text(value) : mem_text("");
    size_t n = strlen(text);

    for (;; words++) {
        size_t m = strcspn(words, "|");

        if (n == m && !strncmp(words, text, n))
            return true;
        words += m;
        if (!*words)
            return false;
    }
}

static bool is_usual(const struct member *row, const json_t *value)
{
    return row->usual ? is_one_of(row->usual, value) : is_nothing(value);
}

/* ---- the walk ---- */

struct walk {
    const struct scope *scope;
    const struct call *read;
    const json_t *document;
    json_t *found;
};

/* Where it is: the path as rows have it, and the steps that lead there. */
struct place {
    char *path;
    json_t *at;
};

/* The number of a row in its kind's table. */
static json_int_t place_of(const struct kind *kind, const struct member *row)
{
    json_int_t place = 0;

    for (const struct member *m = kind_member(kind->members); m != row; m = kind_member(m + 1))
        place++;
    return place;
}

static const struct member *row_at(const struct kind *kind, json_int_t place)
{
    const struct member *m = kind_member(kind->members);

    for (; m && place > 0; place--)
        m = kind_member(m + 1);
    return m;
}

static void judge(const struct walk *walk, const struct member *row, const struct place *place,
                  const json_t *value)
{
    json_t *found;

    if (row && (row->is == MEMBER_IGNORED || is_usual(row, value) ||
                (row->harms && !row->harms(walk->scope, walk->document, value))))
        return;
    found = json_pack("{s:s, s:O?, s:s, s:s}", "member", place->path, "have", value, "loss",
                      members_loss_name(row ? row->loss : LOSS_NONE), "why",
                      row ? row->why : "AWS tells something that billingd does not know yet");
    if (row && row->usual)
        json_object_set_new(found, "usual", json_stringn(row->usual, strcspn(row->usual, "|")));
    if (row && row->is == MEMBER_DRIFT) {
        json_object_set_new(found, "row", json_integer(place_of(walk->scope->kind, row)));
        json_object_set(found, "at", place->at);
        if (!row->reset)
            json_object_set_new(found, "end", json_string(row->end ? row->end : ""));
    }
    json_array_append_new(walk->found, found);
}

static void judge_undeclared(const struct walk *walk, const struct field *field, const json_t *wire)
{
    json_auto_t *have = value_from_wire(field, wire);
    json_auto_t *usual = field->usual ? value_from_text(field, field->usual) : NULL;

    if (!field->harm || (usual ? json_same(usual, have) : is_nothing(have)))
        return;
    json_array_append_new(walk->found,
                          json_pack("{s:s, s:O?, s:s, s:s}", "member", field->name, "have", have,
                                    "loss", members_loss_name(field->loss), "why", field->harm));
}

static void look(const struct walk *walk, const struct place *place, const json_t *value,
                 const json_t *wanted);

static void look_below(const struct walk *walk, const struct place *place, const json_t *value,
                       const json_t *wanted)
{
    const char *key;
    json_t *item;
    size_t i;

    json_object_foreach((json_t *)value, key, item) {
        json_auto_t *at = json_copy(place->at);
        cleanup_free char *path =
            *place->path ? mem_printf("%s.%s", place->path, key) : mem_text(key);
        struct place inner = {path, at};

        json_array_append_new(at, json_string(key));
        look(walk, &inner, item, json_object_get(wanted, key));
    }
    json_array_foreach((json_t *)value, i, item) {
        json_auto_t *at = json_copy(place->at);
        cleanup_free char *path = mem_printf("%s[]", place->path);
        struct place inner = {path, at};

        json_array_append_new(at, json_integer((json_int_t)i));
        look(walk, &inner, item, json_array_get(wanted, i));
    }
}

/* Rules and statements of others, beside ours. */
static void look_at_others(const struct walk *walk, const struct field *field,
                           const struct place *place, const json_t *wire)
{
    bool statements = field->type == FIELD_STATEMENTS;
    json_auto_t *document = statements ? policy_parse(wire) : NULL;
    json_auto_t *list = statements ? policy_statements(document) : json_share(wire);
    cleanup_free char *path = mem_printf("%s[]", place->path);
    struct place inner = {path, place->at};
    size_t i, j;
    json_t *item, *ours;

    json_array_foreach(list, i, item) {
        const char *name = json_text(item, statements ? "Sid" : "ID");
        bool known = name && field->own && !strncmp(name, field->own, strlen(field->own));

        json_array_foreach(json_object_get(walk->scope->desired, field->name), j, ours)
            known = known || (name && json_equal(json_object_get(ours, statements ? "Sid" : "ID"),
                                                 json_object_get(item, statements ? "Sid" : "ID")));
        if (!known)
            look(walk, &inner, item, NULL);
    }
}

static void look_at_field(const struct walk *walk, const struct field *field,
                          const struct place *place, const json_t *value)
{
    const json_t *want = json_object_get(walk->scope->desired, field->name);

    if (field->type == FIELD_RULES || field->type == FIELD_STATEMENTS) {
        look_at_others(walk, field, place, value);
        return;
    }
    if (!want && !(field->flags & FIELD_REPORTED))
        judge_undeclared(walk, field, value);
    if (has_rows_below(walk->scope->kind, walk->read, place->path))
        look_below(walk, place, value, want);
}

static void look(const struct walk *walk, const struct place *place, const json_t *value,
                 const json_t *wanted)
{
    const struct kind *kind = walk->scope->kind;
    const struct field *field = field_of(kind, walk->read, place->path, true);
    bool leaf = !json_is_object(value) && !json_is_array(value);

    if (field) {
        look_at_field(walk, field, place, value);
        return;
    }
    if (!leaf && (has_rows_below(kind, walk->read, place->path) ||
                  has_fields_below(kind, walk->read, place->path))) {
        look_below(walk, place, value, wanted);
        return;
    }
    if (wanted)
        return; /* declared: the comparison of the field tells */
    if (!row_of(kind, walk->read, place->path) &&
        (field_of(kind, walk->read, place->path, false) ||
         members_know(kind, walk->read, place->path, &(const struct member *){NULL})))
        return;
    judge(walk, row_of(kind, walk->read, place->path), place, value);
}

/* Rows of what is missing although what should hold it is there. */
static void look_for_missing(const struct walk *walk)
{
    const struct kind *kind = walk->scope->kind;

    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1)) {
        const char *dot = strrchr(m->path, '.');
        cleanup_free char *holder = dot ? mem_text_n(m->path, (size_t)(dot - m->path)) : NULL;
        const json_t *held = holder ? json_at(walk->document, holder) : walk->document;
        json_auto_t *at = json_array(), *meant = m->absent ? json_string(m->absent) : NULL;
        struct place place = {(char *)m->path, at};

        if (!meant || read_of(kind, m->read) != walk->read || !json_is_object(held) ||
            json_object_get(held, dot ? dot + 1 : m->path))
            continue;
        for (const char *p = m->path; *p; p += strcspn(p, "."), p += *p == '.')
            json_array_append_new(at, json_stringn(p, strcspn(p, ".")));
        judge(walk, m, &place, meant);
    }
}

/* Rows of what lies beside the document in its reply: "/Unprocessed". */
static void look_at_reply(const struct walk *walk, const json_t *reply)
{
    json_auto_t *nowhere = json_array();

    for (const struct member *m = kind_member(walk->scope->kind->members); m;
         m = kind_member(m + 1)) {
        struct place place = {(char *)m->path, nowhere};

        if (m->path[0] == '/' && read_of(walk->scope->kind, m->read) == walk->read)
            judge(walk, m, &place, json_at(reply, m->path + 1));
    }
}

void members_judge(const struct scope *scope, const struct call *read, const json_t *document,
                   const json_t *reply, json_t *found)
{
    struct walk walk = {scope, read, document, found};
    json_auto_t *nowhere = json_array();
    struct place top = {(char *)"", nowhere};

    if (!document)
        return;
    look_below(&walk, &top, document, NULL);
    look_for_missing(&walk);
    look_at_reply(&walk, reply);
}

enum loss members_loss(const char *name)
{
    enum loss loss = LOSS_NONE;

    for (enum loss l = LOSS_NONE; name && l <= LOSS_DROPPED; l++)
        if (!strcmp(name, members_loss_name(l)))
            loss = l;
    return loss;
}

char *members_text(const json_t *found)
{
    static const char *const may[] = {
        "", "events may be delayed: ", "events may be misread: ", "events may be lost: "};
    const json_t *have = json_object_get(found, "have");
    cleanup_free char *value = have ? plain_text(have) : mem_text("missing");

    return mem_printf("%s%s is %.300s: %s", may[members_loss(json_text(found, "loss"))],
                      json_text(found, "member"), *value ? value : "missing",
                      json_text(found, "why"));
}

/* ---- what is known ---- */

/* The path in the document; NULL when it lies beside it. */
static const char *in_document(const struct call *read, const char *path)
{
    cleanup_free char *taken =
        read->take ? mem_printf("%s%s", read->take, read->find ? "[]" : "") : NULL;
    const char *roots = read->lift ? read->lift : taken;

    if (!roots)
        return path;
    while (*roots) {
        size_t n = strcspn(roots, " ");

        if (!strncmp(path, roots, n) && (path[n] == '.' || !path[n]))
            return path + n + (path[n] == '.'); /* "": all of the document */
        roots += n;
        roots += strspn(roots, " ");
    }
    return NULL;
}

/* A token of a list that is read to its end, or the flag that says there is more. */
static bool is_page(const struct call *read, const char *path)
{
    const char *token = read->page ? strchr(read->page, '=') : NULL;
    const char *flag = token ? strchr(token, '?') : NULL;
    size_t n = token ? strcspn(token + 1, "?") : 0;

    return (token && strlen(path) == n && !strncmp(path, token + 1, n)) ||
           (flag && !strcmp(path, flag + 1)) || (token && !strcmp(path, "IsTruncated"));
}

bool members_know(const struct kind *kind, const struct call *read, const char *path,
                  const struct member **row)
{
    const char *inner = in_document(read, path);
    cleanup_free char *outer = mem_printf("/%s", path);

    *row = inner ? row_of(kind, read, inner) : row_of(kind, read, outer);
    return *row || (inner && !*inner) || is_page(read, path) ||
           (inner && (field_of(kind, read, inner, false) || needs_no_row(kind, read, inner)));
}

/* ---- the way back ---- */

/* Makes objects on the way. */
static void put(json_t *params, const json_t *steps, json_t *value)
{
    size_t last = json_array_size(steps) - 1;

    for (size_t i = 0; i < last; i++) {
        const char *key = json_string_value(json_array_get(steps, i));
        json_t *inner = key ? json_object_get(params, key) : NULL;

        if (key && !inner) {
            inner = json_object();
            json_object_set_new(params, key, inner);
        }
        params = inner;
    }
    json_object_set_new(params, json_string_value(json_array_get(steps, last)), value);
}

static void reset(const struct kind *kind, const struct member *row, const json_t *at,
                  const char *member, json_t *params)
{
    size_t n = strlen(row->reset);
    cleanup_free char *path =
        row->reset[n - 1] == '.' ? mem_printf("%s%s", row->reset, member) : mem_text(row->reset);
    const struct aws_model *model = aws_model(kind->service);
    json_auto_t *steps = json_array(), *usual = json_stringn(row->usual, strcspn(row->usual, "|"));
    struct aws_operation operation;

    if (!model || !aws_model_operation(model, kind->update->op, &operation))
        return;
    for (const char *p = row->reset; *p; p += strcspn(p, "."), p += *p == '.')
        json_array_append_new(steps, json_stringn(p, strcspn(p, ".")));
    if (row->reset[n - 1] == '.')
        json_array_extend(steps, (json_t *)at);
    put(params, steps, value_to_wire(NULL, aws_model_input(&operation, path), usual, NULL));
}

void members_reset(const struct kind *kind, const json_t *found, json_t *params)
{
    size_t i;
    json_t *each;

    json_array_foreach((json_t *)found, i, each) {
        const json_t *index = json_object_get(each, "row");
        const struct member *row = index ? row_at(kind, json_integer_value(index)) : NULL;

        if (row && row->reset && *row->reset)
            reset(kind, row, json_object_get(each, "at"), json_text(each, "member"), params);
    }
}
