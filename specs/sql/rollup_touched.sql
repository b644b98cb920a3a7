-- Which quarter hours have requests (of other log groups, too: a bill tells of them) in the given hours of arrival: whether a late object holds
-- anything of a billing day. One line per hour of arrival and quarter hour of the request; slot counts
-- quarter hours since 1970 (UTC), because days of every time zone begin at one.
--
--   partition_filter  condition on year, month, day and hour (of arrival)
SELECT year, month, day, hour, requesttime / 900 AS slot
FROM ${database}.${table_json}
WHERE (is_request OR is_foreign_request) AND ($${partition_filter})
GROUP BY year, month, day, hour, requesttime / 900
