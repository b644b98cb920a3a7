#include "billing/audit/audit_gap.h"

bool audit_gap_is_open(const json_t *gap)
{
    return json_is_true(json_object_get(gap, "above_limit")) && !json_object_get(gap, "accepted");
}
