"""The project: settings, addresses, the timetable, the home page. It imports every app; nobody imports it."""

from onepoints.celery import app as celery_app

__all__ = ["celery_app"]
