/* rollup_private.h -- the inside of rollup.
 *
 * rollup.c           wanted against present: states of days
 * rollup_window.c    which hours of arrival belong to a day
 * rollup_walk.c      every object of arrival days, one by one
 * rollup_objects.c   all of them, or what tells them from others
 * rollup_memory.c    what was listed of them, kept for the next look
 * rollup_print.c     a day's objects as one fingerprint
 * rollup_files.c     the files of builds as they lie in S3
 * rollup_seal.c      what a build says, sealed
 * rollup_partition.c the builds as Glue keeps them: partitions and their parameters
 * rollup_build.c     one day: UNLOAD, check, switch
 * rollup_late.c      late days: do their new objects hold anything of theirs?
 * rollup_repair.c    all days that need it, within the budget
 * rollup_collect.c   files of runs that nobody points to any more */
#ifndef BILLING_ROLLUP_ROLLUP_PRIVATE_H
#define BILLING_ROLLUP_ROLLUP_PRIVATE_H

#include "billing/rollup/rollup.h"
#include "billing/rollup/rollup_window.h"

enum { ROLLUP_RUN_LENGTH = 26 }; /* "20251031T235959Z-0123abcd" and its end */

/* ---- rollup.c ---- */

struct rollup_print;
/* What a build is held against. */
struct rollup_wanted {
    const struct rollup_print *print; /* the day's objects now */
    const char *window, *sql_hash;
    const char *files; /* of its run, as they lie there now (rollup_files_of) */
};
/* What state a closed day is in, from its build (NULL: none). */
enum rollup_state rollup_state_of(const json_t *build, const struct rollup_wanted *wanted);

/* ---- rollup_memory.c ---- */

/* Lists the arrival days of the hours from window->from_s to window->to_s, several at a time: all
 * of them (fresh), or those that are not remembered or not long past. */
int rollup_memory_list(struct flow *flow, const struct billing *billing,
                       const struct rollup_window *window, bool fresh, struct err *e);
/* {"newest", "hours": {"23": hash}} of an arrival day, as listed last; borrowed; NULL: never. */
const json_t *rollup_memory_day(const struct billing *billing, int64_t day_s);
/* The next look lists everything. */
void rollup_memory_forget(void);

/* ---- rollup_print.c ---- */

/* What a day's objects are, as the partition remembers it. */
struct rollup_print {
    char fingerprint[65]; /* "" when there are no objects */
    char *hours;          /* per hour 8 hex digits or "-", joined by blanks */
    double newest;        /* LastModified of the newest object, seconds */
};
void rollup_print_fini(struct rollup_print *print);
/* From what is remembered (all of it, after rollup_memory_list). */
void rollup_print_make(const struct billing *billing, const struct rollup_window *window,
                       struct rollup_print *print);
/* The same after listing everything now; -1 and *e. */
int rollup_print_now(struct flow *flow, const struct billing *billing,
                     const struct rollup_window *window, struct rollup_print *print, struct err *e);
/* The same from what a look remembers of days long past, listing the others: for who compares it
 * with rollup_print_now later. */
int rollup_print_before(struct flow *flow, const struct billing *billing,
                        const struct rollup_window *window, struct rollup_print *print,
                        struct err *e);

enum rollup_change {
    ROLLUP_SAME,
    ROLLUP_GONE,    /* whole hours went, nothing else */
    ROLLUP_CHANGED, /* something came or changed */
};
/* Compares two "hours" texts. changed (may be NULL): one flag per hour, of count. */
enum rollup_change rollup_print_compare(const char *before, const char *now, bool *changed,
                                        size_t count);

/* ---- rollup_partition.c ---- */

/* {"2025-10-31": build} of the days; new reference.  A build whose partition is not as it was
 * sealed has a member "wrong" (why). */
json_t *rollup_partition_builds(struct flow *flow, const struct billing *billing,
                                struct day_span days, struct err *e);
/* StorageDescriptor of a table, for its partitions; new reference. */
json_t *rollup_partition_storage(struct flow *flow, const struct billing *billing,
                                 const char *table, struct err *e);
/* "parquet-data/year=2025/month=10/day=31/run=RUN/" (run NULL: without); new text. */
char *rollup_partition_key(const struct billing *billing, struct day day, const char *run);
/* Where a day's partitions are written. */
struct rollup_place {
    const struct billing *billing;
    const json_t *storage; /* of the table they belong to */
    struct day day;
};
/* Points the day to the run of build, with what it says of itself, in one write.  replace: there is
 * a partition already. */
int rollup_partition_switch(struct flow *flow, const struct rollup_place *place,
                            const json_t *build, bool replace, struct err *e);
/* Makes the run readable in the runs table. */
int rollup_partition_add_run(struct flow *flow, const struct rollup_place *place, const char *run,
                             struct err *e);

/* ---- rollup_seal.c ---- */

/* SHA-256 over what a build says and where its partition (StorageDescriptor) points. */
void rollup_seal(struct day day, const json_t *build, const json_t *storage, char hex[static 65]);

/* ---- rollup_files.c ---- */

/* The files of all runs of the days: {"parquet-data/year=2025/month=10/day=31/run=RUN/": "2 HASH"}
 * (number, SHA-256 over keys, sizes and ETags); new reference, or NULL and *e. */
json_t *rollup_files_list(struct flow *flow, const struct billing *billing, struct day_span days,
                          struct err *e);
/* Of them the text of a day's run, "0 -" when nothing is there; borrowed. */
const char *rollup_files_of(const json_t *files, const struct billing *billing, struct day day,
                            const char *run);
/* The same of one run, listed now; new text, or NULL and *e. */
char *rollup_files_now(struct flow *flow, const struct rollup_place *place, const char *run,
                       struct err *e);
/* Why the build is not to be believed, with files as they are now; NULL: nothing speaks against
 * it. */
const char *rollup_files_wrong(const json_t *build, const char *files);

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
    bool rest;                 /* take what can still be counted, however little it is */
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
