/* health.h -- how each part of the daemon's work goes, so that no part fails in silence.
 *
 * Parts are the looks and reloads (of no pipeline, ""), and what upkeep does for each pipeline with
 * a `billing` section.  Each is a condition and a counter among the metrics, and a sentence for
 * /-/ready and systemd.  Those sentences are ours: nothing that AWS said is in them. */
#ifndef DAEMON_SERVICE_HEALTH_H
#define DAEMON_SERVICE_HEALTH_H

#include "base/err.h"
#include "spec/manifest.h"

enum health_part {
    HEALTH_PASS,
    HEALTH_RELOAD,
    HEALTH_LISTING, /* when the newest object came */
    HEALTH_PARTITIONS,
    HEALTH_ROLLUP,
    HEALTH_AUDIT,
    HEALTH_BACKFILL, /* gaps read again; only of pipelines whose gaps the daemon may close */
    HEALTH_MONTHS,   /* the search for months that are over and not closed */
};
enum { HEALTH_PARTS = HEALTH_MONTHS + 1, HEALTH_STALE_MS = 3 * 3600000 };

/* HEALTH_SILENT: nobody counted anything; HEALTH_ACCEPTED: what is missing is accepted by the spec.
 * Either is nothing to look into. */
enum health_verdict { HEALTH_COMPLETE, HEALTH_GAP, HEALTH_UNKNOWN, HEALTH_SILENT, HEALTH_ACCEPTED };

struct health;

struct health *health_new(void);
/* NULL is harmless. */
void health_free(struct health *health);

/* The parts that the pipelines of a spec have, none of them done yet, for health_take; of many it
 * takes a while.  health is only asked for its pipelines, which nothing but health_take changes, so
 * that it may be in use by another thread. */
struct health_next *health_prepare(const struct health *health, const struct manifest *manifest);
/* They are expected from now on, those of the spec before are not any more.  Looks and reloads always
 * are.  next has what was before, with all that it measured. */
void health_take(struct health *health, struct health_next *next);
/* After health_take: forgets what some pipelines measured that are gone.  False: there were none
 * left. */
bool health_forget_part(struct health_next *next);
/* In any thread; NULL is harmless. */
void health_next_free(struct health_next *next);

/* Nothing of a part is written (the pipeline, or what the part writes into, is only observed), so
 * that nobody waits for it; idle false: it is expected again, from now on. */
void health_idle(struct health *health, enum health_part part, const char *pipeline, bool idle);

/* A part was done, or failed; pipeline: "" for the first two.  One that is not expected (a run that
 * was under way when its pipeline went) is nobody's news. */
void health_done(struct health *health, enum health_part part, const char *pipeline);
void health_failed(struct health *health, enum health_part part, const char *pipeline,
                   enum err_kind kind);
/* What an audit that was done says. */
void health_audited(struct health *health, const char *pipeline, enum health_verdict verdict);

/* How many gaps some audit found and none has seen closed since, also of days that the last one did
 * not look at. */
void health_open_gaps(struct health *health, const char *pipeline, size_t count);
/* How many closed days can be billed by nobody, and the daemon cannot build (lost, hidden). */
void health_unbillable_days(struct health *health, const char *pipeline, size_t count);

/* What is not as it should be with the pipelines' parts, a sentence each ("shop: audit failed: no
 * permission"): failed, not done yet, done last longer ago than HEALTH_STALE_MS, or what an audit
 * found.  The first two parts are left to who knows more of them.  At most so many are put into
 * words; *more: how many others there are.  New reference. */
json_t *health_reasons(const struct health *health, size_t most, size_t *more);

/* How each part goes: [{"part", "state": "done"|"failed"|"waiting"|"stale", "done"}]; done: when it
 * was done last (UTC), null for never since the start.  now_ms: wall clock.  New reference. */
json_t *health_parts(const struct health *health, const char *pipeline, int64_t now_ms);

/* "no permission", ...: what a kind of error means, in words of ours. */
const char *health_word(enum err_kind kind);

#endif
