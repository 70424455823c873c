# ruff: noqa: E501  the table is wider than a text
"""Every form is posted every field of every model, by everybody: only what the form is for changes.

Below that: what else the team's pages could be talked into by an address or a parameter.
"""

import json
import re
from collections import defaultdict

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth.models import Group, Permission
from django.test import override_settings
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import AccountMail, User
from onepoints import groups
from onepoints.tests import hostile
from onepoints.tests.access import AWAY, DONE, OK, expected
from onepoints.tests.addresses import ADDRESSES, things
from onepoints.tests.posts import body_for
from onepoints.tests.world import ROLES, TEAM, every_row

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# address | what it may write: rows that come (+) and go (-), columns | fields whose posted value stands there afterwards
CHANGES = """
log_activity                | +activities_activity |
change_activity             | activities_activity.(held_at points quantity title type_id completed_on changed_at) |
remove_activity             | -activities_activity -activities_evidence -activities_evidencepage |
remove_evidence             | -activities_evidence -activities_evidencepage |
ask                         | +submissions_submission +submissions_countedactivity +submissions_credentialingcase +submissions_step +submissions_notice activities_activity.(locked_at locked_by) |
answer                      | +submissions_step +submissions_notice submissions_submission.(status answer_by points waiting_since) |
withdraw                    | +submissions_step submissions_submission.(status answer_by closed_at) submissions_countedactivity.released_at activities_activity.(locked_at locked_by) |
preferences                 | accounts_user.(name reminders time_zone) |
sign_out_browser            | -usersessions_usersession |
sign_out_others             | -usersessions_usersession |

account_signup              | +accounts_user +account_emailaddress +accounts_accountmail |
account_email               | +accounts_accountmail |
account_change_password     | accounts_user.password +accounts_accountmail +usersessions_usersession -usersessions_usersession |
account_reset_password      | +accounts_accountmail |
mfa_deactivate_totp         | -mfa_authenticator +accounts_accountmail |
mfa_generate_recovery_codes | -mfa_authenticator +mfa_authenticator +accounts_accountmail |
mfa_view_recovery_codes     | mfa_authenticator.data |
mfa_download_recovery_codes | mfa_authenticator.data |
mfa_remove_webauthn         | -mfa_authenticator +accounts_accountmail |
mfa_edit_webauthn           | mfa_authenticator.data |

admin:submissions_submission_next        | +submissions_step submissions_submission.(taken_at taken_by_id) |
admin:submissions_submission_take        | +submissions_step submissions_submission.(taken_at taken_by_id) |
admin:submissions_submission_put_back    | +submissions_step submissions_submission.(taken_at taken_by_id) |
admin:submissions_submission_judge       | submissions_countedactivity.(verdict accepted_points reason words) |
admin:submissions_submission_accept_rest | submissions_countedactivity.(verdict accepted_points) |
admin:submissions_submission_approve     | +submissions_step +submissions_notice +certifications_extension certifications_credential.expires_on submissions_submission.(status closed_at decided_at decided_by_id) |
admin:submissions_submission_return      | +submissions_step +submissions_notice submissions_submission.(status answer_by) |
admin:submissions_submission_reject      | +submissions_step +submissions_notice submissions_countedactivity.released_at activities_activity.(locked_at locked_by) submissions_submission.(status closed_at decided_at decided_by_id) |

admin:accounts_accountmail_changelist          | accounts_accountmail.(last_error gave_up_at next_attempt_at) |
admin:submissions_notice_changelist            | submissions_notice.(last_error gave_up_at next_attempt_at) |
admin:submissions_credentialingcase_changelist | submissions_credentialingcase.(last_error gave_up_at next_attempt_at) |
admin:certifications_reminder_changelist       | certifications_reminder.(last_error gave_up_at next_attempt_at) |
admin:activities_activitytype_changelist       | activities_activitytype.is_confirmed |
admin:accounts_user_add                | +accounts_user +account_emailaddress |
admin:accounts_user_change             | accounts_user.(is_staff is_superuser) +accounts_user_groups | accounts_user_groups.user_id
admin:auth_user_password_change        | accounts_user.password |
admin:submissions_policy_add           | +submissions_policy | submissions_policy.note
admin:submissions_policy_change        | submissions_policy.share_activities |
admin:submissions_policy_delete        | -submissions_policy |
admin:activities_activitytype_add      | +activities_activitytype | activities_activitytype.(cap description)
admin:activities_activitytype_change   | activities_activitytype.(is_confirmed is_eligible statement_suffices) |
admin:activities_activitytype_delete   | -activities_activitytype |
admin:certifications_certification_add | +certifications_certification | certifications_certification.(exam release)
admin:certifications_certification_change | certifications_certification.replaced_by_id |
admin:certifications_certification_delete | -certifications_certification |
admin:certifications_credential_add    | +certifications_credential |
admin:certifications_credential_change | |
admin:mfa_authenticator_delete         | -mfa_authenticator -usersessions_usersession |
"""


def _read(table):
    rows = ((cell.strip() for cell in line.split("|")) for line in table.splitlines() if line)
    return {name: (_columns(written), _columns(posted)) for name, written, posted in (_padded(row) for row in rows)}


def _padded(row):
    name, *cells = row
    return (name, *cells, "", "")[:3]


def _columns(text):
    """`table.(one two)` → both."""
    found = set()
    for start, names in re.findall(r"([^\s(]+)(?:\(([^)]*)\))?", text):
        found |= {start + name for name in names.split()} if names else {start}
    return found


MAY_CHANGE = _read(CHANGES)
POSTED = [address for address in ADDRESSES if address.name != "account_login"]


@pytest.mark.parametrize("address", POSTED, ids=lambda address: address.name)
def test_a_form_changes_what_it_is_for_whatever_else_is_posted(world, visitor, address):
    written, stands = MAY_CHANGE.get(address.name, (set(), set()))
    if address.route.startswith("admin/"):
        written = written | {"+django_admin_log"}
    wrong, done = [], defaultdict(set)
    for role in ROLES:
        victim = world.stranger(role).user
        fields = hostile.fields(victim)
        with override_settings(REQUIRE_SECOND_FACTOR=role == "unproved"):
            for thing in things(address, world, role):
                should = expected("POST", address, role, thing.name)
                if should not in (OK, DONE, AWAY):
                    continue  # refused whatever they post: the access matrix shows it
                body = {**fields, **body_for(visitor, address, thing)}
                answer = visitor.ask(role, "POST", address.path(*thing.values), body, look="written")
                who = f"{role}, {thing.name or 'page'}"
                if more := answer.changed - written:
                    wrong.append(f"{who}: changes {sorted(more)} as well")
                if answer.after and (landed := hostile.landed(world.rows, answer.after, victim) - stands):
                    wrong.append(f"{who}: takes over {sorted(landed)}")
                if should == DONE:
                    done[role] |= answer.changed
    wrong += [f"{role}: does nothing, so this test says nothing" for role, changed in done.items() if not changed]
    assert not wrong, "\n".join([f"POST /{address.route}", *wrong])


def test_the_table_names_only_addresses_that_there_are():
    assert MAY_CHANGE.keys() <= {address.name for address in POSTED}


def test_a_posted_value_that_lands_in_a_row_is_seen(world):
    """So that “nothing was taken over” means something."""
    after = every_row()
    holder, victim = world.people["holder"].user, world.people["other"].user
    row = after["activities_activity"][world.people["holder"].rows["activity"]["private"].pk]
    row.update(title=hostile.TEXT, holder_id=victim.pk)
    assert hostile.landed(world.rows, after, victim) == {"activities_activity.title", "activities_activity.holder_id"}
    assert hostile.landed(world.rows, after, holder) == {"activities_activity.title"}


def test_every_field_of_every_model_is_posted(world):
    fields = hostile.fields(world.people["other"].user)
    for name in (
        "holder",
        "holder_id",
        "points",
        "status",
        "decided_by",
        "locked_at",
        "locked_at_0",
        "is_staff",
        "groups",
    ):
        assert name in fields
    assert len(fields) > 150


# --- what the team may not become ---------------------------------------------------------------------------------------


def test_no_group_holds_a_right_over_people_groups_or_permissions(world):
    powers = Permission.objects.filter(
        content_type__model__in=["user", "group", "permission", "contenttype", "session"]
    )
    held = powers.filter(group__name__in=groups.GROUPS).values_list("codename", flat=True)
    assert set(held) == {"view_user"}
    assert not Group.objects.filter(name="Reviewers", permissions__in=powers).exists()


@pytest.mark.parametrize("role", ["reviewer", "manager"])
def test_the_team_cannot_add_or_change_people_not_even_themselves(world, visitor, role):
    own = world.people[role].user
    for name in ("accounts_user_change", "auth_user_password_change", "accounts_user_delete"):
        answer = visitor.ask(
            role, "POST", reverse(f"admin:{name}", args=[own.pk]), {"is_superuser": "on"}, look="written"
        )
        assert (answer.outcome, answer.changed) == ("FORBIDDEN", set())


# --- guessing by address ------------------------------------------------------------------------------------------------

# What a list must not be filtered by, because its answer would tell what its page does not show.
GUESSES = [
    ("accounts_user", "password__startswith=md5"),
    ("accounts_user", "is_superuser__exact=1"),
    ("accounts_user", "groups__name=Reviewers"),
    ("accounts_user", "user_permissions__codename=add_user"),
    ("accounts_accountmail", "text__contains=1"),
    ("accounts_accountmail", "html__regex=1"),
    ("accounts_auditentry", "by__password__startswith=md5"),
    ("activities_activity", "holder__password__startswith=md5"),
    ("activities_activity", "holder__is_superuser=1"),
    ("activities_evidence", "text__contains=a"),
    ("activities_evidence", "holder__password__startswith=md5"),
    ("certifications_credential", "holder__password__startswith=md5"),
    ("certifications_credential", "holder__groups__name=Reviewers"),
    ("certifications_extension", "granted_by__password__startswith=md5"),
    ("submissions_submission", "holder__password__startswith=md5"),
    ("submissions_submission", "taken_by__password__startswith=md5"),
    ("submissions_submission", "request_key__startswith=a"),
    ("submissions_notice", "step__submission__holder__password__startswith=md5"),
]


@pytest.mark.parametrize(("model", "query"), GUESSES)
def test_a_list_of_the_team_answers_no_question_that_its_page_does_not_ask(world, visitor, model, query):
    assert visitor.ask("manager", "GET", f"{reverse(f'admin:{model}_changelist')}?{query}").outcome == "400"


def test_no_list_is_filtered_by_a_field_that_is_no_filter(world, visitor):
    for model, page in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
        asked = {str(getattr(f, "parameter_name", f)).split("__")[0] for f in page.list_filter}
        names = {field.name for field in model._meta.get_fields()} - asked
        for name in names:
            assert visitor.ask("superuser", "GET", f"{address}?{name}__isnull=0").outcome == "400", (model, name)


def test_the_filters_that_a_list_shows_still_work(world, visitor):
    for model, page in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
        for name in filter(lambda f: isinstance(f, str), page.list_filter):
            field = get_fields_from_path(model, name)[-1]
            query = f"{name}__id__exact=1" if field.is_relation else f"{name}__exact=1"
            assert visitor.ask("superuser", "GET", f"{address}?{query}").outcome == "OK", query


@pytest.mark.parametrize("role", ROLES)
def test_autocomplete_gives_people_to_whoever_may_look_people_up_and_only_their_names(world, visitor, role):
    query = {"app_label": "certifications", "model_name": "credential", "field_name": "holder", "term": "holder"}
    with override_settings(REQUIRE_SECOND_FACTOR=role == "unproved"):
        answer = visitor.ask(role, "GET", f"{reverse('admin:autocomplete')}?{urlencode(query)}")
    if role in ("manager", "superuser"):
        assert {key for row in json.loads(answer.content)["results"] for key in row} == {"id", "text"}
    assert "holder-mail" not in answer.content
    assert ("holder-name" in answer.content) == (role in ("manager", "superuser"))


@pytest.mark.parametrize("role", ROLES)
def test_autocomplete_gives_certifications_to_the_team_only(world, visitor, role):
    query = {"app_label": "certifications", "model_name": "certification", "field_name": "replaced_by", "term": "OCA"}
    with override_settings(REQUIRE_SECOND_FACTOR=role == "unproved"):
        answer = visitor.ask(role, "GET", f"{reverse('admin:autocomplete')}?{urlencode(query)}")
    assert ("Administration" in answer.content) == (role in TEAM)


@pytest.mark.parametrize("field", ["password", "email", "is_superuser", "last_login"])
def test_a_popup_hands_out_no_field_but_the_key(world, visitor, field):
    for name in ("accounts_user", "certifications_credential"):
        address = f"{reverse(f'admin:{name}_changelist')}?_popup=1&_to_field={field}"
        assert visitor.ask("manager", "GET", address).outcome == "400"
        assert visitor.ask("manager", "GET", address.replace("/?", "/add/?")).outcome in ("400", "FORBIDDEN")


def test_the_codes_in_account_mails_are_shown_to_nobody(world, visitor):
    for mail in AccountMail.objects.all()[:2]:
        for name in ("change", "history"):
            answer = visitor.ask("superuser", "GET", reverse(f"admin:accounts_accountmail_{name}", args=[mail.pk]))
            assert answer.outcome == "OK"
            assert mail.text not in answer.content
            assert "secret-code" not in answer.content
    assert (
        visitor.ask("manager", "GET", reverse("admin:accounts_accountmail_changelist") + "?q=secret-code").outcome
        == "OK"
    )


# --- rows of others in one's own forms ----------------------------------------------------------------------------------


def test_a_file_of_somebody_else_cannot_be_attached_to_ones_own_activity(world, visitor):
    theirs = world.people["holder"].rows["evidence"]
    body = {"type": "TW-ATT", "title": "Mine", "completed_on": "2026-03-02", "quantity": "1", "held_at": "10:00"}
    body["kept"] = [str(theirs["aside"].pk), str(theirs["open"].pk)]
    answer = visitor.ask("other", "POST", reverse("log_activity"), body, look="written")
    assert answer.changed == {"+activities_activity"}


def test_a_file_of_somebody_else_cannot_be_removed_through_ones_own_form(world, visitor):
    theirs, mine = world.people["holder"].rows["evidence"], world.people["other"].rows["activity"]["private"]
    body = {"type": "ILT-1D", "title": "Mine", "completed_on": "2026-03-02"}
    for name in ("remove", "kept"):
        body[name] = [str(evidence.pk) for evidence in theirs.values()]
    answer = visitor.ask("other", "POST", reverse("change_activity", args=[mine.pk]), body, look="written")
    assert answer.outcome == DONE
    assert {change.split(".")[0] for change in answer.changed} == {"activities_activity"}


@pytest.mark.parametrize("state", ["private", "open", "withdrawn", "approved"])
def test_an_activity_of_somebody_else_cannot_be_counted_by_ones_own_request(world, visitor, state):
    theirs = world.people["holder"].rows["activity"][state]
    mine = world.people["other"].rows
    for name, row in (("ask", mine["credential"]["withdrawn"]), ("answer", mine["submission"]["returned"])):
        body = {"send": "1", "activity": [theirs.pk], "words": "Mine"}
        answer = visitor.ask("other", "POST", reverse(name, args=[row.pk]), body, look="written")
        assert (answer.outcome, answer.changed) == ("OK", set())


def test_the_key_of_another_persons_form_neither_shows_nor_changes_what_it_made(world, visitor):
    theirs = world.people["holder"].rows["submission"]["open"]
    mine = world.people["other"].rows
    body = {"send": "1", "activity": [mine["activity"]["withdrawn"].pk], "key": str(theirs.request_key)}
    answer = visitor.ask(
        "other", "POST", reverse("ask", args=[mine["credential"]["withdrawn"].pk]), body, look="written"
    )
    assert (answer.outcome, answer.changed) == ("OK", set())
    assert theirs.reference not in answer.content


def test_whoever_signs_up_is_nobody_special(world, visitor):
    address = next(address for address in ADDRESSES if address.name == "account_signup")
    thing = things(address, world, "anonymous")[0]
    body = {**hostile.fields(world.people["holder"].user), **body_for(visitor, address, thing)}
    answer = visitor.ask("anonymous", "POST", address.path(), body, look="written")
    made = [row for key, row in answer.after["accounts_user"].items() if key not in world.rows["accounts_user"]]
    assert [(row["is_staff"], row["is_superuser"], row["is_active"]) for row in made] == [(0, 0, 1)]
    assert "+accounts_user_groups" not in answer.changed
    assert User.objects.filter(email="posted@example.com").count() == 0
