SELECT
  routeKey,
  COUNT(*) AS total_requests,
  SUM(CASE WHEN status LIKE '2%' THEN 1 ELSE 0 END) AS success_count,
  SUM(CASE WHEN status LIKE '4%' OR status LIKE '5%' THEN 1 ELSE 0 END) AS error_count,
  CAST(SUM(CASE WHEN status LIKE '4%' OR status LIKE '5%' THEN 1 ELSE 0 END) AS DOUBLE)
    / COUNT(*) * 100 AS error_rate_percent
FROM ddn_billing_db.restapi_access_log_json
WHERE year = 2025 AND month = 10
GROUP BY routeKey
ORDER BY error_rate_percent DESC;
