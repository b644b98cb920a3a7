-- Calls and bytes per user, route and day (UTC), this month and the last. Each request counts once,
-- however often it was delivered; requests without a sub (not signed in) are left out.
SELECT
  max(user) AS user,
  sub,
  routekey,
  request_date AS date,
  count(*) AS total_calls,
  CAST(COALESCE(sum(responselength), 0) AS bigint) AS total_bytes,
  CAST(COALESCE(sum(responselength), 0) AS double) / 1048576 AS total_mb
FROM (
  SELECT user, sub, routekey, request_date, responselength
  FROM (
    SELECT user, sub, routekey, request_date, responselength,
      row_number() OVER (PARTITION BY requestid ORDER BY requesttime, event_id) AS nth_request
    FROM (
      SELECT requestid, requesttime, event_id, user, sub, routekey, request_date, responselength,
        row_number() OVER (PARTITION BY COALESCE(event_id, requestid) ORDER BY requesttime, requestid) AS nth_event
      FROM ${database}.${table_json}
      WHERE is_request AND sub IS NOT NULL
        AND request_date >= date_trunc('month', date_add('month', -1, current_date))
        AND ((year = year(current_date) AND month = month(current_date))
          OR (year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date)))
          OR (year = year(date_add('month', -2, current_date)) AND month = month(date_add('month', -2, current_date)) AND day >= 28))
    ) AS delivered
    WHERE nth_event = 1
  ) AS events
  WHERE nth_request = 1
) AS requests
GROUP BY sub, routekey, request_date
ORDER BY request_date DESC, total_calls DESC, sub, routekey
