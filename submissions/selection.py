"""Which activities to spend: the choice that wastes least, exactly.

Points are quarter steps, so sums are small whole numbers, and all sums a list can reach fit into one integer's bits:
adding an item is one shift. That stays instant for thousands of activities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil

from activities.rules import QUARTER


@dataclass(frozen=True)
class Item:
    """An activity that counts: its key, how many points it brings, and when it was completed."""

    key: int
    points: Decimal
    completed_on: date


def select(items: Sequence[Item], needed: Decimal) -> list[int]:
    """The keys to spend, soonest lapsing first; empty when all items together do not reach `needed`.

    Of all choices with the smallest sum of at least `needed` it is the one that spends the soonest lapsing activity,
    then the next soonest, and so on (handbook, "surplus"). Points below a quarter step are not worth anything.
    """
    ordered = sorted((i for i in items if i.points >= QUARTER), key=lambda i: (i.completed_on, i.key))
    sizes = [int(item.points / QUARTER) for item in ordered]
    goal = max(1, ceil(needed / QUARTER))
    # Beyond goal + largest no minimal choice exists: leaving any item out of it would still be enough.
    within = (1 << goal + max(sizes, default=0)) - 1
    reachable = [1]  # bit s: the items from here to the end can bring exactly s
    for size in reversed(sizes):
        reachable.append((reachable[-1] | reachable[-1] << size) & within)
    reachable.reverse()
    enough = reachable[0] >> goal
    if not enough:
        return []
    rest = goal + (enough & -enough).bit_length() - 1
    chosen = []
    for item, size, after in zip(ordered, sizes, reachable[1:], strict=True):
        if size <= rest and after >> (rest - size) & 1:
            chosen.append(item.key)
            rest -= size
    return chosen
