/* backfill_pace.c -- how much of the work may be done now. */
#include "billing/backfill/backfill_private.h"
#include "billing/store/athena_query.h"

bool backfill_pace_wants(struct backfill *backfill, const char *piece)
{
    const struct backfill_pace *pace = backfill->request->pace;

    return !pace || pace->wants(pace->arg, piece, backfill->again);
}

void backfill_pace_did(struct backfill *backfill, const char *piece, int64_t events)
{
    const struct backfill_pace *pace = backfill->request->pace;

    backfill->pieces++;
    if (pace)
        pace->did(pace->arg, piece, events);
}

int64_t backfill_pace_bytes(const struct backfill *backfill)
{
    return backfill->bytes + athena_query_scanned() - backfill->scanned_before;
}

bool backfill_pace_is_over(struct backfill *backfill)
{
    const struct backfill_pace *pace = backfill->request->pace;

    if (pace && pace->budget_bytes && backfill_pace_bytes(backfill) >= pace->budget_bytes)
        backfill->over_budget = true;
    return backfill->over_budget;
}
