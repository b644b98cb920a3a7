/* metric.c -- series kept sorted by their label text, and the text exposition format. */
#include "base/metric.h"

#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metric_series {
    char *labels;     /* a="x",b="y" as written; "" without labels */
    double value;     /* histograms: the sum */
    uint64_t events;  /* histograms */
    uint64_t *counts; /* histograms: per bound, not cumulative */
};

/* Label values and help texts share an escaping; a quote is escaped in values only. */
static void add_escaped(struct str *out, const char *text, bool value)
{
    for (; *text; text++) {
        if (*text == '\\')
            str_add(out, "\\\\");
        else if (*text == '\n')
            str_add(out, "\\n");
        else if (*text == '"' && value)
            str_add(out, "\\\"");
        else
            str_add_char(out, *text);
    }
}

static void add_value(struct str *out, const char *text)
{
    json_auto_t *utf8 = json_string(text);

    if (utf8) {
        add_escaped(out, text, true);
        return;
    }
    for (; *text; text++) {
        char one[2] = {(unsigned char)*text < 0x80 ? *text : '?', '\0'};

        add_escaped(out, one, true);
    }
}

/* Values are read from args, or are all "other" when args is NULL. */
static void add_labels(const struct metric *metric, struct str *out, va_list *args)
{
    const char *const *name = metric->labels;

    for (; name && *name; name++) {
        const char *value = args ? va_arg(*args, const char *) : "other";

        if (!value)
            abort();
        if (out->len)
            str_add_char(out, ',');
        str_addf(out, "%s=\"", *name);
        add_value(out, value);
        str_add_char(out, '"');
    }
    if (args && va_arg(*args, const char *))
        abort();
}

/* Where labels are, or where they belong. */
static size_t position(const struct metric *metric, const char *labels, bool *found)
{
    size_t low = 0, high = metric->count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(metric->series[middle].labels, labels);

        if (!order) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct metric_series *insert(struct metric *metric, size_t at, struct str *labels)
{
    struct metric_series *series;

    if (metric->count == metric->room) {
        metric->room = metric->room ? 2 * metric->room : 4;
        metric->series = mem_resize(metric->series, metric->room, sizeof(*metric->series));
    }
    series = metric->series + at;
    memmove(series + 1, series, (metric->count - at) * sizeof(*series));
    metric->count++;
    *series = (struct metric_series){.labels = mem_text(str_text(labels))};
    if (metric->type == METRIC_HISTOGRAM)
        series->counts = mem_new((metric->bound_count + 1) * sizeof(*series->counts));
    return series;
}

static struct metric_series *find(struct metric *metric, va_list *args)
{
    cleanup_str struct str labels = {0};
    size_t limit = metric->limit ? metric->limit : METRIC_SERIES;
    bool found;
    size_t at;

    add_labels(metric, &labels, args);
    at = position(metric, str_text(&labels), &found);
    if (!found && metric->count >= limit) {
        str_fini(&labels);
        add_labels(metric, &labels, NULL);
        at = position(metric, str_text(&labels), &found);
    }
    return found ? metric->series + at : insert(metric, at, &labels);
}

#define FIND(series, metric, last)                                                                 \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, last);                                                                      \
        (series) = find((metric), &args);                                                          \
        va_end(args);                                                                              \
    } while (0)

void metric_declare(struct metric *metric, ...)
{
    struct metric_series *series;

    FIND(series, metric, metric);
    (void)series;
}

void metric_add(struct metric *metric, double amount, ...)
{
    struct metric_series *series;

    FIND(series, metric, amount);
    if (metric->type == METRIC_GAUGE || amount > 0)
        series->value += amount;
}

void metric_set(struct metric *metric, double value, ...)
{
    struct metric_series *series;

    FIND(series, metric, value);
    series->value = value;
}

void metric_observe(struct metric *metric, double value, ...)
{
    struct metric_series *series;
    size_t bucket = 0;

    if (metric->type != METRIC_HISTOGRAM)
        abort();
    FIND(series, metric, value);
    while (bucket < metric->bound_count && value > metric->bounds[bucket])
        bucket++;
    series->counts[bucket]++;
    series->events++;
    series->value += value;
}

double metric_value(const struct metric *metric, double otherwise, ...)
{
    cleanup_str struct str labels = {0};
    va_list args;
    bool found;
    size_t at;

    va_start(args, otherwise);
    add_labels(metric, &labels, &args);
    va_end(args);
    at = position(metric, str_text(&labels), &found);
    return found ? metric->series[at].value : otherwise;
}

static void series_fini(struct metric_series *series)
{
    free(series->labels);
    free(series->counts);
}

void metric_forget(struct metric *metric, const char *value)
{
    cleanup_str struct str first = {0};
    size_t from, end;
    bool found;

    str_addf(&first, "%s=\"", metric->labels[0]);
    add_value(&first, value);
    str_add_char(&first, '"');
    from = end = position(metric, str_text(&first), &found);
    while (end < metric->count && !strncmp(metric->series[end].labels, str_text(&first), first.len))
        series_fini(&metric->series[end++]);
    if (end == from)
        return;
    memmove(metric->series + from, metric->series + end,
            (metric->count - end) * sizeof *metric->series);
    metric->count -= end - from;
}

void metric_clear(struct metric *metric)
{
    for (size_t i = 0; i < metric->count; i++)
        series_fini(&metric->series[i]);
    free(metric->series);
    metric->series = NULL;
    metric->count = metric->room = 0;
}

struct metric metric_like(const struct metric *metric)
{
    return (struct metric){.name = metric->name,
                           .help = metric->help,
                           .type = metric->type,
                           .labels = metric->labels,
                           .bounds = metric->bounds,
                           .bound_count = metric->bound_count,
                           .limit = metric->limit};
}

void metric_exchange(struct metric *a, struct metric *b)
{
    struct metric before = *a;

    a->series = b->series;
    a->count = b->count;
    a->room = b->room;
    b->series = before.series;
    b->count = before.count;
    b->room = before.room;
}

/* Both are sorted: none is looked for. */
void metric_join(struct metric *metric, struct metric *more)
{
    size_t room = metric->count + more->count, count = 0, left = 0, i = 0, j = 0;
    struct metric_series *all = mem_resize(NULL, room + 1, sizeof *all);

    while (i < metric->count || j < more->count) {
        int order = i == metric->count ? 1
                    : j == more->count
                        ? -1
                        : strcmp(metric->series[i].labels, more->series[j].labels);

        if (!order)
            more->series[left++] = more->series[j++];
        else
            all[count++] = order < 0 ? metric->series[i++] : more->series[j++];
    }
    free(metric->series);
    metric->series = all;
    metric->count = count;
    metric->room = room + 1;
    more->count = left;
}

/* The shortest text that reads back as the same number. */
static void add_number(struct str *out, double value)
{
    char text[32];

    if (isnan(value)) {
        str_add(out, "NaN");
        return;
    }
    if (isinf(value)) {
        str_add(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    str_add(out, text);
}

struct sample {
    const char *name, *suffix, *labels;
    const char *le; /* NULL: no such label */
};

/* name + suffix {labels, le="bound"} value. */
static void add_sample(struct str *out, const struct sample *sample, double value)
{
    const char *labels = sample->labels, *le = sample->le;

    str_addf(out, "%s%s", sample->name, sample->suffix);
    if (*labels || le) {
        str_addf(out, "{%s%s", labels, *labels && le ? "," : "");
        if (le)
            str_addf(out, "le=\"%s\"", le);
        str_add_char(out, '}');
    }
    str_add_char(out, ' ');
    add_number(out, value);
    str_add_char(out, '\n');
}

static void add_histogram(struct str *out, const struct metric *metric,
                          const struct metric_series *series)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < metric->bound_count; i++) {
        cleanup_str struct str bound = {0};

        sum += series->counts[i];
        add_number(&bound, metric->bounds[i]);
        add_sample(out, &(struct sample){metric->name, "_bucket", series->labels, str_text(&bound)},
                   (double)sum);
    }
    add_sample(out, &(struct sample){metric->name, "_bucket", series->labels, "+Inf"},
               (double)series->events);
    add_sample(out, &(struct sample){metric->name, "_sum", series->labels, NULL}, series->value);
    add_sample(out, &(struct sample){metric->name, "_count", series->labels, NULL},
               (double)series->events);
}

static void add_head(struct str *out, const struct metric *metric)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};

    str_addf(out, "# HELP %s ", metric->name);
    add_escaped(out, metric->help, false);
    str_addf(out, "\n# TYPE %s %s\n", metric->name, names[metric->type]);
}

void metric_part_fini(struct metric_part *part)
{
    free(part->after);
    part->after = NULL;
}

static void add_series(struct str *out, const struct metric *metric,
                       const struct metric_series *series)
{
    if (metric->type == METRIC_HISTOGRAM)
        add_histogram(out, metric, series);
    else
        add_sample(out, &(struct sample){metric->name, "", series->labels, NULL}, series->value);
}

/* So many series of `next` at most, behind those that were written.  How many there were; *more:
 * others are left. */
static size_t write_some(const struct metric *metric, struct metric_part *part, size_t most,
                         bool *more, struct str *out)
{
    bool found = false;
    size_t from = part->after ? position(metric, part->after, &found) : 0, end;

    from += found;
    end = metric->count - from > most ? from + most : metric->count;
    if (!part->after && metric->count)
        add_head(out, metric);
    for (size_t i = from; i < end; i++)
        add_series(out, metric, &metric->series[i]);
    *more = end < metric->count;
    if (*more && end > from) {
        free(part->after);
        part->after = mem_text(metric->series[end - 1].labels);
    }
    return end - from;
}

bool metric_write(struct metric *const *table, struct metric_part *part, struct str *out)
{
    size_t written = 0;
    bool more = false;

    while (table[part->next] && written < part->most && !more) {
        struct metric *metric = table[part->next];

        if (!metric->labels && metric->type != METRIC_GAUGE)
            metric_declare(metric, NULL);
        written += write_some(metric, part, part->most - written, &more, out);
        if (more)
            break;
        metric_part_fini(part);
        part->next++;
    }
    return table[part->next] != NULL;
}
