-- Calls and bytes per user, route and day (${billing_time_zone}), this month and the last. Each request
-- counts once, however often it was delivered; requests without a sub (not signed in) are left out, and days
-- before billing.rollup.since, which nobody pays for. What arrived too late for the bill is in it all the same.
SELECT
  max(user) AS user,
  sub,
  routekey,
  request_date AS date,
  count(*) AS total_calls,
  CAST(COALESCE(sum(response_bytes), 0) AS bigint) AS total_bytes,
  CAST(COALESCE(sum(response_bytes), 0) AS double) / 1048576 AS total_mb
FROM (
  SELECT user, sub, routekey, request_date, response_bytes
  FROM (
    SELECT requestid, requesttime, sub, user, routekey, status, response_bytes, request_date,
      lag(requesttime) OVER (PARTITION BY requestid, apiid, logged_time, sub, user, routekey, status,
        httpmethod, path, response_bytes ORDER BY requesttime) AS time_before
    FROM (
      SELECT requestid, apiid, requesttime, logged_time, event_id, user, sub, httpmethod, path, routekey, status,
        COALESCE(responselength, 0) AS response_bytes, request_date,
        row_number() OVER (PARTITION BY event_id ORDER BY requesttime, requestid) AS nth_copy
      FROM ${database}.${table_json}
      WHERE is_request AND sub IS NOT NULL
        AND request_date >= date_trunc('month', date_add('month', -1, current_date))
        AND year(request_date) * 10000 + month(request_date) * 100 + day(request_date) >= ${billing_since}
        AND ((year = year(current_date) AND month = month(current_date))
          OR (year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date)))
          OR (year = year(date_add('month', -2, current_date)) AND month = month(date_add('month', -2, current_date)) AND day >= 28))
    ) AS delivered
    WHERE nth_copy = 1 OR event_id IS NULL
  ) AS events
  WHERE requestid IS NULL OR time_before IS NULL OR requesttime - time_before >= 86400
) AS requests
GROUP BY sub, routekey, request_date
ORDER BY request_date DESC, total_calls DESC, sub, routekey
