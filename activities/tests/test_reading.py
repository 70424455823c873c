"""What certificates and confirmations say, and whether two names are one person's."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities import reading
from activities.reading import facts, mentions, names_match

LETTERS = st.text(alphabet=st.characters(codec="utf-8"))
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
NAMES = st.lists(
    st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=2, max_size=9), min_size=2, max_size=4
)


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("3 June 2025", ["2025-06-03"]),
        ("Completed on June 3, 2025.", ["2025-06-03"]),
        ("June 3rd, 2025", ["2025-06-03"]),
        ("the 3rd of June, 2025", ["2025-06-03"]),
        ("03-Jun-2025", ["2025-06-03"]),
        ("Jun. 3 2025", ["2025-06-03"]),
        ("JUNE 3, 2025", ["2025-06-03"]),
        ("Sept 9, 2024", ["2024-09-09"]),
        ("2025 June 3", ["2025-06-03"]),
        ("Tue, 03 Jun 2025 09:00:00 -0400", ["2025-06-03"]),
        ("2025-06-03", ["2025-06-03"]),
        ("2025/6/3", ["2025-06-03"]),
        ("2025-06-03T09:00:00Z", ["2025-06-03"]),
        ("03.06.2025", ["2025-06-03"]),
        ("3. 6. 2025", ["2025-06-03"]),
        ("03.06.25", ["2025-06-03"]),
        ("06/03/2025", ["2025-03-06", "2025-06-03"]),
        ("06/23/2025", ["2025-06-23"]),
        ("23/06/2025", ["2025-06-23"]),
        ("06/06/2025", ["2025-06-06"]),
        ("6/23/25", ["2025-06-23"]),
        ("June 3-5, 2025", ["2025-06-03", "2025-06-05"]),
        ("3 to 5 June 2025", ["2025-06-03", "2025-06-05"]),
        ("3rd - 5th June 2025", ["2025-06-03", "2025-06-05"]),
        ("June 30 – July 2, 2025", ["2025-06-30", "2025-07-02"]),
        ("30 June - 2 July 2025", ["2025-06-30", "2025-07-02"]),
        ("from 2025-06-03 to 2025-06-05", ["2025-06-03", "2025-06-05"]),
        ("29 February 2024", ["2024-02-29"]),
        ("29 February 2025", []),
        ("31/31/2025", []),
        ("June 2025", []),
        ("12345/06/2025", []),
        ("version 1.2.3", []),
        ("may 5 people join", []),
        ("3 June 1899", []),
    ],
)
def test_the_days_that_a_line_names(line, days):
    assert facts(line)["dates"] == days


@given(DAYS, st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y", "%d-%b-%Y"]))
def test_every_day_is_read_in_every_plain_form(day, form):
    assert facts(f"Completed on {day.strftime(form)}")["dates"] == [day.isoformat()]


@given(DAYS, st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_a_day_that_can_be_read_in_two_ways_is_given_in_both(day, form):
    found = facts(day.strftime(form))["dates"]
    assert day.isoformat() in found
    assert len(found) == (2 if day.day <= 12 and day.day != day.month else 1)


# --- hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "amounts"),
    [
        ("8 hours", ["8"]),
        ("an 8-hour course", ["8"]),
        ("7.5 hrs", ["7.5"]),
        ("1,5 hours", ["1.5"]),
        ("16 CPE", ["16"]),
        ("16 CPE credits", ["16"]),
        ("16 CPEs", ["16"]),
        ("CPE credits: 8.0", ["8"]),
        ("CPE Credits Earned: 24", ["24"]),
        ("CPE: 8", ["8"]),
        ("Recommended CPE credit hours 2.50", ["2.5"]),
        ("Duration: 2 hours", ["2"]),
        ("for 3 continuing professional education credits", ["3"]),
        ("10 credit hours", ["10"]),
        ("at 14:00 hours", []),
        ("24 hours before the event", []),
        ("0 hours", []),
        ("Credit card 4111", []),
        ("room 8", []),
    ],
)
def test_the_hours_that_a_line_grants(line, amounts):
    assert facts(line)["hours"] == amounts


# --- titles and names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title", "name"),
    [
        (
            "This is to certify that\nAda King Lovelace\nhas successfully completed\nRules in depth\non June 3, 2025",
            "Rules in depth",
            "Ada King Lovelace",
        ),
        (
            "This certifies that Ada Lovelace has completed the course “Rules in depth” on 3 June 2025.",
            "Rules in depth",
            "Ada Lovelace",
        ),
        (
            "This certificate is presented to ADA LOVELACE for completion of Advanced Rules",
            "Advanced Rules",
            "ADA LOVELACE",
        ),
        ("Awarded to: Ada Lovelace\nCourse: Rules in depth\nCPE: 8", "Rules in depth", "Ada Lovelace"),
        ("Participant: Lovelace, Ada\nCourse title: Rules in depth", "Rules in depth", "Lovelace, Ada"),
        (
            "Subject: Registration confirmation: Tech Talk: Rule performance\n\nDear Ada Lovelace,\nsee you there",
            "Tech Talk: Rule performance",
            "Ada Lovelace",
        ),
        ("Subject: Re: Fwd: Thank you for attending Rule performance\n\nHi Ada!", "Rule performance", "Ada"),
        (
            "Attendance certificate\nCertifies that Zoë O'Neill-Åberg attended the webinar Rule performance",
            "Rule performance",
            "Zoë O'Neill-Åberg",
        ),
        ("Certificate\nThis is to certify that 山田 太郎\nhas completed Rules in depth", "Rules in depth", "山田 太郎"),
    ],
)
def test_title_and_name_of_a_certificate(text, title, name):
    found = facts(text)
    assert found["titles"][0] == title
    assert found["names"][0] == name


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir,",
        "Dear team,",
        "Dear customer 4711,",
        "Hi all",
        "Name: ____",
        "presented to https://example.com",
        "Dear",
    ],
)
def test_what_is_nobodys_name(text):
    assert facts(text)["names"] == []


def test_what_stands_nowhere_is_not_proposed():
    assert facts("") == facts("Lorem ipsum dolor") == {"dates": [], "hours": [], "titles": [], "names": []}


def test_no_more_than_ten_of_each_are_proposed_and_each_once():
    text = "\n".join(f"2025-06-{day:02} and 2025-06-01" for day in range(1, 31))
    assert facts(text)["dates"] == [f"2025-06-{day:02}" for day in range(1, 11)]


# --- whatever it is given ---------------------------------------------------------------------------------------------


@given(LETTERS)
def test_no_text_is_too_strange(text):
    found = facts(text)
    assert set(found) == {"dates", "hours", "titles", "names"}
    assert all(isinstance(value, str) and 0 < len(value) <= 400 for values in found.values() for value in values)


_WORDS = """June 3 2025 03.06.2025 to - , hours CPE : credits completed the certify that presented to Dear Subject:
    Re: Ada 8 Course: on"""
WORDS = st.sampled_from([*_WORDS.split(), "\n"])


@given(st.lists(WORDS, max_size=60))
def test_no_order_of_the_right_words_is_too_strange(words):
    assert all(date.fromisoformat(day) for day in facts(" ".join(words))["dates"])


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1 ",
        "1.",
        "1/",
        "June ",
        "3 June ",
        "certify that ",
        "completed ",
        "Subject: Re: ",
        "cpe credit ",
        "\n",
        "thank you ",
        "Dear A ",
        "é",
        "the ",
    ],
)
def test_a_megabyte_of_anything_is_read_in_a_moment(piece):
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    facts(text)
    names_match(text, text)
    mentions(text, text)
    assert time.process_time() - begun < 2


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_file", "holder"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("ADA LOVELACE", "ada lovelace"),
        ("Lovelace, Ada", "Ada Lovelace"),
        ("Ada King Lovelace", "Ada Lovelace"),
        ("Ada Lovelace", "Ada K. Lovelace"),
        ("A. Lovelace", "Ada Lovelace"),
        ("Ada L.", "Ada Lovelace"),
        ("Dr. Ada Lovelace, PhD", "Ada Lovelace"),
        ("José Müller", "Jose Muller"),
        ("Jose Mueller", "José Müller"),
        ("Soren Oster", "Søren Øster"),
        ("Zoe O'Neill", "Zoë O’Neill"),
        ("Zoe ONeill", "Zoë O'Neill"),
        ("Anne-Marie Smith", "Anne Marie Smith"),
        ("Annemarie Smith", "Anne Marie Smith"),
        ("Ada", "Ada Lovelace"),
        ("山田 太郎", "山田太郎"),
        ("Straße Weiß", "Strasse Weiss"),
    ],
)
def test_names_of_one_person(on_file, holder):
    assert names_match(on_file, holder)
    assert names_match(holder, on_file)


@pytest.mark.parametrize(
    ("on_file", "holder"),
    [
        ("Grace Hopper", "Ada Lovelace"),
        ("Ada Byron", "Ada Lovelace"),
        ("Grace Lovelace", "Ada Lovelace"),
        ("J. Smith", "Ada Smith"),
        ("A. L.", "Ada Lovelace"),
        ("Ada Ada", "Ada Lovelace"),
        ("", "Ada Lovelace"),
        ("123", "Ada Lovelace"),
        ("Lovelace Grace", "Ada Lovelace"),
    ],
)
def test_names_of_two_people(on_file, holder):
    assert not names_match(on_file, holder)
    assert not names_match(holder, on_file)


@given(NAMES, st.randoms())
def test_a_name_is_itself_in_any_order_and_case(words, chance):
    mixed = [word.upper() if chance.random() < 0.5 else word for word in words]
    chance.shuffle(mixed)
    assert names_match(" ".join(mixed), " ".join(words))


@given(LETTERS, LETTERS)
def test_no_names_are_too_strange(one, other):
    assert names_match(one, other) == names_match(other, one)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("awarded to Ada Lovelace for", True),
        ("LOVELACE, ADA", True),
        ("Ada King\nLovelace", True),
        ("Ada was here. Much later somebody called her name: Lovelace", False),
        ("Grace Hopper", False),
        ("", False),
    ],
)
def test_whether_a_text_names_somebody(text, found):
    assert mentions(text, "Ada Lovelace") is found


def test_facts_hold_what_the_inspection_lets_through():
    assert list(reading.facts("")) == ["dates", "hours", "titles", "names"]
