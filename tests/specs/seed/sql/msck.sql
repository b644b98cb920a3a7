MSCK REPAIR TABLE restapi_access_log_json_raw;
