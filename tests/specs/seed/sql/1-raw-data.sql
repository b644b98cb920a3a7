SELECT *
FROM ddn_billing_db.restapi_access_log_json_raw
LIMIT 5;
