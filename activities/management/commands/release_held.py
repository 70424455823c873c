from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from activities import scanning


class Command(BaseCommand):
    help = "Show the files that wait for a virus scanner which is no longer used."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CLAMD:
            raise CommandError(f"CLAMD names a scanner, {settings.CLAMD}: files wait for its answer.")
        self.stdout.write(f"{scanning.release_all()} files are shown now although nobody has scanned them.")
