"""Logging once, changing with files, removing what nobody has counted."""

from decimal import Decimal
from uuid import uuid4

import pytest

from activities import workflow
from activities.models import Activity, ActivityType, Evidence
from activities.rules import NotAllowed
from onepoints.tests.factories import NOW, TODAY, make_activity, make_evidence, make_holder

pytestmark = pytest.mark.usefixtures("program")


def entry(code="ILT-1D", **fields):
    return workflow.Entry(**{"code": code, "title": "A course", "completed_on": TODAY, **fields})


def test_a_form_sent_twice_logs_once():
    holder, key = make_holder(), uuid4()
    first = workflow.log(holder, entry(), key=key, at=NOW, today=TODAY)
    again = workflow.log(holder, entry(title="Typed anew"), key=key, at=NOW, today=TODAY)
    assert again == first
    assert Activity.objects.of(holder).count() == 1


def test_logging_without_a_key_logs_each_time():
    holder = make_holder()
    for _ in range(2):
        workflow.log(holder, entry(), at=NOW, today=TODAY)
    assert Activity.objects.of(holder).count() == 2


def test_changing_takes_away_the_files_that_were_named():
    holder = make_holder()
    activity = make_activity(holder)
    stays, goes = make_evidence(holder, activity), make_evidence(holder, activity)
    workflow.change(activity, entry(), without=[goes.pk], at=NOW, today=TODAY)
    left = set(Evidence.objects.filter(activity=activity))
    assert stays in left
    assert goes not in left


def test_changing_takes_away_no_file_of_another_activity():
    holder = make_holder()
    activity, other = make_activity(holder), make_activity(holder)
    foreign = make_evidence(holder, other)
    workflow.change(activity, entry(), without=[foreign.pk], at=NOW, today=TODAY)
    assert Evidence.objects.filter(pk=foreign.pk).exists()


def test_more_points_than_fit_are_refused_with_a_sentence():
    ActivityType.objects.filter(code="ILT-HR").update(points=8)
    with pytest.raises(NotAllowed, match="Please check how many"):
        workflow.log(make_holder(), entry("ILT-HR", quantity=Decimal(2000)), at=NOW, today=TODAY)
