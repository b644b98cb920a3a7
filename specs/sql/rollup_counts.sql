-- What a rollup of one billing day must hold, found by another way than rollup.sql: one line
-- row_count, calls, bytes (bigint, never NULL). A build counts only when it equals this. foreign_calls,
-- in none of these: what would be calls if their log groups were the pipeline's.
--
-- Placeholders as in rollup.sql, without day and target.
--
-- Every event becomes one array of texts, put so that the smallest is the copy to keep; what a copy of
-- a request must say as well is an array too. What has no event id is told by its array, and counted.
SELECT
  COALESCE(count_if(NOT is_foreign), 0) AS row_count,
  CAST(COALESCE(sum(CASE WHEN NOT is_foreign THEN calls END), 0) AS bigint) AS calls,
  CAST(COALESCE(sum(CASE WHEN NOT is_foreign THEN bytes END), 0) AS bigint) AS bytes,
  CAST(COALESCE(sum(CASE WHEN is_foreign THEN calls END), 0) AS bigint) AS foreign_calls
FROM (
  SELECT is_foreign, $${column_user} AS a, $${column_sub} AS b, $${column_httpmethod} AS c, $${column_path} AS d,
    $${column_routekey} AS e, $${column_status} AS f, sum(times) AS calls, sum(times * response_bytes) AS bytes
  FROM (
    SELECT
      requesttime, is_foreign,
      NULLIF(element_at(said, 4), '-') AS sub, NULLIF(element_at(said, 5), '-') AS user,
      NULLIF(element_at(said, 6), '-') AS routekey, NULLIF(element_at(said, 7), '-') AS status,
      NULLIF(element_at(said, 8), '-') AS httpmethod, NULLIF(element_at(said, 9), '-') AS path,
      CAST(element_at(said, 10) AS bigint) AS response_bytes,
      CASE WHEN element_at(said, 1) = '-' THEN events ELSE 1 END AS times,
      element_at(said, 1) = '-' OR count(*) OVER (PARTITION BY is_foreign, said ORDER BY requesttime
        RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW) = 1 AS is_call
    FROM (
      SELECT is_foreign, slice(facts, 2, 10) AS said, CAST(element_at(facts, 1) AS bigint) AS requesttime, sum(events) AS events
      FROM (
        SELECT is_foreign, min(facts) AS facts, CASE WHEN event_id IS NULL THEN count(*) ELSE 1 END AS events
        FROM (
          SELECT event_id, is_foreign_request AS is_foreign,
            ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), COALESCE(requestid, '-'), COALESCE(apiid, '-'),
              lpad(CAST(COALESCE(logged_time, 0) AS varchar), 14, '0'),
              COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
              COALESCE(httpmethod, '-'), COALESCE(path, '-'),
              lpad(CAST(COALESCE(responselength, 0) AS varchar), 19, '0')] AS facts
          FROM ${database}.${table_json}
          WHERE (is_request OR is_foreign_request)
            AND requesttime BETWEEN $${from_s} - 86400 AND $${to_s} - 1
            AND ($${partition_filter})
        ) AS delivered
        GROUP BY is_foreign, event_id, CASE WHEN event_id IS NULL THEN facts END
      ) AS events
      GROUP BY is_foreign, slice(facts, 2, 10), element_at(facts, 1)
    ) AS moments
  ) AS requests
  WHERE is_call AND requesttime >= $${from_s}
  GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS lines
