-- 기존 데이터 삭제 후 재생성
DROP TABLE IF EXISTS ddn_billing_db.restapi_access_log_parquet;

-- CTAS 재실행
CREATE TABLE ddn_billing_db.restapi_access_log_parquet
WITH (format = 'PARQUET', ...) AS
SELECT ... FROM ddn_billing_db.restapi_access_log_json ...
