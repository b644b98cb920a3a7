-- One row per log event that Firehose delivered, or `billingd backfill` recovered, and one per line of
-- an object that holds none: parsed, nothing dropped, nothing deduplicated.
--
-- Bill rows with is_request only, and each request once (rollup.sql tells which rows are copies:
-- delivery is at-least-once).  That is done in the queries: a window function in here would keep
-- predicates on year, month, day and hour from reaching the table, and every query would read everything.
--
-- line_state: ok | repaired | estimated are requests; foreign, untimed, invalid, blank, control and
-- unreadable are not.
--   repaired     the line is no JSON as it stands: an unquoted - was quoted, a byte order mark taken away,
--                half of a surrogate pair written out, or it was read up to the place where it breaks
--   foreign      a log event of another log group than the pipeline's and those that billing.log_groups
--                names: somebody else's, whatever its line says. is_foreign_request: it would be a request
--   estimated    the line has no time of its own, the log event's is used
--   unreadable   no log event: a line of an object that is blank, broken (the reader makes a row of NULLs
--                of it) or has no events, or whose message type is unknown
--
-- A line is a request when it is JSON and has a requestId ("-" and "" too: then it has none), or when it
-- has what a bill needs: sub, status and responseLength ("-" too).  Of a line that breaks only what
-- stands whole before that place is believed, and it must hold these three: behind it stands what a
-- caller put into the text that broke it.
--
-- length_state: ok | unknown (no responseLength, or one that is no number of bytes) | refused (more than
-- billing.max_response, ${billing_max_response} bytes).  responselength is NULL unless ok.
--
-- logged_time is the line's own time, in seconds: requestTimeEpoch, or else requestTime as a number or
-- as API Gateway writes it (31/Oct/2026:23:59:58 +0000). NULL: requesttime is the log event's.
--
-- Texts: "-" and "" are NULL.  A text with control characters, or that begins with a quote, stands as
-- JSON writes it, quotes included ("a\u0000b"): no two texts become one, and no reader ends at a NUL.
-- So does a text with half of a surrogate pair ("a\ud800b"), which is no character.
--
-- log_group is whose event it is, account:name (an envelope without an account is of our own); NULL of
-- what is no log event.
--
-- object_path is where the line stands (s3://bucket/key): a condition on it that leaves objects out
-- reaches the table, so that what no engine can read harms no query.
--
-- Numbers are digits alone and blanks are named: what else a cast or trim takes differs by engine.
--
-- Events are counted off by number because UNNEST of an array of rows has three meanings: Trino
-- spreads a row over columns, Athena and DuckDB do not, and DuckDB takes one array only.
SELECT
  requestid, ip, user, sub, requesttime, httpmethod, path, routekey, status, protocol,
  CASE WHEN length_state = 'ok' THEN given_length END AS responselength,
  clientid, apiid, stage, dataprocessed,
  -- The billing day.
  CAST(at_timezone(from_unixtime(requesttime), '${billing_time_zone}') AS date) AS request_date,
  event_id, event_time, message,
  CAST(CASE
    WHEN envelope <> 'data' THEN envelope
    WHEN message IS NULL OR NOT regexp_like(message, '[^ \t\r\n]') THEN 'blank'
    WHEN NOT is_line THEN 'invalid'
    WHEN requesttime IS NULL THEN 'untimed'
    WHEN is_repaired THEN 'repaired'
    WHEN logged_time IS NULL THEN 'estimated'
    ELSE 'ok'
  END AS varchar) AS line_state,
  envelope = 'data' AND is_line AND requesttime IS NOT NULL AS is_request,
  logged_time, length_state,
  CASE WHEN envelope IN ('data', 'foreign') THEN log_group END AS log_group,
  envelope = 'foreign' AND is_line AND requesttime IS NOT NULL AS is_foreign_request,
  object_path, year, month, day, hour
FROM (
  SELECT
    CASE WHEN requestid IS NULL OR requestid IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(requestid, '[\x00-\x1F\x7F]|\A"') THEN requestid
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[requestid] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS requestid,
    CASE WHEN ip IS NULL OR ip IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(ip, '[\x00-\x1F\x7F]|\A"') THEN ip
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[ip] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS ip,
    CASE WHEN user IS NULL OR user IN ('-', '', '-:username') THEN NULL WHEN is_plain OR NOT regexp_like(user, '[\x00-\x1F\x7F]|\A"') THEN user
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[user] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS user,
    CASE WHEN sub IS NULL OR sub IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(sub, '[\x00-\x1F\x7F]|\A"') THEN sub
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[sub] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS sub,
    CASE WHEN httpmethod IS NULL OR httpmethod IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(httpmethod, '[\x00-\x1F\x7F]|\A"') THEN httpmethod
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[httpmethod] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS httpmethod,
    CASE WHEN path IS NULL OR path IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(path, '[\x00-\x1F\x7F]|\A"') THEN path
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[path] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS path,
    CASE WHEN routekey IS NULL OR routekey IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(routekey, '[\x00-\x1F\x7F]|\A"') THEN routekey
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[routekey] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS routekey,
    CASE WHEN status IS NULL OR status IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(status, '[\x00-\x1F\x7F]|\A"') THEN status
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[status] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS status,
    CASE WHEN protocol IS NULL OR protocol IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(protocol, '[\x00-\x1F\x7F]|\A"') THEN protocol
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[protocol] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS protocol,
    CASE WHEN clientid IS NULL OR clientid IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(clientid, '[\x00-\x1F\x7F]|\A"') THEN clientid
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[clientid] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS clientid,
    CASE WHEN apiid IS NULL OR apiid IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(apiid, '[\x00-\x1F\x7F]|\A"') THEN apiid
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[apiid] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS apiid,
    CASE WHEN stage IS NULL OR stage IN ('-', '') THEN NULL WHEN is_plain OR NOT regexp_like(stage, '[\x00-\x1F\x7F]|\A"') THEN stage
      ELSE replace(replace(regexp_replace(json_format(CAST(ARRAY[stage] AS JSON)), '\A\[|\]\z', ''), chr(127), '\u007F'), half_mark, '\u') END AS stage,
    given_length, dataprocessed,
    CAST(CASE
      WHEN given_length <= ${billing_max_response} THEN 'ok'
      WHEN given_length IS NOT NULL OR is_huge THEN 'refused'
      ELSE 'unknown'
    END AS varchar) AS length_state,
    logged_time, COALESCE(logged_time, CASE WHEN event_time BETWEEN 1 AND 99999999999999 THEN event_time / 1000 END) AS requesttime,
    event_id, event_time, message, envelope, is_line, is_repaired, log_group, object_path, year, month, day, hour
  FROM (
    SELECT
      requestid, ip, user, sub, httpmethod, path, routekey, status, protocol, clientid, apiid, stage,
      -- Without these every text is what it looks like: one look at the line instead of one at each.
      strpos(line, '\') = 0 AND strpos(line, chr(127)) = 0 AS is_plain,
      CASE WHEN is_begun THEN sub IS NOT NULL AND status IS NOT NULL AND response_length IS NOT NULL
        ELSE requestid IS NOT NULL OR (sub IS NOT NULL AND status IS NOT NULL AND response_length IS NOT NULL) END AS is_line,
      TRY_CAST(regexp_extract(response_length, '\A[0-9]{1,18}\z') AS bigint) AS given_length,
      COALESCE(regexp_like(response_length, '\A[0-9]{19,}\z'), false) AS is_huge,
      TRY_CAST(regexp_extract(data_processed, '\A[0-9]{1,18}\z') AS bigint) AS dataprocessed,
      -- Seconds, whatever was logged: HTTP APIs log seconds, REST APIs and log events milliseconds.
      CASE
        WHEN number_time BETWEEN 100000000000 AND 99999999999999 THEN number_time / 1000
        WHEN number_time BETWEEN 1 AND 99999999999 THEN number_time
        -- The day must exist: there is no 31/Feb.
        WHEN regexp_like(request_time, '\A[0-9]{2}/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/[0-9]{4}:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] [+-](?:0[0-9]|1[0-4])[0-5][0-9]\z')
          THEN NULLIF(GREATEST(0, date_diff('second', TIMESTAMP '1970-01-01 00:00:00',
            TRY_CAST(concat(substr(request_time, 8, 4), '-',
              lpad(CAST((strpos('JanFebMarAprMayJunJulAugSepOctNovDec', substr(request_time, 4, 3)) + 2) / 3 AS varchar), 2, '0'), '-',
              substr(request_time, 1, 2), ' ', substr(request_time, 13, 8)) AS timestamp))
            - CASE WHEN substr(request_time, 22, 1) = '-' THEN -1 ELSE 1 END
              * (CAST(substr(request_time, 23, 2) AS bigint) * 3600 + CAST(substr(request_time, 25, 2) AS bigint) * 60)), 0)
      END AS logged_time,
      event_id, event_time, message, envelope, is_repaired, log_group, half_mark, object_path, year, month, day, hour
    FROM (
      -- From text, not from parsed JSON: the first key of a name wins, so that nothing a caller puts
      -- into path can replace the identity before it.
      SELECT
        json_extract_scalar(line, '$.requestId') AS requestid,
        json_extract_scalar(line, '$.ip') AS ip,
        COALESCE(json_extract_scalar(line, '$.username'), json_extract_scalar(line, '$.user')) AS user,
        json_extract_scalar(line, '$.sub') AS sub,
        json_extract_scalar(line, '$.httpMethod') AS httpmethod,
        json_extract_scalar(line, '$.path') AS path,
        json_extract_scalar(line, '$.routeKey') AS routekey,
        json_extract_scalar(line, '$.status') AS status,
        json_extract_scalar(line, '$.protocol') AS protocol,
        json_extract_scalar(line, '$.clientId') AS clientid,
        json_extract_scalar(line, '$.apiId') AS apiid,
        json_extract_scalar(line, '$.stage') AS stage,
        json_extract_scalar(line, '$.responseLength') AS response_length,
        json_extract_scalar(line, '$.dataProcessed') AS data_processed,
        COALESCE(TRY_CAST(regexp_extract(json_extract_scalar(line, '$.requestTimeEpoch'), '\A[0-9]{1,18}\z') AS bigint),
                 TRY_CAST(regexp_extract(json_extract_scalar(line, '$.requestTime'), '\A[0-9]{1,18}\z') AS bigint)) AS number_time,
        json_extract_scalar(line, '$.requestTime') AS request_time,
        line, event_id, event_time, message, envelope, is_repaired, is_begun, log_group, half_mark, object_path, year, month, day, hour
      FROM (
        SELECT
          CASE WHEN begun IS NULL THEN whole
            WHEN TRY(json_parse(concat(regexp_replace(begun, '[,}]\z', ''), '}'))) IS NOT NULL
              THEN concat(regexp_replace(begun, '[,}]\z', ''), '}') END AS line,
          NOT is_json AS is_repaired, begun IS NOT NULL AS is_begun,
          event_id, event_time, message, envelope, log_group, half_mark, object_path, year, month, day, hour
        FROM (
          SELECT
            whole, is_json,
            -- What stands whole before the first place that is no JSON: keys with their comma or the end.
            CASE WHEN whole IS NULL THEN regexp_extract(mended,
              '\A[ \t\r\n]*\{(?:[ \t\r\n]*"[^"\\\x00-\x1F]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1F]*)*"[ \t\r\n]*:[ \t\r\n]*(?:"[^"\\\x00-\x1F]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1F]*)*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\r\n]*,)*(?:[ \t\r\n]*"[^"\\\x00-\x1F]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1F]*)*"[ \t\r\n]*:[ \t\r\n]*(?:"[^"\\\x00-\x1F]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1F]*)*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\r\n]*\})?') END AS begun,
            event_id, event_time, message, envelope, log_group, half_mark, object_path, year, month, day, hour
          FROM (
            SELECT
              CASE WHEN is_json THEN message WHEN TRY(json_parse(mended)) IS NOT NULL THEN mended END AS whole,
              mended, is_json, event_id, event_time, message, envelope, log_group, half_mark, object_path, year, month, day, hour
            FROM (
              SELECT
                -- Lines of the old format left numbers unquoted ({"responseLength":-}); some writers
                -- put a byte order mark before the line.
                CASE WHEN NOT is_json AND envelope IN ('data', 'foreign') THEN regexp_replace(
                  CASE WHEN substr(whole_text, 1, 1) = chr(65279) THEN substr(whole_text, 2) ELSE whole_text END,
                  '("[A-Za-z0-9_]+":[ ]?)-([,}])', '$1"-"$2') END AS mended,
                is_json, event_id, event_time, message, envelope, log_group, half_mark, object_path, year, month, day, hour
              FROM (
                SELECT
                  envelope IN ('data', 'foreign') AND NOT has_half AND TRY(json_parse(message)) IS NOT NULL AS is_json,
                  -- Half of a surrogate pair (\ud800) is no character: it becomes NUL and its own text,
                  -- as every NUL then does, and half_mark finds them again. Pairs stay as they are.
                  CASE WHEN has_half THEN replace(regexp_replace(regexp_replace(
                    replace(replace(message, '\\', '\u005c'), '\u0000', '\u0000\\u0000'),
                    '\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})', '\\U$1\\U$2'),
                    '\\u([dD][89a-fA-F][0-9a-fA-F]{2})', '\\u0000\\\\u$1'), '\U', '\u') ELSE message END AS whole_text,
                  CASE WHEN has_half THEN '\u0000\\u' ELSE chr(10) END AS half_mark,
                  event_id, event_time, message, envelope, log_group, object_path, year, month, day, hour
                FROM (
                  SELECT
                    CASE WHEN strpos(message, '\ud') > 0 OR strpos(message, '\uD') > 0
                      THEN strpos(message, '\U') = 0 AND regexp_like(regexp_replace(replace(message, '\\', ''),
                        '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', ''), '\\u[dD][89a-fA-F][0-9a-fA-F]{2}')
                      ELSE false END AS has_half,
                    event_id, event_time, message, envelope, log_group, object_path, year, month, day, hour
                  FROM (
                    SELECT
                      CASE
                        WHEN messagetype = 'CONTROL_MESSAGE' THEN 'control'
                        WHEN messagetype = 'DATA_MESSAGE' AND cardinality(logevents) > 0 THEN
                          CASE WHEN log_group IN ('${account}:${access_logs.name}'${billing_log_groups}) THEN 'data' ELSE 'foreign' END
                        ELSE 'unreadable'
                      END AS envelope,
                      NULLIF(element_at(logevents, n).id, '') AS event_id,
                      element_at(logevents, n)."timestamp" AS event_time,
                      element_at(logevents, n).message AS message,
                      log_group, object_path, year, month, day, hour
                    FROM (
                      SELECT messagetype, logevents, concat(COALESCE(NULLIF(owner, ''), '${account}'), ':', COALESCE(loggroup, '')) AS log_group,
                        object_path, year, month, day, hour
                      FROM (
                        SELECT messagetype, owner, loggroup, logevents, "$path" AS object_path, year, month, day, hour
                        FROM ${database}.${table_json}_raw
                        UNION ALL
                        SELECT messagetype, owner, loggroup, logevents, "$path" AS object_path, year, month, day, hour
                        FROM ${database}.${table_json}_recovered
                      ) AS both_tables
                    ) AS delivered
                    CROSS JOIN UNNEST(CASE WHEN cardinality(logevents) > 0 THEN sequence(1, cardinality(logevents))
                      ELSE ARRAY[1] END) AS t(n)
                  ) AS events
                ) AS looked_at
              ) AS checked
            ) AS mended_lines
          ) AS whole_lines
        ) AS begun_lines
      ) AS lines
    ) AS fields
  ) AS numbers
) AS requests
