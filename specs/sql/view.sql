-- One row per log event that Firehose delivered, or `billingd backfill` recovered, and one per line of
-- an object that holds none: parsed, nothing dropped, nothing deduplicated.
--
-- Bill rows with is_request only, and only one per event_id, then one per requestid (delivery is
-- at-least-once).  That is done in the queries: a window function in here would keep predicates on
-- year, month, day and hour from reaching the table, and every query would read everything.
--
-- line_state: ok | repaired (an unquoted - was mended) | estimated (the line has no time of its own,
-- the log event's is used) are requests; untimed, invalid, blank, control and unreadable are not.
-- unreadable is what is no log event: a line of an object that is blank, broken (the reader makes a row
-- of NULLs of it) or has no events, or whose message type is unknown.
--
-- Numbers are digits alone and blanks are named: what else a cast or trim takes differs by engine.
--
-- Events are counted off by number because UNNEST of an array of rows has three meanings: Trino
-- spreads a row over columns, Athena and DuckDB do not, and DuckDB takes one array only.
SELECT
  requestid, ip, user, sub, requesttime, httpmethod, path, routekey, status, protocol, responselength,
  clientid, apiid, stage, dataprocessed,
  -- The billing day. For days of another zone put its name here: 'Asia/Seoul'.
  CAST(at_timezone(from_unixtime(requesttime), 'UTC') AS date) AS request_date,
  event_id, event_time, message,
  CAST(CASE
    WHEN envelope <> 'data' THEN envelope
    WHEN message IS NULL OR NOT regexp_like(message, '[^ \t\r\n]') THEN 'blank'
    WHEN requestid IS NULL THEN 'invalid'
    WHEN requesttime IS NULL THEN 'untimed'
    WHEN is_repaired THEN 'repaired'
    WHEN logged_time IS NULL THEN 'estimated'
    ELSE 'ok'
  END AS varchar) AS line_state,
  requestid IS NOT NULL AND requesttime IS NOT NULL AS is_request,
  year, month, day, hour
FROM (
  SELECT
    requestid, ip, user, sub, httpmethod, path, routekey, status, protocol, responselength,
    clientid, apiid, stage, dataprocessed, logged_time,
    -- Seconds, whatever was logged: HTTP APIs log seconds, REST APIs and log events milliseconds.
    CASE
      WHEN logged_time BETWEEN 100000000000 AND 99999999999999 THEN logged_time / 1000
      WHEN logged_time BETWEEN 1 AND 99999999999 THEN logged_time
      WHEN event_time BETWEEN 1 AND 99999999999999 THEN event_time / 1000
    END AS requesttime,
    event_id, event_time, message, envelope, is_repaired, year, month, day, hour
  FROM (
    -- An absent value prints "-". From text, not from parsed JSON: the first key of a name wins, so
    -- that nothing a caller puts into path can replace the identity before it.
    SELECT
      NULLIF(json_extract_scalar(line, '$.requestId'), '-') AS requestid,
      NULLIF(json_extract_scalar(line, '$.ip'), '-') AS ip,
      NULLIF(NULLIF(COALESCE(json_extract_scalar(line, '$.username'), json_extract_scalar(line, '$.user')), '-'), '-:username') AS user,
      NULLIF(json_extract_scalar(line, '$.sub'), '-') AS sub,
      NULLIF(json_extract_scalar(line, '$.httpMethod'), '-') AS httpmethod,
      NULLIF(json_extract_scalar(line, '$.path'), '-') AS path,
      NULLIF(json_extract_scalar(line, '$.routeKey'), '-') AS routekey,
      NULLIF(json_extract_scalar(line, '$.status'), '-') AS status,
      NULLIF(json_extract_scalar(line, '$.protocol'), '-') AS protocol,
      TRY_CAST(regexp_extract(json_extract_scalar(line, '$.responseLength'), '\A[0-9]{1,18}\z') AS bigint) AS responselength,
      NULLIF(json_extract_scalar(line, '$.clientId'), '-') AS clientid,
      NULLIF(json_extract_scalar(line, '$.apiId'), '-') AS apiid,
      NULLIF(json_extract_scalar(line, '$.stage'), '-') AS stage,
      TRY_CAST(regexp_extract(json_extract_scalar(line, '$.dataProcessed'), '\A[0-9]{1,18}\z') AS bigint) AS dataprocessed,
      COALESCE(TRY_CAST(regexp_extract(json_extract_scalar(line, '$.requestTimeEpoch'), '\A[0-9]{1,18}\z') AS bigint),
               TRY_CAST(regexp_extract(json_extract_scalar(line, '$.requestTime'), '\A[0-9]{1,18}\z') AS bigint)) AS logged_time,
      event_id, event_time, message, envelope, is_repaired, year, month, day, hour
    FROM (
      SELECT
        CASE WHEN is_json THEN message WHEN TRY(json_parse(mended)) IS NOT NULL THEN mended END AS line,
        NOT is_json AND TRY(json_parse(mended)) IS NOT NULL AS is_repaired,
        event_id, event_time, message, envelope, year, month, day, hour
      FROM (
        SELECT
          envelope = 'data' AND TRY(json_parse(message)) IS NOT NULL AS is_json,
          -- Lines of the old format, which left numbers unquoted: {"responseLength":-}
          CASE WHEN envelope = 'data' THEN regexp_replace(message, '":[ ]?-([,}])', '":null$1') END AS mended,
          event_id, event_time, message, envelope, year, month, day, hour
        FROM (
          SELECT
            CASE
              WHEN messagetype = 'CONTROL_MESSAGE' THEN 'control'
              WHEN messagetype = 'DATA_MESSAGE' AND cardinality(logevents) > 0 THEN 'data'
              ELSE 'unreadable'
            END AS envelope,
            NULLIF(element_at(logevents, n).id, '') AS event_id,
            element_at(logevents, n)."timestamp" AS event_time,
            element_at(logevents, n).message AS message,
            year, month, day, hour
          FROM (
            SELECT messagetype, logevents, year, month, day, hour FROM ${database}.${table_json}_raw
            UNION ALL
            SELECT messagetype, logevents, year, month, day, hour FROM ${database}.${table_json}_recovered
          ) AS delivered
          CROSS JOIN UNNEST(CASE WHEN cardinality(logevents) > 0 THEN sequence(1, cardinality(logevents))
            ELSE ARRAY[1] END) AS t(n)
        ) AS events
      ) AS checked
    ) AS lines
  ) AS fields
) AS requests
