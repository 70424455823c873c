"""The review page and the decisions, through the pages a reviewer uses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from activities.models import Activity, ActivityType, Evidence, EvidencePage
from certifications.models import Extension
from onepoints.tests.factories import (
    MORNING,
    NOW,
    TODAY,
    accept_all,
    make_activity,
    make_credential,
    make_evidence,
    make_holder,
    make_points,
    make_reviewer,
    send,
)
from submissions import workflow
from submissions.models import Step
from submissions.rules import Reason, Status, Verdict

pytestmark = pytest.mark.usefixtures("program", "today")
UNTIL, NEW_UNTIL = date(2027, 5, 12), date(2029, 5, 12)
DECISIONS = ["approve", "return", "reject"]


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def reviewer():
    return make_reviewer("Rita Reviewer")


@pytest.fixture
def request_(program):
    """A request that counts a course of 24 and one of 16 points."""
    holder = make_holder("Ada Holder")
    make_activity(holder, "ILT-3D", date(2026, 3, 2))
    make_activity(holder, "ILT-2D", date(2026, 4, 2))
    return send(make_credential(holder, UNTIL))


@pytest.fixture
def signed_in(client, reviewer):
    client.force_login(reviewer)
    return client


@pytest.fixture
def taken(request_, reviewer):
    return workflow.take(request_, by=reviewer, at=NOW)


def address(name, request, *more):
    return reverse(f"admin:submissions_submission_{name}", args=[request.pk, *more])


def review_page(client, request):
    return client.get(address("review", request))


def text(response):
    return response.content.decode()


def judge(client, counted, **fields):
    return client.post(address("judge", counted.submission, counted.pk), fields)


def test_the_page_shows_who_asks_for_what_and_what_proves_it(signed_in, request_):
    first, second = request_.counted.all()
    file = make_evidence(request_.holder, first.activity, shown_name="cpe-march.pdf")
    page = text(review_page(signed_in, request_))
    for word in (
        request_.reference,
        request_.case.number,
        "Ada Holder",
        request_.holder.email,
        request_.credential.candidate_id,
        "OCA Administration R2",
        "12 May 2027",
        "169 days",
        first.activity.title,
        second.activity.title,
        "Instructor-led course, 3 days",
        "24 points",
        "Course completion certificate or CPE certificate",
        "cpe-march.pdf",
        reverse("evidence_picture", args=[file.pk]),
        reverse("evidence_file", args=[file.pk]),
        "Accepted so far 0 of 40",
        "Sent to the certification team",
    ):
        assert word in page


def test_a_statement_is_shown_as_date_time_and_title(signed_in):
    holder = make_holder()
    make_points(holder, 39)
    make_activity(holder, "TT-ATT", date(2026, 5, 4), evidence=False, held_at=MORNING, title="Rule performance")
    page = text(review_page(signed_in, send(make_credential(holder))))
    assert "<strong>4 May 2026, 09:30</strong>" in page


def test_words_of_the_holder_are_shown_as_text_and_never_as_markup(signed_in, reviewer):
    holder = make_holder("<b>Ada</b>")
    make_points(holder, 40)
    credential = make_credential(holder)
    request = send(credential)
    request.steps.update(words="<script>alert(1)</script>")
    page = text(review_page(signed_in, request))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>Ada" not in page


def test_values_that_the_team_has_not_confirmed_are_marked(signed_in, request_):
    assert text(review_page(signed_in, request_)).count("Unconfirmed") == 2
    ActivityType.objects.update(is_confirmed=True)
    assert "Unconfirmed" not in text(review_page(signed_in, request_))


def test_another_catalogue_version_for_the_activitys_day_is_pointed_out(signed_in, request_):
    kind = request_.counted.first().activity.type
    assert "Other version" not in text(review_page(signed_in, request_))
    kind.pk, kind.valid_from, kind.points = None, date(2026, 1, 1), Decimal(20)
    kind.save()
    page = text(review_page(signed_in, request_))
    assert page.count("Other version") == 1
    assert "1 January 2026, with 20 points" in page


def test_a_catalogue_version_of_a_later_day_is_no_matter_here(signed_in, request_):
    kind = request_.counted.first().activity.type
    kind.pk, kind.valid_from = None, date(2026, 3, 3)
    kind.save()
    assert "Other version" not in text(review_page(signed_in, request_))


def test_a_file_that_proves_something_else_too_is_pointed_out(signed_in, request_):
    sha = request_.counted.first().activity.evidence_files.get().sha256
    other = make_holder("Bert Borrower")
    borrowed = make_activity(other, title="Borrowed course", evidence=False)
    double = make_evidence(other, borrowed, sha256=sha)
    assert "Same file" not in text(review_page(signed_in, request_))  # a log is private until a request counts it
    Activity.objects.filter(pk=borrowed.pk).lock(at=NOW, by="SUB-00099")
    page = text(review_page(signed_in, request_))
    assert page.count("Same file") == 1
    assert "Bert Borrower" in page
    assert reverse("evidence_picture", args=[double.pk]) in page
    assert f'href="{reverse("admin:submissions_submission_review", args=[99])}">SUB-00099</a>' in page


def checks(page):
    """Of each activity the facts with what is said of them."""
    return [[(f.label, f.claimed, f.shape, f.words) for f in item.facts] for item in page.context["case"].items]


def test_each_fact_of_the_claim_is_set_against_the_files(signed_in, request_):
    first = request_.counted.first()
    Evidence.objects.filter(activity=first.activity).update(
        text="Ada Holder, 22 hours", facts={"names": ["Ada Holder"], "dates": ["2026-03-02"], "hours": ["22"]}
    )
    page = review_page(signed_in, request_)
    assert checks(page) == [
        [
            ("Name", "Ada Holder", "✓", "found in the document"),
            ("Date", "2 March 2026", "✓", "found in the document"),
            ("Hours", "24", "?", "the document says 22"),
        ],
        [
            ("Name", "Ada Holder", "–", "no text to read, please look"),
            ("Date", "2 April 2026", "–", "no text to read, please look"),
            ("Hours", "16", "–", "no text to read, please look"),
        ],
    ]
    for word in ("found in the document", "the document says 22"):
        assert word in text(page)


def test_another_name_and_what_is_not_found_are_said(signed_in, request_):
    facts = {"names": ["Robin <b>Rivera"], "dates": [f"2026-05-0{day}" for day in range(1, 6)]}
    Evidence.objects.update(text="Certificate", facts=facts)
    page = review_page(signed_in, request_)
    assert checks(page)[0] == [
        ("Name", "Ada Holder", "?", "the document says Robin <b>Rivera"),
        ("Date", "2 March 2026", "?", "the document says 1 May 2026, 2 May 2026, 3 May 2026 …"),
        ("Hours", "24", "?", "not found"),
    ]
    assert "Robin <b>Rivera" not in text(page)


def test_where_no_file_can_be_looked_at_nothing_is_compared(signed_in):
    holder = make_holder()
    make_points(holder, 39)
    make_activity(holder, "TT-ATT", date(2026, 5, 4), evidence=False, held_at=MORNING)
    request = send(make_credential(holder))
    Evidence.objects.update(held_since=NOW)
    page = review_page(signed_in, request)
    assert checks(page) == [[], []]
    assert 'class="checks"' not in text(page)


def test_further_pages_and_the_words_of_a_mail_are_shown(signed_in, request_):
    evidence = request_.counted.first().activity.evidence_files.get()
    EvidencePage.objects.create(evidence=evidence, number=2, picture="te/st.png")
    Evidence.objects.filter(pk=evidence.pk).update(kind="eml", pages=3, text="Thank you <script>alert(1)</script>")
    page = text(review_page(signed_in, request_))
    assert f'src="{reverse("evidence_page", args=[evidence.pk, 2])}"' in page
    assert "2 of 3 pages shown" in page
    assert "Thank you &lt;script&gt;alert(1)" in page
    Evidence.objects.filter(pk=evidence.pk).update(held_since=NOW)
    page = text(review_page(signed_in, request_))
    assert reverse("evidence_page", args=[evidence.pk, 2]) not in page
    assert "Thank you" not in page
    assert "Being checked for viruses" in page


def test_thirty_activities_take_as_many_queries_as_five(signed_in, reviewer, django_assert_max_num_queries):
    def counted(number):
        holder = make_holder()
        for _ in range(number):
            activity = make_points(holder, Decimal(40) / number if number == 5 else 2)
            evidence = make_evidence(holder, activity, facts={"names": ["Ada Holder"], "hours": ["8"]})
            EvidencePage.objects.create(evidence=evidence, number=2, picture="te/st.png")
        request = send(make_credential(holder), [*_activities(holder)])
        workflow.take(request, by=reviewer, at=NOW)
        return request

    five, thirty = counted(5), counted(30)
    review_page(signed_in, five)
    with django_assert_max_num_queries(25) as few:
        assert len(review_page(signed_in, five).context["case"].items) == 5
    with django_assert_max_num_queries(25) as many:
        assert len(review_page(signed_in, thirty).context["case"].items) == 30
    assert len(many) == len(few)


def _activities(holder):
    from activities.models import Activity

    return Activity.objects.of(holder)


# --- taking -----------------------------------------------------------------------------------------------------------


def test_a_request_is_taken_and_put_back_by_its_buttons(signed_in, request_, reviewer):
    page = review_page(signed_in, request_)
    assert "Take this request" in text(page)
    assert "Accept 24" not in text(page)
    page = signed_in.post(address("take", request_), follow=True)
    assert f"You have taken {request_.reference}" in text(page)
    assert "Accept 24" in text(page)
    page = signed_in.post(address("put_back", request_), follow=True)
    assert "Take this request" in text(page)
    assert [s.move for s in request_.steps.all()] == [Step.Move.SUBMITTED, Step.Move.TAKEN, Step.Move.PUT_BACK]


def test_a_second_reviewer_sees_who_has_taken_it_and_cannot_work_on_it(client, taken):
    client.force_login(make_reviewer("Second"))
    page = text(review_page(client, taken))
    assert "Rita Reviewer has taken this request" in page
    assert "Accept 24" not in page
    assert "Take" not in page.split('class="workbench"')[1].split("<article")[0].replace("Taken by", "")
    page = client.post(address("take", taken), follow=True)
    assert "Rita Reviewer has taken this request." in text(page)
    taken.refresh_from_db()
    assert taken.taken_by.name == "Rita Reviewer"


def test_a_programme_manager_takes_over_from_a_colleague(client, taken):
    manager = make_reviewer("Max Manager", "Programme managers")
    client.force_login(manager)
    assert "Take over from Rita Reviewer" in text(review_page(client, taken))
    client.post(address("take", taken))
    taken.refresh_from_db()
    assert taken.taken_by == manager


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_a_verdict_is_saved_and_leads_to_the_next_activity_without_one(signed_in, taken):
    first, second = taken.counted.all()
    response = judge(signed_in, first, verdict="accepted")
    assert response["Location"] == f"{address('review', taken)}#activity-{second.pk}"
    response = judge(signed_in, second, verdict="fewer", points="12.5", reason=Reason.FEWER_HOURS, words="12.5 hours.")
    assert response["Location"] == f"{address('review', taken)}#decision"
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.verdict, first.accepted_points) == (Verdict.ACCEPTED, 24)
    assert (second.verdict, second.accepted_points, second.words) == (Verdict.FEWER, Decimal("12.5"), "12.5 hours.")
    page = text(review_page(signed_in, taken))
    assert "Accepted so far 36.5 of 40" in page
    assert "12.5 of 16" in page
    assert "The evidence shows fewer hours." in page


def test_the_second_verdict_leads_back_to_the_first_that_was_passed_over(signed_in, taken):
    first, second = taken.counted.all()
    assert judge(signed_in, second, verdict="accepted")["Location"].endswith(f"#activity-{first.pk}")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"verdict": "fewer", "points": "24", "reason": "other"}, "fewer than the 24 claimed"),
        ({"verdict": "fewer", "points": "0", "reason": "other"}, "more than 0"),
        ({"verdict": "fewer", "points": "-1", "reason": "other"}, "more than 0"),
        ({"verdict": "fewer", "points": "", "reason": "other"}, "more than 0"),
        ({"verdict": "fewer", "points": "2.3", "reason": "other"}, "quarter steps"),
        ({"verdict": "fewer", "points": "many", "reason": "other"}, "Enter a number"),
        ({"verdict": "fewer", "points": "NaN", "reason": "other"}, "Enter a number"),
        ({"verdict": "fewer", "points": "1e9", "reason": "other"}, "fewer than the 24 claimed"),
        ({"verdict": "fewer", "points": "8", "reason": ""}, "Please choose a reason"),
        ({"verdict": "refused", "reason": ""}, "Please choose a reason"),
        ({"verdict": "refused", "reason": "because"}, "Select a valid choice"),
        ({"verdict": "pending"}, "Select a valid choice"),
        ({}, "This field is required"),
    ],
)
def test_a_verdict_that_does_not_fit_is_said_at_its_field_and_keeps_what_was_typed(signed_in, taken, fields, sentence):
    counted = taken.counted.first()
    page = text(judge(signed_in, counted, words="Typed before.", **fields))
    assert sentence in page
    assert "Typed before." in page
    counted.refresh_from_db()
    assert counted.verdict == Verdict.PENDING


def test_both_errors_of_a_verdict_are_said_at_once(signed_in, taken):
    page = text(judge(signed_in, taken.counted.first(), verdict="fewer", points="", reason=""))
    assert "more than 0" in page
    assert "Please choose a reason" in page


def test_a_verdict_needs_the_request_to_be_ones_own_work(client, taken):
    client.force_login(make_reviewer("Second"))
    counted = taken.counted.first()
    page = text(judge(client, counted, verdict="refused", reason="unreadable", words="Typed before."))
    assert "Rita Reviewer has taken this request." in page
    assert "Typed before." in page
    counted.refresh_from_db()
    assert counted.verdict == Verdict.PENDING


def test_a_verdict_on_another_requests_activity_is_not_found(signed_in, taken):
    holder = make_holder()
    make_points(holder, 40)
    foreign = send(make_credential(holder)).counted.get()
    response = signed_in.post(address("judge", taken, foreign.pk), {"verdict": "accepted"})
    assert response.status_code == 404


def test_one_button_accepts_what_has_no_verdict_and_leaves_the_others(signed_in, taken):
    first, second = taken.counted.all()
    judge(signed_in, first, verdict="refused", reason=Reason.UNREADABLE)
    assert "Accept 1 without a verdict as claimed" in text(review_page(signed_in, taken))
    assert signed_in.post(address("accept_rest", taken))["Location"].endswith("#decision")
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.verdict == Verdict.REFUSED
    assert (second.verdict, second.accepted_points) == (Verdict.ACCEPTED, 16)
    assert "without a verdict" not in text(review_page(signed_in, taken))


def test_accepting_the_rest_needs_the_request_to_be_taken(signed_in, request_):
    page = signed_in.post(address("accept_rest", request_), follow=True)
    assert "Take the request first" in text(page)
    assert not request_.counted.exclude(verdict=Verdict.PENDING).exists()


# --- approve ----------------------------------------------------------------------------------------------------------


def test_approval_shows_both_dates_and_then_extends(signed_in, taken, reviewer):
    accept_all(taken, reviewer)
    page = text(signed_in.get(address("approve", taken)))
    assert "12 May 2027" in page
    assert "Extend until 12 May 2029" in page
    assert 'name="from_day" value="2027-05-12"' in page
    page = text(
        signed_in.post(address("approve", taken), {"from_day": "2027-05-12", "words": "Well done"}, follow=True)
    )
    assert "extended until 12 May 2029" in page
    assert "Rita Reviewer approved this request" in page
    taken.refresh_from_db()
    taken.credential.refresh_from_db()
    assert (taken.status, taken.credential.expires_on) == (Status.APPROVED, NEW_UNTIL)
    assert taken.steps.get(move="approved").words == "Well done"


def test_the_page_names_what_is_refused_before_approving(signed_in, reviewer):
    holder = make_holder()
    make_points(holder, 40)
    dropped = make_activity(holder, "ILT-1D", title="Unreadable course")
    request = send(make_credential(holder), [*_activities(holder)])
    accept_all(request, reviewer)
    judge(signed_in, request.counted.get(activity=dropped), verdict="refused", reason=Reason.UNREADABLE)
    page = text(signed_in.get(address("approve", request)))
    assert "free again for the holder" in page
    assert "Unreadable course" in page


def test_below_the_needed_points_the_page_says_what_is_missing_and_offers_no_button(signed_in, taken):
    first, second = taken.counted.all()
    judge(signed_in, first, verdict="accepted")
    judge(signed_in, second, verdict="fewer", points="15.75", reason=Reason.FEWER_HOURS)
    for page in (review_page(signed_in, taken), signed_in.get(address("approve", taken))):
        assert "0.25 more points are needed" in text(page)
        assert "Extend until" not in text(page)
    page = text(signed_in.post(address("approve", taken), {"from_day": "2027-05-12"}))
    assert "0.25 more points are needed" in page
    assert not Extension.objects.exists()


def test_an_expiry_date_that_moved_meanwhile_stops_the_approval_and_keeps_the_words(signed_in, taken, reviewer):
    accept_all(taken, reviewer)
    taken.credential.expires_on = date(2028, 1, 31)
    taken.credential.save()
    response = signed_in.post(address("approve", taken), {"from_day": "2027-05-12", "words": "Typed before."})
    page = text(response)
    assert "The expiry date has changed and is now 31 January 2028" in page
    assert "Typed before." in page
    assert "Extend until 31 January 2030" in page
    assert 'name="from_day" value="2028-01-31"' in page
    assert not Extension.objects.exists()
    signed_in.post(address("approve", taken), {"from_day": "2028-01-31", "words": "Typed before."})
    assert Extension.objects.get().new_expires_on == date(2030, 1, 31)


def test_an_approval_without_a_day_is_not_an_approval(signed_in, taken, reviewer):
    accept_all(taken, reviewer)
    for day in ("", "yesterday"):
        assert signed_in.post(address("approve", taken), {"from_day": day}).status_code == 200
    assert not Extension.objects.exists()


def test_approving_twice_extends_once(signed_in, taken, reviewer):
    accept_all(taken, reviewer)
    signed_in.post(address("approve", taken), {"from_day": "2027-05-12"})
    page = text(signed_in.post(address("approve", taken), {"from_day": "2027-05-12"}))
    assert "Rita Reviewer approved this request" in page
    assert Extension.objects.count() == 1


# --- return and reject ------------------------------------------------------------------------------------------------


def test_a_return_names_what_is_open_and_the_day_to_answer_by(signed_in, taken):
    first, second = taken.counted.all()
    judge(signed_in, first, verdict="accepted")
    judge(signed_in, second, verdict="refused", reason=Reason.MISSING_DOCUMENT, words="Page 2 is missing.")
    page = text(signed_in.get(address("return", taken)))
    will = page.split('class="will"')[1].split("</section>")[0]
    assert "24 December 2026" in will
    assert second.activity.title in will
    assert "Page 2 is missing." in will
    assert first.activity.title not in will
    page = text(signed_in.post(address("return", taken), {"words": "Page 2, please."}, follow=True))
    assert "the holder may answer until 24 December 2026" in page
    taken.refresh_from_db()
    assert (taken.status, taken.answer_by) == (Status.RETURNED, TODAY + timedelta(days=30))
    assert taken.steps.get(move="returned").words == "Page 2, please."


def test_a_rejection_ends_the_request_and_leaves_its_history(signed_in, taken):
    assert "active until 12 May 2027, not longer" in text(signed_in.get(address("reject", taken)))
    page = text(signed_in.post(address("reject", taken), {"words": "Not yours."}, follow=True))
    assert "Rita Reviewer rejected this request" in page
    assert "Not yours." in page
    taken.refresh_from_db()
    assert taken.status == Status.REJECTED
    assert len(review_page(signed_in, taken).context["case"].items) == 2


@pytest.mark.parametrize("decision", ["return", "reject"])
@pytest.mark.parametrize("words", ["", "   \n "])
def test_return_and_rejection_need_words(signed_in, taken, decision, words):
    page = text(signed_in.post(address(decision, taken), {"words": words}))
    assert "Please write a sentence to the holder" in page
    taken.refresh_from_db()
    assert taken.status == Status.SUBMITTED


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_second_reviewer_sees_who_decided_and_when_and_decides_nothing(client, taken, reviewer, decision):
    accept_all(taken, reviewer)
    workflow.reject(taken, "No.", by=reviewer, at=NOW)
    client.force_login(make_reviewer("Second"))
    page = text(client.post(address(decision, taken), {"words": "Typed before.", "from_day": "2027-05-12"}))
    assert "Rita Reviewer rejected this request, 24 November 2026, 10:00." in page
    assert "Typed before." in page
    assert 'type="submit" class="action primary"' not in page
    page = text(review_page(client, taken))
    assert "Rita Reviewer rejected this request, 24 November 2026, 10:00." in page
    assert 'name="verdict"' not in page
    assert 'id="decision"' not in page
    assert not Extension.objects.exists()


def test_a_decision_that_comes_a_moment_too_late_says_who_was_first(signed_in, taken, reviewer, monkeypatch):
    accept_all(taken, reviewer)
    approve = workflow.approve

    def overtaken(submission, *args, **named):
        workflow.reject(submission, "No.", by=reviewer, at=NOW)
        return approve(submission, *args, **named)

    monkeypatch.setattr(workflow, "approve", overtaken)
    page = text(signed_in.post(address("approve", taken), {"from_day": "2027-05-12", "words": "Typed before."}))
    assert "Rita Reviewer rejected this request" in page
    assert "Extend until" not in page
    assert "Typed before." in page
    assert not Extension.objects.exists()


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_colleagues_request_is_not_decided_without_taking_it_over(client, taken, reviewer, decision):
    accept_all(taken, reviewer)
    client.force_login(make_reviewer("Second"))
    page = text(client.post(address(decision, taken), {"words": "Typed before.", "from_day": "2027-05-12"}))
    assert "Rita Reviewer has taken this request." in page
    taken.refresh_from_db()
    assert taken.status == Status.SUBMITTED


# --- rights -----------------------------------------------------------------------------------------------------------


def posts(request):
    counted = request.counted.first()
    return [
        address("take", request),
        address("put_back", request),
        address("accept_rest", request),
        address("judge", request, counted.pk),
        *(address(decision, request) for decision in DECISIONS),
    ]


@pytest.mark.parametrize("group", ["Reviewers", "Programme managers"])
def test_nobody_decides_on_their_own_request(client, group):
    reviewer = make_reviewer("Own Request", group)
    make_points(reviewer, 40)
    own = send(make_credential(reviewer))
    client.force_login(reviewer)
    page = text(review_page(client, own))
    assert "This is your own request. A colleague decides on it." in page
    assert 'id="decision"' not in page
    assert "Take this request" not in page
    for target in posts(own):
        said = text(client.post(target, {"verdict": "accepted", "words": "Me", "from_day": "2027-05-12"}, follow=True))
        assert "This is your own request. A colleague decides on it." in said
    for decision in DECISIONS:
        assert "This is your own request" in text(client.get(address(decision, own)))
    own.refresh_from_db()
    assert (own.status, own.taken_by) == (Status.SUBMITTED, None)
    assert not own.counted.exclude(verdict=Verdict.PENDING).exists()


def test_strangers_are_led_to_the_sign_in_and_holders_turned_away(client, request_):
    pages = [address("review", request_), *(address(decision, request_) for decision in DECISIONS)]
    for page in pages:
        assert client.get(page, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))
    client.force_login(request_.holder)
    for page in pages:
        assert client.get(page, follow=True).status_code == 403
    for target in posts(request_):
        assert client.post(target, follow=True).status_code == 403


def test_staff_who_only_read_see_the_page_and_move_nothing(client, request_):
    from django.contrib.auth.models import Permission

    reader = make_holder("Reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_submission"))
    client.force_login(reader)
    page = text(review_page(client, request_))
    assert "Take this request" not in page
    assert 'id="decision"' not in page
    for target in posts(request_):
        assert client.post(target, {"verdict": "accepted", "words": "x", "from_day": "2027-05-12"}).status_code == 403
    for decision in DECISIONS:
        assert client.get(address(decision, request_)).status_code == 403


def test_staff_without_the_right_see_nothing(client, request_):
    client.force_login(make_holder(is_staff=True))
    assert review_page(client, request_).status_code == 403


def test_a_request_that_is_not_there_is_not_found(signed_in):
    for name in ("review", *DECISIONS):
        assert signed_in.get(reverse(f"admin:submissions_submission_{name}", args=[404])).status_code == 404
    assert signed_in.post(reverse("admin:submissions_submission_take", args=[404])).status_code == 404


def test_buttons_answer_only_to_a_form(signed_in, taken):
    for name in ("take", "put_back", "accept_rest"):
        assert signed_in.get(address(name, taken)).status_code == 405


def test_the_pages_carry_no_inline_style_script_or_handler(signed_in, taken):
    for name in ("review", *DECISIONS):
        page = text(signed_in.get(address(name, taken)))
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page
        assert "<script>" not in page


def test_a_date_that_became_never_while_the_request_waited_breaks_no_page(signed_in, request_, reviewer):
    """Registries write 9999-12-31 for what never ends, and an import may bring it at any time."""
    accept_all(request_, reviewer)
    never = date(9999, 12, 31)
    type(request_.credential).objects.filter(pk=request_.credential_id).update(expires_on=never)
    assert signed_in.get(reverse("admin:submissions_submission_review", args=[request_.pk])).status_code == 200

    approve = reverse("admin:submissions_submission_approve", args=[request_.pk])
    page = signed_in.post(approve, {"from_day": never.isoformat(), "words": ""})

    assert "This certification never ends, so there is nothing to extend." in page.content.decode()
    assert not Extension.objects.exists()
