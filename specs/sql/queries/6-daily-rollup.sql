-- The daily rollups of this month and the last (fast: nothing is parsed).
SELECT
  user,
  sub,
  routekey,
  req_date,
  calls,
  CAST(total_bytes AS double) / 1048576 AS total_mb
FROM ${database}.${table_parquet}
WHERE ((year = year(current_date) AND month = month(current_date))
    OR (year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date))))
  AND year * 10000 + month * 100 + day >= ${billing_since}
ORDER BY req_date DESC, calls DESC, sub, routekey, user, status, httpmethod, path
