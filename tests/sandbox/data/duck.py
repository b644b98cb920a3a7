"""DuckDB in Athena's place: the functions Trino has and DuckDB lacks, and one database per query.

Where the engines differ the macro does what Trino does."""

from typing import Any

import duckdb

