# ruff: noqa: E501  the tables are wider than a text
"""Who may open what: the table that `test_access_matrix` holds every address of the portal against.

An outcome is what a person gets:

    OK         the page
    DONE       it is done, and they are led on
    AWAY       led to another page of theirs; nothing was done
    SIGN_IN    asked to sign in
    NOT_FOUND  as if there were no such row
    FORBIDDEN  not open to them
    METHOD     this page is only for the other method

Where it depends on the row, a cell reads "own open: DONE; own: AWAY; NOT_FOUND": the first beginning that fits the row's
name decides, the last word is for all others. Rows are named in `world` ("own private", "their taken") and in `addresses`
("missing": no such row; "first" and "last" of rows that belong to nobody).
"""

from onepoints.tests.addresses import Address
from onepoints.tests.world import TEAM

OK, DONE, AWAY, SIGN_IN = "OK", "DONE", "AWAY", "SIGN_IN"
NOT_FOUND, FORBIDDEN, METHOD = "NOT_FOUND", "FORBIDDEN", "METHOD"

# Everybody's pages. Whoever is disabled counts as anonymous; whoever owes a second factor as a holder; without a last
# column the team is treated as holders are.
PAGES = """
GET  home, catalogue, help                              | OK      | OK
POST home, catalogue, help                              | METHOD  | METHOD
GET  healthz, account_inactive, account_password_reset_completed | OK | OK
POST healthz, account_inactive, account_password_reset_completed | METHOD | METHOD
GET  readyz                                             | 503     | 503
POST readyz                                             | METHOD  | METHOD

GET  activities, requests                               | SIGN_IN | OK
POST activities, requests                               | SIGN_IN | METHOD
GET  log_activity                                       | SIGN_IN | OK
POST log_activity                                       | SIGN_IN | DONE
GET  activity, remove_activity                          | SIGN_IN | own: OK; NOT_FOUND
POST activity                                           | SIGN_IN | METHOD
POST remove_activity                                    | SIGN_IN | own private: DONE; own: AWAY; NOT_FOUND
GET  change_activity                                    | SIGN_IN | own private: OK; own withdrawn: OK; own: AWAY; NOT_FOUND
POST change_activity                                    | SIGN_IN | own private: DONE; own withdrawn: DONE; own: AWAY; NOT_FOUND
GET  remove_evidence                                    | SIGN_IN | METHOD
POST remove_evidence                                    | SIGN_IN | own open: AWAY; own returned: AWAY; own approved: AWAY; own: DONE; NOT_FOUND
GET  evidence_picture, evidence_page, evidence_file     | SIGN_IN | own: OK; NOT_FOUND | own: OK; their private: NOT_FOUND; their aside: NOT_FOUND; their: OK; NOT_FOUND
POST evidence_picture, evidence_page, evidence_file     | SIGN_IN | METHOD

GET  ask                                                | SIGN_IN | own: OK; NOT_FOUND
POST ask                                                | SIGN_IN | own open: OK; own returned: OK; own: DONE; NOT_FOUND
GET  request                                            | SIGN_IN | own: OK; NOT_FOUND
POST request                                            | SIGN_IN | METHOD
GET  answer                                             | SIGN_IN | own returned: OK; own: AWAY; NOT_FOUND
POST answer                                             | SIGN_IN | own returned: DONE; own: AWAY; NOT_FOUND
GET  withdraw                                           | SIGN_IN | own open: OK; own returned: OK; own: AWAY; NOT_FOUND
POST withdraw                                           | SIGN_IN | own open: DONE; own returned: DONE; own: AWAY; NOT_FOUND

GET  preferences                                        | SIGN_IN | OK
POST preferences                                        | SIGN_IN | DONE
GET  security, browsers                                 | SIGN_IN | OK
POST security, browsers                                 | SIGN_IN | METHOD
GET  sign_out_browser, sign_out_others                  | SIGN_IN | METHOD
POST sign_out_browser                                   | SIGN_IN | own elsewhere: DONE; NOT_FOUND
POST sign_out_others                                    | SIGN_IN | DONE

GET  account_login, account_signup                      | OK      | AWAY
POST account_login                                      | AWAY    | AWAY
POST account_signup                                     | DONE    | AWAY
GET  account_logout                                     | AWAY    | OK
POST account_logout                                     | AWAY    | AWAY
GET  account_reset_password                             | OK      | OK
POST account_reset_password                             | DONE    | DONE
GET  account_confirm_password_reset_code                | SIGN_IN | SIGN_IN
POST account_confirm_password_reset_code                | SIGN_IN | SIGN_IN
GET  account_complete_password_reset                    | AWAY    | AWAY
POST account_complete_password_reset                    | AWAY    | AWAY
GET  account_email, account_change_password             | SIGN_IN | OK
POST account_email, account_change_password             | SIGN_IN | DONE
GET  account_reauthenticate, account_set_password       | SIGN_IN | AWAY
POST account_reauthenticate, account_set_password       | SIGN_IN | AWAY
GET  account_email_verification_sent, account_confirm_login_code | SIGN_IN | AWAY
POST account_email_verification_sent, account_confirm_login_code | SIGN_IN | AWAY

GET  mfa_index, mfa_list_webauthn                       | SIGN_IN | OK
POST mfa_index, mfa_list_webauthn                       | SIGN_IN | METHOD
GET  mfa_authenticate, mfa_login_webauthn, mfa_activate_totp | SIGN_IN | AWAY
POST mfa_authenticate, mfa_login_webauthn, mfa_activate_totp | SIGN_IN | AWAY
GET  mfa_reauthenticate, mfa_reauthenticate_webauthn    | SIGN_IN | OK
POST mfa_reauthenticate                                 | SIGN_IN | OK
POST mfa_reauthenticate_webauthn                        | SIGN_IN | SIGN_IN
GET  mfa_deactivate_totp, mfa_generate_recovery_codes   | SIGN_IN | OK
POST mfa_deactivate_totp, mfa_generate_recovery_codes   | SIGN_IN | DONE
GET  mfa_view_recovery_codes, mfa_download_recovery_codes | SIGN_IN | OK
POST mfa_view_recovery_codes, mfa_download_recovery_codes | SIGN_IN | METHOD
GET  mfa_add_webauthn                                   | SIGN_IN | OK
POST mfa_add_webauthn                                   | SIGN_IN | OK
GET  mfa_remove_webauthn, mfa_edit_webauthn             | SIGN_IN | own passkey: OK; NOT_FOUND
POST mfa_remove_webauthn, mfa_edit_webauthn             | SIGN_IN | own passkey: DONE; NOT_FOUND

GET  admin:login                                        | SIGN_IN | FORBIDDEN | AWAY
POST admin:login                                        | SIGN_IN | FORBIDDEN | AWAY
GET  admin:logout                                       | AWAY    | AWAY      | METHOD
POST admin:logout                                       | AWAY    | AWAY      | AWAY
"""

# The team's own pages: reviewer, manager, superuser. Everybody else is asked to sign in; without further columns all
# three are treated alike.
TEAM_PAGES = """
GET  admin:index, admin:app_list, admin:jsi18n, admin:password_change_done | OK
POST admin:index, admin:app_list                        | OK
POST admin:jsi18n, admin:password_change_done, admin:autocomplete | METHOD
GET  admin:autocomplete                                 | FORBIDDEN
GET  admin:password_change                              | AWAY
POST admin:password_change                              | AWAY
GET  admin:view_on_site, admin/(?P<url>.*)$             | NOT_FOUND
POST admin:view_on_site, admin/(?P<url>.*)$             | NOT_FOUND

GET  admin:submissions_submission_review                | missing: NOT_FOUND; OK
GET  admin:submissions_submission_approve, admin:submissions_submission_return, admin:submissions_submission_reject | missing: NOT_FOUND; OK
POST admin:submissions_submission_approve               | their taken: DONE; missing: NOT_FOUND; OK
POST admin:submissions_submission_return, admin:submissions_submission_reject | their taken: DONE; their waiting: DONE; missing: NOT_FOUND; OK
POST admin:submissions_submission_review                | METHOD
POST admin:submissions_submission_next                  | DONE
POST admin:submissions_submission_take                  | their open: DONE; missing: NOT_FOUND; AWAY
POST admin:submissions_submission_put_back              | their taken: DONE; their waiting: DONE; missing: NOT_FOUND; AWAY | their taken: DONE; their waiting: DONE; their returned: DONE; missing: NOT_FOUND; AWAY | their taken: DONE; their waiting: DONE; missing: NOT_FOUND; AWAY
POST admin:submissions_submission_judge                 | their taken: DONE; their waiting: DONE; missing: NOT_FOUND; OK
POST admin:submissions_submission_accept_rest           | their taken: DONE; their waiting: DONE; missing: NOT_FOUND; AWAY
GET  admin:submissions_submission_next, admin:submissions_submission_take, admin:submissions_submission_put_back | METHOD
GET  admin:submissions_submission_judge, admin:submissions_submission_accept_rest | METHOD
GET  admin:submissions_submission_change                | missing: AWAY; AWAY
POST admin:submissions_submission_change                | missing: AWAY; AWAY
GET  admin:accounts_auditentry_export                   | FORBIDDEN | OK | OK
POST admin:accounts_auditentry_export                   | METHOD
GET  admin:auth_user_password_change                    | FORBIDDEN | FORBIDDEN | missing: NOT_FOUND; OK
POST admin:auth_user_password_change                    | FORBIDDEN | FORBIDDEN | missing: NOT_FOUND; DONE
POST admin:certifications_credential_delete             | FORBIDDEN | FORBIDDEN | missing: AWAY; OK
POST admin:certifications_certification_delete          | FORBIDDEN | FORBIDDEN | missing: AWAY; first: OK; DONE
"""

# Who may do what in the admin's pages about one model: from this role on, in the order reviewer, manager, superuser.
# "act" is the list's own action (`posts.ACTIONS`); "hides" are rows that only a superuser finds; "fixed" rows stay.
MODELS = """
# model                      | look      | add       | change    | delete    | act       | hides             | fixed
account_emailaddress         | superuser | nobody    | nobody    | nobody    | nobody    |                   |
accounts_accountmail         | manager   | nobody    | nobody    | nobody    | manager   |                   |
accounts_auditentry          | manager   | nobody    | nobody    | nobody    | nobody    |                   |
accounts_user                | manager   | superuser | superuser | nobody    | nobody    |                   |
activities_activity          | reviewer  | nobody    | nobody    | nobody    | nobody    | private withdrawn |
activities_activitytype      | reviewer  | manager   | manager   | manager   | manager   |                   |
activities_evidence          | reviewer  | nobody    | nobody    | nobody    | nobody    | private aside withdrawn |
auth_group                   | superuser | nobody    | nobody    | nobody    | nobody    |                   |
certifications_certification | reviewer  | manager   | manager   | superuser | nobody    |                   |
certifications_credential    | reviewer  | manager   | manager   | superuser | nobody    |                   |
certifications_extension     | reviewer  | nobody    | nobody    | nobody    | nobody    |                   |
certifications_reminder      | manager   | nobody    | nobody    | nobody    | manager   |                   |
mfa_authenticator            | superuser | nobody    | nobody    | superuser | nobody    |                   |
submissions_credentialingcase| reviewer  | nobody    | nobody    | nobody    | manager   |                   |
submissions_notice           | manager   | nobody    | nobody    | nobody    | manager   |                   |
submissions_policy           | reviewer  | manager   | manager   | manager   | nobody    |                   | first
submissions_submission       | reviewer  | nobody    | nobody    | nobody    | nobody    |                   |
"""

# What anybody with a key to the team's pages gets there, without any right; of all else "forbidden" or "other method".
STAFF_PAGES = {"admin:index", "admin:jsi18n", "admin:login", "admin:logout", "admin:password_change"}
STAFF_PAGES |= {"admin:password_change_done", "admin:view_on_site", "admin:submissions_submission_change"}
STAFF_PAGES |= {r"admin/(?P<url>.*)$"}

# What no column can say.
EXCEPTIONS = {
    ("GET", "admin:app_list", "staff"): NOT_FOUND,
    ("POST", "admin:app_list", "staff"): NOT_FOUND,
    ("GET", "admin:login", "unproved"): AWAY,
    ("POST", "admin:login", "unproved"): AWAY,
}


def expected(method: str, address: Address, role: str, row: str) -> str:
    """The outcome for that role. Raises LookupError with what to add, when the table says nothing of the address."""
    key = (method, address.name)
    if (*key, role) in EXCEPTIONS:
        return EXCEPTIONS[*key, role]
    if key in _PAGES:
        anonymous, holder, *team = _PAGES[key]
        if role in ("anonymous", "disabled"):
            return _cell(anonymous, row)
        on_team = role in TEAM or (role == "staff" and address.name in STAFF_PAGES)
        return _cell(team[0] if team and on_team else holder, row)
    if key not in _TEAM_PAGES and address.model_admin not in _MODELS:
        raise LookupError(_what_to_add(method, address))
    if role == "staff":
        return _without_rights(method, address, row)
    if role not in TEAM:
        return SIGN_IN
    if key in _TEAM_PAGES:
        columns = _TEAM_PAGES[key]
        return _cell(columns[TEAM.index(role) if len(columns) > 1 else 0], row)
    return _model_page(method, address, role, row)


def _without_rights(method: str, address: Address, row: str) -> str:
    outcome = expected(method, address, "reviewer", row)
    is_old_address = address.route.endswith("<path:object_id>/")
    return outcome if outcome == METHOD or address.name in STAFF_PAGES or is_old_address else FORBIDDEN


def _what_to_add(method: str, address: Address) -> str:
    where = "MODELS" if address.model_admin else "TEAM_PAGES" if address.route.startswith("admin/") else "PAGES"
    name = address.model_admin or f"{method} {address.name}"
    return (
        f"Nobody has said who may {method} /{address.route}. Add a line “{name} | …” to {where} in onepoints/tests/access.py, "
        f"a valid form to onepoints/tests/posts.py if it takes one, and to KINDS in onepoints/tests/addresses.py what its "
        f"placeholder names."
    )


def _cell(text: str, row: str) -> str:
    for part in text.split(";"):
        name, colon, outcome = part.strip().rpartition(": ")
        if not colon or row.startswith(name):
            return outcome
    raise LookupError(f"“{text}” says nothing of the row “{row}”.")


# --- pages of the admin about one model -------------------------------------------------------------------------------


def _model_page(method: str, address: Address, role: str, row: str) -> str:
    may = _MODELS[address.model_admin]
    page = address.name.rpartition("_")[2] if address.name.startswith("admin:") else "old address"
    looks, posts = _reaches(may["look"], role), method == "POST"
    if page == "old address":
        return AWAY
    if page == "changelist":
        return DONE if posts and _reaches(may["act"], role) else OK if looks else FORBIDDEN
    if row in may["fixed"].split() and (page == "delete" or (page == "change" and posts)):
        return FORBIDDEN
    if page == "add":
        return FORBIDDEN if not _reaches(may["add"], role) else DONE if posts else OK
    allowed = looks if page == "history" or (page == "change" and not posts) else _reaches(may[page], role)
    return _row_page(may, role, row, allowed=allowed, done=DONE if posts and page != "history" else OK)


def _row_page(may: dict[str, str], role: str, row: str, *, allowed: bool, done: str) -> str:
    if not allowed:
        return FORBIDDEN
    hidden = role != "superuser" and row.rsplit(maxsplit=1)[-1] in may["hides"].split()
    return AWAY if row.startswith("missing") or hidden else done


def _reaches(who: str, role: str) -> bool:
    return who in TEAM and TEAM.index(role) >= TEAM.index(who)


# --- reading the tables -----------------------------------------------------------------------------------------------


def _read(table: str) -> dict[tuple[str, str], list[str]]:
    found = {}
    for line in filter(None, table.splitlines()):
        head, *cells = (cell.strip() for cell in line.split(" | "))
        method, names = head.split(None, 1)
        found.update({(method, name.strip()): cells for name in names.split(", ")})
    return found


def _read_models(table: str) -> dict[str, dict[str, str]]:
    head, *lines = ([cell.strip(" #") for cell in line.split("|")] for line in table.strip().splitlines())
    return {cells[0]: dict(zip(head[1:], cells[1:], strict=True)) for cells in lines}


_PAGES, _TEAM_PAGES, _MODELS = _read(PAGES), _read(TEAM_PAGES), _read_models(MODELS)


def addresses_named() -> set[str]:
    """Every address and every model that the tables speak of."""
    return {name for _method, name in (*_PAGES, *_TEAM_PAGES, *(key[:2] for key in EXCEPTIONS))} | set(_MODELS)
