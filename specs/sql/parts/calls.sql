-- Part of a query: every call that is billed, found in the events themselves. What usage_raw.sql counts is what
-- requests.sql lists. A row for each moment at which a request said the same:
--
--   bill_day     its billing day, 20251001
--   requesttime  its second, UTC epoch
--   said         request id, API, the line's own time, sub, user, route, status, method, path, bytes ('-': none)
--   states       length_state and line_state of the copy that stays, and with $${object} where it lies
--   times        the log events without a request id that say so; else 1
--   is_call      no copy of one less than a day before
--
--   days, partition_filter   as in usage_raw.sql
--   object                   ", object_path", or nothing where nobody asks for it
SELECT bill_day, requesttime, said, states,
  CASE WHEN element_at(said, 1) = '-' THEN events ELSE 1 END AS times,
  element_at(said, 1) = '-' OR count(*) OVER (PARTITION BY said ORDER BY requesttime
    RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW) = 1 AS is_call
FROM (
  SELECT said, requesttime, min(bill_day) AS bill_day, min(states) AS states, sum(events) AS events
  FROM (
    SELECT bill_day, events, slice(facts, 2, 10) AS said, CAST(element_at(facts, 1) AS bigint) AS requesttime,
      slice(facts, 12, 3) AS states
    FROM (
      SELECT min(bill_day) AS bill_day, min(facts) AS facts,
        CASE WHEN event_id IS NULL THEN count(*) ELSE 1 END AS events
      FROM (
        SELECT event_id, requesttime, year * 1000000 + month * 10000 + day * 100 + hour AS arrival,
          ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), COALESCE(requestid, '-'), COALESCE(apiid, '-'),
            lpad(CAST(COALESCE(logged_time, 0) AS varchar), 14, '0'),
            COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
            COALESCE(httpmethod, '-'), COALESCE(path, '-'),
            lpad(CAST(COALESCE(responselength, 0) AS varchar), 19, '0'), length_state, line_state$${object}] AS facts
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
