/* Every name in every kind's table is real: fields, operations, members of AWS's models; and every
 * field can be read, repaired, or says why not. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "resources/kind.h"
#include "resources/registry.h"
#include "resources/table.h"

#include <ctype.h>

static const struct kind *kind; /* under test */

static void complain(const char *where, const char *what, const char *name)
{
    cleanup_free char *text = mem_printf("%s: %s: %s %s", kind->name, where, what, name);

    check_report(0, __FILE__, __LINE__, text);
}

static void expect(bool ok, const char *where, const char *what, const char *name)
{
    check_count++;
    if (!ok)
        complain(where, what, name);
}

static bool operation_of(const struct call *call, struct aws_operation *operation)
{
    const struct aws_model *model = aws_model(kind->service);
    bool found = model && aws_model_operation(model, call->op, operation);

    expect(found, call->op, "no such operation of", kind->service);
    return found;
}

/* Words of `send` and `find`: member, and the field, fact or text it comes from. */
struct words {
    const struct call *call;
    struct aws_operation operation;
};

static void check_source(const struct call *call, const char *source)
{
    static const char *const facts[] = {"@account", "@region", "@partition", "@arn", "@pipeline"};
    const char *name = source + strspn(source, "+!");
    size_t length = strlen(source);

    if (source[0] == '\'') {
        expect(length > 2 && source[length - 1] == '\'', call->op, "text not closed:", source);
        return;
    }
    if (source[0] != '@') {
        expect(kind_field(kind, name) != NULL, call->op, "no field", name);
        return;
    }
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (!strcmp(source, facts[i]))
            return;
    complain(call->op, "no fact", source);
}

typedef void member_fn(const struct words *words, const char *member, const char *source);

static void each_word(const struct words *words, const char *text, member_fn *check)
{
    char member[160], source[64];
    int length;

    for (; text && sscanf(text, " %159[^= ]=%63s%n", member, source, &length) == 2; text += length)
        check(words, member, source);
    expect(!text || strspn(text, " ") == strlen(text), words->call->op,
           "cannot be read:", text ? text : "");
}

static void check_sent(const struct words *words, const char *member, const char *source)
{
    check_source(words->call, source);
    expect(aws_model_input(&words->operation, member) != NULL, words->call->op, "no input member",
           member);
}

static void check_found(const struct words *words, const char *member, const char *source)
{
    cleanup_free char *path = mem_printf("%s[].%s", words->call->take, member);

    check_source(words->call, source);
    expect(aws_model_output(&words->operation, path) != NULL, words->call->op, "no output member",
           path);
}

static void check_page(const struct words *words)
{
    char request[64], path[64], flag[64] = "";
    char *last;

    if (!words->call->page)
        return;
    expect(sscanf(words->call->page, "%63[^=]=%63[^?]?%63s", request, path, flag) >= 2,
           words->call->op, "page", words->call->page);
    last = strstr(path, "[last]");
    if (last)
        memmove(last + 1, last + 5,
                strlen(last + 5) + 1); /* a step into a list is "[]" in models */
    expect(aws_model_input(&words->operation, request) != NULL, words->call->op, "no input member",
           request);
    expect(aws_model_output(&words->operation, path) != NULL, words->call->op, "no output member",
           path);
    if (flag[0])
        expect(aws_model_output(&words->operation, flag) != NULL, words->call->op,
               "no output member", flag);
}

static void check_call(const struct call *call, bool is_read)
{
    struct words words = {.call = call};

    if (!call || !operation_of(call, &words.operation))
        return;
    expect(call->build || call->send, call->op, "sends", "nothing");
    each_word(&words, call->send, check_sent);
    if (call->overlay)
        expect(aws_model_input(&words.operation, call->overlay) != NULL, call->op,
               "no input member", call->overlay);
    expect(is_read || (!call->take && !call->find && !call->page && !call->absent), call->op,
           "a write has", "parts of a read");
    expect(!is_read || !call->already, call->op, "a read has", "already");
    if (call->take)
        expect(aws_model_output(&words.operation, call->take) != NULL, call->op, "no output member",
               call->take);
    if (call->find)
        each_word(&words, call->find, check_found);
    check_page(&words);
    for (const struct settle *s = call->settle; s && s->code; s++)
        expect(s->window_s > 0 && s->what, call->op, "settle without time or words:", s->code);
}

/* What a member of AWS's models can be, as far as fields care. */
enum form {
    TEXT,
    WHOLE,
    REAL,
    TRUTH,
    TIME,
    BYTES,
    STRUCTURE,
    TEXT_MAP,
    OTHER_MAP,
    SCALARS,    /* list of them */
    PAIRS,      /* list of {Key, Value} */
    NAMED,      /* list of structures with an ID */
    COLUMNS,    /* list of {Name, Type} */
    STRUCTURES, /* list of others */
    LISTS,      /* list of lists or maps */
    FORM_COUNT
};

#define IS(form) (1u << (form))

/* What fits each type of field.  A value of another form would never differ, or always. */
static const unsigned fitting[] = {
    [FIELD_TEXT] = IS(TEXT),
    [FIELD_INT] = IS(WHOLE),
    [FIELD_NUMBER] = IS(REAL),
    [FIELD_BOOL] = IS(TRUTH),
    [FIELD_ARN] = IS(TEXT),
    [FIELD_LOCATION] = IS(TEXT),
    [FIELD_SQL] = IS(TEXT),
    [FIELD_LOWER] = IS(TEXT),
    [FIELD_MAP] = IS(TEXT_MAP) | IS(PAIRS),
    [FIELD_DOCUMENT] = IS(STRUCTURE),
    [FIELD_LIST] = IS(STRUCTURES) | IS(PAIRS) | IS(NAMED) | IS(COLUMNS),
    [FIELD_SET] = IS(SCALARS) | IS(STRUCTURES),
    [FIELD_RULES] = IS(NAMED),
    [FIELD_POLICY] = IS(TEXT),
    [FIELD_STATEMENTS] = IS(TEXT),
    [FIELD_COLUMNS] = IS(COLUMNS),
};

static bool has_members(const json_t *shape, const char *one, const char *other)
{
    const json_t *members = json_object_get(shape, "members");

    return json_object_get(members, one) && json_object_get(members, other);
}

static enum form form_of(const struct aws_model *model, const json_t *shape);

static enum form form_of_list(const struct aws_model *model, const json_t *shape)
{
    const json_t *item =
        aws_model_shape(model, json_text(json_object_get(shape, "member"), "shape"));
    enum form form = form_of(model, item);

    if (form <= BYTES)
        return SCALARS;
    if (form != STRUCTURE)
        return LISTS;
    return has_members(item, "Key", "Value")   ? PAIRS
           : has_members(item, "ID", "ID")     ? NAMED
           : has_members(item, "Name", "Type") ? COLUMNS
                                               : STRUCTURES;
}

static enum form form_of(const struct aws_model *model, const json_t *shape)
{
    static const struct {
        const char *type;
        enum form form;
    } plain[] = {{"string", TEXT},     {"integer", WHOLE},      {"long", WHOLE},
                 {"float", REAL},      {"double", REAL},        {"boolean", TRUTH},
                 {"blob", BYTES},      {"timestamp", TIME},     {"character", TEXT},
                 {"bigdecimal", REAL}, {"structure", STRUCTURE}};
    const char *type = json_text(shape, "type");
    const json_t *value;

    for (size_t i = 0; type && i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(type, plain[i].type))
            return plain[i].form;
    if (type && !strcmp(type, "list"))
        return form_of_list(model, shape);
    value = aws_model_shape(model, json_text(json_object_get(shape, "value"), "shape"));
    return type && value && form_of(model, value) == TEXT ? TEXT_MAP : OTHER_MAP;
}

static bool fits(enum field_type type, const struct aws_model *model, const json_t *shape)
{
    return fitting[type] & IS(form_of(model, shape));
}

/* The type of a field suits AWS's member in every call that sends it. */
static void check_sent_form(const struct call *call, const struct field *field)
{
    struct aws_operation operation;
    const char *cursor = call ? call->send : NULL;
    char member[160], source[64];
    int length;

    if (!call || !operation_of(call, &operation))
        return;
    for (; cursor && sscanf(cursor, " %159[^= ]=%63s%n", member, source, &length) == 2;
         cursor += length)
        if (!strcmp(source + strspn(source, "+!"), field->name))
            expect(fits(field->type, operation.model, aws_model_input(&operation, member)),
                   field->name, "has a type that does not fit", member);
}

static void check_forms(const struct field *field)
{
    const struct call *reads = field->read ? field->read : kind->read;

    check_sent_form(kind->read, field);
    check_sent_form(kind->create, field);
    check_sent_form(kind->update, field);
    check_sent_form(kind->remove, field);
    check_sent_form(reads, field);
    check_sent_form(field->set, field);
}

static void check_member(const struct field *field)
{
    const struct call *read = field->read ? field->read : kind->read;
    struct aws_operation operation;
    cleanup_free char *path = NULL;

    if (!field->member || read->parse || !operation_of(read, &operation))
        return;
    path = read->take ? mem_printf("%s%s.%s", read->take, read->find ? "[]" : "", field->member)
                      : mem_text(field->member);
    expect(aws_model_output(&operation, path) != NULL, field->name, "no output member", path);
    expect(fits(field->type, operation.model, aws_model_output(&operation, path)), field->name,
           "has a type that does not fit", path);
}

/* A key finds the resource and is never compared; what is compared can be read and repaired. */
static void check_flags(const struct field *field)
{
    bool key = field->flags & FIELD_KEY, local = field->flags & FIELD_LOCAL,
         reported = field->flags & FIELD_REPORTED, fixed = field->flags & FIELD_FIXED;
    const struct call *repair = field->set ? field->set : kind->update;

    CHECK(key + local + reported + fixed <= 1);
    CHECK(!(field->flags & FIELD_OWNER) || field->type == FIELD_MAP);
    CHECK(!field->own || field->type == FIELD_RULES || field->type == FIELD_STATEMENTS);
    CHECK(!reported || !field->otherwise);
    expect(reported || field->summary, field->name, "has no", "summary");
    if (field->summary)
        expect(field->summary[strlen(field->summary) - 1] == '.', field->name,
               "no full stop:", field->summary);
    for (const char *p = field->name; *p; p++)
        expect(islower((unsigned char)*p) || *p == '_' || isdigit((unsigned char)*p), "field",
               "is not snake_case:", field->name);
    if (key || local || reported)
        return;
    expect(field->member != NULL, field->name, "cannot be compared: no", "member");
    expect(fixed || (repair && table_sends(kind, repair, field)) || (repair && repair->build),
           field->name, "is compared, but sent by no", "repair");
}

static bool is_sent_by(const struct call *call, const struct field *field)
{
    return call && table_sends(kind, call, field);
}

/* What a spec wants of a new resource is there after its create and the fields' own repairs. */
static void check_created(const struct field *field)
{
    if (!kind->create || field->flags & (FIELD_LOCAL | FIELD_REPORTED))
        return;
    if (field->flags & FIELD_FIXED && !strcmp(field->name, "region"))
        return; /* a bucket's region is where its create is sent to */
    expect(is_sent_by(kind->create, field) || is_sent_by(field->set, field) ||
               (field->set && field->set->build) || is_sent_by(kind->update, field) ||
               kind->create->build,
           field->name, "is never sent for a new", kind->title);
}

/* Of a resource that is not there, its other documents are not there either. */
static void check_absent(const struct call *call)
{
    if (call)
        expect(call->absent || call->unique, call->op, "does not say what absence", "looks like");
}

static void check_kind(void)
{
    bool has_key = false, has_owner = false;

    expect(kind->title && *kind->title && kind->summary && *kind->summary, "kind", "says",
           "nothing");
    CHECK(aws_model(kind->service));
    CHECK(registry_find(kind->name) == kind);
    CHECK(kind->create || kind->update);
    CHECK(!kind->ready == !kind->pending && (kind->ready || !kind->states));
    CHECK(!kind->ready || kind_field(kind, "status"));
    CHECK(!kind->remove || !kind->holds_data);
    check_call(kind->read, true);
    check_call(kind->create, false);
    check_call(kind->update, false);
    check_call(kind->remove, false);
    for (const struct field *field = kind->fields; field->name; field++) {
        has_key = has_key || field->flags & FIELD_KEY;
        has_owner = has_owner || field->flags & FIELD_OWNER;
        CHECK(kind_field(kind, field->name) == field); /* no name twice */
        check_call(field->read, true);
        check_call(field->set, false);
        check_absent(field->read);
        check_member(field);
        check_forms(field);
        check_flags(field);
        check_created(field);
    }
    CHECK(has_key);
    CHECK(has_owner || !kind->remove);
}

/* {names} of an ARN are fields or facts. */
static void check_templates(const char *text)
{
    while (text && (text = strchr(text, '{'))) {
        cleanup_free char *name = mem_text_n(text + 1, strcspn(text, "}") - 1);

        expect(strstr(" partition region account ", name) || kind_field(kind, name), "template",
               "no field or fact", name);
        text++;
    }
}

/* Every type of field against every form: "x" fits. */
static void test_forms(void)
{
    static const char *const shapes[FORM_COUNT] = {
        [TEXT] = "\"type\":\"string\"",
        [WHOLE] = "\"type\":\"long\"",
        [REAL] = "\"type\":\"double\"",
        [TRUTH] = "\"type\":\"boolean\"",
        [TIME] = "\"type\":\"timestamp\"",
        [BYTES] = "\"type\":\"blob\"",
        [STRUCTURE] = "\"type\":\"structure\",\"members\":{\"A\":{\"shape\":\"f0\"}}",
        [TEXT_MAP] = "\"type\":\"map\",\"value\":{\"shape\":\"f0\"}",
        [OTHER_MAP] = "\"type\":\"map\",\"value\":{\"shape\":\"f6\"}",
        [SCALARS] = "\"type\":\"list\",\"member\":{\"shape\":\"f0\"}",
        [PAIRS] = "\"type\":\"list\",\"member\":{\"shape\":\"pair\"}",
        [NAMED] = "\"type\":\"list\",\"member\":{\"shape\":\"rule\"}",
        [COLUMNS] = "\"type\":\"list\",\"member\":{\"shape\":\"column\"}",
        [STRUCTURES] = "\"type\":\"list\",\"member\":{\"shape\":\"f6\"}",
        [LISTS] = "\"type\":\"list\",\"member\":{\"shape\":\"f9\"}",
    };
    static const struct {
        enum field_type type;
        const char *fits;
    } rows[] = {
        {FIELD_TEXT, "x.............."},       {FIELD_INT, ".x............."},
        {FIELD_NUMBER, "..x............"},     {FIELD_BOOL, "...x..........."},
        {FIELD_ARN, "x.............."},        {FIELD_LOCATION, "x.............."},
        {FIELD_SQL, "x.............."},        {FIELD_LOWER, "x.............."},
        {FIELD_MAP, ".......x..x...."},        {FIELD_DOCUMENT, "......x........"},
        {FIELD_LIST, "..........xxxx."},       {FIELD_SET, ".........x...x."},
        {FIELD_RULES, "...........x..."},      {FIELD_POLICY, "x.............."},
        {FIELD_STATEMENTS, "x.............."}, {FIELD_COLUMNS, "............x.."},
    };
#define OF_TEXT(name) "\"" name "\":{\"shape\":\"f0\"}"
    json_auto_t *document = json_loads(
        "{\"metadata\":{\"protocol\":\"json\"},\"operations\":{},\"shapes\":{"
        "\"pair\":{\"type\":\"structure\",\"members\":{" OF_TEXT("Key") "," OF_TEXT(
            "Value") "}},"
                     "\"rule\":{\"type\":\"structure\",\"members\":{" OF_TEXT(
                         "ID") "}},"
                               "\"column\":{\"type\":\"structure\",\"members\":{" OF_TEXT(
                                   "Name") "," OF_TEXT("Type") "}}}}",
        0, NULL);
    struct aws_model *model;

    for (int form = 0; form < FORM_COUNT; form++) {
        cleanup_free char *name = mem_printf("f%d", form), *text = mem_printf("{%s}", shapes[form]);

        json_object_set_new(json_object_get(document, "shapes"), name, json_loads(text, 0, NULL));
    }
    model = aws_model_new("test", document);
    CHECK(model);
    CHECK_INT(sizeof rows / sizeof *rows, sizeof fitting / sizeof *fitting);
    for (size_t i = 0; model && i < sizeof rows / sizeof *rows; i++) {
        char found[FORM_COUNT + 1] = "";

        for (int form = 0; form < FORM_COUNT; form++) {
            cleanup_free char *name = mem_printf("f%d", form);

            found[form] = fits(rows[i].type, model, aws_model_shape(model, name)) ? 'x' : '.';
        }
        CHECK_TEXT(found, rows[i].fits);
    }
    aws_model_free(model);
}

int main(void)
{
    size_t count = 0;

    test_forms();
    for (const struct kind *const *k = registry_kinds; *k; k++, count++) {
        kind = *k;
        check_kind();
        check_templates(kind->arn);
        check_templates(kind->read->resource);
        check_templates(kind->create ? kind->create->resource : NULL);
        check_templates(kind->update ? kind->update->resource : NULL);
    }
    CHECK(count >= 13);
    CHECK(!registry_find("unheard_of"));
    aws_model_unload();
    return check_done();
}
