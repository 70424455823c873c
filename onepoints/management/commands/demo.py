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

        parser.add_argument(
            "--must-be-absent", action="store_true", help="fail when there are demo people, make nothing"
        )

    def handle(self, *args: Any, if_empty: bool = False, **options: Any) -> None:
        if options["accounts"]:
            self.stdout.write("\n".join(demo.accounts()) or "There are no demo people in this portal.")
        elif options["must_be_absent"]:
            self.refuse_those_here()
        else:
            self.make(if_empty=if_empty)

    def refuse_those_here(self) -> None:
        if demo.accounts():
            raise CommandError(
                "This database holds the demo people, whose password everybody knows: they are for this machine only.\n"
                "Leave HOST away, or start with an empty database: ONEPOINTS_VAR names another folder."
            )

    def make(self, *, if_empty: bool) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo people have well-known passwords; a portal in production refuses them.")
        if not User.objects.exists():
            demo.create(at=timezone.now())
        elif not if_empty:
            raise CommandError("There are people in this database already; demo people go into an empty one only.")
