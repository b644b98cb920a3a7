-- One billing day counted: builds one run of the rollup table.
--
-- A request counts on the billing day of its own time, once. Copies are
--   - what has the same log event id (delivery is at-least-once);
--   - what has the same request id and API, the same billed fields (sub, user, route, status, method,
--     path, bytes, the line's own time), and was made less than 24 hours after the one before: logged
--     again. Without a request id there is none of these. Another content is another request, since
--     callers of a REST API may choose the id.
-- Which of two copies stays is told by what they say, never by where or when they arrived.
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
  CAST(sum(response_bytes) AS bigint) AS total_bytes,
  count_if(length_state = 'unknown') AS length_unknown,
  count_if(length_state = 'refused') AS length_refused,
  count_if(line_state = 'estimated') AS estimated,
  count_if(line_state = 'repaired') AS repaired
FROM (
  SELECT $${column_user} AS user, $${column_sub} AS sub, $${column_httpmethod} AS httpmethod,
    $${column_path} AS path, $${column_routekey} AS routekey, $${column_status} AS status, response_bytes,
    length_state, line_state
  FROM (
    SELECT requestid, user, sub, httpmethod, path, routekey, status, response_bytes, length_state, line_state,
      requesttime,
      lag(requesttime) OVER (PARTITION BY requestid, apiid, logged_time, sub, user, routekey, status,
        httpmethod, path, response_bytes ORDER BY requesttime, length_state, line_state) AS time_before
    FROM (
      SELECT requestid, apiid, requesttime, logged_time, event_id, user, sub, httpmethod, path, routekey, status,
        response_bytes, length_state, line_state,
        row_number() OVER (PARTITION BY event_id
          ORDER BY requesttime, COALESCE(requestid, '-'), COALESCE(apiid, '-'), COALESCE(logged_time, 0),
            COALESCE(sub, '-'), COALESCE(user, '-'), COALESCE(routekey, '-'), COALESCE(status, '-'),
            COALESCE(httpmethod, '-'), COALESCE(path, '-'), response_bytes, length_state,
            line_state) AS nth_copy
      FROM (
        SELECT requestid, apiid, requesttime, logged_time, event_id, user, sub, httpmethod, path, routekey,
          status, COALESCE(responselength, 0) AS response_bytes, length_state, line_state
        FROM ${database}.${table_json}
        WHERE is_request
          AND requesttime >= $${from_s} - 86400 AND requesttime < $${to_s}
          AND ($${partition_filter})
      ) AS delivered
    ) AS copies
    WHERE nth_copy = 1 OR event_id IS NULL
  ) AS events
  WHERE requesttime >= $${from_s}
    AND (requestid IS NULL OR time_before IS NULL OR requesttime - time_before >= 86400)
) AS requests
GROUP BY user, sub, httpmethod, path, routekey, status
) TO '$${target}' WITH (format = 'PARQUET', compression = 'SNAPPY')
