/* The codec on billingd's own calls: requests as AWS wants them, errors in every form, and replies
 * that are none.  AWS's general protocol tests are in test_protocols.c. */
#include "aws/codec/codec.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#include <strings.h>

static struct aws_operation find(const char *service, const char *op)
{
    struct aws_operation operation = {0};

    CHECK(aws_model_operation(aws_model(service), op, &operation));
    return operation;
}

/* The request for params (JSON text); fails the test when there is none. */
static struct aws_message encode(const char *service, const char *op, const char *params)
{
    struct aws_operation operation = find(service, op);
    json_auto_t *document = json_loads(params, JSON_ALLOW_NUL, NULL);
    struct aws_message message = {0};
    struct err e = {0};

    CHECK(document != NULL);
    CHECK_INT(codec_encode(&operation, document, &message, &e), 0);
    CHECK_TEXT(e.text, "");
    return message;
}

static const char *header(const struct aws_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!strcasecmp(message->headers[i].name, name))
            return message->headers[i].value;
    return NULL;
}

static void check_request(const char *service, const char *op, const char *params,
                          const char *request, const char *content_type, const char *body)
{
    struct aws_message message = encode(service, op, params);
    cleanup_free char *have = mem_printf("%s %s?%s", message.method, message.path, message.query);

    CHECK_TEXT(have, request);
    CHECK_TEXT(header(&message, "content-type"), content_type);
    CHECK_TEXT(message.body, body);
    CHECK_INT((int)message.body_length, body ? (int)strlen(body) : 0);
    aws_message_fini(&message);
}

static void check_refused(const char *service, const char *op, const char *params, const char *part)
{
    struct aws_operation operation = find(service, op);
    json_auto_t *document = json_loads(params, JSON_ALLOW_NUL, NULL);
    struct aws_message message = {0};
    struct err e = {0};

    CHECK_INT(codec_encode(&operation, document, &message, &e), -1);
    CHECK_INT(e.kind, ERR_INVALID);
    if (!strstr(e.text, part))
        fprintf(stderr, "  have: %s\n  want: %s\n", e.text, part);
    CHECK(strstr(e.text, part) != NULL);
    CHECK(message.headers == NULL && message.body == NULL && message.path == NULL);
}

static void test_requests(void)
{
    check_request("s3", "PutBucketPolicy", "{\"Bucket\":\"b\",\"Policy\":\"{}\"}", "PUT /b?policy",
                  "text/plain", "{}");
    check_request("s3", "HeadObject", "{\"Bucket\":\"b\",\"Key\":\"y=1/a b+(c)%/\xEA\xB0\x80\"}",
                  "HEAD /b/y%3D1/a%20b%2B%28c%29%25/%EA%B0%80?", NULL, NULL);
    check_request("s3", "ListObjectsV2", "{\"Bucket\":\"b\",\"Prefix\":\"a/ &\",\"MaxKeys\":1}",
                  "GET /b?list-type=2&max-keys=1&prefix=a%2F%20%26", NULL, NULL);
    check_request(
        "s3", "CreateBucket",
        "{\"Bucket\":\"b\",\"CreateBucketConfiguration\":{\"LocationConstraint\":\"eu-west-1\"}}",
        "PUT /b?", "application/xml",
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>");
    check_request("s3", "CreateBucket", "{\"Bucket\":\"b\"}", "PUT /b?", NULL, NULL);
    check_request("apigatewayv2", "GetStage", "{\"ApiId\":\"a1\",\"StageName\":\"$default\"}",
                  "GET /v2/apis/a1/stages/%24default?", NULL, NULL);
    check_request("apigatewayv2", "GetTags", "{\"ResourceArn\":\"arn:aws:x::/apis/1\"}",
                  "GET /v2/tags/arn%3Aaws%3Ax%3A%3A%2Fapis%2F1?", NULL, NULL);
    check_request(
        "apigatewayv2", "UpdateStage",
        "{\"ApiId\":\"a1\",\"StageName\":\"s\",\"AccessLogSettings\":{\"Format\":\"{}\"}}",
        "PATCH /v2/apis/a1/stages/s?", "application/json",
        "{\"accessLogSettings\":{\"format\":\"{}\"}}");
    check_request("logs", "PutRetentionPolicy", "{\"retentionInDays\":30,\"logGroupName\":\"/a\"}",
                  "POST /?", "application/x-amz-json-1.1",
                  "{\"logGroupName\":\"/a\",\"retentionInDays\":30}");
    check_request("sts", "GetCallerIdentity", "{}", "POST /?",
                  "application/x-www-form-urlencoded; charset=utf-8",
                  "Action=GetCallerIdentity&Version=2011-06-15");
    check_request("iam", "TagRole",
                  "{\"RoleName\":\"r\",\"Tags\":[{\"Key\":\"a b\",\"Value\":\"*~/\"}]}", "POST /?",
                  "application/x-www-form-urlencoded; charset=utf-8",
                  "Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=a%20b"
                  "&Tags.member.1.Value=%2A~%2F");
    check_request("iam", "UntagRole", "{\"RoleName\":\"r\",\"TagKeys\":[]}", "POST /?",
                  "application/x-www-form-urlencoded; charset=utf-8",
                  "Action=UntagRole&Version=2010-05-08&RoleName=r&TagKeys=");
}

static void test_request_headers(void)
{
    struct aws_message policy =
        encode("s3", "PutBucketPolicy", "{\"Bucket\":\"b\",\"Policy\":\"{}\"}");
    struct aws_message object = encode("s3", "PutObject",
                                       "{\"Bucket\":\"b\",\"Key\":\"k\",\"Body\":\"x\","
                                       "\"Metadata\":{\"one\":\"1\"}}");
    struct aws_message proven = encode("s3", "PutObject",
                                       "{\"Bucket\":\"b\",\"Key\":\"k\",\"Body\":\"x\","
                                       "\"ChecksumAlgorithm\":\"SHA256\"}");
    struct aws_message metrics =
        encode("cloudwatch", "GetMetricData",
               "{\"MetricDataQueries\":[],\"StartTime\":1700000000,\"EndTime\":1700000060.5}");

    /* openssl dgst -sha256 -binary <<<'{}' without its line end, | base64 */
    CHECK_TEXT(header(&policy, "x-amz-checksum-sha256"),
               "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
    CHECK_TEXT(header(&policy, "x-amz-sdk-checksum-algorithm"), "SHA256");
    CHECK_TEXT(header(&object, "x-amz-checksum-sha256"), NULL);
    CHECK_TEXT(header(&proven, "x-amz-checksum-sha256"),
               "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=");
    CHECK_TEXT(header(&object, "x-amz-meta-one"), "1");
    CHECK_TEXT(header(&metrics, "X-Amz-Target"), "GraniteServiceVersion20100801.GetMetricData");
    CHECK_TEXT(header(&metrics, "x-amzn-query-mode"), "true");
    CHECK_TEXT(header(&metrics, "content-type"), "application/x-amz-json-1.0");
    CHECK_TEXT(metrics.body,
               "{\"MetricDataQueries\":[],\"StartTime\":1700000000,\"EndTime\":1700000060.5}");
    aws_message_fini(&policy);
    aws_message_fini(&object);
    aws_message_fini(&proven);
    aws_message_fini(&metrics);
}

static void test_tokens(void)
{
    struct aws_message a = encode("athena", "CreateNamedQuery",
                                  "{\"Name\":\"n\",\"Database\":\"d\",\"QueryString\":\"q\"}");
    struct aws_message b = encode("athena", "CreateNamedQuery",
                                  "{\"Name\":\"n\",\"Database\":\"d\",\"QueryString\":\"q\"}");
    json_auto_t *x = json_loads(a.body, 0, NULL), *y = json_loads(b.body, 0, NULL);
    const char *token = json_text(x, "ClientRequestToken");

    CHECK(token && strlen(token) == 36 && token[14] == '4');
    CHECK(token && strcmp(token, json_text(y, "ClientRequestToken")) != 0);
    aws_message_fini(&a);
    aws_message_fini(&b);
    a = encode("athena", "CreateNamedQuery",
               "{\"Name\":\"n\",\"Database\":\"d\",\"QueryString\":\"q\",\"ClientRequestToken\":"
               "\"mine\"}");
    CHECK(strstr(a.body, "\"ClientRequestToken\":\"mine\"") != NULL);
    aws_message_fini(&a);
}

static void test_refused_parameters(void)
{
    check_refused("iam", "GetRole", "{\"RolName\":\"r\"}", "parameter RolName is unknown");
    check_refused("iam", "GetRole", "{}", "GetRole: parameter RoleName is required");
    check_refused("iam", "GetRole", "{\"RoleName\":null}", "RoleName is required");
    check_refused("iam", "TagRole", "{\"RoleName\":\"r\",\"Tags\":[{\"Key\":1,\"Value\":\"\"}]}",
                  "parameter Tags[0].Key must be text");
    check_refused("logs", "PutRetentionPolicy",
                  "{\"logGroupName\":\"a\",\"retentionInDays\":\"1\"}", "must be a whole number");
    check_refused("s3", "HeadBucket", "{\"Bucket\":\"\"}", "Bucket must not be empty");
    check_refused("s3", "GetObject", "{\"Bucket\":\"b\",\"Key\":\"\"}", "Key must not be empty");
    check_refused("s3", "PutObject",
                  "{\"Bucket\":\"b\",\"Key\":\"k\",\"ContentType\":\"a\\r\\nX-Evil: 1\"}",
                  "control character");
    check_refused("s3", "PutObject",
                  "{\"Bucket\":\"b\",\"Key\":\"k\",\"Metadata\":{\"a\\nb\":\"c\"}}", "header name");
    check_refused(
        "s3", "PutBucketTagging",
        "{\"Bucket\":\"b\",\"Tagging\":{\"TagSet\":[{\"Key\":\"a\\u0001\",\"Value\":\"\"}]}}",
        "control character");
    check_refused("iam", "GetRole", "[]", "must be an object");
}

/* Decodes; *result is NULL on failure. */
static int decode(const char *service, const char *op, int status, const char *headers,
                  const char *body, size_t length, json_t **result, struct aws_error *error)
{
    struct aws_operation operation = find(service, op);
    struct aws_header list[8];
    struct aws_raw_reply reply = {status, list, 0, body, length};
    cleanup_free char *text = mem_text(headers);

    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
        list[reply.header_count].name = strsep(&line, ":");
        list[reply.header_count++].value = line;
    }
    return codec_decode(&operation, &reply, result, error);
}

static void check_error(const char *service, const char *op, int status, const char *headers,
                        const char *body, const char *want)
{
    struct aws_error error;
    json_t *result = NULL;
    cleanup_free char *have = NULL;

    CHECK_INT(decode(service, op, status, headers, body, strlen(body), &result, &error), -1);
    have = mem_printf("%d %s%s%s|%s|%s", error.status, error.code, *error.modelled ? "=" : "",
                      error.modelled, error.message, error.request_id);
    CHECK_TEXT(have, want);
    CHECK(result == NULL);
    json_decref(result);
}

static void test_errors(void)
{
    check_error(
        "iam", "GetRole", 404, "x-amzn-requestid:r0\n",
        "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>NoSuchEntity</Code>"
        "<Message>no &lt;role&gt;</Message></Error><RequestId>r1</RequestId></ErrorResponse>",
        "404 NoSuchEntity|no <role>|r0");
    check_error(
        "s3", "GetBucketPolicy", 404, "x-amz-request-id:q\nx-amz-id-2:h\n",
        "<?xml version='1.0'?>\n<Error><Code>NoSuchBucketPolicy</Code><Message>The</Message>"
        "</Error>",
        "404 NoSuchBucketPolicy|The|q");
    check_error("s3", "HeadBucket", 404, "x-amz-request-id:q\ncontent-type:application/xml\n", "",
                "404 HTTP 404|HEAD has no document that says more: there is none of that name|q");
    check_error(
        "s3", "GetBucketTagging", 200, "",
        "<Error><Code>InternalError</Code><Message>m</Message><RequestId>z</RequestId></Error>",
        "500 InternalError|m|z");
    check_error("glue", "GetTable", 400, "x-amzn-RequestId:g\n",
                "{\"__type\":\"com.amazonaws.glue#EntityNotFoundException\",\"Message\":\"gone\"}",
                "400 EntityNotFoundException|gone|g");
    check_error("glue", "GetTable", 400, "x-amzn-errortype:AccessDeniedException:http://x/\n",
                "{\"message\":\"no\"}", "400 AccessDeniedException|no|");
    check_error("apigatewayv2", "GetApi", 404,
                "x-amzn-errortype:NotFoundException\napigw-requestid:i\n",
                "{\"message\":\"Invalid API identifier\"}",
                "404 NotFoundException|Invalid API identifier|i");
    check_error("cloudwatch", "GetMetricData", 400,
                "x-amzn-query-error:InvalidParameterValue;Sender\n",
                "{\"__type\":\"com.x#InvalidParameterValueException\",\"message\":\"bad\"}",
                "400 InvalidParameterValue=InvalidParameterValueException|bad|");
    check_error("cloudwatch", "GetMetricData", 400, "x-amzn-query-error:;Sender\n",
                "{\"__type\":\"com.x#InvalidParameterValueException\",\"message\":\"bad\"}",
                "400 InvalidParameterValueException|bad|");
    check_error("logs", "DescribeLogGroups", 503, "content-type:text/html\n",
                "<html><body>busy</body></html>",
                "503 HTTP 503|no error document (30 bytes, text/html)|");
    check_error("sts", "GetCallerIdentity", 502, "", "<html><body><p>no</body></html>",
                "502 HTTP 502|no error document (31 bytes, no content type)|");
    check_error("s3", "ListObjectsV2", 301, "", "<Error><Code>PermanentRedirect</Code></Error>",
                "301 PermanentRedirect||");
    /* Two codes are none: whichever were taken, the thing might be told as absent. */
    check_error("s3", "GetBucketPolicy", 404, "x-amz-request-id:q\n",
                "<Error><Code>NoSuchBucketPolicy</Code><Code>AccessDenied</Code></Error>",
                "404 HTTP 404|no error document (71 bytes, no content type)|q");
    check_error("glue", "GetTable", 400, "",
                "{\"__type\":\"EntityNotFoundException\",\"__type\":\"AccessDeniedException\"}",
                "400 HTTP 400|no error document (69 bytes, no content type)|");
    check_error("glue", "GetTable", 400, "", "{\"__type\":7}",
                "400 HTTP 400|no error document (12 "
                "bytes, no content type)|");
}

/* Each status that S3 answers HEAD with: its code where it has one meaning, else what it may be. */
static void test_head_errors(void)
{
    static const struct {
        int status;
        const char *code, *word;
    } rows[] = {
        {301, "PermanentRedirect", "another region"},
        {307, "TemporaryRedirect", "so new"},
        {400, "HTTP 400", "expired token"},
        {403, "HTTP 403", "AccessDenied"},
        {404, "HTTP 404", "none of that name"},
        {405, "MethodNotAllowed", "deletion"},
        {412, "PreconditionFailed", "asked for"},
        {500, "HTTP 500", "InternalError"},
        {503, "HTTP 503", "SlowDown"},
        {418, "HTTP 418", "no error document (0 bytes, no content type)"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aws_error error;
        json_t *result = NULL;

        CHECK_INT(decode("s3", "HeadBucket", rows[i].status, "x-amz-request-id:q\n", "", 0, &result,
                         &error),
                  -1);
        CHECK_TEXT(error.code, rows[i].code);
        CHECK(strstr(error.message, rows[i].word));
    }
    /* Whoever answers without S3's request id is not S3. */
    check_error("s3", "HeadBucket", 301, "", "",
                "301 HTTP 301|no error document (0 bytes, no content type)|");
}

static void test_long_message(void)
{
    struct str body = {0};
    struct aws_error error;
    json_t *result;

    str_add(&body, "{\"__type\":\"A\",\"message\":\"");
    for (int i = 0; i < 1000; i++)
        str_add(&body, "\xEA\xB0\x80");
    str_add(&body, "\"}");
    CHECK_INT(decode("glue", "GetTable", 400, "", body.data, body.len, &result, &error), -1);
    CHECK_INT((int)strlen(error.message), 639); /* 213 whole characters */
    str_fini(&body);
}

static void test_headers_twice(void)
{
    struct aws_error error;
    json_t *result = NULL;

    CHECK_INT(decode("s3", "HeadBucket", 200,
                     "x-amz-bucket-region:eu-west-1\nX-Amz-Bucket-Region:eu-west-2\n", "", 0,
                     &result, &error),
              -1);
    CHECK_TEXT(error.message, "header x-amz-bucket-region is malformed");
    check_error("glue", "GetTable", 400,
                "x-amzn-errortype:EntityNotFoundException\nx-amzn-errortype:ThrottlingException\n",
                "{}", "400 HTTP 400|no error document (2 bytes, no content type)|");
}

static void check_invalid(const char *service, const char *op, const char *body, size_t length)
{
    struct aws_error error;
    json_t *result = NULL;

    CHECK_INT(decode(service, op, 200, "", body, length, &result, &error), -1);
    CHECK_TEXT(error.code, "InvalidReply");
    CHECK(*error.message);
    json_decref(result);
}

static void test_invalid_replies(void)
{
    static const char *const json[] = {"",
                                       "null",
                                       "[]",
                                       "<html></html>",
                                       "{\"Table\":[]}",
                                       "{\"Table\":{\"Name\":7}}",
                                       "{\"Table\":{\"CreateTime\":\"soon\"}}",
                                       "{\"Table\":{\"Name\":\"\xFF\"}}",
                                       "{\"Table\":{\"Name\":\"a\",\"Name\":\"b\"}}",
                                       "{\"Table\":{},\"x\":{\"y\":1,\"y\":1}}",
                                       "{\"Table\":{\"CreateTime\":1e300}}",
                                       "{\"Table\":{\"Retention\":1e400}}",
                                       "{\"Table\":{}} x"};
    static const char *const xml[] = {
        "",
        "<html></html>",
        "<ListRolesResponse/>",
        "<GetRoleResponse/>",
        "<!DOCTYPE a><GetRoleResponse><GetRoleResult/></GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult><Role><CreateDate>soon</CreateDate></Role></GetRoleResult>"
        "</GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult><Role><Path>\xFF</Path></Role></GetRoleResult>"
        "</GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult/><GetRoleResult/></GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult><Role/><a:Role/></GetRoleResult></GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult><Role>none</Role></GetRoleResult></GetRoleResponse>",
        "<GetRoleResponse><GetRoleResult><Role><Path><x/></Path></Role></GetRoleResult>"
        "</GetRoleResponse>"};
    char *deep = mem_new(3000001);

    for (unsigned i = 0; i < sizeof(json) / sizeof(*json); i++)
        check_invalid("glue", "GetTable", json[i], strlen(json[i]));
    for (unsigned i = 0; i < sizeof(xml) / sizeof(*xml); i++)
        check_invalid("iam", "GetRole", xml[i], strlen(xml[i]));
    check_invalid("s3", "ListObjectsV2", "<HTML/>", 7);
    check_invalid("s3", "GetBucketLocation", "<LocationConstraint><x/></LocationConstraint>", 45);
    check_invalid("s3", "GetBucketTagging", "", 0);
    check_invalid("apigatewayv2", "GetApis", "", 0);
    memset(deep, '[', 3000000);
    check_invalid("glue", "GetTable", deep, 3000000);
    for (int i = 0; i + 3 <= 3000000; i += 3)
        memcpy(deep + i, "<a>", 3);
    check_invalid("iam", "GetRole", deep, 3000000);
    free(deep);
}

/* A reply cut anywhere is no reply. */
static void test_truncated(void)
{
    static const char json[] = "{\"Table\":{\"Name\":\"n\",\"CreateTime\":1.7E9,\"Parameters\":"
                               "{\"a\":\"b\"},\"PartitionKeys\":[{\"Name\":\"p\"}]}}";
    static const char xml[] =
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false"
        "</IsTruncated><Contents><Key>a&amp;b</Key><LastModified>2024-01-02T03:04:05.678Z"
        "</LastModified><Size>5</Size></Contents><Contents><Key/></Contents></ListBucketResult>";
    struct aws_error error;
    json_t *result;

    for (size_t n = 0; n + 1 < sizeof(json); n++)
        check_invalid("glue", "GetTable", json, n);
    for (size_t n = 0; n + 1 < sizeof(xml); n++)
        check_invalid("s3", "ListObjectsV2", xml, n);
    CHECK_INT(decode("glue", "GetTable", 200, "", json, sizeof(json) - 1, &result, &error), 0);
    CHECK_INT(json_integer_value(json_at(result, "Table.CreateTime")), 1700000000);
    json_decref(result);
    CHECK_INT(decode("s3", "ListObjectsV2", 200, "", xml, sizeof(xml) - 1, &result, &error), 0);
    cleanup_free char *text = json_canonical(result);
    CHECK_TEXT(text, "{\"Contents\":[{\"Key\":\"a&b\",\"LastModified\":1704164645.678,\"Size\":5},"
                     "{\"Key\":\"\"}],\"IsTruncated\":false}");
    json_decref(result);
}

static void check_result(const char *service, const char *op, int status, const char *headers,
                         const char *body, const char *want)
{
    struct aws_error error;
    json_t *result = NULL;
    cleanup_free char *have = NULL;

    CHECK_INT(decode(service, op, status, headers, body, strlen(body), &result, &error), 0);
    have = json_canonical(result);
    CHECK_TEXT(have, want);
    json_decref(result);
}

static void test_results(void)
{
    check_result("logs", "PutRetentionPolicy", 200, "", "", "{}");
    check_result("logs", "DescribeLogGroups", 200, "", "{\"logGroups\":[],\"nextToken\":null}",
                 "{\"logGroups\":[]}");
    check_result("s3", "HeadBucket", 200, "x-amz-bucket-region:eu-west-1\n", "",
                 "{\"BucketRegion\":\"eu-west-1\"}");
    check_result("s3", "GetBucketPolicy", 200, "", "{\"Version\":\"2012-10-17\"}",
                 "{\"Policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\"}");
    check_result("s3", "GetBucketLocation", 200, "", "<LocationConstraint xmlns='x'/>", "{}");
    check_result("s3", "GetBucketVersioning", 200, "", "<VersioningConfiguration xmlns='x'/>",
                 "{}");
    check_result("s3", "PutBucketPolicy", 204, "", "", "{}");
    check_result("iam", "PutRolePolicy", 200, "",
                 "<PutRolePolicyResponse><ResponseMetadata/></PutRolePolicyResponse>", "{}");
    check_result("sts", "GetCallerIdentity", 200, "",
                 "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
                 "</GetCallerIdentityResult></GetCallerIdentityResponse>",
                 "{\"Account\":\"1\"}");
    check_result("apigatewayv2", "UpdateStage", 200, "", "{\"stageName\":\"$default\",\"x\":1}",
                 "{\"StageName\":\"$default\"}");
    check_result("apigatewayv2", "TagResource", 201, "", "{}", "{}");
}

int main(void)
{
    test_requests();
    test_request_headers();
    test_tokens();
    test_refused_parameters();
    test_errors();
    test_head_errors();
    test_long_message();
    test_headers_twice();
    test_invalid_replies();
    test_truncated();
    test_results();
    aws_model_unload();
    return check_done();
}
