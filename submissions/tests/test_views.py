"""The ledger, asking, the case page, answering and withdrawing, in the browser's terms."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities import workflow as activity_workflow
from activities.models import Activity, Evidence, EvidencePage
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    accept_all,
    approve,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    pdf_upload,
    picture_upload,
    send,
)
from submissions import workflow
from submissions.models import Submission
from submissions.rules import Reason, Status, Verdict

pytestmark = pytest.mark.usefixtures("program", "today")


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def holder(client):
    holder = make_holder()
    client.force_login(holder)
    return holder


@pytest.fixture
def reviewer():
    return make_reviewer("Secret Reviewer")


def returned(submission, reviewer, words="The date is missing on one certificate.", verdicts=()):
    workflow.take(submission, by=reviewer, at=NOW)
    for counted, verdict in zip(submission.counted.held(), verdicts, strict=False):
        workflow.judge(counted, by=reviewer, **verdict)
    workflow.return_for_more(submission, words, by=reviewer, at=NOW, on=TODAY)
    submission.refresh_from_db()
    return submission


def page_of(name, row):
    return reverse(name, args=[row.pk])


# --- the ledger -------------------------------------------------------------------------------------------------------


def test_an_empty_ledger_shows_the_way_to_the_first_activity(client, holder):
    page = client.get("/activities/").text
    assert "Nothing logged yet" in page
    assert reverse("log_activity") in page


def test_the_ledger_works_without_a_certification(client, holder):
    make_activity(holder, title="Early bird")
    page = client.get("/activities/").text
    assert "Early bird" in page
    assert "counts as soon as one is" in page


def test_the_ledger_says_of_every_activity_whether_it_counts_and_why_not(client, holder):
    make_credential(holder)
    make_activity(holder, "ILT-1D", date(2026, 3, 2))
    make_activity(holder, "ILT-1D", date(2024, 11, 23))
    make_activity(holder, "ILT-2D", evidence=False)
    page = client.get("/activities/").text
    assert "until 2 Mar 2028" in page
    assert "Stopped counting after 23 November 2026" in page
    assert "No evidence yet" in page


def test_the_ledger_answers_for_each_certification(client, holder):
    make_credential(holder)
    make_credential(holder, code="OCP-LA")
    make_activity(holder)
    page = client.get("/activities/").text
    assert "OCA Administration R2:" in page
    assert page.count("until 2 Mar 2028") == 2


def test_a_locked_activity_links_to_the_request_that_counts_it(client, holder):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    for address in ("/activities/", page_of("activity", Activity.objects.get())):
        page = client.get(address).text
        assert f'href="{page_of("request", submission)}"' in page
        assert submission.reference in page


def test_a_statement_is_shown_as_evidence(client, holder):
    make_activity(holder, "TT-ATT", evidence=False, held_at=MORNING)
    assert "date, time and title" in client.get("/activities/").text


def test_the_ledger_turns_its_pages_after_fifty(client, holder):
    for number in range(51):
        make_activity(holder, "TT-ATT", TODAY - timedelta(days=number), evidence=False, title=f"Talk {number}.")
    first, second = client.get("/activities/").text, client.get("/activities/?page=2").text
    assert "Talk 49." in first
    assert "Talk 50." not in first
    assert "Talk 50." in second


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30])
def test_a_page_that_is_none_is_the_nearest_one(client, holder, number):
    make_activity(holder)
    assert client.get("/activities/", {"page": number}).status_code == 200


def test_the_ledger_shows_nobody_elses_activities(client, holder):
    make_activity(make_holder(), title="Somebody elses")
    assert "Somebody elses" not in client.get("/activities/").text


# --- one activity -----------------------------------------------------------------------------------------------------


def test_a_free_activity_offers_to_change_and_remove_it(client, holder):
    activity = make_activity(holder)
    page = client.get(page_of("activity", activity)).text
    for name in ("change_activity", "remove_activity"):
        assert page_of(name, activity) in page
    assert page_of("remove_evidence", activity.evidence_files.get()) in page


def test_a_counted_activity_offers_neither(client, holder):
    activity = make_points(holder, 40)
    send(make_credential(holder))
    page = client.get(page_of("activity", activity)).text
    for name in ("change_activity", "remove_activity"):
        assert page_of(name, activity) not in page
    assert page_of("remove_evidence", activity.evidence_files.get()) not in page


def test_what_a_request_once_counted_stays_in_the_log(client, holder):
    activity = make_points(holder, 40)
    workflow.withdraw(send(make_credential(holder)), by=holder, at=NOW)
    assert page_of("remove_activity", activity) not in client.get(page_of("activity", activity)).text
    page = client.post(page_of("remove_activity", activity), follow=True)
    assert "stays in your log" in page.text
    assert Activity.objects.filter(pk=activity.pk).exists()


def test_titles_and_names_are_shown_as_text_never_as_markup(client, holder):
    make_credential(holder)
    activity = make_activity(holder, "ILT-5D", title="<script>alert(1)</script>", evidence=False)
    make_evidence(holder, activity, shown_name="<img src=x onerror=alert(2)>.pdf")
    submission = send(make_credential(holder, code="OCP-LA"), [activity])
    for address in ("/activities/", page_of("activity", activity), page_of("request", submission)):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_every_picture_of_a_file_is_shown_lazily(client, holder):
    activity = make_activity(holder)
    evidence = activity.evidence_files.get()
    Evidence.objects.filter(pk=evidence.pk).update(pages=7)
    for number in (2, 3):
        EvidencePage.objects.create(evidence=evidence, number=number, picture=evidence.picture.name)
    page = client.get(page_of("activity", activity)).text
    for number in (2, 3):
        assert f'src="{reverse("evidence_page", args=[evidence.pk, number])}"' in page
    assert page.count('loading="lazy"') == 3
    assert "first 3 of 7 pages shown" in page


def test_the_words_of_a_mail_stand_under_its_picture_as_text(client, holder):
    activity = make_activity(holder, evidence=False)
    make_evidence(holder, activity, kind="eml", shown_name="mail.eml", text="Hello <script>alert(1)</script>\nthere")
    make_evidence(holder, activity, text="What a PDF says")
    page = client.get(page_of("activity", activity)).text
    assert "Hello &lt;script&gt;alert(1)" in page
    assert page.count("Text of the mail") == 1
    assert "What a PDF says" not in page


@pytest.mark.parametrize("state", [{"held_since": NOW}, {"harmful": "Eicar"}])
def test_of_what_is_held_or_refused_nothing_is_shown(client, holder, state):
    activity = make_activity(holder, evidence=False)
    evidence = make_evidence(holder, activity, kind="eml", text="Secret words", **state)
    EvidencePage.objects.create(evidence=evidence, number=2, picture="te/st.png")
    page = client.get(page_of("activity", activity)).text
    assert "Secret words" not in page
    assert reverse("evidence_page", args=[evidence.pk, 2]) not in page
    assert page_of("evidence_file", evidence) not in page
    assert page_of("remove_evidence", evidence) in page


def test_a_refused_file_alone_proves_nothing_and_the_page_says_what_would(client, holder):
    activity = make_activity(holder, evidence=False)
    make_evidence(holder, activity, harmful="Eicar")
    assert "None yet. Any one of these proves it" in client.get(page_of("activity", activity)).text


NOT_MINE = {"names": ["Robin Rivera"], "hours": ["22"], "dates": ["2026-03-01"]}


def test_where_a_file_says_something_else_its_owner_hears_it_first(client):
    holder = make_holder("Alex Kim")
    client.force_login(holder)
    make_evidence(holder, make_activity(holder, "ILT-5D", evidence=False), facts=NOT_MINE)
    activity = Activity.objects.get()
    for address in (page_of("activity", activity), page_of("ask", make_credential(holder))):
        page = client.get(address).text
        assert "certificate.pdf names Robin Rivera; your account says Alex Kim." in page
        assert "certificate.pdf says 1 March 2026, you entered 2 March 2026." in page
        assert "certificate.pdf says 22 hours, this kind counts 40 hours." in page
        assert page_of("change_activity", activity) in page


def test_where_a_file_says_the_same_nothing_is_pointed_out(client):
    holder = make_holder("Alex Kim")
    client.force_login(holder)
    activity = make_activity(holder, "ILT-5D", evidence=False)
    make_evidence(holder, activity, facts={"names": ["KIM, Alex"], "hours": ["40"], "dates": ["2026-03-02"]})
    page = client.get(page_of("activity", activity)).text
    assert "your account says" not in page
    assert "you entered" not in page
    assert "this kind counts" not in page


def test_a_counted_activity_offers_no_correction_of_a_difference(client, holder):
    activity = make_activity(holder, "ILT-5D", evidence=False)
    make_evidence(holder, activity, facts=NOT_MINE)
    send(make_credential(holder))
    page = client.get(page_of("activity", activity)).text
    assert "certificate.pdf says 22 hours" in page
    assert page_of("change_activity", activity) not in page


def test_the_checklist_shows_what_is_still_being_checked_as_open(client, holder):
    activity = make_activity(holder, "ILT-5D", evidence=False)
    evidence = make_evidence(holder, activity, held_since=NOW)
    address = page_of("ask", make_credential(holder))
    page = client.get(address).text
    assert '<li class="is-open">' in page
    assert "Being checked for viruses" in page
    Evidence.objects.filter(pk=evidence.pk).update(held_since=None)
    assert '<li class="is-open">' not in client.get(address).text


def test_an_activity_takes_as_many_queries_with_one_file_as_with_ten(client, holder, django_assert_max_num_queries):
    def page_with(files):
        activity = make_activity(holder, evidence=False)
        for _ in range(files):
            evidence = make_evidence(holder, activity, facts=NOT_MINE)
            EvidencePage.objects.create(evidence=evidence, number=2, picture="te/st.png")
        return page_of("activity", activity)

    one, ten = page_with(1), page_with(10)
    client.get(one)  # what only the first page of a session asks is left out
    with django_assert_max_num_queries(40) as few:
        client.get(one)
    with django_assert_max_num_queries(40) as many:
        client.get(ten)
    assert len(few) == len(many)


# --- asking -----------------------------------------------------------------------------------------------------------


def asked(activities, **said):
    return {"key": str(uuid4()), "activity": [a.pk for a in activities], "words": "", "send": "yes", **said}


def test_the_page_proposes_the_choice_that_wastes_least(client, holder):
    credential = make_credential(holder)
    old, new = make_points(holder, 40, date(2025, 2, 3)), make_points(holder, 40, date(2026, 2, 3))
    page = client.get(page_of("ask", credential))
    assert page.context["chosen"] == {old.pk}
    assert page.text.count(" checked>") == 1
    assert f'id="activity-{new.pk}"' in page.text
    assert "40 of 40 points: enough." in page.text


def test_the_page_shows_old_and_new_date_and_both_deadlines(client, holder):
    make_points(holder, 40)
    page = client.get(page_of("ask", make_credential(holder))).text
    for day in ("12 May 2027", "12 May 2029", "12 April 2027"):
        assert day in page


def test_after_the_advised_day_the_page_warns_and_still_sends(client, holder):
    make_points(holder, 40)
    credential = make_credential(holder, TODAY)
    page = client.get(page_of("ask", credential)).text
    assert "The advised day, 25 October 2026, has passed." in page
    assert "Send to the certification team" in page


def test_after_the_last_day_the_page_names_the_exam_and_sends_nothing(client, holder):
    activity = make_points(holder, 40)
    credential = make_credential(holder, TODAY - timedelta(days=1))
    page = client.get(page_of("ask", credential)).text
    assert "This certification ended on 23 November 2026." in page
    assert "OS-102" in page
    assert "Send to the certification team" not in page
    client.post(page_of("ask", credential), asked([activity]))
    assert not Submission.objects.exists()


def test_with_too_few_points_the_page_says_how_many_are_missing_and_creates_nothing(client, holder):
    activity = make_points(holder, "39.75")
    credential = make_credential(holder)
    page = client.get(page_of("ask", credential)).text
    assert "0.25 more points are needed." in page
    assert "Send to the certification team" not in page
    page = client.post(page_of("ask", credential), asked([activity])).text
    assert "0.25 more points are needed." in page
    assert not Submission.objects.exists()


def test_while_a_request_is_open_the_page_leads_to_it(client, holder):
    make_points(holder, 40), make_points(holder, 40)
    credential = make_credential(holder)
    submission = send(credential)
    page = client.get(page_of("ask", credential)).text
    assert f"{submission} is open for this certification already." in page
    assert page_of("request", submission) in page


def test_sending_makes_one_request_and_leads_to_its_page(client, holder):
    activity = make_points(holder, 40)
    credential = make_credential(holder)
    response = client.post(page_of("ask", credential), asked([activity], words="All from one course."))
    submission = Submission.objects.get()
    assert response.url == page_of("request", submission)
    assert submission.steps.get().words == "All from one course."
    page = client.get(response.url).text
    assert submission.case.number in page
    assert "All from one course." in page


def test_a_double_click_makes_one_request(client, holder):
    activity = make_points(holder, 40)
    credential = make_credential(holder)
    said = asked([activity])
    first, again = (client.post(page_of("ask", credential), said) for _ in range(2))
    assert first.url == again.url
    assert Submission.objects.count() == 1


def test_only_the_send_button_sends(client, holder):
    one, two = make_points(holder, 30), make_points(holder, 20)
    credential = make_credential(holder)
    said = asked([one], words="Wait, I am still choosing.", recalculate="yes")
    del said["send"]
    page = client.post(page_of("ask", credential), said)
    assert not Submission.objects.exists()
    assert "30 of 40 points: choose more." in page.text
    assert "Wait, I am still choosing." in page.text
    assert page.context["chosen"] == {one.pk}
    assert f'id="activity-{two.pk}"' in page.text


def test_too_small_a_choice_is_kept_and_named(client, holder):
    one, _two = make_points(holder, 30), make_points(holder, 20)
    credential = make_credential(holder)
    said = asked([one], words="Take this one.")
    page = client.post(page_of("ask", credential), said)
    assert "10 more points are needed." in page.text
    assert page.context["chosen"] == {one.pk}
    assert "Take this one." in page.text
    assert said["key"] in page.text
    assert not Submission.objects.exists()


def test_another_persons_activity_is_never_counted(client, holder):
    make_points(holder, 40)
    theirs = make_points(make_holder(), 40)
    page = client.post(page_of("ask", make_credential(holder)), asked([theirs]))
    assert "no longer in your log" in page.text
    assert theirs.title not in page.text
    assert not Submission.objects.exists()


@pytest.mark.parametrize("chosen", [[], ["x"], [""], ["-1"], [str(2**63)], ["1.5"]])
def test_a_nonsense_choice_is_no_crash(client, holder, chosen):
    make_points(holder, 40)
    page = client.post(page_of("ask", make_credential(holder)), {**asked([]), "activity": chosen})
    assert page.status_code == 200
    assert not Submission.objects.exists()


def test_a_form_without_a_key_still_sends_once(client, holder):
    activity = make_points(holder, 40)
    client.post(page_of("ask", make_credential(holder)), {**asked([activity]), "key": "none"})
    assert Submission.objects.count() == 1


def test_too_many_words_are_kept_and_nothing_is_sent(client, holder):
    activity = make_points(holder, 40)
    page = client.post(page_of("ask", make_credential(holder)), asked([activity], words="x" * 2001))
    assert "x" * 2001 in page.text
    assert not Submission.objects.exists()


def test_fields_that_a_person_has_no_say_in_are_ignored(client, holder):
    activity = make_points(holder, 40)
    credential = make_credential(holder)
    said = asked([activity], status="approved", points="99", holder=make_holder().pk, expires_on="2040-01-01")
    client.post(page_of("ask", credential), said)
    submission = Submission.objects.get()
    assert (submission.status, submission.points, submission.holder) == (Status.SUBMITTED, 40, holder)
    assert submission.expires_on == credential.expires_on


# --- following --------------------------------------------------------------------------------------------------------


def test_an_open_request_says_that_the_certification_is_protected(client, holder):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    page = client.get(page_of("request", submission)).text
    assert "Your certification stays protected while we decide, even past 12 May 2027." in page
    assert page_of("withdraw", submission) in page


def test_verdicts_are_not_shown_while_the_team_is_still_looking(client, holder, reviewer):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.judge(
        submission.counted.get(), Verdict.REFUSED, reason=Reason.UNREADABLE, words="Cannot read", by=reviewer
    )
    page = client.get(page_of("request", submission)).text
    assert "Refused" not in page
    assert "Cannot read" not in page


def test_a_returned_request_shows_words_verdicts_and_the_day_to_answer(client, holder, reviewer):
    make_points(holder, 40)
    verdict = {"verdict": Verdict.REFUSED, "reason": Reason.UNREADABLE, "words": "The scan is too dark."}
    submission = returned(send(make_credential(holder)), reviewer, "One thing is missing.", [verdict])
    page = client.get(page_of("request", submission)).text
    for shown in (
        "One thing is missing.",
        "The evidence cannot be read",
        "The scan is too dark.",
        "Answer by 24 December 2026",
        page_of("answer", submission),
    ):
        assert shown in page


def test_an_approved_request_names_the_gain_first(client, holder, reviewer):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    approve(submission, reviewer)
    page = client.get(page_of("request", submission)).text
    assert "<h1>Extended until 12 May 2029</h1>" in page
    assert page_of("withdraw", submission) not in page


def test_fewer_points_and_refused_ones_are_shown_with_their_reasons_after_approval(client, holder, reviewer):
    for points in (40, 8, 8):
        make_points(holder, points)
    submission = send(make_credential(holder), Activity.objects.all())
    workflow.take(submission, by=reviewer, at=NOW)
    good, fewer, refused = submission.counted.held().order_by("-points")
    workflow.judge(good, Verdict.ACCEPTED, by=reviewer)
    workflow.judge(fewer, Verdict.FEWER, points=Decimal(6), reason=Reason.FEWER_HOURS, by=reviewer)
    workflow.judge(refused, Verdict.REFUSED, reason=Reason.DUPLICATE, by=reviewer)
    workflow.approve(submission, from_day=submission.expires_on, by=reviewer, at=NOW)
    page = client.get(page_of("request", submission)).text
    for shown in ("The evidence shows fewer hours", "The same activity is claimed twice", "Extended until"):
        assert shown in page


def test_a_rejected_request_shows_the_words_and_the_way_on(client, holder, reviewer):
    make_points(holder, 40)
    credential = make_credential(holder)
    submission = send(credential)
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.reject(submission, "These courses were another person's.", by=reviewer, at=NOW)
    page = client.get(page_of("request", submission)).text
    assert "another person&#x27;s" in page
    assert page_of("ask", credential) in page


def test_what_an_answer_dropped_is_no_longer_part_of_the_case(client, holder, reviewer):
    dropped, kept = make_points(holder, 20), make_points(holder, 40)
    submission = returned(send(make_credential(holder), [dropped, kept]), reviewer)
    workflow.answer(submission, [kept.pk], at=NOW, on=TODAY)
    page = client.get(page_of("request", submission)).text
    assert kept.title in page
    assert dropped.title not in page


def test_no_page_of_the_holder_names_the_reviewer(client, holder, reviewer):
    for _ in range(2):
        make_points(holder, 40)
    pages = []
    first = returned(send(make_credential(holder)), reviewer)
    pages += [client.get(page_of(name, first)).text for name in ("request", "answer", "withdraw")]
    workflow.answer(first, [c.activity_id for c in first.counted.held()], at=NOW, on=TODAY)
    approve(first, reviewer)
    rejected = send(make_credential(holder, code="OCP-LA"))
    workflow.take(rejected, by=reviewer, at=NOW)
    workflow.reject(rejected, "No.", by=reviewer, at=NOW)
    pages += [client.get(page_of("request", submission)).text for submission in (first, rejected)]
    pages += [client.get(address).text for address in ("/requests/", "/activities/")]
    assert not [page for page in pages if reviewer.name in page or reviewer.email in page]


def test_the_list_shows_each_request_with_its_case_and_state(client, holder):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    page = client.get("/requests/").text
    for shown in (submission.reference, submission.case.number, "With the team", "OCA Administration R2"):
        assert shown in page


def test_an_empty_list_of_requests_says_how_one_begins(client, holder):
    assert "Nothing asked for yet" in client.get("/requests/").text


# --- answering --------------------------------------------------------------------------------------------------------


def answered(submission, chosen=None, *, button="send", **said):
    ids = [c.activity_id for c in submission.counted.held()] if chosen is None else [a.pk for a in chosen]
    return {"activity": ids, "words": "", button: "yes", **said}


@pytest.fixture
def case(holder, reviewer):
    """A returned request that counts one activity of 40 points."""
    make_points(holder, 40)
    return returned(send(make_credential(holder)), reviewer)


def test_the_answer_page_shows_what_was_asked_and_everything_ticked(client, holder, case):
    spare = make_points(holder, 8)
    page = client.get(page_of("answer", case))
    assert "The date is missing on one certificate." in page.text
    assert page.context["chosen"] == {case.counted.get().activity_id}
    assert spare.title in page.text
    assert "40 of 40 points: enough." in page.text


def test_adding_a_file_and_sending_again_is_one_step(client, holder, case):
    activity = case.counted.get().activity
    said = answered(case, words="Here is the page with the date.", **{f"files_{activity.pk}": [pdf_upload("new.pdf")]})
    response = client.post(page_of("answer", case), said)
    assert response.url == page_of("request", case)
    case.refresh_from_db()
    assert case.status == Status.SUBMITTED
    assert "new.pdf" in {e.shown_name for e in activity.evidence_files.all()}
    assert case.steps.last().words == "Here is the page with the date."


def test_files_can_be_added_without_sending_and_the_words_stay(client, holder, case):
    activity = case.counted.get().activity
    said = answered(case, button="add", words="Not done yet.", **{f"files_{activity.pk}": [picture_upload()]})
    page = client.post(page_of("answer", case), said)
    case.refresh_from_db()
    assert case.status == Status.RETURNED
    assert activity.evidence_files.count() == 2
    assert "1 file added." in page.text
    assert "Not done yet." in page.text


def test_a_bad_file_stops_the_sending_and_keeps_the_good_one_and_the_words(client, holder, case):
    activity = case.counted.get().activity
    files = [SimpleUploadedFile("scan.docx", b"PK"), pdf_upload("good.pdf")]
    page = client.post(page_of("answer", case), answered(case, words="Two files.", **{f"files_{activity.pk}": files}))
    case.refresh_from_db()
    assert case.status == Status.RETURNED
    assert "scan.docx: This is a text document." in page.text
    assert "good.pdf" in page.text
    assert "Two files." in page.text


def test_too_few_points_are_not_sent_and_the_choice_and_the_files_stay(client, holder, case):
    activity, small = case.counted.get().activity, make_points(holder, 8)
    said = answered(case, [small], words="Count this one.", **{f"files_{activity.pk}": [pdf_upload("kept.pdf")]})
    page = client.post(page_of("answer", case), said)
    case.refresh_from_db()
    assert case.status == Status.RETURNED
    assert "32 more points are needed." in page.text
    assert page.context["chosen"] == {small.pk}
    assert "Count this one." in page.text
    assert activity.evidence_files.filter(shown_name="kept.pdf").exists()


def test_another_activity_can_take_the_place_of_a_refused_one(client, holder, case):
    other = make_points(holder, 40)
    client.post(page_of("answer", case), answered(case, [other]))
    case.refresh_from_db()
    assert case.status == Status.SUBMITTED
    assert [c.activity for c in case.counted.held()] == [other]


def test_an_activity_keeps_counting_from_the_day_the_request_was_sent(client, holder, reviewer):
    lapsing = make_points(holder, 40, date(2024, 11, 24))
    submission = returned(send(make_credential(holder)), reviewer)
    with time_machine.travel(NOW + timedelta(days=20), tick=False):
        client.force_login(holder)
        page = client.get(page_of("answer", submission))
        assert page.context["sum"] == 40
        client.post(page_of("answer", submission), answered(submission, [lapsing]))
    submission.refresh_from_db()
    assert submission.status == Status.SUBMITTED


def test_after_the_day_to_answer_the_files_are_kept_and_the_page_says_why_it_is_not_sent(client, holder, case):
    activity = case.counted.get().activity
    with time_machine.travel(NOW + timedelta(days=31), tick=False):
        client.force_login(holder)
        page = client.post(
            page_of("answer", case), answered(case, **{f"files_{activity.pk}": [pdf_upload("late.pdf")]})
        )
    case.refresh_from_db()
    assert case.status == Status.RETURNED
    assert "The day to answer was 24 December 2026." in page.text


def test_a_request_that_waits_for_no_answer_leads_to_its_page(client, holder):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    for method in (client.get, client.post):
        assert method(page_of("answer", submission)).url == page_of("request", submission)


def test_no_file_goes_to_an_activity_that_the_request_does_not_count(client, holder, case):
    other = make_points(holder, 8)
    client.post(page_of("answer", case), answered(case, button="add", **{f"files_{other.pk}": [pdf_upload("x.pdf")]}))
    assert not Evidence.objects.filter(shown_name="x.pdf").exists()


# --- withdrawing ------------------------------------------------------------------------------------------------------


def test_withdrawing_asks_first_and_says_what_it_means(client, holder):
    activity = make_points(holder, 40)
    submission = send(make_credential(holder))
    assert "no longer protected past 12 May 2027" in client.get(page_of("withdraw", submission)).text
    submission.refresh_from_db()
    assert submission.status == Status.SUBMITTED
    assert client.post(page_of("withdraw", submission)).url == page_of("request", submission)
    submission.refresh_from_db()
    activity.refresh_from_db()
    assert submission.status == Status.WITHDRAWN
    assert not activity.is_locked


def test_a_decided_request_cannot_be_withdrawn(client, holder, reviewer):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    approve(submission, reviewer)
    assert client.post(page_of("withdraw", submission)).url == page_of("request", submission)
    submission.refresh_from_db()
    assert submission.status == Status.APPROVED


# --- who may see and do what ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("visitor", [make_holder, make_reviewer])
def test_another_persons_pages_are_not_found(client, visitor, method):
    owner = make_holder()
    activity = make_points(owner, 40)
    credential = make_credential(owner)
    submission = send(credential)
    client.force_login(visitor())
    pages = [page_of("ask", credential), *(page_of(name, submission) for name in ("answer", "withdraw"))]
    if method == "get":
        pages += [page_of("activity", activity), page_of("request", submission)]
    for address in pages:
        assert getattr(client, method)(address).status_code == 404, address
    submission.refresh_from_db()
    assert submission.status == Status.SUBMITTED


@pytest.mark.parametrize("name", ["activity", "ask", "request", "answer", "withdraw"])
def test_what_does_not_exist_is_not_found(client, holder, name):
    for pk in (1, 2**63, 10**30):
        assert client.get(reverse(name, args=[pk])).status_code == 404


def test_strangers_are_asked_to_sign_in(client):
    addresses = ["/activities/", "/requests/"]
    addresses += [reverse(name, args=[1]) for name in ("activity", "ask", "request", "answer", "withdraw")]
    for address in addresses:
        for method in (client.get, client.post):
            assert method(address).url.startswith(reverse("account_login")), address


def test_pages_that_only_show_take_no_posts(client, holder):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    for address in ("/activities/", "/requests/", page_of("request", submission)):
        assert client.post(address).status_code == 405


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def queries(client, django_assert_max_num_queries):
    def count(address):
        client.get(address)  # what only the first page of a session asks is left out
        with django_assert_max_num_queries(60) as found:
            assert client.get(address).status_code == 200
        return len(found)

    return count


def test_the_ledger_asks_the_database_as_often_for_one_activity_as_for_thirty(queries, holder):
    make_credential(holder)
    make_activity(holder)
    one = queries("/activities/")
    for _ in range(29):
        make_activity(holder)
    assert queries("/activities/") == one


def test_the_ask_page_asks_the_database_as_often_for_one_activity_as_for_thirty(queries, holder):
    credential = make_credential(holder)
    make_points(holder, 40)
    one = queries(page_of("ask", credential))
    for _ in range(29):
        make_points(holder, 4)
    assert queries(page_of("ask", credential)) == one


def test_the_list_of_requests_asks_the_database_as_often_for_one_as_for_thirty(queries, holder):
    credential = make_credential(holder)
    make_points(holder, 40)
    workflow.withdraw(send(credential), by=holder, at=NOW)
    one = queries("/requests/")
    for _ in range(29):
        workflow.withdraw(send(credential), by=holder, at=NOW)
    assert queries("/requests/") == one


def test_case_and_answer_ask_the_database_as_often_for_one_activity_as_for_thirty(queries, holder, reviewer):
    make_points(holder, 40)
    small = returned(send(make_credential(holder)), reviewer)
    make_points(holder, 4)
    one = [queries(page_of(name, small)) for name in ("request", "answer")]
    large = returned(
        send(make_credential(holder, code="OCP-LA"), [make_points(holder, 4) for _ in range(30)]), reviewer
    )
    for _ in range(29):
        make_points(holder, 4)
    assert [queries(page_of(name, large)) for name in ("request", "answer")] == one


def test_a_kept_file_is_read_from_the_right_person_only(client, holder, case):
    theirs = activity_workflow.keep_aside(make_holder(), pdf_upload("theirs.pdf"), at=NOW)
    client.post(page_of("answer", case), answered(case, button="add", kept=[str(theirs.pk)]))
    theirs.refresh_from_db()
    assert theirs.activity is None


def test_accepted_points_stay_accepted_after_an_answer(client, holder, reviewer):
    make_points(holder, 40)
    submission = send(make_credential(holder))
    accept_all(submission, reviewer)
    workflow.return_for_more(submission, "One more thing.", by=reviewer, at=NOW, on=TODAY)
    client.post(page_of("answer", submission), answered(submission))
    assert submission.counted.get().verdict == Verdict.ACCEPTED


def test_the_answer_page_says_how_many_points_are_accepted_so_far(client, holder, reviewer):
    make_points(holder, 32), make_points(holder, 8)
    submission = send(make_credential(holder))
    workflow.take(submission, by=reviewer, at=NOW)
    workflow.judge(submission.counted.get(points=32), Verdict.ACCEPTED, by=reviewer)
    workflow.return_for_more(submission, "The other one?", by=reviewer, at=NOW, on=TODAY)
    assert "So far 32 of 40 points are accepted." in client.get(page_of("answer", submission)).text
