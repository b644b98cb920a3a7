"""Athena's query operations: domain.md 6.4."""

from typing import Any

from ..call import Call, handles
from ..errors import AwsError
from ..services.athena import invalid, once, remember, work_group
from . import athena_sql
from .athena_run import FINAL, Execution, new_id
from .athena_sql import NotAccepted
from .glue_catalog import Catalog
from .results import column_info, page

MOST_QUERY = 262_144
PAGE = 1000


@handles("athena", "StartQueryExecution")
def start(call: Call) -> dict[str, Any]:
    p, queries = call.params, call.world.data.queries
    context = p.get("QueryExecutionContext", {})
    wanted = (p["QueryString"], p.get("WorkGroup"), repr(sorted(context.items())),
              repr(p.get("ResultConfiguration")))
    made = once(call, wanted)
    if made:
        return {"QueryExecutionId": made}
    group = work_group(call, p.get("WorkGroup", "primary"))
    if group.state == "DISABLED":
        raise invalid(f"WorkGroup {group.name} is disabled.")
    if len(p["QueryString"].encode()) > MOST_QUERY:
        raise invalid("Query string is too long")
    database = context.get("Database", "default")
    try:
        statement = athena_sql.parse(p["QueryString"], database)
    except NotAccepted as error:
        raise AwsError("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from None
    config = group.configuration
    rules = queries.faults.pick(p["QueryString"])
    limit = call.world.switches.athena_concurrency
    if any(rule.action == "throttle" for rule in rules) or (limit and queries.running() >= limit):
        raise AwsError("TooManyRequestsException", "You have exceeded the limit for the number of queries you "
                       "can run concurrently. Reduce the number of concurrent queries submitted by this account. "
                       "Contact customer support to request a concurrent query limit increase.",
                       Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED")
    execution = Execution(
        new_id(), p["QueryString"], statement, database, group.name, output_of(call, config),
        bool(config.get("EnforceWorkGroupConfiguration")),
        Catalog(call.account, call.region, call.world.data.now()), call.world.switches.data_now,
        int(config.get("BytesScannedCutoffPerQuery", 0)), rules,
        managed=call.world.switches.athena_managed_results)
    queries.start(execution)
    remember(call, wanted, execution.id)
    return {"QueryExecutionId": execution.id}


def output_of(call: Call, config: dict[str, Any]) -> str:
    """The workgroup's place when it enforces one, else the call's, else the workgroup's."""
    own = call.params.get("ResultConfiguration", {}).get("OutputLocation")
    groups = config.get("ResultConfiguration", {}).get("OutputLocation")
    chosen = groups if config.get("EnforceWorkGroupConfiguration") and groups else own or groups
    if not chosen:
        raise invalid("No output location provided. An output location is required either through the Workgroup "
                      "result configuration setting or as an API input.")
    if not chosen.startswith("s3://"):
        raise invalid("OutputLocation is not a valid S3 path.")
    return str(chosen)


def execution_of(call: Call, identifier: str | None = None) -> Execution:
    identifier = identifier or call.params["QueryExecutionId"]
    found = call.world.data.queries.executions.get(identifier)
    if found is None:
        raise invalid(f"QueryExecution {identifier} was not found")
    return found


def shown(execution: Execution) -> dict[str, Any]:
    e = execution
    status: dict[str, Any] = {"State": e.state, "SubmissionDateTime": e.submitted}
    final = e.state in FINAL
    if final:
        status["CompletionDateTime"] = e.completed
        if e.reason and e.state != "SUCCEEDED":
            status["StateChangeReason"] = e.reason
    if e.state == "FAILED" and e.error:
        status["AthenaError"] = {"ErrorCategory": e.error.category,
                                 "ErrorType": 0 if e.error.category == 1 else 1001,
                                 "Retryable": e.error.retryable, "ErrorMessage": e.reason}
    total = (e.completed if final else 0) - e.submitted
    statistics: dict[str, Any] = {"DataScannedInBytes": e.scanned}
    if final:
        statistics.update({
            "EngineExecutionTimeInMillis": int(e.engine_seconds * 1000),
            "QueryPlanningTimeInMillis": int(e.planning_seconds * 1000),
            "TotalExecutionTimeInMillis": int(total * 1000),
            "QueryQueueTimeInMillis": int(max(0.0, e.started - e.submitted) * 1000) if e.started else 0,
            "ServiceProcessingTimeInMillis": 1})
        if e.answer.manifest:
            statistics["DataManifestLocation"] = f"{e.place}-manifest.csv"
    return {"QueryExecutionId": e.id, "Query": e.sql, "StatementType": e.statement.type,
            "ResultConfiguration": {} if e.managed else {"OutputLocation": e.place}, "Status": status, "Statistics": statistics,
            "QueryExecutionContext": {"Database": e.database, "Catalog": "awsdatacatalog"}, "WorkGroup": e.group,
            "EngineVersion": {"SelectedEngineVersion": "AUTO",
                              "EffectiveEngineVersion": "Athena engine version 3"},
            "SubstatementType": e.statement.kind.upper()}


@handles("athena", "GetQueryExecution")
def get(call: Call) -> dict[str, Any]:
    return {"QueryExecution": shown(execution_of(call))}


@handles("athena", "BatchGetQueryExecution")
def batch_get(call: Call) -> dict[str, Any]:
    known, ids = call.world.data.queries.executions, call.params["QueryExecutionIds"]
    return {"QueryExecutions": [shown(known[i]) for i in ids if i in known],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": i, "ErrorCode": "INVALID_INPUT",
                 "ErrorMessage": f"QueryExecution {i} was not found"} for i in ids if i not in known]}


@handles("athena", "ListQueryExecutions")
def list_executions(call: Call) -> dict[str, Any]:
    group = work_group(call, call.params.get("WorkGroup", "primary")).name
    found = [e.id for e in reversed(call.world.data.queries.executions.values()) if e.group == group]
    items, more = call.page(found, call.params.get("NextToken"), call.params.get("MaxResults"), 50,
                            "InvalidRequestException")
    return {"QueryExecutionIds": items, **({"NextToken": more} if more else {})}


@handles("athena", "StopQueryExecution")
def stop(call: Call) -> dict[str, Any]:
    call.world.data.queries.cancel(execution_of(call))
    return {}


@handles("athena", "GetQueryResults")
def results(call: Call) -> dict[str, Any]:
    execution = execution_of(call)
    if execution.state in ("QUEUED", "RUNNING"):
        raise invalid(f"Query has not yet finished. Current state: {execution.state}")
    if execution.state != "SUCCEEDED":
        raise invalid("Query did not finish successfully. Final query state: " + execution.state)
    token = call.params.get("NextToken")
    most = min(call.params.get("MaxResults", PAGE), call.world.switches.page_size or PAGE)
    try:
        begin = int(token.removeprefix(execution.id + "|")) if token else 0
    except ValueError:
        raise invalid("Invalid NextToken") from None
    answer = execution.answer
    rows, more = page(answer, begin, most)
    reply: dict[str, Any] = {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": [
        column_info(n, t) for n, t in zip(answer.names, answer.types, strict=True)]}},
        "UpdateCount": answer.update_count or 0}
    if more is not None:
        reply["NextToken"] = f"{execution.id}|{more}"
    return reply
