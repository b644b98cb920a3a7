/* What a plan says and sends: absent, equal, each sort of difference, blocked, held, to be removed.
 */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "plan/plan.h"
#include "resources/registry.h"

#define FACTS                                                                                      \
    "{\"partition\":\"aws\",\"region\":\"eu-west-1\",\"account\":\"123456789012\","                \
    "\"pipeline\":\"p\"}"

static json_t *parsed(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    if (text && !value)
        fprintf(stderr, "no JSON: %s\n", text);
    CHECK(!text || value);
    return value;
}

struct fixture {
    json_t *desired, *observed, *document, *replies, *facts;
    struct scope scope;
    struct plan plan;
};

static void make(struct fixture *f, const char *kind, const char *desired, const char *observed,
                 bool remove, plan_held_fn *held)
{
    f->desired = parsed(desired);
    f->observed = parsed(observed);
    f->document = parsed(observed ? "{}" : NULL);
    f->replies = json_object();
    f->facts = parsed(FACTS);
    f->scope = (struct scope){.kind = registry_find(kind),
                              .desired = f->desired,
                              .observed = f->observed,
                              .document = f->document,
                              .replies = f->replies,
                              .facts = f->facts};
    plan_make(&f->scope, remove, held, NULL, &f->plan);
}

static void fini(struct fixture *f)
{
    plan_fini(&f->plan);
    json_decref(f->desired);
    json_decref(f->observed);
    json_decref(f->document);
    json_decref(f->replies);
    json_decref(f->facts);
}

/* "action: field field / call(field field) call(field)" */
static char *summary(const struct plan *plan)
{
    char *text = mem_printf("%s:", plan_action_name(plan->action));
    size_t i, j;
    json_t *item;

#define ADD(...)                                                                                   \
    do {                                                                                           \
        char *more = mem_printf(__VA_ARGS__);                                                      \
        free(text);                                                                                \
        text = more;                                                                               \
    } while (0)
    json_array_foreach(plan->differences, i, item)
        ADD("%s %s%s", text, json_text(item, "field"), json_object_get(item, "held") ? "!" : "");
    for (i = 0; i < plan->call_count; i++) {
        ADD("%s %s %s(", text, i ? "" : "/", plan->calls[i].call->op);
        json_array_foreach(plan->calls[i].fields, j, item)
            ADD("%s%s%s", text, j ? " " : "", json_string_value(item));
        ADD("%s)", text);
    }
#undef ADD
    return text;
}

static void check_plan(const char *kind, const char *desired, const char *observed, bool remove,
                       plan_held_fn *held, const char *want, int line)
{
    struct fixture f;
    cleanup_free char *have = NULL;
    json_auto_t *json = NULL;

    make(&f, kind, desired, observed, remove, held);
    have = summary(&f.plan);
    check_text(have, want, __FILE__, line, kind);
    json = plan_json(&f.plan, f.scope.kind);
    CHECK(json_is_array(json_object_get(json, "calls")));
    CHECK((f.plan.action == PLAN_BLOCKED) == (f.plan.reason != NULL));
    fini(&f);
}

#define PLAN(kind, desired, observed, want)                                                        \
    check_plan(kind, desired, observed, false, NULL, want, __LINE__)
#define REMOVAL(kind, desired, observed, want)                                                     \
    check_plan(kind, desired, observed, true, NULL, want, __LINE__)

#define GROUP                                                                                      \
    "{\"name\":\"g\",\"class\":\"STANDARD\",\"retention_days\":90,\"tags\":{\"billingd\":\"p\"}}"

static void test_create(void)
{
    PLAN("log_group", GROUP, NULL,
         "create: class retention_days tags.billingd / CreateLogGroup()  "
         "PutRetentionPolicy(retention_days)");
    /* What AWS gives a new resource anyway needs no call. */
    PLAN("s3_bucket",
         "{\"name\":\"b\",\"ownership\":\"BucketOwnerEnforced\",\"encryption\":\"AES256\"}", NULL,
         "create: ownership encryption / CreateBucket()");
    PLAN("s3_bucket", "{\"name\":\"b\",\"ownership\":\"ObjectWriter\"}", NULL,
         "create: ownership / CreateBucket()  PutBucketOwnershipControls(ownership)");
    PLAN("workgroup", "{\"name\":\"w\",\"state\":\"DISABLED\",\"enforce\":true}", NULL,
         "create: state enforce / CreateWorkGroup()  UpdateWorkGroup(state)");
    /* Fields of one call go together. */
    PLAN("s3_bucket",
         "{\"name\":\"b\",\"encryption\":\"aws:kms\",\"kms_key\":\"k\",\"bucket_key\":true}", NULL,
         "create: encryption kms_key bucket_key / CreateBucket()  "
         "PutBucketEncryption(encryption kms_key bucket_key)");
}

static void test_equal_and_different(void)
{
    PLAN("log_group", GROUP, GROUP, "none:");
    PLAN("log_group", GROUP,
         "{\"class\":\"STANDARD\",\"retention_days\":90,\"tags\":{\"billingd\":\"p\",\"x\":\"y\"},"
         "\"kms_key\":\"k\"}",
         "none:"); /* what is not declared is left alone */
    PLAN("log_group", GROUP, "{\"class\":\"STANDARD\",\"tags\":{\"billingd\":\"p\"}}",
         "update: retention_days / PutRetentionPolicy(retention_days)");
    PLAN("log_group", GROUP, "{\"class\":\"STANDARD\",\"retention_days\":1}",
         "update: retention_days tags.billingd / PutRetentionPolicy(retention_days)  "
         "TagResource(tags)");
    PLAN("subscription_filter",
         "{\"log_group\":\"g\",\"name\":\"f\",\"pattern\":\"\",\"destination\":\"d\",\"role\":"
         "\"r\"}",
         "{\"pattern\":\"x\",\"destination\":\"e\",\"role\":\"r\"}",
         "update: pattern destination / PutSubscriptionFilter(pattern destination)");
}

static void test_blocked(void)
{
    PLAN("log_group", GROUP,
         "{\"class\":\"INFREQUENT_ACCESS\",\"retention_days\":90,\"tags\":{\"billingd\":\"p\"}}",
         "blocked: class");
    /* A stage is not ours to make. */
    PLAN("stage_logging",
         "{\"api_name\":\"a\",\"stage\":\"s\",\"log_group\":\"g\",\"format\":\"f\"}", NULL,
         "blocked:");
    PLAN("athena_view", "{\"database\":\"d\",\"name\":\"v\",\"sql\":\"SELECT 1\",\"columns\":{}}",
         "{\"type\":\"EXTERNAL_TABLE\"}", "blocked: sql / UpdateTable(sql)");
}

static void test_status(void)
{
#define STREAM "{\"name\":\"s\",\"compression\":\"GZIP\"}"
    PLAN("delivery_stream", STREAM,
         "{\"status\":\"CREATING\",\"compression\":\"GZIP\",\"version\":\"1\","
         "\"destination_id\":\"d\"}",
         "wait:");
    PLAN("delivery_stream", STREAM,
         "{\"status\":\"CREATING\",\"compression\":\"ZIP\",\"version\":\"1\","
         "\"destination_id\":\"d\"}",
         "wait: compression / UpdateDestination(compression)");
    PLAN("delivery_stream", STREAM,
         "{\"status\":\"ACTIVE\",\"compression\":\"ZIP\",\"version\":\"1\","
         "\"destination_id\":\"d\"}",
         "update: compression / UpdateDestination(compression)");
    PLAN("delivery_stream", STREAM,
         "{\"status\":\"CREATING_FAILED\",\"compression\":\"GZIP\",\"version\":\"1\","
         "\"destination_id\":\"d\"}",
         "blocked:");
    PLAN("delivery_stream", STREAM,
         "{\"status\":\"NEW_WORD\",\"compression\":\"GZIP\",\"version\":\"1\","
         "\"destination_id\":\"d\"}",
         "blocked:");
}

static void test_removal(void)
{
#define VIEW "{\"database\":\"d\",\"name\":\"v\"}"
    REMOVAL("athena_view", VIEW, NULL, "none:");
    REMOVAL("athena_view", VIEW, "{\"parameters\":{\"billingd\":\"p\"}}",
            "delete: / DeleteTable()");
    REMOVAL("athena_view", VIEW, "{\"parameters\":{\"billingd\":\"other\"}}", "blocked:");
    REMOVAL("athena_view", VIEW, "{\"parameters\":{}}", "blocked:");
    REMOVAL("athena_view", VIEW, "{}", "blocked:");
    /* Data is never deleted, whoever made it. */
    REMOVAL("s3_bucket", "{\"name\":\"b\"}", "{\"tags\":{\"billingd\":\"p\"}}", "blocked:");
    REMOVAL("log_group", "{\"name\":\"g\"}", "{\"tags\":{\"billingd\":\"p\"}}", "blocked:");
    REMOVAL("delivery_stream", "{\"name\":\"s\"}", "{\"tags\":{\"billingd\":\"p\"}}", "blocked:");
}

static bool hold_retention(void *arg, const char *field)
{
    (void)arg;
    return !strcmp(field, "retention_days");
}

static void test_held(void)
{
    check_plan("log_group", GROUP, "{\"class\":\"STANDARD\",\"retention_days\":1}", false,
               hold_retention, "update: retention_days! tags.billingd / TagResource(tags)",
               __LINE__);
    check_plan("log_group", GROUP,
               "{\"class\":\"STANDARD\",\"retention_days\":1,\"tags\":{\"billingd\":\"p\"}}", false,
               hold_retention, "none: retention_days!", __LINE__);
}

/* A key of others is kept as long as the algorithm is, and never sent beside another one. */
static void test_encryption_keys(void)
{
    static const struct {
        const char *desired, *observed, *key;
    } cases[] = {
        {"{\"name\":\"b\",\"encryption\":\"AES256\"}",
         "{\"encryption\":\"aws:kms\",\"kms_key\":\"k\"}", NULL},
        {"{\"name\":\"b\",\"encryption\":\"aws:kms\",\"bucket_key\":true}",
         "{\"encryption\":\"aws:kms\",\"kms_key\":\"k\",\"bucket_key\":false}", "k"},
        {"{\"name\":\"b\",\"encryption\":\"aws:kms\",\"kms_key\":\"n\"}",
         "{\"encryption\":\"aws:kms\",\"kms_key\":\"k\"}", "n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;

        make(&f, "s3_bucket", cases[i].desired, cases[i].observed, false, NULL);
        CHECK_INT((long long)f.plan.call_count, 1);
        CHECK_TEXT(json_string_value(json_at(f.plan.calls[0].params,
                                             "ServerSideEncryptionConfiguration.Rules[]."
                                             "ApplyServerSideEncryptionByDefault.KMSMasterKeyID")),
                   cases[i].key);
        fini(&f);
    }
}

static void test_unread(void)
{
    struct plan nothing = {0};
    json_auto_t *json = plan_json(&nothing, registry_find("log_group"));

    CHECK_TEXT(json_text(json, "action"), "unknown");
    CHECK(json_is_array(json_object_get(json, "differences")));
    plan_fini(&nothing);
}

/* Only roles that a planned call hands on, each once. */
static void test_roles_passed(void)
{
    static const struct {
        const char *observed, *roles;
    } cases[] = {
        {NULL, "[{\"role\":\"arn:r\",\"service\":\"logs.amazonaws.com\"}]"},
        {"{\"pattern\":\"x\",\"destination\":\"d\",\"role\":\"arn:r\"}",
         "[{\"role\":\"arn:r\",\"service\":\"logs.amazonaws.com\"}]"},
        {"{\"pattern\":\"\",\"destination\":\"d\",\"role\":\"arn:r\"}", "[]"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_auto_t *roles = json_array();
        cleanup_free char *text = NULL;
        struct fixture f;

        make(&f, "subscription_filter",
             "{\"log_group\":\"g\",\"name\":\"f\",\"pattern\":\"\",\"destination\":\"d\","
             "\"role\":\"arn:r\"}",
             cases[i].observed, false, NULL);
        plan_roles_passed(&f.plan, &f.scope, roles);
        plan_roles_passed(&f.plan, &f.scope, roles);
        text = json_canonical(roles);
        CHECK_TEXT(text, cases[i].roles);
        fini(&f);
    }
}

int main(void)
{
    test_create();
    test_equal_and_different();
    test_blocked();
    test_status();
    test_removal();
    test_held();
    test_encryption_keys();
    test_unread();
    test_roles_passed();
    aws_model_unload();
    return check_done();
}
