/* metric.h -- counters, gauges and histograms, written as Prometheus text.
 *
 * A metric is a static struct; a table of them is written out by metric_write.  Label names are
 * fixed, label values come from closed sets (resource ids, AWS operations, verdicts), never from
 * request ids, user input or time.  Rules for names: docs/metrics.md. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* At most this many series per metric unless it says otherwise.  Later label sets are counted under
 * the value "other" for every label: a peer that invents error codes cannot fill our memory. */
enum { METRIC_SERIES = 1000 };
/* Of what the operator's own spec names, which no peer can make grow: as many as it has. */
enum { METRIC_OF_SPEC = 1 << 24 };

struct metric_series;

struct metric {
    const char *name;
    const char *help;
    enum metric_type type;
    const char *const *labels; /* names, ends with NULL; NULL: none */
    const double *bounds;      /* histograms: upper bounds, ascending, without +Inf */
    size_t bound_count;
    size_t limit; /* most series; 0: METRIC_SERIES */
    /* Filled in by the functions below; sorted by label text. */
    struct metric_series *series;
    size_t count, room;
};

/* All take the label values in the order of metric->labels, then NULL; too few or too many abort
 * (our bug, every test hits it).  Bytes that are not UTF-8 become '?'. */

/* Makes the series exist at 0, so that rate() sees its first event. */
void metric_declare(struct metric *metric, ...) __attribute__((sentinel));
/* Counters (amount >= 0, else ignored) and gauges. */
void metric_add(struct metric *metric, double amount, ...) __attribute__((sentinel));
/* Gauges. */
void metric_set(struct metric *metric, double value, ...) __attribute__((sentinel));
/* Histograms: one event of this size (seconds, bytes). */
void metric_observe(struct metric *metric, double value, ...) __attribute__((sentinel));

/* The value of a series, or otherwise when there is none. */
double metric_value(const struct metric *metric, double otherwise, ...) __attribute__((sentinel));

/* Forgets all series of a metric, e.g. of resources that a reload took away. */
void metric_clear(struct metric *metric);
/* Another metric of the same name and labels, without series: to be filled where this one is nobody
 * else's, and exchanged then. */
struct metric metric_like(const struct metric *metric);
/* Exchanges all series. */
void metric_exchange(struct metric *a, struct metric *b);
/* Takes the series that it does not have; more keeps the others. */
void metric_join(struct metric *metric, struct metric *more);
/* Forgets the series whose first label has this value: what is unknown has no sample. */
void metric_forget(struct metric *metric, const char *value);

/* A table that is too long for one round of an event loop: its metrics from `next` on, until `most`
 * series are written.  Where a metric is cut the rest follows by its labels: series that come or go
 * meanwhile may be missing, and none comes twice. */
struct metric_part {
    size_t next, most;
    char *after; /* labels of the last series written of `next`; NULL: none was */
};
void metric_part_fini(struct metric_part *part);
/* Appends a part of a table (ends with NULL) in text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/); a metric without series is left
 * out; counters and histograms without labels begin at 0, gauges when they are set.  Whether there
 * is more. */
bool metric_write(struct metric *const *table, struct metric_part *part, struct str *out);
/* Appends the standard process_* metrics.  started_ms: clock_now_ms at the start of the process
 * (the boot time in /proc is hidden under ProcSubset=pid).  What cannot be read is left out. */
void metric_process_write(int64_t started_ms, struct str *out);

#endif
