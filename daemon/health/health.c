#include "daemon/health/health.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/health/service_metrics.h"

#include <string.h>

enum {
    OWN_PARTS = 2, /* the first entries: pass and reload */
    AT_ONCE = 32,  /* pipelines that are forgotten in a round of the loop: milliseconds at most */
};

struct entry {
    enum health_part part;
    char *pipeline;
    bool idle;          /* only observed */
    bool done, failed;  /* failed: the last time */
    enum err_kind kind; /* of that failure */
    enum health_verdict verdict;
    size_t open;     /* of the audit: gaps; of rollups: days that only people can mend */
    int64_t done_ms; /* monotonic; the last time */
};

struct health {
    struct entry *entries;
    size_t count;
};

struct health_next {
    struct health health;
    struct metric expected, failed, failures; /* of service_metrics */
    char **gone;                              /* pipelines that do not bill any more */
    size_t gone_count;
};

static const char *const names[HEALTH_PARTS] = {"pass",   "reload", "listing",  "partitions",
                                                "rollup", "audit",  "backfill", "months"};
static const char *const titles[HEALTH_PARTS] = {"look",
                                                 "reload",
                                                 "search for the newest object",
                                                 "registration of partitions",
                                                 "rollup",
                                                 "audit",
                                                 "backfill",
                                                 "search for months that are not closed"};

static void drop(struct health *health)
{
    for (size_t i = 0; i < health->count; i++)
        free(health->entries[i].pipeline);
    free(health->entries);
}

void health_free(struct health *health)
{
    if (!health)
        return;
    drop(health);
    free(health);
}

static struct entry *find(const struct health *health, enum health_part part, const char *pipeline)
{
    for (size_t i = 0; i < health->count; i++) {
        struct entry *entry = &health->entries[i];

        if (entry->part == part && !strcmp(entry->pipeline, pipeline))
            return entry;
    }
    return NULL;
}

static void add(struct health_next *next, enum health_part part, const char *pipeline)
{
    struct health *health = &next->health;

    health->entries = mem_resize(health->entries, health->count + 1, sizeof *health->entries);
    health->entries[health->count++] = (struct entry){.part = part, .pipeline = mem_text(pipeline)};
    metric_declare(&next->failures, pipeline, names[part], NULL);
    metric_set(&next->expected, 1, pipeline, names[part], NULL);
}

static struct health_next *prepare(void)
{
    struct health_next *next = mem_new(sizeof *next);

    next->expected = metric_like(&service_metrics.part_expected);
    next->failed = metric_like(&service_metrics.part_failed);
    next->failures = metric_like(&service_metrics.part_failures_total);
    add(next, HEALTH_PASS, "");
    add(next, HEALTH_RELOAD, "");
    return next;
}

struct health *health_new(void)
{
    struct health *health = mem_new(sizeof *health);
    struct health_next *next = prepare();

    health_take(health, next);
    health_next_free(next);
    return health;
}

/* ---- what is expected ---- */

static bool registers_partitions(const struct manifest_pipeline *pipeline)
{
    const char *how = json_text(pipeline->billing, "partitions");

    return how && !strcmp(how, "registration");
}

static bool closes_gaps(const struct manifest_pipeline *pipeline)
{
    const char *how = json_text(json_object_get(pipeline->billing, "audit"), "backfill");

    return !how || strcmp(how, "manual") != 0;
}

/* Pipelines that bill; new reference. */
static json_t *billing_of(const struct manifest *manifest)
{
    json_t *billing = json_object();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        if (manifest->pipelines[i].billing)
            json_object_set_new(billing, manifest->pipelines[i].name, json_true());
    return billing;
}

static void add_parts(struct health_next *next, const struct manifest_pipeline *pipeline)
{
    add(next, HEALTH_LISTING, pipeline->name);
    if (registers_partitions(pipeline))
        add(next, HEALTH_PARTITIONS, pipeline->name);
    add(next, HEALTH_ROLLUP, pipeline->name);
    add(next, HEALTH_AUDIT, pipeline->name);
    if (closes_gaps(pipeline))
        add(next, HEALTH_BACKFILL, pipeline->name);
    add(next, HEALTH_MONTHS, pipeline->name);
}

/* The parts of a pipeline stand together. */
static void find_gone(struct health_next *next, const struct health *health,
                      const struct manifest *manifest)
{
    json_auto_t *billing = billing_of(manifest);
    const char *last = "";

    next->gone = mem_new((health->count + 1) * sizeof *next->gone);
    for (size_t i = OWN_PARTS; i < health->count; i++) {
        const char *name = health->entries[i].pipeline;

        if (strcmp(name, last) != 0 && !json_object_get(billing, name))
            next->gone[next->gone_count++] = mem_text(name);
        last = name;
    }
}

struct health_next *health_prepare(const struct health *health, const struct manifest *manifest)
{
    struct health_next *next = prepare();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        if (manifest->pipelines[i].billing)
            add_parts(next, &manifest->pipelines[i]);
    find_gone(next, health, manifest);
    return next;
}

/* How looks and reloads went stays known. */
static void keep_own(struct health *health, struct health_next *next)
{
    for (size_t i = 0; i < OWN_PARTS && i < health->count; i++) {
        struct entry *own = &next->health.entries[i], fresh = *own;
        double failed =
            metric_value(&service_metrics.part_failed, -1, "", names[fresh.part], NULL);

        *own = health->entries[i];
        health->entries[i] = fresh;
        if (failed >= 0)
            metric_set(&next->failed, failed, "", names[fresh.part], NULL);
    }
}

/* Nothing is made here for each pipeline: all of it is seen at once. */
void health_take(struct health *health, struct health_next *next)
{
    struct health before = *health;

    keep_own(health, next);
    *health = next->health;
    next->health = before;
    metric_exchange(&service_metrics.part_expected, &next->expected);
    metric_exchange(&service_metrics.part_failed, &next->failed);
    metric_join(&service_metrics.part_failures_total, &next->failures);
}

/* From the end: of series that are sorted as the pipelines are the last go first, and none moves.
 */
bool health_forget_part(struct health_next *next)
{
    size_t end = next->gone_count > AT_ONCE ? next->gone_count - AT_ONCE : 0;
    bool some = next->gone_count > 0;

    while (next->gone_count > end) {
        char *name = next->gone[--next->gone_count];

        service_metrics_forget_pipeline(name);
        free(name);
    }
    return some;
}

void health_next_free(struct health_next *next)
{
    if (!next)
        return;
    drop(&next->health);
    metric_clear(&next->expected);
    metric_clear(&next->failed);
    metric_clear(&next->failures);
    while (next->gone_count)
        free(next->gone[--next->gone_count]);
    free(next->gone);
    free(next);
}

void health_idle(struct health *health, enum health_part part, const char *pipeline, bool idle)
{
    struct entry *entry = find(health, part, pipeline);

    if (!entry || entry->idle == idle)
        return;
    entry->idle = idle;
    entry->done = entry->failed = false;
    metric_set(&service_metrics.part_failed, 0, pipeline, names[part], NULL);
    if (part == HEALTH_ROLLUP && idle)
        metric_forget(&service_metrics.rollup_last_success, pipeline);
}

/* ---- how it went ---- */

void health_done(struct health *health, enum health_part part, const char *pipeline)
{
    struct entry *entry = find(health, part, pipeline);
    double now_s = (double)clock_now_ms() / 1000;

    if (!entry || entry->idle)
        return;
    metric_set(&service_metrics.part_failed, 0, pipeline, names[part], NULL);
    if (part == HEALTH_ROLLUP)
        metric_set(&service_metrics.rollup_last_success, now_s, pipeline, NULL);
    if (part == HEALTH_AUDIT)
        metric_set(&service_metrics.audit_last_success, now_s, pipeline, NULL);
    entry->done = true;
    entry->failed = false;
    entry->done_ms = clock_monotonic_ms();
}

void health_failed(struct health *health, enum health_part part, const char *pipeline,
                   enum err_kind kind)
{
    struct entry *entry = find(health, part, pipeline);

    if (!entry)
        return;
    metric_set(&service_metrics.part_failed, 1, pipeline, names[part], NULL);
    metric_add(&service_metrics.part_failures_total, 1, pipeline, names[part], NULL);
    entry->failed = true;
    entry->kind = kind;
}

void health_audited(struct health *health, const char *pipeline, enum health_verdict verdict)
{
    struct entry *entry = find(health, HEALTH_AUDIT, pipeline);

    if (entry)
        entry->verdict = verdict;
    health_done(health, HEALTH_AUDIT, pipeline);
}

static void set_open(struct health *health, enum health_part part, const char *pipeline,
                     size_t count)
{
    struct entry *entry = find(health, part, pipeline);

    if (entry)
        entry->open = count;
}

void health_open_gaps(struct health *health, const char *pipeline, size_t count)
{
    set_open(health, HEALTH_AUDIT, pipeline, count);
}

void health_unbillable_days(struct health *health, const char *pipeline, size_t count)
{
    set_open(health, HEALTH_ROLLUP, pipeline, count);
}

/* ---- in words ---- */

const char *health_word(enum err_kind kind)
{
    switch (kind) {
    case ERR_DENIED:
        return "no permission";
    case ERR_ABSENT:
        return "something it needs is not there";
    case ERR_INVALID:
        return "something is wrong until somebody edits it";
    case ERR_EVIDENCE:
        return "what was signed is not what it was";
    case ERR_RETRY:
        return "no whole answer from AWS, it is tried again";
    case ERR_NONE:
    case ERR_CANCELLED:
        break;
    }
    return "the log tells why";
}

static bool is_stale(const struct entry *entry)
{
    return clock_monotonic_ms() - entry->done_ms >= HEALTH_STALE_MS;
}

static bool is_well(const struct entry *entry)
{
    return !entry->failed && (entry->idle || (entry->done && !is_stale(entry)));
}

/* Of what is not well. */
static char *reason(const struct entry *entry)
{
    const char *title = titles[entry->part], *pipeline = entry->pipeline;

    if (entry->failed)
        return mem_printf("%s: %s failed: %s", pipeline, title, health_word(entry->kind));
    if (!entry->done)
        return mem_printf("%s: %s not done yet", pipeline, title);
    return mem_printf("%s: %s last done over %d hours ago", pipeline, title,
                      HEALTH_STALE_MS / 3600000);
}

static bool has_finding(const struct entry *entry)
{
    if (entry->part == HEALTH_ROLLUP)
        return entry->open;
    return entry->part == HEALTH_AUDIT && entry->done &&
           (entry->open || entry->verdict == HEALTH_GAP || entry->verdict == HEALTH_UNKNOWN);
}

/* What was found stays true while nothing newer is known. */
static char *finding(const struct entry *entry)
{
    if (entry->part == HEALTH_ROLLUP)
        return mem_printf("%s: %zu closed day%s cannot be billed, and only people can mend it",
                          entry->pipeline, entry->open, entry->open == 1 ? "" : "s");
    if (entry->verdict == HEALTH_GAP)
        return mem_printf("%s: the audit found a gap: usage is missing", entry->pipeline);
    if (entry->open)
        return mem_printf("%s: an older gap is not closed: usage is missing", entry->pipeline);
    return mem_printf("%s: the audit cannot tell whether usage is missing", entry->pipeline);
}

/* What of an entry is told, if there is room for it. */
struct reasons {
    json_t *texts;
    size_t most, more;
};

static void add_reason(struct reasons *reasons, char *(*word)(const struct entry *),
                       const struct entry *entry)
{
    cleanup_free char *text = NULL;

    if (json_array_size(reasons->texts) >= reasons->most) {
        reasons->more++;
        return;
    }
    text = word(entry);
    json_array_append_new(reasons->texts, json_string(text));
}

json_t *health_reasons(const struct health *health, size_t most, size_t *more)
{
    struct reasons reasons = {json_array(), most, 0};

    for (size_t i = 0; i < health->count; i++) {
        const struct entry *entry = &health->entries[i];

        if (entry->part == HEALTH_PASS || entry->part == HEALTH_RELOAD)
            continue;
        if (!is_well(entry))
            add_reason(&reasons, reason, entry);
        if (has_finding(entry))
            add_reason(&reasons, finding, entry);
    }
    *more = reasons.more;
    return reasons.texts;
}

static json_t *part_document(const struct entry *entry, int64_t now_ms)
{
    const char *state = entry->failed     ? "failed"
                        : !entry->done    ? "waiting"
                        : is_stale(entry) ? "stale"
                                          : "done";
    char at[TIMESTAMP_ROOM];

    timestamp_text((now_ms - (clock_monotonic_ms() - entry->done_ms)) / 1000, at);
    return json_pack("{s:s, s:s, s:s?}", "part", names[entry->part], "state", state, "done",
                     entry->done ? at : NULL);
}

json_t *health_parts(const struct health *health, const char *pipeline, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = OWN_PARTS; i < health->count; i++)
        if (!strcmp(health->entries[i].pipeline, pipeline))
            json_array_append_new(list, part_document(&health->entries[i], now_ms));
    return list;
}
