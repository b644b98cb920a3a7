-- Calls and bytes to rate, from the events themselves: columns and order of usage_rollup.sql, and the
-- same numbers, found by another way than rollup.sql.
--
--   first_day         the first billing day to count, 20251001
--   days              a row for the day BEFORE first_day and for each day to count, with commas between:
--                     (20251001, 1759276800, 1759363200, 2025092923, 2025100423)
--                     day, its first second and the next day's (UTC epoch seconds), first and last hour
--                     of arrival that count for it (yyyymmddhh, UTC, both in: those a rollup reads,
--                     from 25 hours before the day to late_days after it)
--   partition_filter  condition on year, month, day and hour that holds for all those hours
--
-- Every event becomes one array of texts, put so that the smallest is the copy to keep; what a copy of
-- a request must say as well is an array too. What has no event id is told by its array, and counted.
SELECT
  NULLIF(element_at(said, 4), '-') AS sub,
  NULLIF(element_at(said, 5), '-') AS user,
  NULLIF(element_at(said, 6), '-') AS routekey,
  NULLIF(element_at(said, 7), '-') AS status,
  CAST(sum(times) AS bigint) AS calls,
  CAST(sum(times * CAST(element_at(said, 10) AS bigint)) AS bigint) AS bytes,
  CAST(sum(CASE WHEN element_at(states, 1) = 'unknown' THEN times ELSE 0 END) AS bigint) AS length_unknown,
  CAST(sum(CASE WHEN element_at(states, 1) = 'refused' THEN times ELSE 0 END) AS bigint) AS length_refused,
  CAST(sum(CASE WHEN element_at(states, 2) = 'estimated' THEN times ELSE 0 END) AS bigint) AS estimated,
  CAST(sum(CASE WHEN element_at(states, 2) = 'repaired' THEN times ELSE 0 END) AS bigint) AS repaired
FROM (
  SELECT bill_day, said, states,
    CASE WHEN element_at(said, 1) = '-' THEN events ELSE 1 END AS times,
    element_at(said, 1) = '-' OR count(*) OVER (PARTITION BY said ORDER BY requesttime
      RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW) = 1 AS is_call
  FROM (
    SELECT said, requesttime, min(bill_day) AS bill_day, min(states) AS states, sum(events) AS events
    FROM (
      SELECT bill_day, events, slice(facts, 2, 10) AS said, CAST(element_at(facts, 1) AS bigint) AS requesttime,
        slice(facts, 12, 2) AS states
      FROM (
        SELECT min(bill_day) AS bill_day, min(facts) AS facts,
          CASE WHEN event_id IS NULL THEN count(*) ELSE 1 END AS events
        FROM (
          SELECT event_id, requesttime, year * 1000000 + month * 10000 + day * 100 + hour AS arrival,
            ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), COALESCE(requestid, '-'), COALESCE(apiid, '-'),
              lpad(CAST(COALESCE(logged_time, 0) AS varchar), 14, '0'),
              COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
              COALESCE(httpmethod, '-'), COALESCE(path, '-'),
              lpad(CAST(COALESCE(responselength, 0) AS varchar), 19, '0'), length_state, line_state] AS facts
          FROM ${database}.${table_json}
          WHERE is_request AND ($${partition_filter})
        ) AS delivered
        INNER JOIN (VALUES $${days}) AS days (bill_day, from_s, to_s, first_hour, last_hour)
          ON requesttime >= from_s AND requesttime < to_s AND arrival BETWEEN first_hour AND last_hour
        GROUP BY event_id, CASE WHEN event_id IS NULL THEN facts END
      ) AS events
    ) AS told
    -- Without a request id nothing is a copy: each keeps its own states.
    GROUP BY said, requesttime, CASE WHEN element_at(said, 1) = '-' THEN states END
  ) AS moments
) AS requests
WHERE is_call AND bill_day >= $${first_day}
GROUP BY element_at(said, 4), element_at(said, 5), element_at(said, 6), element_at(said, 7)
ORDER BY 1, 2, 3, 4
