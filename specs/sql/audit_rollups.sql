-- What the rollup table answers for each billing day, as any reader sees it: bill_day (yyyymmdd),
-- calls, bytes (bigint, never NULL).
--
--   first_day, last_day   billing days as numbers, 20251001; both are in
SELECT
  CAST(year * 10000 + month * 100 + day AS bigint) AS bill_day,
  CAST(COALESCE(sum(calls), 0) AS bigint) AS calls,
  CAST(COALESCE(sum(total_bytes), 0) AS bigint) AS bytes
FROM ${database}.${table_parquet}
WHERE year BETWEEN $${first_day} / 10000 AND $${last_day} / 10000
  AND year * 10000 + month * 100 + day BETWEEN $${first_day} AND $${last_day}
GROUP BY year, month, day
ORDER BY 1
