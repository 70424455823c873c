"""The choice that wastes least, against everything that could be chosen."""

import itertools
import random
import tracemalloc
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submissions.selection import Item, select

START = date(2025, 1, 1)
NEEDED = st.integers(1, 200).map(lambda n: Decimal(n) / 4)
ITEMS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=11).map(
    lambda pairs: [Item(n, Decimal(q) / 4, START + timedelta(days=d)) for n, (q, d) in enumerate(pairs)]
)


def items_of(points, *, days=None):
    days = days or range(len(points))
    return [Item(n, Decimal(p), START + timedelta(days=d)) for n, (p, d) in enumerate(zip(points, days, strict=True))]


def every_choice(items, needed):
    """All subsets: least over, then the soonest lapsing ones spent before later ones."""
    ordered = sorted((i for i in items if i.points > 0), key=lambda i: (i.completed_on, i.key))
    best = None
    for choice in itertools.product([True, False], repeat=len(ordered)):
        spent = [item for item, taken in zip(ordered, choice, strict=True) if taken]
        total = sum((item.points for item in spent), Decimal(0))
        rank = (total, [not taken for taken in choice])
        if total >= needed and (best is None or rank < best[0]):
            best = rank, [item.key for item in spent]
    return best[1] if best else []


@settings(max_examples=400)
@given(ITEMS, NEEDED)
def test_the_selection_is_the_best_of_all_subsets(items, needed):
    assert select(items, needed) == every_choice(items, needed)


@given(ITEMS, NEEDED, st.randoms())
def test_the_order_of_the_log_changes_nothing(items, needed, chance):
    shuffled = items[:]
    chance.shuffle(shuffled)
    assert select(shuffled, needed) == select(items, needed)


@given(ITEMS, NEEDED)
def test_no_activity_is_spent_for_nothing(items, needed):
    points = {item.key: item.points for item in items}
    chosen = select(items, needed)
    total = sum((points[key] for key in chosen), Decimal(0))
    assert all(total - points[key] < needed for key in chosen)


def test_greedy_would_waste_where_the_selection_does_not():
    assert select(items_of([8, 24, 16, 16]), Decimal(40)) == [0, 2, 3]
    assert select(items_of([39, 1.5, 1]), Decimal(40)) == [0, 2]


def test_of_equal_sums_the_soonest_lapsing_is_spent():
    assert select(items_of([40, 40, 40], days=[5, 1, 3]), Decimal(40)) == [1]


def test_on_one_day_the_older_entry_is_spent_first():
    assert select(items_of([20, 20, 20], days=[1, 1, 1]), Decimal(40)) == [0, 1]


def test_too_few_points_select_nothing():
    assert select(items_of(["39.75"]), Decimal(40)) == []
    assert select([], Decimal(40)) == []


def test_a_need_between_two_quarters_is_rounded_up():
    assert select(items_of([40, "0.25"]), Decimal("40.1")) == [0, 1]


# --- size -----------------------------------------------------------------------------------------------------------


def least_sum(sizes, goal):
    """The smallest sum of at least `goal`, by a plain table of what can be reached."""
    reachable = {0}
    for size in sizes:
        reachable |= {s + size for s in reachable if s < goal}
    return min(s for s in reachable if s >= goal)


@pytest.mark.parametrize("count", [500, 10_000])
def test_a_long_log_is_selected_from_exactly_and_in_little_memory(count):
    chance = random.Random(count)
    items = [
        Item(n, Decimal(chance.randint(7, 160)) / 4, START + timedelta(days=chance.randint(0, 730)))
        for n in range(count)
    ]
    tracemalloc.start()
    chosen = select(items, Decimal(40))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    points = {item.key: item.points for item in items}
    assert sum(points[key] for key in chosen) * 4 == least_sum([int(i.points * 4) for i in items], 160)
    assert peak < 100 * count + 2_000 * 100  # a few hundred bits for each item, whatever their number


@pytest.mark.parametrize("count", [500, 10_000])
def test_many_large_and_odd_sums_still_come_out_least(count):
    """Only multiples of 1.75, and a need none of them meets: the least is the next multiple."""
    items = [Item(n, Decimal("1.75") * (1 + n % 5), START + timedelta(days=n % 700)) for n in range(count)]
    points = {item.key: item.points for item in items}
    assert sum(points[key] for key in select(items, Decimal(1000))) == Decimal("1001.00")


def test_the_number_of_steps_grows_with_the_list_and_not_with_its_subsets(monkeypatch):
    """Five hundred equal items have more subsets than there are atoms; each is looked at twice."""
    looked_at = []

    class Counting(Item):
        def __getattribute__(self, name):
            if name == "points":
                looked_at.append(1)
            return super().__getattribute__(name)

    items = [Counting(n, Decimal(1), START) for n in range(500)]
    assert select(items, Decimal(40)) == list(range(40))
    assert len(looked_at) == 2 * 500
