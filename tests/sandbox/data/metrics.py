"""CloudWatch's datapoints: counted while the traffic passes, per minute."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Dimensions = tuple[tuple[str, str], ...]


class Series:
    """Per minute: sum, count, least and most."""

    def __init__(self) -> None:
        self.minutes: dict[int, list[float]] = {}

    def add(self, minute: int, total: float, count: float, least: float, most: float) -> None:
        kept = self.minutes.get(minute)
        if kept is None:
            self.minutes[minute] = [total, count, least, most]
            return
        kept[0] += total
        kept[1] += count
        kept[2] = min(kept[2], least)
        kept[3] = max(kept[3], most)


class Metrics:
    def __init__(self) -> None:
        self.series: dict[tuple[str, str, Dimensions], Series] = defaultdict(Series)

    def find(self, namespace: str, name: str, dimensions: Dimensions) -> Series | None:
        return self.series.get((namespace, name, tuple(sorted(dimensions))))

    def add(self, namespace: str, name: str, dimensions: dict[str, str], at: float, value: float) -> None:
        """One sample at a time in seconds."""
        key = (namespace, name, tuple(sorted(dimensions.items())))
        self.series[key].add(int(at // 60), value, 1, value, value)

    def count(self, namespace: str, name: str, dimensions: dict[str, str],
              minutes: Iterable[tuple[int, int]]) -> None:
        """So many events, each a sample of 1, in each minute."""
        series = self.series[namespace, name, tuple(sorted(dimensions.items()))]
        for minute, number in minutes:
            series.add(minute, number, number, 1, 1)

    def totals(self) -> list[dict[str, Any]]:
        return [{"namespace": namespace, "name": name, "dimensions": dict(dimensions),
                 "sum": sum(m[0] for m in series.minutes.values()),
                 "minutes": len(series.minutes)}
                for (namespace, name, dimensions), series in sorted(self.series.items(),
                                                                    key=lambda item: item[0])]
