/* Every member of every reply that there is a model of, with a value of each other type, and sent
 * twice: none of them is a reply.  Documents are written here by the models alone. */
#include "aws/codec/codec.h"
#include "aws/codec/model_embed.h"
#include "aws/codec/shape.h"
#include "aws/reply/reply_check.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

enum { DEPTH = 12 };

/* Sanitizers judge memory, which the members of a document use in the same way. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 4 };
#else
enum { EVERY = 1 };
#endif

/* A document on its way, and the one value in it that is not as the model has it. */
struct writing {
    const struct aws_model *model;
    struct str text;
    size_t spots;                 /* values written so far */
    size_t wrong;                 /* the number of the one that is wrong; 0: none */
    const char *instead;          /* what stands in its place */
    bool twice;                   /* it comes again, with this in it */
    enum shape_type type, inside; /* of the wrong one, and of what it is in */
    int depth;
};

static const char *scalar_json(struct shape shape)
{
    switch (shape.type) {
    case SHAPE_INTEGER:
    case SHAPE_FLOAT:
    case SHAPE_TIMESTAMP:
        return "5";
    case SHAPE_BOOLEAN:
        return "true";
    default:
        return "\"YQ==\"";
    }
}

static void write_json(struct writing *w, struct shape shape, enum shape_type inside);

static void write_members(struct writing *w, struct shape shape)
{
    const char *key, *separator = "";
    json_t *member;

    json_object_foreach((json_t *)shape_members(shape), key, member) {
        struct shape inner = shape_of(w->model, member);
        size_t spot = w->spots + 1;

        if (!shape_member_in_body(member) || w->depth > DEPTH)
            continue;
        str_addf(&w->text, "%s\"%s\":", separator, shape_name(inner, key));
        write_json(w, inner, SHAPE_STRUCTURE);
        if (spot == w->wrong && w->twice)
            str_addf(&w->text, ",\"%s\":%s", shape_name(inner, key), w->instead);
        separator = ",";
    }
}

static void write_json(struct writing *w, struct shape shape, enum shape_type inside)
{
    if (++w->spots == w->wrong) {
        w->type = shape.type;
        w->inside = inside;
        if (!w->twice) {
            str_add(&w->text, w->instead);
            return;
        }
    }
    w->depth++;
    if (shape.type == SHAPE_STRUCTURE) {
        str_add_char(&w->text, '{');
        write_members(w, shape);
        str_add_char(&w->text, '}');
    } else if (shape.type == SHAPE_LIST || shape.type == SHAPE_MAP) {
        bool list = shape.type == SHAPE_LIST;

        str_add(&w->text, list ? "[" : "{");
        if (w->depth <= DEPTH) {
            str_add(&w->text, list ? "" : "\"k\":");
            write_json(w, shape_inner(w->model, shape, list ? "member" : "value"), shape.type);
        }
        str_add(&w->text, list ? "]" : "}");
    } else {
        str_add(&w->text, scalar_json(shape));
    }
    w->depth--;
}

/* ---- XML ---- */

static const char *scalar_xml(struct shape shape)
{
    return shape.type == SHAPE_BOOLEAN || shape.type == SHAPE_INTEGER ||
                   shape.type == SHAPE_FLOAT || shape.type == SHAPE_TIMESTAMP
               ? (shape.type == SHAPE_BOOLEAN ? "true" : "5")
               : "YQ==";
}

static void write_element(struct writing *w, struct shape shape, const char *name,
                          enum shape_type inside);

static void write_elements(struct writing *w, struct shape shape)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(shape), key, member) {
        struct shape inner = shape_of(w->model, member);
        size_t spot = w->spots + 1;

        if (!shape_member_in_body(member) || shape_flag(inner, "xmlAttribute") || w->depth > DEPTH)
            continue;
        write_element(w, inner, shape_name(inner, key), SHAPE_STRUCTURE);
        if (spot == w->wrong && w->twice)
            str_addf(&w->text, "<%s>%s</%s>", shape_name(inner, key), w->instead,
                     shape_name(inner, key));
    }
}

static void write_inside(struct writing *w, struct shape shape)
{
    struct shape key, value;

    if (shape.type == SHAPE_STRUCTURE) {
        write_elements(w, shape);
    } else if (shape.type == SHAPE_LIST) {
        value = shape_inner(w->model, shape, "member");
        if (w->depth <= DEPTH)
            write_element(w, value, shape_name(value, "member"), SHAPE_LIST);
    } else if (shape.type == SHAPE_MAP) {
        key = shape_inner(w->model, shape, "key");
        value = shape_inner(w->model, shape, "value");
        str_addf(&w->text, "<entry><%s>k</%s>", shape_name(key, "key"), shape_name(key, "key"));
        write_element(w, value, shape_name(value, "value"), SHAPE_MAP);
        str_add(&w->text, "</entry>");
    } else {
        str_add(&w->text, scalar_xml(shape));
    }
}

static void write_element(struct writing *w, struct shape shape, const char *name,
                          enum shape_type inside)
{
    bool flat = shape.type == SHAPE_LIST && shape_flag(shape, "flattened");
    bool wrong = !flat && ++w->spots == w->wrong;

    if (flat) { /* its items are what there is of it */
        write_element(w, shape_inner(w->model, shape, "member"), name, SHAPE_LIST);
        return;
    }
    if (wrong) {
        w->type = shape.type;
        w->inside = inside;
    }
    w->depth++;
    str_addf(&w->text, "<%s>", name);
    if (wrong && !w->twice)
        str_add(&w->text, w->instead);
    else
        write_inside(w, shape);
    str_addf(&w->text, "</%s>", name);
    w->depth--;
}

/* ---- judged ---- */

static bool is_xml(const struct aws_model *model)
{
    return model->protocol == AWS_QUERY || model->protocol == AWS_REST_XML;
}

static void write_document(struct writing *w, const struct aws_operation *operation,
                           struct shape output)
{
    const char *name = NULL, *wrapper = shape_trait_text(output, "resultWrapper");
    struct shape payload;

    w->text.len = w->spots = 0;
    w->model = operation->model;
    if (shape_payload(w->model, output, &name, &payload))
        output = payload;
    if (!is_xml(w->model)) {
        w->depth = 0;
        write_json(w, output, SHAPE_DOCUMENT);
        return;
    }
    str_addf(&w->text, "<%sResponse>", operation->name);
    if (wrapper)
        str_addf(&w->text, "<%s>", wrapper);
    write_elements(w, output);
    if (wrapper)
        str_addf(&w->text, "</%s>", wrapper);
    str_addf(&w->text, "</%sResponse>", operation->name);
}

/* Whether the document is taken as a reply: what is absent must be in it is not asked here. */
static bool is_taken(const struct writing *w, const struct aws_operation *operation)
{
    struct aws_header headers[] = {{"x-amz-request-id", "r"}};
    const struct aws_raw_reply raw = {200, headers, 1, w->text.data, w->text.len};
    const struct reply_asked asked = {NULL, NULL};
    struct aws_error error = {0};
    json_t *result = NULL;
    bool taken;

    (void)codec_decode(operation, &raw, &result, &error);
    taken = result && !reply_check(operation, &asked, &raw, &result, &error);
    CHECK(taken || !strcmp(error.code, "InvalidReply"));
    json_decref(result);
    return taken;
}

/* Whether the text is a value of the type after all. */
static bool fits(const struct writing *w, const char *text)
{
    if (is_xml(w->model))
        return *text == '<' ? w->type == SHAPE_STRUCTURE || w->type == SHAPE_LIST
                            : w->type == SHAPE_STRING || w->type == SHAPE_BLOB;
    switch (w->type) {
    case SHAPE_STRUCTURE:
        return *text == '{' || (*text == 'n' && w->inside == SHAPE_STRUCTURE);
    case SHAPE_DOCUMENT:
        return true;
    default:
        return *text == 'n' && w->inside == SHAPE_STRUCTURE; /* null: it is not there */
    }
}

static bool is_number(enum shape_type type)
{
    return type == SHAPE_INTEGER || type == SHAPE_FLOAT || type == SHAPE_TIMESTAMP;
}

static bool may_be(const struct writing *w, const char *text)
{
    if (fits(w, text))
        return true;
    if (is_xml(w->model))
        return false;
    return (*text == '"' && (w->type == SHAPE_STRING || w->type == SHAPE_BLOB)) ||
           (*text == '[' && w->type == SHAPE_LIST) || (*text == '{' && w->type == SHAPE_MAP) ||
           (*text == 't' && w->type == SHAPE_BOOLEAN) ||
           (*text == '7' && (text[1] == '.' ? w->type == SHAPE_FLOAT || w->type == SHAPE_TIMESTAMP
                                            : is_number(w->type)));
}

static size_t tried, taken_at_all;

static void try_spot(struct writing *w, const struct aws_operation *operation, struct shape output,
                     const char *instead)
{
    bool taken;

    w->instead = instead;
    write_document(w, operation, output);
    if (w->wrong > w->spots || (!w->twice && may_be(w, instead)))
        return;
    tried++;
    taken = is_taken(w, operation);
    if (taken)
        fprintf(stderr, "%s %s takes %s: %.2000s\n", w->model->name, operation->name, instead,
                w->text.data);
    CHECK(!taken);
}

static void try_operation(const struct aws_operation *operation)
{
    static const char *const json[] = {
        "\"z\"", "7",  "7.5",   "true",        "null",
        "{}",    "[]", "1e400", "\"\\u0000\"", "99999999999999999999"};
    static const char *const xml[] = {"z", "<z/>"};
    bool in_xml = is_xml(operation->model);
    const char *const *list = in_xml ? xml : json;
    size_t count = in_xml ? sizeof xml / sizeof *xml : sizeof json / sizeof *json, spots, i;
    struct writing w = {0};
    struct shape output;

    if (!shape_side(operation, "output", &output))
        return;
    write_document(&w, operation, output);
    spots = w.spots;
    taken_at_all += is_taken(&w, operation);
    for (w.wrong = 1; w.wrong <= spots; w.wrong += EVERY) {
        for (i = 0; i < count; i++)
            try_spot(&w, operation, output, list[i]);
        w.twice = true;
        if (w.inside == SHAPE_STRUCTURE)
            try_spot(&w, operation, output, in_xml ? "YQ==" : "null");
        w.twice = false;
    }
    str_fini(&w.text);
}

int main(void)
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        const struct aws_model *model = aws_model(file->name);
        json_auto_t *document = aws_model_document(file->name);
        struct aws_operation operation;
        const char *name;
        json_t *unused;

        json_object_foreach(json_object_get(document, "operations"), name, unused) {
            CHECK(aws_model_operation(model, name, &operation));
            try_operation(&operation);
        }
    }
    printf("%zu documents with one wrong value, %zu without\n", tried, taken_at_all);
    CHECK(tried > 5000 && taken_at_all > 10);
    aws_model_unload();
    return check_done();
}
