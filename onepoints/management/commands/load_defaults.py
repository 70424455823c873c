from django.core.management.base import BaseCommand
from django.db import transaction

from onepoints import defaults


class Command(BaseCommand):
    help = "Load certifications, policy, the starter catalogue and the groups. Adds what is missing, changes nothing."

    def handle(self, *args: object, **options: object) -> None:
        with transaction.atomic():
            defaults.load()
