#include "billing/store/scan_cap.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/store_operations.h"

#include <string.h>

enum {
    STALE_MS = 15 * 60 * 1000, /* an open query is asked about, by whoever finds it so old */
    LOST_MS = 60 * 60 * 1000,  /* one whose id nobody noted in that time died with its process */
    KEPT_DAYS = 62,
    MOST_CONFLICTS = 50,
    FORMAT_VERSION = 1
};

#define MOST_BYTES (INT64_C(1) << 57) /* of a day; a month of them has room in 64 bits */

static struct {
    json_t *known; /* pipeline -> [day, month, used up] */
    size_t refused;
} state;

/* The object, as last read. */
struct count {
    struct flow *flow;
    const struct billing *billing;
    json_t *value;
    char *etag; /* NULL: there is none yet */
    bool at_end;
};

static void count_fini(struct count *count)
{
    json_decref(count->value);
    free(count->etag);
}

static bool is_capped(const struct billing *billing)
{
    return billing->settings.scan_cap_day_bytes || billing->settings.scan_cap_month_bytes;
}

static void today(char text[static 16])
{
    calendar_day_text(calendar_day_of("UTC", clock_agreed_ms() / 1000), text);
}

/* ---- the object ---- */

static json_t *place_of(const struct billing *billing)
{
    return json_pack("{s:s, s:o, s:s}", "Bucket", billing->names.bucket, "Key",
                     json_sprintf("_billingd/%s/scanned.json", billing->pipeline),
                     "ExpectedBucketOwner", billing->account);
}

static json_t *ask_for(const struct count *count, enum store_operation operation, json_t *params,
                       struct err *e)
{
    return (count->at_end ? operation_call_at_end : operation_call)(
        count->flow, count->billing, &store_operations[operation], params, e);
}

/* Nothing of another form is read as nothing, which would let queries through beyond the cap. */
static bool is_amount(const json_t *bytes)
{
    return json_is_integer(bytes) && json_integer_value(bytes) >= 0 &&
           json_integer_value(bytes) <= MOST_BYTES;
}

static bool are_days(const json_t *days)
{
    const char *day;
    json_t *bytes;

    json_object_foreach((json_t *)days, day, bytes) {
        struct day ignored;
        struct err e = {0};

        if (calendar_parse_day(day, &ignored, &e) || !is_amount(bytes))
            return false;
    }
    return json_is_object(days);
}

static bool are_open(const json_t *open)
{
    const char *key;
    json_t *entry;

    json_object_foreach((json_t *)open, key, entry) {
        const json_t *id = json_object_get(entry, "id");

        if (json_integer_value(json_object_get(entry, "since")) <= 0 || (id && !json_is_string(id)))
            return false;
    }
    return json_is_object(open);
}

static bool is_good(const json_t *value)
{
    const json_t *version = json_object_get(value, "format_version");
    const json_t *most = json_object_get(value, "most");

    return (!version || json_integer_value(version) == FORMAT_VERSION) &&
           (!most || is_amount(most)) && are_days(json_object_get(value, "days")) &&
           are_open(json_object_get(value, "open"));
}

static int take(struct count *count, const json_t *reply, struct err *e)
{
    const json_t *body = json_object_get(reply, "Body");

    count->value = json_is_string(body)
                       ? json_loadb(json_string_value(body), json_string_length(body),
                                    JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    count->etag = mem_text(json_text(reply, "ETag"));
    if (is_good(count->value) && count->etag)
        return 0;
    return err_set(e, ERR_INVALID,
                   "s3://%s/_billingd/%s/scanned.json is not what billingd wrote there: bring it "
                   "back from a version or copy of the bucket, or remove it by hand (then counting "
                   "begins anew)",
                   count->billing->names.bucket, count->billing->pipeline);
}

static int read_object(struct count *count, struct err *e)
{
    struct err failed = {0};
    json_auto_t *reply = ask_for(count, STORE_GET_OBJECT, place_of(count->billing), &failed);

    count_fini(count);
    count->value = NULL;
    count->etag = NULL;
    if (reply)
        return take(count, reply, e);
    if (failed.kind == ERR_CANCELLED || strcmp(flow_error(count->flow)->code, "NoSuchKey") != 0)
        return err_set(e, failed.kind, "%s", failed.text);
    count->value = json_pack("{s:i, s:{}, s:i, s:{}}", "format_version", FORMAT_VERSION, "days",
                             "most", 0, "open");
    return 0;
}

/* 1 written; 0 somebody else wrote meanwhile; -1 and *e. */
static int write_object(struct count *count, struct err *e)
{
    json_t *params = place_of(count->billing);
    cleanup_free char *text = json_canonical(count->value);
    struct err failed = {0};
    json_auto_t *reply = NULL;
    const char *code;

    json_object_set_new(params, count->etag ? "IfMatch" : "IfNoneMatch",
                        json_string(count->etag ? count->etag : "*"));
    json_object_set_new(params, "ContentType", json_string("application/json"));
    json_object_set_new(params, "ChecksumAlgorithm", json_string("SHA256"));
    json_object_set_new(params, "Body", json_string(text));
    reply = ask_for(count, STORE_PUT_OBJECT, params, &failed);
    if (reply)
        return 1;
    code = flow_error(count->flow)->code;
    if (failed.kind != ERR_CANCELLED &&
        (!strcmp(code, "PreconditionFailed") || !strcmp(code, "ConditionalRequestConflict") ||
         !strcmp(code, "NoSuchKey")))
        return 0;
    return err_set(e, failed.kind, "%s", failed.text);
}

/* ---- what was scanned ---- */

static void add_to(json_t *object, const char *key, int64_t bytes)
{
    int64_t sum = json_integer_value(json_object_get(object, key)) + bytes;

    json_object_set_new(object, key, json_integer(sum < MOST_BYTES ? sum : MOST_BYTES));
}

/* Puts what an open query scanned to its day. */
static void settle(json_t *value, const char *key, int64_t bytes)
{
    json_t *open = json_object_get(value, "open");
    const json_t *entry = json_object_get(open, key);
    char day[16];

    if (!entry)
        return; /* somebody else did */
    calendar_day_text(
        calendar_day_of("UTC", json_integer_value(json_object_get(entry, "since")) / 1000), day);
    add_to(json_object_get(value, "days"), day, bytes);
    if (bytes > json_integer_value(json_object_get(value, "most")))
        json_object_set_new(value, "most", json_integer(bytes));
    (void)json_object_del(open, key);
}

/* From above, of a query of which nobody can tell any more. */
static int64_t guess(const struct count *count)
{
    int64_t most = json_integer_value(json_object_get(count->value, "most"));

    return count->billing->scan_limit_bytes > most ? count->billing->scan_limit_bytes : most;
}

static bool is_over(const json_t *execution)
{
    static const char *const ends[] = {"SUCCEEDED", "FAILED", "CANCELLED"};
    const char *how = json_string_value(json_at(execution, "Status.State"));

    for (size_t i = 0; how && i < sizeof ends / sizeof *ends; i++)
        if (!strcmp(how, ends[i]))
            return true;
    return false;
}

/* What Athena says that a query scanned; SCAN_CAP_UNKNOWN: it does not say so. */
int64_t scan_cap_bytes(const json_t *execution)
{
    const json_t *bytes = json_at(execution, "Statistics.DataScannedInBytes");
    const char *how = json_string_value(json_at(execution, "Status.State"));

    if (is_amount(bytes))
        return json_integer_value(bytes);
    /* One that never began has no statistics. */
    return !bytes && how && strcmp(how, "SUCCEEDED") != 0 ? 0 : SCAN_CAP_UNKNOWN;
}

/* What Athena says of an open query: its bytes, -1 while it runs, -2 and *e. */
static int64_t ask(const struct count *count, const char *id, struct err *e)
{
    struct err failed = {0};
    json_auto_t *reply =
        ask_for(count, STORE_GET_QUERY, json_pack("{s:s}", "QueryExecutionId", id), &failed);
    const json_t *execution = json_object_get(reply, "QueryExecution");

    if (reply && !is_over(execution))
        return -1;
    if (reply)
        return scan_cap_bytes(execution) < 0 ? guess(count) : scan_cap_bytes(execution);
    if (failed.kind == ERR_INVALID || failed.kind == ERR_ABSENT)
        return guess(count); /* Athena has forgotten it */
    (void)err_set(e, failed.kind, "%s", failed.text);
    return -2;
}

/* Queries of processes that died, or of others who still wait. */
static int settle_stale(struct count *count, struct err *e)
{
    json_t *open = json_object_get(count->value, "open"), *entry;
    const char *key;
    void *next;

    json_object_foreach_safe(open, next, key, entry) {
        int64_t age_ms = clock_agreed_ms() - json_integer_value(json_object_get(entry, "since"));
        const char *id = json_text(entry, "id");
        int64_t bytes = -1;

        if (id && age_ms > STALE_MS)
            bytes = ask(count, id, e);
        else if (!id && age_ms > LOST_MS)
            bytes = guess(count);
        if (bytes < -1)
            return -1;
        if (bytes >= 0)
            settle(count->value, key, bytes);
    }
    return 0;
}

static void forget_old(json_t *days, const char *now)
{
    struct day first;
    struct err ignored = {0};
    char oldest[16];
    const char *day;
    json_t *bytes;
    void *next;

    (void)calendar_parse_day(now, &first, &ignored);
    calendar_day_text(calendar_add_days(first, -KEPT_DAYS), oldest);
    json_object_foreach_safe(days, next, day, bytes) {
        if (strcmp(day, oldest) < 0)
            (void)json_object_del(days, day);
    }
}

/* ---- the cap ---- */

static void note(const struct count *count, const struct scan_cap_state *now)
{
    if (!state.known)
        state.known = json_object();
    json_object_set_new(state.known, count->billing->pipeline,
                        json_pack("[I, I, b]", (json_int_t)now->day_bytes,
                                  (json_int_t)now->month_bytes, now->used_up));
}

bool scan_cap_look(const char *pipeline, struct scan_cap_state *now)
{
    const json_t *known = json_object_get(state.known, pipeline);

    *now = (struct scan_cap_state){
        .day_bytes = json_integer_value(json_array_get(known, 0)),
        .month_bytes = json_integer_value(json_array_get(known, 1)),
        .used_up = json_is_true(json_array_get(known, 2)),
    };
    return known;
}

size_t scan_cap_refused(void)
{
    return state.refused;
}

static void add_up(const struct count *count, struct scan_cap_state *now)
{
    char day[16];
    const char *each;
    json_t *bytes;

    *now = (struct scan_cap_state){0};
    today(day);
    json_object_foreach(json_object_get(count->value, "days"), each, bytes) {
        if (!strcmp(each, day))
            now->day_bytes = json_integer_value(bytes);
        if (!strncmp(each, day, strlen("2025-10")))
            now->month_bytes += json_integer_value(bytes);
    }
}

static bool is_used_up(int64_t cap, int64_t bytes)
{
    return cap && bytes >= cap;
}

static void judge(const struct count *count, struct scan_cap_state *now)
{
    const struct billing_settings *settings = &count->billing->settings;

    add_up(count, now);
    now->used_up = is_used_up(settings->scan_cap_day_bytes, now->day_bytes) ||
                   is_used_up(settings->scan_cap_month_bytes, now->month_bytes);
    note(count, now);
}

static int check(const struct count *count, struct err *e)
{
    const struct billing_settings *settings = &count->billing->settings;
    struct scan_cap_state now;
    bool month;

    judge(count, &now);
    if (!now.used_up)
        return 0;
    month = is_used_up(settings->scan_cap_month_bytes, now.month_bytes);
    state.refused++;
    return err_set(
        e, ERR_RETRY,
        "no query is started: Athena has scanned %lld bytes for it this %s (UTC), and "
        "billing.scan_cap.%s is %lld; it goes on with the next %s, or with a larger cap",
        (long long)(month ? now.month_bytes : now.day_bytes), month ? "month" : "day",
        month ? "month" : "day",
        (long long)(month ? settings->scan_cap_month_bytes : settings->scan_cap_day_bytes),
        month ? "month" : "day");
}

/* A change of the object, made again on what others wrote meanwhile. */
struct change {
    const char *key, *id; /* id NULL: it is not known */
    int64_t bytes;        /* of one that is over; SCAN_CAP_UNKNOWN: not known */
    bool begins, ends;
};

static void apply(const struct count *count, const struct change *change)
{
    json_t *open = json_object_get(count->value, "open");
    json_t *entry = json_object_get(open, change->key);

    if (change->begins)
        json_object_set_new(open, change->key,
                            json_pack("{s:I}", "since", (json_int_t)clock_agreed_ms()));
    else if (change->ends)
        settle(count->value, change->key, change->bytes < 0 ? guess(count) : change->bytes);
    else if (entry)
        json_object_set_new(entry, "id", json_string(change->id));
}

static int change_count(struct count *count, const struct change *change, struct err *e)
{
    for (int i = 0; i < MOST_CONFLICTS; i++) {
        char day[16];
        int written;

        if (read_object(count, e) || (change->begins && settle_stale(count, e)) ||
            (change->begins && check(count, e)))
            return -1;
        apply(count, change);
        today(day); /* only now: a reply may have told that our clock is wrong */
        forget_old(json_object_get(count->value, "days"), day);
        written = write_object(count, e);
        if (written)
            return written < 0 ? -1 : 0;
    }
    return err_set(e, ERR_RETRY, "others write it all the time");
}

int scan_cap_begin(struct flow *flow, const struct billing *billing, const char *key, struct err *e)
{
    struct count count = {.flow = flow, .billing = billing};
    size_t refused = state.refused;
    int failed;

    if (!is_capped(billing))
        return 0;
    failed = change_count(&count, &(struct change){.key = key, .begins = true}, e);
    if (failed && e->kind != ERR_CANCELLED && state.refused == refused)
        (void)err_wrap(e, "how much Athena has scanned is unknown, so no query is started "
                          "(billing.scan_cap)");
    count_fini(&count);
    return failed;
}

void scan_cap_started(struct flow *flow, const struct billing *billing, const char *key,
                      const char *id)
{
    struct count count = {.flow = flow, .billing = billing, .at_end = true};
    struct err ignored = {0};

    if (is_capped(billing))
        (void)change_count(&count, &(struct change){.key = key, .id = id}, &ignored);
    count_fini(&count);
}

void scan_cap_end(struct flow *flow, const struct billing *billing, const char *key, int64_t bytes)
{
    struct count count = {.flow = flow, .billing = billing, .at_end = true};
    struct err ignored = {0};
    struct scan_cap_state now;

    if (is_capped(billing) &&
        !change_count(&count, &(struct change){.key = key, .bytes = bytes, .ends = true}, &ignored))
        judge(&count, &now);
    count_fini(&count);
}
