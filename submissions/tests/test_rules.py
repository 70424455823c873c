"""Enough points, the right days, permitted moves: without a database."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.rules import NotAllowed
from certifications.rules import add_months
from submissions import rules
from submissions.rules import NEXT, OPEN, Facts, Reason, Status, Verdict

DAYS = st.dates(date(1990, 1, 1), date(2200, 12, 31))
QUARTERS = st.integers(0, 400).map(lambda n: Decimal(n) / 4)


def refusal(function, *args, **named):
    with pytest.raises(NotAllowed) as caught:
        function(*args, **named)
    return caught.value.sentence


# --- the window -----------------------------------------------------------------------------------------------------


def first_counting_day(on, months):
    """Day by day back from far away: the first one from which `on` can still be reached."""
    day = date(on.year - months // 12 - 2, 1, 1)
    while add_months(day, months) < on:
        day += timedelta(days=1)
    return day


@settings(max_examples=400)
@given(DAYS, st.integers(0, 120))
def test_the_window_starts_on_the_first_day_that_still_counts(on, months):
    assert rules.window_start(on, months) == first_counting_day(on, months)


def test_the_window_is_right_on_every_day_of_a_leap_cycle():
    for offset in range(1462):
        on = date(2027, 1, 1) + timedelta(days=offset)
        start = rules.window_start(on, 24)
        assert add_months(start, 24) >= on > add_months(start - timedelta(days=1), 24)


@pytest.mark.parametrize(
    ("on", "start"),
    [
        (date(2026, 11, 24), date(2024, 11, 24)),
        (date(2030, 2, 28), date(2028, 2, 28)),
        (date(2030, 3, 1), date(2028, 3, 1)),
        (date(2028, 2, 29), date(2026, 3, 1)),
        (date(2028, 8, 31), date(2026, 8, 31)),
        (date(2028, 12, 31), date(2026, 12, 31)),
    ],
)
def test_where_the_window_starts(on, start):
    assert rules.window_start(on, 24) == start


@given(DAYS, st.integers(-800, 800))
def test_an_activity_counts_exactly_between_the_window_start_and_the_day_asked(on, offset):
    day = on - timedelta(days=365) + timedelta(days=offset)
    facts = Facts(completed_on=day, is_eligible=True, has_evidence=True)
    why = rules.why_not(facts, on=on, months=24, earliest=date(1980, 1, 1))
    assert (why == "") == (rules.window_start(on, 24) <= day <= on)


@given(st.lists(st.dates(date(2022, 1, 1), date(2030, 1, 1)), max_size=6), st.integers(1, 48))
def test_a_span_is_too_long_when_any_two_days_are_too_far_apart(days, months):
    too_long = any(add_months(min(pair), months) < max(pair) for pair in itertools.combinations(days, 2))
    if too_long:
        assert "Leave out one end" in refusal(rules.check_span, days, months)
    else:
        rules.check_span(days, months)


def test_the_span_sentence_names_both_ends():
    sentence = refusal(rules.check_span, [date(2026, 3, 2), date(2024, 3, 1)], 24)
    assert "1 March 2024" in sentence
    assert "2 March 2026" in sentence
    rules.check_span([date(2026, 3, 1), date(2024, 3, 1)], 24)


def test_on_the_expiry_date_a_request_is_in_time_and_the_day_after_it_is_not():
    rules.check_not_expired(date(2027, 5, 12), date(2027, 5, 12))
    assert "12 May 2027" in refusal(rules.check_not_expired, date(2027, 5, 12), date(2027, 5, 13))


def test_on_the_day_to_answer_an_answer_is_in_time_and_the_day_after_it_is_not():
    rules.check_answer_in_time(date(2027, 5, 12), date(2027, 5, 12))
    rules.check_answer_in_time(None, date(2027, 5, 12))
    assert "12 May 2027" in refusal(rules.check_answer_in_time, date(2027, 5, 12), date(2027, 5, 13))


# --- points ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [40, Decimal("40.00"), Decimal("40.25"), 1000])
def test_forty_points_are_enough(points):
    rules.check_points(points, 40)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (38, "2 more points are needed."),
        (39, "1 more point is needed."),
        (Decimal("39.00"), "1 more point is needed."),
        (Decimal("39.75"), "0.25 more points are needed."),
        (Decimal("38.5"), "1.5 more points are needed."),
        (0, "40 more points are needed."),
    ],
)
def test_fewer_than_forty_points_are_refused_with_what_is_missing(points, sentence):
    assert refusal(rules.check_points, points, 40) == sentence


@pytest.mark.parametrize(
    ("points", "shown"), [("40.00", "40"), ("39.75", "39.75"), ("2.50", "2.5"), ("0", "0"), ("100", "100")]
)
def test_points_are_shown_as_people_write_them(points, shown):
    assert rules.show_points(Decimal(points)) == shown


FACTS = {"completed_on": date(2026, 3, 2), "is_eligible": True, "has_evidence": True}
ASKED = {"on": date(2026, 11, 24), "months": 24, "earliest": date(2022, 1, 1)}


@pytest.mark.parametrize(
    ("facts", "asked", "sentence"),
    [
        ({}, {}, ""),
        ({"spent_on": "SUB-00042"}, {}, "Already spent on SUB-00042."),
        ({"completed_on": date(2026, 11, 25)}, {}, "Counts from 25 November 2026 on, the day it is completed."),
        ({"completed_on": date(2026, 11, 24)}, {}, ""),
        (
            {"completed_on": date(2021, 12, 31)},
            {"on": date(2022, 6, 1)},
            "Completed before 1 January 2022; activities count from that day on.",
        ),
        ({"completed_on": date(2022, 1, 1)}, {"on": date(2022, 6, 1)}, ""),
        (
            {"completed_on": date(2024, 11, 23)},
            {},
            "Stopped counting after 23 November 2026, 24 months after you completed it.",
        ),
        ({"completed_on": date(2024, 11, 24)}, {}, ""),
        ({"is_eligible": False}, {}, "This kind of activity did not earn points on 2 March 2026."),
        ({"points": Decimal(0)}, {}, "Brings no points: it is worth less than a quarter of one."),
        ({"points": Decimal("0.25")}, {}, ""),
        ({"has_evidence": False}, {}, "No evidence yet: add it and this counts."),
    ],
)
def test_why_an_activity_does_not_count(facts, asked, sentence):
    assert rules.why_not(Facts(**{**FACTS, **facts}), **{**ASKED, **asked}) == sentence


def test_of_several_reasons_the_one_is_said_that_adding_evidence_would_not_mend():
    """Spent, then the days, then the kind, then the points, and only at last what the person can still do."""
    wrong = {
        "spent_on": ("SUB-00042", "", "Already spent"),
        "completed_on": (date(2021, 12, 31), date(2026, 3, 2), "Completed before"),
        "is_eligible": (False, True, "did not earn"),
        "points": (Decimal(0), Decimal(8), "Brings no points"),
        "has_evidence": (False, True, "No evidence"),
    }
    facts = {name: bad for name, (bad, _good, _said) in wrong.items()}
    for name, (_bad, good, said) in wrong.items():
        assert said in rules.why_not(Facts(**facts), **ASKED)
        facts[name] = good
    assert rules.why_not(Facts(**facts), **ASKED) == ""


CLAIMS = st.lists(st.tuples(st.sampled_from("ABC"), QUARTERS), max_size=10).map(
    lambda claims: [(key, code, points) for key, (code, points) in enumerate(claims)]
)
CAPS = st.dictionaries(st.sampled_from("ABC"), st.none() | QUARTERS)


@given(CLAIMS, CAPS)
def test_a_cap_admits_soonest_lapsing_points_first_and_not_a_quarter_more(claims, caps):
    admitted = rules.admit(claims, caps)
    for code in "ABC":
        mine = [(key, points) for key, kind, points in claims if kind == code]
        claimed, cap = sum((p for _, p in mine), Decimal(0)), caps.get(code)
        counted = [admitted[key] for key, _ in mine]
        assert sum(counted) == (claimed if cap is None else min(claimed, cap))
        cut = [points - got for (_, points), got in zip(mine, counted, strict=True)]
        assert all(c >= 0 for c in cut)
        first_cut = next((n for n, c in enumerate(cut) if c), len(cut))
        assert not any(counted[first_cut + 1 :]), "nothing after the first cut may count"


@given(CLAIMS, CAPS, st.sets(st.integers(0, 9)))
def test_leaving_activities_out_never_cuts_the_others_more(claims, caps, out):
    full = rules.admit(claims, caps)
    partly = rules.admit([c for c in claims if c[0] not in out], caps)
    assert all(points >= full[key] for key, points in partly.items())


def test_a_cap_between_two_quarters_admits_whole_quarters():
    assert rules.admit([(1, "A", Decimal(8))], {"A": Decimal("2.10")}) == {1: Decimal("2.00")}


def test_a_negative_cap_admits_nothing_and_takes_nothing():
    assert rules.admit([(1, "A", Decimal(8))], {"A": Decimal(-5)}) == {1: Decimal(0)}


# --- moves ----------------------------------------------------------------------------------------------------------

PERMITTED = {
    ("submitted", "returned"),
    ("submitted", "approved"),
    ("submitted", "rejected"),
    ("submitted", "withdrawn"),
    ("returned", "submitted"),
    ("returned", "withdrawn"),
    ("returned", "lapsed"),
}


@pytest.mark.parametrize(("status", "to"), list(itertools.product(Status.values, repeat=2)))
def test_only_the_moves_of_the_handbook_are_permitted(status, to):
    if (status, to) in PERMITTED:
        rules.check_move("SUB-00042", status, to)
    else:
        sentence = refusal(rules.check_move, "SUB-00042", status, to)
        assert "SUB-00042" in sentence
        assert str(Status(status).label) in sentence


def test_every_status_stands_in_the_table_and_only_open_ones_lead_on():
    assert set(NEXT) == set(Status)
    assert {status for status in Status if NEXT[status]} == set(OPEN)


def test_a_closed_request_is_no_longer_open():
    for status in Status:
        if status in OPEN:
            rules.check_open("SUB-00042", status)
        else:
            assert str(status.label) in refusal(rules.check_open, "SUB-00042", status)


@pytest.mark.parametrize(
    ("verdict", "points", "reason"),
    [
        (Verdict.PENDING, 0, ""),
        (Verdict.ACCEPTED, 8, ""),
        (Verdict.FEWER, Decimal("0.25"), Reason.FEWER_HOURS),
        (Verdict.FEWER, Decimal("7.75"), Reason.FEWER_HOURS),
        (Verdict.REFUSED, 0, Reason.OTHER),
    ],
)
def test_a_verdict_that_fits(verdict, points, reason):
    rules.check_verdict(verdict, Decimal(8), Decimal(points), reason)


@pytest.mark.parametrize(
    ("verdict", "points", "reason", "said"),
    [
        (Verdict.FEWER, 8, Reason.OTHER, "fewer than the 8 claimed"),
        (Verdict.FEWER, 9, Reason.OTHER, "fewer than the 8 claimed"),
        (Verdict.FEWER, 0, Reason.OTHER, "more than 0"),
        (Verdict.FEWER, -1, Reason.OTHER, "more than 0"),
        (Verdict.FEWER, Decimal("2.1"), Reason.OTHER, "quarter steps"),
        (Verdict.FEWER, 2, "", "choose a reason"),
        (Verdict.REFUSED, 0, "", "choose a reason"),
    ],
)
def test_a_verdict_that_does_not_fit(verdict, points, reason, said):
    assert said in refusal(rules.check_verdict, verdict, Decimal(8), Decimal(points), reason)
