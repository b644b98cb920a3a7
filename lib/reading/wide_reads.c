#include "reading/wide_reads.h"

#include "aws/loop_watch.h"
#include "aws/page_tokens.h"
#include "aws/reply/reply_check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"

#include <ctype.h>
#include <string.h>
#include <sys/queue.h>

/* A read that is held, and what its answer is made of. */
struct asker {
    struct shared_read *held;
    const struct call *call;
    struct scope scope; /* desired and facts are shared */
    json_t *params, *keys;
    STAILQ_ENTRY(asker) next;
};

STAILQ_HEAD(askers, asker);

/* A wide read, with all that it is to answer. */
struct wide_group {
    struct wide_reads *reads;
    char *name;
    const struct wide_read *row;
    struct read_request request; /* params: our own */
    struct askers askers;
    size_t asker_count;
    json_t *wanted; /* key -> true */
    json_t *found;  /* key -> item */
    struct page_tokens tokens;
    unsigned sent, depth; /* sent: pages, but for those that somebody had asked for */
    int64_t told_ms;      /* when the first page was answered, which may be a wave ago */
    bool whole;           /* it told of all that there are */
    bool failed;
    struct aws_reply failure; /* of what is not to be asked again one by one */
    TAILQ_ENTRY(wide_group) next;
};

TAILQ_HEAD(wide_groups, wide_group);

struct wide_reads {
    struct read_cache *cache;
    struct aws_client *client;
    struct wide_memory *memory;
    struct wide_groups gathering, sent, answering;
    json_t *by_name; /* name -> a gathering group's address */
    bool going;      /* all have asked */
    uv_timer_t *round;
};

static void on_round(uv_timer_t *timer);

static void on_ended(void *arg);

struct wide_reads *wide_reads_new(uv_loop_t *loop, struct read_cache *cache,
                                  struct aws_client *client, struct wide_memory *memory)
{
    struct wide_reads *reads = mem_new(sizeof *reads);

    reads->cache = cache;
    reads->client = client;
    reads->memory = memory;
    reads->by_name = json_object();
    TAILQ_INIT(&reads->gathering);
    TAILQ_INIT(&reads->sent);
    TAILQ_INIT(&reads->answering);
    reads->round = mem_new(sizeof *reads->round);
    (void)uv_timer_init(loop, reads->round);
    reads->round->data = reads;
    read_cache_watch(cache, on_ended, reads);
    return reads;
}

static void asker_free(struct asker *asker)
{
    json_decref((json_t *)asker->scope.desired);
    json_decref((json_t *)asker->scope.facts);
    json_decref(asker->params);
    json_decref(asker->keys);
    free(asker);
}

static void group_free(struct wide_group *group)
{
    struct asker *asker;

    while ((asker = STAILQ_FIRST(&group->askers)) != NULL) {
        STAILQ_REMOVE_HEAD(&group->askers, next);
        asker_free(asker);
    }
    json_decref((json_t *)group->request.params);
    json_decref(group->wanted);
    json_decref(group->found);
    page_tokens_fini(&group->tokens);
    free(group->name);
    free(group);
}

static void groups_free(struct wide_groups *groups)
{
    struct wide_group *group;

    while ((group = TAILQ_FIRST(groups)) != NULL) {
        TAILQ_REMOVE(groups, group, next);
        group_free(group);
    }
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

void wide_reads_free(struct wide_reads *reads)
{
    if (!reads)
        return;
    read_cache_watch(reads->cache, NULL, NULL);
    groups_free(&reads->gathering);
    groups_free(&reads->sent);
    groups_free(&reads->answering);
    json_decref(reads->by_name);
    uv_close((uv_handle_t *)reads->round, free_timer);
    free(reads);
}

/* ---- what is asked for ---- */

/* As all that are compared are written; new text. */
static char *key_of(const struct wide_read *row, const char *text)
{
    char *key = mem_text(text);

    for (char *at = key; row->fold && *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return key;
}

static void add_key(json_t *keys, const struct wide_read *row, const char *text)
{
    cleanup_free char *key = key_of(row, text);

    json_array_append_new(keys, json_string(key));
}

/* New reference; NULL: it has none. */
static json_t *keys_of(const struct wide_read *row, const struct scope *scope, const json_t *params)
{
    json_t *keys = json_array();
    const json_t *value = row->by ? json_object_get(params, row->by) : NULL, *each;
    size_t i;

    if (!row->list) {
        add_key(keys, row, "");
    } else if (row->by && !strcmp(row->by, "@arn")) {
        cleanup_free char *arn = table_arn(scope);

        if (arn)
            add_key(keys, row, arn);
    } else if (json_is_string(value)) {
        add_key(keys, row, json_string_value(value));
    } else {
        json_array_foreach(value, i, each)
            if (json_is_string(each))
                add_key(keys, row, json_string_value(each));
    }
    if (json_array_size(keys) && (!row->most || json_array_size(keys) <= (size_t)row->most))
        return keys;
    json_decref(keys);
    return NULL;
}

static char *name_of(const struct read_request *request, const struct wide_read *row,
                     const json_t *params)
{
    cleanup_free char *text = json_canonical(params);

    return mem_printf("%p %s %s", (void *)request->session, row->call.op, text);
}

static bool is_resting(const struct wide_reads *reads, const char *name)
{
    const json_t *until = json_object_get(reads->memory->resting, name);

    return until && json_integer_value(until) > clock_monotonic_ms();
}

static void let_rest(const struct wide_group *group)
{
    struct wide_memory *memory = group->reads->memory;

    if (!memory->resting)
        memory->resting = json_object();
    json_object_set_new(memory->resting, group->name,
                        json_integer(clock_monotonic_ms() + WIDE_READS_REST_MS));
}

static struct wide_group *find_group(const struct wide_reads *reads, const char *name)
{
    return (struct wide_group *)(intptr_t)json_integer_value(json_object_get(reads->by_name, name));
}

static void on_page(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth);

/* A list of what everybody has answers those as well who ask later in the pass. */
static const void *whose_of(const struct wide_group *group, const struct wide_read *row,
                            const struct read_request *request)
{
    if (row->gather)
        return group;
    return row->list && !row->within ? NULL : request->whose;
}

static struct wide_group *group_new(struct wide_reads *reads, const char *name,
                                    const struct read_request *request, const struct wide_read *row,
                                    json_t *params)
{
    struct wide_group *group = mem_new(sizeof *group);

    group->reads = reads;
    group->name = mem_text(name);
    group->row = row;
    group->request =
        (struct read_request){.session = request->session,
                              .service = row->service ? row->service : request->service,
                              .op = row->call.op,
                              .params = json_incref(params),
                              .depth = request->depth,
                              .done = on_page,
                              .arg = group,
                              .whose = whose_of(group, row, request)};
    group->wanted = json_object();
    group->found = json_object();
    STAILQ_INIT(&group->askers);
    TAILQ_INSERT_TAIL(&reads->gathering, group, next);
    json_object_set_new(reads->by_name, name, json_integer((intptr_t)group));
    return group;
}

static size_t wanted_with(const struct wide_group *group, const json_t *keys)
{
    size_t count = json_object_size(group->wanted), i;
    const json_t *key;

    json_array_foreach(keys, i, key)
        count += !json_object_get(group->wanted, json_string_value(key));
    return count;
}

static void add_asker(struct wide_group *group, struct asker *asker)
{
    const json_t *key;
    size_t i;

    json_array_foreach(asker->keys, i, key)
        json_object_set_new(group->wanted, json_string_value(key), json_true());
    STAILQ_INSERT_TAIL(&group->askers, asker, next);
    group->asker_count++;
}

static void group_send(struct wide_group *group);

/* The group that has room for the keys, or NULL; one that is full goes. */
static struct wide_group *group_with_room(struct wide_reads *reads, const char *name, int most,
                                          const json_t *keys)
{
    struct wide_group *group = find_group(reads, name);

    if (!group || !most || wanted_with(group, keys) <= (size_t)most)
        return group;
    group_send(group);
    return NULL;
}

static bool hold(struct wide_reads *reads, const struct read_request *request,
                 const struct call *call, const struct scope *scope, struct shared_read *held)
{
    const struct field *missing = NULL;
    json_auto_t *params = table_params(scope, &call->wide->call, &missing);
    cleanup_free char *name = params ? name_of(request, call->wide, params) : NULL;
    json_t *keys =
        name && !is_resting(reads, name) ? keys_of(call->wide, scope, request->params) : NULL;
    struct wide_group *group;
    struct asker *asker;

    if (!keys)
        return false;
    asker = mem_new(sizeof *asker);
    *asker = (struct asker){.held = held,
                            .call = call,
                            .scope = {.kind = scope->kind,
                                      .desired = json_share(scope->desired),
                                      .facts = json_share(scope->facts)},
                            .params = json_share(request->params),
                            .keys = keys};
    group = group_with_room(reads, name, call->wide->most, keys);
    group = group ? group : group_new(reads, name, request, call->wide, params);
    if (!call->wide->gather && group->request.whose != request->whose)
        group->request.whose = NULL;
    add_asker(group, asker);
    return true;
}

const struct aws_reply *wide_reads_get(struct wide_reads *reads, const struct read_request *request,
                                       const struct call *call, const struct scope *scope,
                                       unsigned *depth)
{
    const struct aws_reply *reply;
    struct shared_read *held = read_cache_hold(reads->cache, request, &reply, depth);

    if (held && (!call->wide || !reads->memory || request->since ||
                 !hold(reads, request, call, scope, held)))
        read_cache_send(held, request->depth);
    return reply;
}

/* ---- what comes back ---- */

static void begin_answering(struct wide_group *group)
{
    struct wide_reads *reads = group->reads;

    TAILQ_REMOVE(&reads->sent, group, next);
    TAILQ_INSERT_TAIL(&reads->answering, group, next);
    if (!uv_is_active((uv_handle_t *)reads->round))
        (void)uv_timer_start(reads->round, on_round, 0, 0);
}

/* Told twice, and not alike: null, so that its own read says what holds. */
static void take_item(struct wide_group *group, const char *key, json_t *item)
{
    const json_t *before = json_object_get(group->found, key);

    if (before && !json_equal(before, item))
        json_object_set_new(group->found, key, json_null());
    else
        json_object_set(group->found, key, item);
}

static void take_items(struct wide_group *group, const json_t *result)
{
    const struct wide_read *row = group->row;
    const json_t *list = row->list ? json_at(result, row->list) : NULL;
    json_t *item;
    size_t i;

    if (!row->list)
        json_object_set(group->found, "", (json_t *)result);
    json_array_foreach(list, i, item) {
        const char *text = json_text(item, row->key);
        cleanup_free char *key = text ? key_of(row, text) : NULL;

        if (key && json_object_get(group->wanted, key))
            take_item(group, key, item);
    }
}

static void ask(struct wide_group *group)
{
    unsigned depth;
    const struct aws_reply *reply = read_cache_get(group->reads->cache, &group->request, &depth);

    if (!reply)
        group->sent++;
    else
        on_page(group, 0, reply, depth);
}

/* It is asked page by page for as long as that spares calls. */
static bool next_page(struct wide_group *group, const json_t *result)
{
    const char *op = group->row->call.op;
    json_t *params = json_copy((json_t *)group->request.params);
    const char *token = table_next_page(&group->row->call, result, params);
    struct err e = {0};

    json_decref((json_t *)group->request.params);
    group->request.params = params;
    group->request.depth = group->depth;
    group->whole = !token;
    if (!token || json_object_size(group->found) == json_object_size(group->wanted))
        return false;
    if (2 * group->sent >= group->asker_count) {
        let_rest(group);
        return false;
    }
    if (page_tokens_add(&group->tokens,
                        &(struct page_tokens_page){group->request.service, op, result, token},
                        &e)) {
        let_rest(group);
        return false;
    }
    return true;
}

static bool has_no_answer(const struct aws_reply *reply)
{
    return !reply->error.status && strcmp(reply->error.code, "InvalidReply") != 0;
}

/* Where its own service does not answer the single reads would fare no better. */
static bool is_final(const struct wide_group *group, const struct aws_reply *reply)
{
    const struct asker *asker = STAILQ_FIRST(&group->askers);

    return (has_no_answer(reply) && !strcmp(group->request.service, asker->scope.kind->service)) ||
           (group->row->within && asker->call->absent &&
            table_is_absent(asker->scope.kind, asker->call, &reply->error));
}

/* It reads the same thing in another way: that the resource is gone is said by a code of the
 * kind's, while what else it does not find (404, where the thing's own read has no codes) is only
 * its own. */
static bool says_gone(const struct wide_group *group, const struct aws_reply *reply)
{
    const struct asker *asker = STAILQ_FIRST(&group->askers);

    return !group->row->list && table_matches(asker->scope.kind->gone, &reply->error);
}

static void on_page(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct wide_group *group = arg;

    (void)slot;
    group->depth = depth;
    group->told_ms = group->told_ms ? group->told_ms : reply->ended_ms;
    if (!reply->result) {
        group->failed = true;
        group->whole = says_gone(group, reply);
        if (is_final(group, reply))
            group->failure = *reply;
        else if (reply->kind == ERR_DENIED || has_no_answer(reply))
            let_rest(group);
    } else {
        take_items(group, reply->result);
        if (next_page(group, reply->result)) {
            ask(group);
            return;
        }
    }
    begin_answering(group);
}

/* ---- answers ---- */

/* What is not in a list may be late, or left out by who stands between: its own read says so. */
static json_t *answer_of(const struct wide_group *group, const struct asker *asker)
{
    json_auto_t *items = json_array();
    cleanup_free char *wrong = NULL;
    json_t *result;
    const json_t *key;
    size_t i;

    json_array_foreach(asker->keys, i, key) {
        json_t *item = json_object_get(group->found, json_string_value(key));

        if (!item || json_is_null(item))
            return NULL;
        json_array_append(items, item);
    }
    result = asker->call->wide->answer(&(struct wide_found){&asker->scope, asker->params, items});
    wrong = result ? reply_check_made(asker->scope.kind->service, asker->call->op, asker->params,
                                      result)
                   : NULL;
    if (!wrong)
        return result;
    json_decref(result);
    return NULL;
}

static bool in_other_region(const struct wide_group *group)
{
    const char *bucket = json_text(group->request.params, "Bucket");

    return group->row->in_region && bucket && aws_client_knows_region(group->reads->client, bucket);
}

/* Two reads that have it not are two looks (task_confirm). */
static bool is_missed(const struct wide_group *group, const struct asker *asker)
{
    const json_t *key;
    size_t i;

    json_array_foreach(asker->keys, i, key)
        if (json_object_get(group->found, json_string_value(key)))
            return false;
    return group->row->tells_absence && group->whole && !in_other_region(group);
}

static void ask_singly(const struct wide_group *group, const struct asker *asker)
{
    if (is_missed(group, asker))
        read_cache_miss(asker->held, group->depth, group->told_ms);
    read_cache_send(asker->held, group->depth);
}

static void answer(const struct wide_group *group, const struct asker *asker)
{
    json_auto_t *result = group->failed || in_other_region(group) ? NULL : answer_of(group, asker);

    if (group->failed && group->failure.error.code[0])
        read_cache_answer(asker->held, &group->failure, group->depth);
    else if (result)
        read_cache_answer(asker->held, &(struct aws_reply){.result = result}, group->depth);
    else
        ask_singly(group, asker);
}

static void answer_next(struct wide_reads *reads)
{
    struct wide_group *group = TAILQ_FIRST(&reads->answering);
    struct asker *asker = STAILQ_FIRST(&group->askers);

    if (!asker) {
        TAILQ_REMOVE(&reads->answering, group, next);
        group_free(group);
        return;
    }
    STAILQ_REMOVE_HEAD(&group->askers, next);
    answer(group, asker);
    asker_free(asker);
}

/* ---- sending ---- */

static void list_wanted(struct wide_group *group)
{
    json_t *params = json_deep_copy(group->request.params), *keys = json_array(), *value;
    const char *key;

    json_object_foreach(group->wanted, key, value)
        json_array_append_new(keys, json_string(key));
    json_object_set_new(params, group->row->gather, keys);
    json_decref((json_t *)group->request.params);
    group->request.params = params;
}

/* It would spare nothing. */
static void send_singly(struct wide_group *group)
{
    struct asker *asker;

    while ((asker = STAILQ_FIRST(&group->askers)) != NULL) {
        STAILQ_REMOVE_HEAD(&group->askers, next);
        read_cache_send(asker->held, group->request.depth);
        asker_free(asker);
    }
    group_free(group);
}

static void group_send(struct wide_group *group)
{
    struct wide_reads *reads = group->reads;

    TAILQ_REMOVE(&reads->gathering, group, next);
    json_object_del(reads->by_name, group->name);
    if (group->asker_count < (size_t)group->row->least) {
        send_singly(group);
        return;
    }
    if (group->row->gather)
        list_wanted(group);
    TAILQ_INSERT_TAIL(&reads->sent, group, next);
    ask(group);
}

/* The first group that waits for no more askers. */
static struct wide_group *ready_group(const struct wide_reads *reads)
{
    struct wide_group *group;

    TAILQ_FOREACH(group, &reads->gathering, next)
        if (!group->row->after || !read_cache_under_way(reads->cache, group->row->after))
            return group;
    return NULL;
}

/* (Libuv would run a timer of no delay in the same round.) */
static void next_round(struct wide_reads *reads)
{
    if (!uv_is_active((uv_handle_t *)reads->round))
        (void)uv_timer_start(reads->round, on_round, 1, 0);
}

/* As many as fit into a round of the loop. */
static void send_ready(struct wide_reads *reads)
{
    struct wide_group *group;

    for (int i = 0; i < WIDE_READS_AT_ONCE && (group = ready_group(reads)) != NULL &&
                    loop_watch_has_time(reads->round->loop);
         i++)
        group_send(group);
    if (ready_group(reads))
        next_round(reads);
}

static void send_soon(const struct wide_reads *reads)
{
    if (!uv_is_active((uv_handle_t *)reads->round) && ready_group(reads))
        (void)uv_timer_start(reads->round, on_round, 0, 0);
}

/* What a group waited for may have been asked by somebody who does not ask us to go on. */
static void on_ended(void *arg)
{
    const struct wide_reads *reads = arg;

    if (reads->going)
        send_soon(reads);
}

void wide_reads_go(struct wide_reads *reads)
{
    send_soon(reads);
    reads->going = true;
}

bool wide_reads_is_answering(const struct wide_reads *reads)
{
    const struct wide_group *group;

    TAILQ_FOREACH(group, &reads->answering, next)
        if (!STAILQ_EMPTY(&group->askers))
            return true;
    return false;
}

void wide_reads_hold(struct wide_reads *reads)
{
    reads->going = false;
}

static void on_round(uv_timer_t *timer)
{
    struct wide_reads *reads = timer->data;

    for (int i = 0; i < WIDE_READS_AT_ONCE && !TAILQ_EMPTY(&reads->answering) &&
                    loop_watch_has_time(timer->loop);
         i++)
        answer_next(reads);
    if (reads->going)
        send_ready(reads);
    if (!TAILQ_EMPTY(&reads->answering))
        next_round(reads);
}
