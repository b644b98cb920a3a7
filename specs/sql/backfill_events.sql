-- The ids of log events that are there already, each once: what the backfill need not write again.
--
--   from_ms, to_ms     the events' own time, milliseconds, half open
--   partition_filter   condition on year, month, day and hour of arrival
SELECT DISTINCT event_id
FROM ${database}.${table_json}
WHERE event_id IS NOT NULL AND line_state NOT IN ('control', 'unreadable', 'foreign')
  AND event_time >= $${from_ms} AND event_time < $${to_ms}
  AND ($${partition_filter})
