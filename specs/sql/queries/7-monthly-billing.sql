-- Usage of the previous calendar month (days of ${billing_time_zone}) per sub, and what it costs.
-- For another month put a day of the month AFTER it in place of every current_date: DATE '2025-11-01'.
--
-- From the daily rollups, as `billingd bill` counts it: days that are not rolled up yet are missing, and so
-- are those before billing.rollup.since, for which nobody pays.
-- Every signed-in request is billed, whatever its status. Requests without a sub are the last line,
-- 'unattributed', and cost nothing.
--
-- The prices are those of the spec, in 10^-9 ${billing_currency}. Charges are NULL for a month in which they
-- are more than calls and bytes times a price (tiers, quotas, a minimum, rules, customers of several subs,
-- a new price within the month): then `billingd bill` alone tells what is owed.
--
-- Bytes that do not fill a unit are cut off, and the total is rounded once, half up: exact. (Trino rounds
-- a decimal division to the digits of its operands: dividing bytes by 1024.0 three times makes 0.0 GB of
-- most bills.)
SELECT
  user,
  sub,
  monthly_calls,
  CAST(gib_micro AS decimal(18, 0)) * 0.000001 AS total_gb,
  CAST(call_nano AS decimal(18, 0)) * 0.000000001 AS call_charges,
  CAST(data_nano AS decimal(18, 0)) * 0.000000001 AS data_charges,
  CAST(CAST(call_nano + data_nano AS decimal(18, 0)) * 0.000000001 AS decimal(18, ${billing_currency_digits})) AS total_charges,
  '${billing_currency}' AS currency
FROM (
  SELECT
    user,
    COALESCE(sub, 'unattributed') AS sub,
    monthly_calls,
    total_bytes / 1073741824 * 1000000 + total_bytes % 1073741824 * 1000000 / 1073741824 AS gib_micro,
    CASE WHEN sub IS NULL THEN 0 ELSE monthly_calls * call_price END AS call_nano,
    CASE WHEN sub IS NULL THEN 0
      ELSE total_bytes / 1073741824 * gib_price + total_bytes % 1073741824 * gib_price / 1073741824 END AS data_nano
  FROM (
    SELECT user, sub, monthly_calls, total_bytes,
      ${billing_call_price} AS call_price,
      ${billing_gib_price} AS gib_price
    FROM (
      SELECT
        max(user) AS user,
        sub,
        CAST(sum(calls) AS bigint) AS monthly_calls,
        CAST(sum(total_bytes) AS bigint) AS total_bytes,
        CAST(date_trunc('month', date_add('month', -1, current_date)) AS date) AS month_start
      FROM ${database}.${table_parquet}
      WHERE year = year(date_add('month', -1, current_date)) AND month = month(date_add('month', -1, current_date))
        AND year * 10000 + month * 100 + day >= ${billing_since}
      GROUP BY sub
    ) AS usage
  ) AS priced
) AS charges
ORDER BY total_charges DESC, sub
