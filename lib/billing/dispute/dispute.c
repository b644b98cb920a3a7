#include "billing/dispute/dispute.h"

#include "base/mem.h"
#include "base/str.h"
#include "billing/bulk/record_sort.h"
#include "billing/prices/rating_margin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 4 << 20, /* of their file at a time: some 0.1 s */
    WAIT_MS = 200,
    STEPS_AT_ONCE = 50000, /* of comparing: with the worth of each call some 0.5 s */
};

/* A record begins with one of these, the id and a NUL; then, as numbers that order as their bytes
 * do, and texts, what else is known. */
enum mark { MARK_ID = 1, MARK_WITHOUT = 2 };
enum { TEXT_NONE = 1, TEXT_THERE = 2 };

const char *const dispute_names[DISPUTE_KINDS] = {
    [DISPUTE_UNREADABLE] = "unreadable",     [DISPUTE_BILLED_UNKNOWN] = "billed_unknown",
    [DISPUTE_BILLED_AGAIN] = "billed_again", [DISPUTE_WITHOUT_ID] = "without_id",
    [DISPUTE_NOT_BILLED] = "not_billed",     [DISPUTE_DUPLICATE] = "duplicate",
};

/* One list, sorted. */
struct side {
    struct record_sort *sort;
    const char *record; /* the one in front; NULL at the end */
    size_t length;
    size_t key; /* so many bytes of it are mark, id and NUL */
};

struct dispute {
    const struct billing *billing;
    const struct requests_question *question;
    dispute_row_fn *row;
    void *arg;
    struct side ours, theirs;
    struct rating_margin *margin;
    struct dispute_counts counts;
    _Atomic uint64_t steps;
    struct str record; /* being made */
    struct str id;     /* whose records are looked at */
    /* What the last call was worth: many are alike. */
    struct rating_margin_calls last;
    struct str last_texts;
    struct money last_worth;
    bool has_last;
    bool is_void; /* what was read of ours: calls come anew */
};

struct dispute *dispute_new(const struct billing *billing, const struct requests_question *question,
                            dispute_row_fn *row, void *arg)
{
    struct dispute *dispute = mem_new(sizeof *dispute);

    *dispute = (struct dispute){.billing = billing, .question = question, .row = row, .arg = arg};
    dispute->theirs.sort = record_sort_new(0);
    return dispute;
}

void dispute_free(struct dispute *dispute)
{
    if (!dispute)
        return;
    record_sort_free(dispute->ours.sort);
    record_sort_free(dispute->theirs.sort);
    rating_margin_free(dispute->margin);
    str_fini(&dispute->record);
    str_fini(&dispute->id);
    str_fini(&dispute->last_texts);
    free(dispute);
}

const struct dispute_counts *dispute_counts(const struct dispute *dispute)
{
    return &dispute->counts;
}

const _Atomic uint64_t *dispute_steps(const struct dispute *dispute)
{
    return &dispute->steps;
}

static int tell(struct dispute *dispute, const struct dispute_row *row, struct err *e)
{
    dispute->counts.rows[row->kind]++;
    return dispute->row(dispute->arg, row, e);
}

/* ---- records ---- */

static void add_number(struct str *record, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        str_add_char(record, (char)(number >> shift));
}

static uint64_t read_number(const char **at)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | (unsigned char)*(*at)++;
    return number;
}

static void add_text(struct str *record, const char *text)
{
    str_add_char(record, text ? TEXT_THERE : TEXT_NONE);
    str_add_n(record, text ? text : "", (text ? strlen(text) : 0) + 1);
}

static const char *read_text(const char **at)
{
    const char *text = *at + 1;
    bool there = **at == TEXT_THERE;

    *at = text + strlen(text) + 1;
    return there ? text : NULL;
}

static int add_call(struct dispute *dispute, const struct request *call, struct err *e)
{
    struct str *record = &dispute->record;

    record->len = 0;
    str_add_char(record, call->id ? MARK_ID : MARK_WITHOUT);
    str_add_n(record, call->id ? call->id : "", (call->id ? strlen(call->id) : 0) + 1);
    add_number(record, (uint64_t)usage_day_number(call->day));
    add_number(record, (uint64_t)call->time_s);
    add_number(record, (uint64_t)call->bytes);
    add_text(record, call->status);
    add_text(record, call->route);
    add_text(record, call->sub);
    for (int64_t i = 0; i < call->times; i++)
        if (record_sort_add(dispute->ours.sort, record->data, record->len, e))
            return -1;
    return 0;
}

/* Texts point into the record. */
static struct request read_call(const struct side *ours)
{
    const char *at = ours->record + ours->key;
    struct request call = {.id = *ours->record == MARK_ID ? ours->record + 1 : NULL, .times = 1};
    json_int_t day = (json_int_t)read_number(&at);

    call.day = (struct day){(int)(day / 10000), (int)(day / 100 % 100), (int)(day % 100)};
    call.time_s = (int64_t)read_number(&at);
    call.bytes = (int64_t)read_number(&at);
    call.status = read_text(&at);
    call.route = read_text(&at);
    call.sub = read_text(&at);
    return call;
}

static struct rating_margin_calls calls_of(const struct request *call, int64_t times)
{
    return (struct rating_margin_calls){.day = call->day,
                                        .sub = call->sub,
                                        .route = call->route,
                                        .status = call->status,
                                        .volume = {times, times * call->bytes}};
}

/* ---- theirs ---- */

static int take_id(void *arg, const char *id, size_t length, uint64_t line, struct err *e)
{
    struct dispute *dispute = arg;
    struct str *record = &dispute->record;

    record->len = 0;
    str_add_char(record, MARK_ID);
    str_add_n(record, id, length);
    str_add_char(record, '\0');
    add_number(record, line);
    dispute->counts.theirs++;
    return record_sort_add(dispute->theirs.sort, record->data, record->len, e);
}

static int take_unreadable(void *arg, uint64_t line, const char *why, struct err *e)
{
    const struct dispute_row row = {.kind = DISPUTE_UNREADABLE, .line = line, .why = why};

    return tell(arg, &row, e);
}

struct reading {
    struct dispute *dispute;
    const char *path;
    int file;
    struct id_list *list;
    char *buffer;
    bool is_over;
    struct err *e;
};

static void open_theirs(void *arg)
{
    struct reading *reading = arg;

    reading->file = open(reading->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (reading->file < 0)
        err_set(reading->e, ERR_INVALID, "%s: %s", reading->path, strerror(errno));
}

/* Of a pipe nobody knows when more comes: whoever waits can be stopped in between. */
static void read_some(void *arg)
{
    struct reading *reading = arg;
    struct pollfd more = {reading->file, POLLIN, 0};
    ssize_t got;

    if (poll(&more, 1, WAIT_MS) <= 0)
        return;
    got = read(reading->file, reading->buffer, PIECE_BYTES);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    reading->is_over = got <= 0;
    if (got < 0) {
        err_set(reading->e, ERR_INVALID, "%s: %s", reading->path, strerror(errno));
        return;
    }
    if (got ? id_list_feed(reading->list, reading->buffer, (size_t)got, reading->e)
            : id_list_end(reading->list, reading->e)) {
        reading->is_over = true;
        if (reading->e->kind == ERR_INVALID)
            err_wrap(reading->e, "%s", reading->path);
    }
    reading->dispute->steps = id_list_lines(reading->list);
}

static void begin_theirs(void *arg)
{
    struct reading *reading = arg;

    (void)record_sort_begin(reading->dispute->theirs.sort, reading->e);
}

static int check_theirs(struct reading *reading, struct err *e)
{
    struct dispute_counts *counts = &reading->dispute->counts;

    counts->lines = id_list_lines(reading->list);
    counts->blank = id_list_blank(reading->list);
    return counts->theirs ? 0
                          : err_set(e, ERR_INVALID, "%s: none of its %llu lines holds an id",
                                    reading->path, (unsigned long long)counts->lines);
}

int dispute_read_theirs(struct flow *flow, struct dispute *dispute, const char *path,
                        const struct id_list_form *form, struct err *e)
{
    const struct id_list_taker taker = {take_id, take_unreadable, dispute};
    struct reading reading = {.dispute = dispute, .path = path, .file = -1, .e = e};

    reading.list = id_list_new(form, &taker, e);
    if (!reading.list)
        return -1;
    flow_work(flow, open_theirs, &reading);
    reading.buffer = mem_new(PIECE_BYTES);
    while (reading.file >= 0 && !reading.is_over) {
        if (flow_is_cancelled(flow))
            err_set(e, ERR_CANCELLED, "cancelled");
        if (e->kind)
            break;
        flow_work(flow, read_some, &reading);
    }
    if (!e->kind && !check_theirs(&reading, e))
        flow_work(flow, begin_theirs, &reading);
    if (reading.file >= 0)
        (void)close(reading.file);
    id_list_free(reading.list);
    free(reading.buffer);
    return e->kind ? -1 : 0;
}

/* ---- ours ---- */

/* On the loop, which closing a large file would hold up: take_call does it. */
static void begin_calls(void *arg)
{
    ((struct dispute *)arg)->is_void = true;
}

static void start_over(struct dispute *dispute)
{
    const struct requests_question *question = dispute->question;

    dispute->is_void = false;
    record_sort_free(dispute->ours.sort);
    rating_margin_free(dispute->margin);
    dispute->ours.sort = record_sort_new(0);
    dispute->margin = rating_margin_new(dispute->billing->book, question->days, question->customer);
    dispute->counts.ours = (struct volume){0};
    dispute->steps = 0;
}

static int take_call(void *arg, const struct request *call, struct err *e)
{
    struct dispute *dispute = arg;
    const struct rating_margin_calls calls = calls_of(call, call->times);

    if (dispute->is_void)
        start_over(dispute);
    dispute->steps += (uint64_t)call->times;
    return volume_add(&dispute->counts.ours, calls.volume, e) ||
                   rating_margin_add(dispute->margin, &calls, e) || add_call(dispute, call, e)
               ? -1
               : 0;
}

struct ending {
    struct dispute *dispute;
    struct err *e;
};

static void end_calls(void *arg)
{
    struct ending *ending = arg;
    struct dispute *dispute = ending->dispute;

    if (dispute->is_void) /* there are none */
        start_over(dispute);
    if (!rating_margin_end(dispute->margin, ending->e))
        (void)record_sort_begin(dispute->ours.sort, ending->e);
}

int dispute_read_ours(struct flow *flow, struct dispute *dispute, json_t **sources, struct err *e)
{
    const struct requests_taker taker = {begin_calls, take_call, dispute, sources};

    dispute->steps = 0;
    if (requests_each(flow, dispute->billing, dispute->question, &taker, e))
        return -1;
    flow_work(flow, end_calls, &(struct ending){dispute, e});
    return e->kind ? -1 : 0;
}

/* ---- against each other ---- */

static int advance(struct side *side, struct err *e)
{
    int more = record_sort_next(side->sort, &side->record, &side->length, e);

    if (more < 0)
        return -1;
    if (!more)
        side->record = NULL;
    else
        side->key = strlen(side->record + 1) + 2;
    return 0;
}

/* As records are ordered; an end lies behind all. */
static int compare_keys(const struct side *a, const struct side *b)
{
    size_t shared;
    int order;

    if (!a->record || !b->record)
        return !a->record - !b->record;
    shared = a->key < b->key ? a->key : b->key;
    order = memcmp(a->record, b->record, shared);
    return order ? order : (a->key > b->key) - (a->key < b->key);
}

static bool is_of_id(const struct dispute *dispute, const struct side *side)
{
    return side->record && side->key == dispute->id.len &&
           !memcmp(side->record, dispute->id.data, side->key);
}

/* All of theirs with the id in front: how often, and where first. */
static int read_theirs(struct dispute *dispute, struct dispute_row *row, struct err *e)
{
    struct side *theirs = &dispute->theirs;
    const char *at = theirs->record + theirs->key;

    dispute->id.len = 0;
    str_add_n(&dispute->id, theirs->record, theirs->key);
    *row = (struct dispute_row){.id = dispute->id.data + 1, .line = read_number(&at)};
    for (; is_of_id(dispute, theirs); row->theirs++)
        if (advance(theirs, e))
            return -1;
    return 0;
}

static bool is_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static int find_worth(struct dispute *dispute, const struct rating_margin_calls *calls,
                      struct money *worth, struct err *e)
{
    struct rating_margin_calls *last = &dispute->last;
    struct str *texts = &dispute->last_texts;
    const char *at;

    if (dispute->has_last && !calendar_compare(last->day, calls->day) &&
        last->volume.bytes == calls->volume.bytes && is_text(last->route, calls->route) &&
        is_text(last->status, calls->status)) {
        *worth = dispute->last_worth;
        return 0;
    }
    if (rating_margin_of(dispute->margin, calls, worth, e))
        return -1;
    texts->len = 0;
    add_text(texts, calls->route);
    add_text(texts, calls->status);
    at = texts->data;
    *last = *calls;
    last->route = read_text(&at);
    last->status = read_text(&at);
    dispute->last_worth = *worth;
    dispute->has_last = true;
    return 0;
}

/* A call that is in dispute. */
static int tell_call(struct dispute *dispute, struct dispute_row row, const struct request *call,
                     struct err *e)
{
    const struct rating_margin_calls calls = calls_of(call, 1);

    row.id = call->id;
    row.call = call;
    return find_worth(dispute, &calls, &row.worth, e) ||
                   rating_margin_take(dispute->margin, &calls, e) || tell(dispute, &row, e)
               ? -1
               : 0;
}

static int only_ours(struct dispute *dispute, struct err *e)
{
    const struct request call = read_call(&dispute->ours);
    const struct dispute_row row = {.kind = call.id ? DISPUTE_BILLED_UNKNOWN : DISPUTE_WITHOUT_ID,
                                    .ours = 1};

    return tell_call(dispute, row, &call, e) || advance(&dispute->ours, e) ? -1 : 0;
}

static int tell_duplicate(struct dispute *dispute, struct dispute_row row, struct err *e)
{
    row.kind = DISPUTE_DUPLICATE;
    return row.theirs > 1 ? tell(dispute, &row, e) : 0;
}

static int only_theirs(struct dispute *dispute, struct err *e)
{
    struct dispute_row row;

    if (read_theirs(dispute, &row, e))
        return -1;
    row.kind = DISPUTE_NOT_BILLED;
    return tell(dispute, &row, e) || tell_duplicate(dispute, row, e) ? -1 : 0;
}

/* Both have it; what we bill beyond as often as they have it, they do not know. */
static int both(struct dispute *dispute, struct err *e)
{
    struct dispute_row row;

    if (read_theirs(dispute, &row, e))
        return -1;
    while (is_of_id(dispute, &dispute->ours)) {
        const struct request call = read_call(&dispute->ours);

        row.ours++;
        row.kind = DISPUTE_BILLED_AGAIN;
        dispute->counts.agreed += row.ours <= row.theirs;
        if ((row.ours > row.theirs && tell_call(dispute, row, &call, e)) ||
            advance(&dispute->ours, e))
            return -1;
    }
    return tell_duplicate(dispute, row, e);
}

struct comparing {
    struct dispute *dispute;
    bool is_over;
    struct err *e;
};

static void compare_some(void *arg)
{
    struct comparing *comparing = arg;
    struct dispute *dispute = comparing->dispute;
    int failed = 0;

    for (int i = 0; i < STEPS_AT_ONCE && !failed && !comparing->is_over; i++) {
        int order = compare_keys(&dispute->ours, &dispute->theirs);

        comparing->is_over = !dispute->ours.record && !dispute->theirs.record;
        if (!comparing->is_over)
            failed = order < 0   ? only_ours(dispute, comparing->e)
                     : order > 0 ? only_theirs(dispute, comparing->e)
                                 : both(dispute, comparing->e);
        dispute->steps++;
    }
    comparing->is_over = comparing->is_over || failed;
}

static void begin_comparing(void *arg)
{
    struct comparing *comparing = arg;

    comparing->is_over = advance(&comparing->dispute->ours, comparing->e) ||
                         advance(&comparing->dispute->theirs, comparing->e);
}

static void add_totals(void *arg)
{
    struct comparing *comparing = arg;
    struct dispute_counts *counts = &comparing->dispute->counts;

    (void)rating_margin_totals(comparing->dispute->margin, &counts->total, &counts->without,
                               comparing->e);
}

int dispute_compare(struct flow *flow, struct dispute *dispute, struct err *e)
{
    struct comparing comparing = {.dispute = dispute, .e = e};

    dispute->steps = 0;
    flow_work(flow, begin_comparing, &comparing);
    while (!comparing.is_over) {
        if (flow_is_cancelled(flow))
            return err_set(e, ERR_CANCELLED, "cancelled");
        flow_work(flow, compare_some, &comparing);
    }
    if (!e->kind)
        flow_work(flow, add_totals, &comparing);
    return e->kind ? -1 : 0;
}
