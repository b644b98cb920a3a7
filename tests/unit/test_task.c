/* A task step by step, with replies by hand: no loop, no network, and a clock that stands still.
 *
 * A small log group plays AWS.  Every reply in turn goes wrong, and the next task must end where an
 * undisturbed one does. */
#include "aws/codec/model.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "reconcile/task.h"
#include "resources/registry.h"

#include <stdlib.h>

static int64_t now_ms;

static void pass_time(int64_t ms)
{
    now_ms += ms;
    clock_freeze_monotonic(now_ms);
}

/* ---- a log group that plays AWS ---- */

struct group {
    bool exists;
    int retention; /* 0: none */
    json_t *tags;
    unsigned reads, writes;
    bool stuck; /* writes have no effect */
};

enum mishap {
    NONE,
    REFUSED,
    THROTTLED,
    CONFLICT,
    LOST
}; /* LOST: took effect, reply did not come */

struct play {
    struct group group;
    unsigned nth; /* reply that goes wrong; 0: none */
    enum mishap mishap;
    unsigned count;
    bool bound; /* somebody reviewed its plan */
    bool spoil; /* with the mishap others take the tags away */
};

static json_t *described(const struct group *group)
{
    json_t *reply = json_pack("{s:[{s:s, s:s}]}", "logGroups", "logGroupName", "other", "arn", "x");
    json_t *one;

    if (!group->exists)
        return reply;
    one = json_pack("{s:s, s:s}", "logGroupName", "g", "logGroupClass", "STANDARD");
    if (group->retention)
        json_object_set_new(one, "retentionInDays", json_integer(group->retention));
    json_array_append_new(json_object_get(reply, "logGroups"), one);
    return reply;
}

/* The result of an operation, NULL with code when AWS refuses. */
static json_t *perform(struct group *group, const char *op, const json_t *params, const char **code)
{
    if (!strcmp(op, "DescribeLogGroups"))
        return described(group);
    if (!strcmp(op, "DescribeAccountPolicies"))
        return json_pack("{s:[]}", "accountPolicies");
    if (!strcmp(op, "CreateLogGroup") && group->exists) {
        *code = "ResourceAlreadyExistsException";
        return NULL;
    }
    if (!strcmp(op, "CreateLogGroup")) {
        group->exists = true;
        group->tags = json_deep_copy(json_object_get(params, "tags"));
        return json_object();
    }
    if (!group->exists) {
        *code = "ResourceNotFoundException";
        return NULL;
    }
    if (!strcmp(op, "ListTagsForResource"))
        return json_pack("{s:o}", "tags",
                         group->tags ? json_deep_copy(group->tags) : json_object());
    if (group->stuck)
        return json_object();
    if (!strcmp(op, "PutRetentionPolicy"))
        group->retention = (int)json_integer_value(json_object_get(params, "retentionInDays"));
    else if (!strcmp(op, "TagResource"))
        json_object_update(group->tags, json_object_get(params, "tags"));
    else
        CHECK_TEXT(op, "an operation that is played");
    return json_object();
}

static void refuse(struct aws_reply *reply, const char *code, const char *message,
                   enum err_kind kind, const char *op)
{
    reply->error.operation = op;
    reply->result = NULL;
    reply->kind = kind;
    (void)snprintf(reply->error.code, sizeof reply->error.code, "%s", code);
    (void)snprintf(reply->error.message, sizeof reply->error.message, "%s", message);
    (void)snprintf(reply->error.request_id, sizeof reply->error.request_id, "id-7");
}

static void reply_to(struct play *play, struct task *task, const struct task_request *request)
{
    bool wrong = ++play->count == play->nth;
    const char *code = "";
    struct aws_reply reply = {0};
    json_t *result = NULL;

    if (request->write)
        play->group.writes++;
    else
        play->group.reads++;
    if (wrong && play->spoil)
        json_object_clear(play->group.tags);
    if (!wrong || play->mishap == LOST)
        result = perform(&play->group, request->call->op, request->params, &code);
    reply.result = result;
    if (wrong && play->mishap == REFUSED)
        refuse(&reply, "InvalidParameterException", "no", ERR_INVALID, request->call->op);
    else if (wrong && play->mishap == CONFLICT)
        refuse(&reply, "OperationAbortedException", "again", ERR_RETRY, request->call->op);
    else if (wrong)
        refuse(&reply, play->mishap == LOST ? "Connection" : "ThrottlingException", "slow",
               ERR_RETRY, request->call->op);
    else if (!result)
        refuse(&reply, code, "refused", ERR_ABSENT, request->call->op);
    task_reply(task, request->slot, &reply);
    json_decref(result);
}

static struct task *group_task(const char *desired, plan_held_fn *held)
{
    json_auto_t *want = json_loads(desired, 0, NULL);
    json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:s}", "account", "123456789012", "region",
                                   "eu-west-1", "partition", "aws", "pipeline", "p");

    CHECK(want);
    return task_new(&(struct task_options){.kind = registry_find("log_group"),
                                           .address = "p/group",
                                           .desired = want,
                                           .facts = facts,
                                           .settle_timeout_s = 60,
                                           .held = held});
}

/* Runs until it is done, waking it as soon as it may be; applies when planned. */
static void run(struct play *play, struct task *task)
{
    struct task_request request;

    for (unsigned guard = 0; task_state(task) != TASK_DONE && guard < 1000; guard++) {
        while (task_next(task, &request))
            reply_to(play, task, &request);
        if (task_state(task) == TASK_PLANNED) {
            if (play->bound)
                task_bind(task);
            task_apply(task);
        } else if (task_state(task) == TASK_WAITING) {
            CHECK(task_wait_ms(task) > 0);
            pass_time(task_wait_ms(task));
            CHECK_INT(task_wait_ms(task), 0);
            task_wake(task);
        }
    }
    CHECK_INT(task_state(task), TASK_DONE);
}

#define WANTED                                                                                     \
    "{\"name\":\"g\",\"class\":\"STANDARD\",\"retention_days\":90,\"tags\":{\"billingd\":\"p\"}}"

static void check_state(const struct group *group)
{
    CHECK(group->exists);
    CHECK_INT(group->retention, 90);
    CHECK_TEXT(json_text(group->tags, "billingd"), "p");
}

static void test_create_and_again(void)
{
    struct play play = {0};
    struct task *task = group_task(WANTED, NULL);

    run(&play, task);
    CHECK_INT(task_verdict(task), VERDICT_REPAIRED);
    CHECK_INT(task_writes(task), 2);
    CHECK_INT(task_plan(task)->action, PLAN_CREATE);
    check_state(&play.group);
    task_free(task);

    play.group.writes = play.group.reads = 0;
    task = group_task(WANTED, NULL);
    run(&play, task);
    CHECK_INT(task_verdict(task), VERDICT_SYNCED);
    CHECK_INT(play.group.writes, 0);
    CHECK_INT(play.group.reads, 3);
    task_free(task);
    json_decref(play.group.tags);
}

/* Drift of one field: one write, and only the document that holds it is read again: once more
 * before the write, since one look alone may be wrong, and after it. */
static void test_repair(void)
{
    struct play play = {.group = {.exists = true, .retention = 1}};
    struct task *task = group_task(WANTED, NULL);

    play.group.tags = json_pack("{s:s, s:s}", "billingd", "p", "owner", "ops");
    run(&play, task);
    CHECK_INT(task_verdict(task), VERDICT_REPAIRED);
    CHECK_INT(play.group.writes, 1);
    CHECK_INT(play.group.reads, 5); /* all three, before the write, after it */
    CHECK_TEXT(json_text(play.group.tags, "owner"), "ops");
    check_state(&play.group);
    task_free(task);
    json_decref(play.group.tags);
}

static void start(struct group *group, bool exists)
{
    *group = (struct group){.exists = exists, .retention = exists ? 1 : 0};
    group->tags = exists ? json_pack("{s:s}", "owner", "ops") : NULL;
}

/* The n-th reply goes wrong: this task may fail, the next must not. */
static void test_every_reply_fails(void)
{
    static const enum mishap mishaps[] = {REFUSED, THROTTLED, CONFLICT, LOST};

    for (unsigned exists = 0; exists < 2; exists++)
        for (size_t m = 0; m < sizeof mishaps / sizeof *mishaps; m++)
            for (unsigned nth = 1; nth <= 8; nth++) {
                struct play play = {.nth = nth, .mishap = mishaps[m]};
                struct task *task = group_task(WANTED, NULL);
                enum task_verdict verdict;

                start(&play.group, exists);
                run(&play, task);
                verdict = task_verdict(task);
                CHECK(verdict == VERDICT_REPAIRED || verdict == VERDICT_RETRY ||
                      verdict == VERDICT_FAILED);
                if (verdict != VERDICT_REPAIRED) {
                    CHECK(strstr(task_text(task), "request id-7"));
                    CHECK(strstr(task_text(task), ": "));
                }
                task_free(task);
                play.nth = 0;
                task = group_task(WANTED, NULL);
                run(&play, task);
                CHECK(task_verdict(task) == VERDICT_SYNCED ||
                      task_verdict(task) == VERDICT_REPAIRED);
                check_state(&play.group);
                if (exists)
                    CHECK_TEXT(json_text(play.group.tags, "owner"), "ops");
                task_free(task);
                json_decref(play.group.tags);
            }
}

/* Looks only: nothing is written. */
static void test_finish(void)
{
    struct play play = {.group = {.exists = true}};
    struct task *task = group_task(WANTED, NULL);
    struct task_request request;

    while (task_next(task, &request))
        reply_to(&play, task, &request);
    CHECK_INT(task_state(task), TASK_PLANNED);
    task_finish(task);
    CHECK_INT(task_verdict(task), VERDICT_DRIFTED);
    CHECK_INT(play.group.writes, 0);
    task_free(task);
}

/* What comes up while a reviewed plan is carried out is not in it. */
static void test_bound_to_a_plan(void)
{
    for (int bound = 0; bound < 2; bound++) {
        /* Reply 5 is the first write's: after all three reads, and one more look. */
        struct play play = {.nth = 5, .mishap = CONFLICT, .bound = bound, .spoil = true};
        struct task *task = group_task(WANTED, NULL);

        play.group = (struct group){.exists = true, .retention = 1};
        play.group.tags = json_pack("{s:s}", "billingd", "p");
        run(&play, task);
        CHECK_INT(task_verdict(task), bound ? VERDICT_RETRY : VERDICT_REPAIRED);
        CHECK_INT(json_object_size(play.group.tags), bound ? 0 : 1);
        CHECK_INT(play.group.retention, 90);
        CHECK(!bound || strstr(task_text(task), "TagResource is not sent"));
        task_free(task);
        json_decref(play.group.tags);
    }
}

static bool hold_all(void *arg, const char *field)
{
    (void)arg, (void)field;
    return true;
}

static void test_held(void)
{
    struct play play = {.group = {.exists = true, .retention = 1}};
    struct task *task = group_task(WANTED, hold_all);

    run(&play, task);
    CHECK_INT(task_verdict(task), VERDICT_HELD);
    CHECK_INT(play.group.writes, 0);
    task_free(task);
}

static const struct group *fought_over;

static bool hold_after_three(void *arg, const char *field)
{
    (void)arg;
    return !strcmp(field, "retention_days") && fought_over->writes >= 3;
}

/* Three writes are three, though one pass may write twice; what is held is not told as repaired. */
static void test_writes_are_counted(void)
{
    static const enum task_verdict verdicts[] = {VERDICT_SETTLING, VERDICT_HELD, VERDICT_HELD};
    struct play play = {.group = {.exists = true, .retention = 1, .stuck = true}};

    play.group.tags = json_pack("{s:s}", "billingd", "p");
    fought_over = &play.group;
    for (size_t pass = 0; pass < sizeof verdicts / sizeof *verdicts; pass++) {
        struct task *task = group_task(WANTED, hold_after_three);

        run(&play, task);
        CHECK_INT(task_verdict(task), verdicts[pass]);
        task_free(task);
    }
    CHECK_INT(play.group.writes, 3);
    json_decref(play.group.tags);
}

/* ---- waiting, with single replies by hand ---- */

struct hand {
    struct task *task;
    struct task_request request;
    struct task_request ahead; /* the next one, when it was asked for already */
    bool has_ahead;
};

static void hand_start_kind(struct hand *hand, const struct kind *kind, const char *desired,
                            bool remove)
{
    json_auto_t *want = json_loads(desired, 0, NULL);
    json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:s}", "account", "123456789012", "region",
                                   "eu-west-1", "partition", "aws", "pipeline", "p");

    CHECK(want);
    hand->has_ahead = false;
    hand->task = task_new(&(struct task_options){.kind = kind,
                                                 .address = "p/x",
                                                 .desired = want,
                                                 .facts = facts,
                                                 .remove = remove,
                                                 .settle_timeout_s = 300});
}

static void hand_start(struct hand *hand, const char *kind, const char *desired)
{
    hand_start_kind(hand, registry_find(kind), desired, false);
}

/* No account has a policy of its own here. */
static void answer_account_reads(struct hand *hand)
{
    json_auto_t *none = json_pack("{s:[]}", "accountPolicies");
    struct aws_reply reply = {.result = none};

    while (!hand->has_ahead && task_state(hand->task) == TASK_READING &&
           task_next(hand->task, &hand->ahead)) {
        if (hand->ahead.call->account_wide)
            task_reply(hand->task, hand->ahead.slot, &reply);
        else
            hand->has_ahead = true;
    }
}

static bool take_next(struct hand *hand)
{
    bool more = hand->has_ahead || task_next(hand->task, &hand->ahead);

    hand->request = hand->ahead;
    hand->has_ahead = false;
    return more;
}

/* Takes the next request, which must be op. */
static void expect(struct hand *hand, const char *op)
{
    bool more = take_next(hand);

    CHECK(more);
    CHECK_TEXT(more ? hand->request.call->op : NULL, op);
}

static void give(struct hand *hand, const char *text)
{
    json_auto_t *result = json_loads(text, 0, NULL);
    struct aws_reply reply = {.result = result};

    CHECK(result);
    task_reply(hand->task, hand->request.slot, &reply);
    answer_account_reads(hand);
}

static void give_error(struct hand *hand, const char *code, const char *message, enum err_kind kind)
{
    struct aws_reply reply = {0};

    refuse(&reply, code, message, kind, hand->request.call->op);
    task_reply(hand->task, hand->request.slot, &reply);
    answer_account_reads(hand);
}

static void wake_after(struct hand *hand, int64_t ms)
{
    CHECK_INT(task_state(hand->task), TASK_WAITING);
    pass_time(ms);
    CHECK_INT(task_wait_ms(hand->task), 0);
    task_wake(hand->task);
}

#define FILTER                                                                                     \
    "{\"log_group\":\"g\",\"name\":\"f\",\"pattern\":\"\",\"destination\":\"d\",\"role\":\"r\"}"
#define NOT_YET "Make sure you have given CloudWatch Logs permission to assume the provided role"

/* A role that is not known yet is waited for, visibly, but not for ever. */
static void test_settle_window(void)
{
    struct hand hand;
    int so_far, at_most, sent = 0;

    hand_start(&hand, "subscription_filter", FILTER);
    expect(&hand, "DescribeSubscriptionFilters");
    give(&hand, "{\"subscriptionFilters\":[]}");
    task_apply(hand.task);
    expect(&hand, "DescribeSubscriptionFilters");
    give(&hand, "{\"subscriptionFilters\":[]}");
    while (task_state(hand.task) != TASK_DONE && sent < 1000) {
        expect(&hand, "PutSubscriptionFilter");
        sent++;
        give_error(&hand, "ValidationException", NOT_YET, ERR_INVALID);
        if (task_state(hand.task) != TASK_WAITING)
            break;
        task_waiting(hand.task, &so_far, &at_most);
        CHECK(so_far <= at_most && at_most == 300);
        CHECK(strstr(task_text(hand.task), "IAM role to propagate"));
        wake_after(&hand, task_wait_ms(hand.task));
    }
    CHECK(sent > 20 && sent < 200);
    /* The window is over: AWS's own words, as an error; what is there is read once more. */
    expect(&hand, "DescribeSubscriptionFilters");
    give(&hand, "{\"subscriptionFilters\":[]}");
    CHECK_INT(task_state(hand.task), TASK_DONE);
    CHECK_INT(task_verdict(hand.task), VERDICT_FAILED);
    CHECK(strstr(task_text(hand.task), NOT_YET));
    task_free(hand.task);
}

/* Another error of the same code is not waited out. */
static void test_settle_is_exact(void)
{
    struct hand hand;

    hand_start(&hand, "subscription_filter", FILTER);
    expect(&hand, "DescribeSubscriptionFilters");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    task_apply(hand.task);
    expect(&hand, "DescribeSubscriptionFilters");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    expect(&hand, "PutSubscriptionFilter");
    give_error(&hand, "ValidationException", "the pattern is wrong", ERR_INVALID);
    CHECK(task_state(hand.task) != TASK_WAITING);
    expect(&hand, "DescribeSubscriptionFilters");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    CHECK_INT(task_verdict(hand.task), VERDICT_FAILED);
    CHECK_TEXT(task_text(hand.task), "PutSubscriptionFilter: ValidationException: the pattern is "
                                     "wrong (request id-7)");
    CHECK_TEXT(task_summary(hand.task),
               "PutSubscriptionFilter: ValidationException: the pattern is wrong");
    task_free(hand.task);
}

#define DESCRIBED(status)                                                                          \
    "{\"DeliveryStreamDescription\":{\"DeliveryStreamStatus\":\"" status                           \
    "\",\"VersionId\":\"1\",\"Destinations\":[{\"DestinationId\":\"d\","                           \
    "\"ExtendedS3DestinationDescription\":{\"CompressionFormat\":\"GZIP\"}}]}}"

/* CREATING is looked at again until it is ACTIVE; nothing is written meanwhile. */
static void test_wait_until_ready(void)
{
    struct hand hand;

    hand_start(&hand, "delivery_stream", "{\"name\":\"s\",\"compression\":\"GZIP\"}");
    expect(&hand, "DescribeDeliveryStream");
    give(&hand, DESCRIBED("CREATING"));
    CHECK_INT(task_plan(hand.task)->action, PLAN_WAIT);
    task_apply(hand.task);
    for (int i = 0; i < 3; i++) {
        wake_after(&hand, task_wait_ms(hand.task));
        expect(&hand, "DescribeDeliveryStream");
        give(&hand, DESCRIBED("CREATING"));
    }
    wake_after(&hand, task_wait_ms(hand.task));
    expect(&hand, "DescribeDeliveryStream");
    give(&hand, DESCRIBED("ACTIVE"));
    CHECK_INT(task_state(hand.task), TASK_DONE);
    CHECK_INT(task_verdict(hand.task), VERDICT_SYNCED);
    task_free(hand.task);
}

static void test_wait_ends(void)
{
    struct hand hand;
    int looks = 0;

    hand_start(&hand, "delivery_stream", "{\"name\":\"s\",\"compression\":\"GZIP\"}");
    expect(&hand, "DescribeDeliveryStream");
    give(&hand, DESCRIBED("CREATING"));
    task_apply(hand.task);
    for (; task_state(hand.task) == TASK_WAITING && looks < 1000; looks++) {
        wake_after(&hand, task_wait_ms(hand.task));
        expect(&hand, "DescribeDeliveryStream");
        give(&hand, DESCRIBED("CREATING"));
    }
    CHECK_INT(task_verdict(hand.task), VERDICT_SETTLING);
    CHECK(looks < 100);
    task_free(hand.task);
}

/* ---- two looks ---- */

#define NO_GROUPS "{\"logGroups\":[]}"
#define A_GROUP "{\"logGroups\":[{\"logGroupName\":\"g\",\"logGroupClass\":\"STANDARD\"}]}"

/* Read for the first time, and missed by a list before where that is said. */
static void start_group(struct hand *hand, bool missed, const char *told)
{
    hand_start(hand, "log_group", "{\"name\":\"g\",\"retention_days\":7}");
    expect(hand, "DescribeLogGroups");
    if (missed)
        task_missed(hand->task, hand->request.slot);
    give(hand, told);
    CHECK_INT(task_state(hand->task), TASK_PLANNED);
}

/* A list that has all, and its own read: two looks, while they are of now. */
static void test_missed_is_a_look(void)
{
    struct task_request request;
    struct hand hand;
    size_t at = 0;

    start_group(&hand, true, NO_GROUPS);
    CHECK(!task_look_ahead(hand.task, &at, &request));
    task_confirm(hand.task, true);
    CHECK(!task_next(hand.task, &request) && task_state(hand.task) == TASK_PLANNED);
    task_apply(hand.task);
    expect(&hand, "CreateLogGroup");
    task_free(hand.task);
}

/* Each of these is one look. */
static void test_one_look_is_not_enough(void)
{
    static const struct {
        bool missed, twice, there;
    } cases[] = {{true, false, false}, /* it was long ago */
                 {false, true, false}, /* no list was asked */
                 {true, true, true},   /* the list did not know it yet */
                 {false, false, false}};
    struct hand hand;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_group(&hand, cases[i].missed, cases[i].there ? A_GROUP : NO_GROUPS);
        task_confirm(hand.task, cases[i].twice);
        expect(&hand, "DescribeLogGroups");
        give(&hand, A_GROUP);
        if (!cases[i].there) { /* it is there after all */
            expect(&hand, "DescribeLogGroups");
            give(&hand, A_GROUP);
        }
        CHECK_INT(task_state(hand.task), TASK_PLANNED);
        task_apply(hand.task);
        if (cases[i].there)
            expect(&hand, "PutRetentionPolicy");
        else /* nobody was shown what would change in it */
            CHECK(!take_next(&hand) && strstr(task_text(hand.task), "somebody else made it"));
        task_free(hand.task);
    }
}

/* What its own read has not is looked at again while its tags are still asked for. */
static void test_absent_looks_ahead(void)
{
    struct task_request ahead, tags;
    struct hand hand;
    size_t at = 0;

    hand_start(&hand, "delivery_stream",
               "{\"name\":\"s\",\"compression\":\"GZIP\",\"tags\":{\"a\":\"b\"}}");
    CHECK(!task_seems_absent(hand.task) && !task_look_ahead(hand.task, &at, &ahead));
    expect(&hand, "DescribeDeliveryStream");
    CHECK(task_next(hand.task, &tags));
    give_error(&hand, "ResourceNotFoundException", "none", ERR_ABSENT);
    CHECK_INT(task_state(hand.task), TASK_READING);
    at = 0;
    CHECK(task_seems_absent(hand.task) && task_look_ahead(hand.task, &at, &ahead));
    CHECK_TEXT(ahead.call->op, "DescribeDeliveryStream");
    hand.request = tags;
    give_error(&hand, "ResourceNotFoundException", "none", ERR_ABSENT);
    CHECK_INT(task_plan(hand.task)->action, PLAN_CREATE);
    task_free(hand.task);
    /* One that is to go is not made. */
    hand_start_kind(&hand, registry_find("alarm"), "{\"name\":\"a\"}", true);
    expect(&hand, "DescribeAlarms");
    CHECK(!task_seems_absent(hand.task));
    task_free(hand.task);
}

/* ---- reads that need each other ---- */

#define QUERY "{\"workgroup\":\"w\",\"database\":\"d\",\"name\":\"n\",\"sql\":\"SELECT 1\"}"

/* Ids come in pages, and are asked about fifty at a time. */
static void test_pages_and_pieces(void)
{
    json_auto_t *first = json_pack("{s:[], s:s}", "NamedQueryIds", "NextToken", "t");
    json_auto_t *second = json_pack("{s:[]}", "NamedQueryIds");
    struct aws_reply one = {.result = first}, two = {.result = second};
    struct hand hand;

    for (int i = 0; i < 50; i++)
        json_array_append_new(json_object_get(first, "NamedQueryIds"), json_sprintf("a%d", i));
    for (int i = 0; i < 30; i++)
        json_array_append_new(json_object_get(second, "NamedQueryIds"), json_sprintf("b%d", i));
    hand_start(&hand, "named_query", QUERY);
    expect(&hand, "ListNamedQueries");
    task_reply(hand.task, hand.request.slot, &one);
    expect(&hand, "ListNamedQueries");
    CHECK_TEXT(json_text(hand.request.params, "NextToken"), "t");
    task_reply(hand.task, hand.request.slot, &two);
    expect(&hand, "BatchGetNamedQuery");
    CHECK_INT((long long)json_array_size(json_object_get(hand.request.params, "NamedQueryIds")),
              50);
    give(&hand, "{\"NamedQueries\":[]}");
    expect(&hand, "BatchGetNamedQuery");
    CHECK_INT((long long)json_array_size(json_object_get(hand.request.params, "NamedQueryIds")),
              30);
    give(&hand, "{\"NamedQueries\":[{\"Name\":\"n\",\"Database\":\"d\",\"NamedQueryId\":\"b7\","
                "\"QueryString\":\"select  1\"}]}");
    CHECK_INT(task_state(hand.task), TASK_PLANNED);
    CHECK_INT(task_plan(hand.task)->action, PLAN_NONE);
    task_free(hand.task);
}

/* Half of a list would be taken for all of it. */
static void test_pages_in_circles(void)
{
    static const char *const tokens[][4] = {{"t", "t", NULL}, {"t", "u", "v", "u"}};

    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct hand hand;

        hand_start(&hand, "named_query", QUERY);
        for (size_t j = 0; j < 4 && tokens[i][j]; j++) {
            json_auto_t *page =
                json_pack("{s:[], s:s}", "NamedQueryIds", "NextToken", tokens[i][j]);
            struct aws_reply reply = {.result = page};

            CHECK_INT(task_state(hand.task), TASK_READING);
            expect(&hand, "ListNamedQueries");
            task_reply(hand.task, hand.request.slot, &reply);
        }
        CHECK_INT(task_verdict(hand.task), VERDICT_RETRY);
        CHECK(strstr(task_text(hand.task), "ListNamedQueries: a page token came twice"));
        CHECK(!task_next(hand.task, &hand.request));
        task_free(hand.task);
    }
}

static void test_pages_without_end(void)
{
    struct hand hand;
    int page = 0;

    hand_start(&hand, "named_query", QUERY);
    for (; page < 5000 && task_state(hand.task) == TASK_READING; page++) {
        json_auto_t *result =
            json_pack("{s:[], s:o}", "NamedQueryIds", "NextToken", json_sprintf("t%d", page));
        struct aws_reply reply = {.result = result};

        expect(&hand, "ListNamedQueries");
        task_reply(hand.task, hand.request.slot, &reply);
    }
    CHECK_INT(task_verdict(hand.task), VERDICT_RETRY);
    CHECK(page < 5000);
    task_free(hand.task);
}

/* No workgroup, no ids: the second read has nothing to ask. */
static void test_hopeless_read(void)
{
    struct hand hand;

    hand_start(&hand, "named_query", QUERY);
    expect(&hand, "ListNamedQueries");
    give_error(&hand, "InvalidRequestException", "WorkGroup w is not found.", ERR_INVALID);
    CHECK(!task_next(hand.task, &hand.request));
    CHECK_INT(task_state(hand.task), TASK_PLANNED);
    CHECK_INT(task_plan(hand.task)->action, PLAN_CREATE);
    task_free(hand.task);
}

#define LOGGING                                                                                    \
    "{\"api_name\":\"a\",\"stage\":\"$default\",\"api_id\":\"\",\"log_group\":\"g\","              \
    "\"format\":\"f\"}"

static void test_unique(void)
{
    static const struct {
        const char *apis, *text;
    } cases[] = {
        {"{\"Items\":[]}", "there is no HTTP API named a in eu-west-1, nor any other: is it the "
                           "right region, and the right account?"},
        {"{\"Items\":[{\"Name\":\"bbb\",\"ProtocolType\":\"HTTP\",\"ApiId\":\"3\"},"
         "{\"Name\":\"b\",\"ProtocolType\":\"HTTP\",\"ApiId\":\"1\"},"
         "{\"Name\":\"bb\",\"ProtocolType\":\"HTTP\",\"ApiId\":\"2\"}]}",
         "named a in eu-west-1; the nearest: b (api_id 1), bb (api_id 2), bbb (api_id 3)"},
        {"{\"Items\":[{\"Name\":\"a\",\"ProtocolType\":\"WEBSOCKET\",\"ApiId\":\"1\"}]}",
         "there is no HTTP API named a in eu-west-1; the nearest: a (api_id 1, WEBSOCKET)"},
        {"{\"Items\":[{\"Name\":\"a\",\"ProtocolType\":\"HTTP\",\"ApiId\":\"1\"},"
         "{\"Name\":\"a\",\"ProtocolType\":\"HTTP\",\"ApiId\":\"2\"}]}",
         "2 HTTP APIs in eu-west-1 are named a: 1, 2; set api_id to the one that is meant"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hand hand;

        hand_start(&hand, "stage_logging", LOGGING);
        expect(&hand, "GetApis");
        give(&hand, cases[i].apis);
        CHECK_INT(task_verdict(hand.task), VERDICT_BLOCKED);
        CHECK(strstr(task_text(hand.task), cases[i].text));
        CHECK(!task_next(hand.task, &hand.request));
        task_free(hand.task);
    }
}

/* Older partitions, and other emulators, do not tell a group's class: it is STANDARD then. */
static void test_absent_member(void)
{
    static const struct {
        const char *group;
        enum plan_action action;
    } cases[] = {
        {"{\"logGroups\":[{\"logGroupName\":\"g\"}]}", PLAN_NONE},
        {"{\"logGroups\":[{\"logGroupName\":\"g\",\"logGroupClass\":\"STANDARD\"}]}", PLAN_NONE},
        {"{\"logGroups\":[{\"logGroupName\":\"g\",\"logGroupClass\":\"INFREQUENT_ACCESS\"}]}",
         PLAN_BLOCKED},
        {"{\"logGroups\":[]}", PLAN_CREATE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hand hand;

        hand_start(&hand, "log_group", "{\"name\":\"g\",\"class\":\"STANDARD\"}");
        expect(&hand, "DescribeLogGroups");
        give(&hand, cases[i].group);
        CHECK_INT(task_plan(hand.task)->action, cases[i].action);
        task_free(hand.task);
    }
}

/* What spec and AWS are silent about are two things: a table of no type is one. */
static void test_absent_table_type(void)
{
    struct hand hand;

    hand_start(&hand, "glue_table",
               "{\"database\":\"d\",\"name\":\"t\",\"type\":\"EXTERNAL_TABLE\"}");
    expect(&hand, "GetTable");
    give(&hand, "{\"Table\":{\"Name\":\"t\"}}");
    CHECK_INT(task_plan(hand.task)->action, PLAN_UPDATE);
    task_free(hand.task);
}

/* A refused read says what it means, and then AWS's own words. */
static void test_refused_read(void)
{
    struct hand hand;

    hand_start(&hand, "s3_bucket", "{\"name\":\"b\",\"region\":\"eu-west-1\"}");
    expect(&hand, "HeadBucket");
    give_error(&hand, "HTTP 403", "no error document", ERR_DENIED);
    CHECK_INT(task_verdict(hand.task), VERDICT_DENIED);
    CHECK(strstr(task_text(hand.task), "another account"));
    CHECK(strstr(task_text(hand.task), "HeadBucket: HTTP 403: no error document"));
    task_free(hand.task);
}

/* A proxy drops the header that tells a bucket's region: it is unknown then, not different. */
static void test_untold_is_unknown(void)
{
    struct hand hand;

    hand_start(&hand, "s3_bucket", "{\"name\":\"b\",\"region\":\"eu-west-1\"}");
    expect(&hand, "HeadBucket");
    give(&hand, "{}");
    /* What the spec does not declare is looked at too: there is none of it. */
    while (task_state(hand.task) == TASK_READING && take_next(&hand))
        give_error(&hand, "NoSuchBucket", "", ERR_ABSENT);
    CHECK_INT(task_plan(hand.task)->action, PLAN_BLOCKED);
    CHECK(strstr(task_plan(hand.task)->reason, "AWS's reply does not tell its region"));
    task_free(hand.task);
}

#define TABLE                                                                                      \
    "{\"database\":\"d\",\"name\":\"t\",\"location\":\"s3://b/x/\",\"columns\":{\"a\":\"int\"}}"

/* After a create, of its own or of what it refers to, AWS may not know everywhere what was made;
 * the same words mean what they say otherwise. */
static void test_not_there_after_a_create(void)
{
    for (unsigned follows = 0; follows < 2; follows++) {
        struct hand hand;

        hand_start(&hand, "glue_table", TABLE);
        expect(&hand, "GetTable");
        give(&hand, "{\"Table\":{\"Name\":\"t\"}}");
        if (follows)
            task_follows_create(hand.task);
        task_apply(hand.task);
        expect(&hand, "GetTable");
        give(&hand, "{\"Table\":{\"Name\":\"t\"}}");
        expect(&hand, "GetTable"); /* replaced whole: read right before */
        give(&hand, "{\"Table\":{\"Name\":\"t\"}}");
        expect(&hand, "UpdateTable");
        give_error(&hand, "EntityNotFoundException", "Database d not found.", ERR_ABSENT);
        CHECK_INT(task_state(hand.task) == TASK_WAITING, follows);
        if (follows)
            CHECK_TEXT(task_text(hand.task), "waiting for what was just made to appear");
        task_free(hand.task);
    }
}

/* Nothing was made in this pass: what is not found is not there, and nobody waits for it. */
static void test_missing_group(void)
{
    for (unsigned follows = 0; follows < 2; follows++) {
        struct hand hand;

        hand_start(&hand, "log_stream", "{\"log_group\":\"g\",\"name\":\"s\"}");
        for (int look = 0; look < 2; look++) {
            expect(&hand, "DescribeLogStreams");
            give_error(&hand, "ResourceNotFoundException", "no group", ERR_ABSENT);
            if (!look && follows)
                task_follows_create(hand.task);
            if (!look)
                task_apply(hand.task);
        }
        expect(&hand, "CreateLogStream");
        give_error(&hand, "ResourceNotFoundException", "The specified log group does not exist.",
                   ERR_ABSENT);
        CHECK_INT(task_state(hand.task) == TASK_WAITING, follows);
        if (!follows) {
            expect(&hand, "DescribeLogStreams");
            give_error(&hand, "ResourceNotFoundException", "no group", ERR_ABSENT);
            CHECK_INT(task_verdict(hand.task), VERDICT_FAILED);
            CHECK(strstr(task_text(hand.task), "The specified log group does not exist."));
        }
        task_free(hand.task);
    }
}

/* ---- a kind of our own: whose mark has a read of its own, and of many reads ---- */

static const struct call find_group = {
    .op = "DescribeLogGroups",
    .send = "logGroupNamePrefix=name",
    .take = "logGroups",
    .find = "logGroupName=name",
};
static const struct call drop_group = {
    .op = "DeleteLogGroup",
    .send = "logGroupName=name",
    .already = "ResourceNotFoundException",
};
static const struct call list_tags = {
    .op = "ListTagsForResource",
    .send = "resourceArn=@arn",
    .absent = "ResourceNotFoundException",
};
static const struct call list_filters = {
    .op = "DescribeSubscriptionFilters",
    .send = "logGroupName=name",
    .absent = "ResourceNotFoundException",
};
static const struct field removable_fields[] = {
    {.name = "name", .flags = FIELD_KEY},
    {.name = "tags", .member = "tags", .type = FIELD_MAP, .flags = FIELD_OWNER, .read = &list_tags},
    {.name = "filters", .member = "subscriptionFilters", .type = FIELD_LIST, .read = &list_filters},
    {0},
};
static const struct kind removable = {
    .name = "removable",
    .title = "removable",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    .fields = removable_fields,
    .read = &find_group,
    .remove = &drop_group,
};

#define REMOVED "{\"name\":\"g\",\"tags\":{\"billingd\":\"p\"},\"filters\":[]}"
#define FOUND "{\"logGroups\":[{\"logGroupName\":\"g\"}]}"

/* Its mark is looked at, and nothing else; what carries ours is deleted. */
static void test_removal(void)
{
    struct hand hand;

    hand_start_kind(&hand, &removable, REMOVED, true);
    expect(&hand, "DescribeLogGroups");
    give(&hand, FOUND);
    expect(&hand, "ListTagsForResource");
    CHECK(!task_next(hand.task, &hand.request));
    give(&hand, "{\"tags\":{\"billingd\":\"p\",\"owner\":\"ops\"}}");
    CHECK_INT(task_plan(hand.task)->action, PLAN_REMOVE);
    task_apply(hand.task);
    expect(&hand, "DescribeLogGroups");
    give(&hand, FOUND);
    expect(&hand, "ListTagsForResource");
    give(&hand, "{\"tags\":{\"billingd\":\"p\",\"owner\":\"ops\"}}");
    expect(&hand, "DeleteLogGroup");
    give(&hand, "{}");
    expect(&hand, "DescribeLogGroups");
    give(&hand, "{\"logGroups\":[]}");
    expect(&hand, "ListTagsForResource");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    CHECK_INT(task_verdict(hand.task), VERDICT_REPAIRED);
    task_free(hand.task);
}

static void test_removal_of_others(void)
{
    static const char *const tags[] = {"{\"tags\":{}}", "{\"tags\":{\"billingd\":\"q\"}}"};

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        struct hand hand;

        hand_start_kind(&hand, &removable, REMOVED, true);
        expect(&hand, "DescribeLogGroups");
        give(&hand, FOUND);
        expect(&hand, "ListTagsForResource");
        give(&hand, tags[i]);
        CHECK_INT(task_plan(hand.task)->action, PLAN_BLOCKED);
        task_apply(hand.task);
        CHECK_INT(task_verdict(hand.task), VERDICT_BLOCKED);
        CHECK(!task_next(hand.task, &hand.request));
        task_free(hand.task);
    }
}

/* The tags of a new one need the ARN that only AWS knows: they follow, as soon as it is read. */
static void test_put_off_until_it_is_there(void)
{
    static const struct call make = {.op = "CreateLogGroup", .send = "logGroupName=name"};
    static const struct call tag = {.op = "TagResource", .send = "resourceArn=id tags=tags"};
    static const struct field fields[] = {
        {.name = "name", .flags = FIELD_KEY},
        {.name = "id", .member = "arn", .flags = FIELD_REPORTED},
        {.name = "tags",
         .member = "tags",
         .type = FIELD_MAP,
         .flags = FIELD_OWNER,
         .read = &list_tags,
         .set = &tag},
        {0},
    };
    struct kind kind = removable;
    struct hand hand;

    kind.fields = fields;
    kind.create = &make;
    hand_start_kind(&hand, &kind, "{\"name\":\"g\",\"tags\":{\"billingd\":\"p\"}}", false);
    expect(&hand, "DescribeLogGroups");
    give(&hand, "{\"logGroups\":[]}");
    expect(&hand, "ListTagsForResource");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    task_apply(hand.task);
    expect(&hand, "DescribeLogGroups");
    give(&hand, "{\"logGroups\":[]}");
    expect(&hand, "ListTagsForResource");
    give_error(&hand, "ResourceNotFoundException", "no such group", ERR_ABSENT);
    expect(&hand, "CreateLogGroup");
    give(&hand, "{}");
    for (int look = 0; look < 2; look++) { /* the first look is too early */
        expect(&hand, "DescribeLogGroups");
        give(&hand, look ? "{\"logGroups\":[{\"logGroupName\":\"g\",\"arn\":\"a\"}]}"
                         : "{\"logGroups\":[]}");
        expect(&hand, "ListTagsForResource");
        give(&hand, "{\"tags\":{}}");
        if (!look)
            wake_after(&hand, task_wait_ms(hand.task));
    }
    expect(&hand, "ListTagsForResource"); /* what is there now was seen once */
    give(&hand, "{\"tags\":{}}");
    expect(&hand, "TagResource");
    CHECK_TEXT(json_text(hand.request.params, "resourceArn"), "a");
    give(&hand, "{}");
    expect(&hand, "ListTagsForResource");
    give(&hand, "{\"tags\":{\"billingd\":\"p\"}}");
    CHECK_INT(task_verdict(hand.task), VERDICT_REPAIRED);
    task_free(hand.task);
}

/* A kind may have as many reads as fields. */
static void test_many_reads(void)
{
    enum { MANY = 40 };
    struct call reads[MANY];
    struct field fields[MANY + 2] = {{.name = "name", .flags = FIELD_KEY}};
    char names[MANY][8];
    struct kind kind = removable;
    struct hand hand;
    int count = 0;

    for (int i = 0; i < MANY; i++) {
        reads[i] = list_tags;
        (void)snprintf(names[i], sizeof names[i], "f%d", i);
        fields[i + 1] = (struct field){.name = names[i],
                                       .member = "tags",
                                       .type = FIELD_MAP,
                                       .flags = FIELD_ALWAYS,
                                       .read = &reads[i]};
    }
    kind.fields = fields;
    hand_start_kind(&hand, &kind, "{\"name\":\"g\"}", false);
    expect(&hand, "DescribeLogGroups");
    give(&hand, FOUND);
    for (; take_next(&hand); count++)
        give(&hand, "{\"tags\":{}}");
    CHECK_INT(count, MANY);
    CHECK_INT(task_state(hand.task), TASK_PLANNED);
    task_free(hand.task);
}

/* ---- what a kind says once for its calls, and of one of them ---- */

static json_t *retention(const struct scope *scope)
{
    return json_pack("{s:O, s:O}", "logGroupName", json_object_get(scope->desired, "name"),
                     "retentionInDays", json_object_get(scope->desired, "days"));
}

static const struct field own_fields[] = {
    {.name = "name", .flags = FIELD_KEY},
    {.name = "days", .member = "retentionInDays", .type = FIELD_INT},
    {0},
};
#define KEPT "{\"logGroups\":[{\"logGroupName\":\"g\",\"retentionInDays\":7}]}"

/* A built document replaces, and is read once more before; one that AWS merges does not. */
static void test_build_may_merge(void)
{
    for (unsigned merges = 0; merges < 2; merges++) {
        const struct call put = {
            .op = "PutRetentionPolicy", .build = retention, .merges = merges != 0};
        struct kind kind = removable;
        struct hand hand;

        kind.fields = own_fields;
        kind.update = &put;
        CHECK_INT(kind_call_replaces(&kind, &put), !merges);
        hand_start_kind(&hand, &kind, "{\"name\":\"g\",\"days\":30}", false);
        for (unsigned look = 0; look < 3 - merges; look++) {
            expect(&hand, "DescribeLogGroups");
            give(&hand, KEPT);
            if (!look)
                task_apply(hand.task);
        }
        expect(&hand, "PutRetentionPolicy");
        task_free(hand.task);
    }
}

/* What the table says that AWS always sends is missing: no reply at all. */
static void test_always(void)
{
    static const struct {
        const char *always, *reply, *missing;
    } cases[] = {
        {"logGroups", "{}", "the reply has no logGroups"},
        {"logGroups+", "{\"logGroups\":[]}", "the reply has an empty logGroups"},
        {"logGroups logGroups[].arn", KEPT, "the reply has no logGroups[].arn"},
        {"logGroups logGroups[].logGroupName", KEPT, NULL},
        {"", "{}", NULL}, /* nothing is sure */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct call look = {.op = "DescribeLogGroups",
                                  .send = "logGroupNamePrefix=name",
                                  .always = cases[i].always};
        struct kind kind = removable;
        struct hand hand;

        kind.fields = own_fields;
        kind.read = &look;
        hand_start_kind(&hand, &kind, "{\"name\":\"g\"}", false);
        expect(&hand, "DescribeLogGroups");
        give(&hand, cases[i].reply);
        CHECK_INT(task_verdict(hand.task) == VERDICT_RETRY, cases[i].missing != NULL);
        CHECK(!cases[i].missing || strstr(task_text(hand.task), cases[i].missing));
        CHECK_INT(task_state(hand.task) == TASK_PLANNED, !cases[i].missing);
        task_free(hand.task);
    }
}

/* Codes, words and waits that hold for all calls of a kind. */
static void test_said_once(void)
{
    static const struct settle settle[] = {{"Busy", NULL, 60, "it to be quiet"}, {0}};
    static const struct call put = {.op = "PutRetentionPolicy",
                                    .send = "logGroupName=name retentionInDays=days"};
    struct kind kind = removable;
    struct hand hand;

    kind.fields = own_fields;
    kind.update = &put;
    kind.gone = "Gone";
    kind.shut_out = "somebody keeps us out";
    kind.settle = settle;
    hand_start_kind(&hand, &kind, "{\"name\":\"g\",\"days\":30}", false);
    expect(&hand, "DescribeLogGroups");
    give_error(&hand, "Gone", "", ERR_INVALID);
    CHECK_INT(task_plan(hand.task)->action, PLAN_BLOCKED); /* not there, and never created */
    task_free(hand.task);

    hand_start_kind(&hand, &kind, "{\"name\":\"g\",\"days\":30}", false);
    expect(&hand, "DescribeLogGroups");
    give_error(&hand, "AccessDenied", "no", ERR_DENIED);
    CHECK(strstr(task_text(hand.task), "somebody keeps us out: DescribeLogGroups: AccessDenied"));
    task_free(hand.task);

    hand_start_kind(&hand, &kind, "{\"name\":\"g\",\"days\":30}", false);
    expect(&hand, "DescribeLogGroups");
    give(&hand, KEPT);
    task_apply(hand.task);
    expect(&hand, "DescribeLogGroups");
    give(&hand, KEPT);
    expect(&hand, "PutRetentionPolicy");
    give_error(&hand, "Busy", "", ERR_INVALID);
    CHECK_INT(task_state(hand.task), TASK_WAITING);
    CHECK_TEXT(task_text(hand.task), "waiting for it to be quiet");
    task_free(hand.task);
}

int main(void)
{
    pass_time(1000);
    test_create_and_again();
    test_repair();
    test_every_reply_fails();
    test_finish();
    test_bound_to_a_plan();
    test_held();
    test_writes_are_counted();
    test_settle_window();
    test_settle_is_exact();
    test_wait_until_ready();
    test_wait_ends();
    test_missed_is_a_look();
    test_one_look_is_not_enough();
    test_absent_looks_ahead();
    test_pages_and_pieces();
    test_pages_in_circles();
    test_pages_without_end();
    test_hopeless_read();
    test_unique();
    test_absent_member();
    test_absent_table_type();
    test_refused_read();
    test_untold_is_unknown();
    test_not_there_after_a_create();
    test_removal();
    test_removal_of_others();
    test_put_off_until_it_is_there();
    test_many_reads();
    test_missing_group();
    test_build_may_merge();
    test_always();
    test_said_once();
    aws_model_unload();
    return check_done();
}
