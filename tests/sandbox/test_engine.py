"""The DuckDBs behind Athena: one query's alone, and another's afterwards without anything of the first."""

import duckdb
import pytest

from .data.engine import Databases


def test_a_database_is_one_query_s_alone_until_it_is_given_back() -> None:
    databases = Databases()
    first, name = databases.take()
    second, other = databases.take()
    first.execute(f'USE "{name}"; CREATE TABLE secret (x INTEGER); SET disabled_optimizers=\'filter_pushdown\'')
    with pytest.raises(duckdb.BinderException):
        second.execute(f'SELECT * FROM "{name}".main.secret')
    databases.give_back(first, name)
    again, third = databases.take()
    assert again is first and len({name, other, third}) == 3
    found = again.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert sorted(found) == [("memory",), (third,)]
    assert again.execute("SELECT current_setting('disabled_optimizers')").fetchone() == ("",)


def test_one_that_cannot_be_cleared_is_not_given_out_again() -> None:
    databases = Databases()
    first, name = databases.take()
    first.execute("USE memory; DETACH " + f'"{name}"')
    databases.give_back(first, name)  # there is nothing to detach: it is not as it was taken
    again, _ = databases.take()
    assert again is not first
