-- Calls and bytes to rate, from rollups: sub, user, routekey, status (text or NULL), calls, bytes,
-- and of the calls length_unknown (no readable number of bytes), length_refused (more than
-- billing.max_response; both are 0 of the bytes), estimated (dated by the log event), repaired (the line
-- was no JSON) (bigint); one line for each four texts, in their order.
--
--   first_day, last_day   billing days as numbers, 20251001; both are in
SELECT
  sub,
  user,
  routekey,
  status,
  CAST(sum(calls) AS bigint) AS calls,
  CAST(sum(total_bytes) AS bigint) AS bytes,
  CAST(COALESCE(sum(length_unknown), 0) AS bigint) AS length_unknown,
  CAST(COALESCE(sum(length_refused), 0) AS bigint) AS length_refused,
  CAST(COALESCE(sum(estimated), 0) AS bigint) AS estimated,
  CAST(COALESCE(sum(repaired), 0) AS bigint) AS repaired
FROM ${database}.${table_parquet}
WHERE year BETWEEN $${first_day} / 10000 AND $${last_day} / 10000
  AND year * 10000 + month * 100 + day BETWEEN $${first_day} AND $${last_day}
GROUP BY sub, user, routekey, status
ORDER BY sub, user, routekey, status
