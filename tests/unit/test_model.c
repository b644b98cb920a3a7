/* Models: what is embedded, what can be found in it, what AWS would refuse. */
#include "aws/codec/model_embed.h"
#include "aws/codec/model_validate.h"
#include "aws/codec/pattern.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

static void check_service(const char *name, enum aws_protocol protocol, const char *signing,
                          const char *config_id, const char *target, const char *op)
{
    const struct aws_model *model = aws_model(name);
    struct aws_operation operation;

    CHECK(model != NULL);
    if (!model)
        return;
    CHECK_TEXT(model->name, name);
    CHECK_INT(model->protocol, protocol);
    CHECK_TEXT(model->signing, signing);
    CHECK_TEXT(model->endpoint, signing);
    CHECK_TEXT(model->config_id, config_id);
    CHECK_TEXT(model->target, target);
    CHECK_INT(model->global, !strcmp(name, "iam"));
    CHECK(aws_model_operation(model, op, &operation));
    CHECK_TEXT(operation.name, op);
    CHECK(operation.model == model && operation.document);
    CHECK(aws_model(name) == model); /* loaded once */
}

static void test_services(void)
{
    check_service("s3", AWS_REST_XML, "s3", "S3", NULL, "PutBucketPolicy");
    check_service("iam", AWS_QUERY, "iam", "IAM", NULL, "GetRole");
    check_service("sts", AWS_QUERY, "sts", "STS", NULL, "GetCallerIdentity");
    check_service("firehose", AWS_JSON, "firehose", "FIREHOSE", "Firehose_20150804",
                  "UpdateDestination");
    check_service("logs", AWS_JSON, "logs", "CLOUDWATCH_LOGS", "Logs_20140328",
                  "PutSubscriptionFilter");
    check_service("glue", AWS_JSON, "glue", "GLUE", "AWSGlue", "CreateTable");
    check_service("athena", AWS_JSON, "athena", "ATHENA", "AmazonAthena", "UpdateWorkGroup");
    check_service("apigatewayv2", AWS_REST_JSON, "apigateway", "APIGATEWAYV2", NULL, "UpdateStage");
    check_service("cloudwatch", AWS_JSON, "monitoring", "CLOUDWATCH",
                  "GraniteServiceVersion20100801", "GetMetricData");
    CHECK(aws_model("no_such_service") == NULL);
    CHECK_TEXT(aws_model("iam")->api_version, "2010-05-08");
    CHECK_TEXT(aws_model("cloudwatch")->json_version, "1.0");
    CHECK(aws_model("cloudwatch")->query_compatible && !aws_model("logs")->query_compatible);
}

/* Every reference in every model leads somewhere. */
static void check_references(const struct aws_model *model, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_object(value) && json_text(value, "shape") && !json_object_get(value, "type"))
        CHECK(aws_model_shape(model, json_text(value, "shape")) != NULL);
    json_object_foreach((json_t *)value, key, item)
        check_references(model, item);
    json_array_foreach(value, i, item)
        check_references(model, item);
}

static void test_references(void)
{
    static const char *const names[] = {"s3",   "iam",    "sts",          "firehose",  "logs",
                                        "glue", "athena", "apigatewayv2", "cloudwatch"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        json_auto_t *document = aws_model_document(names[i]);

        check_references(aws_model(names[i]), json_object_get(document, "operations"));
        check_references(aws_model(names[i]), json_object_get(document, "shapes"));
    }
}

/* Each part is found, and is what the model says, though it is parsed alone. */
static void test_parts(void)
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        const struct aws_model *model = aws_model(file->name);
        json_auto_t *document = aws_model_document(file->name);
        struct aws_operation operation;
        const char *name;
        json_t *part;

        json_object_foreach(json_object_get(document, "operations"), name, part) {
            CHECK(aws_model_operation(model, name, &operation));
            CHECK_TEXT(operation.name, name);
            CHECK(json_equal(operation.document, part));
        }
        json_object_foreach(json_object_get(document, "shapes"), name, part) {
            cleanup_free char *more = mem_printf("%s_", name);

            CHECK(json_equal(aws_model_shape(model, name), part));
            CHECK(aws_model_shape(model, name) == aws_model_shape(model, name));
            CHECK(!aws_model_shape(model, more));
        }
        CHECK(!aws_model_shape(model, "") && !aws_model_operation(model, "", &operation));
    }
    CHECK(!aws_model_document("no_such_service"));
}

static void test_paths(void)
{
    struct aws_operation op;

    CHECK(aws_model_operation(aws_model("athena"), "CreateWorkGroup", &op));
    CHECK_TEXT(
        json_text(aws_model_input(&op, "Configuration.EnforceWorkGroupConfiguration"), "type"),
        "boolean");
    CHECK_TEXT(json_text(aws_model_input(&op, ""), "type"), "structure");
    CHECK_TEXT(json_text(aws_model_input(&op, "Tags"), "type"), "list");
    CHECK_TEXT(json_text(aws_model_input(&op, "Tags[].Key"), "type"), "string");
    CHECK_TEXT(json_text(aws_model_input(&op, "Tags.[].Key"), "type"), "string");
    CHECK(aws_model_input(&op, "Tags.Key") == NULL);
    CHECK(aws_model_input(&op, "Configuration.Nothing") == NULL);
    CHECK(aws_model_input(&op, "Nothing.At.All") == NULL);
    CHECK(aws_model_operation(aws_model("glue"), "GetTable", &op));
    CHECK_TEXT(json_text(aws_model_output(&op, "Table.Parameters.any key"), "type"), "string");
    CHECK(!aws_model_operation(aws_model("glue"), "Gettable", &op));
}

static void test_malformed(void)
{
    json_auto_t *none = json_object();
    json_auto_t *odd =
        json_pack("{s:{s:s},s:{},s:{}}", "metadata", "protocol", "smoke", "shapes", "operations");

    CHECK(aws_model_new("x", none) == NULL);
    CHECK(aws_model_new("x", odd) == NULL);
    CHECK(aws_model_new("x", NULL) == NULL);
    aws_model_free(NULL);
}

static void collect(void *arg, const char *path, const char *problem)
{
    str_addf(arg, "%s: %s\n", path, problem);
}

/* Checks value (JSON text) as input of the operation; want: all problems, one per line. */
static void check_input(const char *service, const char *op, const char *json, const char *want)
{
    struct aws_operation operation;
    json_auto_t *value = json_loads(json, 0, NULL);
    cleanup_str struct str have = {0};
    int count, lines = 0;

    CHECK(value && aws_model_operation(aws_model(service), op, &operation));
    count =
        aws_model_validate(operation.model, aws_model_input(&operation, ""), value, collect, &have);
    CHECK_TEXT(str_text(&have), want);
    for (const char *p = want; *p; p++)
        lines += *p == '\n';
    CHECK_INT(count, lines);
}

static void test_validate(void)
{
    check_input("logs", "PutRetentionPolicy",
                "{\"logGroupName\":\"/aws/a\",\"retentionInDays\":30}", "");
    check_input("logs", "PutRetentionPolicy", "{\"logGroupNam\":\"a b\",\"retentionInDays\":\"x\"}",
                "logGroupNam: AWS has no such member; did you mean logGroupName?\n"
                "retentionInDays: must be a whole number\n"
                ": lacks logGroupName, which AWS requires\n");
    check_input("logs", "CreateLogGroup", "{\"logGroupName\":\"has space\"}",
                "logGroupName: does not match AWS's pattern [\\.\\-_/#A-Za-z0-9]+\n");
    check_input("logs", "CreateLogGroup", "{\"logGroupName\":\"${var} space\"}", "");
    check_input("logs", "CreateLogGroup", "{\"logGroupName\":\"\"}",
                "logGroupName: must have at least 1 characters, has 0\n"
                "logGroupName: does not match AWS's pattern [\\.\\-_/#A-Za-z0-9]+\n");
    check_input(
        "s3", "PutPublicAccessBlock",
        "{\"Bucket\":\"b\",\"PublicAccessBlockConfiguration\":{\"BlockPublicAcls\":\"yes\"}}",
        "PublicAccessBlockConfiguration.BlockPublicAcls: must be true or false\n");
    check_input("s3", "PutBucketVersioning",
                "{\"Bucket\":\"b\",\"VersioningConfiguration\":{\"Status\":\"Enable\"}}",
                "VersioningConfiguration.Status: must be one of Enabled, Suspended; did you mean "
                "\"Enabled\"?\n");
    check_input(
        "iam", "TagRole",
        "{\"RoleName\":\"r\",\"Tags\":[{\"Key\":\"\xEA\xB0\x80\",\"Value\":\"v\"},{\"Key\":3}]}",
        "Tags[1].Key: must be text\nTags[1]: lacks Value, which AWS requires\n");
    check_input("apigatewayv2", "UpdateStage", "[]", ": must be a mapping\n");
    check_input("athena", "BatchGetNamedQuery", "{\"NamedQueryIds\":[]}",
                "NamedQueryIds: must have at least 1 items, has 0\n");
    check_input("glue", "CreateDatabase", "{\"DatabaseInput\":{\"Name\":\"d\",\"Parameters\":[]}}",
                "DatabaseInput.Parameters: must be a mapping\n");
}

static char *stream(const char *extension, int megabytes, int seconds)
{
    return mem_printf("{\"DeliveryStreamName\":\"s\",\"ExtendedS3DestinationConfiguration\":{"
                      "\"RoleARN\":\"arn:aws:iam::123456789012:role/r\",\"BucketARN\":"
                      "\"arn:aws:s3:::b\",\"FileExtension\":\"%s\",\"BufferingHints\":"
                      "{\"SizeInMBs\":%d,\"IntervalInSeconds\":%d}}}",
                      extension, megabytes, seconds);
}

static void test_ranges(void)
{
    cleanup_free char *good = stream(".json.gz", 128, 900), *empty = stream("", 1, 0);
    cleanup_free char *bad = stream("gz", 129, 901);

    check_input("firehose", "CreateDeliveryStream", good, "");
    check_input("firehose", "CreateDeliveryStream", empty, "");
    check_input(
        "firehose", "CreateDeliveryStream", bad,
        "ExtendedS3DestinationConfiguration.FileExtension: does not match AWS's pattern "
        "^$|\\.[0-9a-z!\\-_.*'()]+\n"
        "ExtendedS3DestinationConfiguration.BufferingHints.SizeInMBs: must be at most 128, is 129\n"
        "ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds: must be at most 900, "
        "is 901\n");
}

static void check_pattern(const char *pattern, const char *yes, const char *no)
{
    if (!pattern_matches(pattern, yes) || (no && pattern_matches(pattern, no)))
        fprintf(stderr, "  pattern %s, yes %s, no %s\n", pattern, yes, no ? no : "(any)");
    CHECK(pattern_matches(pattern, yes));
    CHECK(!no || !pattern_matches(pattern, no));
}

static void test_patterns(void)
{
    check_pattern("[a-zA-Z0-9_.-]+", "a-b_c.9", "a b");
    check_pattern("[a-zA-Z0-9-_$#.]+", "a-$#", "a/b");
    check_pattern("^$|\\.[0-9a-z!\\-_.*'()]+", "", "gz");
    check_pattern("[\\w+=,.@-]+", "a+=,.@-_", "a b");
    check_pattern("[^:*]*", "a b]^-", "a:b");
    check_pattern("[^:].*", "a:", ":a");
    check_pattern("\\d{12}", "123456789012", "12345678901");
    check_pattern("((/[A-Za-z0-9\\.,\\+@=_-]+)*)/", "/a/b/", "/a/b");
    check_pattern("(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", "/a/", "a/");
    check_pattern("[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "a\tb", "a\x01");
    check_pattern("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*", "a b\t",
                  "a\n");
    check_pattern("^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)$", "a b:1", "a!");
    check_pattern("arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*", "arn:aws-cn:glue:x",
                  "arn:x:glue:");
    check_pattern("^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=)?$", "QUJD",
                  "QUJ");
    check_pattern(".+?\\.snowflakecomputing\\.com", "a.snowflakecomputing.com", "x.com");
    check_pattern("[a-zA-Z0-9\\\\._\\\\-]+", "a\\b-", "a b");
    check_pattern("[\\^-]", "^", "a");
    check_pattern("[\\]\\[^]+", "][^", "a");
    check_pattern("[^^]", "a", "^");
    check_pattern("\\^", "^", "a");
    check_pattern("\\S+", "a", "a b");
    check_pattern("[a-z]}", "a}", "a");
    check_pattern("^(?!\\s*$).+", "a", "");
    check_pattern("(?i)abc", "ABC", "zzz");
    check_pattern("(a)\\1", "aa", "ab");
    check_pattern("\\p{Lu}", "A", "a");
    check_pattern("[a-z]", "a", "\xEA\xB0\x80");
    check_pattern("[\\p{L}]+", "\xEA\xB0\x80", "1");
    check_pattern("[\\uD800\\uDC00-\\uDBFF\\uDFFF]", "\xF0\x9F\x98\x80", "a");
    check_pattern("a++", "aa", "b");
    check_pattern("a$", "a", "a\n");
    /* Nothing is refused by what PCRE2 reads otherwise or not at all, or by a search without end.
     */
    check_pattern("[a-z&&[^b]]+", "b", NULL);
    check_pattern("[[:alpha:]]", "1", NULL);
    check_pattern("[a-z", "b", NULL);
    check_pattern("\\", "b", NULL);
    check_pattern("(x+x+)+[^x]", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL);
    CHECK(pattern_is_known("[a-z]") && !pattern_is_known("[a-z") && !pattern_is_known("[a&&[b]]"));
}

/* Every pattern of every model is really tried. */
static void test_patterns_of_models(void)
{
    size_t patterns = 0;

    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        const char *name = file->name, *key;
        json_auto_t *document = aws_model_document(name);
        json_t *shape;

        json_object_foreach(json_object_get(document, "shapes"), key, shape) {
            const char *pattern = json_text(shape, "pattern");

            patterns += pattern != NULL;
            if (pattern && !pattern_is_known(pattern))
                fprintf(stderr, "  %s %s: %s\n", name, key, pattern);
            CHECK(!pattern || pattern_is_known(pattern));
        }
    }
    CHECK(patterns > 50);
}

/* Read without loading the model, the same comes out. */
static void test_config_ids(void)
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        cleanup_free char *id = aws_model_config_id(file);

        CHECK_TEXT(id, aws_model(file->name)->config_id);
    }
}

int main(void)
{
    test_config_ids();
    test_services();
    test_references();
    test_parts();
    test_paths();
    test_malformed();
    test_validate();
    test_ranges();
    test_patterns();
    test_patterns_of_models();
    aws_model_unload();
    return check_done();
}
