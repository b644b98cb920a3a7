"""Everything the sandbox knows beside moto's own state: keys, switches, faults, the journal, a clock."""

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .answers import Answers
from .faults import Faults
from .journal import Journal
from .keys import Keys

if TYPE_CHECKING:
    from .data.plane import DataPlane


@dataclass
class Switches:
    latency_ms: float = 0
    creating_describes: int = 0  # a new stream stays CREATING for so many describes
    creating_seconds: float = 0  # ... and at least so long
    creating_fails: bool = False  # a new stream ends as CREATING_FAILED
    stream_state: str = ""  # the state that all streams are in, whatever they do
    filter_places: int = 2  # subscription filters of a log group: the quota was two, and is five in places
    iam_propagation_calls: int = 0  # a new role cannot be used until so many users of it have failed
    iam_propagation_seconds: float = 0  # ... and at least so long
    eventual_reads: int = 0  # a new role or bucket is not found by so many reads
    tokens_last: bool = False  # a create's token is answered with what it made even when that is gone
    page_size: int = 0  # at most so many items in any page; 0: AWS's own sizes
    authorize: bool = False  # calls need the caller's IAM policies to allow them
    clock_offset_s: float = 0  # how far AWS's clock is ahead of this machine's
    # The data plane's, see data/README.md.
    data_now: float = 0
    duplicate_rate: float = 0
    delay_rate: float = 0
    delay_seconds: float = 3600
    delivery_seed: int = 0
    athena_concurrency: int = 0
    athena_names_objects: bool = True  # in what it says of an object that cannot be read
    athena_managed_results: bool = False  # results are Athena's own: no object, GetQueryResults alone has them
    athena_seconds: float = 0
    athena_queue_seconds: float = 0
    failure_leaves_files: bool = True
    unload_files: int = 2
    metric_page: int = 0


def data_plane(world: "World") -> "DataPlane":
    from .data.plane import DataPlane  # which needs this module
    return DataPlane(world)


@dataclass
class World:
    keys: Keys = field(default_factory=Keys)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    switches: Switches = field(default_factory=Switches)
    lock: threading.RLock = field(default_factory=threading.RLock)  # moto itself is not thread safe
    ages: dict[str, "Age"] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)  # idempotency tokens
    answers: Answers = field(default_factory=Answers)
    data: "DataPlane" = field(init=False)

    def __post_init__(self) -> None:
        self.data = data_plane(self)

    def now(self) -> float:
        return time.time() + self.switches.clock_offset_s

    def reset(self) -> None:
        self.keys.reset()
        self.faults.set([])
        self.journal.clear()
        self.switches = Switches()
        self.ages.clear()
        self.tokens.clear()
        self.answers.forget()
        self.data.close()
        self.data = data_plane(self)

    def switch(self, values: dict[str, Any]) -> dict[str, Any]:
        """Sets the switches named; ValueError for one that does not exist or has another type."""
        for name, value in values.items():
            old = getattr(Switches, name, None)
            if old is None or not isinstance(value, str if isinstance(old, str) else (int, float)):
                raise ValueError(f"no such switch or bad value: {name}={value!r}")
        for name, value in values.items():
            setattr(self.switches, name, value)
        return asdict(self.switches)

    def born(self, name: str) -> None:
        """Remembers that a thing was just made, as far as switches ask for it."""
        s = self.switches
        wanted = (s.eventual_reads, s.iam_propagation_calls, s.iam_propagation_seconds, s.creating_describes, s.creating_seconds)
        self.ages.pop(name, None)
        if any(wanted):
            self.ages[name] = Age(time.time(), *wanted)

    def is_settling(self) -> bool:
        """Whether anything may be another thing at the next look without anybody's doing."""
        return bool(self.ages)

    def hidden(self, name: str) -> bool:
        """True while a read of a just-made thing must not find it yet; counts that read."""
        age = self.ages.get(name)
        if age is None or age.reads <= 0:
            return False
        age.reads -= 1
        return True

    def unpropagated(self, name: str) -> bool:
        """True while a just-made role is not known to others yet; counts the attempt."""
        age = self.ages.get(name)
        if age is None:
            return False
        waiting = age.uses > 0 or time.time() - age.since < age.use_seconds
        age.uses = max(0, age.uses - 1)
        return waiting

    def creating(self, name: str) -> bool:
        """True while a just-made stream is still CREATING; counts the describe."""
        age = self.ages.get(name)
        if age is None:
            return False
        waiting = age.describes > 0 or time.time() - age.since < age.describe_seconds
        age.describes = max(0, age.describes - 1)
        return waiting

    def is_creating(self, name: str) -> bool:
        """As creating, but without counting."""
        age = self.ages.get(name)
        return age is not None and (age.describes > 0 or time.time() - age.since < age.describe_seconds)


@dataclass
class Age:
    since: float
    reads: int
    uses: int
    use_seconds: float
    describes: int
    describe_seconds: float
