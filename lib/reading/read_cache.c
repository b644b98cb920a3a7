#include "reading/read_cache.h"

#include "aws/loop_watch.h"
#include "base/json.h"
#include "base/mem.h"

#include <search.h>
#include <string.h>
#include <sys/queue.h>

struct waiter {
    read_cache_fn *done;
    read_cache_missed_fn *missed;
    void *arg;
    size_t slot;
    struct waiter *next;
};

struct shared_read {
    char *key;
    struct aws_session *session;
    const char *service, *op;
    json_t *params; /* while it is not sent */
    struct read_cache *cache;
    struct aws_call *call;          /* while under way */
    struct waiter *waiters, **last; /* last: where the next one goes */
    bool answered, stale;
    bool counted;             /* among those under way */
    struct aws_reply reply;   /* result is our own reference */
    unsigned depth, number;   /* number: read_cache_calls when it was sent */
    const void *whose;        /* who asked, if only one did; else NULL */
    struct shared_read *next; /* all entries, for the end of the pass */
    TAILQ_ENTRY(shared_read) telling;
};

struct read_cache {
    struct aws_client *client;
    void *tree; /* fresh entries by key */
    struct shared_read *entries;
    unsigned calls;
    json_t *under_way;        /* operation -> requests of it */
    void (*ended)(void *arg); /* or NULL */
    void *ended_arg;
    TAILQ_HEAD(, shared_read) telling; /* answered, with waiters that do not know it yet */
    unsigned told;                     /* waiters in this round of the loop */
    uv_timer_t *round;                 /* the next one */
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct shared_read *)a)->key, ((const struct shared_read *)b)->key);
}

struct read_cache *read_cache_new(uv_loop_t *loop, struct aws_client *client)
{
    struct read_cache *cache = mem_new(sizeof *cache);

    cache->client = client;
    cache->under_way = json_object();
    TAILQ_INIT(&cache->telling);
    cache->round = mem_new(sizeof *cache->round);
    (void)uv_timer_init(loop, cache->round);
    cache->round->data = cache;
    return cache;
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

/* Nobody waits for it. */
static void shared_read_free(struct shared_read *entry)
{
    json_decref(entry->reply.result);
    json_decref(entry->params);
    free(entry->key);
    free(entry);
}

static void keep_tree_node(void *pointer)
{
    (void)pointer; /* entries are owned by the list */
}

void read_cache_cancel(struct read_cache *cache)
{
    TAILQ_INIT(&cache->telling);
    for (struct shared_read *entry = cache->entries; entry; entry = entry->next) {
        aws_call_cancel(entry->call);
        entry->call = NULL;
        entry->counted = false;
        for (struct waiter *w = entry->waiters, *after; w; w = after) {
            after = w->next;
            free(w);
        }
        entry->waiters = NULL;
    }
}

void read_cache_free(struct read_cache *cache)
{
    struct shared_read *next;

    if (!cache)
        return;
    read_cache_cancel(cache);
    tdestroy(cache->tree, keep_tree_node);
    for (struct shared_read *entry = cache->entries; entry; entry = next) {
        next = entry->next;
        shared_read_free(entry);
    }
    json_decref(cache->under_way);
    uv_close((uv_handle_t *)cache->round, free_timer);
    free(cache);
}

static json_int_t count_under_way(struct read_cache *cache, const char *op, int more)
{
    json_int_t count = json_integer_value(json_object_get(cache->under_way, op)) + more;

    json_object_set_new(cache->under_way, op, json_integer(count));
    return count;
}

static void told_all(struct shared_read *entry)
{
    struct read_cache *cache = entry->cache;

    if (!entry->counted)
        return;
    entry->counted = false;
    if (!count_under_way(cache, entry->op, -1) && cache->ended)
        cache->ended(cache->ended_arg);
}

/* A waiter may ask for more; each is unlinked before it is called. */
static void tell_next(struct read_cache *cache)
{
    struct shared_read *entry = TAILQ_FIRST(&cache->telling);
    struct waiter *waiter = entry->waiters;

    entry->waiters = waiter->next;
    if (!entry->waiters)
        TAILQ_REMOVE(&cache->telling, entry, telling);
    cache->told++;
    waiter->done(waiter->arg, waiter->slot, &entry->reply, entry->depth);
    if (!entry->waiters)
        told_all(entry);
    free(waiter);
}

static void on_round(uv_timer_t *timer);

static void tell(struct read_cache *cache)
{
    while (!TAILQ_EMPTY(&cache->telling) && cache->told < READ_CACHE_AT_ONCE &&
           loop_watch_has_time(cache->round->loop))
        tell_next(cache);
    /* (Libuv would run a timer of no delay in the same round.) */
    if (!uv_is_active((uv_handle_t *)cache->round))
        (void)uv_timer_start(cache->round, on_round, 1, 0);
}

static void on_round(uv_timer_t *timer)
{
    struct read_cache *cache = timer->data;

    cache->told = 0;
    if (!TAILQ_EMPTY(&cache->telling))
        tell(cache);
}

static void take_reply(struct shared_read *entry, const struct aws_reply *reply)
{
    entry->answered = true;
    entry->reply = *reply;
    entry->reply.result = json_share(reply->result);
    if (!entry->waiters)
        return;
    TAILQ_INSERT_TAIL(&entry->cache->telling, entry, telling);
    tell(entry->cache);
}

static void on_reply(void *arg, const struct aws_reply *reply)
{
    struct shared_read *entry = arg;

    entry->call = NULL;
    if (!entry->waiters)
        told_all(entry);
    take_reply(entry, reply);
}

static struct shared_read *shared_read_new(struct read_cache *cache,
                                           const struct read_request *request)
{
    cleanup_free char *params = json_canonical(request->params);
    struct shared_read *entry = mem_new(sizeof *entry);

    entry->key =
        mem_printf("%p %s %s %s", (void *)request->session, request->service, request->op, params);
    entry->session = request->session;
    entry->service = request->service;
    entry->op = request->op;
    entry->params = json_share(request->params);
    entry->depth = request->depth + 1;
    entry->cache = cache;
    entry->last = &entry->waiters;
    entry->whose = request->whose;
    return entry;
}

void read_cache_miss(struct shared_read *held, unsigned depth, int64_t told_ms)
{
    for (const struct waiter *waiter = held->waiters; waiter; waiter = waiter->next)
        if (waiter->missed)
            waiter->missed(waiter->arg, waiter->slot, depth, told_ms);
}

void read_cache_send(struct shared_read *held, unsigned depth)
{
    struct read_cache *cache = held->cache;

    if (held->depth <= depth)
        held->depth = depth + 1;
    held->number = ++cache->calls;
    held->counted = true;
    (void)count_under_way(cache, held->op, 1);
    held->call = aws_client_send_page(/* its askers are tasks, which look */
                                      cache->client,
                                      &(struct aws_request){held->session, held->service, held->op,
                                                            held->params},
                                      on_reply, held);
    json_decref(held->params);
    held->params = NULL;
}

void read_cache_answer(struct shared_read *held, const struct aws_reply *reply, unsigned depth)
{
    held->depth = depth;
    take_reply(held, reply);
}

/* Later askers do not find it; those who wait still get their answer. */
static void make_stale(struct shared_read *entry)
{
    entry->stale = true;
    (void)tdelete(entry, &entry->cache->tree, compare);
}

static bool is_needless(const struct shared_read *entry)
{
    return entry->whose && entry->answered && !entry->waiters && !entry->counted;
}

bool read_cache_forget(struct read_cache *cache, unsigned most)
{
    struct shared_read **link = &cache->entries, *entry;

    while ((entry = *link) != NULL && most) {
        if (!is_needless(entry)) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        if (!entry->stale)
            make_stale(entry);
        shared_read_free(entry);
        most--;
    }
    return !entry;
}

bool read_cache_drop(struct read_cache *cache, unsigned most)
{
    struct shared_read *entry;

    for (; (entry = cache->entries) != NULL && most; most--) {
        cache->entries = entry->next;
        if (!entry->stale)
            make_stale(entry);
        shared_read_free(entry);
    }
    return !entry;
}

static void add_waiter(struct shared_read *entry, const struct read_request *request)
{
    struct waiter *waiter = mem_new(sizeof *waiter);

    *waiter = (struct waiter){.done = request->done,
                              .missed = request->missed,
                              .arg = request->arg,
                              .slot = request->slot};
    *entry->last = waiter;
    entry->last = &waiter->next;
}

struct shared_read *read_cache_hold(struct read_cache *cache, const struct read_request *request,
                                    const struct aws_reply **reply, unsigned *depth)
{
    struct shared_read *fresh = shared_read_new(cache, request), *entry;

    *reply = NULL;
    entry = *(struct shared_read **)tsearch(fresh, &cache->tree, compare);
    if (entry != fresh && entry->number <= request->since) {
        make_stale(entry);
        entry = *(struct shared_read **)tsearch(fresh, &cache->tree, compare);
    }
    if (entry == fresh) {
        entry->number = cache->calls + 1;
        entry->next = cache->entries;
        cache->entries = entry;
    } else {
        shared_read_free(fresh);
        if (entry->whose != request->whose)
            entry->whose = NULL;
    }
    if (entry->answered) {
        *depth = entry->depth;
        *reply = &entry->reply;
        return NULL;
    }
    add_waiter(entry, request);
    return entry == fresh ? entry : NULL;
}

const struct aws_reply *read_cache_get(struct read_cache *cache, const struct read_request *request,
                                       unsigned *depth)
{
    const struct aws_reply *reply;
    struct shared_read *held = read_cache_hold(cache, request, &reply, depth);

    if (held)
        read_cache_send(held, request->depth);
    return reply;
}

void read_cache_stale(struct read_cache *cache, const struct aws_session *session,
                      const char *service)
{
    for (struct shared_read *entry = cache->entries; entry; entry = entry->next)
        if (!entry->stale && entry->session == session && !strcmp(entry->service, service)) {
            make_stale(entry);
        }
}

unsigned read_cache_calls(const struct read_cache *cache)
{
    return cache->calls;
}

unsigned read_cache_under_way(const struct read_cache *cache, const char *op)
{
    return (unsigned)json_integer_value(json_object_get(cache->under_way, op));
}

void read_cache_watch(struct read_cache *cache, void (*ended)(void *arg), void *arg)
{
    cache->ended = ended;
    cache->ended_arg = arg;
}
