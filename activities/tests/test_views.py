"""Logging, correcting and proving an activity in the browser's terms: posts, redirects, headers."""

from datetime import date, time
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities import rules, workflow
from activities.models import Activity, ActivityType, Evidence, EvidencePage
from activities.tests.certificates import certificate
from onepoints.tests.factories import (
    NOW,
    TODAY,
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

pytestmark = pytest.mark.usefixtures("program", "today")

LOG = "/activities/log/"


@pytest.fixture
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def holder(client):
    holder = make_holder()
    client.force_login(holder)
    return holder


def entry(**said):
    return {"key": str(uuid4()), "type": "ILT-1D", "title": "Rules in depth", "completed_on": "2026-03-02", **said}


def word_file(name="certificate.docx"):
    return SimpleUploadedFile(name, b"PK\x03\x04 something")


def keep(holder, upload=None):
    return workflow.keep_aside(holder, upload or picture_upload(), at=NOW)


# --- logging ----------------------------------------------------------------------------------------------------------


def test_logging_with_a_pdf_leads_to_the_activity_with_its_points_and_file(client, holder):
    response = client.post(LOG, entry(evidence=[pdf_upload()]))
    activity = Activity.objects.get(holder=holder)
    assert response.url == reverse("activity", args=[activity.pk])
    assert activity.points == 8
    assert [e.shown_name for e in activity.evidence_files.all()] == ["certificate.pdf"]


def test_after_logging_the_new_balance_is_shown_for_each_certification(client, holder):
    make_credential(holder)
    make_credential(holder, code="OCP-LA")
    page = client.post(LOG, entry(evidence=[pdf_upload()]), follow=True)
    assert "Logged: Rules in depth." in page.text
    assert page.text.count("Your balance: 8 of 40 points.") == 2


def test_an_activity_may_be_logged_without_evidence_and_says_that_it_does_not_count_yet(client, holder):
    make_credential(holder)
    page = client.post(LOG, entry(), follow=True)
    assert "No evidence yet: add it and this counts." in page.text
    assert "Your balance: 0 of 40 points." in page.text


def test_several_files_prove_one_activity(client, holder):
    client.post(LOG, entry(evidence=[pdf_upload("one.pdf"), picture_upload("two.png")]))
    assert {e.shown_name for e in Activity.objects.get().evidence_files.all()} == {"one.pdf", "two.png"}


def test_a_talk_needs_no_file_when_date_time_and_title_are_told(client, holder):
    make_credential(holder)
    page = client.post(LOG, entry(type="TT-ATT", held_at="14:30"), follow=True)
    assert Activity.objects.get().held_at == time(14, 30)
    assert "Your balance: 1 of 40 points." in page.text


def test_hours_become_points(client, holder):
    client.post(LOG, entry(type="ILT-HR", quantity="2.5"))
    assert Activity.objects.get().points == Decimal("2.5")


def test_points_come_from_the_catalogue_as_it_was_on_the_day(client, holder):
    was = ActivityType.objects.get(code="ILT-1D")
    ActivityType.objects.create(
        code="ILT-1D",
        valid_from=date(2026, 6, 1),
        name=was.name,
        category=was.category,
        unit=was.unit,
        points=6,
        evidence=was.evidence,
    )
    client.post(LOG, entry(completed_on="2026-05-31"))
    client.post(LOG, entry(completed_on="2026-06-01"))
    assert {a.completed_on: a.points for a in Activity.objects.all()} == {date(2026, 5, 31): 8, date(2026, 6, 1): 6}


def test_the_same_form_sent_twice_logs_once_and_leads_to_the_same_activity(client, holder):
    said = entry()
    first, again = client.post(LOG, said), client.post(LOG, said)
    assert Activity.objects.count() == 1
    assert first.url == again.url


def test_a_form_sent_again_stores_its_files_no_second_time(client, holder):
    said = entry()
    for _ in range(2):
        client.post(LOG, {**said, "evidence": [pdf_upload()]})
    assert Evidence.objects.count() == 1


def test_another_persons_form_key_opens_nothing_of_theirs(client, holder):
    key = uuid4()
    theirs = workflow.Entry(code="ILT-1D", title="Their secret", completed_on=TODAY)
    workflow.log(make_holder(), theirs, key=key, at=NOW, today=TODAY)
    page = client.post(LOG, entry(key=str(key)))
    assert "This form is not yours." in page.text
    assert "Their secret" not in page.text
    assert not Activity.objects.of(holder).exists()


@pytest.mark.parametrize("key", ["", "no key", "x" * 5000])
def test_a_broken_key_is_no_reason_not_to_log(client, holder, key):
    client.post(LOG, entry(key=key))
    assert Activity.objects.of(holder).count() == 1


def test_kind_comes_from_the_catalogues_link(client, holder):
    assert client.get(f"{LOG}?type=TW-ATT").context["form"]["type"].value() == "TW-ATT"


def test_another_like_this_brings_kind_and_title_but_no_day(client, holder):
    activity = make_activity(holder, "ILT-HR", quantity=Decimal(2), title="Weekly course")
    form = client.get(f"{LOG}?like={activity.pk}").context["form"]
    assert (form["type"].value(), form["title"].value()) == ("ILT-HR", "Weekly course")
    assert form["completed_on"].value() is None


@pytest.mark.parametrize("like", ["", "x", "0", "99", "9" * 40])
def test_another_like_nothing_is_an_empty_form(client, holder, like):
    assert client.get(LOG, {"like": like}).context["form"]["title"].value() is None


def test_nobody_copies_another_persons_activity(client, holder):
    theirs = make_activity(make_holder(), title="A secret title")
    assert "A secret title" not in client.get(f"{LOG}?like={theirs.pk}").text


# --- what a file says is proposed -----------------------------------------------------------------------------------


def test_reading_first_keeps_the_file_and_what_was_typed_and_proposes_the_rest(client, holder):
    page = client.post(LOG, entry(title="", completed_on="", read="yes", evidence=[certificate()]))
    kept = Evidence.objects.get()
    assert not Activity.objects.exists()
    assert not page.context["form"].errors
    assert f'name="kept" value="{kept.pk}"' in page.text
    assert page.context["form"]["type"].value() == "ILT-1D"
    for proposal in (
        "Use “Rules and calculations in depth”, found in certificate.pdf",
        "Use 2 March 2026, found in certificate.pdf",
        "certificate.pdf says 22 hours, this kind counts 8 hours.",
    ):
        assert proposal in page.text


def test_nothing_is_filled_in_silently(client, holder):
    page = client.post(LOG, {"read": "yes", "evidence": [certificate()]})
    assert not any(page.context["form"][name].value() for name in ("title", "completed_on", "quantity"))


@pytest.mark.parametrize(
    ("use", "name", "value"),
    [
        ("title:Rules: in depth", "title", "Rules: in depth"),
        ("completed_on:2026-03-02", "completed_on", "2026-03-02"),
        ("quantity:22", "quantity", "22"),
    ],
)
def test_a_proposal_fills_its_one_field_and_leaves_all_others(client, holder, use, name, value):
    said = entry(type="ILT-HR", title="", completed_on="", quantity="", held_at="14:30", started_on="2026-03-01")
    page = client.post(LOG, {**said, "use": use, "kept": [str(keep(holder).pk)]})
    form = page.context["form"]
    expected = {**said, name: value}
    assert {field: form[field].value() for field in expected} == expected
    assert len(form.kept_aside) == 1
    assert not form.errors
    assert not Activity.objects.exists()


@pytest.mark.parametrize("use", ["", "title", "key:x", "kept:x", "holder:1", "points:40", ":", "type:OSP-LEAD"])
def test_only_what_is_proposed_can_be_filled_in_that_way(client, holder, use):
    said = entry()
    form = client.post(LOG, {**said, "use": use}).context["form"]
    sent = {name: form[name].value() for name in said}
    assert sent == ({**said, "title": ""} if use == "title" else said)


def test_after_proposals_were_used_the_form_logs(client, holder):
    page = client.post(LOG, entry(type="ILT-HR", title="", read="yes", evidence=[certificate()]))
    kept = [str(evidence.pk) for evidence in page.context["form"].kept_aside]
    page = client.post(LOG, entry(type="ILT-HR", title="Mine", kept=kept, use="quantity:22"))
    client.post(LOG, entry(type="ILT-HR", title="Mine", kept=kept, quantity=page.context["form"]["quantity"].value()))
    activity = Activity.objects.get()
    assert (activity.points, activity.evidence_files.count()) == (22, 1)


def test_a_difference_is_pointed_out_and_blocks_nothing(client, holder):
    said = entry(type="ILT-HR", quantity="24", completed_on="2026-03-04")
    page = client.post(LOG, {**said, "read": "yes", "evidence": [certificate()]})
    assert "certificate.pdf says 22 hours, you entered 24 hours." in page.text
    assert "certificate.pdf says 2 March 2026, you entered 4 March 2026." in page.text
    client.post(LOG, {**said, "kept": [str(Evidence.objects.get().pk)]})
    assert Activity.objects.get().points == 24


def test_another_persons_name_is_pointed_out_and_blocks_nothing(client):
    holder = make_holder("Alex Kim")
    client.force_login(holder)
    page = client.post(LOG, entry(read="yes", evidence=[certificate()]))
    assert "certificate.pdf names Robin Rivera; your account says Alex Kim." in page.text
    assert reverse("preferences") in page.text
    client.post(LOG, entry(kept=[str(Evidence.objects.get().pk)]))
    assert Activity.objects.count() == 1


def test_ones_own_name_is_not_pointed_out(client):
    client.force_login(make_holder("Robin Rivera"))
    assert "your account says" not in client.post(LOG, entry(read="yes", evidence=[certificate()])).text


def test_reading_without_a_file_asks_for_one(client, holder):
    form = client.post(LOG, entry(title="", read="yes")).context["form"]
    assert form.errors == {"evidence": ["Choose a file first, then it can be read."]}


def test_reading_a_file_that_is_not_accepted_says_why(client, holder):
    form = client.post(LOG, entry(title="", read="yes", evidence=[word_file()])).context["form"]
    assert list(form.errors) == ["evidence"]
    assert "This is a text document." in form.errors["evidence"][0]


@pytest.mark.parametrize(
    ("upload", "said", "sentence"),
    [
        (certificate, {}, "Read. What was found stands beside the fields below."),
        (
            lambda: certificate("completed Rules in depth", "on March 2, 2026", "8 hours"),
            {},
            "Read. What you entered is what it says.",
        ),
        (picture_upload, {}, "Kept, but no date, hours or title could be read from it."),
    ],
)
def test_what_came_of_reading_is_said(client, holder, upload, said, sentence):
    assert sentence in client.post(LOG, entry(read="yes", evidence=[upload()], **said)).text


def test_what_a_file_says_is_shown_as_text_never_as_markup(client, holder):
    facts = {"titles": ['"><script>alert(1)</script>'], "names": ["<b>Eve</b>"], "hours": ["<i>"], "dates": ["x"]}
    kept = make_evidence(holder, facts=facts)
    page = client.post(LOG, entry(title="", read="yes", kept=[str(kept.pk)])).text
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<b>Eve" not in page


def test_files_of_an_activity_propose_and_differ_in_the_form_to_change_it(client, holder):
    activity = make_activity(holder, "ILT-HR", quantity=Decimal(24), evidence=False)
    evidence = make_evidence(holder, activity, facts={"hours": ["22"]})
    address = reverse("change_activity", args=[activity.pk])
    assert "certificate.pdf says 22 hours, you entered 24 hours." in client.get(address).text
    page = client.post(address, entry(type="ILT-HR", quantity="24", use="quantity:22"))
    assert page.context["form"]["quantity"].value() == "22"
    page = client.post(address, entry(type="ILT-HR", quantity="24", read="yes", remove=[str(evidence.pk)]))
    assert "certificate.pdf says" not in page.text  # it is about to be taken away
    activity.refresh_from_db()
    assert activity.points == 24


def test_enter_in_a_field_logs_and_uses_no_proposal(client, holder):
    kept = make_evidence(holder, facts={"titles": ["Another title"]})
    page = client.post(LOG, entry(title="", read="yes", kept=[str(kept.pk)])).text
    form = page[page.index("data-log") :]
    first = form[form.index('<button type="submit"') :]
    assert first.startswith('<button type="submit" hidden></button>')


# --- nothing typed or uploaded is lost --------------------------------------------------------------------------------


def test_a_good_file_stays_when_another_field_has_an_error(client, holder):
    page = client.post(LOG, entry(title="", evidence=[pdf_upload()]))
    kept = Evidence.objects.get()
    assert not Activity.objects.exists()
    assert f'name="kept" value="{kept.pk}"' in page.text
    client.post(LOG, entry(kept=[str(kept.pk)]))
    assert Activity.objects.get().evidence_files.get() == kept


def test_a_rejected_file_says_why_at_the_field_and_the_good_one_of_the_same_upload_stays(client, holder):
    page = client.post(LOG, entry(evidence=[word_file(), pdf_upload()]))
    [problem] = page.context["form"].errors["evidence"]
    assert problem.startswith("certificate.docx: This is a text document.")
    assert page.context["form"]["title"].value() == "Rules in depth"
    assert [e.shown_name for e in page.context["form"].kept_aside] == ["certificate.pdf"]


def test_a_kept_file_can_be_taken_away_again(client, holder):
    kept = keep(holder)
    client.post(LOG, entry(kept=[str(kept.pk)], remove=[str(kept.pk)]))
    assert not Evidence.objects.exists()
    assert Activity.objects.count() == 1


def test_another_persons_kept_file_is_neither_shown_nor_used(client, holder):
    theirs = keep(make_holder())
    page = client.post(LOG, entry(title="", kept=[str(theirs.pk)]))
    assert str(theirs.pk) not in page.text
    client.post(LOG, entry(kept=[str(theirs.pk)]))
    theirs.refresh_from_db()
    assert theirs.activity is None


def test_another_persons_kept_file_is_not_removed(client, holder):
    theirs = keep(make_holder())
    client.post(LOG, entry(kept=[str(theirs.pk)], remove=[str(theirs.pk)]))
    assert Evidence.objects.filter(pk=theirs.pk).exists()


def test_a_file_of_another_activity_of_ones_own_stays_there(client, holder):
    evidence = make_evidence(holder, make_activity(holder))
    client.post(LOG, entry(kept=[str(evidence.pk)]))
    before = evidence.activity_id
    evidence.refresh_from_db()
    assert evidence.activity_id == before


def test_what_is_no_file_name_of_ours_is_passed_over(client, holder):
    client.post(LOG, entry(kept=["x", "", "1"], remove=["../../etc"]))
    assert Activity.objects.count() == 1


def test_more_files_than_an_activity_holds_are_refused_with_a_sentence_and_the_first_ones_kept(client, holder):
    kept = [str(make_evidence(holder).pk) for _ in range(rules.MAX_FILES_PER_ACTIVITY - 1)]
    page = client.post(LOG, entry(kept=kept, evidence=[pdf_upload("last.pdf"), pdf_upload("toomany.pdf")]))
    [problem] = page.context["form"].errors["evidence"]
    assert problem.startswith("toomany.pdf: An activity holds at most 10 files.")
    assert len(page.context["form"].kept_aside) == rules.MAX_FILES_PER_ACTIVITY


# --- changing and removing --------------------------------------------------------------------------------------------


def test_changing_corrects_the_activity_and_adds_and_takes_away_files(client, holder):
    activity = make_activity(holder)
    old = activity.evidence_files.get()
    client.post(
        reverse("change_activity", args=[activity.pk]),
        entry(title="Corrected", type="ILT-2D", evidence=[pdf_upload("new.pdf")], remove=[str(old.pk)]),
    )
    activity.refresh_from_db()
    assert (activity.title, activity.points) == ("Corrected", 16)
    assert [e.shown_name for e in activity.evidence_files.all()] == ["new.pdf"]


def test_a_file_marked_for_removal_stays_until_the_form_is_right(client, holder):
    activity = make_activity(holder)
    old = activity.evidence_files.get()
    page = client.post(reverse("change_activity", args=[activity.pk]), entry(title="", remove=[str(old.pk)]))
    assert activity.evidence_files.get() == old
    assert page.context["form"].ticked == [old.pk]


def test_the_form_to_change_shows_what_stands(client, holder):
    activity = make_activity(holder, "ILT-HR", date(2026, 2, 3), quantity=Decimal("1.5"), title="As it was")
    page = client.get(reverse("change_activity", args=[activity.pk])).text
    for shown in ('value="2026-02-03"', 'value="As it was"', 'value="1.5"', "certificate.pdf"):
        assert shown in page


def test_an_activity_whose_kind_earns_no_points_any_more_can_still_be_corrected(client, holder):
    activity = make_activity(holder, completed_on=date(2026, 3, 2))
    ActivityType.objects.filter(code="ILT-1D").update(is_eligible=False)
    client.post(reverse("change_activity", args=[activity.pk]), entry(title="Corrected"))
    activity.refresh_from_db()
    assert activity.title == "Corrected"


def test_a_counted_activity_leads_to_its_page_instead_of_the_form(client, holder):
    activity = make_points(holder, 40)
    send(make_credential(holder))
    for method in (client.get, client.post):
        response = method(reverse("change_activity", args=[activity.pk]))
        assert response.url == reverse("activity", args=[activity.pk])


def test_removing_asks_first(client, holder):
    activity = make_activity(holder)
    address = reverse("remove_activity", args=[activity.pk])
    assert "cannot be undone" in client.get(address).text
    assert Activity.objects.exists()
    assert client.post(address).url == reverse("activities")
    assert not Activity.objects.exists()


def test_a_counted_activity_is_not_removed_and_says_why(client, holder):
    activity = make_points(holder, 40)
    submission = send(make_credential(holder))
    page = client.post(reverse("remove_activity", args=[activity.pk]), follow=True)
    assert f"counted by {submission}" in page.text
    assert Activity.objects.exists()


def test_one_file_can_be_taken_away(client, holder):
    activity = make_activity(holder)
    evidence = activity.evidence_files.get()
    response = client.post(reverse("remove_evidence", args=[evidence.pk]))
    assert response.url == reverse("activity", args=[activity.pk])
    assert not Evidence.objects.exists()


def test_a_file_of_a_counted_activity_stays_and_the_page_says_why(client, holder):
    activity = make_points(holder, 40)
    send(make_credential(holder))
    page = client.post(reverse("remove_evidence", args=[activity.evidence_files.get().pk]), follow=True)
    assert "can no longer be changed" in page.text
    assert Evidence.objects.exists()


# --- who may see and do what ------------------------------------------------------------------------------------------

FILES = ["evidence_picture", "evidence_file"]


@pytest.mark.parametrize("name", FILES)
def test_evidence_is_handed_out_with_everything_forbidden(client, holder, name):
    evidence = keep(holder, pdf_upload())
    response = client.get(reverse(name, args=[evidence.pk]))
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store, private"
    response.close()


def test_the_picture_is_our_own_png(client, holder):
    evidence = keep(holder, pdf_upload())
    response = client.get(reverse("evidence_picture", args=[evidence.pk]))
    assert response.headers["Content-Type"] == "image/png"
    assert response.getvalue().startswith(b"\x89PNG")


def test_the_original_comes_untouched_and_only_as_an_attachment(client, holder):
    upload = pdf_upload("Zertifikat für Regeln.pdf")
    evidence = keep(holder, upload)
    response = client.get(reverse("evidence_file", args=[evidence.pk]))
    upload.seek(0)
    assert response.getvalue() == upload.read()
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", 'a";\r\nX-Evil: 1.pdf', "rtl\u202efdp.pdf"])
def test_a_hostile_file_name_comes_out_harmless(client, holder, name):
    evidence = keep(holder, pdf_upload("x.pdf"))
    Evidence.objects.filter(pk=evidence.pk).update(shown_name=rules.clean_name(name))
    response = client.get(reverse("evidence_file", args=[evidence.pk]))
    disposition = response.headers["Content-Disposition"]
    response.close()
    assert disposition.startswith("attachment;")
    assert not [part for part in ("..", "/", "\r", "\n", "%E2%80%AE") if part in disposition]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_from_the_disk_is_not_found(client, holder, name):
    evidence = make_evidence(holder, make_activity(holder, evidence=False))
    assert client.get(reverse(name, args=[evidence.pk])).status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_a_stranger_and_a_missing_file_look_alike(client, holder, name):
    theirs = keep(make_holder(), pdf_upload())
    assert client.get(reverse(name, args=[theirs.pk])).status_code == 404
    assert client.get(reverse(name, args=[uuid4()])).status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_a_reviewer_sees_evidence_once_a_request_counts_it(client, name):
    holder = make_holder()
    evidence = keep(holder, pdf_upload())
    activity = make_points(holder, 40)
    Evidence.objects.filter(pk=evidence.pk).update(activity=activity)
    client.force_login(make_reviewer())
    assert client.get(reverse(name, args=[evidence.pk])).status_code == 404
    send(make_credential(holder))
    response = client.get(reverse(name, args=[evidence.pk]))
    response.close()
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["change_activity", "remove_activity"])
def test_another_persons_activity_is_not_found(client, holder, name, method):
    theirs = make_activity(make_holder())
    assert getattr(client, method)(reverse(name, args=[theirs.pk])).status_code == 404
    assert getattr(client, method)(reverse(name, args=[2**63])).status_code == 404
    assert Activity.objects.filter(pk=theirs.pk).exists()


def test_not_even_a_reviewer_takes_a_file_away(client):
    evidence = make_activity(make_holder()).evidence_files.get()
    client.force_login(make_reviewer())
    assert client.post(reverse("remove_evidence", args=[evidence.pk])).status_code == 404


def test_strangers_are_asked_to_sign_in(client):
    activity = make_activity(make_holder())
    evidence = activity.evidence_files.get()
    addresses = [LOG]
    addresses += [reverse(name, args=[activity.pk]) for name in ("change_activity", "remove_activity")]
    addresses += [reverse(name, args=[evidence.pk]) for name in [*FILES, "remove_evidence"]]
    for address in addresses:
        assert client.get(address).url.startswith(reverse("account_login")), address


def test_only_the_methods_that_a_page_has_are_answered(client, holder):
    evidence = make_activity(holder).evidence_files.get()
    assert client.put(LOG).status_code == 405
    assert client.get(reverse("remove_evidence", args=[evidence.pk])).status_code == 405
    assert client.post(reverse("evidence_file", args=[evidence.pk])).status_code == 405


# --- further pages ----------------------------------------------------------------------------------------------------


def with_second_page(evidence):
    EvidencePage.objects.create(evidence=evidence, number=2, picture=evidence.picture.name)
    return evidence


def page_address(evidence, number=2):
    return reverse("evidence_page", args=[evidence.pk, number])


def test_a_further_page_is_our_own_png_with_everything_forbidden(client, holder):
    response = client.get(page_address(with_second_page(keep(holder))))
    assert response.getvalue().startswith(b"\x89PNG")
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store, private"
    assert "Content-Disposition" not in response.headers or response.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("number", [0, 1, 3, 2**15, 2**63, 10**30])
def test_a_page_that_there_is_not_is_not_found(client, holder, number):
    assert client.get(page_address(with_second_page(keep(holder)), number)).status_code == 404


def test_a_strangers_page_is_not_found_and_asks_a_visitor_to_sign_in(client):
    evidence = with_second_page(keep(make_holder()))
    assert client.get(page_address(evidence)).url.startswith(reverse("account_login"))
    client.force_login(make_holder())
    assert client.get(page_address(evidence)).status_code == 404
    client.force_login(make_reviewer())
    assert client.get(page_address(evidence)).status_code == 404


def test_a_reviewer_sees_a_further_page_once_a_request_counts_it(client):
    holder = make_holder()
    evidence = with_second_page(keep(holder))
    Evidence.objects.filter(pk=evidence.pk).update(activity=make_points(holder, 40))
    send(make_credential(holder))
    client.force_login(make_reviewer())
    assert client.get(page_address(evidence)).getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("state", [{"held_since": NOW}, {"harmful": "Eicar"}])
def test_a_page_of_what_is_held_or_refused_is_shown_to_nobody(client, holder, state):
    evidence = with_second_page(keep(holder))
    Evidence.objects.filter(pk=evidence.pk).update(**state)
    assert client.get(page_address(evidence)).status_code == 404


# --- size -------------------------------------------------------------------------------------------------------------


def test_the_form_asks_the_database_as_often_for_one_activity_as_for_thirty(
    client, holder, django_assert_max_num_queries
):
    make_activity(holder)
    client.get(LOG)  # what only the first page of a session asks is left out
    with django_assert_max_num_queries(50) as one:
        client.get(LOG)
    for code in ("ILT-2D", "TT-ATT", "ILT-HR", *["ILT-3D"] * 26):
        make_activity(holder, code)
    with django_assert_max_num_queries(50) as thirty:
        client.get(LOG)
    assert len(thirty) == len(one)
