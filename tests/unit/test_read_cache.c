/* One read for all who ask the same; a write makes older answers stale.  The client is played here:
 * nothing is sent. */
#include "base/json.h"
#include "check.h"
#include "reading/read_cache.h"

#include <stdlib.h>

enum { MOST = 16 };

struct aws_call {
    aws_done_fn *done;
    void *arg;
    int cancelled;
};

static struct aws_call sent[MOST];
static size_t sent_count;
static int session_a, session_b; /* only their addresses matter */

struct aws_call *aws_client_send_page(struct aws_client *client, const struct aws_request *request,
                                      aws_done_fn *done, void *arg)
{
    (void)client, (void)request;
    CHECK(sent_count < MOST);
    sent[sent_count] = (struct aws_call){done, arg, 0};
    return &sent[sent_count++];
}

void aws_call_cancel(struct aws_call *call)
{
    if (call)
        call->cancelled++;
}

static void answer(size_t index, const char *text)
{
    json_auto_t *result = json_pack("{s:s}", "text", text);
    struct aws_reply reply = {.result = result};

    sent[index].done(sent[index].arg, &reply);
}

static int answers;
static unsigned last_depth;
static size_t last_slot;

static void take(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    CHECK_TEXT(json_text(reply->result, "text"), arg);
    answers++;
    last_slot = slot;
    last_depth = depth;
}

static unsigned since;

static const struct aws_reply *ask(struct read_cache *cache, void *session, const char *service,
                                   const char *name, unsigned depth, const char *expected,
                                   size_t slot)
{
    json_auto_t *params = json_pack("{s:s, s:i}", "Name", name, "Max", 5);
    struct read_request request = {session, service,          "Get", params, depth, since,
                                   take,    (void *)expected, slot,  NULL,   NULL};

    return read_cache_get(cache, &request, &last_depth);
}

static void begin(void)
{
    sent_count = 0;
    answers = 0;
}

static void test_shared(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    const struct aws_reply *reply;

    begin();
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "one", 1));
    CHECK(!ask(cache, &session_a, "logs", "x", 3, "one", 2));
    CHECK_INT((long long)sent_count, 1);
    /* Another session, service or parameter is another question. */
    CHECK(!ask(cache, &session_b, "logs", "x", 0, "two", 1));
    CHECK(!ask(cache, &session_a, "glue", "x", 0, "three", 1));
    CHECK(!ask(cache, &session_a, "logs", "y", 4, "four", 1));
    CHECK_INT((long long)sent_count, 4);
    answer(0, "one");
    CHECK_INT(answers, 2);
    CHECK_INT((long long)last_slot, 2);
    CHECK_INT(last_depth, 1); /* as deep as the asker who made it be sent */
    answer(3, "four");
    CHECK_INT(last_depth, 5);
    reply = ask(cache, &session_a, "logs", "x", 7, "one", 3);
    CHECK_TEXT(reply ? json_text(reply->result, "text") : NULL, "one");
    CHECK_INT(last_depth, 1);
    CHECK_INT((long long)read_cache_calls(cache), 4);
    read_cache_free(cache); /* two are still under way */
    CHECK_INT(sent[0].cancelled, 0);
    CHECK_INT(sent[1].cancelled + sent[2].cancelled, 2);
}

static void test_stale(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);

    begin();
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "old", 1));
    CHECK(!ask(cache, &session_a, "glue", "x", 0, "kept", 1));
    CHECK(!ask(cache, &session_b, "logs", "x", 0, "theirs", 1));
    answer(1, "kept");
    answer(2, "theirs");
    read_cache_stale(cache, (struct aws_session *)&session_a, "logs");
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "new", 1));
    CHECK_INT((long long)sent_count, 4);
    CHECK(ask(cache, &session_a, "glue", "x", 0, "kept", 1));
    CHECK(ask(cache, &session_b, "logs", "x", 0, "theirs", 1));
    answers = 0;
    answer(0, "old"); /* who asked before still gets what was asked for */
    CHECK_INT(answers, 1);
    answer(3, "new");
    CHECK_INT(answers, 2);
    read_cache_free(cache);
    read_cache_free(NULL);
}

/* However many wait for one answer: the loop turns between some of them and the next. */
static void test_many_waiters(void)
{
    uv_loop_t *loop = uv_default_loop();
    struct read_cache *cache = read_cache_new(loop, NULL);
    int rounds = 1;

    begin();
    for (size_t i = 0; i < 100; i++)
        CHECK(!ask(cache, &session_a, "logs", "x", 0, "one", i));
    CHECK_INT((long long)sent_count, 1);
    answer(0, "one");
    CHECK_INT(answers, READ_CACHE_AT_ONCE);
    CHECK(ask(cache, &session_a, "logs", "x", 0, "one", 100)); /* it is known by now */
    /* UV_RUN_ONCE runs the timers twice, which a slow machine makes two rounds of. */
    for (int before = answers; uv_run(loop, UV_RUN_NOWAIT) || before < answers; before = answers) {
        CHECK(answers - before <= READ_CACHE_AT_ONCE);
        CHECK_INT((long long)last_slot, answers - 1); /* in their order */
        rounds += answers > before;
    }
    CHECK_INT(answers, 100);
    CHECK(rounds > 100 / READ_CACHE_AT_ONCE);
    CHECK(!ask(cache, &session_a, "logs", "y", 0, "two", 1));
    for (size_t i = 0; i < 40; i++)
        CHECK(!ask(cache, &session_a, "logs", "y", 0, "two", i));
    answer(1, "two");
    CHECK(answers < 141);
    read_cache_free(cache); /* with some that were not told */
    (void)uv_run(loop, UV_RUN_DEFAULT);
    CHECK(answers < 141);
}

/* At the end all goes piece by piece, also what several asked for, what is stale and what nobody
 * answered. */
static void test_drop(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    int pieces = 1;

    begin();
    for (size_t i = 0; i < 10; i++)
        CHECK(!ask(cache, &session_a, i < 5 ? "logs" : "glue", i % 2 ? "x" : "y", (unsigned)i, "z",
                   i));
    answer(0, "z");
    read_cache_stale(cache, (struct aws_session *)&session_a, "glue");
    read_cache_cancel(cache);
    while (!read_cache_drop(cache, 1))
        pieces++;
    CHECK(pieces >= 4);
    CHECK(read_cache_drop(cache, 1));
    read_cache_free(cache);
    (void)uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* Who looks anew is not answered by what was sent before, answered or not; those who look anew
 * together share. */
static void test_looking_anew(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);

    begin();
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "first", 1));
    answer(0, "first");
    since = read_cache_calls(cache);
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "second", 1));
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "second", 2));
    CHECK_INT((long long)sent_count, 2);
    since = read_cache_calls(cache);
    CHECK(!ask(cache, &session_a, "logs", "x", 0, "third", 1));
    CHECK_INT((long long)sent_count, 3);
    answers = 0;
    answer(1, "second");
    CHECK_INT(answers, 2);
    answer(2, "third");
    CHECK_INT(answers, 3);
    since = 0;
    CHECK(ask(cache, &session_a, "logs", "x", 0, "third", 1));
    read_cache_free(cache);
}

static struct read_cache *asked_again;

static void ask_again(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    (void)slot, (void)reply, (void)depth, (void)arg;
    answers++;
    if (answers == 1)
        CHECK(ask(asked_again, &session_a, "logs", "x", 0, "one", 1) != NULL);
}

/* A waiter may ask more from inside its answer. */
static void test_ask_from_an_answer(void)
{
    struct read_cache *cache = asked_again = read_cache_new(uv_default_loop(), NULL);
    json_auto_t *params = json_pack("{s:i, s:s}", "Max", 5, "Name", "x");
    struct read_request request = {(struct aws_session *)&session_a,
                                   "logs",
                                   "Get",
                                   params,
                                   0,
                                   0,
                                   ask_again,
                                   NULL,
                                   0,
                                   NULL,
                                   NULL};
    unsigned depth;

    begin();
    CHECK(!read_cache_get(cache, &request, &depth));
    CHECK(
        !ask(cache, &session_a, "logs", "x", 0, "one", 1)); /* the order of members is no matter */
    CHECK_INT((long long)sent_count, 1);
    answer(0, "one");
    CHECK_INT(answers, 2);
    read_cache_free(cache);
}

static void count_end(void *arg)
{
    ++*(int *)arg;
}

/* Also of a read that nobody else waits for. */
static void test_watched(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    int ends = 0;

    begin();
    read_cache_watch(cache, count_end, &ends);
    CHECK(!ask(cache, &session_a, "logs", "a", 0, "one", 0));
    CHECK(!ask(cache, &session_a, "logs", "b", 0, "two", 0));
    answer(0, "one");
    CHECK_INT(ends, 0);
    answer(1, "two");
    CHECK_INT(ends, 1);
    read_cache_free(cache);
}

static size_t missed_slot;
static unsigned missed_depth;
static int64_t missed_ms;

static void take_miss(void *arg, size_t slot, unsigned depth, int64_t told_ms)
{
    (void)arg;
    missed_ms = told_ms;
    missed_slot = slot;
    missed_depth = depth;
}

/* Who waits is told before it is sent; it is as deep as what missed it, and one more. */
static void test_missed(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    json_auto_t *params = json_pack("{s:s}", "Name", "a");
    const struct read_request request = {
        (void *)&session_a, "logs", "Get", params, 1, 0, take, "made", 7, NULL, take_miss};
    const struct aws_reply *reply;
    struct shared_read *held;
    unsigned depth;

    begin();
    held = read_cache_hold(cache, &request, &reply, &depth);
    CHECK(held && !ask(cache, &session_a, "logs", "b", 0, "two", 1)); /* tells nobody of it */
    read_cache_miss(held, 4, 1234);
    CHECK_INT((long long)missed_ms, 1234);
    CHECK_INT((long long)missed_slot, 7);
    CHECK_INT(missed_depth, 4);
    CHECK_INT((long long)sent_count, 1);
    read_cache_send(held, 4);
    answer(1, "made");
    CHECK_INT(last_depth, 5);
    read_cache_free(cache);
}

static void test_held(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    json_auto_t *params = json_pack("{s:s}", "Name", "a");
    json_auto_t *result = json_pack("{s:s}", "text", "made");
    const struct read_request request = {
        (void *)&session_a, "logs", "Get", params, 0, 0, take, "made", 0, NULL, NULL};
    const struct aws_reply made = {.result = result}, *reply;
    struct shared_read *held;
    unsigned depth = 0;

    begin();
    held = read_cache_hold(cache, &request, &reply, &depth);
    CHECK(held && !reply);
    CHECK(!read_cache_hold(cache, &request, &reply, &depth) && !reply); /* waits with the first */
    CHECK_INT((long long)sent_count, 0);
    read_cache_answer(held, &made, 3);
    CHECK_INT(answers, 2);
    CHECK_INT(last_depth, 3);
    CHECK(!read_cache_hold(cache, &request, &reply, &depth) && reply);
    CHECK_INT((long long)read_cache_calls(cache), 0);
    read_cache_stale(cache, (void *)&session_a, "logs");
    held = read_cache_hold(cache, &request, &reply, &depth);
    CHECK(held && !reply);
    read_cache_send(held, 0);
    CHECK_INT((long long)sent_count, 1);
    CHECK_INT(read_cache_under_way(cache, "Get"), 1);
    answer(0, "made");
    CHECK_INT(answers, 3);
    CHECK_INT(read_cache_under_way(cache, "Get"), 0);
    read_cache_free(cache);
}

static const struct aws_reply *ask_as(struct read_cache *cache, const void *whose, const char *name,
                                      unsigned *depth)
{
    json_auto_t *params = json_pack("{s:s}", "Name", name);
    const struct read_request request = {
        (void *)&session_a, "logs", "Get", params, 0, 0, take, "made", 0, whose, NULL};

    return read_cache_get(cache, &request, depth);
}

/* What only one asked is asked again; what two did, or nobody in particular, or what is not
 * answered yet, is not. */
static void test_forgotten(void)
{
    struct read_cache *cache = read_cache_new(uv_default_loop(), NULL);
    int one, other;
    unsigned depth;

    begin();
    CHECK(!ask_as(cache, &one, "alone", &depth) && !ask_as(cache, &one, "alone", &depth));
    CHECK(!ask_as(cache, &one, "both", &depth) && !ask_as(cache, &other, "both", &depth));
    CHECK(!ask_as(cache, NULL, "all", &depth));
    CHECK(!ask_as(cache, &one, "late", &depth));
    for (size_t i = 0; i < 3; i++)
        answer(i, "made");
    CHECK_INT(answers, 5);
    CHECK(!read_cache_forget(cache, 0));
    CHECK(read_cache_forget(cache, 2));
    CHECK(ask_as(cache, &other, "both", &depth) && ask_as(cache, &one, "all", &depth));
    CHECK(!ask_as(cache, &one, "late", &depth));
    CHECK_INT((long long)sent_count, 4);
    CHECK(!ask_as(cache, &one, "alone", &depth));
    CHECK_INT((long long)sent_count, 5);
    answer(3, "made");
    answer(4, "made");
    CHECK_INT(answers, 8);
    CHECK(!read_cache_forget(cache, 1)); /* one of two */
    CHECK(read_cache_forget(cache, 2));
    CHECK(!ask_as(cache, &one, "cancelled", &depth));
    read_cache_cancel(cache);
    CHECK_INT(sent[5].cancelled, 1);
    CHECK(read_cache_forget(cache, 1));
    read_cache_free(cache);
    CHECK_INT(sent[5].cancelled, 1);
    CHECK_INT(answers, 8);
}

int main(void)
{
    test_shared();
    test_forgotten();
    test_held();
    test_missed();
    test_watched();
    test_many_waiters();
    test_drop();
    test_stale();
    test_looking_anew();
    test_ask_from_an_answer();
    return check_done();
}
