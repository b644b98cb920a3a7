"""What could not be read is not absent: a reply that is not AWS's, in place of any read, causes no write.

Each read of a pass is answered by a page, by nothing, by an emptied or cut document or by somebody else's, once (the
client asks again and all goes on) or always (told, and an end other than 0). The reads that stand for many: test_wide_reads.py. By default a sample; CAMPAIGN=full runs all.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import seed
from program import Billingd, Said, effective, must_be_valid, narrow
from sandbox.control import Sandbox
from sandbox.rewrites import ACTIONS
from tables import KINDS
from world import World, changes

FULL = os.environ.get("CAMPAIGN") == "full"
RESOURCES = effective()
OPERATIONS = sorted({("sts", "GetCallerIdentity")} | {
    (KINDS[wanted["kind"]].service, call[0]) for wanted in RESOURCES.values()
    for call in KINDS[wanted["kind"]].reads(wanted, on_demand=True)})
# Seen to have erased what was others', or to have made what was there already.
ALWAYS_RUN = {("GetBucketPolicy", "html"), ("GetBucketPolicy", "bare"), ("GetBucketPolicy", "empty"),
              ("GetBucketTagging", "bare"), ("GetBucketLifecycleConfiguration", "bare"),
              ("BatchGetNamedQuery", "unprocessed"), ("ListNamedQueries", "bare"), ("GetRole", "wrong_document"),
              ("DescribeLogGroups", "other_account"), ("GetTable", "null"), ("GetWorkGroup", "cut")}
# Nothing in such a reply says whose it is: a policy of log groups may name other accounts' groups, and a bucket's rules
# name nobody. Read again before the write they are right; always so they are what there is.
UNTELLABLE = {("DescribeResourcePolicies", "other_account")}
# Such a reply is valid in itself; what follows from it ends the pass, in these words: the account is not the spec's, no such
# query is found, the bucket's mark is that of another bucket.
ENDS_LATER = {("GetCallerIdentity", "other_account"): "999999999999", ("ListNamedQueries", "other_account"): "BatchGetNamedQuery: InvalidReply",
              ("GetBucketTagging", "other_account"): "ddn-api@other-"}
RETENTION = 7
DRIFT = ["PutRetentionPolicy"]


@dataclass(frozen=True)
class Case:
    service: str
    operation: str
    action: str
    always: bool

    def rule(self) -> dict[str, Any]:
        return {"action": self.action, "service": self.service, "operation": self.operation, "client": "billingd",
                "kind": "read", "times": 0 if self.always else 1}

    def ends(self, changed: bool) -> bool:
        """Whether no retry helps."""
        return changed and (self.always or (self.operation, self.action) in ENDS_LATER)

    def __str__(self) -> str:
        return f"{self.service}-{self.operation}-{self.action}-{'always' if self.always else 'once'}"


def every_case(share: int) -> Iterator[Case]:
    """All, or every share-th and those that must not be missed."""
    number = 0
    for service, operation in OPERATIONS:
        for action in ACTIONS:
            if action == "unprocessed" and not operation.startswith("BatchGet"):
                continue
            for always in (False, True):
                number += 1
                if always and (operation, action) in UNTELLABLE:
                    continue
                if FULL or number % share == 0 or (always and (operation, action) in ALWAYS_RUN):
                    yield Case(service, operation, action, always)


class Applied:
    """A pipeline that is as the spec wants it, with others' things in all of its documents."""

    def __init__(self, process: Sandbox, billingd: Billingd):
        self.sandbox, self.billingd, self.world = process, billingd, World(process)
        api = seed.first_script(self.world)
        seed.second_script(self.world)
        seed.extras(self.world, api)
        billingd.converge()
        policy = json.loads(self.world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])
        policy["Statement"].append({"Sid": "SecurityTeamDenyDelete", "Effect": "Deny", "Principal": "*",
                                    "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{seed.BUCKET}/*"})
        self.world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=json.dumps(policy))
        billingd.must_be_converged()
        self.before = self.world.snapshot()

    def drift(self) -> None:
        self.world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=RETENTION)

    def apply(self, case: Case) -> tuple[Said, bool]:
        """What was said, and whether a reply was really another one."""
        self.sandbox.clear()
        self.sandbox.faults(case.rule())
        said = self.billingd.apply(AWS_MAX_ATTEMPTS="3")
        rule = self.sandbox.fault_counts()[0]
        self.sandbox.faults()
        assert rule["fired"], "the read was never made"
        assert said.code in (0, 1, 4, 77), said
        return said, rule["changed"] > 0


@pytest.fixture(scope="module")
def applied(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    process.reset()
    folder = tmp_path_factory.mktemp("unread")
    made = Applied(process, Billingd(process, folder, narrow(folder)))
    yield made
    must_be_valid(process)
    assert changes(made.before, made.world.snapshot(), "") == {}, "others' things are not what they were"


def must_be_told(said: Said, case: Case) -> None:
    assert said.code != 0, said
    text = said.out + said.err
    assert ENDS_LATER.get((case.operation, case.action), f"{case.operation}: InvalidReply: ") in text, said


def test_every_read_is_here(applied: Applied) -> None:
    applied.sandbox.clear()
    applied.billingd.plan()
    made = {(c["service"], c["operation"]) for c in applied.billingd.calls(kind="read")}
    # What is paused, once a pass: test_pause.py damages that.
    assert made - set(OPERATIONS) == {("s3", "GetObject")}


@pytest.mark.parametrize("case", list(every_case(4)), ids=str)
def test_no_write(applied: Applied, case: Case) -> None:
    said, changed = applied.apply(case)
    assert applied.billingd.writes() == [], said
    if case.ends(changed):
        must_be_told(said, case)
    else:
        assert said.code == 0, said


@pytest.mark.parametrize("case", list(every_case(12)), ids=str)
def test_no_write_but_the_drift(applied: Applied, case: Case) -> None:
    applied.drift()
    try:
        said, changed = applied.apply(case)
        writes = applied.billingd.writes()
        if case.ends(changed):
            must_be_told(said, case)
            assert writes in ([], DRIFT), said
        else:
            assert said.code == 0 and writes == DRIFT, said
    finally:
        applied.billingd.converge()
