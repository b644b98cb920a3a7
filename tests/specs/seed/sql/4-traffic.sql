SELECT
  year, month, day, hour,
  COUNT(*) AS request_count,
  SUM(responseLength) / 1024.0 / 1024.0 AS total_mb,
  AVG(responseLength) AS avg_response_size
FROM ddn_billing_db.restapi_access_log_json
GROUP BY year, month, day, hour
ORDER BY year DESC, month DESC, day DESC, hour DESC;
