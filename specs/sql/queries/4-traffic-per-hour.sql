-- Requests per hour of the request (UTC), this month and the last. The hour of the partition is that
-- of arrival, which can be a later one.
SELECT
  year(request_hour) AS year,
  month(request_hour) AS month,
  day(request_hour) AS day,
  hour(request_hour) AS hour,
  count(*) AS request_count,
  CAST(COALESCE(sum(responselength), 0) AS double) / 1048576 AS total_mb,
  avg(responselength) AS avg_response_size
FROM (
  SELECT date_trunc('hour', at_timezone(from_unixtime(requesttime), 'UTC')) AS request_hour, responselength
  FROM (
    SELECT requesttime, responselength,
      row_number() OVER (PARTITION BY requestid ORDER BY requesttime, event_id) AS nth_request
    FROM (
      SELECT requestid, requesttime, event_id, responselength,
        row_number() OVER (PARTITION BY COALESCE(event_id, requestid) ORDER BY requesttime, requestid) AS nth_event
      FROM ${database}.${table_json}
      WHERE is_request
        AND request_date >= date_trunc('month', date_add('month', -1, current_date))
        AND ((year = year(current_date) AND month = month(current_date))
          OR (year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date)))
          OR (year = year(date_add('month', -2, current_date)) AND month = month(date_add('month', -2, current_date)) AND day >= 28))
    ) AS delivered
    WHERE nth_event = 1
  ) AS events
  WHERE nth_request = 1
) AS requests
GROUP BY request_hour
ORDER BY request_hour DESC
