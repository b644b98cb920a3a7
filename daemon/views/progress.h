/* progress.h -- what is at work right now, for people.
 *
 * On a terminal progress is a small area redrawn in place; elsewhere one line per event.  The
 * cursor is never hidden and no mode of the terminal is changed, so there is nothing to restore
 * when the process dies. */
#ifndef DAEMON_VIEWS_PROGRESS_H
#define DAEMON_VIEWS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress;

enum progress_verdict { PROGRESS_UNCHANGED, PROGRESS_CHANGED, PROGRESS_BLOCKED, PROGRESS_FAILED };

/* total: resources in this run, for the count; color as terminal_use_color says. */
struct progress *progress_start(FILE *out, size_t total, bool color);
/* resource is at work: state is a word or a phrase ("creating", "waiting for
 * X"), detail what is to be said besides, or NULL.  The first
 * call for a resource starts its clock.  Without a terminal a line is written when state or detail
 * changed. */
void progress_update(struct progress *progress, const char *resource, const char *state,
                     const char *detail);
/* resource is finished; text is what happened ("created", an error), or NULL.  A line is written
 * for all but PROGRESS_UNCHANGED. */
void progress_done(struct progress *progress, const char *resource, enum progress_verdict verdict,
                   const char *text);
/* Calls that wait, and what for (copied; NULL where none does): told with the count, and without a
 * terminal by a line, once. */
void progress_wait(struct progress *progress, size_t calls, const char *what);
/* Redraws the live area; call it about every 200 ms from a timer.  Nothing is drawn in the first
 * second; does nothing without a terminal. */
void progress_tick(struct progress *progress);
/* Takes the live area away and frees.  NULL is harmless. */
void progress_end(struct progress *progress);

#endif
