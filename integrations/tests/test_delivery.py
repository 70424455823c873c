"""What leaves the portal: claimed by one worker, tried again with growing pauses, given up aloud, never lost."""

from datetime import timedelta

import pytest

from accounts.models import AccountMail
from integrations.delivery import BATCH, CLAIM, GIVE_UP_AFTER, PAUSES, deliver, due_batches
from integrations.errors import Refused, Unavailable
from onepoints.tests.factories import NOW
from onepoints.tests.races import together

pytestmark = pytest.mark.django_db


def make_row(number: int = 1, **fields) -> AccountMail:
    fields = {"next_attempt_at": NOW, "created_at": NOW, "to": f"p{number}@example.com", "subject": "Hi", **fields}
    return AccountMail.objects.create(reference=f"mail-{number}", **fields)


def carry(send, *rows: AccountMail, at=NOW) -> int:
    return deliver(rows or AccountMail.objects.order_by("pk"), send, lambda: at)


def accept(row) -> str:
    return "number on the other side"


def refuse(row) -> str:
    raise Refused("550 No such mailbox")


def be_away(row) -> str:
    raise Unavailable("451 Try later")


def now(row: AccountMail) -> AccountMail:
    return AccountMail.objects.get(pk=row.pk)


def test_a_delivered_row_says_when_and_the_others_number():
    row = make_row()
    assert carry(accept) == 1
    assert (now(row).delivered_at, now(row).external_id, now(row).attempts) == (NOW, "number on the other side", 1)


def test_a_delivered_row_is_never_carried_again():
    row = make_row()
    carry(accept)
    assert carry(be_away, at=NOW + timedelta(days=30)) == 0
    assert now(row).attempts == 1


def test_a_refused_row_is_given_up_and_says_why():
    row = make_row()
    assert carry(refuse) == 0
    assert (now(row).gave_up_at, now(row).last_error) == (NOW, "550 No such mailbox")
    assert list(due_batches(AccountMail.objects.all(), NOW + timedelta(days=365))) == []


def test_an_unavailable_other_side_is_tried_again_with_growing_pauses():
    row, at, pauses = make_row(), NOW, []
    for _ in range(len(PAUSES) + 2):
        carry(be_away, at=at)
        pauses.append(now(row).next_attempt_at - at)
        at = now(row).next_attempt_at
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert now(row).last_error == "451 Try later"


def test_a_row_is_not_touched_before_its_next_attempt():
    row = make_row()
    carry(be_away)
    carry(accept, at=now(row).next_attempt_at - timedelta(seconds=1))
    assert now(row).attempts == 1


def test_trying_outlasts_a_long_weekend_and_then_somebody_is_told():
    row, at = make_row(), NOW
    while now(row).gave_up_at is None:
        at = now(row).next_attempt_at
        carry(be_away, at=at)
    assert now(row).attempts == GIVE_UP_AFTER
    assert at - NOW > timedelta(days=4)


def test_the_teams_button_makes_a_given_up_row_due_again():
    row = make_row()
    carry(refuse)
    now(row).try_again(NOW)
    assert carry(accept) == 1
    assert (now(row).gave_up_at, now(row).last_error) == (None, "")


def test_a_poisoned_row_does_not_stop_the_next(caplog):
    first, second = make_row(1), make_row(2)

    def send(row):
        if row.pk == first.pk:
            raise ZeroDivisionError
        return ""

    assert carry(send) == 1
    assert now(second).delivered_at
    assert (now(first).last_error, now(first).next_attempt_at) == ("ZeroDivisionError", NOW + PAUSES[0])
    assert "mail-1 failed unexpectedly" in caplog.text


def test_a_dead_workers_claim_runs_out():
    row = make_row()
    assert row.claim(NOW)
    assert carry(accept, at=NOW + CLAIM - timedelta(seconds=1)) == 0
    assert carry(accept, at=NOW + CLAIM) == 1


def test_a_worker_that_read_the_row_before_another_claimed_it_does_not_get_it():
    row = make_row()
    stale = now(row)
    assert row.claim(NOW)
    assert not stale.claim(NOW + CLAIM), "the claim has run out, but it is the other one's to notice"


def test_due_rows_come_oldest_first_in_small_batches():
    rows = [make_row(n, next_attempt_at=NOW - timedelta(minutes=n)) for n in range(BATCH + 5)]
    make_row(100, next_attempt_at=NOW + timedelta(seconds=1))
    make_row(101, gave_up_at=NOW)
    batches = list(due_batches(AccountMail.objects.all(), NOW))
    assert [len(batch) for batch in batches] == [BATCH, 5]
    assert [pk for batch in batches for pk in batch] == [row.pk for row in reversed(rows)]


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_eight_workers_on_the_same_rows_carry_each_once():
    for n in range(10):
        make_row(n)
    sent = []
    together(8, lambda _n: carry(lambda row: sent.append(row.pk) or ""))
    assert sorted(sent) == sorted(AccountMail.objects.values_list("pk", flat=True))
    assert set(AccountMail.objects.values_list("attempts", flat=True)) == {1}
