-- What a run of the rollup really holds: one line row_count, calls, bytes (bigint, never NULL).
-- The run need not count yet: the runs table is the rollup's files by run.
--
--   run   the run's id, a value of the partition key run
SELECT
  count(*) AS row_count,
  CAST(COALESCE(sum(calls), 0) AS bigint) AS calls,
  CAST(COALESCE(sum(total_bytes), 0) AS bigint) AS bytes
FROM ${database}.${table_parquet}_runs
WHERE run = '$${run}'
