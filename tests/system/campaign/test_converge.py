"""From nothing: one apply brings everything up, and then there is nothing left to do."""

from pathlib import Path
from typing import Any

import pytest
from program import SHIPPED, SPECS, Billingd
from sandbox.control import Sandbox
from world import World, changes

APIS = {SHIPPED: {"ddn-api": "ap-northeast-2"},
        SPECS / "two-regions.yaml": {"seoul-api": "ap-northeast-2", "virginia-api": "us-east-1"},
        SPECS / "same-region.yaml": {"shop-api": "ap-northeast-2", "search-api": "ap-northeast-2"},
        SPECS / "overrides.yaml": {"ddn-api": "ap-northeast-2"},
        SPECS / "locked.yaml": {"ddn-api": "ap-northeast-2"},
        SPECS / "switched-off.yaml": {"ddn-api": "ap-northeast-2"},
        SPECS / "view-absent.yaml": {"ddn-api": "ap-northeast-2"}}
EVERY_SPEC = pytest.mark.parametrize("spec", APIS, ids=lambda path: path.stem)


def make_apis(sandbox: Sandbox, spec: Path) -> None:
    for name, region in APIS[spec].items():
        World(sandbox, region).api(name)


@EVERY_SPEC
def test_one_apply_converges(sandbox: Sandbox, with_spec: Any, spec: Path) -> None:
    make_apis(sandbox, spec)
    billingd = with_spec(spec)
    before = billingd.plan()
    assert before.code == 2, before
    made = billingd.converge()
    assert {r["verdict"] for r in made.json["resources"]} <= {"repaired", "synced"}
    assert made.json["summary"]["writes"] == len(billingd.writes())
    refused = [(c["operation"], c["error"]) for c in billingd.calls(kind="write") if c["error"]]
    if spec.stem == "same-region":  # nothing tells search's queries that shop makes their workgroup: they wait for it
        refused = [r for r in refused if r != ("CreateNamedQuery", "InvalidRequestException")]
    assert refused == []


@EVERY_SPEC
def test_second_apply_writes_nothing(sandbox: Sandbox, with_spec: Any, spec: Path) -> None:
    make_apis(sandbox, spec)
    billingd = with_spec(spec)
    billingd.converge()
    worlds = [World(sandbox, region) for region in sorted(set(APIS[spec].values()))]
    before = [world.snapshot() for world in worlds]
    sandbox.clear()
    again = billingd.apply()
    assert again.code == 0, again
    assert billingd.writes() == []
    assert [changes(b, w.snapshot()) for b, w in zip(before, worlds)] == [{}] * len(worlds)


def test_planned_calls_are_the_calls_sent(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """What plan prints is what apply sends, call for call."""
    world.api()
    planned = [(r["resource"], c["operation"]) for r in billingd.plan().json["resources"]
               for c in r["calls"]]
    said = billingd.apply()
    assert said.code == 0, said
    assert sorted(operation for _, operation in planned) == sorted(billingd.writes())


def test_present_view_is_removed_when_absent(sandbox: Sandbox, billingd: Billingd, with_spec: Any,
                                             world: World) -> None:
    world.api()
    billingd.converge()
    before = world.snapshot()
    sandbox.clear()
    with_spec(SPECS / "view-absent.yaml").converge()
    assert billingd.writes() == ["DeleteTable"]
    gone = "glue/DatabaseList/ddn_billing_db/TableList/restapi_access_log_json"
    assert set(changes(before, world.snapshot())) == {gone, f"{gone}/GetTable"}


def test_a_view_of_others_is_not_removed(sandbox: Sandbox, billingd: Billingd, with_spec: Any,
                                         world: World) -> None:
    """Without our mark nothing is deleted, whatever the spec says."""
    world.api()
    billingd.converge()
    database, name = "ddn_billing_db", "restapi_access_log_json"
    table = world.glue.get_table(DatabaseName=database, Name=name)["Table"]
    kept = {k: table[k] for k in ("Name", "TableType", "PartitionKeys", "StorageDescriptor",
                                  "ViewOriginalText", "ViewExpandedText")}
    world.glue.update_table(DatabaseName=database, TableInput={
        **kept, "Parameters": {"presto_view": "true", "comment": "Presto View"}})
    sandbox.clear()
    said = with_spec(SPECS / "view-absent.yaml").apply()
    assert said.code == 1, said
    assert "does not carry our mark" in said.resources["view"]["reason"]
    assert billingd.writes() == []
    world.glue.get_table(DatabaseName=database, Name=name)


@pytest.mark.parametrize("resource", ["bucket", "access_logs", "stream", "firehose_log_stream"])
def test_what_holds_data_is_never_deleted(sandbox: Sandbox, billingd: Billingd, with_spec: Any,
                                          world: World, resource: str) -> None:
    world.api()
    billingd.converge()
    text = SHIPPED.read_text().replace("    # resources:\n", f"    resources:\n      {resource}: "
                                       "{ensure: absent}\n")
    text = text.replace("pipelines:", f"template: {SHIPPED.parent}/specs/pipeline.yaml\npipelines:", 1)
    before = world.snapshot()
    sandbox.clear()
    said = with_spec(text)("apply", "--yes", "-o", "json")
    assert said.code in (1, 78), said
    assert "never deletes" in said.out + said.err, said
    assert billingd.writes() == []
    assert changes(before, world.snapshot()) == {}
