SELECT
  json_extract_scalar(log.message, '$.requestId') AS requestId,
  json_extract_scalar(log.message, '$.ip') AS ip,
  json_extract_scalar(log.message, '$.user') AS user,
  json_extract_scalar(log.message, '$.sub') AS sub,
  CAST(json_extract_scalar(log.message, '$.requestTime') AS bigint) AS requestTime,
  json_extract_scalar(log.message, '$.httpMethod') AS httpMethod,
  json_extract_scalar(log.message, '$.path') AS path,
  json_extract_scalar(log.message, '$.routeKey') AS routeKey,
  json_extract_scalar(log.message, '$.status') AS status,
  json_extract_scalar(log.message, '$.protocol') AS protocol,
  CAST(json_extract_scalar(log.message, '$.responseLength') AS bigint) AS responseLength,
  raw.year, raw.month, raw.day, raw.hour
FROM restapi_access_log_json_raw raw
CROSS JOIN UNNEST(raw.logEvents) AS t(log)
