"""Every change of state and every look at another person's evidence leaves one entry: who, what, when, from where."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse

from accounts.models import AuditEntry, User
from activities import workflow as activity_workflow
from activities.models import Activity, ActivityType
from certifications import roster
from certifications.models import Certification
from onepoints.tests.factories import (
    NOW,
    PASSWORD,
    TODAY,
    accept_all,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    picture_upload,
    send,
)
from submissions import workflow
from submissions.models import Notice, Policy, Submission
from submissions.rules import NotAllowed, Reason, Verdict

pytestmark = pytest.mark.usefixtures("program", "today")
BROWSER = {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "Firefox"}


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def holder():
    return make_holder("Ada Holder")


@pytest.fixture
def reviewer():
    return make_reviewer("Rita Reviewer", "Programme managers")


@pytest.fixture
def sent(holder):
    make_points(holder, 30)
    make_points(holder, 15)
    return send(make_credential(holder))


@pytest.fixture
def taken(sent, reviewer):
    return workflow.take(sent, by=reviewer, at=NOW)


class Written:
    """What has been written since."""

    def __enter__(self):
        self.before = AuditEntry.objects.count()
        return self

    def __exit__(self, *problem):
        self.entries = list(AuditEntry.objects.order_by("pk"))[self.before :]

    def only(self, action, subject, by):
        """The one entry, which says this."""
        (entry,) = self.entries
        who = f"{by.name} <{by.email}>" if by else ""
        assert (entry.action, entry.subject, entry.by, entry.by_text, entry.at) == (action, subject, by, who, NOW)
        return entry

    def from_browser(self):
        assert {(e.address, e.agent) for e in self.entries} == {("203.0.113.9", "Firefox")}
        assert len({e.request_id for e in self.entries}) == 1


@pytest.fixture
def signed_in(client):
    def as_(person):
        client.force_login(person)
        client.defaults.update(BROWSER)
        return client

    return as_


# --- requests ---------------------------------------------------------------------------------------------------------


def test_sending_a_request_is_one_entry(holder):
    make_points(holder, 40)
    credential = make_credential(holder)
    with Written() as written:
        sent = send(credential)
    entry = written.only("submitted", sent.reference, holder)
    assert entry.details == {"status": "submitted", "points": "40.00", "reviewer": None}


@pytest.mark.parametrize(
    ("action", "move"),
    [
        ("put-back", lambda s, by: workflow.put_back(s, by=by, at=NOW)),
        ("returned", lambda s, by: workflow.return_for_more(s, "More, please.", by=by, at=NOW, on=TODAY)),
        ("rejected", lambda s, by: workflow.reject(s, "Too old.", by=by, at=NOW)),
    ],
)
def test_each_move_of_the_team_is_one_entry(taken, reviewer, action, move):
    with Written() as written:
        moved = move(taken, reviewer)
    entry = written.only(action, taken.reference, reviewer)
    assert entry.details["status"] == moved.status
    assert "Too old" not in str(entry.details)


def test_taking_a_request_is_one_entry_and_taking_it_twice_no_second_one(sent, reviewer):
    with Written() as written:
        workflow.take(workflow.take(sent, by=reviewer, at=NOW), by=reviewer, at=NOW)
    assert written.only("taken", sent.reference, reviewer).details["reviewer"] == f"person {reviewer.pk}"


def test_withdrawing_is_one_entry(sent, holder):
    with Written() as written:
        workflow.withdraw(sent, by=holder, at=NOW)
    written.only("withdrawn", sent.reference, holder)


def test_answering_and_adding_evidence_are_one_entry_each(taken, holder, reviewer):
    workflow.return_for_more(taken, "More, please.", by=reviewer, at=NOW, on=TODAY)
    activity = Activity.objects.first()
    kept = make_evidence(holder)
    with Written() as written:
        workflow.add_evidence(taken, activity, [kept.pk])
    entry = written.only("evidence-added", f"activity {activity.pk}", holder)
    assert entry.details == {"files": 1, "request": taken.reference}
    with Written() as written:
        workflow.answer(taken, [a.pk for a in Activity.objects.all()], at=NOW, on=TODAY)
    written.only("answered", taken.reference, holder)


def test_a_lapsed_request_was_ended_by_nobody(taken, reviewer):
    workflow.return_for_more(taken, "More, please.", by=reviewer, at=NOW, on=TODAY)
    with Written() as written:
        workflow.lapse_unanswered(at=NOW, on=TODAY + timedelta(days=31))
    assert written.only("lapsed", taken.reference, None).address == ""


def test_an_approval_is_one_entry_for_the_request_and_one_for_the_certification(taken, reviewer):
    workflow.accept_rest(taken, by=reviewer)
    with Written() as written:
        workflow.approve(taken, from_day=taken.expires_on, by=reviewer, at=NOW)
    extended, approved = written.entries
    assert (extended.action, extended.subject) == ("extended", f"credential {taken.credential_id}")
    assert extended.details == {"expires_on": ["2027-05-12", "2029-05-12"], "request": taken.reference}
    assert (approved.action, approved.subject, approved.by) == ("approved", taken.reference, reviewer)


def test_each_verdict_is_one_entry_with_the_one_before(taken, reviewer):
    counted = taken.counted.held().get(points=30)
    for verdict, more in ((Verdict.FEWER, {"points": Decimal(20), "reason": Reason.OTHER}), (Verdict.ACCEPTED, {})):
        with Written() as written:
            workflow.judge(counted, verdict, by=reviewer, words="Not all of it.", **more)
    entry = written.only("judged", taken.reference, reviewer)
    assert entry.details == {
        "activity": counted.activity_id,
        "verdict": ["fewer", "accepted"],
        "points": ["20.00", "30.00"],
        "reason": "",
    }


def test_accepting_the_rest_is_one_entry_and_none_when_nothing_was_left(taken, reviewer):
    with Written() as written:
        assert workflow.accept_rest(taken, by=reviewer) == 2
        assert workflow.accept_rest(taken, by=reviewer) == 0
    assert written.only("accepted-rest", taken.reference, reviewer).details == {"activities": 2}


def test_what_is_refused_or_sent_twice_leaves_no_second_entry(holder, sent, reviewer):
    with Written() as written:
        for refused in (
            lambda: workflow.put_back(sent, by=reviewer, at=NOW),
            lambda: workflow.approve(sent, from_day=sent.expires_on, by=reviewer, at=NOW),
            lambda: send(sent.credential),
        ):
            with pytest.raises(NotAllowed):
                refused()
        send(sent.credential, [], key=sent.request_key)
    assert written.entries == []


def test_a_move_through_the_browser_says_from_where(sent, reviewer, signed_in):
    client = signed_in(reviewer)
    with Written() as written:
        client.post(reverse("admin:submissions_submission_take", args=[sent.pk]))
    written.only("taken", sent.reference, reviewer)
    written.from_browser()


def test_two_things_one_click_did_share_its_number(taken, reviewer, signed_in):
    workflow.accept_rest(taken, by=reviewer)
    client = signed_in(reviewer)
    with Written() as written:
        client.post(reverse("admin:submissions_submission_approve", args=[taken.pk]), {"from_day": taken.expires_on})
    assert [e.action for e in written.entries] == ["extended", "approved"]
    written.from_browser()


# --- one transaction --------------------------------------------------------------------------------------------------


@pytest.fixture
def broken_trail(monkeypatch):
    def broken(self, *args, **kwargs):
        raise RuntimeError("The trail cannot be written.")

    monkeypatch.setattr(AuditEntry, "save", broken)


def test_a_failing_entry_fails_the_move(sent, reviewer, broken_trail):
    with pytest.raises(RuntimeError):
        workflow.take(sent, by=reviewer, at=NOW)
    sent.refresh_from_db()
    assert sent.taken_by is None
    assert sent.steps.count() == 1


def test_a_failing_entry_fails_what_is_logged(holder, broken_trail):
    with pytest.raises(RuntimeError):
        make_activity(holder)
    assert not Activity.objects.exists()


def test_a_failing_entry_fails_a_save_and_an_action_of_the_team(reviewer, signed_in, broken_trail):
    client, line = signed_in(reviewer), ActivityType.objects.filter(is_confirmed=False).first()
    with pytest.raises(RuntimeError):
        client.post(reverse("admin:submissions_policy_add"), policy_form())
    assert not Policy.objects.filter(effective_from=date(2027, 1, 1)).exists()
    with pytest.raises(RuntimeError):
        client.post(
            reverse("admin:activities_activitytype_changelist"),
            {"action": "confirm_values", "_selected_action": [line.pk]},
        )
    line.refresh_from_db()
    assert not line.is_confirmed


def test_without_an_entry_nobody_gets_to_see_evidence(stored_evidence, reviewer, signed_in, broken_trail):
    evidence = stored_evidence
    with pytest.raises(RuntimeError):
        signed_in(reviewer).get(reverse("evidence_file", args=[evidence.pk]))


def test_a_move_rolled_back_from_outside_leaves_no_entry(sent, reviewer):
    with Written() as written, transaction.atomic():
        workflow.take(sent, by=reviewer, at=NOW)
        transaction.set_rollback(True)
    assert written.entries == []


# --- activities and evidence ------------------------------------------------------------------------------------------


def entry_of(**said):
    return activity_workflow.Entry(**{"code": "ILT-1D", "title": "Rules", "completed_on": date(2026, 3, 2), **said})


@pytest.fixture
def stored_evidence(holder):
    """A file on disk, of an activity that the team has been shown."""
    evidence = activity_workflow.keep_aside(holder, picture_upload(), at=NOW)
    activity = activity_workflow.log(holder, entry_of(), [evidence.pk], at=NOW, today=TODAY)
    Activity.objects.filter(pk=activity.pk).update(shared_at=NOW)
    return evidence


def looked_at(client, address, evidence):
    response = client.get(reverse(address, args=[evidence.pk]))
    b"".join(response)  # read to its end, as a browser does
    return response.status_code


def test_logging_is_one_entry_and_says_nothing_of_a_private_log(holder):
    kept, key = make_evidence(holder), uuid4()
    with Written() as written:
        for _ in range(2):
            activity = activity_workflow.log(holder, entry_of(), [kept.pk], key=key, at=NOW, today=TODAY)
    assert written.only("logged", f"activity {activity.pk}", holder).details == {"files": 1}


def test_a_correction_of_a_private_activity_says_only_what_kind_of_thing_changed(holder):
    activity = make_activity(holder)
    gone = activity.evidence_files.get()
    with Written() as written:
        activity_workflow.change(activity, entry_of(), without=[gone.pk], at=NOW, today=TODAY)
    entry = written.only("corrected", f"activity {activity.pk}", holder)
    assert entry.details == {"changed": ["title"], "files_removed": 1, "files_added": 0}


def test_a_correction_of_what_the_team_has_seen_says_old_and_new(holder):
    activity = make_activity(holder, title="Old")
    Activity.objects.update(shared_at=NOW)
    with Written() as written:
        activity_workflow.change(activity, entry_of(title="New"), at=NOW, today=TODAY)
    details = written.only("corrected", f"activity {activity.pk}", holder).details
    assert details == {"title": ["Old", "New"], "files_removed": 0, "files_added": 0}


def test_removing_an_activity_with_its_files_is_one_entry(holder):
    activity = make_activity(holder)
    with Written() as written:
        activity_workflow.remove(activity)
    assert written.only("removed", f"activity {activity.pk}", holder).details == {"files": 1}


def test_adding_and_removing_a_file_are_one_entry_each(holder):
    with Written() as written:
        evidence = activity_workflow.keep_aside(holder, picture_upload(), at=NOW)
    entry = written.only("evidence-added", f"evidence {evidence.pk}", holder)
    assert entry.details == {"sha256": evidence.sha256, "activity": None}
    with Written() as written:
        activity_workflow.remove_evidence(evidence)
    written.only("evidence-removed", f"evidence {evidence.pk}", holder)


def test_a_file_that_nobody_used_is_swept_away_by_nobody(holder):
    evidence = activity_workflow.keep_aside(holder, picture_upload(), at=NOW - timedelta(days=3))
    with Written() as written:
        activity_workflow.sweep(NOW)
    written.only("evidence-removed", f"evidence {evidence.pk}", None)


@pytest.mark.parametrize(
    ("address", "action"), [("evidence_picture", "picture-viewed"), ("evidence_file", "original-viewed")]
)
def test_each_look_of_the_team_at_evidence_is_one_entry(holder, stored_evidence, reviewer, signed_in, address, action):
    evidence = stored_evidence
    client = signed_in(reviewer)
    with Written() as written:
        assert looked_at(client, address, evidence) == 200
    entry = written.only(action, f"evidence {evidence.pk}", reviewer)
    evidence.refresh_from_db()
    assert entry.details == {"activity": evidence.activity_id, "holder": f"person {holder.pk}"}
    written.from_browser()


def test_ones_own_what_is_private_and_what_is_gone_leave_no_entry(holder, stored_evidence, reviewer, signed_in):
    evidence = stored_evidence
    private = make_evidence(holder)
    with Written() as written:
        assert looked_at(signed_in(holder), "evidence_file", evidence) == 200
        assert looked_at(signed_in(reviewer), "evidence_file", private) == 404
        default_storage.delete(evidence.file.name)
        assert looked_at(signed_in(reviewer), "evidence_file", evidence) == 404
    assert written.entries == []


# --- the registry -----------------------------------------------------------------------------------------------------


def rows_of(text):
    rows, problems = roster.read(StringIO("candidate_id,certification,email,expires_on\n" + text))
    assert problems == []
    return rows


def test_an_import_is_one_entry_and_one_more_for_each_moved_date(holder):
    moved = make_credential(holder, candidate_id="OS00000001")
    with Written() as written:
        roster.apply(rows_of("OS00000001,OCA-ADM,,2028-01-31\nOS00000002,OCA-ADM,,2028-02-29\n"), at=NOW)
    imported, entry = written.entries
    assert (imported.action, imported.subject, imported.by) == ("imported", "registry", None)
    assert imported.details == {"new": 1, "moved": 1, "confirmed": 0, "kept": 0, "renamed": 0}
    assert (entry.action, entry.subject) == ("moved", f"credential {moved.pk}")
    assert entry.details == {"expires_on": ["2027-05-12", "2028-01-31"]}


def test_a_thousand_moved_dates_take_few_queries(holder, django_assert_max_num_queries):
    head = "".join(f"OS{n:08d},OCA-ADM,,2028-01-31\n" for n in range(1000))
    roster.apply(rows_of(head), at=NOW)
    with django_assert_max_num_queries(60), Written() as written:
        roster.apply(rows_of(head.replace("2028", "2029")), at=NOW)
    assert len(written.entries) == 1001


def test_a_certification_given_to_its_holder_is_one_entry(holder):
    credential = make_credential(None, registry_email="ada@example.org")
    with Written() as written:
        roster.claim(holder, "ada@example.org", by=holder)
        roster.claim(holder, "ada@example.org", by=holder)
    entry = written.only("claimed", f"credential {credential.pk}", holder)
    assert entry.details == {"holder": [None, f"person {holder.pk}"]}


# --- the team's pages -------------------------------------------------------------------------------------------------


@pytest.fixture
def root():
    return make_holder("Root", is_staff=True, is_superuser=True)


def policy_form(**said):
    return {
        "effective_from": "2027-01-01",
        "points_needed": "38",
        "window_months": "24",
        "extension_months": "24",
        "advised_days": "30",
        "answer_days": "30",
        "earliest_completion": "2022-01-01",
        "note": "",
        **said,
    }


def form_of(page, **said):
    """What a browser would send back of the form on this page, with these changes."""
    form = page.context["adminform"].form
    found = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in found.items() if value is not None and value is not False}
    return {
        **kept,
        **{
            f"{f.formset.prefix}-{k}": "0"
            for f in page.context["inline_admin_formsets"]
            for k in ("TOTAL_FORMS", "INITIAL_FORMS")
        },
        **said,
    }


def test_adding_changing_and_deleting_a_policy_are_one_entry_each(reviewer, signed_in):
    client = signed_in(reviewer)
    with Written() as written:
        client.post(reverse("admin:submissions_policy_add"), policy_form())
    assert written.only("added", "policy 2027-01-01", reviewer).details["points_needed"] == "38"
    written.from_browser()
    pk = Policy.objects.get(effective_from=date(2027, 1, 1)).pk
    with Written() as written:
        client.post(reverse("admin:submissions_policy_change", args=[pk]), policy_form(points_needed="39"))
    assert written.only("changed", "policy 2027-01-01", reviewer).details == {"points_needed": ["38.00", "39"]}
    with Written() as written:
        client.post(reverse("admin:submissions_policy_change", args=[pk]), policy_form(points_needed="39"))
    assert written.entries == []
    with Written() as written:
        client.post(reverse("admin:submissions_policy_delete", args=[pk]), {"post": "yes"})
    written.only("deleted", "policy 2027-01-01", reviewer)


def test_a_new_version_of_a_catalogue_line_is_one_entry(reviewer, signed_in):
    client, line = signed_in(reviewer), ActivityType.objects.get(code="ILT-1D")
    add = reverse("admin:activities_activitytype_add")
    form = form_of(client.get(add, {"version_of": line.pk}), valid_from="2027-01-01", points="9")
    with Written() as written:
        client.post(add, form)
    assert written.only("added", "catalogue ILT-1D 2027-01-01", reviewer).details["points"] == "9"


def test_each_confirmed_catalogue_line_is_one_entry(reviewer, signed_in):
    client = signed_in(reviewer)
    ActivityType.objects.update(is_confirmed=False)
    lines = list(ActivityType.objects.order_by("pk")[:2])
    with Written() as written:
        client.post(
            reverse("admin:activities_activitytype_changelist"),
            {"action": "confirm_values", "_selected_action": [line.pk for line in lines]},
        )
    assert sorted(e.subject for e in written.entries) == sorted(
        f"catalogue {line.code} {line.valid_from}" for line in lines
    )
    assert {str(e.details) for e in written.entries} == {"{'is_confirmed': [False, True]}"}


def test_a_changed_certification_and_a_changed_credential_are_one_entry_each(reviewer, signed_in, holder):
    client, certification = signed_in(reviewer), Certification.objects.get(code="OCA-ADM")
    page = reverse("admin:certifications_certification_change", args=[certification.pk])
    other = Certification.objects.exclude(pk=certification.pk).first()
    with Written() as written:
        client.post(page, form_of(client.get(page), replaced_by=other.pk))
    details = written.only("changed", "certification OCA-ADM", reviewer).details
    assert details == {"replaced_by": [None, str(other)]}
    credential = make_credential(None)
    page = reverse("admin:certifications_credential_change", args=[credential.pk])
    with Written() as written:
        client.post(page, form_of(client.get(page), holder=holder.pk, expires_on="2027-06-01"))
    details = written.only("changed", f"credential {credential.pk}", reviewer).details
    assert details == {"expires_on": ["2027-05-12", "2027-06-01"], "holder": [None, f"person {holder.pk}"]}


def test_a_persons_rights_are_one_entry_with_the_groups_before_and_after(root, signed_in, holder):
    client, page = signed_in(root), reverse("admin:accounts_user_change", args=[holder.pk])
    group = Group.objects.get(name="Reviewers")
    with Written() as written:
        client.post(page, form_of(client.get(page), is_staff="on", groups=[group.pk]))
    details = written.only("changed", f"person {holder.pk}", root).details
    assert details == {"is_staff": [False, True], "groups": [[], ["Reviewers"]]}


def test_a_person_added_by_the_team_is_one_entry_without_their_password(root, signed_in):
    new = {"email": "new@example.org", "name": "New", "password1": PASSWORD, "password2": PASSWORD}
    client = signed_in(root)
    with Written() as written:
        client.post(reverse("admin:accounts_user_add"), new)
    entry = written.only("added", f"person {User.objects.get(email='new@example.org').pk}", root)
    assert entry.details == {"email": "new@example.org", "name": "New"}


def test_a_password_set_by_the_team_is_one_entry_without_it(root, signed_in, holder):
    client, new = signed_in(root), "another horse battery"
    page = reverse("admin:auth_user_password_change", args=[holder.pk])
    with Written() as written:
        client.post(page, {"password1": new, "password2": new, "usable_password": "true", "set-password": "yes"})
    holder.refresh_from_db()
    assert holder.check_password(new)
    entry = written.only("changed", f"person {holder.pk}", root)
    assert entry.details == {"password": "changed"}


def test_trying_a_delivery_again_is_one_entry(sent, reviewer, signed_in):
    Notice.objects.update(gave_up_at=NOW, last_error="No such mailbox")
    notice = Notice.objects.get()
    client = signed_in(reviewer)
    with Written() as written:
        client.post(
            reverse("admin:submissions_notice_changelist") + "?state=all",
            {"action": "try_again", "_selected_action": [notice.pk]},
        )
    written.only("changed", f"notice {notice.pk}", reviewer)


def test_ones_own_preferences_are_one_entry(holder, signed_in):
    client, page = signed_in(holder), reverse("preferences")
    form = {"name": "Ada King", "time_zone": holder.time_zone, "reminders": "few"}
    with Written() as written:
        client.post(page, form)
        client.post(page, form)
    details = written.entries[0].details
    assert [e.action for e in written.entries] == ["changed"]
    assert details == {"name": ["Ada Holder", "Ada King"], "reminders": ["all", "few"]}


def test_looking_changes_nothing_and_is_not_written_down(taken, reviewer, holder, signed_in):
    with Written() as written:
        for person, address in (
            (holder, reverse("home")),
            (holder, reverse("preferences")),
            (reviewer, reverse("admin:submissions_submission_review", args=[taken.pk])),
            (reviewer, reverse("admin:submissions_policy_changelist")),
        ):
            assert signed_in(person).get(address).status_code == 200
    assert written.entries == []


def test_a_whole_journey_can_be_read_back_by_its_request(sent, reviewer):
    accept_all(sent, reviewer)
    workflow.approve(sent, from_day=sent.expires_on, by=reviewer, at=NOW)
    about = AuditEntry.objects.about(sent.reference).order_by("pk")
    assert [e.action for e in about] == ["submitted", "taken", "judged", "judged", "approved"]
    assert Submission.objects.get().steps.count() == 3
