-- Log events by the hour of their own timestamp, the nearest thing to the hour CloudWatch counts them
-- in. bigint, never NULL but hour_s:
--
--   hour_s       first second of the hour, UTC epoch; NULL for events without a timestamp
--   lines        log events of that hour as delivered, control messages aside
--   events       ... each event id once (an event without one counts each time)
--   no_requests  ... of these, blank, invalid or untimed
--   requests     different requests among them
--
--   partition_filter   condition on year, month, day and hour of arrival
SELECT
  hour_s,
  count(*) AS lines,
  count_if(nth_copy = 1) AS events,
  count_if(nth_copy = 1 AND NOT is_request) AS no_requests,
  count(DISTINCT CASE WHEN is_request THEN requestid END) AS requests
FROM (
  SELECT hour_s, is_request, requestid,
    CASE WHEN event_id IS NULL THEN 1
      ELSE row_number() OVER (PARTITION BY event_id ORDER BY hour_s, is_request, requestid) END AS nth_copy
  FROM (
    SELECT event_time / 3600000 * 3600 AS hour_s, is_request, requestid, event_id
    FROM ${database}.${table_json}
    WHERE line_state <> 'control' AND ($${partition_filter})
  ) AS lines
) AS copies
GROUP BY hour_s
ORDER BY hour_s
