"""A statement on Trino through its HTTP protocol, and answers in the words of Python."""

import datetime
import decimal
import json
import time
import urllib.error
import urllib.request

NODE_SECONDS = 900
CATALOG, SCHEMA = "awsdatacatalog", "ddn_billing_db"


class Refused(Exception):
    """Trino's own message; name is its code (SYNTAX_ERROR, TYPE_MISMATCH, HIVE_BAD_DATA ...)."""

    def __init__(self, error):
        super().__init__(f"{error['errorName']}: {error['message']}")
        self.name = error["errorName"]


class Client:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.rows_read = self.bytes_read = 0  # by the last statement, from tables; bytes: of files

    def _send(self, url, body=None):
        request = urllib.request.Request(url, data=body, headers={
            "X-Trino-User": "billing", "X-Trino-Catalog": CATALOG, "X-Trino-Schema": SCHEMA,
            "X-Trino-Time-Zone": "UTC"})
        while True:
            try:
                with urllib.request.urlopen(request, timeout=600) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as e:
                if e.code not in (502, 503, 504):
                    raise
                time.sleep(0.1)

    def run(self, sql):
        """(columns as [(name, type)], rows)"""
        last = time.monotonic() + NODE_SECONDS
        while True:
            try:
                return self._run(sql)
            except Refused as refused:
                if refused.name != "NO_NODES_AVAILABLE" or time.monotonic() > last:
                    raise
                time.sleep(0.5)  # the server has not found itself yet, or lost itself for a moment

    def _run(self, sql):
        state = self._send(self.base + "/v1/statement", sql.encode())
        columns, rows = [], []
        while True:
            if "error" in state:
                raise Refused(state["error"])
            columns = state.get("columns", columns)
            rows += state.get("data", [])
            if "nextUri" not in state:
                break
            state = self._send(state["nextUri"])
        self.rows_read, self.bytes_read = state["stats"]["processedRows"], state["stats"]["physicalInputBytes"]
        types = [(c["name"], c["type"]) for c in columns]
        return types, [tuple(plain(v, t) for v, (_, t) in zip(row, types)) for row in rows]

    def is_up(self):
        try:
            return not self._send(self.base + "/v1/info")["starting"]
        except OSError:
            return False


def plain(value, kind):
    """The Python value DuckDB gives for the same; other types stay what JSON made of them."""
    if value is None:
        return None
    if kind == "date":
        return datetime.date.fromisoformat(value)
    if kind.startswith("decimal"):
        return decimal.Decimal(value)
    if kind.startswith("timestamp") and kind.endswith("with time zone"):
        moment, zone = value.rsplit(" ", 1)
        assert zone == "UTC", value
        return datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc)
    return value
