/* cost_private.h -- what the parts of a pipeline's cost share: its month, and the lines. */
#ifndef BILLING_COST_COST_PRIVATE_H
#define BILLING_COST_COST_PRIVATE_H

#include "billing/cost/cost.h"

enum { COST_DAY_S = 86400, COST_LINES = 40 };

/* One thing that AWS bills. */
struct cost_line {
    enum cost_unit unit;
    const char *what, *source; /* for people; static */
    char *place;               /* "access-logs/"; NULL: it has none */
    char *unknown;             /* why it could not be read, wholly or for some days; NULL: it was */
    unsigned unknown_days;     /* of those that are over; all of them: nothing is known */
    bool failed, denied;       /* that was an error, for lack of permission */
    bool at_least;             /* what is gone by now is not in it */
    money_integer used[COST_DAYS];   /* up to now */
    money_integer more[COST_DAYS];   /* and so much more at most, where AWS tells no better */
    money_integer coming[COST_DAYS]; /* from now to the end of the month, as it is going */
    json_t *detail;                  /* NULL: none */
};

struct cost {
    const struct cost_question *question;
    int64_t from_s, end_s, until_s; /* the month, and how far it has come */
    int days, days_begun;
    struct cost_line lines[COST_LINES];
    size_t count;
};

/* A new line, without use; its text is borrowed. */
struct cost_line *cost_line_add(struct cost *cost, enum cost_unit unit, const char *what,
                                const char *source);
/* Nothing is known of it, since nobody tells it. */
void cost_line_untold(const struct cost *cost, struct cost_line *line, const char *why);
/* Nothing is known of it, since a call failed. */
void cost_line_lose(const struct cost *cost, struct cost_line *line, const struct err *e);
/* Fills it with so much that is there all month. */
void cost_line_keep(const struct cost *cost, struct cost_line *line, int64_t amount);
/* Fills what is coming with the mean since the first day that had any. */
void cost_line_go_on(const struct cost *cost, struct cost_line *line);
/* Sums over the month; whole: with what is coming. */
money_integer cost_line_sum(const struct cost_line *line, bool whole);
/* A line by unit and place (NULL: any); NULL: there is none that is known. */
const struct cost_line *cost_line_find(const struct cost *cost, enum cost_unit unit,
                                       const char *place);
/* The day of the month (from 0) that a moment of it lies in. */
int cost_line_day(const struct cost *cost, int64_t time_s);

/* Each adds its lines.  They fail only when cancelled. */
void cost_metrics_read(struct flow *flow, struct cost *cost);
void cost_stored_read(struct flow *flow, struct cost *cost);
void cost_queries_read(struct flow *flow, struct cost *cost);
/* What each setting costs or saves; new reference:
 *   [{"setting", "now", "other", "name" (of the unit), "measure", "change", "amount", "assumes"}]
 * change is what a whole month takes more (less: below 0). */
json_t *cost_setting_list(const struct cost *cost);

#endif
