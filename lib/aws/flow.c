#include "aws/flow.h"

#include "aws/loop_watch.h"
#include "aws/page_tokens.h"
#include "aws/reply/reply_page.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLOW_SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define FLOW_SANITIZED 1
#endif
#ifdef FLOW_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

/* Address space only: pages are used as they are touched.  Below each stack lies as much that
 * nobody may touch, as the kernel keeps below a thread's: an overflow is a crash, not a riddle. Our
 * own frames are far smaller, and those of libraries, which nobody probes, are too. */
enum { STACK_BYTES = 1024 * 1024, GUARD_BYTES = 1024 * 1024 };

struct flow {
    uv_loop_t *loop;
    struct aws_client *client;
    flow_fn *fn;
    flow_end_fn *ended;
    void *arg;
    ucontext_t inside, outside; /* outside: who let it run last */
    char *stack;
    bool over, cancelled, waiting;
    struct aws_call *call;
    const struct aws_fence *fence; /* borrowed */
    bool unpaced;
    uv_timer_t *timer; /* while asleep */
    uv_work_t work;    /* on another thread, while working */
    flow_work_fn *work_fn;
    void *work_arg;
    bool working;
    json_t *result;
    struct aws_error error;
    bool throttled;
    enum err_kind kind;
    struct flow *children, *next_sibling, *parent;
    void *sanitizer_inside, *sanitizer_outside; /* ASan's idea of the two stacks */
    const void *outside_bottom;
    size_t outside_size;
};

static void enter_mark(struct flow *flow)
{
#ifdef FLOW_SANITIZED
    __sanitizer_start_switch_fiber(&flow->sanitizer_outside, flow->stack, STACK_BYTES);
#else
    (void)flow;
#endif
}

static void entered_mark(struct flow *flow)
{
#ifdef FLOW_SANITIZED
    __sanitizer_finish_switch_fiber(flow->sanitizer_inside, &flow->outside_bottom,
                                    &flow->outside_size);
#else
    (void)flow;
#endif
}

static void leave_mark(struct flow *flow)
{
#ifdef FLOW_SANITIZED
    __sanitizer_start_switch_fiber(flow->over ? NULL : &flow->sanitizer_inside,
                                   flow->outside_bottom, flow->outside_size);
#else
    (void)flow;
#endif
}

static void left_mark(struct flow *flow)
{
#ifdef FLOW_SANITIZED
    __sanitizer_finish_switch_fiber(flow->sanitizer_outside, NULL, NULL);
#else
    (void)flow;
#endif
}

/* ---- a stack that is not enough ---- */

#ifndef FLOW_SANITIZED
static struct flow *running; /* the innermost */

/* What comes next is the signal itself, with a core: the guard is still there. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    static const char told[] = "billingd: the stack of a flow overflowed: report it\n";
    const char *at = info->si_addr;

    (void)context;
    if (running && at >= running->stack - GUARD_BYTES && at < running->stack)
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
    (void)signal(number, SIG_DFL);
}

/* On a stack of its own, since the one that overflowed has no room for it.  Who handles the signal
 * already goes on doing so. */
static void watch_stacks(void)
{
    static char room[64 << 10];
    static bool watched;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK},
                     before;

    if (watched)
        return;
    watched = true;
    if (sigaction(SIGSEGV, NULL, &before) || (before.sa_flags & SA_SIGINFO) ||
        before.sa_handler != SIG_DFL)
        return;
    if (sigaltstack(&(stack_t){.ss_sp = room, .ss_size = sizeof room}, NULL) ||
        sigaction(SIGSEGV, &action, NULL))
        abort(); /* only with wrong arguments */
}
#endif

/* The lowest byte of a new stack, above its guard. */
static char *stack_new(void)
{
    char *room = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (room == MAP_FAILED || mprotect(room + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE)) {
        mem_give_up("out of memory: there is none for a stack");
    }
    return room + GUARD_BYTES;
}

static void stack_free(char *stack)
{
    if (munmap(stack - GUARD_BYTES, GUARD_BYTES + STACK_BYTES))
        abort(); /* it is ours, so this is a mistake of ours */
}

static void unlink_from_parent(struct flow *flow)
{
    struct flow **link;

    if (!flow->parent)
        return;
    for (link = &flow->parent->children; *link != flow; link = &(*link)->next_sibling)
        ;
    *link = flow->next_sibling;
}

static void finish(struct flow *flow)
{
    flow_end_fn *ended = flow->ended;
    void *arg = flow->arg;

    unlink_from_parent(flow);
    stack_free(flow->stack);
    json_decref(flow->result);
    free(flow);
    if (ended)
        ended(arg);
}

/* Lets the flow run until it waits again or is over. */
static void resume(struct flow *flow)
{
#ifndef FLOW_SANITIZED
    struct flow *outer = running;

    running = flow;
#endif
    enter_mark(flow);
    if (swapcontext(&flow->outside, &flow->inside))
        abort();
    left_mark(flow);
#ifndef FLOW_SANITIZED
    running = outer;
#endif
    if (flow->over)
        finish(flow);
}

static void wait_here(struct flow *flow)
{
    flow->waiting = true;
    leave_mark(flow);
    if (swapcontext(&flow->inside, &flow->outside))
        abort();
    entered_mark(flow);
    flow->waiting = false;
}

/* makecontext passes ints only, so the pointer comes in two halves. */
static void run(unsigned high, unsigned low)
{
    struct flow *flow = (struct flow *)(((uintptr_t)high << 32) | low);

    entered_mark(flow);
    flow->fn(flow, flow->arg);
    flow->over = true;
    leave_mark(flow);
    (void)setcontext(&flow->outside);
}

static struct flow *flow_new(uv_loop_t *loop, struct aws_client *client, flow_fn *fn,
                             flow_end_fn *ended, void *arg)
{
    struct flow *flow = mem_new(sizeof *flow);
    uintptr_t address = (uintptr_t)flow;

    *flow = (struct flow){.loop = loop, .client = client, .fn = fn, .ended = ended, .arg = arg};
#ifndef FLOW_SANITIZED
    watch_stacks();
#endif
    flow->stack = stack_new();
    (void)getcontext(&flow->inside);
    flow->inside.uc_stack.ss_sp = flow->stack;
    flow->inside.uc_stack.ss_size = STACK_BYTES;
    flow->inside.uc_link = NULL;
    makecontext(&flow->inside, (void (*)(void))run, 2, (unsigned)(address >> 32),
                (unsigned)(address & 0xffffffffu));
    return flow;
}

static void on_reply(void *arg, const struct aws_reply *reply)
{
    struct flow *flow = arg;

    flow->call = NULL;
    flow->result = json_share(reply->result);
    flow->error = reply->error;
    flow->throttled = reply->throttled;
    flow->kind = reply->kind;
    resume(flow);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

static void stop_timer(struct flow *flow)
{
    uv_close((uv_handle_t *)flow->timer, free_timer);
    flow->timer = NULL;
}

static void on_timer(uv_timer_t *timer)
{
    struct flow *flow = timer->data;

    if (loop_watch_puts_off(timer, on_timer))
        return;
    stop_timer(flow);
    resume(flow);
}

static void start_timer(struct flow *flow, int64_t milliseconds)
{
    flow->timer = mem_new(sizeof *flow->timer);
    (void)uv_timer_init(flow->loop, flow->timer);
    flow->timer->data = flow;
    (void)uv_timer_start(flow->timer, on_timer, milliseconds > 0 ? (uint64_t)milliseconds : 0, 0);
}

struct flow *flow_start(uv_loop_t *loop, struct aws_client *client, flow_fn *fn, flow_end_fn *ended,
                        void *arg)
{
    struct flow *flow = flow_new(loop, client, fn, ended, arg);

    start_timer(flow, 0);
    return flow;
}

/* A cancelled flow is woken from the loop, never from inside flow_cancel. */
static void wake_soon(struct flow *flow)
{
    if (!flow->waiting || flow->working || flow->children)
        return; /* it notices when it begins, at its next wait, or when those are over */
    if (flow->call) {
        aws_call_cancel(flow->call);
        flow->call = NULL;
    }
    if (flow->timer)
        stop_timer(flow);
    start_timer(flow, 0);
}

void flow_cancel(struct flow *flow)
{
    bool before;

    if (!flow)
        return;
    before = flow->cancelled;
    flow->cancelled = true;
    /* Children in flow_call_at_end can be cancelled once more. */
    for (struct flow *child = flow->children; child; child = child->next_sibling)
        flow_cancel(child);
    if (!before)
        wake_soon(flow);
}

bool flow_is_cancelled(const struct flow *flow)
{
    return flow->cancelled;
}

typedef struct aws_call *send_fn(struct aws_client *client, const struct aws_request *request,
                                 aws_done_fn *done, void *arg);

static json_t *call_by(struct flow *flow, send_fn *send, const struct aws_request *request,
                       struct err *e)
{
    json_t *result;

    flow->error = (struct aws_error){0};
    flow->throttled = false;
    flow->kind = ERR_CANCELLED;
    if (!flow->cancelled) {
        flow->call = send(flow->client, request, on_reply, flow);
        aws_client_fence(flow->call, request->op, flow->fence);
        if (flow->unpaced)
            aws_client_unpaced(flow->call);
        wait_here(flow);
    }
    result = flow->result;
    flow->result = NULL;
    if (result)
        return result;
    if (flow->cancelled) {
        err_set(e, ERR_CANCELLED, "%s: cancelled", request->op);
    } else {
        cleanup_free char *text = aws_error_text(&flow->error);

        err_set(e, flow->kind == ERR_NONE ? ERR_RETRY : flow->kind, "%s", text);
    }
    return NULL;
}

json_t *flow_call(struct flow *flow, const struct aws_request *request, struct err *e)
{
    return call_by(flow, aws_client_send, request, e);
}

json_t *flow_call_page(struct flow *flow, const struct aws_request *request, struct err *e)
{
    return call_by(flow, aws_client_send_page, request, e);
}

json_t *flow_call_at_end(struct flow *flow, const struct aws_request *request, struct err *e)
{
    bool cancelled = flow->cancelled;
    bool unpaced = flow->unpaced;
    const struct aws_fence *fence = flow->fence;
    json_t *result;

    flow->cancelled = false;
    flow->unpaced = true;
    flow->fence = NULL;
    result = flow_call(flow, request, e);
    flow->fence = fence;
    flow->unpaced = unpaced;
    flow->cancelled = flow->cancelled || cancelled;
    return result;
}

void flow_fence(struct flow *flow, const struct aws_fence *fence)
{
    flow->fence = fence;
}

void flow_unpaced(struct flow *flow)
{
    flow->unpaced = true;
}

const struct aws_error *flow_error(const struct flow *flow)
{
    return &flow->error;
}

bool flow_throttled(const struct flow *flow)
{
    return flow->throttled;
}

/* 1 when params now ask for the page behind this one, 0 when there is none; -1 and *e. */
static int next_page(const struct flow_listing *listing, const json_t *page, json_t *params,
                     struct page_tokens *tokens, struct err *e)
{
    const char *service = listing->request.service, *op = listing->request.op;
    const struct reply_page_rule *rule = reply_page_find(service, op);
    json_t *token = json_at(page, listing->next_token);
    const char *text = json_string_value(token);
    bool has = json_string_length(token) > 0;

    if (rule ? !reply_page_has_more(rule, page) : !has)
        return 0;
    if (!has)
        return err_set(e, ERR_RETRY, "%s: says that there are more pages, and not where", op);
    if (page_tokens_add(tokens, &(struct page_tokens_page){service, op, page, text}, e))
        return -1;
    json_object_set(params, listing->token, token);
    return 1;
}

/* Asks for pages until take has enough or there are no more. */
static int each_page(struct flow *flow, const struct flow_listing *listing, json_t *params,
                     struct page_tokens *tokens, struct err *e)
{
    const struct aws_request request = {listing->request.session, listing->request.service,
                                        listing->request.op, params};
    int more = 1;

    while (more > 0) {
        json_auto_t *page = flow_call_page(flow, &request, e);

        more = page ? listing->take(listing->arg, page, e) : -1;
        if (more > 0)
            more = next_page(listing, page, params, tokens, e);
    }
    return more;
}

int flow_pages(struct flow *flow, const struct flow_listing *listing, struct err *e)
{
    struct page_tokens tokens = {0};
    json_auto_t *params =
        listing->request.params ? json_copy((json_t *)listing->request.params) : json_object();
    int failed = each_page(flow, listing, params, &tokens, e);

    page_tokens_fini(&tokens);
    return failed;
}

int flow_sleep(struct flow *flow, int64_t milliseconds, struct err *e)
{
    if (!flow->cancelled) {
        start_timer(flow, milliseconds);
        wait_here(flow);
    }
    return flow->cancelled ? err_set(e, ERR_CANCELLED, "cancelled") : 0;
}

static void on_work(uv_work_t *work)
{
    struct flow *flow = work->data;

    flow->work_fn(flow->work_arg);
}

static void on_worked(uv_work_t *work, int status)
{
    (void)status; /* nobody cancels it */
    resume(work->data);
}

void flow_work(struct flow *flow, flow_work_fn *fn, void *arg)
{
    flow->work.data = flow;
    flow->work_fn = fn;
    flow->work_arg = arg;
    flow->working = true;
    if (uv_queue_work(flow->loop, &flow->work, on_work, on_worked))
        abort(); /* only without a function */
    wait_here(flow);
    flow->working = false;
}

static void drop(void *document)
{
    json_decref(document);
}

void flow_drop(struct flow *flow, json_t *document)
{
    if (document)
        flow_work(flow, drop, document);
}

struct each {
    struct flow *parent;
    flow_item_fn *fn;
    void *arg;
    size_t count, next, active;
};

struct item {
    struct each *each;
    size_t index;
};

static void run_item(struct flow *flow, void *arg)
{
    const struct item *item = arg;

    item->each->fn(flow, item->each->arg, item->index);
}

static void item_ended(void *arg)
{
    struct item *item = arg;
    struct flow *parent = item->each->parent;

    item->each->active--;
    free(item);
    if (parent->waiting)
        resume(parent);
}

/* Until the next round, or until a child ends.  Also in a flow that is cancelled: to begin all that
 * is left, each of which fails at its first wait, is work as well. */
static void wait_for_time(struct flow *flow)
{
    start_timer(flow, 1);
    wait_here(flow);
    if (flow->timer)
        stop_timer(flow);
}

void flow_each(struct flow *flow, size_t count, size_t parallel, flow_item_fn *fn, void *arg)
{
    struct each each = {flow, fn, arg, count, 0, 0};

    if (!parallel)
        parallel = 1; /* none would never end */
    while (each.next < count || each.active) {
        struct item *item;
        struct flow *child;

        if (each.next == count || each.active == parallel) {
            wait_here(flow);
            continue;
        }
        if (!loop_watch_has_time(flow->loop)) {
            wait_for_time(flow);
            continue;
        }
        item = mem_new(sizeof *item);
        *item = (struct item){&each, each.next++};
        each.active++;
        child = flow_new(flow->loop, flow->client, run_item, item_ended, item);
        child->parent = flow;
        child->fence = flow->fence;
        child->cancelled = flow->cancelled;
        child->next_sibling = flow->children;
        flow->children = child;
        resume(child);
    }
}

static void run_part(struct flow *flow, void *arg, size_t index)
{
    const struct flow_part *part = (const struct flow_part *)arg + index;

    part->fn(flow, part->arg);
}

void flow_all(struct flow *flow, const struct flow_part *parts, size_t count)
{
    flow_each(flow, count, count, run_part, (void *)parts);
}
