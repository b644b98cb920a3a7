/* shadow_cells.h -- all lines of a month and its edges, sorted by what a way of counting may ask of
 * them (query shadow_cells). */
#ifndef BILLING_SHADOW_SHADOW_CELLS_H
#define BILLING_SHADOW_SHADOW_CELLS_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

/* SHADOW_FOREIGN: a request but for its log group. */
enum shadow_state {
    SHADOW_OK,
    SHADOW_REPAIRED,
    SHADOW_ESTIMATED,
    SHADOW_NO_REQUEST,
    SHADOW_FOREIGN
};
/* Who counts one counts those before it: a copy by event id is one by request id, too. */
enum shadow_copy { SHADOW_FIRST, SHADOW_REQUEST_COPY, SHADOW_EVENT_COPY };

struct shadow_cell {
    size_t who; /* index of the sub */
    bool has_user, ours, by_arrival, by_utc, by_zone, on_time;
    enum shadow_state state;
    enum shadow_copy copy;
    char status; /* first digit of the status, '-' without one */
    int64_t calls, bytes;
};

struct shadow_cells {
    struct shadow_cell *items;
    size_t count;
    json_t *subs; /* [text, or null for nobody's], by index */
};

/* 0, or -1 and *e.  Give back with shadow_cells_fini. */
int shadow_cells_read(struct flow *flow, const struct billing *billing, struct day month,
                      struct shadow_cells *cells, struct err *e);
void shadow_cells_fini(struct shadow_cells *cells);

#endif
