"""How a query fails: Athena's words for it."""

import re

import duckdb


class QueryError(Exception):
    """category 1: AWS's fault, 2: the query's, 3: other."""

    def __init__(self, code: str, message: str, category: int = 2, retryable: bool = False):
        super().__init__(f"{code}: {message}")
        self.code, self.category, self.retryable = code, category, retryable


class Cancelled(Exception):
    """The query was stopped."""


CODES = [  # what DuckDB says -> what Trino says
    (r"Table with name (\S+) does not exist", "TABLE_NOT_FOUND", "Table {0} does not exist"),
    (r"Schema with name (\S+) does not exist", "SCHEMA_NOT_FOUND", "Schema {0} does not exist"),
    (r'Referenced (?:column|table) "([^"]*)" not found', "COLUMN_NOT_FOUND", "Column '{0}' cannot be resolved"),
    (r"Column with name (\S+) does not exist", "COLUMN_NOT_FOUND", "Column '{0}' cannot be resolved"),
    (r"(?:Scalar |Aggregate )?Function with name (\S+) does not exist", "FUNCTION_NOT_FOUND",
     "Function '{0}' not registered"),
    (r"Could not convert string '(.*)' to (\w+)", "INVALID_CAST_ARGUMENT", "Cannot cast '{0}' to {1}"),
    (r"Malformed JSON", "INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON"),
    (r"[Oo]verflow|out of range", "NUMERIC_VALUE_OUT_OF_RANGE", "value out of range")]


def from_duck(error: duckdb.Error) -> Exception:
    """The QueryError (or Cancelled) behind an exception of DuckDB."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return Cancelled()
    for pattern, code, message in CODES:
        match = re.search(pattern, text)
        if match:
            return QueryError(code, message.format(*(g.lower() for g in match.groups())))
    if isinstance(error, duckdb.ParserException):
        return QueryError("SYNTAX_ERROR", text.splitlines()[0])
    if isinstance(error, duckdb.BinderException):
        return QueryError("SYNTAX_ERROR", text.splitlines()[0])
    return QueryError("GENERIC_USER_ERROR", text.splitlines()[0])


def bad_parquet(column: str, found: str, wanted: str, key: str) -> QueryError:
    return QueryError("HIVE_BAD_DATA", f"Field {column}'s type {found} in parquet file {key} is incompatible "
                      f"with type {wanted} defined in table schema")
