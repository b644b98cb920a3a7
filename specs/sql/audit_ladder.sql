-- Every log event that arrived, by its own hour and the hour of arrival: what the audit compares with
-- CloudWatch's counts. bigint, never NULL but hour_s:
--
--   hour_s                   the event's own hour, its first second as UTC epoch; NULL: it has no time
--   year, month, day, hour   of the event's first arrival, UTC (integer)
--   control                  messages of CloudWatch Logs itself, in no other count
--   unreadable               lines of objects that are no log events, in no other count; hour_s is NULL
--   lines                    log events as delivered, copies too
--   events                   different log events = blank + invalid + untimed + request_copies + requests
--   blank, invalid, untimed  of them, no requests: never billed
--   request_copies           of them, logged again: their request is counted already
--   requests                 different requests
--   unattributed             of these, without a sub
--   repaired, estimated      of these, billed although the line was not quite right
--   newest_ms                the youngest event, milliseconds; 0 when none has a time
--
--   partition_filter   condition on year, month, day and hour of arrival: copies are seen within these
SELECT
  hour_s, year, month, day, hour,
  count_if(line_state = 'control') AS control,
  count_if(line_state = 'unreadable') AS unreadable,
  count_if(is_event) AS lines,
  count_if(is_event AND nth_copy = 1) AS events,
  count_if(nth_copy = 1 AND line_state = 'blank') AS blank,
  count_if(nth_copy = 1 AND line_state = 'invalid') AS invalid,
  count_if(nth_copy = 1 AND line_state = 'untimed') AS untimed,
  count_if(nth_copy = 1 AND is_request AND NOT is_new) AS request_copies,
  count_if(nth_copy = 1 AND is_new) AS requests,
  count_if(nth_copy = 1 AND is_new AND sub IS NULL) AS unattributed,
  count_if(nth_copy = 1 AND is_new AND line_state = 'repaired') AS repaired,
  count_if(nth_copy = 1 AND is_new AND line_state = 'estimated') AS estimated,
  COALESCE(max(CASE WHEN is_event THEN event_time END), 0) AS newest_ms
FROM (
  SELECT hour_s, year, month, day, hour, line_state, sub, event_time, nth_copy, is_event, is_request,
    is_request AND (time_before IS NULL OR requesttime - time_before >= 86400) AS is_new
  FROM (
    SELECT hour_s, year, month, day, hour, line_state, sub, event_time, nth_copy, is_event, is_request, requesttime,
      lag(requesttime) OVER (PARTITION BY requestid, is_request, nth_copy = 1 ORDER BY requesttime, event) AS time_before
    FROM (
      SELECT hour_s, year, month, day, hour, line_state, sub, event_time, is_event, is_request, requestid,
        requesttime, event,
        -- What has neither an event id nor a request id cannot be told from another: each counts.
        CASE WHEN NOT is_event OR event IS NULL THEN 1
          ELSE row_number() OVER (PARTITION BY event, is_event ORDER BY year, month, day, hour) END AS nth_copy
      FROM (
        SELECT CASE WHEN line_state <> 'unreadable' THEN event_time / 3600000 * 3600 END AS hour_s,
          year, month, day, hour, line_state, sub, event_time,
          line_state NOT IN ('control', 'unreadable') AS is_event, is_request, requestid, requesttime, COALESCE(event_id, requestid) AS event
        FROM ${database}.${table_json}
        WHERE ($${partition_filter})
      ) AS lines
    ) AS copies
  ) AS timed
) AS judged
GROUP BY hour_s, year, month, day, hour
ORDER BY hour_s, year, month, day, hour
