-- Calls and bytes by day, from rollups, for the breakdown of each customer's statement: day (20251001), sub,
-- routekey, status (text or NULL), calls, bytes (bigint).  All together it is what usage_rollup.sql answers.
--
--   first_day, last_day   billing days as numbers, 20251001; both are in
SELECT
  CAST(year * 10000 + month * 100 + day AS bigint) AS day,
  sub,
  routekey,
  status,
  CAST(sum(calls) AS bigint) AS calls,
  CAST(sum(total_bytes) AS bigint) AS bytes
FROM ${database}.${table_parquet}
WHERE year BETWEEN $${first_day} / 10000 AND $${last_day} / 10000
  AND year * 10000 + month * 100 + day BETWEEN $${first_day} AND $${last_day}
GROUP BY year * 10000 + month * 100 + day, sub, routekey, status
