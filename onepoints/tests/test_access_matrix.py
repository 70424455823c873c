"""Every address × every person × GET and POST × whose row it is: what they get, and that nothing else happens.

Expectations stand in `access`, the people and what they have in `world`, addresses come from the URL resolver.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from onepoints.tests.access import AWAY, DONE, NOT_FOUND, OK, addresses_named, expected
from onepoints.tests.addresses import ADDRESSES, PATTERNS, UNUSUAL, Address, Thing, things
from onepoints.tests.posts import body_for
from onepoints.tests.visitor import Answer, Visitor
from onepoints.tests.world import NOTES, ROLES, TEAM, UNESCAPED, World, difference, every_row

pytestmark = [pytest.mark.django_db, pytest.mark.once]

METHODS = ("GET", "POST")
# allauth notes here that recovery codes have been seen.
NOTED_BY = {"mfa_view_recovery_codes": {"mfa_authenticator"}, "mfa_download_recovery_codes": {"mfa_authenticator"}}
SANDBOX = "sandbox; default-src 'none'"


# --- the matrix -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_everybody_gets_what_is_theirs_and_nothing_else_happens(world, visitor, address, method):
    wrong, lengths = [], defaultdict(set)
    for role in ROLES:
        with override_settings(REQUIRE_SECOND_FACTOR=role == "unproved"):
            for thing in things(address, world, role):
                answer = visit(visitor, role, method, address, thing)
                should = expected(method, address, role, thing.name)
                wrong += [
                    f"{role}, {thing.name or 'page'}: {fault}"
                    for fault in faults(world, role, address, thing, answer, should)
                ]
                if answer.outcome == NOT_FOUND:
                    lengths[role].add(len(answer.response.content))
    wrong += [
        f"{role}: a stranger's row and none differ in length: {found}"
        for role, found in lengths.items()
        if len(found) > 1
    ]
    assert not wrong, "\n".join([f"{method} /{address.route}", *wrong])


def visit(visitor: Visitor, role: str, method: str, address: Address, thing: Thing) -> Answer:
    body = body_for(visitor, address, thing) if method == "POST" else None
    # What is written is watched for everybody; for three of them the whole database is compared as well.
    look = "always" if role in ("other", "staff", "reviewer") and thing.name.startswith("their") else "written"
    answer = visitor.ask(role, method, address.path(*thing.values), body, look=look if method == "POST" else "")
    noted = NOTED_BY.get(address.name, set())
    answer.written -= NOTES | noted
    answer.changed = {change for change in answer.changed if change.split(".")[0] not in noted}
    return answer


def faults(world: World, role: str, address: Address, thing: Thing, answer: Answer, should: str) -> Iterator[str]:
    if answer.outcome != should:
        yield f"{answer.outcome} instead of {should}"
    if answer.written and should != DONE:
        yield f"wrote to {sorted(answer.written)}"
    if answer.changed and should != DONE:
        yield f"changed {sorted(answer.changed)}"
    if leaked := [mark for mark in forbidden(world, role, address, thing, answer.outcome) if mark in answer.everything]:
        yield f"shows {leaked}"
    if "html" in answer.response.get("Content-Type", "") and (
        raw := [bad for bad in UNESCAPED if bad in answer.content]
    ):
        yield f"does not escape {raw}"
    yield from missing_headers(role, address, answer)


def missing_headers(role: str, address: Address, answer: Answer) -> Iterator[str]:
    is_file = address.name.startswith("evidence_") and answer.outcome == OK
    should = {
        "Content-Security-Policy": SANDBOX if is_file else settings.CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    for name, value in should.items():
        if answer.response.get(name) != value:
            yield f"{name} is {answer.response.get(name)!r}"
    stays = role not in ("anonymous", "disabled") and not (address.name.endswith("logout") and answer.outcome == AWAY)
    if stays and "no-store" not in answer.response.get("Cache-Control", ""):
        yield "may be kept in a cache"


def forbidden(world: World, role: str, address: Address, thing: Thing, outcome: str) -> list[str]:
    """Marks of other people that this answer must not hold."""
    marks = list(world.secret)
    on_team_page = address.route.startswith("admin/") and role in TEAM and outcome == OK
    for other in world.others(role):
        if not (on_team_page and role == "superuser"):
            marks += other.private
        handed_out = address.kind == "evidence" and outcome == OK and thing.owner is other
        if not (on_team_page or handed_out):
            marks += other.shared + other.identity
    return marks


# --- that the matrix is whole -----------------------------------------------------------------------------------------


def test_no_pattern_of_the_resolver_is_left_out():
    assert len(ADDRESSES) == len(PATTERNS)
    assert len({address.name for address in ADDRESSES}) == len(ADDRESSES)


def test_the_table_speaks_of_no_address_that_is_gone():
    assert (
        addresses_named() - {address.name for address in ADDRESSES} - {address.model_admin for address in ADDRESSES}
        == set()
    )


@pytest.mark.parametrize(
    ("route", "table"), [("new/", "PAGES"), ("admin/new/", "TEAM_PAGES"), ("evidence/<uuid:pk>/share/", "PAGES")]
)
def test_a_new_address_without_an_expectation_fails_and_says_what_to_add(route, table):
    with pytest.raises(LookupError, match=f"who may POST /{route}. Add a line “POST new | …” to {table} in"):
        expected("POST", Address("new", route), "holder", "")


def test_every_placeholder_is_tried_with_rows_of_ones_own_of_a_stranger_and_of_nobody(world):
    for address in ADDRESSES:
        tried = {thing.name.split()[0] for thing in things(address, world, "reviewer") if thing.name}
        if address.placeholders and address.name not in {*UNUSUAL, "admin:view_on_site"}:
            assert tried >= {"missing"}
            assert tried >= ({"own", "their"} if address.kind else {"first", "last"}), address


def test_whatever_is_written_is_seen_as_a_change_and_is_undone(world, visitor):
    """So that “nothing was written” means that nothing has changed."""
    for name, role in [
        ("preferences", "holder"),
        ("log_activity", "other"),
        ("admin:submissions_policy_add", "manager"),
    ]:
        address = next(address for address in ADDRESSES if address.name == name)
        thing = things(address, world, role)[0]
        answer = visitor.ask(role, "POST", address.path(), body_for(visitor, address, thing), look="written")
        assert answer.written - NOTES == {change.lstrip("+-").split(".")[0] for change in answer.changed}
        assert answer.changed
    assert difference(world.rows, every_row()) == set()
