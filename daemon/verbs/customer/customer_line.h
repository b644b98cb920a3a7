/* customer_line.h -- the line of a bill that a verb is about: whose, of which days, and whether
 * there is one. */
#ifndef DAEMON_VERBS_CUSTOMER_CUSTOMER_LINE_H
#define DAEMON_VERBS_CUSTOMER_CUSTOMER_LINE_H

#include "billing/requests/requests_line.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/customer/customer_closed.h"
#include "daemon/views/row_stream.h"

struct customer_line {
    struct day month, day; /* day.year 0: the whole month */
    struct requests_filter filter;
    struct requests_question question;
    struct requests_line line;
    struct customer_closed closed; /* what was signed of the month: then the line is that */
    struct volume rolled_up;       /* the month's line by the rollups, where a part of a closed one
                                      is asked for */
    struct billing *billing;       /* has the closed book meanwhile; NULL: the month is open */
    struct price_book *own_book;
};

/* --customer, --month, --day, and the form of a list.  -1 to go on, else EXIT_BAD_USAGE, told. */
int customer_line_words(const struct options *options, struct customer_line *about);
/* The days of the question (what the month is billed for, or the one day), and what was signed of
 * them: of a closed month turn->billing has the prices and customers that it was closed with, until
 * customer_line_fini, which is to be called in any case.  EXIT_DONE, another exit code (told;
 * EXIT_EVIDENCE: what was signed is gone or changed), or -1 and *e. */
int customer_line_days(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e);
/* Reads the line: as above.  Refuses where there is no bill of the month, or nobody of that id. */
int customer_line_read(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e);
void customer_line_fini(struct flow *flow, struct customer_line *about);
/* Whether a part of the month is asked for: a day, a route, a status. */
bool customer_line_is_part(const struct customer_line *about);
/* Why calls found in the log events are not those of the line, or why nobody knows; new text, NULL:
 * they are. */
char *customer_line_doubt(const struct customer_line *about, struct volume all,
                          struct volume shown);
/* What a JSON document about it begins with; new reference. */
json_t *customer_line_head(const struct billing *billing, const struct customer_line *about);
enum row_format customer_line_format(const struct options *options);

#endif
