-- What Firehose delivered this month, as it lies in S3: one CloudWatch Logs envelope per row.
SELECT *
FROM ${database}.${table_json}_raw
WHERE year = year(current_date) AND month = month(current_date)
LIMIT 5
