-- ${bucket}: '$${x}' in ${region}
SELECT 1
FROM t

