"""The picture on the home page: how many points count on each day until the last day, if nothing is added. No queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from submissions.standing import Standing

WIDTH, TOP, FLOOR = 960, 14, 104
# Labels of neighbouring steps must not run into each other.
LABEL_ROOM = 110


@dataclass(frozen=True)
class Drop:
    """Points that stop counting: where, how many, and the last day they count."""

    x: int
    y: int
    points: Decimal
    day: date


@dataclass(frozen=True)
class Picture:
    """Places in the drawing, in its own units: the area under the points, the line to reach, the days to mark."""

    area: str
    needed_y: int
    advised_x: int | None
    drops: list[Drop]
    width: int = WIDTH
    floor: int = FLOOR


def draw(standing: Standing) -> Picture | None:
    """None where there is nothing to see: no points yet, or no days left to show."""
    if standing.days_left < 1 or not standing.counting:
        return None
    most = max(standing.points, standing.needed)

    def x(day: date) -> int:
        return round(WIDTH * (day - standing.on).days / standing.days_left)

    def y(points: Decimal) -> int:
        return round(FLOOR - (FLOOR - TOP) * points / most)

    left, corners, drops = standing.points, [(0, FLOOR), (0, y(standing.points))], []
    for day, points in _lapses(standing):
        at = x(day + timedelta(days=1))
        corners.append((at, y(left)))
        drops.append(Drop(at, y(left), points, day))
        left -= points
        corners.append((at, y(left)))
    corners += [(WIDTH, y(left)), (WIDTH, FLOOR)]
    return Picture(
        area=" ".join(f"{a},{b}" for a, b in corners),
        needed_y=y(standing.needed),
        advised_x=x(standing.advised_by) if standing.advised_by > standing.on else None,
        drops=_apart(drops),
    )


def _lapses(standing: Standing) -> list[tuple[date, Decimal]]:
    """The days before the last day after which points stop counting, with how many."""
    sums: dict[date, Decimal] = {}
    for line in standing.counting:
        if line.counts_until < standing.last_day:
            sums[line.counts_until] = sums.get(line.counts_until, Decimal(0)) + line.points
    return sorted(sums.items())


def _apart(drops: Iterable[Drop]) -> list[Drop]:
    """The drops that have room for a label."""
    kept: list[Drop] = []
    for drop in drops:
        if drop.x <= WIDTH - LABEL_ROOM and (not kept or drop.x - kept[-1].x >= LABEL_ROOM):
            kept.append(drop)
    return kept
