-- Calls and bytes to rate, from rollups: sub, user, routekey, status (text or NULL), calls, bytes
-- (bigint), one line for each four, in their order.
--
--   first_day, last_day   billing days as numbers, 20251001; both are in
SELECT
  sub,
  user,
  routekey,
  status,
  CAST(sum(calls) AS bigint) AS calls,
  CAST(sum(total_bytes) AS bigint) AS bytes
FROM ${database}.${table_parquet}
WHERE year BETWEEN $${first_day} / 10000 AND $${last_day} / 10000
  AND year * 10000 + month * 100 + day BETWEEN $${first_day} AND $${last_day}
GROUP BY sub, user, routekey, status
ORDER BY sub, user, routekey, status
