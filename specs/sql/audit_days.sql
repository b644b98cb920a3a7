-- Every billing day's requests, and why each delivered line of them is billed or not. bigint, never NULL:
--
--   bill_day         yyyymmdd
--   lines            lines of requests made on the day, as delivered
--   late_lines       ... of them, arrived in no hour that counts for the day
--   late_events      log events of which no line arrived in such an hour: not billed
--   event_copies     further copies of a log event (same event id), late ones aside
--   request_copies   other log events of a request that is counted already
--   calls, bytes     what the rollup must hold
--
--   lines = late_lines + event_copies + request_copies + calls
--
-- Placeholders as in usage_raw.sql. Widen partition_filter to see lines that came later still.
SELECT
  bill_day,
  CAST(sum(copies + late_copies) AS bigint) AS lines,
  CAST(sum(late_copies) AS bigint) AS late_lines,
  count_if(copies = 0) AS late_events,
  CAST(sum(CASE WHEN copies > 0 THEN copies - 1 ELSE 0 END) AS bigint) AS event_copies,
  count_if(copies > 0 AND NOT is_call) AS request_copies,
  count_if(is_call) AS calls,
  CAST(sum(CASE WHEN is_call THEN CAST(element_at(facts, 10) AS bigint) ELSE 0 END) AS bigint) AS bytes
FROM (
  SELECT bill_day, copies, late_copies, facts,
    copies > 0 AND (time_before IS NULL OR requesttime - time_before >= 86400) AS is_call
  FROM (
    SELECT bill_day, copies, late_copies, facts, requesttime,
      lag(requesttime) OVER (PARTITION BY requestid ORDER BY facts) AS time_before
    FROM (
      SELECT
        bill_day, copies, late_copies, facts,
        element_at(facts, 2) AS requestid, CAST(element_at(facts, 1) AS bigint) AS requesttime
      FROM (
        SELECT
          min(bill_day) AS bill_day,
          count_if(in_time) AS copies,
          count_if(NOT in_time) AS late_copies,
          min(CASE WHEN in_time THEN facts END) AS facts
        FROM (
          SELECT event, bill_day, facts, arrival BETWEEN first_hour AND last_hour AS in_time
          FROM (
            SELECT
              COALESCE(event_id, concat(requestid, ' ', CAST(requesttime AS varchar))) AS event, requesttime,
              year * 1000000 + month * 10000 + day * 100 + hour AS arrival,
              ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), requestid, COALESCE(event_id, '~'),
                COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
                COALESCE(httpmethod, '-'), COALESCE(path, '-'),
                lpad(CAST(CASE WHEN responselength > 0 THEN responselength ELSE 0 END AS varchar), 19, '0')] AS facts
            FROM ${database}.${table_json}
            WHERE is_request AND ($${partition_filter})
          ) AS delivered
          INNER JOIN (VALUES $${days}) AS days (bill_day, from_s, to_s, first_hour, last_hour)
            ON requesttime >= from_s AND requesttime < to_s
        ) AS placed
        GROUP BY event
      ) AS events
    ) AS timed
  ) AS ordered
) AS judged
WHERE bill_day >= $${first_day}
GROUP BY bill_day
ORDER BY bill_day
