"""Bringing credentials in from the registry: every file it may send, and no grant ever taken back."""

import io
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress

from certifications import roster
from certifications.models import Certification, Credential, Extension
from certifications.rules import add_months
from onepoints.tests.factories import NOW, make_credential, make_holder, make_reviewer
from onepoints.tests.races import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]

HEAD = "candidate_id,certification,email,name,earned_on,expires_on\n"
LINE = "OS00000001,OCA-ADM,ada@example.com,Ada Lovelace,2025-05-12,2027-05-12\n"
MAY_27, MAY_29 = date(2027, 5, 12), date(2029, 5, 12)


def read(text: str, **options):
    return roster.read(io.StringIO(text, newline=""), **options)


def rows(text: str, **options):
    found, problems = read(text, **options)
    assert problems == []
    return found


def reasons(text: str, **options) -> list[str]:
    _rows, problems = read(text, **options)
    return [str(problem) for problem in problems]


def bring(text: str, **options) -> roster.Difference:
    return roster.apply(rows(text, **options), at=NOW)


def grant(credential: Credential, until: date, *, source: str = "SUB-00042", confirmed_at=None) -> Extension:
    """Extend a credential as an approval does."""
    months = (until.year - credential.expires_on.year) * 12
    extension = credential.extend(
        from_day=credential.expires_on, months=months, source=source, by=make_reviewer(), at=NOW
    )
    Extension.objects.update(confirmed_at=confirmed_at)
    return extension


# --- what a file may look like ----------------------------------------------------------------------------------------


def test_a_line_becomes_a_row_with_everything_in_it():
    (row,) = rows(HEAD + LINE)
    assert (row.line, row.candidate_id, row.certification.code) == (2, "OS00000001", "OCA-ADM")
    assert (row.email, row.name) == ("ada@example.com", "Ada Lovelace")
    assert (row.earned_on, row.expires_on) == (date(2025, 5, 12), MAY_27)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEAD + LINE,
        (HEAD + LINE).replace("\n", "\r\n"),
        HEAD + LINE.rstrip(),
        HEAD + "\n" + LINE + "\n,,,,,\n\r\n",
        'Candidate ID,"Credential",E-Mail,Full  Name,Issue Date,Expiration Date\n' + LINE,
        HEAD + LINE.replace("OCA-ADM", "os-102"),
        HEAD + LINE.replace("OCA-ADM", "OCA Administration R2"),
        HEAD + LINE.replace("Ada Lovelace", '"Ada\nLovelace"'),
        HEAD + LINE.replace("Ada Lovelace", "Ada\x00 \u202eLovelace"),
        HEAD + LINE.replace("ada@", "Ada@").replace("OS0", " os0"),
    ],
    ids=[
        "bom",
        "crlf",
        "no last newline",
        "empty lines",
        "other headers",
        "exam",
        "title",
        "newline",
        "control",
        "case",
    ],
)
def test_files_that_say_the_same_are_read_the_same(text):
    (row,) = rows(text)
    assert (row.key, row.email, row.name) == (rows(HEAD + LINE)[0].key, "ada@example.com", "Ada Lovelace")


def test_headers_delimiter_and_date_format_can_be_named():
    text = "Nr;Title;Valid thru\nOS1;OCA-ADM;12.05.2027\n"
    headers = {"candidate_id": "Nr", "expires_on": "Valid thru"}
    (row,) = rows(text, headers=headers, delimiter=";", day_format="%d.%m.%Y")
    assert (row.candidate_id, row.expires_on, row.email, row.earned_on) == ("OS1", MAY_27, "", None)


def test_a_code_wins_over_another_ones_title():
    Certification.objects.create(code="OCA X", name="Elsewhere", level="associate")
    Certification.objects.create(code="Z", name="X", level="associate")
    (row,) = rows(HEAD + LINE.replace("OCA-ADM", "OCA X"))
    assert row.certification.code == "OCA X"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: there is no column for candidate_id, certification, expires_on; found: nothing"),
        ("candidate_id,expires_on\nOS1,2027-05-12\n", "line 1: there is no column for certification; found:"),
        (HEAD + LINE.replace("OS00000001", ""), "line 2: the candidate ID is empty"),
        (HEAD + LINE.replace("OS00000001", "9" * 41), "longer than 40 characters"),
        (HEAD + LINE.replace("OCA-ADM", "OCA-XXX"), "line 2: there is no certification “OCA-XXX”"),
        (HEAD + LINE.replace("2027-05-12", "2027-02-30"), "“2027-02-30” is not a day written as %Y-%m-%d"),
        (HEAD + LINE.replace("2027-05-12", "12/05/2027"), "is not a day written as"),
        (HEAD + LINE.replace("2027-05-12", ""), "“” is not a day"),
        (HEAD + LINE.replace("2027-05-12", "0027-05-12"), "the year of “0027-05-12” cannot be right"),
        (HEAD + LINE.replace("2025-05-12", "2028-01-01"), "before it was earned on 2028-01-01"),
        (HEAD + LINE.replace("ada@example.com", "ada at example"), "“ada at example” is not an e-mail address"),
        (HEAD + LINE.replace("ada@example.com", "a" * 300 + "@example.com"), "is longer than 254 characters"),
        (HEAD + LINE.replace("Ada Lovelace", "Lovelace, Ada"), "line 2: it has more cells than there are columns"),
        (HEAD + LINE + LINE.lower(), "line 3: the same candidate and certification stand in line 2 already"),
        (HEAD + LINE.replace("Ada", "A" * 200_000), "field larger than field limit"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(text, reason):
    assert [r for r in reasons(text) if reason in r], reasons(text)


def test_every_bad_line_is_listed_and_good_ones_are_kept():
    found, problems = read(HEAD + LINE + LINE.replace("OCA-ADM", "?") + "OS2,OCA-IMP,,,,2027-01-31\n" + "x\n")
    assert [row.line for row in found] == [2, 4]
    assert [problem.line for problem in problems] == [3, 5]


def test_a_header_that_was_named_but_is_not_there_is_an_error_even_where_optional():
    assert reasons(HEAD + LINE, headers={"email": "Mail"}) == [
        "line 1: there is no column for email; found: candidate_id, certification, email, name, earned_on, expires_on"
    ]


def test_a_file_in_another_encoding_is_a_problem_not_a_crash():
    file = io.TextIOWrapper(io.BytesIO((HEAD + LINE.replace("Ada", "Jürgen")).encode("latin-1")), "utf-8", newline="")
    _, (problem,) = roster.read(file)
    assert "utf-8" in problem.reason


# --- what it changes --------------------------------------------------------------------------------------------------


def test_a_second_import_changes_nothing():
    first = bring(HEAD + LINE)
    assert (len(first.new), first.unchanged) == (1, 0)
    before = Credential.objects.values().get()
    second = bring(HEAD + LINE)
    assert second == roster.Difference(unchanged=1)
    assert Credential.objects.values().get() == before


def test_comparing_writes_nothing():
    make_credential(make_holder(), candidate_id="OS2")
    difference = roster.compare(rows(HEAD + LINE + "OS2,OCA-ADM,,New Name,,2028-01-01\n"))
    assert (len(difference.new), len(difference.moved), len(difference.renamed)) == (1, 1, 1)
    assert list(Credential.objects.values_list("candidate_id", "expires_on", "registry_name")) == [("OS2", MAY_27, "")]


def test_a_moved_date_is_reported_from_and_to():
    bring(HEAD + LINE)
    difference = bring(HEAD + LINE.replace("2027-05-12", "2028-06-30"))
    ((before, credential),) = difference.moved
    assert (before, credential.expires_on) == (MAY_27, date(2028, 6, 30))
    assert Credential.objects.get().expires_on == date(2028, 6, 30)


def test_an_empty_cell_takes_nothing_away():
    bring(HEAD + LINE)
    assert bring("candidate_id,certification,expires_on\nOS00000001,OCA-ADM,2027-05-12\n").unchanged == 1
    assert Credential.objects.get().registry_name == "Ada Lovelace"


def test_a_grant_the_registry_does_not_show_yet_is_kept_and_reported():
    bring(HEAD + LINE)
    credential = Credential.objects.get()
    grant(credential, MAY_29)
    difference = bring(HEAD + LINE)
    assert difference.kept == [(MAY_27, credential)]
    assert (difference.moved, difference.confirmed, difference.unchanged) == ([], [], 0)
    assert Credential.objects.get().expires_on == MAY_29
    assert Extension.objects.get().confirmed_at is None


def test_a_grant_the_registry_shows_is_confirmed_once():
    bring(HEAD + LINE)
    extension = grant(Credential.objects.get(), MAY_29)
    shown = HEAD + LINE.replace("2027-05-12", "2029-05-12")
    difference = bring(shown)
    assert (difference.confirmed, difference.moved) == ([extension], [])
    assert Extension.objects.get().confirmed_at == NOW
    assert bring(shown) == roster.Difference(unchanged=1)


def test_a_later_date_than_granted_confirms_and_moves():
    bring(HEAD + LINE)
    grant(Credential.objects.get(), MAY_29)
    difference = bring(HEAD + LINE.replace("2027-05-12", "2030-01-31"))
    assert (len(difference.confirmed), len(difference.moved)) == (1, 1)
    assert Credential.objects.get().expires_on == date(2030, 1, 31)


def test_an_old_file_takes_no_confirmed_grant_back_either():
    bring(HEAD + LINE)
    grant(Credential.objects.get(), MAY_29, confirmed_at=NOW)
    assert len(bring(HEAD + LINE).kept) == 1
    assert Credential.objects.get().expires_on == MAY_29


def test_a_failure_half_way_leaves_everything_as_it_was(monkeypatch):
    def fail(credentials):
        raise RuntimeError("half way")

    monkeypatch.setattr(roster, "_find_holders", fail)
    with pytest.raises(RuntimeError):
        bring(HEAD + LINE)
    assert not Credential.objects.exists()


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_a_record_goes_to_the_person_who_has_proved_its_address():
    ada = make_holder(email="ada@example.com")
    EmailAddress.objects.create(user=ada, email="ada@example.com", verified=True, primary=True)
    bring(HEAD + LINE)
    assert Credential.objects.get().holder == ada


def test_a_record_waits_for_a_person_who_has_not_proved_its_address():
    ada = make_holder(email="ada@example.com")
    EmailAddress.objects.create(user=ada, email="ada@example.com", verified=False, primary=True)
    bring(HEAD + LINE)
    assert Credential.objects.get().holder is None
    assert roster.claim(ada, "ADA@example.com") == 1
    assert Credential.objects.get().holder == ada
    assert roster.claim(ada, "ada@example.com") == 0


def test_a_record_goes_to_a_person_the_team_has_made():
    ada = make_holder(email="ada@example.com")
    bring(HEAD + LINE)
    assert Credential.objects.get().holder == ada


def test_nobody_gets_what_is_recorded_for_somebody_else():
    bring(HEAD + LINE)
    other = make_holder(email="eve@example.com")
    assert roster.claim(other, "eve@example.com") == 0
    assert Credential.objects.get().holder is None


def test_of_two_records_of_one_person_the_later_date_is_theirs_and_the_other_waits():
    ada = make_holder(email="ada@example.com")
    bring(HEAD + LINE + LINE.replace("OS00000001", "OS00000002").replace("2027-05-12", "2028-05-12"))
    held = dict(Credential.objects.values_list("candidate_id", "holder"))
    assert held == {"OS00000001": None, "OS00000002": ada.pk}


def test_a_changed_address_gives_an_unclaimed_record_to_its_person():
    bring(HEAD + LINE)
    grace = make_holder(email="grace@example.com")
    bring(HEAD + LINE.replace("ada@example.com", "grace@example.com"))
    assert Credential.objects.get().holder == grace


def test_a_changed_address_takes_no_record_from_its_holder():
    ada = make_holder(email="ada@example.com")
    make_holder(email="grace@example.com")
    bring(HEAD + LINE)
    bring(HEAD + LINE.replace("ada@example.com", "grace@example.com"))
    assert Credential.objects.get().holder == ada


# --- size -------------------------------------------------------------------------------------------------------------


def many(number: int) -> str:
    day = date(2027, 1, 1)
    return HEAD + "".join(
        f"OS{n:08d},OCA-ADM,p{n}@example.com,Person {n},,{day + timedelta(days=n % 700)}\n" for n in range(number)
    )


def test_twenty_thousand_rows_take_a_number_of_queries_that_grows_by_chunk(django_assert_max_num_queries):
    found = rows(many(20_000))
    chunks = 20_000 // roster.CHUNK
    with django_assert_max_num_queries(8 * chunks + 10):
        assert len(roster.apply(found, at=NOW).new) == 20_000
    with django_assert_max_num_queries(4 * chunks + 10):
        assert roster.apply(found, at=NOW).unchanged == 20_000
    assert Credential.objects.count() == 20_000


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_import_and_a_sign_up_at_the_same_moment_claim_each_record_once():
    for round_ in range(5):
        email = f"twin{round_}@example.com"
        user = make_holder(email=email)
        for n in range(3):
            Credential.objects.create(
                certification=Certification.objects.get(code="OCA-ADM"),
                candidate_id=f"OS{round_}-{n}",
                registry_email=email,
                expires_on=add_months(MAY_27, n),
            )
        together(4, lambda _n, user=user, email=email: roster.claim(user, email))
        assert Credential.objects.of(user).get().candidate_id == f"OS{round_}-2"
