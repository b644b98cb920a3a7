/* Tables read: parameters from fields, replies into documents, pages, errors by code and text. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "resources/table.h"

static json_t *parsed(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    CHECK(!text || value);
    return value;
}

/* A kind of our own over a real service: a log group as a spec might have it. */
static const struct call read = {
    .op = "DescribeLogGroups",
    .send = "logGroupNamePrefix=name limit='50'",
    .take = "logGroups",
    .find = "logGroupName=name",
    .page = "nextToken=nextToken",
};
static const struct call create = {
    .op = "CreateLogGroup",
    .send = "logGroupName=name kmsKeyId=key tags=+tags",
    .already = "ResourceAlreadyExistsException",
};
static const struct call retain = {
    .op = "PutRetentionPolicy",
    .send = "logGroupName=name retentionInDays=days",
};
static const struct call tag = {.op = "TagResource", .send = "resourceArn=@arn tags=!tags"};
static const struct call stream = {
    .op = "CreateLogStream",
    .send = "logGroupName=@account logStreamName=id",
};
static const struct call replace = {
    .op = "PutRetentionPolicy",
    .send = "retentionInDays=days",
    .overlay = "",
};
static const struct call replace_wanted = {
    .op = "PutRetentionPolicy",
    .send = "retentionInDays=!days",
    .overlay = "",
};
static const struct call of_one = {
    .op = "DescribeLogGroups",
    .send = "logGroupIdentifiers[]=name",
};
static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY},
    {.name = "key", .member = "kmsKeyId"},
    {.name = "days", .member = "retentionInDays", .type = FIELD_INT, .set = &retain},
    {.name = "tags", .member = "tags", .type = FIELD_MAP, .flags = FIELD_OWNER, .set = &tag},
    {.name = "id", .member = "arn", .flags = FIELD_REPORTED},
    {0},
};
static const struct kind group = {
    .name = "group",
    .title = "group",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    .fields = fields,
    .read = &read,
    .create = &create,
};

struct fixture {
    json_t *desired, *observed, *document, *facts;
    struct scope scope;
};

static void fixture_init(struct fixture *f, const char *desired, const char *observed)
{
    f->desired = parsed(desired);
    f->observed = parsed(observed);
    f->facts = parsed("{\"partition\":\"aws\",\"region\":\"r\",\"account\":\"123456789012\"}");
    f->document = parsed("{\"logGroupName\":\"g\",\"retentionInDays\":7,\"arn\":\"a\"}");
    f->scope = (struct scope){.kind = &group,
                              .desired = f->desired,
                              .observed = f->observed,
                              .document = f->document,
                              .facts = f->facts};
}

static void fixture_fini(struct fixture *f)
{
    json_decref(f->desired);
    json_decref(f->observed);
    json_decref(f->document);
    json_decref(f->facts);
}

static void check_params(const struct call *call, const char *desired, const char *observed,
                         const char *want, int line)
{
    const struct field *missing = NULL;
    cleanup_free char *text = NULL;
    struct fixture f;
    json_t *params;

    fixture_init(&f, desired, observed);
    params = table_params(&f.scope, call, &missing);
    text = params ? json_canonical(params) : mem_text(missing ? missing->name : "");
    check_text(text, want, __FILE__, line, call->op);
    json_decref(params);
    fixture_fini(&f);
}

static void test_params(void)
{
#define PARAMS(call, desired, observed, want) check_params(call, desired, observed, want, __LINE__)
    PARAMS(&read, "{\"name\":\"g\"}", NULL, "{\"limit\":50,\"logGroupNamePrefix\":\"g\"}");
    /* Wanted before observed; nothing when there is neither. */
    PARAMS(&create, "{\"name\":\"g\",\"key\":\"w\"}", "{\"key\":\"h\"}",
           "{\"kmsKeyId\":\"w\",\"logGroupName\":\"g\"}");
    PARAMS(&create, "{\"name\":\"g\"}", "{\"key\":\"h\"}",
           "{\"kmsKeyId\":\"h\",\"logGroupName\":\"g\"}");
    PARAMS(&create, "{\"name\":\"g\"}", NULL, "{\"logGroupName\":\"g\"}");
    /* "+": over what AWS has.  "!": only what is wanted. */
    PARAMS(&create, "{\"name\":\"g\",\"tags\":{\"a\":\"1\"}}",
           "{\"tags\":{\"a\":\"0\",\"b\":\"2\"}}",
           "{\"logGroupName\":\"g\",\"tags\":{\"a\":\"1\",\"b\":\"2\"}}");
    PARAMS(&tag, "{\"name\":\"g\",\"tags\":{\"a\":\"1\"}}", "{\"tags\":{\"b\":\"2\"}}",
           "{\"resourceArn\":\"arn:aws:logs:r:123456789012:log-group:g\",\"tags\":{\"a\":\"1\"}}");
    PARAMS(&tag, "{\"name\":\"g\"}", "{\"tags\":{\"b\":\"2\"}}",
           "{\"resourceArn\":\"arn:aws:logs:r:123456789012:log-group:g\"}");
    /* What AWS reports must be known first. */
    PARAMS(&stream, "{\"name\":\"g\"}", "{}", "id");
    PARAMS(&stream, "{\"name\":\"g\"}", "{\"id\":\"x\"}",
           "{\"logGroupName\":\"123456789012\",\"logStreamName\":\"x\"}");
}

/* What AWS has is kept, but for what the call does not accept, and for what is sent. */
static void test_overlay_of_all(void)
{
    PARAMS(&replace, "{\"days\":90}", "{}", "{\"logGroupName\":\"g\",\"retentionInDays\":90}");
    PARAMS(&replace, "{}", "{}", "{\"logGroupName\":\"g\",\"retentionInDays\":7}");
    PARAMS(&replace_wanted, "{\"days\":90}", "{}",
           "{\"logGroupName\":\"g\",\"retentionInDays\":90}");
    PARAMS(&replace_wanted, "{}", "{}", "{\"logGroupName\":\"g\"}");
}

/* "*" stands for what the read holds and the call takes, by AWS's name. */
static void test_star(void)
{
    static const struct call all = {.op = "CreateLogGroup", .send = "logGroupName=name *"};
    static const struct call but = {.op = "CreateLogGroup", .send = "* kmsKeyId='k'"};
    static const struct call below = {.op = "CreateLogGroup", .send = "tags.*"};
    static const struct call own = {.op = "PutRetentionPolicy", .send = "logGroupName=name *"};
    cleanup_free char *words = table_words(&group, &all), *none = table_words(&group, &own);
    cleanup_free char *inner = table_words(&group, &below);
    const struct field *key = kind_field(&group, "key"), *tags = kind_field(&group, "tags");

    CHECK_TEXT(words, "logGroupName=name kmsKeyId=key ");
    CHECK_TEXT(none, "logGroupName=name ");  /* days has a `set` of its own */
    CHECK_TEXT(inner, "tags.kmsKeyId=key "); /* any key of a map */
    CHECK(table_sends(&group, &all, key) && !table_sends(&group, &all, tags));
    PARAMS(&all, "{\"name\":\"g\",\"key\":\"w\"}", NULL,
           "{\"kmsKeyId\":\"w\",\"logGroupName\":\"g\"}");
    PARAMS(&all, "{\"name\":\"g\"}", "{\"key\":\"h\"}",
           "{\"kmsKeyId\":\"h\",\"logGroupName\":\"g\"}");
    PARAMS(&but, "{\"key\":\"w\"}", NULL, "{\"kmsKeyId\":\"k\"}");
}

static void test_list_of_one(void)
{
    PARAMS(&of_one, "{\"name\":\"g\"}", NULL, "{\"logGroupIdentifiers\":[\"g\"]}");
    PARAMS(&of_one, "{}", NULL, "{}");
}

static void test_take_and_find(void)
{
    json_auto_t *reply = parsed("{\"logGroups\":[{\"logGroupName\":\"g2\"},{\"logGroupName\":\"g\","
                                "\"arn\":\"1\"},{\"logGroupName\":\"g\",\"arn\":\"2\"}]}");
    json_auto_t *none = parsed("{\"logGroups\":[]}"), *empty = parsed("{}");
    json_t *document;
    struct fixture f;

    fixture_init(&f, "{\"name\":\"g\"}", NULL);
    CHECK_INT((long long)table_take(&f.scope, &read, reply, &document), 2);
    CHECK_TEXT(json_text(document, "arn"), "1"); /* the first one */
    json_decref(document);
    CHECK_INT((long long)table_take(&f.scope, &read, none, &document), 0);
    CHECK(!document);
    CHECK_INT((long long)table_take(&f.scope, &read, empty, &document), 0);
    CHECK(!document);
    fixture_fini(&f);
}

static void test_pages(void)
{
    static const struct call more = {.op = "x", .page = "Start=Tags[last].Key?HasMoreTags"};
    json_auto_t *first = parsed("{\"logGroups\":[1,2],\"nextToken\":\"t\"}");
    json_auto_t *second = parsed("{\"logGroups\":[3]}");
    json_auto_t *params = parsed("{\"limit\":50}");
    json_auto_t *tags = parsed("{\"Tags\":[{\"Key\":\"a\"},{\"Key\":\"b\"}],\"HasMoreTags\":true}");
    json_auto_t *stuck = parsed("{\"Tags\":[],\"HasMoreTags\":true}");
    json_auto_t *last = parsed("{\"Tags\":[{\"Key\":\"c\"}],\"HasMoreTags\":false}");

    CHECK_TEXT(table_next_page(&read, first, params), "t");
    CHECK_TEXT(json_text(params, "nextToken"), "t");
    CHECK(!table_next_page(&read, second, params));
    table_join(first, second);
    CHECK_INT((long long)json_array_size(json_object_get(first, "logGroups")), 3);
    CHECK(table_next_page(&more, tags, params));
    CHECK_TEXT(json_text(params, "Start"), "b");
    CHECK_TEXT(table_next_page(&more, stuck, params), "b");
    CHECK(!table_next_page(&more, last, params));
    CHECK(!table_next_page(&create, first, params)); /* does not page at all */
}

static void test_errors(void)
{
    struct aws_error error = {.status = 404, .code = "NoSuchBucket", .message = "it is not found"};
    static const struct settle settle[] = {
        {"NoSuchBucket", "elsewhere", 1, "a"}, {"NoSuchBucket", NULL, 2, "b"}, {0}};
    const struct call call = {.op = "x", .settle = settle};

    CHECK(table_matches("NoSuchBucket", &error));
    CHECK(table_matches("Other NoSuchBucket", &error));
    CHECK(!table_matches("NoSuch NoSuchBucketPolicy", &error));
    CHECK(table_matches("404 NotFound", &error));
    CHECK(!table_matches("403", &error));
    CHECK(table_matches("NoSuchBucket:is not found", &error));
    CHECK(table_matches("Other NoSuchBucket:is not found", &error));
    CHECK(!table_matches("NoSuchBucket:already exists", &error));
    CHECK(!table_matches("Other:is not found", &error));
    CHECK(!table_matches(NULL, &error) && !table_matches("", &error));
    CHECK_INT(table_settle(&group, &call, &error)->window_s, 2);
    /* SQS tells the code it had before, and the model's name of it. */
    (void)snprintf(error.modelled, sizeof error.modelled, "%s", error.code);
    (void)snprintf(error.code, sizeof error.code, "AWS.SimpleQueueService.NonExistentQueue");
    CHECK(table_matches("NoSuchBucket", &error) && table_matches(error.code, &error));
    CHECK(!table_matches("NoSuchBucketPolicy", &error));
    CHECK_INT(table_settle(&group, &call, &error)->window_s, 2);
    *error.modelled = '\0';
    (void)snprintf(error.code, sizeof error.code, "AccessDenied");
    CHECK(!table_settle(&group, &call, &error));
}

static void test_fill_and_attributes(void)
{
    struct fixture f;
    cleanup_free char *arn = NULL, *partly = NULL, *named = NULL;

    fixture_init(&f, "{\"name\":\"g\",\"key\":\"\"}", "{\"key\":\"k\"}");
    arn = table_arn(&f.scope);
    partly = table_fill(&f.scope, "{key}/{nobody}/{name}", "*");
    named = table_attribute(&f.scope, "name");
    CHECK_TEXT(arn, "arn:aws:logs:r:123456789012:log-group:g");
    CHECK_TEXT(partly, "k/*/g");
    CHECK_TEXT(named, "g");
    CHECK(!table_attribute(&f.scope, "nobody"));
    fixture_fini(&f);
}

int main(void)
{
    test_params();
    test_overlay_of_all();
    test_star();
    test_list_of_one();
    test_take_and_find();
    test_pages();
    test_errors();
    test_fill_and_attributes();
    aws_model_unload();
    return check_done();
}
