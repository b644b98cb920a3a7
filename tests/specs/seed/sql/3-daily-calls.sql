SELECT
  user,
  sub,
  routeKey,
  DATE(from_unixtime(requestTime)) AS date,
  COUNT(*) AS total_calls,
  SUM(responseLength) AS total_bytes,
  SUM(responseLength) / 1024.0 / 1024.0 AS total_mb
FROM ddn_billing_db.restapi_access_log_json
WHERE user != '-:username'  -- 인증되지 않은 요청 제외
GROUP BY user, sub, routeKey, DATE(from_unixtime(requestTime))
ORDER BY date DESC, total_calls DESC;
