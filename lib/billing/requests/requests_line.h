/* requests_line.h -- what a customer's line of a bill says of some days, to hold the calls found in
 * the log events against. */
#ifndef BILLING_REQUESTS_REQUESTS_LINE_H
#define BILLING_REQUESTS_REQUESTS_LINE_H

#include "billing/prices/volume.h"
#include "billing/requests/requests.h"

/* Which of its calls; NULL: all.  As in the rules of the prices: "5xx", "GET /a*", "-". */
struct requests_filter {
    const char *route, *status;
};
bool requests_line_takes(const struct requests_filter *filter, const char *route,
                         const char *status);

struct requests_line {
    const struct requests_filter *filter; /* set by the caller, borrowed */
    struct volume all;                    /* of the line, on the question's days */
    struct volume shown;                  /* of it, what the filter takes */
    bool knows_shown;                     /* rollups keep what the filter asks for */
    json_t *days;                         /* bill_days */
    json_t *open;                         /* bill_days_open: with any, nobody knows the line yet */
};

/* How it is with the days of the question, out of a month's (bill_month_look's).  Give back with
 * requests_line_fini. */
void requests_line_set_days(struct requests_line *line, const json_t *month, struct day_span days);
/* From the rollups of those days.  0, or -1 and *e. */
int requests_line_read(struct flow *flow, const struct billing *billing,
                       const struct requests_question *question, struct requests_line *line,
                       struct err *e);
void requests_line_fini(struct requests_line *line);
/* Why calls found in the log events (all of them, and those that the filter takes) are not those of
 * the line, or why nobody knows: a text for people, new; NULL: they are. */
char *requests_line_doubt(const struct requests_line *line, struct volume all, struct volume shown);

#endif
