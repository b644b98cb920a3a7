/* verb_requests.c -- the calls behind a line of a bill, as they come: nothing of them is kept.
 * Reads only. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/verbs/customer/customer_line.h"
#include "daemon/verbs/customer/customer_verbs.h"
#include "daemon/views/count_text.h"

#include <string.h>
#include <unistd.h>

struct asked {
    struct customer_line about;
    struct volume all, shown; /* found */
    _Atomic uint64_t calls;   /* the same, for the terminal */
    struct row_stream *stream;
    struct billing_turn *turn;
    json_t *sources;
    struct err failed; /* of the end */
};

static const struct row_column columns[] = {
    {"time", false, 20}, {"day", false, 10},   {"status", false, 6},
    {"bytes", true, 12}, {"id", false, 36},    {"route", false, 24},
    {"sub", false, 0},   {"object", false, 0}, {0},
};

/* ---- the list ---- */

static void begin(void *arg)
{
    struct asked *asked = arg;

    if (isatty(STDOUT_FILENO))
        billing_runner_quiet(asked->turn);
    asked->all = asked->shown = (struct volume){0};
    asked->calls = 0;
    row_stream_begin(asked->stream);
}

static int print(struct row_stream *stream, const struct request *request, struct err *e)
{
    char time[TIMESTAMP_ROOM], day[16];
    const struct row_cell cells[] = {
        {.text = time},
        {.text = day},
        {.text = request->status},
        {.number = request->bytes},
        {.text = request->id},
        {.text = request->route},
        {.text = request->sub},
        {.text = request->object},
    };

    timestamp_text(request->time_s, time);
    calendar_day_text(request->day, day);
    return row_stream_add(stream, cells, e);
}

static int take(void *arg, const struct request *request, struct err *e)
{
    struct asked *asked = arg;
    const struct volume volume = {1, request->bytes};

    asked->calls += (uint64_t)request->times;
    for (int64_t i = 0; i < request->times; i++) {
        if (volume_add(&asked->all, volume, e))
            return -1;
        if (!requests_line_takes(&asked->about.filter, request->route, request->status))
            continue;
        if (volume_add(&asked->shown, volume, e) || print(asked->stream, request, e))
            return -1;
    }
    return 0;
}

static void print_end(void *arg)
{
    struct asked *asked = arg;

    (void)row_stream_end(asked->stream, &asked->failed);
}

/* ---- what it comes to ---- */

static int tell(struct asked *asked)
{
    const struct requests_line *line = &asked->about.line;
    cleanup_free char *doubt = customer_line_doubt(&asked->about, asked->all, asked->shown);
    cleanup_free char *calls = count_text(asked->shown.calls);
    cleanup_free char *bytes = count_text(asked->shown.bytes);
    const char *signed_by = asked->about.closed.names;

    billing_runner_quiet(asked->turn);
    row_stream_close(asked->stream, json_pack("{s:I, s:I, s:{s:I, s:I}, s:o, s:b, s:s?, s:O}",
                                              "calls", (json_int_t)asked->shown.calls, "bytes",
                                              (json_int_t)asked->shown.bytes, "line", "calls",
                                              (json_int_t)line->shown.calls, "bytes",
                                              (json_int_t)line->shown.bytes, "closed",
                                              customer_closed_json(&asked->about.closed), "equal",
                                              !doubt, "doubt", doubt, "sources", asked->sources));
    (void)fflush(stdout);
    (void)fprintf(stderr, "billingd: %s calls, %s bytes%s%s%s%s\n", calls, bytes,
                  doubt ? "; " : ": those of the line", doubt ? doubt : "",
                  !doubt && signed_by ? ", as it was closed in " : "",
                  !doubt && signed_by ? signed_by : "");
    return doubt ? EXIT_EVIDENCE : EXIT_DONE;
}

static int list(struct flow *flow, struct asked *asked, struct err *e)
{
    const struct requests_taker taker = {begin, take, asked, &asked->sources};
    json_auto_t *head = customer_line_head(asked->turn->billing, &asked->about);
    int code;

    billing_runner_say(asked->turn, "reading the log events of these days");
    billing_runner_count(asked->turn, &asked->calls, "calls");
    asked->stream =
        row_stream_new(customer_line_format(asked->turn->options), columns, "requests", head);
    code = requests_each(flow, asked->turn->billing, &asked->about.question, &taker, e);
    if (!code) {
        flow_work(flow, print_end, asked);
        code = asked->failed.kind ? err_set(e, asked->failed.kind, "%s", asked->failed.text)
                                  : tell(asked);
    }
    row_stream_free(asked->stream);
    json_decref(asked->sources);
    return code;
}

static int dry_run(struct asked *asked, struct err *e)
{
    cleanup_free char *text = requests_text(asked->turn->billing, &asked->about.question, e);

    if (!text)
        return -1;
    billing_runner_quiet(asked->turn);
    (void)printf("-- Not sent: --dry-run.\n%s\n", text);
    return EXIT_DONE;
}

static int requests_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct asked *asked = turn->arg;
    int code;

    asked->turn = turn;
    code = customer_line_days(flow, turn, &asked->about, e);
    if (!code && turn->options->dry_run)
        code = dry_run(asked, e);
    else if (!code)
        code = customer_line_read(flow, turn, &asked->about, e);
    if (!code && !turn->options->dry_run)
        code = list(flow, asked, e);
    customer_line_fini(flow, &asked->about);
    return code;
}

int verb_requests(const struct options *options)
{
    struct asked asked = {.about.question.order = REQUESTS_BY_TIME};
    int code = customer_line_words(options, &asked.about);

    return code >= 0 ? code : billing_runner_run(options, false, requests_turn, &asked);
}
