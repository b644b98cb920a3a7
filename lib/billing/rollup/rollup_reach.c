#include "billing/rollup/rollup_reach.h"

#include "base/json.h"
#include "billing/prices/calendar.h"
#include "billing/rollup/rollup_operations.h"

#include <stdio.h>
#include <string.h>

int rollup_reach_of(const json_t *parameters, struct rollup_reach *reach, struct err *e)
{
    const char *enabled = json_text(parameters, "projection.enabled");
    const char *type = json_text(parameters, "projection.year.type");
    const char *range = json_text(parameters, "projection.year.range");
    int first, last;

    *reach = (struct rollup_reach){INT64_MIN, INT64_MAX};
    if (!enabled || strcmp(enabled, "true") != 0 || !type)
        return 0;
    if (strcmp(type, "integer") != 0 || !range || sscanf(range, "%9d , %9d", &first, &last) != 2 ||
        first < 1 || last > 9998 || first > last)
        return err_set(e, ERR_INVALID,
                       "the raw table projects years by type %s, range %s, which billingd cannot "
                       "read: make it integer, like 2025,2045",
                       type, range ? range : "none");
    reach->from_s = calendar_day_start("UTC", (struct day){first, 1, 1});
    reach->to_s = calendar_day_start("UTC", (struct day){last + 1, 1, 1});
    return 0;
}

int rollup_reach_read(struct flow *flow, const struct billing *billing, struct rollup_reach *reach,
                      struct err *e)
{
    json_auto_t *reply =
        operation_call(flow, billing, &rollup_operations[ROLLUP_GET_TABLE],
                       json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "Name",
                                 billing->names.raw_table),
                       e);

    return reply ? rollup_reach_of(json_at(reply, "Table.Parameters"), reach, e) : -1;
}
