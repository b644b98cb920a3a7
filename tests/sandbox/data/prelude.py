"""Athena's SQL on DuckDB: the functions Trino has and DuckDB lacks.

Where an engine differs, the macro does what Trino does.  Run it once on a new connection."""

SETTINGS = "SET TimeZone='UTC'; SET integer_division=true; RESET disabled_optimizers;"  # a query's start
PRELUDE = SETTINGS + r"""
CREATE MACRO json_extract_scalar(j, p) AS CASE WHEN json_valid(j) THEN
  CASE WHEN json_type(j, p) IN ('OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string(j, p) END END;
CREATE MACRO json_parse(j) AS CAST(j AS JSON);
CREATE MACRO json_format(j) AS CAST(j AS VARCHAR);
CREATE MACRO from_unixtime(s) AS to_timestamp(CAST(s AS DOUBLE));
CREATE MACRO to_unixtime(t) AS epoch(t);
CREATE MACRO date_format(t, f) AS
  strftime(t, replace(replace(replace(f, '%i', '%M'), '%s', '%S'), '%h', '%I'));
CREATE MACRO element_at(m, k) AS CASE WHEN typeof(m) LIKE '%[]' THEN list_extract(m, k) END;
CREATE MACRO cardinality(l) AS len(l);
CREATE MACRO slice(l, a, n) AS list_slice(l, a, a + n - 1);
CREATE MACRO sequence(a, b) AS generate_series(a, b);
CREATE MACRO from_utf8(b) AS decode(b);
CREATE MACRO trim(s) AS system.main.trim(s, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13));
CREATE MACRO regexp_like(s, p) AS regexp_matches(s, p);
CREATE MACRO regexp_replace(s, p, r) AS
  system.main.regexp_replace(s, p, replace(r, '$', '\'), 'g');
CREATE MACRO at_timezone(t, z) AS timezone(z, t);
CREATE MACRO date_add(u, n, d) AS d + CASE u WHEN 'day' THEN to_days(n) WHEN 'hour' THEN to_hours(n)
  WHEN 'month' THEN to_months(n) END;
"""
