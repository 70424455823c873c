"""A person's log is private until a request counts an activity (handbook, rule 6)."""

from activities.models import Activity, Evidence
from onepoints.tests.factories import make_activity, make_credential, make_holder, make_points, make_reviewer, send


def test_the_team_sees_evidence_only_of_what_was_sent_to_it(program):
    holder, reviewer = make_holder(), make_reviewer()
    private = make_activity(holder)
    sent = make_points(holder, 40)
    send(make_credential(holder), [sent])

    seen = Evidence.objects.visible_to(reviewer)

    assert set(seen.values_list("activity", flat=True)) == {sent.pk}
    assert list(Activity.objects.shared()) == [sent]
    assert private not in Activity.objects.shared()


def test_what_was_sent_stays_visible_to_the_team_after_it_is_free_again(program):
    activity = make_points(make_holder(), 40)
    Activity.objects.filter(pk=activity.pk).lock(at=activity.logged_at, by="SUB-00001")
    Activity.objects.filter(pk=activity.pk).unlock()

    assert Activity.objects.shared().get() == activity


def test_another_holder_sees_nothing_of_it(program):
    send(make_credential(holder := make_holder()), [make_points(holder, 40)])

    assert not Evidence.objects.visible_to(make_holder()).exists()
