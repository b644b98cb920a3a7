"""Queries on their way: a thread each, states, statistics, cancellation, faults."""

import re
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import answers, athena_sql, ddl, unload
from .athena_sql import Statement
from .engine import DATABASES, Engine
from .glue_catalog import Catalog, Snapshot
from .objects import Missing, delete_object, put_object, split_location
from .query_error import Cancelled, QueryError
from .query_faults import QueryFaults, Rule
from .results import Answer, csv, metadata, shown
from .take_in import TakeIn

if TYPE_CHECKING:
    from .plane import DataPlane

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
READING = ("select", "unload", "ctas", "insert", "create_view")


@dataclass
class Execution:
    """One query, from Start to its result."""

    id: str
    sql: str
    statement: Statement
    database: str
    group: str
    output: str  # s3://.../ where results go
    enforced: bool
    catalog: Catalog
    clock: float  # what the query takes for now; 0: the machine's
    cutoff: int
    rules: list[Rule]
    state: str = "QUEUED"
    reason: str = ""
    error: QueryError | None = None
    submitted: float = field(default_factory=time.time)
    completed: float = 0.0
    started: float = 0.0
    managed: bool = False  # the result is read from Athena, not from an object
    planning_seconds: float = 0.0  # of engine_seconds
    engine_seconds: float = 0.0
    scanned: int = 0
    answer: Answer = field(default_factory=Answer)
    stop: threading.Event = field(default_factory=threading.Event)
    engine: Any = None
    writer: Any = None

    def check(self) -> None:
        if self.stop.is_set():
            raise Cancelled

    def rewritten(self) -> str:
        return athena_sql.rewritten(self.statement.query, self.clock)

    @property
    def suffix(self) -> str:
        if self.statement.kind == "select":
            return ".csv"
        return "" if self.statement.kind in ("unload", "ctas", "insert") else ".txt"

    @property
    def place(self) -> str:
        return f"{self.output.rstrip('/')}/{self.id}{self.suffix}"


class Queries:
    def __init__(self, plane: "DataPlane"):
        self.plane, self.lock = plane, plane.world.lock
        self.take_in = TakeIn()
        self.answers = answers.Answers(self.take_in.folder)
        self.faults = QueryFaults()
        self.executions: dict[str, Execution] = {}

    @property
    def switches(self) -> Any:
        return self.plane.world.switches

    def close(self) -> None:
        for execution in self.executions.values():
            self.cancel(execution)
        self.take_in.close()

    def after_copy(self) -> None:
        DATABASES.after_copy()
        self.take_in.after_copy()

    def running(self) -> int:
        return sum(e.state not in FINAL for e in self.executions.values())

    def start(self, execution: Execution) -> None:
        self.executions[execution.id] = execution
        threading.Thread(target=self.work, args=(execution,), daemon=True).start()

    def cancel(self, execution: Execution) -> None:
        if execution.state in FINAL:
            return
        execution.stop.set()
        threading.Thread(target=self.interrupt, args=(execution,), daemon=True).start()

    @staticmethod
    def interrupt(execution: Execution) -> None:
        """Until it has ended: between two of its statements there is nothing to interrupt."""
        while execution.state not in FINAL:
            if execution.engine is not None:
                execution.engine.interrupt()
            time.sleep(0.05)

    # -- one query's thread -------------------------------------------------------------------------------

    def work(self, execution: Execution) -> None:
        state, leave = "SUCCEEDED", None
        try:
            self.wait(execution, self.switches.athena_queue_seconds)
            execution.state, execution.started = "RUNNING", time.time()
            self.strike(execution, "start")
            self.wait(execution, self.switches.athena_seconds)
            execution.answer = self.carry_out(execution)
            self.strike(execution, "end")
            self.save(execution)
        except Cancelled:
            state = "CANCELLED"
        except QueryError as error:
            if execution.stop.is_set():  # its tables or files went while it was being stopped
                self.end(execution, "CANCELLED", leave)
                return
            state, execution.error, execution.reason = "FAILED", error, str(error)
            if not self.switches.athena_names_objects:
                execution.reason = re.sub(r"Failed to read file at \S+: ", "", execution.reason)
        except Missing as error:
            execution.error = QueryError("S3_ERROR", f"The specified bucket does not exist: {error}")
            state, execution.reason = "FAILED", str(execution.error)
        except Exception as error:  # the sandbox's own fault: told to whoever tests
            if execution.stop.is_set():
                self.end(execution, "CANCELLED", leave)
                return
            self.plane.world.journal.bug("athena", "query", f"{type(error).__name__}: {error}\n{execution.sql}")
            execution.error = QueryError("GENERIC_INTERNAL_ERROR", f"the sandbox failed: {error}", 1, True)
            state, execution.reason = "FAILED", str(execution.error)
        self.end(execution, state, leave)

    def end(self, execution: Execution, state: str, leave: bool | None) -> None:
        for rule in execution.rules:
            leave = rule.leave_files if rule.leave_files is not None else leave
        if leave is None:
            leave = bool(self.switches.failure_leaves_files)
        if state != "SUCCEEDED" and not leave and execution.writer is not None:
            with self.lock, suppress(Missing):
                for bucket, key in execution.writer.written:
                    delete_object(bucket, key)
        if execution.engine is not None:
            execution.engine.close()
        if state == "CANCELLED":
            execution.reason = execution.reason or "Query cancelled by user"
        with self.lock:
            self.plane.world.answers.forget()
        execution.completed = time.time()
        execution.state = state

    def wait(self, execution: Execution, seconds: float) -> None:
        execution.stop.wait(seconds)
        execution.check()

    def strike(self, execution: Execution, at: str) -> None:
        """The faults of this moment of the query."""
        for rule in (r for r in execution.rules if r.at == at):
            if rule.action == "slow":
                self.wait(execution, rule.seconds)
            elif rule.action == "hold":
                while self.faults.has(rule):
                    self.wait(execution, 0.02)
            elif rule.action == "cancel":
                execution.reason = "Query cancelled"
                raise Cancelled
            elif rule.action == "fail":
                raise QueryError(rule.code, rule.message, 1 if rule.retryable else 2, rule.retryable)

    def carry_out(self, execution: Execution) -> Answer:
        statement = execution.statement
        if statement.kind not in READING:
            return {"create_table": ddl.create_table, "drop_table": ddl.drop, "drop_view": ddl.drop,
                    "create_database": ddl.create_database, "msck": ddl.msck,
                    "add_partition": ddl.alter_partition, "drop_partition": ddl.alter_partition,
                    "show_partitions": ddl.show_partitions}[statement.kind](self, execution)
        begun = time.perf_counter()
        try:
            with self.lock:
                execution.check()
                snapshot = execution.catalog.snapshot(execution.statement.query)
                key = self.key_of(execution, snapshot)
            if key and (kept := self.answers.get(key)):
                return self.again(execution, *kept)
            return self.asked(execution, snapshot, key)
        finally:
            execution.engine_seconds += time.perf_counter() - begun

    def key_of(self, execution: Execution, snapshot: Snapshot) -> str:
        statement = execution.statement
        if statement.kind not in ("select", "unload"):
            return ""
        return answers.key_of(snapshot, execution.database, execution.rewritten(), uses_path(execution, snapshot),
                              statement.kind, statement.options, self.switches.unload_files)

    def again(self, execution: Execution, scanned: int, answer: Answer, files: list[tuple[str, bytes]]) -> Answer:
        """What was answered before; an UNLOAD's files are written anew, where this one wants them."""
        self.cut_off(execution, scanned)
        return unload.again(self, execution, answer, files) if execution.statement.kind == "unload" else answer

    def asked(self, execution: Execution, snapshot: Snapshot, key: str) -> Answer:
        begun = time.perf_counter()
        self.open(execution, snapshot)
        execution.planning_seconds = time.perf_counter() - begun
        match execution.statement.kind:
            case "select":
                made = self.select(execution)
            case "unload":
                made = unload.unload(self, execution)
            case kind:
                return {"ctas": unload.create_table_as, "insert": unload.insert_into,
                        "create_view": ddl.create_view}[kind](self, execution)
        self.answers.keep(key, (execution.scanned, made, execution.writer.files_made if execution.writer else []))
        return made

    def open(self, execution: Execution, snapshot: Snapshot) -> None:
        """The tables as they are now; a later change is not seen by this query."""
        query = execution.rewritten()
        engine = execution.engine = Engine(self.take_in, snapshot, execution.database,
                                           lambda text: athena_sql.rewritten(text, execution.clock),
                                           uses_path(execution, snapshot))
        if execution.statement.kind == "create_view":
            engine.define_only()
            return
        engine.prepare(query)
        self.cut_off(execution, engine.scanned)

    @staticmethod
    def cut_off(execution: Execution, scanned: int) -> None:
        execution.scanned = scanned
        if execution.cutoff and scanned > execution.cutoff:
            execution.reason = ("Query cancelled! : Bytes scanned limit was exceeded: "
                                f"{scanned} > {execution.cutoff}")
            raise Cancelled
        execution.check()

    def select(self, execution: Execution) -> Answer:
        names, types, rows = execution.engine.answer(execution.rewritten())
        execution.check()
        return Answer(names, types, rows)

    def save(self, execution: Execution) -> None:
        """The result object and its metadata; DDL's is plain text."""
        answer, (bucket, key) = execution.answer, split_location(execution.place)
        key = key.removesuffix("/")
        with self.lock:
            execution.check()
            if execution.suffix == ".csv":
                put_object(bucket, key, csv(answer))
            elif execution.suffix == ".txt":
                put_object(bucket, key, "".join("\t".join(shown(v) or "" for v in row) + "\n"
                                                for row in answer.rows).encode())
            else:
                put_object(bucket, f"{key}-manifest.csv", "".join(f + "\n" for f in answer.manifest).encode())
            put_object(bucket, f"{key}.metadata", metadata(answer))


def uses_path(execution: Execution, snapshot: Snapshot) -> bool:
    return athena_sql.uses_path(execution.statement.query) or any(
        athena_sql.uses_path(view.sql) for view in snapshot.views.values())


def new_id() -> str:
    return str(uuid.uuid4())
