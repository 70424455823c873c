"""The picture on the home page: how many points count on each day to come, if nothing is added. No queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from submissions.standing import Standing

WIDTH, TOP, FLOOR = 960, 20, 104
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
    """None where there is nothing to see: no points stop counting before the last day."""
    lapses = _lapses(standing)
    if not lapses:
        return None
    drops = _drops(standing, lapses)
    last_y = _y(standing, standing.points - sum(points for _, points in lapses))
    steps = [f"{a.x},{a.y} {a.x},{b}" for a, b in zip(drops, [*(d.y for d in drops[1:]), last_y], strict=True)]
    return Picture(
        area=f"0,{FLOOR} 0,{drops[0].y} {' '.join(steps)} {WIDTH},{last_y} {WIDTH},{FLOOR}",
        needed_y=_y(standing, standing.needed),
        advised_x=_x(standing, standing.advised_by) if standing.advised_by > standing.on else None,
        drops=_apart(drops),
    )


def _x(standing: Standing, day: date) -> int:
    return round(WIDTH * (day - standing.on).days / standing.days_left)


def _y(standing: Standing, points: Decimal) -> int:
    return round(FLOOR - (FLOOR - TOP) * points / max(standing.points, standing.needed))


def _drops(standing: Standing, lapses: Iterable[tuple[date, Decimal]]) -> list[Drop]:
    """Each step down, at the height it starts from."""
    left, drops = standing.points, []
    for day, points in lapses:
        drops.append(Drop(_x(standing, day + timedelta(days=1)), _y(standing, left), points, day))
        left -= points
    return drops


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
