"""One form sent several times at once."""

from uuid import uuid4

import pytest

from activities import workflow
from activities.models import Activity
from onepoints import defaults
from onepoints.tests.factories import NOW, TODAY, make_holder
from onepoints.tests.races import together


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_log_one_activity():
    defaults.load()
    holder, key = make_holder(), uuid4()
    entry = workflow.Entry(code="ILT-1D", title="A course", completed_on=TODAY)
    logged = together(8, lambda _: workflow.log(holder, entry, key=key, at=NOW, today=TODAY))
    assert {activity.pk for activity in logged} == {Activity.objects.get().pk}
