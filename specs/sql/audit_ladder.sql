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
--   request_copies           of them, logged again: their request is counted already (rollup.sql)
--   requests                 different requests
--   unattributed             of these, without a sub
--   repaired, estimated      of these, billed although the line was not quite right
--   no_id                    of these, without a request id: only a log event's id tells copies of them
--   id_conflicts             of these, with the request id of another one of less than 24 hours before,
--                            which says something else: both are billed
--   length_unknown           of these, without a readable number of bytes: billed as 0 bytes
--   length_refused           of these, with more bytes than billing.max_response: billed as 0 bytes
--   newest_ms                the youngest event, milliseconds; 0 when none has a time
--   counted                  of requests: on a day from first_day to last_day; the next five are the others:
--   earlier_days, later_days on a billing day before or after these; before_since: on one that nobody bills
--   late_counted, too_late   arrived when the day of their own time was no longer open: of the days from
--                            first_day to last_day, and of others
--   out_of_window            their own time lies on no day that any hour of arrival read here counts for
--   elsewhere_lines, elsewhere_events   of lines and events: of log groups of other accounts, which nobody
--                            here counts; elsewhere_made: of these events, such as copy no request
--   begun_before             of requests but those: begun in the hour before hour_s, by their own time, so that the
--                            gateway may have counted them there
--   log_group                whose events these are, where they are not the pipeline's; else NULL
--   foreign_events           different log events of that log group, in no other count
--   foreign_requests         of them, such as would be billed if the log group were the pipeline's
--
--   requests = counted + before_since + earlier_days + later_days + late_counted + too_late + out_of_window
--
--   partition_filter   condition on year, month, day and hour of arrival: copies are seen within these
--   account            the pipeline's own
--   days               as in usage_raw.sql: every day for which one of these hours counts
--   first_day, last_day, since_day   numbers of billing days, 20251001
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
  count_if(is_new) AS requests,
  count_if(is_new AND sub IS NULL) AS unattributed,
  count_if(is_new AND line_state = 'repaired') AS repaired,
  count_if(is_new AND line_state = 'estimated') AS estimated,
  count_if(is_new AND requestid IS NULL) AS no_id,
  count_if(is_new AND requestid IS NOT NULL AND COALESCE(requesttime - other_before < 86400, false)) AS id_conflicts,
  count_if(is_new AND length_state = 'unknown') AS length_unknown,
  count_if(is_new AND length_state = 'refused') AS length_refused,
  COALESCE(max(CASE WHEN is_event THEN event_time END), 0) AS newest_ms,
  count_if(is_new AND in_time AND bill_day BETWEEN $${first_day} AND $${last_day}) AS counted,
  count_if(is_new AND in_time AND bill_day < $${since_day}) AS before_since,
  count_if(is_new AND in_time AND bill_day >= $${since_day} AND bill_day < $${first_day}) AS earlier_days,
  count_if(is_new AND in_time AND bill_day >= $${since_day} AND bill_day > $${last_day}) AS later_days,
  count_if(is_new AND is_late AND bill_day BETWEEN $${first_day} AND $${last_day}) AS late_counted,
  count_if(is_new AND is_late AND bill_day NOT BETWEEN $${first_day} AND $${last_day}) AS too_late,
  count_if(is_new AND NOT in_time AND NOT is_late) AS out_of_window,
  count_if(is_elsewhere) AS elsewhere_lines,
  count_if(is_elsewhere AND nth_copy = 1) AS elsewhere_events,
  count_if(is_elsewhere AND nth_copy = 1 AND (is_new OR NOT is_request)) AS elsewhere_made,
  count_if(is_new AND NOT is_elsewhere AND COALESCE(logged_time < hour_s AND logged_time >= hour_s - 3600, false)) AS begun_before,
  log_group,
  count_if(line_state = 'foreign' AND nth_copy = 1) AS foreign_events,
  count_if(is_foreign_request AND nth_copy = 1) AS foreign_requests
FROM (
  SELECT hour_s, year, month, day, hour, log_group, is_elsewhere, is_foreign_request, line_state, length_state, requestid, requesttime, logged_time,
    sub, event_time, nth_copy, is_event, is_request, bill_day, in_time, is_late, is_new,
    lag(requesttime) OVER (PARTITION BY is_new, requestid, apiid ORDER BY requesttime, COALESCE(event_id, '~'),
      COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
      COALESCE(httpmethod, '-'), COALESCE(path, '-'), response_bytes) AS other_before
  FROM (
    SELECT hour_s, year, month, day, hour, log_group, is_elsewhere, is_foreign_request, line_state, length_state, requestid, apiid,
      requesttime, logged_time, sub, user, routekey, status, httpmethod, path, response_bytes, event_id, event_time, nth_copy, is_event, is_request, bill_day, in_time, is_late,
      is_request AND nth_copy = 1
        AND (requestid IS NULL OR time_before IS NULL OR requesttime - time_before >= 86400) AS is_new
    FROM (
      SELECT hour_s, year, month, day, hour, log_group, is_elsewhere, is_foreign_request, line_state, length_state, requestid, apiid,
        requesttime, logged_time, sub, user, routekey, status, httpmethod, path, response_bytes, event_id, event_time, nth_copy, is_event, is_request, bill_day, in_time, is_late,
        lag(requesttime) OVER (PARTITION BY is_request AND nth_copy = 1, in_time, requestid, apiid, logged_time,
          sub, user, routekey, status, httpmethod, path, response_bytes
          ORDER BY requesttime, COALESCE(event_id, '~'), length_state, line_state, event_time,
            year, month, day, hour) AS time_before
      FROM (
        SELECT hour_s, year, month, day, hour, log_group, is_elsewhere, is_foreign_request, line_state, length_state, requestid, apiid,
          requesttime, logged_time, sub, user, routekey, status, httpmethod, path, response_bytes, event_id, event_time,
          is_event, is_request, bill_day,
          COALESCE(arrival BETWEEN first_hour AND last_hour, FALSE) AS in_time, COALESCE(arrival > last_hour, FALSE) AS is_late,
          -- What has no event id cannot be told from another by it: each counts.
          CASE WHEN (NOT is_event AND line_state <> 'foreign') OR event_id IS NULL THEN 1
            ELSE row_number() OVER (PARTITION BY event_id, is_event, log_group ORDER BY year, month, day, hour) END AS nth_copy
        FROM (
          SELECT CASE WHEN line_state <> 'unreadable' THEN event_time / 3600000 * 3600 END AS hour_s,
            year, month, day, hour, CASE WHEN line_state = 'foreign' THEN log_group END AS log_group,
            COALESCE(line_state <> 'foreign' AND substr(log_group, 1, 13) <> '$${account}:', false) AS is_elsewhere, is_foreign_request,
            line_state, length_state, requestid, apiid, requesttime, logged_time, sub, user, routekey, status, httpmethod, path, COALESCE(responselength, 0) AS response_bytes, event_id,
            event_time, line_state NOT IN ('control', 'unreadable', 'foreign') AS is_event, is_request,
            year * 1000000 + month * 10000 + day * 100 + hour AS arrival
          FROM ${database}.${table_json}
          WHERE ($${partition_filter})
        ) AS lines
        LEFT JOIN (VALUES $${days}) AS days (bill_day, from_s, to_s, first_hour, last_hour)
          ON is_request AND requesttime >= from_s AND requesttime < to_s
      ) AS copies
    ) AS timed
  ) AS judged
) AS told
GROUP BY hour_s, year, month, day, hour, log_group
ORDER BY hour_s, year, month, day, hour, log_group
