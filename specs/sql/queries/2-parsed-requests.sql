-- The ten newest requests of today and yesterday (UTC).
SELECT
  requestid,
  ip,
  user,
  httpmethod,
  routekey,
  status,
  responselength,
  from_unixtime(requesttime) AS request_timestamp
FROM ${database}.${table_json}
WHERE is_request
  AND ((year = year(current_date) AND month = month(current_date) AND day = day(current_date))
    OR (year = year(date_add('day', -1, current_date))
      AND month = month(date_add('day', -1, current_date))
      AND day = day(date_add('day', -1, current_date))))
ORDER BY requesttime DESC, requestid
LIMIT 10
