SELECT
  user,
  routeKey,
  req_date,
  calls,
  total_bytes / 1024.0 / 1024.0 AS total_mb
FROM ddn_billing_db.restapi_access_log_parquet
WHERE year = 2025 AND month = 10
ORDER BY req_date DESC, calls DESC;
