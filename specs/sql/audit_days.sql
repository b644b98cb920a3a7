-- Every billing day's requests, and why each delivered line of them is billed or not. bigint, never NULL:
--
--   bill_day         yyyymmdd
--   lines            lines of requests made on the day, as delivered
--   late_lines       ... of them, arrived in no hour that counts for the day
--   late_events      log events of which no line arrived in such an hour: not billed
--   event_copies     further copies of a log event (same event id), late ones aside
--   request_copies   other log events of a request that is counted already (rollup.sql)
--   calls, bytes     what the rollup must hold
--
--   lines = late_lines + event_copies + request_copies + calls
--
-- Placeholders as in usage_raw.sql. Widen partition_filter to see lines that came later still.
SELECT
  bill_day,
  CAST(sum(copies + late_copies) AS bigint) AS lines,
  CAST(sum(late_copies) AS bigint) AS late_lines,
  CAST(sum(CASE WHEN copies > 0 AND event_id IS NOT NULL THEN 0 WHEN event_id IS NULL THEN late_copies ELSE 1 END)
    AS bigint) AS late_events,
  CAST(sum(copies - events) AS bigint) AS event_copies,
  CAST(sum(events - calls) AS bigint) AS request_copies,
  CAST(sum(calls) AS bigint) AS calls,
  CAST(sum(CASE WHEN calls > 0 THEN calls * CAST(element_at(facts, 11) AS bigint) ELSE 0 END) AS bigint) AS bytes
FROM (
  SELECT bill_day, event_id, copies, late_copies, events, facts,
    CASE
      WHEN copies = 0 THEN 0
      WHEN element_at(facts, 2) = '-' THEN events -- without a request id nothing is a copy of it
      WHEN time_before IS NULL OR requesttime - time_before >= 86400 THEN 1
      ELSE 0
    END AS calls
  FROM (
    SELECT bill_day, event_id, copies, late_copies, facts, CAST(element_at(facts, 1) AS bigint) AS requesttime,
      -- What has no event id is an event of its own each time.
      CASE WHEN copies > 0 AND event_id IS NOT NULL THEN 1 ELSE copies END AS events,
      lag(CAST(element_at(facts, 1) AS bigint)) OVER (PARTITION BY copies > 0, slice(facts, 2, 10)
        ORDER BY facts, event_id) AS time_before
    FROM (
      SELECT
        event_id,
        min(bill_day) AS bill_day,
        count_if(in_time) AS copies,
        count_if(NOT in_time) AS late_copies,
        min(CASE WHEN in_time THEN facts END) AS facts
      FROM (
        SELECT event_id, bill_day, facts, arrival BETWEEN first_hour AND last_hour AS in_time
        FROM (
          SELECT event_id, requesttime, year * 1000000 + month * 10000 + day * 100 + hour AS arrival,
            ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), COALESCE(requestid, '-'), COALESCE(apiid, '-'),
              lpad(CAST(COALESCE(logged_time, 0) AS varchar), 14, '0'),
              COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
              COALESCE(httpmethod, '-'), COALESCE(path, '-'),
              lpad(CAST(COALESCE(responselength, 0) AS varchar), 19, '0')] AS facts
          FROM ${database}.${table_json}
          WHERE is_request AND ($${partition_filter})
        ) AS delivered
        INNER JOIN (VALUES $${days}) AS days (bill_day, from_s, to_s, first_hour, last_hour)
          ON requesttime >= from_s AND requesttime < to_s
      ) AS placed
      GROUP BY event_id, CASE WHEN event_id IS NULL THEN facts END
    ) AS events
  ) AS timed
) AS judged
WHERE bill_day >= $${first_day}
GROUP BY bill_day
ORDER BY bill_day
