from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from onepoints import demo


class Command(BaseCommand):
    help = "Make demo people with activities, evidence and requests, in a portal that has no people yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing, quietly, when there are people already"
        )
        parser.add_argument("--accounts", action="store_true", help="print addresses and passwords, make nothing")

    def handle(self, *args: Any, if_empty: bool = False, accounts: bool = False, **options: Any) -> None:
        if accounts:
            self.stdout.write("\n".join(demo.accounts()) or "There are no demo people in this portal.")
            return
        if settings.PRODUCTION:
            raise CommandError("Demo people have well-known passwords; a portal in production refuses them.")
        if not User.objects.exists():
            demo.create(at=timezone.now())
        elif not if_empty:
            raise CommandError("There are people in this database already; demo people go into an empty one only.")
