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
    SELECT routekey, status,
      row_number() OVER (PARTITION BY requestid ORDER BY requesttime, event_id) AS nth_request
    FROM (
      SELECT requestid, requesttime, event_id, routekey, status,
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
GROUP BY routekey
ORDER BY error_rate_percent DESC, routekey
