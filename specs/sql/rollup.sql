-- One billing day counted: builds one run of the rollup table.
--
-- A request counts on the billing day of its own time, once. Copies of a log event (same event id)
-- are dropped first; then a request is a copy when one with its request id was made less than
-- 24 hours before it. Which of two copies stays is told by what they say, never by where or when
-- they arrived.
--
--   from_s, to_s      first second of the billing day and of the next, UTC epoch seconds
--   day               the billing day as text, 2025-10-31
--   partition_filter  condition on year, month, day and hour (of arrival): from 25 hours before from_s
--                     (24 to see copies of the day before, 1 because Firehose names an object after
--                     its oldest record) to late_days after to_s
--   column_user, column_sub, column_httpmethod, column_path, column_routekey, column_status
--                     the column's name when group_by has it, else CAST(NULL AS varchar)
--   target            s3://bucket/prefix/, empty
UNLOAD (
SELECT user, sub, httpmethod, path, routekey, status,
  CAST('$${day}' AS varchar) AS req_date,
  count(*) AS calls,
  CAST(sum(response_bytes) AS bigint) AS total_bytes
FROM (
  SELECT $${column_user} AS user, $${column_sub} AS sub, $${column_httpmethod} AS httpmethod,
    $${column_path} AS path, $${column_routekey} AS routekey, $${column_status} AS status, response_bytes
  FROM (
    SELECT user, sub, httpmethod, path, routekey, status, response_bytes, requesttime,
      lag(requesttime) OVER (PARTITION BY requestid ORDER BY requesttime, COALESCE(event_id, '~'),
        COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
        COALESCE(httpmethod, '-'), COALESCE(path, '-'), response_bytes) AS time_before
    FROM (
      SELECT requestid, requesttime, event_id, user, sub, httpmethod, path, routekey, status, response_bytes,
        row_number() OVER (PARTITION BY COALESCE(event_id, concat(requestid, ' ', CAST(requesttime AS varchar)))
          ORDER BY requesttime, requestid, COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'),
            COALESCE(status, '-'), COALESCE(httpmethod, '-'), COALESCE(path, '-'), response_bytes) AS nth_copy
      FROM (
        SELECT requestid, requesttime, event_id, user, sub, httpmethod, path, routekey, status,
          CASE WHEN responselength > 0 THEN responselength ELSE 0 END AS response_bytes
        FROM ${database}.${table_json}
        WHERE is_request
          AND requesttime >= $${from_s} - 86400 AND requesttime < $${to_s}
          AND ($${partition_filter})
      ) AS delivered
    ) AS copies
    WHERE nth_copy = 1
  ) AS events
  WHERE requesttime >= $${from_s} AND (time_before IS NULL OR requesttime - time_before >= 86400)
) AS requests
GROUP BY user, sub, httpmethod, path, routekey, status
) TO '$${target}' WITH (format = 'PARQUET', compression = 'SNAPPY')
