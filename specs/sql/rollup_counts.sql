-- What a rollup of one billing day must hold, found by another way than rollup.sql: one line
-- row_count, calls, bytes (bigint, never NULL). A build counts only when it equals this.
--
-- Placeholders as in rollup.sql, without day and target.
--
-- Every event becomes one array of texts, put so that the smallest is the copy to keep.
SELECT
  count(*) AS row_count,
  CAST(COALESCE(sum(calls), 0) AS bigint) AS calls,
  CAST(COALESCE(sum(bytes), 0) AS bigint) AS bytes
FROM (
  SELECT $${column_user} AS a, $${column_sub} AS b, $${column_httpmethod} AS c, $${column_path} AS d,
    $${column_routekey} AS e, $${column_status} AS f, count(*) AS calls, sum(response_bytes) AS bytes
  FROM (
    SELECT
      requesttime,
      element_at(facts, 4) AS sub, element_at(facts, 5) AS user, element_at(facts, 6) AS routekey,
      element_at(facts, 7) AS status, element_at(facts, 8) AS httpmethod, element_at(facts, 9) AS path,
      CAST(element_at(facts, 10) AS bigint) AS response_bytes,
      count(*) OVER (PARTITION BY requestid ORDER BY requesttime
        RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW) AS within_a_day
    FROM (
      SELECT element_at(facts, 2) AS requestid, CAST(element_at(facts, 1) AS bigint) AS requesttime,
        min(facts) AS facts
      FROM (
        SELECT min(facts) AS facts
        FROM (
          SELECT
            COALESCE(event_id, concat(requestid, ' ', CAST(requesttime AS varchar))) AS event,
            ARRAY[lpad(CAST(requesttime AS varchar), 14, '0'), requestid, COALESCE(event_id, '~'),
              COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
              COALESCE(httpmethod, '-'), COALESCE(path, '-'),
              lpad(CAST(CASE WHEN responselength > 0 THEN responselength ELSE 0 END AS varchar), 19, '0')] AS facts
          FROM ${database}.${table_json}
          WHERE is_request
            AND requesttime BETWEEN $${from_s} - 86400 AND $${to_s} - 1
            AND ($${partition_filter})
        ) AS delivered
        GROUP BY event
      ) AS events
      GROUP BY element_at(facts, 2), element_at(facts, 1)
    ) AS moments
  ) AS requests
  WHERE within_a_day = 1 AND requesttime >= $${from_s}
  GROUP BY 1, 2, 3, 4, 5, 6
) AS lines
