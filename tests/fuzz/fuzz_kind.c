/* A resource of the shipped pipeline while AWS answers with anything: {operation: result, or {"!":
 * error code}}. Its task comes to an end, what it would send is encoded or refused, nothing is
 * written on reads that failed, and what it tells is text.  The first byte chooses the resource. */
#include "fuzz.h"

#include "aws/codec/codec.h"
#include "aws/retry.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "reconcile/task.h"
#include "spec/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REPLIES = 200, MOST_TURNS = 400 };

static const char spec[] =
    "account: \"123456789012\"\nregion: ap-northeast-2\n"
    "template: specs/pipeline.yaml\n"
    "billing: {currency: USD, prices: [{from: 2020-01-01, call: 1, gib: 1}]}\n"
    "pipelines: {shop: {parameters: {api_name: api, bucket: shop-bucket, "
    "firehose: fh, log_group: /g, database: db, workgroup: wg, "
    "table_json: t, table_parquet: p}}}\n";

static struct manifest *manifest;
static json_t *facts, *wanted;

static void prepare(void)
{
    struct problems problems = {0};

    if (manifest)
        return;
    manifest = manifest_load_text("fuzz.yaml", spec, true, &problems);
    problems_print(&problems, stderr, false);
    must(manifest);
    problems_fini(&problems);
    facts = manifest_resolve_facts(manifest->pipelines, manifest->account);
    json_object_set_new(facts, "pipeline", json_string("shop"));
    wanted = manifest_resolve(manifest->pipelines, facts);
}

struct play {
    const json_t *answers;
    const struct kind *kind;
    struct task *task;
    int64_t now_ms;
    unsigned replies;
    bool unread; /* a read had no answer that tells anything */
};

/* What is sent is encoded, or refused by AWS's models: a value that AWS itself gave may be
 * anything. */
static void check_request(const struct play *play, const struct task_request *request)
{
    struct aws_operation operation;
    struct aws_message message = {0};
    struct err e = {0};

    must(aws_model_operation(aws_model(play->kind->service), request->call->op, &operation));
    if (codec_encode(&operation, request->params, &message, &e))
        fuzz_error(&e);
    aws_message_fini(&message);
}

static void answer(struct play *play, const struct task_request *request)
{
    const json_t *answer = json_object_get(play->answers, request->call->op);
    const char *code = json_text(answer, "!");
    struct aws_reply reply = {.attempts = 1};

    check_request(play, request);
    must(!request->write || !play->unread);
    reply.error.operation = request->call->op;
    if (json_is_object(answer) && !code && play->replies++ < MOST_REPLIES) {
        reply.result = (json_t *)answer;
    } else {
        (void)snprintf(reply.error.code, sizeof reply.error.code, "%.90s", code ? code : "Timeout");
        str_make_utf8(reply.error.code);
        reply.error.status = code ? 400 : 0;
        reply.kind = retry_kind(play->kind->service, reply.error.status, reply.error.code);
        play->unread |= !request->write && !code && !request->call->account_wide;
    }
    task_reply(play->task, request->slot, &reply);
}

static void check_end(const struct task *task)
{
    const struct plan *plan = task_last_plan(task);
    json_auto_t *json = plan ? plan_json(plan, task_kind(task)) : NULL;
    cleanup_free char *text = json ? json_canonical(json) : NULL;

    must(task_state(task) == TASK_DONE && task_verdict(task) != VERDICT_NONE);
    must(!plan || text);
    must(str_is_utf8(task_text(task), strlen(task_text(task))));
    must(json_is_array(task_notes(task)) && json_is_array(task_beside(task)));
}

static void run(struct play *play)
{
    struct task_request request;

    for (unsigned turn = 0; task_state(play->task) != TASK_DONE && turn < MOST_TURNS; turn++) {
        while (task_next(play->task, &request))
            answer(play, &request);
        if (task_state(play->task) == TASK_PLANNED) {
            task_apply(play->task);
        } else if (task_state(play->task) == TASK_WAITING) {
            clock_freeze_monotonic(play->now_ms += task_wait_ms(play->task) + 1);
            task_wake(play->task);
        }
    }
}

FUZZ_TARGET(kind)
{
    struct fuzz_input input = {data, size};
    const struct manifest_resource *resource;
    struct play play = {.now_ms = 1000};
    json_auto_t *answers = NULL;
    size_t index;

    prepare();
    index = fuzz_byte(&input) % manifest->pipelines[0].resource_count;
    resource = &manifest->pipelines[0].resources[index];
    answers = fuzz_json(&input);
    clock_freeze_monotonic(play.now_ms);
    play.answers = answers;
    play.kind = resource->kind;
    play.task = task_new(&(struct task_options){.kind = resource->kind,
                                                .address = resource->address,
                                                .desired = json_array_get(wanted, index),
                                                .facts = facts,
                                                .settle_timeout_s = 60});
    run(&play);
    check_end(play.task);
    task_free(play.task);
}
