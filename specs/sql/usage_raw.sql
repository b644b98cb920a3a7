-- Calls and bytes to rate, from the events themselves: columns and order of usage_rollup.sql, and the
-- same numbers, found by another way than rollup.sql.
--
--   first_day         the first billing day to count, 20251001
--   days              a row for the day BEFORE first_day and for each day to count, with commas between:
--                     (20251001, 1759276800, 1759363200, 2025092923, 2025100423)
--                     day, its first second and the next day's (UTC epoch seconds), first and last hour
--                     of arrival that count for it (yyyymmddhh, UTC, both in: those a rollup reads,
--                     from 25 hours before the day to late_days after it)
--   partition_filter  condition on year, month, day and hour that holds for all those hours
--   object            nothing (parts/calls.sql)
--
-- Every event becomes one array of texts, put so that the smallest is the copy to keep; what a copy of
-- a request must say as well is an array too. What has no event id is told by its array, and counted.
SELECT
  NULLIF(element_at(said, 4), '-') AS sub,
  NULLIF(element_at(said, 5), '-') AS user,
  NULLIF(element_at(said, 6), '-') AS routekey,
  NULLIF(element_at(said, 7), '-') AS status,
  CAST(sum(times) AS bigint) AS calls,
  CAST(sum(times * CAST(element_at(said, 10) AS bigint)) AS bigint) AS bytes,
  CAST(sum(CASE WHEN element_at(states, 1) = 'unknown' THEN times ELSE 0 END) AS bigint) AS length_unknown,
  CAST(sum(CASE WHEN element_at(states, 1) = 'refused' THEN times ELSE 0 END) AS bigint) AS length_refused,
  CAST(sum(CASE WHEN element_at(states, 2) = 'estimated' THEN times ELSE 0 END) AS bigint) AS estimated,
  CAST(sum(CASE WHEN element_at(states, 2) = 'repaired' THEN times ELSE 0 END) AS bigint) AS repaired
FROM (
${file:parts/calls.sql}) AS requests
WHERE is_call AND bill_day >= $${first_day}
GROUP BY element_at(said, 4), element_at(said, 5), element_at(said, 6), element_at(said, 7)
ORDER BY 1, 2, 3, 4
