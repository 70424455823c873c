"""The timetable's pulse. The abstract delivery row is in `delivery`."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When beat last rang and a worker answered: one row, read by /readyz."""

    name = models.CharField(_("name"), max_length=30, unique=True)
    beat_at = models.DateTimeField(_("last beat"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, at: datetime, name: str = "beat") -> None:
        cls.objects.update_or_create(name=name, defaults={"beat_at": at})
