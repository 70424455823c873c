"""What a certificate or a confirmation says: dates, hours, titles and names. Pure text in, proposals out.

Everything here proposes; a person decides. A date that can be read in two ways is given in both.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice

MAX_TEXT = 50_000  # characters read
MAX_LINE = 400
MAX_FACTS = 10


def facts(text: str) -> dict[str, list[str]]:
    """Dates (ISO), hours (decimal numbers), titles and names that the text seems to give, in its order."""
    lines = _lines(text)
    return {
        "dates": _some(day.isoformat() for line in lines for day in dates(line)),
        "hours": _some(amount for line in lines for amount in hours(line)),
        "titles": _some(titles(lines)),
        "names": _some(names(lines)),
    }


def _lines(text: str) -> list[str]:
    lines = (" ".join(line[:MAX_LINE].split()) for line in text[:MAX_TEXT].splitlines())
    return [line for line in lines if line]


def _some(found: Iterable[str]) -> list[str]:
    return list(islice(dict.fromkeys(found), MAX_FACTS))


# --- dates ------------------------------------------------------------------------------------------------------------

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH_NAMES = {*MONTHS, "sept", *(date(2000, month, 1).strftime("%B").lower() for month in range(1, 13))}
NUMERIC = re.compile(
    r"(?<!\d)(?:(?P<y>20\d\d)(?P<gap>[-/.])(?P<m>\d\d?)(?P=gap)(?P<d>\d\d?)"
    r"|(?P<a>\d\d?)(?P<bar>[-/.]) ?(?P<b>\d\d?)(?P=bar) ?(?P<c>20\d\d|\d\d))(?!\d)",
    re.ASCII,
)
TOKEN = re.compile(r"\d+|[A-Za-z]+|[^\sA-Za-z\d]", re.ASCII)
HYPHENATED = re.compile(r"(\d)-([A-Za-z]{3,9})-(\d)", re.ASCII)  # 03-Jun-2025
BETWEEN = {"-", "–", "—", "to", "until", "through", "and", "&", "/"}
SILENT = {"st", "nd", "rd", "th", "of", ".", ","}
YEAR_WITHIN = 9  # words after the month


def dates(line: str) -> Iterator[date]:
    """The days that a line names, also both ends of "June 30 to July 2, 2025"."""
    line = HYPHENATED.sub(r"\1 \2 \3", line)
    found = [(match.start(), day) for match in NUMERIC.finditer(line) for day in _numeric(match)]
    tokens = [match for match in TOKEN.finditer(line) if match[0].lower() not in SILENT]
    words = [token[0].lower() for token in tokens]
    for place, word in enumerate(words):
        if word in MONTH_NAMES:
            found += [(tokens[place].start(), day) for day in _named(words, place)]
    yield from (day for _, day in sorted(found, key=lambda item: item[0]))


def _numeric(match: re.Match[str]) -> Iterator[date]:
    if match["y"]:
        yield from _day(match["y"], match["m"], match["d"])
        return
    first, second, year = match["a"], match["b"], match["c"]
    yield from _day(year, second, first)
    if match["bar"] != "." and first != second:  # with full stops the day always comes first
        yield from _day(year, first, second)


def _named(words: list[str], place: int) -> Iterator[date]:
    month = str(MONTHS.index(words[place][:3]) + 1)
    after, before = words[place + 1 : place + 1 + YEAR_WITHIN], words[max(place - 3, 0) : place][::-1]
    year = next((word for word in (*after, *before[:1]) if re.fullmatch(r"20\d\d", word)), None)
    for day in _days(after, ahead=True) or _days(before, ahead=False):
        if year:
            yield from _day(year, month, day)


def _days(words: list[str], *, ahead: bool) -> list[str]:
    """The one day, or both ends of a range, next to the name of a month; `ahead` reads on, else backwards."""
    if not words or not _is_day(words[0]):
        return []
    if len(words) > 2 and words[1] in BETWEEN and _is_day(words[2]):
        another_month_follows = ahead and len(words) > 3 and words[3] in MONTH_NAMES
        return words[:1] if another_month_follows else sorted((words[0], words[2]), key=int)
    return words[:1]


def _is_day(word: str) -> bool:
    return re.fullmatch(r"\d\d?", word, re.ASCII) is not None


def _day(year: str, month: str, day: str) -> Iterator[date]:
    """The day, if the calendar has it."""
    try:
        yield date(int(year) if len(year) == 4 else 2000 + int(year), int(month), int(day))
    except ValueError:
        return


# --- hours ------------------------------------------------------------------------------------------------------------

_AMOUNT = r"(\d{1,3}(?:[.,]\d{1,2})?)"
_CREDIT = r"(?:cpe|cpd|ceu|ce|pdu|pdh|nasba|continuing professional education|contact|credit|training|learning|total)"
_UNIT = r"(?:credits?|hours?|hrs?|points?|units?|cpes?|pdus?)"
# "8 hours", "16 CPE", "8.0 CPE credit hours".
AMOUNT_FIRST = re.compile(
    rf"(?<![\d:.,/-]){_AMOUNT}[ -]?(?:{_CREDIT}[ -]){{0,3}}{_UNIT}\b(?! (?:before|ago|later|after|notice))",
    re.IGNORECASE,
)
# "CPE credits: 8.0", "Duration: 2 hours", "Total hours earned 16".
AMOUNT_LAST = re.compile(
    rf"\b(?:(?:{_CREDIT}[ -]){{0,3}}{_UNIT}|{_CREDIT}|duration)(?: (?:earned|awarded|granted|recommended|completed))?"
    rf"(?: ?[:=]| of| is)? ?{_AMOUNT}(?![\d:/]|[.,-]\d)",
    re.IGNORECASE,
)


def hours(line: str) -> Iterator[str]:
    """How many hours or credits a line grants, as decimal numbers without needless zeros."""
    found = [*AMOUNT_FIRST.finditer(line), *AMOUNT_LAST.finditer(line)]
    for match in sorted(found, key=lambda match: match.start(1)):
        whole, _, part = match[1].replace(",", ".").partition(".")
        amount = f"{int(whole)}.{part}".rstrip("0").rstrip(".") if part else str(int(whole))
        if amount != "0":
            yield amount


# --- titles and names -------------------------------------------------------------------------------------------------

TITLE_AFTER = re.compile(
    r"\b(?:(?:has |have )?(?:successfully )?(?:completed|completing|finished|attended|attending|passed|"
    r"participated in|participating in|completion of|participation in|attendance (?:at|of|in)|registered for|"
    r"signed up for|confirmed for)|"
    r"(?:course|class|program(?:me)?|event|session|webinar|workshop|training|topic|title|module)(?: title| name)? ?:)",
    re.IGNORECASE,
)
NAME_AFTER = re.compile(
    r"\b(?:(?:certif(?:y|ies)|confirms?|acknowledges?) that|(?:presented|awarded|granted|given|issued) to|"
    r"dear|hi|hello|congratulations,?|(?:participant|attendee|name|student|learner|recipient|holder)(?: name)? ?:)",
    re.IGNORECASE,
)
SUBJECT = re.compile(r"subject: (?:(?:re|fwd?|aw|wg): ?)*", re.IGNORECASE)
SUBJECT_PRELUDE = re.compile(
    r"(?:your )?(?:registration|booking|attendance|participation|completion|confirmation|confirmed|reminder|"
    r"certificate|thank(?:s| you)|you(?:'re| are))\b[^:]{0,60}?"
    r"(?::| for (?:attending|joining|registering for)?| of | - )",
    re.IGNORECASE,
)
LEADING = re.compile(
    r"(?:(?:the|this|our|a|an|following|all|requirements (?:of|for)|course|class|webinar|workshop|training|session|"
    r"program(?:me)?|event|titled|entitled|called|of|in|on|for|by|to|with|and)\b|[\s:;,.\-–—•*\"'“”‘’«»„])+",
    re.IGNORECASE,
)
BEGINS_AS_DATE = re.compile(
    rf"\d+(?:st|nd|rd|th)? (?:of )?(?:{'|'.join(MONTHS)})|(?:{'|'.join(MONTHS)})[a-z]* \d", re.IGNORECASE
)
STOPS = re.compile(
    r"\b(?:has|have|who|for|on|with|is|was|attended|completed|successfully|participated|took|held|conducted|from|earning|"
    r"dated)\b|[;|!?]|, (?=\d)",
    re.IGNORECASE,
)
TITLE_STOPS = re.compile(
    r" (?:on|held on|dated|with a|earning|which|held|conducted)\b(?= |$)|[;|]|\.(?: |$)|,? \(?(?=\d{1,2}[./ -]|20\d\d)",
    re.IGNORECASE,
)


def titles(lines: list[str]) -> Iterator[str]:
    """What was attended or completed, and the subject of a mail."""
    for number, line in enumerate(lines):
        if begun := SUBJECT.match(line):
            yield from _title(SUBJECT_PRELUDE.sub("", line[begun.end() :], count=1))
        elif match := TITLE_AFTER.search(line):
            said = [*_title(line[match.end() :])]
            yield from said or [title for following in lines[number + 1 : number + 2] for title in _title(following)]


def _title(rest: str) -> Iterator[str]:
    rest = rest[_end(LEADING.match(rest)) :]
    title = TITLE_STOPS.split(rest, maxsplit=1)[0].strip(" \t\"'“”‘’«»„.,:;-–—()")
    if len(title) >= 4 and sum(map(str.isalpha, title)) * 2 >= len(title) and not BEGINS_AS_DATE.match(title):
        yield title[:200]


def names(lines: list[str]) -> Iterator[str]:
    """Whom a certificate names, or a mail addresses."""
    for number, line in enumerate(lines):
        if match := NAME_AFTER.search(line):
            said = [*_name(line[match.end() :])]
            yield from said or [name for following in lines[number + 1 : number + 2] for name in _name(following)]


def _name(rest: str) -> Iterator[str]:
    rest = STOPS.split(rest.lstrip(" :,-–—"), maxsplit=1)[0].strip(" \t\"'“”‘’.,:;-–—*_()")
    words = rest.replace(",", " ").split()
    is_name = 0 < len(words) <= 6 and len(rest) <= 80 and all(_is_name_word(word) for word in words)
    if is_name and any(not word[0].islower() for word in words) and rest.lower() not in NOBODY:
        yield rest


NOBODY = {
    "sir",
    "madam",
    "all",
    "team",
    "customer",
    "colleague",
    "colleagues",
    "attendee",
    "participant",
    "learner",
    "user",
}


def _is_name_word(word: str) -> bool:
    return word[0].isalpha() and not any(map(str.isdigit, word)) and not set(word) & set("@/\\<>[]{}=+#_:")


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0


# --- is it this person? -----------------------------------------------------------------------------------------------

_TITLES = "mr mrs ms miss mx dr prof sir jr sr ii iii iv phd mba cpa cma cfa pmp msc bsc ma"
NOT_OF_A_NAME = set(_TITLES.split())
UNMARKED = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
MAX_WORDS = 12


def names_match(name_on_file: str, holder_name: str) -> bool:
    """Whether both can be one person: order, case, accents, middle names, initials and titles aside."""
    shorter, longer = sorted((_words(name_on_file), _words(holder_name)), key=len)
    if not shorter:
        return False
    if "".join(sorted(shorter)) == "".join(sorted(longer)) or "".join(shorter) == "".join(longer):
        return True
    rest = list(longer)
    unmatched = [word for word in shorter if len(word) == 1 or not _take(word, rest)]
    return len(unmatched) < len(shorter) and all(_take_initial(word, rest) for word in unmatched)


def mentions(text: str, name: str) -> bool:
    """Whether the name stands in the text: first and last word of it near each other, in any order."""
    wanted = [word for word in _words(name) if len(word) > 1]
    if not wanted:
        return False
    first, last = wanted[0], wanted[-1]
    words = _fold(text[:MAX_TEXT])
    return any(
        word == last and first in words[max(place - 4, 0) : place + 5]
        for place, word in enumerate(words)
    )  # fmt: skip


def _take(word: str, rest: list[str]) -> bool:
    """Find and use up the same word."""
    if word in rest:
        rest.remove(word)
        return True
    return False


def _take_initial(word: str, rest: list[str]) -> bool:
    """Find and use up the word that one of the two abbreviates."""
    for other in rest:
        if (len(word) == 1 or len(other) == 1) and word[0] == other[0]:
            rest.remove(other)
            return True
    return False


def _words(name: str) -> list[str]:
    words = _fold(name[:200])
    return [word for word in words if word not in NOT_OF_A_NAME][:MAX_WORDS] or words[:MAX_WORDS]


def _fold(text: str) -> list[str]:
    """The words of a text without case, accents and apostrophes. Müller and Mueller are one."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    bare = re.sub(r"['’`´]", "", bare.translate(UNMARKED))
    return [re.sub(r"([aou])e", r"\1", word) for word in re.findall(r"[^\W\d_]+", bare)]
