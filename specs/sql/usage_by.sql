-- Calls and bytes by customer, day, route and status, from rollups: sub, routekey, status (text or NULL), day,
-- calls, bytes (bigint). Sums over the days are those of usage_rollup.sql.
--
--   first_day, last_day   billing days as numbers, 20251001; both are in
--   day                   what year, month and day become: the day's number, or the first day of those that are
--                         counted together
SELECT
  sub,
  routekey,
  status,
  CAST(bill_day AS bigint) AS day,
  CAST(sum(calls) AS bigint) AS calls,
  CAST(sum(total_bytes) AS bigint) AS bytes
FROM (
  SELECT sub, routekey, status, calls, total_bytes, $${day} AS bill_day
  FROM ${database}.${table_parquet}
  WHERE year BETWEEN $${first_day} / 10000 AND $${last_day} / 10000
    AND year * 10000 + month * 100 + day BETWEEN $${first_day} AND $${last_day}
) AS days
GROUP BY sub, routekey, status, bill_day
ORDER BY sub, routekey, status, bill_day
