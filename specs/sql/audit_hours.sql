-- What lies in each hour of arrival, every piece of it in exactly one class. All bigint, never NULL:
--
--   year, month, day, hour   of arrival, UTC (integer)
--   envelopes                lines of the objects, = data + control + unreadable envelopes
--   data_envelopes, control_envelopes, unreadable_envelopes (no known message type: blank lines)
--   elements                 log events in the envelopes, counted in the table
--   events                   log events as rows of the view; anything but elements is a fault
--   control, blank, invalid, untimed                 of them, no requests: never billed
--   estimated, repaired, ok                          of them, requests; events = the sum of these seven
--   event_copies             requests' lines whose log event came already, in this hour or one before it
--   request_copies           other log events of a request that came already
--   requests                 new ones; estimated + repaired + ok = event_copies + request_copies + requests
--   distinct_events, distinct_requests   of requests, within this hour alone
--   of_earlier_days, of_later_days       requests' lines made before or after the day of arrival (UTC)
--   bytes                    responses of all requests' lines, copies too
--
--   partition_filter   condition on year, month, day and hour: copies are seen within these hours
SELECT
  year, month, day, hour,
  CAST(sum(envelopes) AS bigint) AS envelopes,
  CAST(sum(data_envelopes) AS bigint) AS data_envelopes,
  CAST(sum(control_envelopes) AS bigint) AS control_envelopes,
  CAST(sum(envelopes - data_envelopes - control_envelopes) AS bigint) AS unreadable_envelopes,
  CAST(sum(elements) AS bigint) AS elements,
  CAST(sum(events) AS bigint) AS events,
  CAST(sum(control) AS bigint) AS control,
  CAST(sum(blank) AS bigint) AS blank,
  CAST(sum(invalid) AS bigint) AS invalid,
  CAST(sum(untimed) AS bigint) AS untimed,
  CAST(sum(estimated) AS bigint) AS estimated,
  CAST(sum(repaired) AS bigint) AS repaired,
  CAST(sum(ok) AS bigint) AS ok,
  CAST(sum(event_copies) AS bigint) AS event_copies,
  CAST(sum(request_copies) AS bigint) AS request_copies,
  CAST(sum(requests) AS bigint) AS requests,
  CAST(sum(distinct_events) AS bigint) AS distinct_events,
  CAST(sum(distinct_requests) AS bigint) AS distinct_requests,
  CAST(sum(of_earlier_days) AS bigint) AS of_earlier_days,
  CAST(sum(of_later_days) AS bigint) AS of_later_days,
  CAST(sum(bytes) AS bigint) AS bytes
FROM (
  SELECT
    year, month, day, hour,
    count(*) AS envelopes,
    count_if(messagetype = 'DATA_MESSAGE') AS data_envelopes,
    count_if(messagetype = 'CONTROL_MESSAGE') AS control_envelopes,
    CAST(COALESCE(sum(cardinality(logevents)), 0) AS bigint) AS elements,
    0 AS events, 0 AS control, 0 AS blank, 0 AS invalid, 0 AS untimed, 0 AS estimated, 0 AS repaired, 0 AS ok,
    0 AS event_copies, 0 AS request_copies, 0 AS requests, 0 AS distinct_events, 0 AS distinct_requests,
    0 AS of_earlier_days, 0 AS of_later_days, 0 AS bytes
  FROM (
    SELECT messagetype, logevents, year, month, day, hour FROM ${database}.${table_json}_raw
    UNION ALL
    SELECT messagetype, logevents, year, month, day, hour FROM ${database}.${table_json}_recovered
  ) AS delivered
  WHERE ($${partition_filter})
  GROUP BY year, month, day, hour
  UNION ALL
  SELECT
    year, month, day, hour, 0, 0, 0, 0,
    count(*),
    count_if(line_state = 'control'),
    count_if(line_state = 'blank'),
    count_if(line_state = 'invalid'),
    count_if(line_state = 'untimed'),
    count_if(line_state = 'estimated'),
    count_if(line_state = 'repaired'),
    count_if(line_state = 'ok'),
    count_if(is_request AND nth_copy > 1),
    count_if(is_request AND nth_copy = 1 AND nth_event > 1),
    count_if(is_request AND nth_copy = 1 AND nth_event = 1),
    count(DISTINCT CASE WHEN is_request THEN event END),
    count(DISTINCT CASE WHEN is_request THEN requestid END),
    count_if(is_request AND made < year * 10000 + month * 100 + day),
    count_if(is_request AND made > year * 10000 + month * 100 + day),
    CAST(COALESCE(sum(CASE WHEN is_request AND responselength > 0 THEN responselength END), 0) AS bigint)
  FROM (
    SELECT year, month, day, hour, line_state, is_request, event, requestid, responselength, made, nth_copy,
      row_number() OVER (PARTITION BY is_request, requestid, nth_copy = 1
        ORDER BY year, month, day, hour, event) AS nth_event
    FROM (
      SELECT year, month, day, hour, line_state, is_request, event, requestid, responselength, made,
        row_number() OVER (PARTITION BY is_request, event ORDER BY year, month, day, hour, requestid) AS nth_copy
      FROM (
        SELECT year, month, day, hour, line_state, is_request, requestid, responselength,
          COALESCE(event_id, requestid) AS event,
          year(request_date) * 10000 + month(request_date) * 100 + day(request_date) AS made
        FROM ${database}.${table_json}
        WHERE ($${partition_filter})
      ) AS lines
    ) AS copies
  ) AS ordered
  GROUP BY year, month, day, hour
) AS counted
GROUP BY year, month, day, hour
ORDER BY year, month, day, hour
