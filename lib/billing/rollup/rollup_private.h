/* rollup_private.h -- the inside of rollup.
 *
 * rollup.c           wanted against present: states of days
 * rollup_window.c    which hours of arrival belong to a day; their objects as one fingerprint
 * rollup_objects.c   the objects of arrival days
 * rollup_partition.c the builds as Glue keeps them: partitions and their parameters
 * rollup_build.c     one day: UNLOAD, check, switch
 * rollup_late.c      late days: do their new objects hold anything of theirs?
 * rollup_repair.c    all days that need it, within the budget
 * rollup_collect.c   files of runs that nobody points to any more */
#ifndef BILLING_ROLLUP_ROLLUP_PRIVATE_H
#define BILLING_ROLLUP_ROLLUP_PRIVATE_H

#include "billing/rollup/rollup.h"

enum {
    ROLLUP_HOUR_S = 3600,
    ROLLUP_DAY_S = 86400,
    ROLLUP_BEFORE_H = 25,   /* hours of arrival before the day that decide about it: rollup.h */
    ROLLUP_COPY_S = 86400,  /* copies of a request are found so far back (rollup.sql) */
    ROLLUP_RUN_LENGTH = 26, /* "20251031T235959Z-0123abcd" and its end */
    ROLLUP_SETTLE_S = 900,  /* an hour of arrival is looked at so long after its end */
    ROLLUP_LIST_AGAIN_S = 86400, /* objects of arrival days long past */
};

/* ---- rollup.c ---- */

struct rollup_print;
/* What state a closed day is in, from its build (NULL: none) and its objects now. */
enum rollup_state rollup_state_of(const json_t *build, const struct rollup_print *print,
                                  const char *window, const char *sql_hash);

/* ---- rollup_objects.c ---- */

/* Objects of arrival days (UTC) from the one that begins at first_s on, by hour: hours[0..days) is
 * {"23": [object, ...]}, new references; left alone on failure. */
int rollup_objects_list(struct flow *flow, const struct billing *billing, int64_t first_s,
                        size_t days, json_t **hours, struct err *e);
/* SHA-256 over the objects of an hour that were there at newest (seconds; < 0: all); "" for none.
 */
void rollup_objects_hash(const json_t *objects, double newest, char hex[static 65]);

/* ---- rollup_window.c ---- */

struct rollup_window {
    int64_t event_from_s, event_to_s; /* the billing day */
    int64_t from_s, to_s;             /* hours of arrival that may hold its events */
    int64_t settled_s;                /* hours from here on are still being filled: not looked at */
};
struct rollup_window rollup_window_of(const struct billing *billing, struct day day);
size_t rollup_window_hours(const struct rollup_window *window);
/* "(year = 2025 AND month = 10 AND day = 30 AND hour >= 23) OR (...)" for a range of hours; new. */
char *rollup_window_filter(int64_t from_s, int64_t to_s);
/* The same for the hours of a window with a flag. */
char *rollup_window_filter_flags(int64_t from_s, const bool *flags, size_t count);
/* What a partition says its window was: settings and zone that made it; new text. */
char *rollup_window_text(const struct billing *billing, const struct rollup_window *window);

/* What a day's objects are, as the partition remembers it. */
struct rollup_print {
    char fingerprint[65]; /* "" when there are no objects */
    char *hours;          /* per hour 8 hex digits or "-", joined by blanks */
    double newest;        /* LastModified of the newest object, seconds */
};
void rollup_print_fini(struct rollup_print *print);
/* From what is remembered (all of it, after rollup_window_prepare). */
void rollup_print_make(const struct billing *billing, const struct rollup_window *window,
                       struct rollup_print *print);
/* fresh: list everything now; otherwise what is remembered of days long past will do. */
int rollup_print_of(struct flow *flow, const struct billing *billing,
                    const struct rollup_window *window, bool fresh, struct rollup_print *print,
                    struct err *e);
/* Lists the arrival days of the hours that are not remembered, several at a time. */
int rollup_window_prepare(struct flow *flow, const struct billing *billing, int64_t from_s,
                          int64_t to_s, struct err *e);

enum rollup_change {
    ROLLUP_SAME,
    ROLLUP_GONE,    /* whole hours went, nothing else */
    ROLLUP_CHANGED, /* something came or changed */
};
/* Compares two "hours" texts. changed (may be NULL): one flag per hour, of count. */
enum rollup_change rollup_hours_compare(const char *before, const char *now, bool *changed,
                                        size_t count);

/* ---- rollup_partition.c ---- */

/* {"2025-10-31": build} of the days between; new reference. */
json_t *rollup_partition_builds(struct flow *flow, const struct billing *billing, struct day first,
                                struct day last, struct err *e);
/* StorageDescriptor of a table, for its partitions; new reference. */
json_t *rollup_partition_storage(struct flow *flow, const struct billing *billing,
                                 const char *table, struct err *e);
/* "parquet-data/year=2025/month=10/day=31/run=RUN/" (run NULL: without); new text. */
char *rollup_partition_key(const struct billing *billing, struct day day, const char *run);
/* Points the day to the run of build, with what it says of itself, in one write.  replace: there is
 * a partition already. */
int rollup_partition_switch(struct flow *flow, const struct billing *billing, const json_t *storage,
                            struct day day, const json_t *build, bool replace, struct err *e);
/* Makes the run readable in the runs table. */
int rollup_partition_add_run(struct flow *flow, const struct billing *billing,
                             const json_t *storage, struct day day, const char *run, struct err *e);

/* ---- rollup_build.c ---- */

/* What all days of a repair share. */
struct rollup_job {
    const struct billing *billing;
    json_t *storage, *run_storage; /* of the two tables */
    char sql_hash[65];
};
/* SHA-256 over everything that decides what a build holds but its objects: the query, the view it
 * reads, the columns. */
int rollup_build_hash(struct flow *flow, const struct billing *billing, char hex[static 65],
                      struct err *e);
/* "20251031T235959Z-0123abcd" */
void rollup_build_run(int64_t now_s, char run[static ROLLUP_RUN_LENGTH]);
/* The time in a run's name; -1 when it is none of ours. */
int64_t rollup_build_run_time(const char *run);

/* A day to repair. */
struct rollup_need {
    const struct rollup_day *day;
    struct rollup_window window;
    struct rollup_print print; /* its objects at the time of rollup_late_judge */
    bool lost;      /* objects that the present build was made from are gone or changed */
    bool untouched; /* late, but the new objects hold nothing of the day */
    bool recount; /* late, but only hours changed that hold events of the day, or of the day before
                     (copies), anyway: count first whether anything is different */
};

enum rollup_outcome { ROLLUP_BUILT, ROLLUP_NOTED, ROLLUP_WOULD_LOSE, ROLLUP_FAILED };
enum rollup_outcome rollup_build_day(struct flow *flow, const struct rollup_job *job,
                                     const struct rollup_need *need, struct err *e);

/* ---- rollup_late.c ---- */

/* Fills lost, untouched and recount of needs that have a build: by the objects, then by one query
 * over the hours in which objects came.  What cannot be found out leaves the day to be built. */
int rollup_late_judge(struct flow *flow, const struct rollup_job *job, struct rollup_need *needs,
                      size_t count, struct err *e);

/* ---- rollup_collect.c ---- */

/* Deletes the files of runs that no partition has pointed to for settings.keep_runs_hours. */
int rollup_collect(struct flow *flow, const struct billing *billing, unsigned *collected,
                   struct err *e);
/* The run in "year=2025/month=10/day=31/run=RUN/file", or false when the key is of another form. */
bool rollup_collect_parse(const char *key, struct day *day, char run[static ROLLUP_RUN_LENGTH]);

#endif
