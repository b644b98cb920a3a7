-- The calls that usage_raw.sql counts, one by one: sub, id, day (the billing day, 20251031), time_s (UTC epoch
-- seconds), status, route (text or NULL), bytes, times (bigint), object (s3://bucket/key). times is more than one
-- where an object holds equal lines without a request id, of which each is a call.
--
--   first_day, days, partition_filter   as in usage_raw.sql
--   object   ", object_path" (parts/calls.sql)
--   only     condition on said: whose calls; TRUE for everybody's
--   order    nothing, or ORDER BY of these columns
SELECT
  NULLIF(element_at(said, 4), '-') AS sub,
  NULLIF(element_at(said, 1), '-') AS id,
  bill_day AS day,
  requesttime AS time_s,
  NULLIF(element_at(said, 7), '-') AS status,
  NULLIF(element_at(said, 6), '-') AS route,
  CAST(element_at(said, 10) AS bigint) AS bytes,
  CAST(times AS bigint) AS times,
  element_at(states, 3) AS object
FROM (
${file:parts/calls.sql}) AS requests
WHERE is_call AND bill_day >= $${first_day} AND ($${only})
$${order}
