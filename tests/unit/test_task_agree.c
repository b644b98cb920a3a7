/* Nothing is written on one look alone: a bucket plays AWS, and each reply in turn is a lie.
 *
 * Whatever one read says, nothing is written that the truth does not ask for, and what is not ours
 * stays, also when the same lie is told twice. */
#include "aws/codec/model.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "reconcile/task.h"
#include "resources/registry.h"

enum lie { EMPTY, ABSENT, OTHER };

struct bucket {
    bool exists, quiet; /* quiet: CreateBucket of one's own says nothing, as in us-east-1 */
    json_t *policy, *tags, *rules;
    unsigned writes;
};

struct play {
    struct bucket bucket;
    const char *op; /* whose replies are lies, from the nth on, so many times */
    unsigned nth, times, seen;
    enum lie lie;
};

static int64_t now_ms = 1000;

#define WANTED                                                                                     \
    "{\"name\":\"b\",\"tags\":{\"billingd\":\"p\"},"                                               \
    "\"policy\":[{\"Sid\":\"BillingdDelivery\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":"   \
    "\"x.amazonaws.com\"},"                                                                        \
    "\"Action\":\"s3:PutObject\",\"Resource\":\"*\"}],"                                            \
    "\"lifecycle\":[{\"ID\":\"billingd-old\",\"Status\":\"Enabled\"}]}"
#define OURS                                                                                       \
    "{\"Sid\":\"BillingdDelivery\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"x.amazonaws." \
    "com\"},"                                                                                      \
    "\"Action\":\"s3:PutObject\",\"Resource\":\"*\"}"
#define THEIRS                                                                                     \
    "{\"Sid\":\"SecurityTeamDenyDelete\",\"Effect\":\"Deny\",\"Principal\":\"*\","                 \
    "\"Action\":\"s3:DeleteObject\",\"Resource\":\"*\"}"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    CHECK(json);
    return json;
}

/* In sync, or without anything of ours; with what is not ours. */
static void build(struct bucket *bucket, bool synced)
{
    *bucket = (struct bucket){.exists = true};
    bucket->policy =
        parse(synced ? "{\"Version\":\"2012-10-17\",\"Statement\":[" THEIRS "," OURS "]}"
                     : "{\"Version\":\"2012-10-17\",\"Statement\":[" THEIRS "]}");
    bucket->tags = parse(synced ? "[{\"Key\":\"cost\",\"Value\":\"7\"},"
                                  "{\"Key\":\"billingd\",\"Value\":\"p\"}]"
                                : "[{\"Key\":\"cost\",\"Value\":\"7\"}]");
    bucket->rules = parse(synced ? "[{\"ID\":\"theirs\",\"Status\":\"Enabled\"},"
                                   "{\"ID\":\"billingd-old\",\"Status\":\"Enabled\"}]"
                                 : "[{\"ID\":\"theirs\",\"Status\":\"Enabled\"}]");
}

static void tear_down(struct bucket *bucket)
{
    json_decref(bucket->policy);
    json_decref(bucket->tags);
    json_decref(bucket->rules);
}

static bool holds(const json_t *list, const char *key, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item)
        if (json_text(item, key) && !strcmp(json_text(item, key), name))
            return true;
    return false;
}

static void must_hold(const struct bucket *bucket, const char *sid, const char *id, const char *key)
{
    CHECK(holds(json_object_get(bucket->policy, "Statement"), "Sid", sid));
    CHECK(holds(bucket->rules, "ID", id));
    CHECK(holds(bucket->tags, "Key", key));
}

static json_t *read_bucket(const struct bucket *bucket, const char *op)
{
    cleanup_free char *text = json_dumps(bucket->policy, JSON_COMPACT);

    if (!strcmp(op, "HeadBucket"))
        return json_pack("{s:s}", "BucketRegion", bucket->quiet ? "us-east-1" : "eu-west-1");
    if (!strcmp(op, "GetBucketPolicy"))
        return json_pack("{s:s}", "Policy", text);
    if (!strcmp(op, "GetBucketTagging"))
        return json_pack("{s:O}", "TagSet", bucket->tags);
    if (!strcmp(op, "GetBucketEncryption"))
        return json_pack("{s:{s:[{s:{s:s}}]}}", "ServerSideEncryptionConfiguration", "Rules",
                         "ApplyServerSideEncryptionByDefault", "SSEAlgorithm", "AES256");
    CHECK_TEXT(op, "GetBucketLifecycleConfiguration");
    return json_pack("{s:O}", "Rules", bucket->rules);
}

static void take(json_t **place, const json_t *value)
{
    json_decref(*place);
    *place = json_deep_copy(value);
}

static const char *write_bucket(struct bucket *bucket, const char *op, const json_t *params)
{
    bucket->writes++;
    if (!strcmp(op, "CreateBucket"))
        return bucket->quiet ? NULL : "BucketAlreadyOwnedByYou";
    if (!strcmp(op, "PutBucketPolicy")) {
        json_decref(bucket->policy);
        bucket->policy = parse(json_text(params, "Policy"));
    } else if (!strcmp(op, "PutBucketTagging")) {
        take(&bucket->tags, json_at(params, "Tagging.TagSet"));
    } else {
        CHECK_TEXT(op, "PutBucketLifecycleConfiguration");
        take(&bucket->rules, json_at(params, "LifecycleConfiguration.Rules"));
    }
    return NULL;
}

static const char *absence(const char *op)
{
    return !strcmp(op, "HeadBucket")            ? "404"
           : !strcmp(op, "GetBucketPolicy")     ? "NoSuchBucketPolicy"
           : !strcmp(op, "GetBucketTagging")    ? "NoSuchTagSet"
           : !strcmp(op, "GetBucketEncryption") ? "ServerSideEncryptionConfigurationNotFoundError"
                                                : "NoSuchLifecycleConfiguration";
}

static json_t *other(const char *op)
{
    return !strcmp(op, "GetBucketPolicy")
               ? json_pack("{s:s}", "Policy", "{\"Version\":\"2012-10-17\",\"Statement\":[]}")
           : !strcmp(op, "GetBucketTagging")
               ? json_pack("{s:[{s:s, s:s}]}", "TagSet", "Key", "billingd", "Value", "q")
               : json_pack("{s:[{s:s, s:s}]}", "Rules", "ID", "x", "Status", "Enabled");
}

static void answer(struct play *play, struct task *task, const struct task_request *request)
{
    const char *op = request->call->op, *code = NULL;
    struct aws_reply reply = {0};
    json_auto_t *result = NULL;

    if (request->write) {
        code = write_bucket(&play->bucket, op, request->params);
        result = code ? NULL : json_object();
    } else if (!strcmp(op, play->op) && ++play->seen >= play->nth &&
               play->seen < play->nth + play->times) {
        code = play->lie == ABSENT ? absence(op) : NULL;
        result = play->lie == EMPTY ? json_object() : play->lie == OTHER ? other(op) : NULL;
    } else {
        result = read_bucket(&play->bucket, op);
    }
    reply.result = result;
    reply.kind = code ? ERR_ABSENT : ERR_NONE;
    reply.error.operation = op;
    (void)snprintf(reply.error.code, sizeof reply.error.code, "%s", code ? code : "");
    task_reply(task, request->slot, &reply);
}

static void run(struct play *play)
{
    json_auto_t *want = parse(WANTED);
    const char *region = play->bucket.quiet ? "us-east-1" : "eu-west-1";
    json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:s}", "account", "123456789012", "region",
                                   region, "partition", "aws", "pipeline", "p");
    struct task *task = task_new(&(struct task_options){.kind = registry_find("s3_bucket"),
                                                        .address = "p/b",
                                                        .desired = want,
                                                        .facts = facts,
                                                        .settle_timeout_s = 60});
    struct task_request request;

    for (unsigned guard = 0; task_state(task) != TASK_DONE && guard < 100; guard++) {
        while (task_next(task, &request))
            answer(play, task, &request);
        if (task_state(task) == TASK_PLANNED && guard == 0)
            task_confirm(task, false);
        else if (task_state(task) == TASK_PLANNED)
            task_apply(task);
        clock_freeze_monotonic(now_ms += task_wait_ms(task) + 1);
        task_wake(task);
    }
    CHECK_INT(task_state(task), TASK_DONE);
    task_free(task);
}

static const char *const reads[] = {"HeadBucket", "GetBucketPolicy", "GetBucketTagging",
                                    "GetBucketLifecycleConfiguration"};

static void lie_once(struct play play, bool synced)
{
    build(&play.bucket, synced);
    run(&play);
    must_hold(&play.bucket, "SecurityTeamDenyDelete", "theirs", "cost");
    if (synced && (play.times == 1 || strcmp(play.op, "HeadBucket") != 0))
        CHECK_INT(play.bucket.writes, 0);
    /* The next pass is told the truth. */
    play.op = "";
    run(&play);
    must_hold(&play.bucket, "SecurityTeamDenyDelete", "theirs", "cost");
    must_hold(&play.bucket, "BillingdDelivery", "billingd-old", "billingd");
    tear_down(&play.bucket);
}

static void test_every_read_lies(void)
{
    for (size_t op = 0; op < sizeof reads / sizeof *reads; op++)
        for (unsigned nth = 1; nth <= 6; nth++)
            for (unsigned times = 1; times <= 2; times++)
                for (enum lie lie = op ? EMPTY : ABSENT; lie <= (op ? OTHER : ABSENT); lie++)
                    for (unsigned synced = 0; synced < 2; synced++)
                        lie_once(
                            (struct play){.op = reads[op], .nth = nth, .times = times, .lie = lie},
                            synced);
}

/* Made by somebody between two looks, or never gone: where AWS says so it is left as it is, and else
 * what it holds is read before it is replaced. */
static void test_a_bucket_that_was_there(void)
{
    for (unsigned quiet = 0; quiet < 2; quiet++) {
        struct play play = {.op = "HeadBucket", .nth = 1, .times = 2, .lie = ABSENT};

        build(&play.bucket, false);
        play.bucket.quiet = quiet;
        run(&play);
        must_hold(&play.bucket, "SecurityTeamDenyDelete", "theirs", "cost");
        if (quiet)
            must_hold(&play.bucket, "BillingdDelivery", "billingd-old", "billingd");
        else
            CHECK_INT(play.bucket.writes, 1); /* the create that was refused */
        tear_down(&play.bucket);
    }
}

/* A lie that lasts is still not believed about what was seen before it. */
static void test_what_was_shown_stays(void)
{
    for (unsigned nth = 2; nth <= 4; nth++)
        for (size_t op = 1; op < sizeof reads / sizeof *reads; op++) {
            struct play play = {.op = reads[op], .nth = nth, .times = 100, .lie = EMPTY};

            build(&play.bucket, false);
            run(&play);
            must_hold(&play.bucket, "SecurityTeamDenyDelete", "theirs", "cost");
            tear_down(&play.bucket);
        }
}

int main(void)
{
    test_every_read_lies();
    test_a_bucket_that_was_there();
    test_what_was_shown_stays();
    aws_model_unload();
    return check_done();
}
