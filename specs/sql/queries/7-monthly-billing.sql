-- The bill of the previous calendar month (UTC): 0.001 USD per call, 0.10 USD per GiB.
-- For another month put a day of the month AFTER it in place of every current_date: DATE '2025-11-01'.
--
-- Each request counts once, however often it was delivered. It belongs to the month it was made in;
-- objects that Firehose opened up to four days before, or delivered up to four days after, are read.
-- Every signed-in request is billed, whatever its status. Requests without a sub are the last line,
-- 'unattributed', and cost nothing.
--
-- Money is counted in whole millionths, bytes that do not fill one are cut off, and the total is
-- rounded once, half up to the cent: exact. (Trino rounds a decimal division to the digits of its
-- operands: dividing bytes by 1024.0 three times makes 0.0 GB of most bills.)
SELECT
  user,
  sub,
  monthly_calls,
  CAST(gib_micro AS decimal(18, 0)) * 0.000001 AS total_gb,
  CAST(call_micro AS decimal(18, 0)) * 0.000001 AS call_charges_usd,
  CAST(data_micro AS decimal(18, 0)) * 0.000001 AS data_charges_usd,
  CAST(CAST(call_micro + data_micro AS decimal(18, 0)) * 0.000001 AS decimal(18, 2)) AS total_charges_usd
FROM (
  SELECT
    user,
    COALESCE(sub, 'unattributed') AS sub,
    monthly_calls,
    total_bytes / 1073741824 * 1000000 + total_bytes % 1073741824 * 1000000 / 1073741824 AS gib_micro,
    -- The prices, in millionths of a dollar: 1000 a call, 100000 a GiB.
    CASE WHEN sub IS NULL THEN 0 ELSE monthly_calls * 1000 END AS call_micro,
    CASE WHEN sub IS NULL THEN 0
      ELSE total_bytes / 1073741824 * 100000 + total_bytes % 1073741824 * 100000 / 1073741824 END AS data_micro
  FROM (
    SELECT
      max(user) AS user,
      sub,
      count(*) AS monthly_calls,
      CAST(COALESCE(sum(responselength), 0) AS bigint) AS total_bytes
    FROM (
      SELECT user, sub, responselength,
        row_number() OVER (PARTITION BY requestid ORDER BY requesttime, event_id) AS nth_request
      FROM (
        SELECT requestid, requesttime, event_id, user, sub, responselength,
          row_number() OVER (PARTITION BY COALESCE(event_id, requestid) ORDER BY requesttime, requestid) AS nth_event
        FROM ${database}.${table_json}
        WHERE is_request
          AND request_date >= date_trunc('month', date_add('month', -1, current_date))
          AND request_date < date_trunc('month', current_date)
          AND ((year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date)))
            OR (year = year(current_date) AND month = month(current_date) AND day <= 4)
            OR (year = year(date_add('month', -2, current_date)) AND month = month(date_add('month', -2, current_date)) AND day >= 28))
      ) AS delivered
      WHERE nth_event = 1
    ) AS events
    WHERE nth_request = 1
    GROUP BY sub
  ) AS usage
) AS charges
ORDER BY total_charges_usd DESC, sub
