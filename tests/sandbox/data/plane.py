"""What the data plane holds beside moto's storage, and its clock."""

from typing import TYPE_CHECKING

from .delivery import Delivery
from .log_store import LogStore
from .metrics import Metrics

if TYPE_CHECKING:
    from ..world import World
    from .athena_run import Queries


class DataPlane:
    def __init__(self, world: "World"):
        self.world = world
        self.metrics = Metrics()
        self.logs = LogStore()
        self.delivery = Delivery(self)
        self._queries: Queries | None = None

    @property
    def queries(self) -> "Queries":
        """Made late: DuckDB takes a moment to load, and most tests never query."""
        if self._queries is None:
            from .athena_run import Queries
            self._queries = Queries(self)
        return self._queries

    def now(self) -> float:
        return self.world.switches.data_now or self.world.now()

    def tick(self) -> None:
        """Buffers whose time has come are written."""
        self.delivery.write_due(self.now())

    def after_copy(self) -> None:
        """In a copy of the process (copies.py): nothing of the original's may be changed or removed."""
        if self._queries is not None:
            self._queries.after_copy()

    def close(self) -> None:
        if self._queries is not None:
            self._queries.close()
