-- Success and error rate per route, this month and the last.
SELECT
  routekey,
  count(*) AS total_requests,
  count_if(status LIKE '2%') AS success_count,
  count_if(status LIKE '4%' OR status LIKE '5%') AS error_count,
  CAST(count_if(status LIKE '4%' OR status LIKE '5%') AS double) * 100 / count(*) AS error_rate_percent
FROM (
  SELECT routekey, status
  FROM (
    SELECT requestid, requesttime, sub, user, routekey, status, response_bytes,
      lag(requesttime) OVER (PARTITION BY requestid, apiid, logged_time, sub, user, routekey, status,
        httpmethod, path, response_bytes ORDER BY requesttime) AS time_before
    FROM (
      SELECT requestid, apiid, requesttime, logged_time, event_id, user, sub, httpmethod, path, routekey, status,
        COALESCE(responselength, 0) AS response_bytes,
        row_number() OVER (PARTITION BY event_id ORDER BY requesttime, requestid) AS nth_copy
      FROM ${database}.${table_json}
      WHERE is_request
        AND request_date >= date_trunc('month', date_add('month', -1, current_date))
        AND ((year = year(current_date) AND month = month(current_date))
          OR (year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date)))
          OR (year = year(date_add('month', -2, current_date)) AND month = month(date_add('month', -2, current_date)) AND day >= 28))
    ) AS delivered
    WHERE nth_copy = 1 OR event_id IS NULL
  ) AS events
  WHERE requestid IS NULL OR time_before IS NULL OR requesttime - time_before >= 86400
) AS requests
GROUP BY routekey
ORDER BY error_rate_percent DESC, routekey
