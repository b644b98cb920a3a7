-- Requests per hour of the request (UTC), this month and the last. The hour of the partition is that
-- of arrival, which can be a later one. Responses whose size is not known are not in the average.
SELECT
  year(request_hour) AS year,
  month(request_hour) AS month,
  day(request_hour) AS day,
  hour(request_hour) AS hour,
  count(*) AS request_count,
  CAST(COALESCE(sum(response_bytes), 0) AS double) / 1048576 AS total_mb,
  avg(responselength) AS avg_response_size
FROM (
  SELECT date_trunc('hour', at_timezone(from_unixtime(requesttime), 'UTC')) AS request_hour, response_bytes,
    responselength
  FROM (
    SELECT requesttime, response_bytes, responselength
    FROM (
      SELECT requestid, requesttime, sub, user, routekey, status, response_bytes, responselength,
        lag(requesttime) OVER (PARTITION BY requestid, apiid, logged_time, sub, user, routekey, status,
          httpmethod, path, response_bytes ORDER BY requesttime) AS time_before
      FROM (
        SELECT requestid, apiid, requesttime, logged_time, event_id, user, sub, httpmethod, path, routekey, status,
          COALESCE(responselength, 0) AS response_bytes, responselength,
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
  ) AS counted
) AS requests
GROUP BY request_hour
ORDER BY request_hour DESC
