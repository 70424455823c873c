"""One file for two activities: its person is told of their own, the team of everybody's that was sent to it."""

import pytest
import time_machine
from django.urls import reverse

from activities import duplicates
from activities.models import Activity, Evidence
from onepoints.tests.factories import (
    NOW,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)

pytestmark = pytest.mark.usefixtures("program")

SHA, OTHER_SHA = "a" * 64, "b" * 64
HASH = "00000000ffff0000"
FOUR_BITS, FIVE_BITS = "00000000ffff000f", "00000000ffff001f"


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def holder(client, program):
    holder = make_holder("Ada Able")
    client.force_login(holder)
    return holder


def proved(holder, *, sent=True, title="A course", **fields):
    """An activity with one file of its own, sent to the team."""
    activity = make_activity(holder, title=title, evidence=False)
    make_evidence(holder, activity, **fields)
    if sent:
        Activity.objects.filter(pk=activity.pk).lock(at=NOW, by="SUB-00001")
    return activity


def own(activity):
    found = duplicates.own(activity.holder, [activity.pk]).get(activity.pk, [])
    return [(double.activity, double.is_same_file) for double in found]


def for_team(activity):
    found = duplicates.for_team(Evidence.objects.filter(activity=activity)).get(activity.pk, [])
    return [(double.activity, double.is_same_file) for double in found]


# --- what is the same -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [own, for_team])
def test_the_same_file_proves_two_activities(holder, look):
    one, other = proved(holder, sha256=SHA), proved(holder, sha256=SHA)
    proved(holder, sha256=OTHER_SHA)
    assert look(one) == [(other, True)]
    assert look(other) == [(one, True)]


@pytest.mark.parametrize("look", [own, for_team])
@pytest.mark.parametrize(("picture_hash", "found"), [(HASH, True), (FOUR_BITS, True), (FIVE_BITS, False), ("", False)])
def test_ones_own_pictures_are_the_same_when_nearly_so(holder, look, picture_hash, found):
    one, other = proved(holder, picture_hash=HASH), proved(holder, picture_hash=picture_hash)
    assert look(one) == ([(other, False)] if found else [])


@pytest.mark.parametrize(("picture_hash", "found"), [(HASH, True), (FOUR_BITS, False), ("", False)])
def test_other_peoples_pictures_are_the_same_when_they_are_equal(holder, picture_hash, found):
    one, other = proved(holder, picture_hash=HASH), proved(make_holder(), picture_hash=picture_hash)
    assert for_team(one) == ([(other, False)] if found else [])


@pytest.mark.parametrize("look", [own, for_team])
def test_files_without_a_picture_to_compare_are_not_alike(holder, look):
    one = proved(holder, picture_hash="")
    proved(holder, picture_hash="")
    assert look(one) == []


@pytest.mark.parametrize("look", [own, for_team])
def test_two_files_of_one_activity_are_nobodys_double(holder, look):
    one = proved(holder, sha256=SHA)
    make_evidence(holder, one, sha256=SHA)
    assert look(one) == []


@pytest.mark.parametrize("look", [own, for_team])
def test_an_activity_is_named_once_and_by_the_same_file_first(holder, look):
    one, other = proved(holder, sha256=SHA, picture_hash=HASH), proved(holder, sha256=OTHER_SHA, picture_hash=HASH)
    make_evidence(holder, one, sha256="c" * 64, picture_hash=HASH)
    make_evidence(holder, other, sha256=SHA)
    assert look(one) == [(other, True)]


@pytest.mark.parametrize("look", [own, for_team])
@pytest.mark.parametrize("state", [{"held_since": NOW}, {"harmful": "Eicar"}])
def test_what_is_not_shown_is_not_compared(holder, look, state):
    one, other = proved(holder, sha256=SHA), proved(holder, sha256=SHA, **state)
    assert look(one) == []
    assert look(other) == []


@pytest.mark.parametrize("look", [own, for_team])
def test_a_file_kept_aside_proves_nothing_yet(holder, look):
    one = proved(holder, sha256=SHA)
    make_evidence(holder, sha256=SHA)
    assert look(one) == []


# --- whose business it is ---------------------------------------------------------------------------------------------


def test_a_person_is_not_told_of_other_peoples_files(holder):
    one = proved(holder, sha256=SHA, picture_hash=HASH)
    proved(make_holder(), sha256=SHA, picture_hash=HASH)
    assert own(one) == []


def test_a_person_asks_about_their_own_activities_only(holder):
    foreign = proved(make_holder(), sha256=SHA)
    proved(holder, sha256=SHA)
    assert duplicates.own(holder, [foreign.pk]) == {}


@pytest.mark.parametrize("mine", [True, False])
def test_the_team_is_not_told_of_what_was_never_sent_to_it(holder, mine):
    one = proved(holder, sha256=SHA, picture_hash=HASH)
    proved(holder if mine else make_holder(), sha256=SHA, picture_hash=HASH, sent=False)
    assert for_team(one) == []


# --- pages ------------------------------------------------------------------------------------------------------------


def page_of(client, address):
    return client.get(address).content.decode()


def test_the_activitys_page_names_ones_other_activity_and_nobody_elses(client, holder):
    one = proved(holder, sent=False, sha256=SHA)
    other = proved(holder, sent=False, sha256=SHA, title="The same webinar")
    alike = proved(holder, sent=False, picture_hash=HASH, title="A photo")
    proved(holder, sent=False, picture_hash=FOUR_BITS, title="The photo again")
    proved(make_holder("Bert Borrower"), sha256=SHA, picture_hash=HASH, title="Borrowed")
    page = page_of(client, f"/activities/{one.pk}/")
    assert "The same file proves another activity too:" in page
    assert f'<a href="/activities/{other.pk}/">“The same webinar”</a>' in page
    page_alike = page_of(client, f"/activities/{alike.pk}/")
    assert "Its file looks like that of another activity:" in page_alike
    assert "The photo again" in page_alike
    for shown in (page, page_alike):
        assert "Borrow" not in shown


def test_the_ask_page_says_it_beside_each_of_both(client, holder):
    credential = make_credential(holder)
    one, other, _third = (make_points(holder, 20) for _ in range(3))
    Evidence.objects.filter(activity__in=[one, other]).update(sha256=SHA)
    page = page_of(client, reverse("ask", args=[credential.pk]))
    assert page.count("The same file proves another activity too:") == 2
    for activity in (one, other):
        assert f'<a href="/activities/{activity.pk}/">“{activity.title}”</a>' in page


def test_the_review_page_shows_both_with_the_way_there(client, holder):
    theirs = make_points(make_holder("Bert Borrower"), 40)
    Evidence.objects.filter(activity=theirs).update(picture_hash=HASH, shown_name="borrowed.pdf")
    before = send(make_credential(theirs.holder), [theirs])
    mine = make_points(holder, 40)
    Evidence.objects.filter(activity=mine).update(picture_hash=HASH)
    submission = send(make_credential(holder), [mine])
    client.force_login(make_reviewer())
    page = page_of(client, reverse("admin:submissions_submission_review", args=[submission.pk]))
    assert page.count("Looks the same") == 1
    assert "Bert Borrower" in page
    picture = reverse("evidence_picture", args=[Evidence.objects.get(activity=theirs).pk])
    assert f'href="{picture}"' in page
    review = reverse("admin:submissions_submission_review", args=[before.pk])
    assert f'<a href="{review}">{before.reference}</a>' in page


@pytest.mark.parametrize("look", [own, for_team])
def test_a_page_asks_once_whatever_there_is(holder, look, django_assert_num_queries):
    one = proved(holder, sha256=SHA)
    for number in (1, 30):
        for _ in range(number):
            proved(holder, sha256=SHA, picture_hash=HASH)
        with django_assert_num_queries(1 if look is own else 2):  # the test itself reads the files for the team
            assert len(look(one)) >= number
