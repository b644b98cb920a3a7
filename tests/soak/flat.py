"""Whether what was measured again and again stays where it was: the slope of medians, not single values."""

from dataclasses import dataclass
from statistics import median

PARTS = 10  # of the time after the warm-up
WARM_UP = 0.2  # of all samples
# What may be added over the whole run, beside a share of what there is: caches that fill, and fragments.
ROOM = {"rss": 6 << 20, "heap": 192 << 10, "fds": 0.5, "handles": 0.5}


@dataclass(frozen=True)
class Trend:
    name: str
    first: float  # median of the first part after the warm-up
    last: float
    per_pass: float
    growth: float  # over all passes after the warm-up

    @property
    def is_flat(self) -> bool:
        return self.growth <= ROOM[self.name.partition(" ")[0]] + 0.02 * self.first

    def __str__(self) -> str:
        return (f"{self.name}: {self.first:,.0f} -> {self.last:,.0f}, {self.per_pass:+,.2f} a pass, "
                f"{'flat' if self.is_flat else 'GROWS'}")


def slope(points: list[tuple[float, float]]) -> float:
    """Theil and Sen's: the median of the slopes between any two."""
    slopes = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1:] if x2 > x1]
    return median(slopes) if slopes else 0.0


def trend(name: str, samples: list[tuple[int, float]]) -> Trend:
    """samples: (pass, value)."""
    kept = samples[int(len(samples) * WARM_UP):]
    size = max(1, len(kept) // PARTS)
    parts = [kept[i:i + size] for i in range(0, len(kept) - size + 1, size)]
    points = [(median(x for x, _ in part), median(y for _, y in part)) for part in parts]
    each = slope(points)
    return Trend(name, points[0][1], points[-1][1], each, each * (points[-1][0] - points[0][0]))
