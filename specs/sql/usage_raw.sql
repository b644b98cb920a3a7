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
-- Every event becomes one array of texts, put so that the smallest is the copy to keep.
SELECT
  NULLIF(element_at(facts, 4), '-') AS sub,
  NULLIF(element_at(facts, 5), '-') AS user,
  NULLIF(element_at(facts, 6), '-') AS routekey,
  NULLIF(element_at(facts, 7), '-') AS status,
  count(*) AS calls,
  CAST(sum(CAST(element_at(facts, 10) AS bigint)) AS bigint) AS bytes
FROM (
  SELECT bill_day, facts,
    count(*) OVER (PARTITION BY requestid ORDER BY requesttime
      RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW) AS within_a_day
  FROM (
    SELECT element_at(facts, 2) AS requestid, CAST(element_at(facts, 1) AS bigint) AS requesttime,
      min(bill_day) AS bill_day, min(facts) AS facts
    FROM (
      SELECT min(bill_day) AS bill_day, min(facts) AS facts
      FROM (
        SELECT
          COALESCE(event_id, concat(requestid, ' ', CAST(requesttime AS varchar))) AS event, requesttime, year * 1000000 + month * 10000 + day * 100 + hour AS arrival,
          ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), requestid, COALESCE(event_id, '~'),
            COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
            COALESCE(httpmethod, '-'), COALESCE(path, '-'),
            lpad(CAST(CASE WHEN responselength > 0 THEN responselength ELSE 0 END AS varchar), 19, '0')] AS facts
        FROM ${database}.${table_json}
        WHERE is_request AND ($${partition_filter})
      ) AS delivered
      INNER JOIN (VALUES $${days}) AS days (bill_day, from_s, to_s, first_hour, last_hour)
        ON requesttime >= from_s AND requesttime < to_s AND arrival BETWEEN first_hour AND last_hour
      GROUP BY event
    ) AS events
    GROUP BY element_at(facts, 2), element_at(facts, 1)
  ) AS moments
) AS requests
WHERE within_a_day = 1 AND bill_day >= $${first_day}
GROUP BY element_at(facts, 4), element_at(facts, 5), element_at(facts, 6), element_at(facts, 7)
ORDER BY 1, 2, 3, 4
