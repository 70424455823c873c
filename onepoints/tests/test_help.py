"""The rules as people read them: with the numbers of the policy in force."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from onepoints.tests.factories import NOW, TODAY
from submissions.models import Policy

pytestmark = pytest.mark.usefixtures("program")


@pytest.fixture
def rules(client):
    with time_machine.travel(NOW, tick=False):
        source = client.get(reverse("help")).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", source)).split())


@pytest.mark.parametrize(
    "sentence",
    [
        "40 points from learning and from helping others extend a OneStream certification by 24 months",
        "An activity counts from the day you complete it until 24 months later, that day included.",
        "Activities completed before 1 January 2022 do not count.",
        "The first is 30 days before it ends",
        "The second is the expiry date itself",
        "added to the old expiry date, not to the day you ask",
        "a course completion certificate or a CPE certificate",
        "From the moment you send it your certification is protected",
        "you have 30 days to answer",
        "After the expiry date, the updated exam is the way back.",
        "Open a case of the type “Credentialing”",
    ],
)
def test_the_rule_is_said(rules, sentence):
    assert sentence in rules


def test_the_numbers_come_from_the_policy_in_force_today(client):
    Policy.objects.create(
        effective_from=TODAY,
        points_needed=50,
        window_months=18,
        extension_months=12,
        advised_days=21,
        answer_days=14,
        earliest_completion=date(2023, 7, 1),
    )
    Policy.objects.create(effective_from=TODAY + timedelta(days=1), points_needed=99)
    with time_machine.travel(NOW, tick=False):
        text = client.get(reverse("help")).content.decode()
    for said in (
        "50 points from",
        "by 12 months",
        "until 18 months later",
        "21 days before",
        "14 days to answer",
        "1 July 2023",
    ):
        assert said in text
    assert "99" not in text
