"""Signing in as a person does: over HTTP, with an app whose codes are made here, by RFC 6238 and not by the portal."""

import base64
import hmac
import re
import struct

from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onepoints.tests.factories import PASSWORD

LOGIN = reverse("account_login")


def prove_address(person):
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def browser_of(person, **headers):
    """A browser in which the person has given address and password."""
    browser = Client(**headers)
    browser.post(LOGIN, {"login": person.email, "password": PASSWORD})
    return browser


def is_signed_in(browser):
    return "_auth_user_id" in browser.session


def code_of(secret, at=None):
    counter = int((at or timezone.now()).timestamp()) // 30
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), "sha1").digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def prove_again(browser, **proof):
    """Answer "Is it you?"."""
    page = "mfa_reauthenticate" if "code" in proof else "account_reauthenticate"
    return browser.post(reverse(page), proof or {"password": PASSWORD})


def set_up_app(browser):
    """The secret of the app that the person has set up now."""
    prove_again(browser)
    source = browser.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"<code>([A-Z2-7]+)</code>", source)[1]
    response = browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert response.status_code == 302, response.content.decode()
    return secret


def recovery_codes(browser):
    return re.findall(r"<code>(\d{8})</code>", browser.get(reverse("mfa_view_recovery_codes")).content.decode())
