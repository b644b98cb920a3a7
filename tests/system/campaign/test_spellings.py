"""The same thing in another spelling that AWS takes and gives back is no difference, and nothing is written over it."""

from collections.abc import Callable
from typing import Any

import pytest
import seed
from program import Billingd
from sandbox.control import Sandbox
from test_live_lints import raw_table
from world import World


def rules(world: World, spell: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    have = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    spelt = [spell({k: v for k, v in rule.items() if k != "Filter"} | {"was": rule["Filter"].get("Prefix", "")}) for rule in have]
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={
        "Rules": [{k: v for k, v in rule.items() if k != "was"} for rule in spelt]})


def types(world: World) -> None:
    table = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.RAW)["Table"]
    kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters") if k in table}
    for key in kept["PartitionKeys"]:
        key["Type"] = "integer"
    world.glue.update_table(DatabaseName=seed.DATABASE, TableInput=kept)


SPELLINGS: dict[str, Callable[[World], None]] = {
    "old rules": lambda w: rules(w, lambda rule: {**rule, "Prefix": rule["was"]}),
    "rules with And": lambda w: rules(w, lambda rule: {**rule, "Filter": {"And": {"Prefix": rule["was"]}}}),
    "TRUE": lambda w: raw_table(w, {"ignore.malformed.json": "TRUE"}, EXTERNAL="true", **{"projection.enabled": "TRUE"}),
    "integer": types,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_another_spelling_is_no_difference(sandbox: Sandbox, billingd: Billingd, world: World, name: str) -> None:
    world.api()
    billingd.converge()
    before = world.snapshot()
    SPELLINGS[name](world)
    assert world.snapshot() != before
    billingd.must_be_converged()
