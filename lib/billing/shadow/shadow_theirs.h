/* shadow_theirs.h -- the answer of somebody else's billing query, per customer. */
#ifndef BILLING_SHADOW_SHADOW_THEIRS_H
#define BILLING_SHADOW_SHADOW_THEIRS_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/prices/money.h"
#include "billing/store/billing.h"

struct shadow_question {
    struct day month;    /* its first day */
    const char *text;    /* SQL */
    const char *columns; /* NULL: by their names */
};

struct shadow_their {
    char *sub; /* NULL: nobody's */
    int64_t calls, bytes;
    struct money amount;
};

struct shadow_theirs {
    struct shadow_their *items;
    size_t count;
    bool has_calls, has_bytes, has_amount;
    json_t *index;   /* "=" and the sub ("": nobody's) -> its place */
    json_t *columns; /* {"sub": column, "calls": column...}: which of theirs is what */
};

/* Runs text (checked: shadow_sql.h) in the pipeline's workgroup; ${year} and ${month} in it become
 * the month's.  columns: "sub=COLUMN,calls=COLUMN,bytes=COLUMN,amount=COLUMN", NULL: by their
 * names. Rows of one customer are added.  0, or -1 and *e. */
int shadow_theirs_read(struct flow *flow, const struct billing *billing,
                       const struct shadow_question *question, struct shadow_theirs *theirs,
                       struct err *e);
void shadow_theirs_fini(struct shadow_theirs *theirs);
/* Whether the words of `columns` are understood, before anything is asked; -1 and *e. */
int shadow_theirs_check(const char *columns, struct err *e);

#endif
