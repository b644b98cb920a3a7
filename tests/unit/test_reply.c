/* What a valid reply of AWS must hold: a rule for each operation there is, and none that refuses
 * what AWS does say. */
#include "aws/codec/model_embed.h"
#include "aws/reply/reply_check.h"
#include "aws/reply/reply_content.h"
#include "aws/reply/reply_limit.h"
#include "aws/reply/reply_rule.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "resources/members.h"
#include "resources/registry.h"

#include <ctype.h>
#include <malloc.h>

static bool takes(const struct call *call, const char *op)
{
    return call && !strcmp(call->op, op) && ((call->take && !call->parse) || call->always);
}

static bool writes(const struct call *call, const char *op)
{
    return call && !strcmp(call->op, op);
}

/* A kind's own table says what its reads must find, and a write that was not done shows in the
 * next read: an operation of a kind needs no rule, but where a whole reply is the document. */
static bool is_of_a_kind(const struct aws_operation *operation)
{
    const char *op = operation->name;

    for (size_t i = 0; registry_kinds[i]; i++) {
        const struct kind *kind = registry_kinds[i];
        bool found = takes(kind->read, op) || writes(kind->create, op) ||
                     writes(kind->update, op) || writes(kind->remove, op);

        for (const struct field *f = kind->fields; f->name; f++)
            found = found || takes(f->read, op) || writes(f->set, op);
        if (found && !strcmp(kind->service, operation->model->name))
            return true;
    }
    return false;
}

/* Calls each(operation, rule) for every operation of every model that has a rule; the others are
 * those of a kind. */
static void each_operation(void (*each)(const struct aws_operation *, const struct reply_rule *))
{
    for (const struct model_embed_file *file = model_embed_files; file->name; file++) {
        const struct aws_model *model = aws_model(file->name);
        json_auto_t *document = aws_model_document(file->name);
        struct aws_operation operation;
        const char *op;
        json_t *unused;

        json_object_foreach(json_object_get(document, "operations"), op, unused) {
            const struct reply_rule *rule = reply_rule_find(model->name, op);

            CHECK(aws_model_operation(model, op, &operation));
            if (!rule && !is_of_a_kind(&operation))
                fprintf(
                    stderr,
                    "%s %s: nothing says what a reply of AWS always holds, so that a proxy's page "
                    "would be taken for it: give the kind's call .take or .always (\"\": nothing "
                    "is "
                    "sure), or the operation a row in lib/aws/reply/reply_rule.c\n",
                    model->name, op);
            CHECK(rule || is_of_a_kind(&operation));
            if (rule)
                each(&operation, rule);
        }
    }
}

/* ---- the table ---- */

static bool has_body(const struct aws_operation *operation)
{
    const char *key;
    json_t *member;

    json_object_foreach(json_object_get(aws_model_output(operation, ""), "members"), key, member)
        if (!json_object_get(member, "location"))
            return true;
    return false;
}

static void check_path(const struct aws_operation *operation, const char *word, size_t length)
{
    cleanup_free char *path = mem_text_n(word, length);
    const json_t *output = aws_model_output(operation, path);

    if (!output)
        fprintf(stderr, "%s has no %s\n", operation->name, path);
    CHECK(output != NULL);
}

static void check_words(const struct aws_operation *operation, const char *words, const char *how)
{
    for (words = words ? words : ""; *words; words += *words == ' ') {
        size_t length = strcspn(words, " "), path = strcspn(words, how);

        check_path(operation, words, path < length ? path : length);
        if (path + 1 < length) {
            cleanup_free char *parameter = mem_text_n(words + path + 1, length - path - 1);

            CHECK(aws_model_input(operation, parameter) != NULL);
        }
        words += length;
    }
}

/* "path+" and "path" of the words, as a whole. */
static bool names(const char *words, const char *path)
{
    size_t length = strlen(path);

    for (; words && *words; words += *words == ' ') {
        size_t n = strcspn(words, " +!=~^<@.[");

        if (n == length && !strncmp(words, path, n))
            return true;
        words += strcspn(words, " ");
    }
    return false;
}

static void check_more(const struct aws_operation *operation, const char *more)
{
    char flag[64], token[64];

    if (!more)
        return;
    CHECK_INT(sscanf(more, "%63[^=]=%63s", flag, token), 2);
    CHECK(aws_model_output(operation, flag) != NULL);
    CHECK(aws_model_output(operation, token) != NULL);
}

static void check_rule(const struct aws_operation *operation, const struct reply_rule *rule)
{
    json_t *required;
    size_t i;

    if (reply_rule_is_empty(rule)) {
        CHECK(!has_body(operation));
        return;
    }
    CHECK(rule->why && *rule->why);
    check_words(operation, rule->always, "+!");
    check_words(operation, rule->echo, "=~^<@");
    check_words(operation, rule->owner, "");
    check_words(operation, rule->policy, "");
    check_more(operation, rule->more);
    json_array_foreach(json_object_get(aws_model_output(operation, ""), "required"), i, required)
        CHECK(names(rule->always, json_string_value(required)) ||
              names(rule->echo, json_string_value(required)));
}

/* ---- not all of it ---- */

/* Members that AWS's models call what was not done, by part of the name; ErrorOutputPrefix and such
 * are settings. */
static bool means_partial(const char *name)
{
    static const char *const parts[] = {
        "Unprocessed", "Fail",    "Error",       "Reject",     "Partial",  "Missing",
        "Unsuccess",   "Skipped", "Incomplete",  "Warning",    "Messages", "searched",
        "StatusCode",  "Invalid", "Unprocessed", "NotUpdated", "NotDelete"};
    static const char *const settings[] = {"ErrorOutputPrefix", "S3ErrorOutputPrefix",
                                           "AbortIncompleteMultipartUpload", "TreatMissingData"};
    char upper[128];

    (void)snprintf(upper, sizeof upper, "%s", name);
    *upper = (char)toupper((unsigned char)*upper); /* logs begins members in lower case */
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(name, settings[i]))
            return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(name, parts[i]) || strstr(upper, parts[i]))
            return true;
    return false;
}

/* A kind says of its reads what a member means; whether its writes did all, its reads tell. */
static bool is_said_by_kind(const struct kind *kind, const struct call *call, const char *op,
                            const char *path)
{
    const struct member *row;

    return call && !strcmp(call->op, op) && members_know(kind, call, path, &row) && row;
}

static bool kinds_say(const struct aws_operation *operation, const char *path)
{
    const char *op = operation->name;

    for (size_t i = 0; registry_kinds[i]; i++) {
        const struct kind *kind = registry_kinds[i];
        bool said = is_said_by_kind(kind, kind->read, op, path) || writes(kind->create, op) ||
                    writes(kind->update, op) || writes(kind->remove, op);

        for (const struct field *f = kind->fields; f->name; f++)
            said = said || is_said_by_kind(kind, f->read, op, path) || writes(f->set, op);
        if (said && !strcmp(kind->service, operation->model->name))
            return true;
    }
    return false;
}

static const struct reply_partial *find_partial(const struct aws_operation *operation,
                                                const char *path)
{
    for (const struct reply_partial *p = reply_rule_partials; p->service; p++)
        if (!strcmp(p->service, operation->model->name) && !strcmp(p->op, operation->name) &&
            !strcmp(p->path, path))
            return p;
    return NULL;
}

struct walk {
    const struct aws_operation *operation;
    json_t *inside; /* shapes that are being walked: some hold themselves */
};

static void walk(struct walk *w, const json_t *reference, const char *path);

static void walk_member(struct walk *w, const char *name, const json_t *reference, const char *path)
{
    cleanup_free char *inner = mem_printf("%s%s%s", path, *path ? "." : "", name);
    bool told = find_partial(w->operation, inner) != NULL || kinds_say(w->operation, inner);

    if (!means_partial(name)) {
        walk(w, reference, inner);
        return;
    }
    if (!told)
        fprintf(
            stderr,
            "%s %s: %s may mean that not all was done: say what it means in a row of the kind's "
            ".members, or in reply_rule_partials of lib/aws/reply/reply_rule.c\n",
            w->operation->model->name, w->operation->name, inner);
    CHECK(told);
}

static void walk(struct walk *w, const json_t *reference, const char *path)
{
    const char *shape = json_text(reference, "shape"), *key;
    const json_t *body = aws_model_shape(w->operation->model, shape);
    cleanup_free char *item = mem_printf("%s[]", path);
    json_t *member;

    if (!body || json_object_get(w->inside, shape))
        return;
    json_object_set_new(w->inside, shape, json_true());
    if (json_object_get(body, "member"))
        walk(w, json_object_get(body, "member"), item);
    json_object_foreach(json_object_get(body, "members"), key, member)
        walk_member(w, key, member, path);
    json_object_del(w->inside, shape);
}

static void check_partials(const struct aws_operation *operation, const struct reply_rule *rule)
{
    json_auto_t *inside = json_object();
    struct walk w = {operation, inside};

    (void)rule;
    walk(&w, json_object_get(operation->document, "output"), "");
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    struct str text = {0};
    char buffer[4096];
    size_t n;

    if (!file)
        return NULL;
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
        str_add_n(&text, buffer, n);
    (void)fclose(file);
    return str_take(&text);
}

/* The file that is said to look at it names the operation and the member. */
static void check_caller(const struct reply_partial *partial)
{
    cleanup_free char *text = read_text(partial->where);
    const char *dot = strrchr(partial->path, '.'), *member = dot ? dot + 1 : partial->path;

    if (!text || !strstr(text, partial->op) || !strstr(text, member))
        fprintf(stderr, "%s does not look at %s of %s\n", partial->where, member, partial->op);
    CHECK(text && strstr(text, partial->op) && strstr(text, member));
}

static void test_partials_are_true(void)
{
    struct aws_operation operation;

    for (const struct reply_partial *p = reply_rule_partials; p->service; p++) {
        CHECK(aws_model_operation(aws_model(p->service), p->op, &operation));
        CHECK(aws_model_output(&operation, p->path) != NULL);
        CHECK((p->where != NULL) ==
              (p->means == REPLY_PARTIAL_CALLER || p->means == REPLY_PARTIAL_STATE));
        if (p->means == REPLY_PARTIAL_CALLER)
            check_caller(p);
    }
}

/* ---- replies ---- */

#define ACCOUNT "123456789012"

struct reply {
    const char *service, *op, *params;
    int status;
    const char *type; /* content type; NULL: none */
    const char *body;
};

static const char *request_id; /* of each reply, by AWS; NULL: none */

/* "ok", or "code: message". */
static char *judge(const struct reply *reply)
{
    json_auto_t *params = json_loads(reply->params, 0, NULL);
    struct aws_header headers[3] = {{"etag", "\"e\""}};
    size_t count = 1;

    if (reply->type)
        headers[count++] = (struct aws_header){"content-type", (char *)reply->type};
    if (request_id)
        headers[count++] = (struct aws_header){"x-amzn-requestid", (char *)request_id};
    const struct aws_raw_reply raw = {.status = reply->status,
                                      .headers = headers,
                                      .header_count = count,
                                      .body = reply->body,
                                      .body_length = strlen(reply->body)};
    const struct reply_asked asked = {params, ACCOUNT};
    struct aws_operation operation;
    struct aws_error error = {0};
    json_t *result = NULL;
    int failed;

    CHECK(params != NULL);
    CHECK(aws_model_operation(aws_model(reply->service), reply->op, &operation));
    (void)codec_decode(&operation, &raw, &result, &error);
    failed = reply_check(&operation, &asked, &raw, &result, &error);
    CHECK((failed != 0) == (result == NULL));
    json_decref(result);
    return failed ? mem_printf("%s: %s", error.code, error.message) : mem_text("ok");
}

static void check_reply(struct reply reply, const char *want)
{
    cleanup_free char *have = judge(&reply);
    bool same = *want ? strstr(have, want) != NULL : !strcmp(have, "ok");

    if (!same)
        fprintf(stderr, "%s %s answered %s\n  have: %s\n  want: %s\n", reply.service, reply.op,
                reply.body, have, *want ? want : "ok");
    CHECK(same);
}

static void check_valid(const char *service, const char *op, const char *params, const char *body)
{
    check_reply((struct reply){service, op, params, 200, NULL, body}, "");
}

/* wrong: what stands behind "InvalidReply: the reply to OP ". */
static void check_invalid(const char *service, const char *op, const char *params, const char *body,
                          const char *wrong)
{
    cleanup_free char *want = mem_printf("InvalidReply: the reply to %s %s", op, wrong);

    check_reply((struct reply){service, op, params, 200, NULL, body}, want);
}

#define GROUP "{\"logGroupNamePrefix\":\"/a\"}"
#define POLICY(resource)                                                                           \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\","         \
    "\"Action\":\"s3:*\",\"Resource\":" resource "}]}"
#define BUCKET "{\"Bucket\":\"ours\"}"

static void test_members(void)
{
    check_valid("logs", "DescribeLogGroups", GROUP, "{\"logGroups\":[]}");
    check_invalid("logs", "DescribeLogGroups", GROUP, "{}", "has no logGroups");
    check_invalid("logs", "DescribeLogGroups", GROUP, "{\"logGroups\":null}", "has no logGroups");
    check_invalid("logs", "DescribeLogGroups", GROUP, "{\"logGroups\":[{}]}",
                  "has no logGroups[].logGroupName");
    check_invalid("logs", "DescribeLogGroups", GROUP, "{\"logGroups\":[null]}",
                  "has no logGroups[].logGroupName");
    check_invalid("logs", "DescribeLogGroups", GROUP,
                  "{\"logGroups\":[{\"logGroupName\":\"/ab\"},{\"logGroupName\":\"/ab\"}]}",
                  "has two with the logGroups[].logGroupName \"/ab\"");
    check_invalid("logs", "DescribeLogGroups", GROUP,
                  "{\"logGroups\":[{\"logGroupName\":\"/ab\",\"retentionInDays\":7,"
                  "\"inheritedProperties\":[null]}]}",
                  "has null in a list or map");
    check_invalid("logs", "DescribeLogGroups", GROUP,
                  "{\"logGroups\":[{\"logGroupName\":\"/ab\",\"kmsKeyId\":\"k\\u0000x\"}]}",
                  "has a text with NUL in it");
    check_valid("logs", "FilterLogEvents", GROUP, "{\"events\":[{\"message\":\"a\\u0000b\"}]}");
    check_valid("s3", "GetBucketTagging", BUCKET, "<Tagging><TagSet/></Tagging>");
    check_invalid("s3", "GetBucketTagging", BUCKET,
                  "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key>"
                  "<Value>2</Value></Tag></TagSet></Tagging>",
                  "has two with the TagSet[].Key \"a\"");
    check_invalid("s3", "GetBucketTagging", BUCKET, "<Tagging/>", "has no TagSet");
    check_invalid("s3", "GetBucketLifecycleConfiguration", BUCKET, "<LifecycleConfiguration/>",
                  "has no Rules");
    check_invalid("s3", "GetPublicAccessBlock", BUCKET, "<PublicAccessBlockConfiguration/>",
                  "has an empty PublicAccessBlockConfiguration");
    check_invalid("glue", "GetTable", "{\"DatabaseName\":\"d\",\"Name\":\"t\"}", "{}",
                  "has no Table.Name");
    check_invalid("athena", "GetQueryResults", "{\"QueryExecutionId\":\"q\"}", "{\"ResultSet\":{}}",
                  "has no ResultSet.Rows");
    check_valid("iam", "ListAttachedRolePolicies", "{\"RoleName\":\"r\"}",
                "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult>"
                "<AttachedPolicies/><IsTruncated>false</IsTruncated>"
                "</ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>");
    check_invalid("iam", "ListAttachedRolePolicies", "{\"RoleName\":\"r\"}",
                  "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult/>"
                  "</ListAttachedRolePoliciesResponse>",
                  "has no AttachedPolicies");
}

static void test_echo(void)
{
    static const char group[] = "{\"logGroups\":[{\"logGroupName\":\"/ab\",\"arn\":"
                                "\"arn:aws:logs:eu-west-1:" ACCOUNT ":log-group:/ab:*\"}]}";
    static const char others[] = "{\"logGroups\":[{\"logGroupName\":\"/ab\",\"arn\":"
                                 "\"arn:aws:logs:eu-west-1:999999999999:log-group:/ab:*\"}]}";
    static const char table[] = "{\"DatabaseName\":\"D\",\"Name\":\"Calls\"}";

    check_valid("logs", "DescribeLogGroups", GROUP, group);
    check_valid("logs", "DescribeLogGroups", "{}", group);
    check_invalid("logs", "DescribeLogGroups", "{\"logGroupNamePrefix\":\"/b\"}", group,
                  "is about another: its logGroups[].logGroupName is \"/ab\"");
    check_invalid("logs", "DescribeLogGroups", GROUP, others,
                  "is about account 999999999999, not " ACCOUNT);
    check_valid("glue", "GetTable", table,
                "{\"Table\":{\"Name\":\"calls\",\"DatabaseName\":\"d\",\"CatalogId\":\"" ACCOUNT
                "\"}}");
    check_valid("glue", "GetTable", table,
                "{\"Table\":{\"Name\":\"calls\",\"DatabaseName\":\"d\",\"CatalogId\":"
                "\"s3tablescatalog/a\"}}");
    check_invalid("glue", "GetTable", table, "{\"Table\":{\"Name\":\"call\"}}", "is about another");
    check_invalid("glue", "GetTable", table,
                  "{\"Table\":{\"Name\":\"calls\",\"DatabaseName\":\"e\"}}",
                  "is about another: its Table.DatabaseName is \"e\"");
    check_invalid(
        "glue", "GetTable", table,
        "{\"Table\":{\"Name\":\"calls\",\"DatabaseName\":\"d\",\"CatalogId\":\"999999999999\"}}",
        "is about account 999999999999");
    check_invalid("apigatewayv2", "GetStage", "{\"ApiId\":\"a\",\"StageName\":\"$default\"}",
                  "{\"stageName\":\"prod\"}", "is about another: its StageName is \"prod\"");
    check_invalid("logs", "DescribeSubscriptionFilters", "{\"logGroupName\":\"/a\"}",
                  "{\"subscriptionFilters\":[{\"filterName\":\"f\",\"logGroupName\":\"/b\"}]}",
                  "is about another: its subscriptionFilters[].logGroupName");
}

static void test_alarms_and_topics(void)
{
    static const char names[] = "{\"AlarmNames\":[\"a\",\"b\"]}";
    static const char topic[] = "{\"TopicArn\":\"arn:aws:sns:r:" ACCOUNT ":t\"}";
    static const char reply[] =
        "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry>"
        "<key>TopicArn</key><value>arn:aws:sns:r:%s:t</value></entry></Attributes>"
        "</GetTopicAttributesResult></GetTopicAttributesResponse>";
    cleanup_free char *ours = mem_printf(reply, ACCOUNT);
    cleanup_free char *theirs = mem_printf(reply, "999999999999");

    check_valid("cloudwatch", "DescribeAlarms", names,
                "{\"MetricAlarms\":[{\"AlarmName\":\"b\"}]}");
    check_invalid("cloudwatch", "DescribeAlarms", names,
                  "{\"MetricAlarms\":[{\"AlarmName\":\"c\"}]}", "is about another");
    check_valid("sns", "GetTopicAttributes", topic, ours);
    check_invalid("sns", "GetTopicAttributes", topic, theirs, "is about another");
}

static void test_all_of_a_batch(void)
{
    static const char asked[] = "{\"NamedQueryIds\":[\"a\",\"b\"]}";
    static const char one[] = "{\"NamedQueries\":[{\"NamedQueryId\":\"a\",\"Name\":\"n\","
                              "\"Database\":\"d\",\"QueryString\":\"q\"}]}";
    static const char both[] = "{\"NamedQueries\":[{\"NamedQueryId\":\"b\",\"Name\":\"n\","
                               "\"Database\":\"d\"},{\"NamedQueryId\":\"a\",\"Name\":\"n\","
                               "\"Database\":\"d\"}],\"UnprocessedNamedQueryIds\":[]}";

    check_valid("athena", "BatchGetNamedQuery", asked, both);
    check_invalid("athena", "BatchGetNamedQuery", asked, one, "leaves out b");
    check_invalid("athena", "BatchGetNamedQuery", "{\"NamedQueryIds\":[\"a\"]}", both,
                  "is about another: its NamedQueries[].NamedQueryId holds \"b\"");
    check_invalid("athena", "BatchGetNamedQuery", asked,
                  "{\"NamedQueries\":[],\"UnprocessedNamedQueryIds\":[{\"NamedQueryId\":\"a\","
                  "\"ErrorCode\":\"ThrottlingException\",\"ErrorMessage\":\"slower\"}]}",
                  "is not whole: UnprocessedNamedQueryIds: ThrottlingException: slower");
}

static void test_policies(void)
{
    static const char role[] =
        "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>r</RoleName>"
        "<Arn>arn:aws:iam::" ACCOUNT ":role/r</Arn><AssumeRolePolicyDocument>%s"
        "</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>";
    static const char asked[] = "{\"RoleName\":\"r\"}";
    static const char *const wrong[] = {"7",
                                        "null",
                                        "\"x\"",
                                        "[]",
                                        "{\"Effect\":null}",
                                        "{\"Effect\":[\"Allow\"]}",
                                        "{\"Action\":7}",
                                        "{\"Action\":[[\"s3:*\"]]}",
                                        "{\"Resource\":{\"a\":\"b\"}}",
                                        "{\"Principal\":[7]}",
                                        "{\"Principal\":{\"AWS\":null}}",
                                        "{\"Principal\":{\"AWS\":[1.5]}}",
                                        "{\"Condition\":\"x\"}",
                                        "{\"Condition\":{\"Bool\":[]}}",
                                        "{\"Condition\":{\"Bool\":{\"a\":null}}}",
                                        "{\"Condition\":{\"Bool\":{\"a\":[[1]]}}}"};
    cleanup_free char *good = mem_printf(role, "%7B%22Statement%22%3A%5B%5D%7D");
    cleanup_free char *cut = mem_printf(role, "%7B%22Statement%22%3A%5B");
    cleanup_free char *none = mem_printf(role, "%7B%22Version%22%3A%222012-10-17%22%7D");

    check_valid("iam", "GetRole", asked, good);
    check_invalid("iam", "GetRole", asked, cut, "has a Role.AssumeRolePolicyDocument that is no");
    check_invalid("iam", "GetRole", asked, none, "has a Role.AssumeRolePolicyDocument that is no");
    check_valid("s3", "GetBucketPolicy", BUCKET, POLICY("\"arn:aws:s3:::ours/*\""));
    check_valid("s3", "GetBucketPolicy", BUCKET, POLICY("\"*\""));
    check_valid("s3", "GetBucketPolicy", BUCKET, POLICY("[\"arn:aws-cn:s3:::o*\"]"));
    check_valid("s3", "GetBucketPolicy", BUCKET, "{\"Statement\":{\"NotResource\":\"x\"}}");
    check_invalid("s3", "GetBucketPolicy", BUCKET, POLICY("\"arn:aws:s3:::theirs/*\""),
                  "is a policy of another bucket than ours");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "", "has no Policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "null", "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "{}", "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "{\"Statement\":\"x\"}",
                  "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "{\"Statement\":[{}],\"Statement\":[]}",
                  "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET,
                  "{\"Statement\":[{\"Effect\":\"Allow\\u0000x\"}]}",
                  "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "%7B%22Statement%22%3A%5B%5D%7D%00%7B",
                  "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "<html><body/></html>",
                  "has a Policy that is no policy");
    check_valid("s3", "GetBucketPolicy", BUCKET,
                "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":[\"1\"]},\"Condition\":"
                "{\"Bool\":{\"a\":true,\"b\":[1,\"x\"]}},\"Later\":{}}}");
    check_valid("s3", "GetBucketPolicy", BUCKET,
                "{\"Statement\":[{\"Principal\":{\"AWS\":123456789012}},"
                "{\"NotPrincipal\":{\"AWS\":[123456789012,\"*\"]}}]}");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "{\"Version\":null,\"Statement\":[]}",
                  "has a Policy that is no policy");
    check_invalid("s3", "GetBucketPolicy", BUCKET, "{\"Version\":\"2012\",\"Statement\":[]}",
                  "has a Policy that is no policy");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cleanup_free char *text = mem_printf("{\"Statement\":[{},%s]}", wrong[i]);

        check_invalid("s3", "GetBucketPolicy", BUCKET, text, "has a Policy that is no policy");
    }
    check_invalid("logs", "DescribeResourcePolicies", "{}",
                  "{\"resourcePolicies\":[{\"policyName\":\"p\",\"policyDocument\":\"\"}]}",
                  "has a resourcePolicies[].policyDocument that is no policy document");
}

static void test_object_lists(void)
{
    check_invalid("s3", "ListObjectsV2", BUCKET,
                  "<ListBucketResult><Name>ours</Name><IsTruncated>false</IsTruncated><Contents>"
                  "<Key>a</Key><Size>9223372036854775807</Size></Contents></ListBucketResult>",
                  "says of an object that it has 9223372036854775807 bytes");
    check_invalid("s3", "ListObjectsV2", BUCKET,
                  "<ListBucketResult><Name>ours</Name><IsTruncated>false</IsTruncated><Contents>"
                  "<Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
                  "says of an object that it has -1 bytes");
    static const char asked[] = "{\"Bucket\":\"ours\",\"Prefix\":\"a b/\"}";

    check_valid("s3", "ListObjectsV2", asked,
                "<ListBucketResult><Name>ours</Name><IsTruncated>false</IsTruncated>"
                "<KeyCount>0</KeyCount></ListBucketResult>");
    check_valid("s3", "ListObjectsV2", asked,
                "<ListBucketResult><Name>ours</Name><EncodingType>url</EncodingType>"
                "<IsTruncated>false</IsTruncated><KeyCount>2</KeyCount>"
                "<Contents><Key>a+b/x</Key></Contents>"
                "<CommonPrefixes><Prefix>a%20b/c/</Prefix></CommonPrefixes></ListBucketResult>");
    check_invalid("s3", "ListObjectsV2", asked, "<ListBucketResult/>", "has no IsTruncated");
    check_invalid("s3", "ListObjectsV2", asked,
                  "<ListBucketResult><Name>theirs</Name><IsTruncated>false</IsTruncated>"
                  "</ListBucketResult>",
                  "is about another: its Name is \"theirs\"");
    check_invalid("s3", "ListObjectsV2", asked,
                  "<ListBucketResult><Name>ours</Name><IsTruncated>false</IsTruncated>"
                  "<Contents><Key>b/x</Key></Contents></ListBucketResult>",
                  "names b/x, which is not below a b/");
    check_invalid("s3", "ListObjectsV2", asked,
                  "<ListBucketResult><Name>ours</Name><IsTruncated>false</IsTruncated>"
                  "<KeyCount>3</KeyCount></ListBucketResult>",
                  "says KeyCount 3 and has 0");
    check_invalid("s3", "ListObjectsV2", asked,
                  "<ListBucketResult><Name>ours</Name><IsTruncated>true</IsTruncated>"
                  "</ListBucketResult>",
                  "says IsTruncated and has no NextContinuationToken");
}

static void test_callers(void)
{
    static const char reply[] =
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/a</Arn>"
        "<UserId>U</UserId><Account>%s</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>";
    cleanup_free char *other = mem_printf(reply, "999999999999", "999999999999");
    cleanup_free char *two = mem_printf(reply, "999999999999", ACCOUNT);
    cleanup_free char *none = mem_printf(reply, ACCOUNT, "account");

    check_valid("sts", "GetCallerIdentity", "{}", other); /* this is how it is learnt */
    check_invalid("sts", "GetCallerIdentity", "{}", two, "names account " ACCOUNT ", and an ARN");
    check_invalid("sts", "GetCallerIdentity", "{}", none, "names no account of twelve digits");
}

static void test_documents(void)
{
    static const char *const none[] = {"", "null", "[]", "{", "<html><body>Sign in</body></html>"};

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        check_reply((struct reply){"glue", "GetDatabase", "{\"Name\":\"d\"}", 200, NULL, none[i]},
                    "InvalidReply");
        check_reply((struct reply){"apigatewayv2", "GetApis", "{}", 200, NULL, none[i]},
                    "InvalidReply");
        check_reply(
            (struct reply){"iam", "ListRolePolicies", "{\"RoleName\":\"r\"}", 200, NULL, none[i]},
            "InvalidReply");
        check_reply((struct reply){"s3", "GetBucketVersioning", BUCKET, 200, NULL, none[i]},
                    "InvalidReply");
    }
    check_invalid("s3", "GetBucketVersioning", BUCKET, "<Tagging><TagSet/></Tagging>",
                  "is <Tagging>, not <VersioningConfiguration>");
    check_valid("s3", "GetBucketVersioning", BUCKET,
                "<?xml version=\"1.0\"?>\n<s:VersioningConfiguration xmlns:s=\"x\"/>");
    check_invalid("iam", "DeleteRole", "{\"RoleName\":\"r\"}", "<DeleteRolePolicyResponse/>",
                  "is <DeleteRolePolicyResponse>, not <DeleteRoleResponse>");
}

static void test_types(void)
{
    static const char reply[] = "{\"logGroups\":[]}";

    check_reply(
        (struct reply){"logs", "DescribeLogGroups", "{}", 200, "application/x-amz-json-1.1", reply},
        "");
    check_reply((struct reply){"logs", "DescribeLogGroups", "{}", 200, "application/json", reply},
                "");
    check_reply((struct reply){"logs", "DescribeLogGroups", "{}", 200, "text/html", reply},
                "InvalidReply: the reply to DescribeLogGroups is of type text/html");
    request_id = "1-2";
    check_reply((struct reply){"logs", "DescribeLogGroups", "{}", 200, "text/html", reply}, "");
    check_reply((struct reply){"logs", "DescribeLogGroups", "{}", 200, "text/html", "<html/>"},
                "InvalidReply");
    request_id = NULL;
    check_reply((struct reply){"cloudwatch", "GetMetricData", "{}", 200, "text",
                               "{\"MetricDataResults\":[]}"},
                "");
    check_reply((struct reply){"s3", "HeadBucket", BUCKET, 200, "application/xml", ""}, "");
    check_reply((struct reply){"s3", "HeadBucket", BUCKET, 200, "text/html; charset=utf-8", ""},
                "InvalidReply");
    check_reply((struct reply){"s3", "GetObject", "{\"Bucket\":\"ours\",\"Key\":\"k\"}", 200,
                               "text/html", "<html/>"},
                ""); /* somebody's object */
    check_reply((struct reply){"s3", "GetBucketPolicy", BUCKET, 200, "binary/octet-stream",
                               POLICY("\"*\"")},
                "");
}

/* Operations whose reply holds nothing. */
static void test_empty(void)
{
    check_valid("logs", "PutRetentionPolicy", "{}", "");
    check_valid("glue", "CreateTable", "{}", "{}");
    check_valid("athena", "UpdateWorkGroup", "{}", "");
    check_valid("iam", "PutRolePolicy", "{}", "<PutRolePolicyResponse/>");
    check_reply((struct reply){"s3", "PutBucketPolicy", BUCKET, 204, NULL, ""}, "");
    check_reply((struct reply){"apigatewayv2", "TagResource", "{}", 201, NULL, "{}"}, "");
    check_reply((struct reply){"s3", "PutBucketPolicy", BUCKET, 200, NULL, "<html/>"},
                "InvalidReply");
    check_reply((struct reply){"s3", "PutObject", BUCKET, 200, NULL, "<html/>"}, "InvalidReply");
    check_reply((struct reply){"logs", "PutRetentionPolicy", "{}", 200, NULL, "<html/>"},
                "InvalidReply");
}

/* A status alone says nothing about the thing asked for. */
static void test_refusals(void)
{
    check_reply((struct reply){"glue", "GetTable", "{}", 404, "text/html", "<html/>"},
                "InvalidReply: the reply to GetTable is status 404 with no error of AWS's");
    check_reply((struct reply){"s3", "PutObject", "{}", 412, NULL, "<html/>"}, "InvalidReply");
    check_reply((struct reply){"s3", "HeadBucket", "{}", 404, "text/html", ""}, "InvalidReply");
    check_reply((struct reply){"glue", "GetTable", "{}", 400, NULL,
                               "{\"__type\":\"EntityNotFoundException\",\"Message\":\"no\"}"},
                "EntityNotFoundException: no");
    check_reply((struct reply){"glue", "GetTable", "{}", 503, "text/html", "<html/>"}, "HTTP 503");
}

static void test_accounts(void)
{
    char account[13] = "";

    CHECK(reply_content_account("arn:aws-cn:iam::" ACCOUNT ":role/a/b", account));
    CHECK_TEXT(account, ACCOUNT);
    CHECK(reply_content_account("999999999999", account));
    CHECK_TEXT(account, "999999999999");
    CHECK(!reply_content_account("arn:aws:s3:::bucket", account));
    CHECK(!reply_content_account("arn:aws:iam::aws:policy/ReadOnlyAccess", account));
    CHECK(!reply_content_account("999999999999:s3tablescatalog", account));
    CHECK(!reply_content_account("arn:", account) && !reply_content_account("", account));
}

/* ---- how large a reply may be ---- */

static int larger; /* operations with a limit of their own */

static void check_limit(const struct aws_operation *operation, const struct reply_rule *rule)
{
    size_t limit = reply_limit_bytes(operation, NULL);

    (void)rule;
    CHECK(limit >= REPLY_LIMIT_BYTES && limit <= REPLY_LIMIT_MOST);
    larger += limit != REPLY_LIMIT_BYTES;
}

static size_t limit_of_range(const char *range)
{
    json_auto_t *params = json_pack("{s:s}", "Range", range);
    struct aws_operation operation;

    CHECK(aws_model_operation(aws_model("s3"), "GetObject", &operation));
    return reply_limit_bytes(&operation, params);
}

static void test_limits(void)
{
    each_operation(check_limit);
    CHECK_INT(larger, 21); /* all rows of the table name an operation */
    CHECK_INT(limit_of_range("bytes=1048576-2097151"), 1 << 20);
    CHECK_INT(limit_of_range("bytes=0-9"), 64 << 10); /* room for an error */
    CHECK_INT(limit_of_range("bytes=0-"), REPLY_LIMIT_MOST);
    CHECK_INT(limit_of_range("bytes=9-0"), REPLY_LIMIT_MOST);
}

/* Never less than jansson takes: asked of malloc. */
static size_t taken;

static void *count_malloc(size_t bytes)
{
    void *got = malloc(bytes);

    taken += malloc_usable_size(got) + sizeof(size_t);
    return got;
}

static void test_memory(void)
{
    static const char *const texts[] = {
        "[{},{},{},{},{},{},{},{},{},{}]",
        "[[],[],[[[]]],[[],[]]]",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]",
        "{\"a\":1,\"b\":{\"c\":[\"x\",\"y\\\"{\",true]},\"d\":null,\"e\":1.5}",
        "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]",
    };
    json_malloc_t allocate;
    json_free_t release;

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(count_malloc, release);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *value;
        size_t before = taken, most = json_memory(texts[i], strlen(texts[i]));

        value = json_parse(texts[i], strlen(texts[i]));
        CHECK(value != NULL);
        CHECK(taken - before > 0);
        check_report(taken - before <= most + 512, __FILE__, __LINE__, texts[i]); /* the lexer's */
        json_decref(value);
    }
    json_set_alloc_funcs(allocate, release);
}

int main(void)
{
    each_operation(check_rule);
    test_limits();
    test_memory();
    each_operation(check_partials);
    test_partials_are_true();
    test_members();
    test_echo();
    test_alarms_and_topics();
    test_all_of_a_batch();
    test_policies();
    test_object_lists();
    test_callers();
    test_documents();
    test_types();
    test_empty();
    test_refusals();
    test_accounts();
    aws_model_unload();
    return check_done();
}
