/* athena_query.c -- starts a query, waits for it, and knows what its failures mean. */
#include "aws/fence.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "billing/store/athena_query_private.h"
#include "billing/store/athena_query_text.h"
#include "billing/store/damaged.h"
#include "billing/store/scan_cap.h"
#include "billing/store/store_operations.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_RUNS = 3,         /* of a query that Athena calls retryable */
    MOST_REFUSALS = 40,    /* throttled starts in a row: some 15 minutes */
    MOST_UNSEEN = 2,       /* more starts after one of which nobody knows what came of it */
    MOST_BLIND_POLLS = 10, /* looks in a row without an answer */
    FIRST_PAUSE_MS = 500,  /* after a refused start or a failed run */
    MOST_PAUSE_MS = 30000,
    KEY_LENGTH = 24,
    WAIT_PERCENT = 5, /* a look comes at most so much of a query's time after its end */
};

static struct {
    int64_t first_ms, most_ms; /* between looks */
    int64_t scanned_bytes;
    uint64_t untold;
} state = {.first_ms = 20, .most_ms = 2000};

void athena_query_pace(int64_t first_ms, int64_t most_ms)
{
    state.first_ms = first_ms;
    state.most_ms = most_ms;
}

int64_t athena_query_scanned(void)
{
    return state.scanned_bytes;
}

uint64_t athena_query_untold(void)
{
    return state.untold;
}

void athena_query_result_fini(struct athena_result *result)
{
    json_decref(result->rows);
    json_decref(result->columns);
    *result = (struct athena_result){0};
}

/* ---- what a failure means ---- */

const char *athena_query_reason(const json_t *status)
{
    const char *reason = json_text(status, "StateChangeReason");

    if (!reason)
        reason = json_string_value(json_at(status, "AthenaError.ErrorMessage"));
    return reason ? reason : "no reason was given";
}

/* AthenaError.ErrorCategory: 1 system, 2 user, 3 other (API reference). */
enum athena_failure athena_query_judge(const json_t *status)
{
    const char *how = json_text(status, "State");
    const json_t *error = json_object_get(status, "AthenaError");

    if (how && !strcmp(how, "CANCELLED"))
        return ATHENA_CANCELLED;
    if (json_is_true(json_object_get(error, "Retryable")) ||
        json_integer_value(json_object_get(error, "ErrorCategory")) == 1)
        return ATHENA_AGAIN;
    return ATHENA_WRONG;
}

bool athena_query_writes(const char *text)
{
    static const char *const words[] = {"UNLOAD", "INSERT", "CREATE", "DROP", "ALTER", "MSCK"};

    for (;;) {
        text += strspn(text, " \t\r\n");
        if (strncmp(text, "--", 2))
            break;
        text += strcspn(text, "\n");
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncasecmp(text, words[i], strlen(words[i])))
            return true;
    return false;
}

/* ---- one run ---- */

struct run {
    struct flow *flow;
    const struct billing *billing;
    const char *text, *seed;
    unsigned attempt, runs; /* token; of the same text */
    bool writes;
    size_t left_out; /* damaged objects */
    struct athena_result *result;
    const struct athena_taker *taker; /* NULL: the result takes the rows */
    json_t *execution;                /* as last seen; owned */
};

static int64_t spread(int64_t milliseconds)
{
    return milliseconds - random_jitter(milliseconds / 2 - 1);
}

static int pause_before(struct flow *flow, unsigned time, struct err *e)
{
    int64_t delay_ms = (int64_t)FIRST_PAUSE_MS << (time < 6 ? time : 6);

    return flow_sleep(flow, spread(delay_ms < MOST_PAUSE_MS ? delay_ms : MOST_PAUSE_MS), e);
}

/* 64 hex digits: Athena wants 32 to 128 characters. */
static void token_of(const struct run *run, char token[static 65])
{
    cleanup_free char *whole = mem_printf("%s\n%u", run->seed, run->attempt);

    digest_sha256(whole, strlen(whole), token);
}

/* What scan_cap.h counts a run by. */
static char *key_of(const struct run *run)
{
    char token[65];

    token_of(run, token);
    return mem_text_n(token, KEY_LENGTH);
}

static json_t *start_params(const struct run *run)
{
    const struct billing_names *names = &run->billing->names;
    char token[65];

    token_of(run, token);
    return json_pack("{s:s, s:s, s:s, s:{s:s}}", "QueryString", run->text, "ClientRequestToken",
                     token, "WorkGroup", names->workgroup, "QueryExecutionContext", "Database",
                     names->database);
}

static json_t *id_params(const struct run *run)
{
    return json_pack("{s:s}", "QueryExecutionId", run->result->id);
}

static void stop(struct run *run)
{
    struct err ignored = {0};

    json_decref(operation_call_at_end(run->flow, run->billing, &store_operations[STORE_STOP_QUERY],
                                      id_params(run), &ignored));
}

/* Cancelled before the reply to its start came: nobody knows whether it runs, nor its id.  The same
 * token gives the id of the run that there is (or makes it, for the moment until it is stopped). */
static void stop_unseen(struct run *run)
{
    struct err ignored = {0};
    json_auto_t *reply = operation_call_at_end(
        run->flow, run->billing, &store_operations[STORE_START_QUERY], start_params(run), &ignored);

    if (!reply)
        return;
    (void)snprintf(run->result->id, sizeof run->result->id, "%s",
                   json_text(reply, "QueryExecutionId"));
    stop(run);
}

/* What it scanned is found by its id, should we not live to see its end. */
static void note_started(const struct run *run)
{
    cleanup_free char *key = key_of(run);

    scan_cap_started(run->flow, run->billing, key, run->result->id);
}

static void note_end(const struct run *run, int64_t bytes)
{
    cleanup_free char *key = key_of(run);

    scan_cap_end(run->flow, run->billing, key, bytes);
}

/* With the same token: too many queries of the account run already, and there will be a place; or
 * nobody knows whether it runs, and another asking would be paid twice. */
static bool is_asked_again(const struct run *run, const struct err *failed, unsigned times)
{
    const struct aws_error *error = flow_error(run->flow);

    if (failed->kind == ERR_CANCELLED)
        return false;
    if (flow_throttled(run->flow))
        return times < MOST_REFUSALS;
    return failed->kind == ERR_RETRY && times < MOST_UNSEEN &&
           !(error && !strcmp(error->code, AWS_FENCE_CODE));
}

static int send_start(struct run *run, struct err *e)
{
    for (unsigned times = 0;; times++) {
        struct err failed = {0};
        bool sent = !flow_is_cancelled(run->flow);
        json_auto_t *reply =
            operation_call(run->flow, run->billing, &store_operations[STORE_START_QUERY],
                           start_params(run), &failed);

        if (reply) {
            (void)snprintf(run->result->id, sizeof run->result->id, "%s",
                           json_text(reply, "QueryExecutionId"));
            return 0;
        }
        if (failed.kind == ERR_CANCELLED && sent) {
            stop_unseen(run);
        } else if (is_asked_again(run, &failed, times)) {
            if (!pause_before(run->flow, times, e))
                continue;
            return -1;
        }
        return err_set(e, failed.kind, "%s", failed.text);
    }
}

static int start(struct run *run, struct err *e)
{
    cleanup_free char *key = key_of(run);
    int failed;

    *run->result->id = '\0';
    if (scan_cap_begin(run->flow, run->billing, key, e))
        return -1;
    failed = send_start(run, e);
    if (*run->result->id)
        note_started(run);
    else if (e->kind != ERR_CANCELLED && (e->kind != ERR_RETRY || flow_throttled(run->flow)))
        note_end(run, 0); /* else it may run: that stays open */
    return failed;
}

static int look(struct run *run, unsigned *blind, struct err *e)
{
    struct err failed = {0};
    json_auto_t *reply = operation_call(run->flow, run->billing, &store_operations[STORE_GET_QUERY],
                                        id_params(run), &failed);

    if (reply) {
        *blind = 0;
        json_decref(run->execution);
        run->execution = json_share(json_object_get(reply, "QueryExecution"));
        return 0;
    }
    if (failed.kind == ERR_RETRY && ++*blind < MOST_BLIND_POLLS)
        return 0;
    return err_set(e, failed.kind, "%s", failed.text);
}

static bool is_over(const json_t *execution)
{
    const char *how = json_string_value(json_at(execution, "Status.State"));

    return how && strcmp(how, "QUEUED") && strcmp(how, "RUNNING");
}

/* A share of the time waited so far, so that waiting adds little to a query however long it is. */
static int64_t next_delay(int64_t waited_ms)
{
    int64_t delay_ms = waited_ms * WAIT_PERCENT / 100;

    if (delay_ms < state.first_ms)
        return state.first_ms;
    return delay_ms < state.most_ms ? delay_ms : state.most_ms;
}

static int wait_for(struct run *run, struct err *e)
{
    int64_t begin_ms = clock_monotonic_ms();
    unsigned blind = 0;

    while (!is_over(run->execution)) {
        int64_t delay_ms = next_delay(clock_monotonic_ms() - begin_ms);

        if (flow_sleep(run->flow, spread(delay_ms), e) || look(run, &blind, e)) {
            stop(run);
            return -1;
        }
    }
    return 0;
}

json_t *athena_query_result_scanned(const struct athena_result *result)
{
    return result->untold ? json_null() : json_integer(result->scanned_bytes);
}

static void count(struct run *run)
{
    const json_t *statistics = json_object_get(run->execution, "Statistics");
    int64_t scanned = scan_cap_bytes(run->execution);

    run->result->scanned_bytes += scanned < 0 ? 0 : scanned;
    run->result->untold |= scanned < 0;
    run->result->engine_ms +=
        json_integer_value(json_object_get(statistics, "EngineExecutionTimeInMillis"));
    state.scanned_bytes += scanned < 0 ? 0 : scanned;
    state.untold += scanned < 0;
    note_end(run, scanned);
}

/* Names that the SQL of this billingd knows and the catalogue does not: before the first `apply`,
 * and after an upgrade until the next.  (Trino's error codes) */
static bool is_of_another_catalogue(const char *reason)
{
    return strstr(reason, "_NOT_FOUND") || strstr(reason, "VIEW_IS_STALE") ||
           strstr(reason, "INVALID_VIEW");
}

static int fail(const struct run *run, enum athena_failure failure, struct err *e)
{
    const char *reason = athena_query_reason(json_object_get(run->execution, "Status"));

    return err_set(e, failure == ATHENA_WRONG ? ERR_INVALID : ERR_RETRY,
                   "the query %s: %s%s (query %s)",
                   failure == ATHENA_CANCELLED ? "was cancelled" : "failed", reason,
                   is_of_another_catalogue(reason)
                       ? "; a table or view in the catalogue is not the one that this billingd "
                         "makes: `billingd plan` shows which, `billingd apply` writes it"
                       : "",
                   run->result->id);
}

/* 0: succeeded; 1: worth another run; -1: failed. */
static int run_once(struct run *run, struct err *e)
{
    const json_t *status;
    enum athena_failure failure;

    json_decref(run->execution);
    run->execution = NULL;
    if (start(run, e) || wait_for(run, e))
        return -1;
    count(run);
    status = json_object_get(run->execution, "Status");
    if (!strcmp(json_text(status, "State"), "SUCCEEDED"))
        return 0;
    failure = athena_query_judge(status);
    if (failure == ATHENA_AGAIN && !run->writes && ++run->runs < MOST_RUNS) {
        run->attempt++;
        return pause_before(run->flow, run->runs, e) ? -1 : 1;
    }
    return fail(run, failure, e);
}

/* ---- around what no engine can read ---- */

/* The question's values, with what is damaged left out; new reference. */
static json_t *values_for(const struct billing *billing, const struct athena_question *question)
{
    json_t *values = question->values ? json_copy((json_t *)question->values) : json_object();
    const char *filter = json_text(values, "partition_filter");
    cleanup_free char *without = filter ? damaged_filter(billing, filter) : NULL;

    if (without)
        json_object_set_new(values, "partition_filter", json_string(without));
    return values;
}

/* Asks once, as often as Athena calls it retryable.  *reason: Athena's words when it failed. */
static int ask(struct run *run, const struct athena_question *question, char **reason,
               struct err *e)
{
    json_auto_t *values = values_for(run->billing, question);
    cleanup_free char *text = athena_query_text(run->billing, question->name, values, e);
    int how;

    if (!text)
        return -1;
    run->left_out = json_array_size(damaged_objects(run->billing));
    run->text = text;
    run->writes = athena_query_writes(text);
    run->runs = 0;
    while ((how = run_once(run, e)) == 1)
        ;
    if (how && run->execution)
        *reason = mem_text(athena_query_reason(json_object_get(run->execution, "Status")));
    if (!how && !run->writes)
        how = athena_query_rows(run->flow, run->billing,
                                &(struct athena_answered){run->execution, run->taker}, run->result,
                                e);
    run->text = NULL;
    return how;
}

/* 1: the cause is left out from now on, ask again; -1: it was something else, or cannot be left
 * out, and *e says so. */
static int leave_out(const struct run *run, const struct athena_question *question,
                     const char *reason, struct err *e)
{
    const char *filter = json_text(question->values, "partition_filter");
    struct err unknown = {0};
    int found =
        reason && filter ? damaged_find(run->flow, run->billing, reason, filter, &unknown) : 0;

    /* Another query may have found it meanwhile. */
    if (!found && filter)
        found = json_array_size(damaged_objects(run->billing)) > run->left_out;
    if (found > 0 && !run->writes) {
        err_clear(e);
        return 1;
    }
    if (found > 0) /* its target may hold files now */
        e->kind = ERR_RETRY;
    if (found < 0) {
        err_clear(e);
        return err_set(e, unknown.kind, "%s: %s", reason, unknown.text);
    }
    return -1;
}

static void set_seed(struct run *run, struct str *own, const struct athena_question *question)
{
    unsigned char random[16];

    run->seed = question->seed;
    if (run->seed)
        return;
    random_bytes(random, sizeof random);
    str_addf(own, "%lld ", (long long)clock_now_ms());
    str_add_hex(own, random, sizeof random);
    run->seed = str_text(own);
}

static int run_to_end(struct run *run, const struct athena_question *question, struct err *e)
{
    cleanup_str struct str own = {0};
    int how, again = 0;

    set_seed(run, &own, question);
    do {
        cleanup_free char *reason = NULL;

        run->attempt += again; /* another text under a token of its own */
        how = ask(run, question, &reason, e);
        again = how ? leave_out(run, question, reason, e) : 0;
    } while (again > 0);
    json_decref(run->execution);
    if (how)
        athena_query_result_fini(run->result);
    return how;
}

int athena_query_run(struct flow *flow, const struct billing *billing,
                     const struct athena_question *question, struct athena_result *result,
                     struct err *e)
{
    struct run run = {.flow = flow, .billing = billing, .result = result};

    *result = (struct athena_result){0};
    return run_to_end(&run, question, e);
}

int athena_query_each(struct flow *flow, const struct billing *billing,
                      const struct athena_question *question, const struct athena_taker *taker,
                      struct err *e)
{
    struct athena_result own = {0}, *result = taker->result ? taker->result : &own;
    struct run run = {.flow = flow, .billing = billing, .result = result, .taker = taker};
    int failed;

    *result = (struct athena_result){0};
    failed = run_to_end(&run, question, e);
    if (result == &own)
        athena_query_result_fini(&own);
    return failed;
}
