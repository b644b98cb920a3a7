/* dispute.h -- a customer's own list of request ids held against the calls that their line bills,
 * however long both are: each is sorted by way of a temporary file (store/record_sort.h), and read
 * once more. */
#ifndef BILLING_DISPUTE_DISPUTE_H
#define BILLING_DISPUTE_DISPUTE_H

#include "aws/flow.h"
#include "billing/dispute/id_list.h"
#include "billing/prices/money.h"
#include "billing/prices/volume.h"
#include "billing/requests/requests.h"

enum dispute_kind {
    DISPUTE_UNREADABLE,     /* a line of theirs that holds no id */
    DISPUTE_BILLED_UNKNOWN, /* a call of ours whose id they do not have */
    DISPUTE_BILLED_AGAIN, /* a call of ours with an id that we bill more often than they have it */
    DISPUTE_WITHOUT_ID,   /* a call of ours that has none: nobody can compare it */
    DISPUTE_NOT_BILLED,   /* an id of theirs that we do not have */
    DISPUTE_DUPLICATE,    /* an id that they have several times */
    DISPUTE_KINDS
};
/* "unreadable", "billed_unknown", ... */
extern const char *const dispute_names[DISPUTE_KINDS];

/* What is not of a kind is 0 or NULL. */
struct dispute_row {
    enum dispute_kind kind;
    const char *id;
    const struct request *call; /* of ours */
    struct money worth;         /* of a call of ours: rating_margin_of */
    uint64_t ours, theirs;      /* how often either has the id */
    uint64_t line;              /* theirs: where it stands first */
    const char *why;            /* it is unreadable */
};

/* Given each row, off the loop; -1 and *e ends the work. */
typedef int dispute_row_fn(void *arg, const struct dispute_row *row, struct err *e);

struct dispute_counts {
    uint64_t lines, blank; /* of their file */
    uint64_t theirs;       /* ids in it, each as often as it stands there */
    struct volume ours;    /* the line's calls */
    uint64_t agreed;       /* calls that both have */
    uint64_t rows[DISPUTE_KINDS];
    struct money total;   /* of the line, rounded as bills are */
    struct money without; /* likewise, without the calls of the kinds billed_unknown, billed_again
                             and without_id */
};

struct dispute;

/* question: of a customer, or of nobody, over days of a month; borrowed like billing until the end.
 */
struct dispute *dispute_new(const struct billing *billing, const struct requests_question *question,
                            dispute_row_fn *row, void *arg);
/* Off the loop: a large file that is closed gives its room back first. */
void dispute_free(struct dispute *dispute);
/* Reads their file (a device or a pipe, too), telling unreadable lines.  -1 and *e: ERR_INVALID
 * when the file is not what form says, or holds no id at all. */
int dispute_read_theirs(struct flow *flow, struct dispute *dispute, const char *path,
                        const struct id_list_form *form, struct err *e);
/* Reads ours; sources as requests_each's.  -1 and *e. */
int dispute_read_ours(struct flow *flow, struct dispute *dispute, json_t **sources, struct err *e);
/* Holds them against each other: rows by id, those without one last.  -1 and *e. */
int dispute_compare(struct flow *flow, struct dispute *dispute, struct err *e);
/* How far the work under way has come, from any thread: lines of theirs that were read, then calls
 * of ours, then ids that were compared; borrowed. */
const _Atomic uint64_t *dispute_steps(const struct dispute *dispute);
/* What was found so far; borrowed. */
const struct dispute_counts *dispute_counts(const struct dispute *dispute);

#endif
