-- 월별 사용자당 API 호출 횟수 및 데이터 전송량
SELECT
  user,
  sub,
  COUNT(*) AS monthly_calls,
  SUM(responseLength) / 1024.0 / 1024.0 / 1024.0 AS total_gb,
  -- 요금 계산 예시 (가정: 호출당 $0.001, GB당 $0.10)
  COUNT(*) * 0.001 AS call_charges_usd,
  (SUM(responseLength) / 1024.0 / 1024.0 / 1024.0) * 0.10 AS data_charges_usd,
  COUNT(*) * 0.001 + (SUM(responseLength) / 1024.0 / 1024.0 / 1024.0) * 0.10 AS total_charges_usd
FROM ddn_billing_db.restapi_access_log_json
WHERE year = 2025 AND month = 10
  AND user != '-:username'
GROUP BY user, sub
ORDER BY total_charges_usd DESC;
