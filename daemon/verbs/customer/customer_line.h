/* customer_line.h -- the line of a bill that a verb is about: whose, of which days, and whether
 * there is one. */
#ifndef DAEMON_VERBS_CUSTOMER_CUSTOMER_LINE_H
#define DAEMON_VERBS_CUSTOMER_CUSTOMER_LINE_H

#include "billing/requests/requests_line.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/views/row_stream.h"

struct customer_line {
    struct day month, day; /* day.year 0: the whole month */
    struct requests_filter filter;
    struct requests_question question;
    struct requests_line line;
};

/* --customer, --month, --day, and the form of a list.  -1 to go on, else EXIT_BAD_USAGE, told. */
int customer_line_words(const struct options *options, struct customer_line *about);
/* The days of the question: what the month is billed for, or the one day.  EXIT_DONE, another exit
 * code (told), or -1 and *e. */
int customer_line_days(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e);
/* Reads the line: as above.  Refuses where there is no bill of the month, or nobody of that id.
 * Give back with customer_line_fini, in any case. */
int customer_line_read(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e);
void customer_line_fini(struct customer_line *about);
/* What a JSON document about it begins with; new reference. */
json_t *customer_line_head(const struct billing *billing, const struct customer_line *about);
enum row_format customer_line_format(const struct options *options);

#endif
