#!/usr/bin/env python3
"""The same month before Trino (the engine that Athena is made from) and DuckDB: rows answered, and bytes read for them.

    build/venv/bin/python tests/bench/engines.py [REQUESTS]      default 30000; needs scripts/trino-install

Trino tells what it read of files.  DuckDB, which plays Athena in the sandbox, is charged there with the whole files of the
partitions that a query's condition leaves: that is what stands in its column.  Rows that differ end it.  Writes engines.json.
"""
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/trino"), str(ROOT / "tests/sql"), str(ROOT / "tests")]
import conftest  # noqa: E402
import duck  # noqa: E402
import server  # noqa: E402
import traffic  # noqa: E402
import window  # noqa: E402
from test_same_answers import DAYS, RANGE, VALUES  # noqa: E402


def file_bytes(engines: Any, filter: str | None) -> int:
    """Of the partitions that a condition on year, month, day and hour leaves; None: of the rollups of the days."""
    if filter is None:
        return sum(f.stat().st_size for f in (engines.files / "parquet").rglob("*") if f.is_file() and not f.name.startswith("."))
    total = 0
    for file in (engines.files / "raw").rglob("*.gz"):
        year, month, day, hour = (int(part.partition("=")[2]) for part in file.parts[-5:-1])
        total += file.stat().st_size * engines.duck.execute(
            f"SELECT count(*) FROM (SELECT {year} AS year, {month} AS month, {day} AS day, {hour} AS hour) WHERE {filter}").fetchone()[0]
    return total


def measure(engines: Any, name: str, values: dict[str, Any], filter: str | None) -> dict[str, Any]:
    sql = duck.query(name, values)
    _, rows = engines.trino.run(sql)
    read = engines.trino.bytes_read
    if sorted(map(repr, rows)) != sorted(map(repr, engines.duck.execute(sql).fetchall())):
        sys.exit(f"{name}: the engines answer differently")
    found = {"query": name, "rows": len(rows), "trino_bytes": read, "duckdb_bytes": file_bytes(engines, filter)}
    print(f"| `{name}` | {len(rows):,} | {read:,} | {found['duckdb_bytes']:,} |", flush=True)
    return found


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 30000
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = traffic.make(seed=11, count=requests, start=conftest.START, end=conftest.END)
        connection = duck.connect()
        duck.load(connection, made.envelopes)
        conftest.put_objects(work / "files/raw", made.envelopes)
        with server.running(work / "server") as trino:
            engines = conftest.Both(trino, connection, work / "files", made)
            conftest.make_tables(engines)
            for day in window.days_between(conftest.FIRST, conftest.LAST):
                conftest.build_day(engines, day)
            print("| query | rows | bytes read, Trino | bytes charged, sandbox |\n|---|---|---|---|")
            found = [measure(engines, "usage_rollup", RANGE, None), measure(engines, "audit_rollups", RANGE, None),
                     measure(engines, "usage_raw", DAYS, DAYS["partition_filter"]),
                     measure(engines, "audit_days", DAYS, DAYS["partition_filter"]),
                     measure(engines, "audit_ladder", VALUES["audit_ladder"], DAYS["partition_filter"])]
    (ROOT / "tests/bench/engines.json").write_text(json.dumps({"requests": requests, "queries": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
