from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Heartbeat
from integrations.tasks import heartbeat


@pytest.mark.django_db
def test_the_heart_beats_in_one_row():
    start = timezone.now()
    Heartbeat.beat(start - timedelta(days=1))
    heartbeat()
    assert Heartbeat.objects.get().beat_at >= start
