SELECT
  requestId,
  ip,
  user,
  httpMethod,
  routeKey,
  status,
  responseLength,
  from_unixtime(requestTime) AS request_timestamp
FROM ddn_billing_db.restapi_access_log_json
WHERE year = 2025 AND month = 10 AND day = 21
ORDER BY requestTime DESC
LIMIT 10;
