/* Every name in every kind's table is real: fields, operations, members of AWS's models; and every
 * field can be read, repaired, or says why not. */
#include "aws/codec/model.h"
#include "aws/reply/reply_page.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
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
    const struct reply_page_rule *rule =
        reply_page_find(words->operation.model->name, words->call->op);
    char *last;

    expect(!rule == !words->call->page, words->call->op, "pages", words->call->page);
    if (!rule || !words->call->page)
        return;
    expect(strncmp(rule->pages, words->call->page, strcspn(words->call->page, "?")) == 0,
           words->call->op, "pages", words->call->page);
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

static void check_always(const struct words *words)
{
    for (const char *at = words->call->always; at && (at += strspn(at, " "), *at);
         at += strcspn(at, " ")) {
        cleanup_free char *path = mem_text_n(at, strcspn(at, " +"));

        expect(aws_model_output(&words->operation, path) != NULL, words->call->op,
               "always: no output member", path);
    }
}

/* ---- error codes ---- */

/* What AWS sends for an error of the model: its code where the model has one, else its name. */
static const char *sent_code(const struct aws_model *model, const char *shape)
{
    const char *code = json_text(json_object_get(aws_model_shape(model, shape), "error"), "code");

    return code ? code : shape;
}

/* Whether the model knows the code, of the operation (NULL: of any); adds the codes it knows. */
static bool is_known_code(const struct aws_model *model, const json_t *operation, const char *code,
                          struct str *known)
{
    bool found = false;
    size_t i;
    json_t *error;

    json_array_foreach(json_object_get(operation, "errors"), i, error) {
        const char *shape = json_text(error, "shape"), *sent = sent_code(model, shape);

        found = found || !strcmp(sent, code) || (model->query_compatible && !strcmp(shape, code));
        str_addf(known, "%s%s", known->len ? ", " : "", sent);
    }
    return found;
}

/* The codes that AWS sends to every operation, and those of S3, are in its reference only. */
static bool is_of_no_model(const struct aws_model *model, const char *code)
{
    static const char *const common[] = {"ValidationException", "OperationAbortedException",
                                         "AccessDeniedException"};

    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (!strcmp(code, common[i]))
            return true;
    return !strcmp(model->name, "s3") || strspn(code, "0123456789") == strlen(code);
}

static json_t *made_up; /* the document of a model that is none of AWS's; NULL: all are */

static bool code_is_known(const struct aws_model *model, const struct aws_operation *operation,
                          const char *code, struct str *known)
{
    json_auto_t *document = made_up ? json_share(made_up) : aws_model_document(model->name);
    const char *name;
    json_t *other;
    bool found = operation && is_known_code(model, operation->document, code, known);

    if (operation)
        return found || is_of_no_model(model, code);
    json_object_foreach(json_object_get(document, "operations"), name, other)
        found = is_known_code(model, other, code, known) || found;
    return found || is_of_no_model(model, code);
}

/* Words of absent, already, settle and gone: a code that AWS does not send matches nothing. */
static void check_codes(const char *where, const char *codes, const struct aws_operation *operation)
{
    const struct aws_model *model = aws_model(kind->service);

    for (const char *at = codes; at && (at += strspn(at, " "), *at);) {
        size_t n = strcspn(at, " :");
        cleanup_free char *code = mem_text_n(at, n), *told = NULL;
        struct str known = {0};
        bool good = code_is_known(model, operation, code, &known);

        told = mem_printf("%s; it sends: %s", code, known.len ? known.data : "none by name");
        expect(good, where, "AWS's model has no error with the code", told);
        str_fini(&known);
        if (at[n] == ':')
            return; /* part of the message follows */
        at += n;
    }
}

/* A "*" that stands for nothing is a mistake. */
static void check_words_of(const struct words *words)
{
    cleanup_free char *all = table_words(kind, words->call);
    struct call one = *words->call;

    for (const char *at = words->call->send; at && (at += strspn(at, " "), *at);
         at += strcspn(at, " ")) {
        cleanup_free char *word = mem_text_n(at, strcspn(at, " "));
        cleanup_free char *found = (one.send = word, table_words(kind, &one));

        expect(*found, words->call->op, "stands for no field that the call takes:", word);
    }
    each_word(words, all, check_sent);
}

static void check_call(const struct call *call, bool is_read)
{
    struct words words = {.call = call};

    if (!call || !operation_of(call, &words.operation))
        return;
    expect(call->build || call->send, call->op, "sends", "nothing");
    check_words_of(&words);
    if (call->overlay)
        expect(aws_model_input(&words.operation, call->overlay) != NULL, call->op,
               "no input member", call->overlay);
    expect(is_read || (!call->take && !call->find && !call->page && !call->absent), call->op,
           "a write has", "parts of a read");
    expect(!is_read || !call->already, call->op, "a read has", "already");
    expect(!call->merges || (call->build && !call->overlay), call->op, "merges is for",
           "writes with build and without overlay; others are not taken to replace");
    expect(is_read || !call->always, call->op, "a write has", "always");
    check_always(&words);
    check_codes(call->op, call->absent, &words.operation);
    check_codes(call->op, call->already, &words.operation);
    if (call->take)
        expect(aws_model_output(&words.operation, call->take) != NULL, call->op, "no output member",
               call->take);
    if (call->find)
        each_word(&words, call->find, check_found);
    check_page(&words);
    for (const struct settle *s = call->settle; s && s->code; s++)
        expect(s->window_s > 0 && s->what, call->op, "settle without time or words:", s->code);
    for (const struct settle *s = call->settle; s && s->code; s++)
        check_codes(call->op, s->code, &words.operation);
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
    [FIELD_JSON] = IS(TEXT),
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

/* The path of a field in the reply that holds it; new text. */
static char *path_in_reply(const struct call *read, const char *member)
{
    return read->take ? mem_printf("%s%s.%s", read->take, read->find ? "[]" : "", member)
                      : mem_text(member);
}

/* A value of a map of texts, where AWS keeps numbers and truths as text: SQS's attributes. */
static bool is_text_of_map(const struct aws_operation *operation, const char *path)
{
    const char *dot = strrchr(path, '.');
    cleanup_free char *above = mem_text_n(path, dot ? (size_t)(dot - path) : 0);

    return dot && form_of(operation->model, aws_model_output(operation, above)) == TEXT_MAP;
}

static bool is_kept_as_text(const struct field *field)
{
    const struct call *read = field->read ? field->read : kind->read;
    bool scalar =
        field->type == FIELD_INT || field->type == FIELD_NUMBER || field->type == FIELD_BOOL;
    struct aws_operation operation;
    cleanup_free char *path = NULL;

    if (!scalar || !field->member || read->parse || !operation_of(read, &operation))
        return false;
    path = path_in_reply(read, field->member);
    return is_text_of_map(&operation, path);
}

/* What to say beside a type that does not fit. */
static const char *const form_names[FORM_COUNT] = {
    [TEXT] = "text: TEXT, ARN, LOCATION, SQL, LOWER, JSON, POLICY or STATEMENTS",
    [WHOLE] = "a whole number: INT",
    [REAL] = "a number: NUMBER",
    [TRUTH] = "a truth: BOOL",
    [TIME] = "a time, which no field type takes",
    [BYTES] = "bytes, which no field type takes",
    [STRUCTURE] = "a structure: DOCUMENT",
    [TEXT_MAP] = "a map of texts: MAP",
    [OTHER_MAP] = "a map of structures, which no field type takes",
    [SCALARS] = "a list of scalars: SET",
    [PAIRS] = "a list of Key and Value: MAP or LIST",
    [NAMED] = "a list of items with an ID: RULES or LIST",
    [COLUMNS] = "a list of Name and Type: COLUMNS or LIST",
    [STRUCTURES] = "a list of structures: LIST or SET",
    [LISTS] = "a list of lists or maps, which no field type takes",
};

static void expect_form(const struct field *field, const struct aws_operation *operation,
                        const json_t *shape, const char *path)
{
    enum form form = form_of(operation->model, shape);
    cleanup_free char *text =
        mem_printf("%s of %s, which AWS makes %s", path, operation->name, form_names[form]);

    expect(fits(field->type, operation->model, shape) || (form == TEXT && is_kept_as_text(field)),
           field->name, "has a type that does not fit", text);
}

/* The type of a field suits AWS's member in every call that sends it. */
static void check_sent_form(const struct call *call, const struct field *field)
{
    struct aws_operation operation;
    cleanup_free char *words = call ? table_words(kind, call) : NULL;
    const char *cursor = words;
    char member[160], source[64];
    int length;

    if (!call || !operation_of(call, &operation))
        return;
    for (; cursor && sscanf(cursor, " %159[^= ]=%63s%n", member, source, &length) == 2;
         cursor += length)
        if (!strcmp(source + strspn(source, "+!"), field->name))
            expect_form(field, &operation, aws_model_input(&operation, member), member);
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
    path = path_in_reply(read, field->member);
    expect(aws_model_output(&operation, path) != NULL, field->name,
           "is looked for where the reply has nothing:", path);
    if (aws_model_output(&operation, path))
        expect_form(field, &operation, aws_model_output(&operation, path), path);
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
        expect(
            call->absent || call->unique || kind->gone, call->op,
            "does not say what absence looks like:",
            "when the resource is not there, AWS answers this read with an error: name its code in "
            ".absent, or in the kind's .gone for all of its calls");
}

/* What a kind as a whole has to say. */
static void check_whole(void)
{
    expect(kind->title && *kind->title, "title", "is missing:", "what people call it: SNS topic");
    expect(kind->summary && *kind->summary, "summary", "is missing:", "one line for the manual");
    expect(aws_model(kind->service), "service", "has no model in lib/aws/models:",
           "run build/venv/bin/python scripts/models, then build again");
    expect(registry_find(kind->name) == kind, "name", "is not that of its line in registry.c:",
           "KIND(name) of file name.c defines name_kind with .name = name");
    expect(kind->read, "read", "is missing:", "nothing can be compared");
    expect(kind->create || kind->update, "create and update",
           "are both missing:", "nothing could be written");
    expect(!kind->ready == !kind->pending && (kind->ready || !kind->states), "ready", "goes with",
           "pending, and states with both");
    expect(!kind->ready || kind_field(kind, "status"), "ready", "needs a FIELD_REPORTED called",
           "status");
    expect(!kind->remove || !kind->holds_data, "remove", "contradicts",
           "holds_data: what holds data is never deleted; leave one of the two out");
    check_codes("gone", kind->gone, NULL);
    for (const struct settle *s = kind->settle; s && s->code; s++)
        expect(s->window_s > 0 && s->what, "settle", "has no time or words:", s->code);
}

static void check_kind(void)
{
    bool has_key = false, has_owner = false;

    check_whole();
    if (!kind->read || !aws_model(kind->service))
        return;
    check_call(kind->read, true);
    check_call(kind->create, false);
    check_call(kind->update, false);
    check_call(kind->remove, false);
    for (const struct field *field = kind->fields; field->name; field++) {
        has_key = has_key || field->flags & FIELD_KEY;
        has_owner = has_owner || field->flags & FIELD_OWNER;
        expect(kind_field(kind, field->name) == field, field->name, "is the name of",
               "two fields: give one another");
        check_call(field->read, true);
        check_call(field->set, false);
        check_absent(field->read);
        check_member(field);
        check_forms(field);
        check_flags(field);
        check_created(field);
    }
    expect(has_key, "fields", "has no FIELD_KEY:", "nothing names the resource");
    expect(
        has_owner || !kind->remove, "remove", "has no place for our mark:",
        "a resource is deleted only when a FIELD_OWNER (its tags, or parameters) shows that it is "
        "ours; declare one, or leave .remove out: billingd then never deletes it");
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
        {FIELD_JSON, "x.............."},
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

/* A code is known by what AWS sends: its own, where the model has one; of a service that once spoke
 * query the model's name as well, which the codec keeps beside the older code. */
static void test_codes(void)
{
    static const struct {
        const char *metadata, *code;
        bool known;
    } cases[] = {
        {"\"protocol\":\"query\"", "NotFound", true},
        {"\"protocol\":\"query\"", "NotFoundException", false},
        {"\"protocol\":\"query\"", "QueueDoesNotExist", true},
        {"\"protocol\":\"json\"", "NotFoundException", false},
        {"\"protocol\":\"json\",\"awsQueryCompatible\":{}", "NotFoundException", true},
        {"\"protocol\":\"json\",\"awsQueryCompatible\":{}", "QueueDoesNotExist", true},
        {"\"protocol\":\"json\",\"awsQueryCompatible\":{}", "NonExistentQueue", false},
        {"\"protocol\":\"json\"", "ValidationException", true}, /* of every service */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_free char *text = mem_printf(
            "{\"metadata\":{%s},\"operations\":{\"Get\":{\"errors\":[{\"shape\":"
            "\"NotFoundException\"},{\"shape\":\"QueueDoesNotExist\"}]}},\"shapes\":{"
            "\"NotFoundException\":{\"type\":\"structure\",\"error\":{\"code\":\"NotFound\"}},"
            "\"QueueDoesNotExist\":{\"type\":\"structure\"}}}",
            cases[i].metadata);
        json_auto_t *document = json_loads(text, 0, NULL);
        struct aws_model *model = aws_model_new("test", document);
        struct aws_operation operation;
        struct str known = {0};

        CHECK(model && aws_model_operation(model, "Get", &operation));
        CHECK_INT(code_is_known(model, &operation, cases[i].code, &known), cases[i].known);
        made_up = document;
        CHECK_INT(code_is_known(model, NULL, cases[i].code, &known), cases[i].known);
        made_up = NULL;
        str_fini(&known);
        aws_model_free(model);
    }
}

/* In a map of texts, and only there, AWS keeps numbers and truths as text. */
static void test_kept_as_text(void)
{
    static const struct call attributes = {.op = "GetTopicAttributes", .take = "Attributes"};
    static const struct call alarms = {
        .op = "DescribeAlarms", .take = "MetricAlarms", .find = "AlarmName=name"};
    static const struct {
        const char *service;
        const struct call *read;
        struct field field;
        bool kept;
    } cases[] = {
        {"sns", &attributes, {.member = "SignatureVersion", .type = FIELD_INT}, true},
        {"sns", &attributes, {.member = "SignatureVersion", .type = FIELD_NUMBER}, true},
        {"sns", &attributes, {.member = "FifoTopic", .type = FIELD_BOOL}, true},
        {"sns", &attributes, {.member = "FifoTopic", .type = FIELD_TEXT}, false}, /* text is text */
        {"cloudwatch", &alarms, {.member = "Namespace", .type = FIELD_INT}, false},
        {"cloudwatch", &alarms, {.member = "Period", .type = FIELD_INT}, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct kind own = {.name = "own", .service = cases[i].service, .read = cases[i].read};

        kind = &own;
        CHECK_INT(is_kept_as_text(&cases[i].field), cases[i].kept);
    }
}

int main(void)
{
    size_t count = 0;

    test_codes();
    test_kept_as_text();

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
