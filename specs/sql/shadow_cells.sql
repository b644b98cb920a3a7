-- Every line that arrived, sorted by all that another way of counting may ask of it: what `billingd shadow`
-- explains differences from.  A row per sub and per combination that occurs:
--
--   sub            NULL: nobody's
--   has_user       the line has a user (boolean, as all below without a word)
--   line_state     of the view; foreign: only what would be a request, other lines of these are invalid
--   status_class   the first digit of the status; '-' without one
--   copy           none | event (this log event was counted before) | request (this request was)
--   ours           a call of the month's bill
--   by_arrival     it arrived in the calendar month (UTC): year and month of its partition
--   by_utc         its own time lies in the calendar month (UTC)
--   by_zone        its own time lies in the month of the billing time zone
--   on_time        it arrived while its day was still open
--   lines, bytes   bigint
--
--   partition_filter      condition on year, month, day and hour of arrival
--   days                  as in usage_raw.sql: the month's billing days and the day before
--   first_day, last_day   numbers of billing days, 20251001
--   arrival_year, arrival_month, utc_from, utc_to, zone_from, zone_to   the calendar month; seconds, half open
SELECT sub, has_user, line_state, status_class, copy, ours, by_arrival, by_utc, by_zone, on_time,
  count(*) AS lines, CAST(sum(response_bytes) AS bigint) AS bytes
FROM (
  SELECT sub, user IS NOT NULL AS has_user, line_state, COALESCE(substr(status, 1, 1), '-') AS status_class,
    CASE WHEN is_event AND nth_copy > 1 THEN 'event' WHEN is_request AND NOT is_new THEN 'request' ELSE 'none' END AS copy,
    is_new AND in_time AND COALESCE(bill_day BETWEEN $${first_day} AND $${last_day}, FALSE) AS ours,
    year = $${arrival_year} AND month = $${arrival_month} AS by_arrival,
    COALESCE(requesttime >= $${utc_from} AND requesttime < $${utc_to}, FALSE) AS by_utc,
    COALESCE(requesttime >= $${zone_from} AND requesttime < $${zone_to}, FALSE) AS by_zone,
    in_time AS on_time, response_bytes
  FROM (
    SELECT sub, user, line_state, status, is_event, is_request, nth_copy, bill_day, in_time, requesttime, response_bytes, year, month,
      is_request AND nth_copy = 1
        AND (requestid IS NULL OR time_before IS NULL OR requesttime - time_before >= 86400) AS is_new
    FROM (
      SELECT sub, user, line_state, status, is_event, is_request, nth_copy, bill_day, in_time, requestid, requesttime, response_bytes,
        year, month,
        lag(requesttime) OVER (PARTITION BY is_request AND nth_copy = 1, in_time, requestid, apiid, logged_time,
          sub, user, routekey, status, httpmethod, path, response_bytes
          ORDER BY requesttime, COALESCE(event_id, '~'), length_state, line_state, event_time,
            year, month, day, hour) AS time_before
      FROM (
        SELECT line_state, length_state, requestid, apiid, requesttime, logged_time, sub, user, routekey, status, httpmethod, path,
          response_bytes, event_id, event_time, is_event, is_request, bill_day, year, month, day, hour,
          COALESCE(arrival BETWEEN first_hour AND last_hour, FALSE) AS in_time,
          CASE WHEN NOT is_event OR event_id IS NULL THEN 1
            ELSE row_number() OVER (PARTITION BY event_id, is_event ORDER BY year, month, day, hour) END AS nth_copy
        FROM (
          SELECT CASE WHEN line_state = 'foreign' AND NOT is_foreign_request THEN 'invalid' ELSE line_state END AS line_state,
            length_state, requestid, apiid, requesttime, logged_time, sub, user, routekey, status, httpmethod, path,
            COALESCE(responselength, 0) AS response_bytes, event_id, event_time,
            line_state NOT IN ('control', 'unreadable', 'foreign') AS is_event, is_request, year, month, day, hour,
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
GROUP BY sub, has_user, line_state, status_class, copy, ours, by_arrival, by_utc, by_zone, on_time
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
