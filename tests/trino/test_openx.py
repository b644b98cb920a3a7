"""What Trino's reader of JSON lines really does: the rules tests/sandbox plays and the spec relies on."""

import gzip

import pytest

import client
import conftest

DOCUMENT = ('{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s",'
            '"subscriptionFilters":["f"],"logEvents":[{"id":"%d","timestamp":1,"message":"m"}]}')


@pytest.fixture
def table(both):
    """A function that reads a file's text (or bytes, under a name) as the raw table would."""
    made = []

    def read(content, name="one.json.gz"):
        number = len(made)
        folder = both.files / f"openx{number}" / "year=2025/month=01/day=01/hour=00"
        folder.mkdir(parents=True)
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        made.append(f"restapi_access_log_json_openx{number}")
        both.trino.run(conftest.RAW.format(name=f"openx{number}", place=both.files / f"openx{number}"))
        both.trino.run(f"CALL system.sync_partition_metadata('{client.SCHEMA}', '{made[-1]}', 'ADD')")
        return both.trino.run(f"SELECT messagetype, cardinality(logevents) FROM {made[-1]}")[1]

    yield read
    for name in made:
        both.trino.run(f"DROP TABLE {name}")
    for folder in both.files.glob("openx*"):
        conftest.shutil.rmtree(folder)


@pytest.mark.parametrize("harm", [lambda data: DOCUMENT.encode(), lambda data: data[: len(data) // 2]],
                         ids=["no gzip", "cut"])
def test_an_object_that_cannot_be_decompressed_is_named_and_can_be_left_out(both, table, harm):
    """lib/billing/store/damaged.c finds it in the engine's words; a condition on "$path" keeps it from being opened,
    also through the view's shape: UNION ALL and UNNEST."""
    lines = "".join(DOCUMENT % n + "\n" for n in range(2000))
    assert len(table(lines)) == 2000
    name = "restapi_access_log_json_openx0"
    folder = both.files / "openx0/year=2025/month=01/day=01/hour=00"
    ((path,),) = both.trino.run(f'SELECT DISTINCT "$path" FROM {name}')[1]
    (folder / "two.json.gz").write_bytes(harm(gzip.compress(lines.encode())))
    events = (f'SELECT n, object_path FROM (SELECT logevents, "$path" AS object_path FROM {name} UNION ALL '
              f'SELECT logevents, "$path" AS object_path FROM restapi_access_log_json_recovered) AS delivered '
              "CROSS JOIN UNNEST(sequence(1, cardinality(logevents))) AS t(n)")
    with pytest.raises(client.Refused, match=r"HIVE_.*two\.json\.gz"):
        both.trino.run(f"SELECT count(*) FROM ({events})")
    left_out = path.replace("one.json.gz", "two.json.gz")
    assert both.trino.run(f"SELECT count(*) FROM ({events}) WHERE object_path <> '{left_out}' AND object_path <> 's3://no'")[1] == [(2000,)]


def test_a_document_per_line(table):
    assert table(DOCUMENT % 1 + "\n" + DOCUMENT % 2 + "\n") == [("DATA_MESSAGE", 1)] * 2


def test_documents_without_a_newline_between_are_lost(table):
    """The seed's form: one row of three, and no error."""
    assert table(DOCUMENT % 1 + DOCUMENT % 2 + DOCUMENT % 3) == [("DATA_MESSAGE", 1)]


def test_all_gzip_members_are_read(table):
    members = gzip.compress((DOCUMENT % 1 + "\n").encode())
    assert table(DOCUMENT % 2 + "\n", "two.json.gz") == [("DATA_MESSAGE", 1)]
    assert table(members * 3, "one.json") != [("DATA_MESSAGE", 1)] * 3  # the name decides


def test_blank_lines_and_text_are_rows_of_nulls(table):
    assert table(DOCUMENT % 1 + "\n\n") == [("DATA_MESSAGE", 1), (None, None)]
    assert table("no json\n" + DOCUMENT % 1 + "\n") == [(None, None), ("DATA_MESSAGE", 1)]


def test_a_cut_off_document_fails_the_query(table):
    with pytest.raises(client.Refused, match="HIVE_"):
        table((DOCUMENT % 1)[:-20] + "\n")
